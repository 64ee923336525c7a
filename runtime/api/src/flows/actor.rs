//! Who does what a request asks for: the user that it names, else the key.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use crate::auth::{Access, Secret};
use crate::error::ApiError;
use crate::scope::Scope;
use crate::state::ApiState;

/// The header in which a portal names the user it acts for.
pub(crate) const USER: HeaderName = HeaderName::from_static("x-stepwell-user");

/// The most characters of a user's id.
pub(crate) const MAX_USER: usize = 200;

/// A request with a secret key that has the scope `S`, and who makes it.
pub(crate) struct By<S> {
    access: Secret<S>,
    /// Whose deed it is: the user named in `x-stepwell-user`, where the key has `flows:write` or `tasks:write`; else the key's id.
    pub(crate) user: String,
}

impl<S> Deref for By<S> {
    type Target = Access;
    fn deref(&self) -> &Access {
        &self.access
    }
}

impl<S: Scope> FromRequestParts<ApiState> for By<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let access = Secret::<S>::from_request_parts(parts, state).await?;
        let may = access.allows("flows:write") || access.allows("tasks:write");
        let named = named(&parts.headers)?.filter(|_| may);
        let user = named.unwrap_or_else(|| access.key.to_string());
        Ok(Self { access, user })
    }
}

fn named(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(USER) else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_USER {
        let message = format!("must have 1 to {MAX_USER} printable characters");
        return Err(ApiError::field(USER.as_str(), "invalid_string", message));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn given(value: &str) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER, HeaderValue::from_bytes(value.as_bytes()).expect("header"));
        named(&headers)
    }

    #[test]
    fn a_user_is_named_by_a_printable_text() {
        assert_eq!(given(" org_12 ").expect("named").as_deref(), Some("org_12"));
        assert_eq!(named(&HeaderMap::new()).expect("none"), None);
        for value in ["", "  ", "\u{e4}", &"x".repeat(201)] {
            assert!(given(value).is_err(), "{value:?}");
        }
    }
}
