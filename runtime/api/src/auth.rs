//! Who asks, and may they: the `Authorization` header (spec plunk-workflows, 1.1).
//!
//! A handler takes [`Secret`] or [`Ingest`] first, so nothing else of a request is looked at before its key.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use moka::future::Cache;
use sha2::{Digest, Sha256};
use stepwell_core::{ApiKeyId, Timestamp, WorkspaceId};
use stepwell_store::key::{self, KeyKind, UsableKey};
use stepwell_store::{Store, StoreError};

use crate::error::ApiError;
use crate::request::Context;
use crate::scope::{self, Scope};
use crate::state::ApiState;

/// How long a key is trusted without looking again: another process (`stepwell key revoke`) may have revoked it.
const TRUST: Duration = Duration::from_secs(1);

/// How many keys are remembered.
const REMEMBERED: u64 = 10_000;

/// How exact `lastUsedAt` is: a key in steady use is noted once in this many milliseconds.
const USE_NOTED_MS: i64 = 60_000;

/// What a valid key gives access to.
#[derive(Debug)]
pub(crate) struct Access {
    /// The tenant. The only place where a handler takes it from.
    pub(crate) workspace: WorkspaceId,
    /// The key.
    pub(crate) key: ApiKeyId,
    kind: KeyKind,
    scopes: Vec<String>,
    disabled: bool,
}

impl Access {
    /// Whether one of the key's scopes allows `wanted`.
    pub(crate) fn allows(&self, wanted: &str) -> bool {
        self.scopes.iter().any(|given| scope::allows(given, wanted))
    }
}

/// A request with a secret key that has the scope `S`.
pub(crate) struct Secret<S>(Arc<Access>, PhantomData<S>);

/// A request with a secret or public key that has the scope `S`.
pub(crate) struct Ingest<S>(Arc<Access>, PhantomData<S>);

impl<S> Deref for Secret<S> {
    type Target = Access;
    fn deref(&self) -> &Access {
        &self.0
    }
}

impl<S> Deref for Ingest<S> {
    type Target = Access;
    fn deref(&self) -> &Access {
        &self.0
    }
}

impl<S: Scope> FromRequestParts<ApiState> for Secret<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let access = authenticate(parts, state).await?;
        if access.kind != KeyKind::Secret {
            return Err(invalid_key().suggest("This route takes a secret key (sk_…), which belongs on servers only"));
        }
        authorise::<S>(&access, parts, state)?;
        Ok(Self(access, PhantomData))
    }
}

impl<S: Scope> FromRequestParts<ApiState> for Ingest<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let access = authenticate(parts, state).await?;
        authorise::<S>(&access, parts, state)?;
        Ok(Self(access, PhantomData))
    }
}

/// A key and the scope it was let in with, for what lasts longer than a request is looked at.
pub(crate) struct Pass {
    key: String,
    scope: &'static str,
}

impl Pass {
    /// The key of a request that was let in under the scope `S`.
    pub(crate) fn of<S: Scope>(headers: &HeaderMap) -> Self {
        Self { key: bearer(headers).unwrap_or_default().to_owned(), scope: S::NAME }
    }

    /// Whether the request would be let in again. Not if it is not known.
    pub(crate) async fn is_valid(&self, state: &ApiState) -> bool {
        let found = state.keys().find(&self.key, state.now()).await;
        found.ok().flatten().is_some_and(|access| access.allows(self.scope))
    }
}

async fn authenticate(parts: &Parts, state: &ApiState) -> Result<Arc<Access>, ApiError> {
    let key = bearer(&parts.headers).ok_or_else(missing_key)?;
    if !is_key(key) {
        return Err(invalid_key());
    }
    let access = state.keys().find(key, state.now()).await?.ok_or_else(invalid_key)?;
    let span = tracing::Span::current();
    span.record("workspace", tracing::field::display(access.workspace))
        .record("key", tracing::field::display(access.key));
    Ok(access)
}

fn authorise<S: Scope>(access: &Access, parts: &Parts, state: &ApiState) -> Result<(), ApiError> {
    if access.disabled && !matches!(parts.method, Method::GET | Method::HEAD) {
        let message = "The project is disabled: it can be read and not changed";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "PROJECT_DISABLED", message));
    }
    if !access.allows(S::NAME) {
        return Err(ApiError::forbidden(format!("The key does not have the scope {}", S::NAME))
            .suggest("Use a key that has it, or make one"));
    }
    let taken = S::RATE.and_then(|class| state.limiter().take(class, access.workspace));
    let Some((standing, refusal)) = taken else { return Ok(()) };
    if let Some(context) = parts.extensions.get::<Arc<Context>>() {
        context.stands(standing);
    }
    refusal.map_or(Ok(()), Err)
}

/// The key of a header of exactly two parts, the first being `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get(AUTHORIZATION)?.to_str().ok()?.split(' ');
    let (scheme, key, rest) = (parts.next()?, parts.next()?, parts.next());
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && rest.is_none()).then_some(key)
}

/// `sk_` or `pk_` and 64 lower-case hex digits.
fn is_key(text: &str) -> bool {
    let digits = text.strip_prefix("sk_").or_else(|| text.strip_prefix("pk_")).unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn missing_key() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "MISSING_AUTH", "An API key is needed")
        .suggest("Send the header Authorization: Bearer <key>")
}

fn invalid_key() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "INVALID_API_KEY", "The API key is not valid here")
}

/// The form in which keys are stored: SHA-256 in hex.
pub fn hash_key(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Keys that were found a moment ago, by hash. Unknown keys are not remembered, so a new key works at once.
pub(crate) struct Keys {
    store: Store,
    known: Cache<String, Arc<Access>>,
}

/// Why a key could not be had.
enum Missed {
    Unknown,
    Store(StoreError),
}

impl Keys {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Cache::builder().max_capacity(REMEMBERED).time_to_live(TRUST).build() }
    }

    /// Looks again at every key from now on: one was revoked.
    pub(crate) fn forget(&self) {
        self.known.invalidate_all();
    }

    async fn find(&self, key: &str, now: Timestamp) -> Result<Option<Arc<Access>>, ApiError> {
        let hash = hash_key(key);
        let found = self.known.try_get_with_by_ref(&hash, self.look_up(&hash, now)).await;
        match found {
            Ok(access) => Ok(Some(access)),
            Err(missed) => match &*missed {
                Missed::Unknown => Ok(None),
                Missed::Store(StoreError::Overloaded) => Err(ApiError::unavailable("The server is busy")),
                Missed::Store(error) => Err(match error.trouble() {
                    Some(trouble) => StoreError::Trouble(trouble).into(),
                    None => ApiError::internal(error.to_string()),
                }),
            },
        }
    }

    async fn look_up(&self, hash: &str, now: Timestamp) -> Result<Arc<Access>, Missed> {
        let mut conn = self.store.reader().await.map_err(Missed::Store)?;
        let found = key::usable(&mut conn, hash).await.map_err(Missed::Store)?.ok_or(Missed::Unknown)?;
        drop(conn);
        if found.key.last_used_at.is_none_or(|last| now.millis_since(last) >= USE_NOTED_MS) {
            tokio::spawn(note_use(self.store.clone(), found.key.workspace_id, found.key.id, now));
        }
        Ok(Arc::new(found.into()))
    }
}

/// In the background: no request waits for it or fails with it.
async fn note_use(store: Store, workspace: WorkspaceId, id: ApiKeyId, now: Timestamp) {
    let noted: Result<(), StoreError> =
        store.write(move |conn| Box::pin(async move { key::used(conn, workspace, id, now).await })).await;
    if let Err(error) = noted {
        tracing::warn!(%error, key = %id, "noting that a key was used");
    }
}

impl From<UsableKey> for Access {
    fn from(found: UsableKey) -> Self {
        Self {
            workspace: found.key.workspace_id,
            key: found.key.id,
            kind: found.key.kind,
            scopes: found.key.scopes,
            disabled: found.workspace_disabled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(header: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().expect("header"));
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn a_header_has_exactly_two_parts() {
        assert_eq!(given("Bearer sk_1").as_deref(), Some("sk_1"));
        for header in ["", "Bearer", "Bearer ", "sk_1", "Basic sk_1", "Bearer  sk_1", "Bearer sk_1 x"] {
            assert_eq!(given(header), None, "{header:?}");
        }
    }

    #[test]
    fn a_key_is_a_prefix_and_64_lower_case_hex_digits() {
        assert!(is_key(&format!("sk_{}", "0a".repeat(32))) && is_key(&format!("pk_{}", "0a".repeat(32))));
        for key in ["", "sk_", "sk_0a", &format!("sk_{}", "0A".repeat(32)), &format!("xk_{}", "0a".repeat(32))] {
            assert!(!is_key(key), "{key:?}");
        }
    }
}
