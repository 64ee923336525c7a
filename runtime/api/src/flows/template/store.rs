//! Templates in the database.

use serde_json::Value;
use stepwell_core::{Definition, DefinitionId, DefinitionKind, Graph, Reentry, Timestamp, TriggerKind, WorkspaceId};
use stepwell_store::definition::{self, Written};
use stepwell_store::{Conn, StoreError};

use crate::error::ApiError;
use crate::flows::error::Absent;
use crate::flows::ids;
use crate::state::ApiState;

/// The most templates and definitions of a workspace, flows and checklists together.
pub(crate) const MAX_DEFINITIONS: u32 = 1_000;

/// How many templates and definitions a workspace has.
pub(crate) async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<u64, StoreError> {
    definition::count(conn, workspace, &[DefinitionKind::Flow, DefinitionKind::Checklist]).await
}

/// Stores a new template or definition; 400 if the workspace has as many as it may have.
pub(crate) async fn insert(
    state: &ApiState,
    new: Definition,
    graph: Graph,
    document: Value,
) -> Result<Written, ApiError> {
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                if count(conn, new.workspace_id).await? >= u64::from(MAX_DEFINITIONS) {
                    let message =
                        format!("the workspace has {MAX_DEFINITIONS} templates, which is the most it can have");
                    return Err(ApiError::bad_request(message));
                }
                definition::insert_with_document(conn, &new, &graph, Some(&document)).await?;
                Ok(Written { definition: new, document })
            })
        })
        .await
}

/// The head of a new template.
pub(super) fn head(id: DefinitionId, workspace: WorkspaceId, document: &Value, now: Timestamp) -> Definition {
    let blank = Definition {
        id,
        workspace_id: workspace,
        kind: DefinitionKind::Flow,
        name: String::new(),
        description: None,
        enabled: true,
        trigger: TriggerKind::Manual,
        trigger_config: Value::Null,
        reentry: Reentry::Always,
        commit_every_step: false,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    titled(blank, document)
}

/// A head that says what the document says.
pub(super) fn titled(head: Definition, document: &Value) -> Definition {
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    let (name, description) = (text("name").unwrap_or_default(), text("description"));
    Definition { name, description, enabled: document["enabled"] != false, ..head }
}

/// The template of an id on the wire, or 404.
pub(super) async fn load(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<Written, ApiError> {
    let unknown = || Absent::NotFound.error("flow template", id);
    let of = ids::parse(id).ok_or_else(unknown)?;
    definition::newest(conn, workspace, DefinitionKind::Flow, of).await?.ok_or_else(unknown)
}
