//! The heads of definitions and the workspaces they are of, from memory: every step asks for them, and they seldom change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::sync::Cache;
use stepwell_core::{Definition, DefinitionId, WorkspaceId};
use stepwell_store::{Conn, Seen, Store, StoreError, definition, workspace};

/// How long one is trusted without looking again: another process may have changed it (`stepwell workspace disable`).
const TRUST: Duration = Duration::from_secs(1);

/// How many are remembered.
const REMEMBERED: u64 = 1_000;

/// What steps see of their definition and its workspace.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) definition: Definition,
    /// The workspace's name.
    pub(crate) project: String,
    /// Whether the workspace was switched off: nothing of it runs any more.
    pub(crate) disabled: bool,
    /// Whether the definition was deleted: what was started of it goes on, and nothing is started any more.
    pub(crate) deleted: bool,
}

#[derive(Clone)]
struct Remembered {
    head: Arc<Head>,
    definition: Seen,
    workspace: Seen,
    read_at: Instant,
}

impl Remembered {
    fn holds(&self, store: &Store) -> bool {
        self.read_at.elapsed() < TRUST
            && store.is_fresh(self.head.definition.id.0, self.definition)
            && store.is_fresh(self.head.definition.workspace_id.0, self.workspace)
    }
}

/// Heads that were read.
#[derive(Clone)]
pub(crate) struct Heads(Cache<DefinitionId, Remembered>);

impl Heads {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// The head of a definition; `None` if it or its workspace is gone.
    pub(crate) async fn find(
        &self,
        store: &Store,
        workspace: WorkspaceId,
        id: DefinitionId,
    ) -> Result<Option<Arc<Head>>, StoreError> {
        if let Some(found) = self.0.get(&id).filter(|found| found.holds(store)) {
            return Ok((found.head.definition.workspace_id == workspace).then_some(found.head));
        }
        // Before the connection begins to read: what it reads is of a moment after this.
        let seen = store.seen(id.0).zip(store.seen(workspace.0));
        let read_at = Instant::now();
        let Some(head) = read(&mut store.quick_reader().await?, workspace, id).await?.map(Arc::new) else {
            return Ok(None);
        };
        if let Some((definition, workspace)) = seen {
            self.0.insert(id, Remembered { head: Arc::clone(&head), definition, workspace, read_at });
        }
        Ok(Some(head))
    }
}

async fn read(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId) -> Result<Option<Head>, StoreError> {
    let Some((definition, deleted)) = definition::even_deleted(conn, workspace, id).await? else { return Ok(None) };
    let Some(of) = workspace::get(conn, workspace).await? else { return Ok(None) };
    Ok(Some(Head { definition, project: of.name, disabled: of.disabled, deleted }))
}
