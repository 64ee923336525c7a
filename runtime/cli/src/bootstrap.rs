//! What a database needs before it can be used: a workspace, and a key to it.

use anyhow::{Context as _, Result};
use stepwell_core::{Clock as _, IdSource as _, Timestamp, WorkspaceId};
use stepwell_engine::{RandomIds, SystemClock};
use stepwell_store::key::{self, ApiKey, KeyKind};
use stepwell_store::workspace::{self, Workspace};
use stepwell_store::{Store, StoreError, setting};
use uuid::Uuid;

use crate::config::SecretKey;

/// How much of a key is kept in the clear, so that people can tell keys apart.
const PREFIX: usize = 11;

/// What a key should be.
#[derive(Clone, Debug)]
pub(crate) struct KeyWish {
    pub(crate) name: String,
    pub(crate) kind: KeyKind,
    pub(crate) scopes: Vec<String>,
}

impl KeyWish {
    /// A secret key that may do everything.
    pub(crate) fn everything(name: &str) -> Self {
        Self { name: name.to_owned(), kind: KeyKind::Secret, scopes: vec!["*".to_owned()] }
    }
}

/// A random key of a kind.
pub(crate) fn random_key(kind: KeyKind) -> SecretKey {
    let prefix = match kind {
        KeyKind::Secret => "sk",
        KeyKind::Public => "pk",
    };
    SecretKey(format!("{prefix}_{}", hex::encode(rand::random::<[u8; 32]>())))
}

/// The setting that names the first workspace: servers that start together on an empty database agree on one.
const FIRST: &str = "first-workspace";

/// The first workspace, made if there is none.
pub(crate) async fn workspace(store: &Store) -> Result<WorkspaceId> {
    let first = workspace::list(&mut store.reader().await?).await?.into_iter().next();
    if let Some(first) = first {
        return Ok(first.id);
    }
    let id = RandomIds::default().next(SystemClock.now());
    let agreed: Result<_, StoreError> = store
        .write(move |conn| {
            Box::pin(async move { setting::get_or_create(conn, FIRST, || id.into_bytes().to_vec()).await })
        })
        .await;
    let id = WorkspaceId(Uuid::from_slice(&agreed.context("naming the first workspace")?)?);
    match make(store, id, "Default").await {
        Ok(()) | Err(StoreError::AlreadyExists) => Ok(id),
        Err(error) => Err(error).context("making the first workspace"),
    }
}

/// Makes a workspace.
pub(crate) async fn new_workspace(store: &Store, name: &str) -> Result<WorkspaceId> {
    let id = WorkspaceId(RandomIds::default().next(SystemClock.now()));
    make(store, id, name).await.with_context(|| format!("making the workspace {name:?}"))?;
    Ok(id)
}

async fn make(store: &Store, id: WorkspaceId, name: &str) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let new = Workspace { id, name: name.to_owned(), disabled: false, created_at: now, updated_at: now };
    let secret: [u8; 32] = rand::random();
    store.write(move |conn| Box::pin(async move { workspace::insert(conn, &new, &secret).await })).await
}

/// Sees to it that there is a key. Gives the key if one was made here and nobody else knows it.
pub(crate) async fn first_key(
    store: &Store,
    home: WorkspaceId,
    given: Option<&SecretKey>,
) -> Result<Option<SecretKey>> {
    if let Some(secret) = given {
        store_key(store, home, KeyWish::everything("bootstrap"), secret).await?;
        return Ok(None);
    }
    if !key::list(&mut store.reader().await?, home).await?.is_empty() {
        return Ok(None);
    }
    let made = random_key(KeyKind::Secret);
    store_key(store, home, KeyWish::everything("first"), &made).await?;
    Ok(Some(made))
}

/// Makes and stores a key.
pub(crate) async fn new_key(store: &Store, home: WorkspaceId, wish: KeyWish) -> Result<SecretKey> {
    let secret = random_key(wish.kind);
    store_key(store, home, wish, &secret).await?;
    Ok(secret)
}

/// Stores a key; one that is there stays as it is, revoked or not.
async fn store_key(store: &Store, home: WorkspaceId, wish: KeyWish, secret: &SecretKey) -> Result<()> {
    let row = describe(home, wish, secret, SystemClock.now());
    let hash = stepwell_api::hash_key(&secret.0);
    let stored: Result<(), StoreError> =
        store.write(move |conn| Box::pin(async move { key::insert(conn, &row, &hash).await })).await;
    match stored {
        Ok(()) | Err(StoreError::AlreadyExists) => Ok(()),
        Err(error) => Err(error).context("storing an API key"),
    }
}

fn describe(home: WorkspaceId, wish: KeyWish, secret: &SecretKey, now: Timestamp) -> ApiKey {
    ApiKey {
        id: RandomIds::default().next(now).into(),
        workspace_id: home,
        kind: wish.kind,
        prefix: secret.0.chars().take(PREFIX).collect(),
        name: wish.name,
        scopes: wish.scopes,
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.expect("store")
    }

    #[tokio::test]
    async fn the_first_start_makes_a_workspace_and_a_key_and_the_second_neither() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(&folder).await;
        let home = workspace(&store).await.expect("workspace");
        let made = first_key(&store, home, None).await.expect("key").expect("a new key");
        assert!(crate::config::secret_key(&made.0).is_some());
        assert_eq!(workspace(&store).await.expect("workspace"), home);
        assert!(first_key(&store, home, None).await.expect("key").is_none());
    }

    #[tokio::test]
    async fn a_key_that_was_given_works_and_is_not_made_twice() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(&folder).await;
        let home = workspace(&store).await.expect("workspace");
        let given = random_key(KeyKind::Secret);
        for _ in 0..2 {
            assert!(first_key(&store, home, Some(&given)).await.expect("key").is_none());
        }
        let mut conn = store.reader().await.expect("reader");
        let found = key::usable(&mut conn, &stepwell_api::hash_key(&given.0)).await.expect("read").expect("the key");
        assert_eq!((found.key.workspace_id, found.key.scopes), (home, vec!["*".to_owned()]));
        assert_eq!(key::list(&mut conn, home).await.expect("list").len(), 1);
    }
}
