//! Installing components: checked by the host, kept in the store, made usable. What a plugin may use is an operator's choice.

use stepwell_core::{Digest, Grant, PluginError, PluginInfo, PluginSource, WorkspaceId};
use stepwell_store::notify::{self, News};
use stepwell_store::{Conn, StoreError, plugin};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::nodes;

impl Engine {
    /// Makes the components that come with the server usable, each granted what it imports.
    pub async fn activate_builtin(&self, component: &[u8]) -> Result<PluginInfo, PluginError> {
        let mut info = self.plugins().inspect(component).await?;
        info.source = PluginSource::Builtin;
        info.workspace_id = None;
        info.grants = info.imports.iter().map(|import| everywhere(import)).collect();
        self.plugins().activate(&info, component).await?;
        Ok(info)
    }

    /// Makes the installed plugins usable again after a start. One that cannot be is logged and left out. Gives how many were
    /// looked at.
    pub async fn activate_installed(&self) -> Result<usize, StoreError> {
        nodes::refresh(&self.0, true).await
    }

    /// Checks a component, makes it usable under the grants and stores it. Installed for one workspace, or for all.
    pub async fn install_plugin(
        &self,
        workspace: Option<WorkspaceId>,
        component: Vec<u8>,
        grants: Vec<Grant>,
    ) -> Result<PluginInfo, EngineError> {
        let mut info = self.plugins().inspect(&component).await?;
        info.source = PluginSource::Installed;
        info.workspace_id = workspace;
        info.grants = grants;
        self.activate(&info, &component).await?;
        let (stored, now, notify) = (info.clone(), self.now(), self.0.peers.notifies());
        self.store()
            .write(move |conn| {
                Box::pin(async move {
                    plugin::insert(conn, &stored, &component, now).await?;
                    tell(conn, notify).await
                })
            })
            .await?;
        self.0.peers.know(&info).await;
        Ok(info)
    }

    /// Replaces what an installed plugin may use. `None` if there is no such plugin.
    pub async fn grant_plugin(
        &self,
        workspace: Option<WorkspaceId>,
        digest: Digest,
        grants: Vec<Grant>,
    ) -> Result<Option<PluginInfo>, EngineError> {
        let found = self.installed(workspace, digest).await?;
        let component = plugin::component(&mut self.store().reader().await?, workspace, digest).await?;
        let (Some(mut info), Some(component)) = (found, component) else { return Ok(None) };
        info.grants = grants;
        self.activate(&info, &component).await?;
        let (kept, notify) = (info.grants.clone(), self.0.peers.notifies());
        self.store()
            .write(move |conn| {
                Box::pin(async move {
                    plugin::set_grants(conn, workspace, digest, &kept).await?;
                    tell(conn, notify).await
                })
            })
            .await?;
        self.0.peers.know(&info).await;
        Ok(Some(info))
    }

    /// Makes a component usable. A refusal changes nothing: what was installed before goes on under its old grants.
    async fn activate(&self, info: &PluginInfo, component: &[u8]) -> Result<(), EngineError> {
        let Err(refused) = self.plugins().activate(info, component).await else { return Ok(()) };
        match self.installed(info.workspace_id, info.digest).await? {
            Some(before) => self.plugins().activate(&before, component).await?,
            None => self.plugins().deactivate(info.workspace_id, info.digest),
        }
        Err(refused.into())
    }

    async fn installed(
        &self,
        workspace: Option<WorkspaceId>,
        digest: Digest,
    ) -> Result<Option<PluginInfo>, StoreError> {
        let all = plugin::list(&mut self.store().reader().await?).await?;
        Ok(all.into_iter().find(|info| info.digest == digest && info.workspace_id == workspace))
    }

    /// Takes an installed plugin away. `false` if there is no such plugin.
    pub async fn remove_plugin(&self, workspace: Option<WorkspaceId>, digest: Digest) -> Result<bool, EngineError> {
        let notify = self.0.peers.notifies();
        let gone = self
            .store()
            .write(move |conn| {
                Box::pin(async move {
                    let gone = plugin::delete(conn, workspace, digest).await?;
                    tell(conn, notify).await.map(|()| gone)
                })
            })
            .await?;
        if gone {
            self.plugins().deactivate(workspace, digest);
        }
        Ok(gone)
    }
}

/// Tells other nodes that plugins changed.
async fn tell(conn: &mut Conn, notify: bool) -> Result<(), StoreError> {
    if notify { notify::tell(conn, News::Plugins).await } else { Ok(()) }
}

/// An import granted without bounds.
fn everywhere(import: &str) -> Grant {
    Grant { import: import.to_owned(), scope: vec!["*".to_owned()] }
}
