//! What the plugin host reads on behalf of plugins, from the store.

use async_trait::async_trait;
use stepwell_core::{
    Connection, Contact, ContactId, DataUnavailable, PluginData, Template, TemplateId, Timestamp, WorkspaceId,
    canonical_name,
};
use stepwell_store::{Store, StoreError, connection, contact, event, keyvalue, template, workspace};

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
