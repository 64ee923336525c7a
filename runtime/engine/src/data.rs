//! What the plugin host reads on behalf of plugins, from the store.

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Connection, Contact, ContactId, DataUnavailable, DefinitionId, DefinitionKind, ExecutionId, PluginData, Runnable,
    Template, TemplateId, Timestamp, WorkspaceId, canonical_name,
};
use stepwell_store::{
    Conn, Store, StoreError, connection, contact, definition, event, execution, keyvalue, template, workspace,
};

use crate::children;

/// The name under which the workspace's webhook signing key is always found.
const WEBHOOK_SIGNING: &str = "webhook-signing";

/// Reads for plugins.
#[derive(Clone)]
pub struct StoreData(pub Store);

impl StoreData {
    fn unavailable(&self, error: StoreError) -> DataUnavailable {
        if error.may_pass() {
            self.0.note_trouble();
        }
        DataUnavailable(Box::new(error))
    }
}

#[async_trait]
impl PluginData for StoreData {
    async fn contact(&self, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, DataUnavailable> {
        let mut conn = self.0.glance().await.map_err(|error| self.unavailable(error))?;
        contact::get(&mut conn, workspace, id).await.map_err(|error| self.unavailable(error))
    }

    async fn template(&self, workspace: WorkspaceId, id: TemplateId) -> Result<Option<Template>, DataUnavailable> {
        let mut conn = self.0.glance().await.map_err(|error| self.unavailable(error))?;
        template::get(&mut conn, workspace, id).await.map_err(|error| self.unavailable(error))
    }

    async fn count_events(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        name: &str,
        since: Option<Timestamp>,
    ) -> Result<u64, DataUnavailable> {
        let mut conn = self.0.reader().await.map_err(|error| self.unavailable(error))?;
        event::count(&mut conn, workspace, contact, &[canonical_name(name)], since)
            .await
            .map_err(|error| self.unavailable(error))
    }

    async fn value(&self, workspace: WorkspaceId, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, DataUnavailable> {
        let mut conn = self.0.glance().await.map_err(|error| self.unavailable(error))?;
        keyvalue::get(&mut conn, workspace, bucket, key).await.map_err(|error| self.unavailable(error))
    }

    async fn keys(
        &self,
        workspace: WorkspaceId,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, DataUnavailable> {
        let mut conn = self.0.reader().await.map_err(|error| self.unavailable(error))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        keyvalue::keys(&mut conn, workspace, bucket, after, limit).await.map_err(|error| self.unavailable(error))
    }

    async fn runnable(
        &self,
        workspace: WorkspaceId,
        by: ExecutionId,
        workflow: Option<DefinitionId>,
    ) -> Result<Runnable, DataUnavailable> {
        let mut conn = self.0.glance().await.map_err(|error| self.unavailable(error))?;
        runnable(&mut conn, workspace, by, workflow).await.map_err(|error| self.unavailable(error))
    }

    async fn child(
        &self,
        workspace: WorkspaceId,
        of: ExecutionId,
        id: ExecutionId,
    ) -> Result<Option<Value>, DataUnavailable> {
        let mut conn = self.0.reader().await.map_err(|error| self.unavailable(error))?;
        child(&mut conn, workspace, of, id).await.map_err(|error| self.unavailable(error))
    }

    async fn connection(&self, workspace: WorkspaceId, name: &str) -> Result<Option<Connection>, DataUnavailable> {
        let mut conn = self.0.glance().await.map_err(|error| self.unavailable(error))?;
        if name == WEBHOOK_SIGNING {
            let secret =
                workspace::webhook_secret(&mut conn, workspace).await.map_err(|error| self.unavailable(error))?;
            return Ok(secret.map(|secret| Connection { name: name.to_owned(), secret, hosts: Vec::new() }));
        }
        connection::secret(&mut conn, workspace, name).await.map_err(|error| self.unavailable(error))
    }
}

/// Whether an execution may start another. Of one that is not stored yet it is not known how deep it is: it is asked again when the
/// other is started.
async fn runnable(
    conn: &mut Conn,
    workspace: WorkspaceId,
    by: ExecutionId,
    workflow: Option<DefinitionId>,
) -> Result<Runnable, StoreError> {
    let above = execution::get(conn, workspace, by).await?.and_then(|execution| execution.parent);
    if above.is_some_and(|parent| parent.depth >= children::MAX_DEPTH) {
        return Ok(Runnable::TooDeep);
    }
    let Some(workflow) = workflow else { return Ok(Runnable::Yes) };
    let found = definition::get(conn, workspace, workflow).await?;
    Ok(match found.filter(|found| found.kind == DefinitionKind::Workflow) {
        None => Runnable::Unknown,
        Some(found) if found.enabled => Runnable::Yes,
        Some(_) => Runnable::Off,
    })
}

/// How a child stands. Only what it came to is looked for, once it has ended.
async fn child(
    conn: &mut Conn,
    workspace: WorkspaceId,
    of: ExecutionId,
    id: ExecutionId,
) -> Result<Option<Value>, StoreError> {
    let found = execution::get(conn, workspace, id).await?;
    let Some(found) = found.filter(|found| found.parent.is_some_and(|parent| parent.execution_id == of)) else {
        return Ok(None);
    };
    let (mut output, mut reason) = (Value::Null, found.exit_reason.clone());
    if found.status.is_terminal() {
        output = execution::outputs(conn, workspace, id).await?.pop().map_or(Value::Null, |(_, output)| output);
        let failed = execution::failed_visit(conn, workspace, id).await?.and_then(|visit| visit.failure);
        reason = reason.or(failed.map(|failure| failure.message));
    }
    let status = children::word(found.status);
    Ok(Some(json!({ "executionId": id, "status": status, "output": output, "reason": reason })))
}
