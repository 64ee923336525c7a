//! Ids as on the wire: opaque texts. What is no id of this server names nothing, so it is unknown and not malformed.

use uuid::Uuid;

/// The id that a text is; none if it is no UUID in its usual form.
pub(crate) fn parse<T: From<Uuid>>(text: &str) -> Option<T> {
    // 8-4-4-4-12 only: the other forms of the parser would give one thing several names.
    let usual = text.len() == 36 && !text.contains(['{', '}']);
    usual.then(|| Uuid::try_parse(text).ok()).flatten().map(T::from)
}

#[cfg(test)]
mod tests {
    use stepwell_core::ExecutionId;

    use super::*;

    #[test]
    fn only_the_usual_form_is_an_id() {
        let id = "0199f0a0-0000-7000-8000-000000000001";
        assert_eq!(parse::<ExecutionId>(id).map(|id| id.to_string()).as_deref(), Some(id));
        let others = ["", "x", "a/b", "0199f0a0000070008000000000000001", "{0199f0a0-0000-7000-8000-000000000001}"];
        for text in others {
            assert_eq!(parse::<ExecutionId>(text), None, "{text}");
        }
    }
}
