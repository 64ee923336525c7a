//! API keys as on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use stepwell_store::key::{ApiKey, KeyKind};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::scope::SCOPES;
use crate::wire::Time;

/// An API key. The key itself is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(crate) struct KeyBody {
    id: Uuid,
    name: String,
    kind: Kind,
    /// Its first characters, to tell it from others.
    prefix: String,
    /// What it may do.
    scopes: Vec<String>,
    created_at: Time,
    /// To the minute.
    last_used_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl From<ApiKey> for KeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            name: key.name,
            kind: key.kind.into(),
            prefix: key.prefix,
            scopes: key.scopes,
            created_at: Time(key.created_at),
            last_used_at: key.last_used_at.map(Time),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}

/// What a key is for: `secret` keys do what their scopes allow and belong on servers only; `public` keys send events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = KeyKind)]
pub(super) enum Kind {
    Secret,
    Public,
}

impl From<KeyKind> for Kind {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Secret => Self::Secret,
            KeyKind::Public => Self::Public,
        }
    }
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Secret => Self::Secret,
            Kind::Public => Self::Public,
        }
    }
}

/// A scope that a key can have.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct ScopeName(pub(super) String);

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let resources = SCOPES.iter().filter_map(|scope| scope.strip_suffix(":read")).map(|name| format!("{name}:*"));
        let all = SCOPES.iter().map(|scope| (*scope).to_owned()).chain(resources).chain(["*".to_owned()]);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(all)).into()
    }
}

impl ToSchema for ScopeName {
    fn name() -> Cow<'static, str> {
        "Scope".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::is_known;

    #[test]
    fn the_published_scopes_are_the_known_ones() {
        let schema = serde_json::to_value(ScopeName::schema()).expect("json");
        let listed: Vec<&str> =
            schema["enum"].as_array().expect("enum").iter().filter_map(|one| one.as_str()).collect();
        assert!(listed.len() > SCOPES.len() && listed.iter().all(|scope| is_known(scope)), "{listed:?}");
    }
}
