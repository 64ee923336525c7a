//! `POST /v1/keys`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stepwell_store::key::{self, ApiKey, KeyKind};
use utoipa::ToSchema;

use super::wire::{KeyBody, Kind, ScopeName};
use crate::auth::{Access, Secret, hash_key};
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::{EventsWrite, KeysWrite, Scope};
use crate::state::ApiState;
use crate::wire::Name;

/// The most keys of a workspace that are not revoked.
const MAX_KEYS: usize = 1000;

/// How much of a key is kept in the clear: the kind and eight digits.
const PREFIX: usize = 11;

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    name: Name,
    kind: Kind,
    /// What it may do: at most what the key may that makes it. Without, a secret key gets `*` and a public one `events:write`.
    #[schema(min_items = 1, max_items = 50)]
    scopes: Option<Vec<ScopeName>>,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[serde(flatten)]
    about: KeyBody,
    /// The key. It is not stored and cannot be shown again.
    #[schema(example = "sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    key: String,
}

/// Makes a key and shows it, once.
#[utoipa::path(
    post, path = "/v1/keys", tag = "workspace", security(("secret_key" = ["keys:write"])),
    responses(
        (status = 201, description = "Made", body = NewKey),
        (status = 409, description = "There are too many keys", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    access: Secret<KeysWrite>,
    Json(wanted): Json<CreateKey>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let scopes = scopes(&access, &wanted)?;
    let kind = KeyKind::from(wanted.kind);
    let text = generate(kind);
    let made = ApiKey {
        id: state.new_id(),
        workspace_id: access.workspace,
        kind,
        prefix: text[..PREFIX].to_owned(),
        name: wanted.name.0,
        scopes,
        created_at: state.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let (stored, hash) = (made.clone(), hash_key(&text));
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                let keys = key::list(conn, stored.workspace_id).await?;
                if keys.iter().filter(|key| key.revoked_at.is_none()).count() >= MAX_KEYS {
                    return Err(ApiError::conflict(format!("There are {MAX_KEYS} keys already")));
                }
                Ok(key::insert(conn, &stored, &hash).await?)
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(NewKey { about: made.into(), key: text })))
}

/// What the key may do. A key cannot make one that may more than itself.
fn scopes(access: &Access, wanted: &CreateKey) -> Result<Vec<String>, ApiError> {
    let usual = match wanted.kind {
        Kind::Secret => "*",
        Kind::Public => EventsWrite::NAME,
    };
    let given = wanted.scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.0.clone()).collect());
    let scopes: Vec<String> = given.unwrap_or_else(|| vec![usual.to_owned()]);
    if wanted.kind == Kind::Public && scopes.iter().any(|scope| scope != EventsWrite::NAME) {
        let message = format!("a public key can only have the scope {}", EventsWrite::NAME);
        return Err(ApiError::field("scopes", "invalid_enum_value", message));
    }
    match scopes.iter().find(|scope| !access.allows(scope)) {
        Some(beyond) => Err(ApiError::forbidden(format!("The key that asks does not have the scope {beyond} itself"))),
        None => Ok(scopes),
    }
}

/// A new key: its kind and 32 random bytes.
fn generate(kind: KeyKind) -> String {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes);
    let prefix = match kind {
        KeyKind::Secret => "sk",
        KeyKind::Public => "pk",
    };
    format!("{prefix}_{}", hex::encode(bytes))
}
