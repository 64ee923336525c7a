//! A plugin host in this process, with nothing behind it, and requests for it to run.

use std::sync::Arc;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Call, Connection, Contact, ContactId, DataUnavailable, DefinitionId, ExecutionId, Mode, PluginData,
    PluginHost as _, PluginInfo, PluginSource, Runnable, StepContext, StepRequest, Template, TemplateId, Timestamp,
    WorkspaceId,
};
use stepwell_engine::{RandomIds, SystemClock};
use stepwell_host::{Compiler, Host, HostOptions, Limits};
use tempfile::TempDir;
use uuid::Uuid;

/// The host, and the folder of what it compiled.
pub(crate) struct Sandbox {
    pub(crate) host: Host,
    _folder: TempDir,
}

impl Sandbox {
    /// A host with the server's settings and these built-in components.
    pub(crate) async fn with(components: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let host = Host::new(HostOptions {
            cache_dir: folder.path().join("components"),
            server_key: [7; 32],
            data: Arc::new(Nothing),
            allow_network: vec!["127.0.0.0/8".parse()?],
            limits: Limits::default(),
            slots: 1_000,
            compiler: Compiler::InProcess,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::default()),
        })?;
        for name in components {
            let bytes = stepwell_tests::component(name);
            let info = host.inspect(&bytes).await?;
            ensure!(!info.steps.is_empty(), "the component {name} offers no step");
            host.activate(&PluginInfo { source: PluginSource::Builtin, ..info }, &bytes).await?;
        }
        Ok(Self { host, _folder: folder })
    }
}

/// What a step of the signup flow is asked.
pub(crate) fn request(step_type: &str, config: Value) -> StepRequest {
    StepRequest {
        step_type: step_type.to_owned(),
        plugin: None,
        call: Call::Run,
        mode: Mode::Live,
        context: StepContext {
            workspace_id: WorkspaceId(Uuid::from_u128(1)),
            execution_id: Uuid::from_u128(2).into(),
            step_id: Uuid::from_u128(3).into(),
            step_execution_id: Uuid::from_u128(4).into(),
            attempt: 1,
            idempotency_key: Uuid::from_u128(4).to_string(),
            now: Timestamp(1_767_323_045_678),
            config,
            contact: Some(contact()),
            event: json!({ "plan": "free", "source": "web", "n": 1 }),
            variables: json!({}),
            outputs: json!({ "trigger": { "triggered": true, "eventName": "signed_up" } }),
            about: json!({ "workflow": { "name": "on signed_up", "version": 1 }, "step": { "name": "step" } }),
        },
    }
}

fn contact() -> Contact {
    let data = [("plan", json!("free")), ("source", json!("web")), ("n", json!(1))];
    Contact {
        id: ContactId(Uuid::from_u128(5)),
        workspace_id: WorkspaceId(Uuid::from_u128(1)),
        email: "ada@example.org".to_owned(),
        subscribed: true,
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        created_at: Timestamp(1_767_323_045_000),
        updated_at: Timestamp(1_767_323_045_000),
    }
}

/// A workspace with nothing in it but the secret that webhooks are signed with.
struct Nothing;

#[async_trait]
impl PluginData for Nothing {
    async fn contact(&self, _: WorkspaceId, _: ContactId) -> Result<Option<Contact>, DataUnavailable> {
        Ok(None)
    }

    async fn template(&self, _: WorkspaceId, _: TemplateId) -> Result<Option<Template>, DataUnavailable> {
        Ok(None)
    }

    async fn count_events(
        &self,
        _: WorkspaceId,
        _: ContactId,
        _: &str,
        _: Option<Timestamp>,
    ) -> Result<u64, DataUnavailable> {
        Ok(0)
    }

    async fn value(&self, _: WorkspaceId, _: &str, _: &str) -> Result<Option<Vec<u8>>, DataUnavailable> {
        Ok(None)
    }

    async fn keys(&self, _: WorkspaceId, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>, DataUnavailable> {
        Ok(Vec::new())
    }

    async fn runnable(
        &self,
        _: WorkspaceId,
        _: ExecutionId,
        _: Option<DefinitionId>,
    ) -> Result<Runnable, DataUnavailable> {
        Ok(Runnable::Unknown)
    }

    async fn child(&self, _: WorkspaceId, _: ExecutionId, _: ExecutionId) -> Result<Option<Value>, DataUnavailable> {
        Ok(None)
    }

    async fn connection(&self, _: WorkspaceId, name: &str) -> Result<Option<Connection>, DataUnavailable> {
        Ok(Some(Connection { name: name.to_owned(), secret: b"secret".to_vec(), hosts: Vec::new() }))
    }
}
