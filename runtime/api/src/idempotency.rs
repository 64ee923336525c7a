//! The `Idempotency-Key` header (spec plunk-workflows, 10.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stepwell_engine::IdempotencyKey;

use crate::error::ApiError;
use crate::state::ApiState;

/// The longest key.
const MAX_LENGTH: usize = 255;

/// The key of a request, if it has one: 1 to 255 printable ASCII characters.
///
/// The key is taken in the commit of what the request does, so a request that fails gives it back.
#[derive(Debug)]
pub(crate) struct Idempotent(pub(crate) Option<IdempotencyKey>);

impl FromRequestParts<ApiState> for Idempotent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        let mut given = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = given.next() else { return Ok(Self(None)) };
        if given.next().is_some() {
            return Err(ApiError::field("Idempotency-Key", "invalid_type", "must be given once"));
        }
        let request = format!("{} {}", parts.method, parts.uri.path());
        let key = text(value.as_bytes())?;
        Ok(Self(Some(IdempotencyKey { key, request })))
    }
}

fn text(bytes: &[u8]) -> Result<String, ApiError> {
    let printable = |bytes: &&[u8]| bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let fits = |bytes: &&[u8]| (1..=MAX_LENGTH).contains(&bytes.len());
    let text = Some(bytes).filter(fits).filter(printable).and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(str::to_owned).ok_or_else(|| {
        let message = format!("must be 1 to {MAX_LENGTH} printable ASCII characters");
        ApiError::field("Idempotency-Key", "invalid_string", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_255_printable_characters() {
        assert!(text(b"order 1").is_ok() && text(&[b'a'; 255]).is_ok());
        for bad in [&b""[..], &[b'a'; 256], b"a\tb", "ü".as_bytes()] {
            assert!(text(bad).is_err(), "{bad:?}");
        }
    }
}
