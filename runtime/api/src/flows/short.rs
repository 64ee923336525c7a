//! Short ids of the first version: ten characters, as clients of it expect them (spec epilot-flows, 1).

use uuid::Uuid;

/// Crockford's alphabet in lower case: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many characters an id has, of five bits each.
const LENGTH: u32 = 10;

/// The short form of an id: its last fifty bits. Unique among the few things of one execution.
pub(crate) fn short(id: Uuid) -> String {
    let bits = id.as_u128();
    let digit = |place: u32| {
        let index = usize::try_from((bits >> (5 * (LENGTH - 1 - place))) & 31).unwrap_or(0);
        char::from(ALPHABET[index])
    };
    (0..LENGTH).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_ten_characters_of_its_last_fifty_bits() {
        assert_eq!(short(Uuid::from_u128(0)), "0000000000");
        assert_eq!(short(Uuid::from_u128((1 << 50) - 1)), "zzzzzzzzzz");
        assert_eq!(short(Uuid::from_u128((7 << 50) + 33)), "0000000011");
    }
}
