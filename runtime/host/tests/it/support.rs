//! A host with data in memory, the components, and requests for steps.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, io};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Call, Clock, Connection, Contact, ContactId, DataUnavailable, DefinitionId, Digest, ExecutionId, Grant, Mode,
    Outcome, PluginData, PluginHost, PluginInfo, PluginSource, Runnable, SequentialIds, StepContext, StepReport,
    StepRequest, Template, TemplateId, Timestamp, Wake, WorkspaceId,
};
use stepwell_host::{Compiler, Host, HostOptions, Limits, Resolve};
use uuid::Uuid;

pub const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(0x1000));
pub const OTHER_WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(0x2000));
pub const CONTACT: ContactId = ContactId(Uuid::from_u128(0xc0));
pub const WORKFLOW: DefinitionId = DefinitionId(Uuid::from_u128(0xdef));
pub const NOW: Timestamp = Timestamp(1_767_323_045_678);

pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// What plugins may read, in memory.
#[derive(Default)]
pub struct Memory {
    pub contacts: Mutex<HashMap<(WorkspaceId, ContactId), Contact>>,
    pub values: Mutex<BTreeMap<(WorkspaceId, String, String), Vec<u8>>>,
    pub connections: Mutex<HashMap<(WorkspaceId, String), Connection>>,
    pub children: Mutex<HashMap<ExecutionId, Value>>,
}

#[async_trait]
impl PluginData for Memory {
    async fn contact(&self, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, DataUnavailable> {
        Ok(self.contacts.lock().expect("contacts").get(&(workspace, id)).cloned())
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

    async fn value(&self, workspace: WorkspaceId, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, DataUnavailable> {
        Ok(self.values.lock().expect("values").get(&(workspace, bucket.to_owned(), key.to_owned())).cloned())
    }

    async fn keys(
        &self,
        workspace: WorkspaceId,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, DataUnavailable> {
        let values = self.values.lock().expect("values");
        let keys = values.keys().filter(|(of, name, key)| {
            *of == workspace && name == bucket && after.is_none_or(|after| key.as_str() > after)
        });
        Ok(keys.map(|(_, _, key)| key.clone()).take(limit).collect())
    }

    async fn runnable(
        &self,
        _: WorkspaceId,
        _: ExecutionId,
        workflow: Option<DefinitionId>,
    ) -> Result<Runnable, DataUnavailable> {
        Ok(if workflow.is_none_or(|id| id == WORKFLOW) { Runnable::Yes } else { Runnable::Unknown })
    }

    async fn child(&self, _: WorkspaceId, _: ExecutionId, id: ExecutionId) -> Result<Option<Value>, DataUnavailable> {
        Ok(self.children.lock().expect("children").get(&id).cloned())
    }

    async fn connection(&self, workspace: WorkspaceId, name: &str) -> Result<Option<Connection>, DataUnavailable> {
        Ok(self.connections.lock().expect("connections").get(&(workspace, name.to_owned())).cloned())
    }
}

/// Names with fixed addresses.
#[derive(Default)]
pub struct Names(pub HashMap<&'static str, Vec<IpAddr>>);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.get(host).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}

/// A host under test.
pub struct Bench {
    pub host: Host,
    pub data: Arc<Memory>,
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut HostOptions)) -> Self {
        Self::with_names(change, Names::default())
    }

    pub fn with_names(change: impl FnOnce(&mut HostOptions), names: Names) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = Arc::new(Memory::default());
        let mut options = options(folder.path(), data.clone());
        change(&mut options);
        let host = Host::with_resolver(options, Arc::new(names)).expect("a host");
        Self { host, data, folder }
    }

    /// Takes up a component with these grants, for all workspaces.
    pub async fn install(&self, bytes: &[u8], grants: &[(&str, &[&str])]) -> PluginInfo {
        let mut info = self.host.inspect(bytes).await.expect("a good component");
        info.grants = grants.iter().map(|(import, scope)| grant(import, scope)).collect();
        self.host.activate(&info, bytes).await.expect("everything granted");
        info
    }

    /// Takes up a component as a built-in one, which gets what it imports.
    pub async fn install_builtin(&self, bytes: &[u8]) -> PluginInfo {
        let info = self.host.inspect(bytes).await.expect("a good component");
        let info = PluginInfo { source: PluginSource::Builtin, ..info };
        self.host.activate(&info, bytes).await.expect("a built-in plugin gets what it imports");
        info
    }

    pub async fn run(&self, step_type: &str, config: Value) -> StepReport {
        self.run_request(request(step_type, config)).await
    }

    pub async fn run_request(&self, request: StepRequest) -> StepReport {
        stepwell_core::StepRunner::run(&self.host, request).await
    }
}

pub fn options(folder: &Path, data: Arc<Memory>) -> HostOptions {
    HostOptions {
        cache_dir: folder.join("compiled"),
        server_key: [7; 32],
        data,
        allow_network: Vec::new(),
        limits: Limits::default(),
        slots: 50,
        compiler: Compiler::InProcess,
        clock: Arc::new(Noon),
        ids: Arc::new(SequentialIds::default()),
    }
}

pub fn grant(import: &str, scope: &[&str]) -> Grant {
    Grant { import: import.to_owned(), scope: scope.iter().map(|&text| text.to_owned()).collect() }
}

/// A component of `cargo xtask plugins`, by its file's name without the ending.
pub fn component(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("STEPWELL_COMPONENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components"), PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask plugins` first", path.display()))
}

/// A misbehaving guest.
pub fn fixture(name: &str) -> Vec<u8> {
    component(&format!("fixtures/{name}"))
}

pub fn contact() -> Contact {
    Contact {
        id: CONTACT,
        workspace_id: WORKSPACE,
        email: "ada@example.org".into(),
        subscribed: true,
        data: json!({"plan": "free"}).as_object().cloned().expect("an object"),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub fn request(step_type: &str, config: Value) -> StepRequest {
    StepRequest {
        step_type: step_type.to_owned(),
        plugin: None,
        call: Call::Run,
        context: StepContext {
            workspace_id: WORKSPACE,
            execution_id: Uuid::from_u128(0xe0).into(),
            step_id: Uuid::from_u128(0x50).into(),
            step_execution_id: Uuid::from_u128(0x5e).into(),
            attempt: 1,
            idempotency_key: "visit".into(),
            now: NOW,
            config,
            contact: Some(contact()),
            event: json!({}),
            variables: json!({}),
            outputs: json!({}),
            about: json!({}),
        },
        mode: Mode::Live,
    }
}

pub fn resumed(step_type: &str, config: Value, state: Value, wake: Wake) -> StepRequest {
    StepRequest { call: Call::Resume { state, wake }, ..request(step_type, config) }
}

/// The code of a failed run.
pub fn code(report: &StepReport) -> &str {
    match &report.outcome {
        Outcome::Failed(failure) => &failure.code,
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// The output of a completed run.
pub fn output(report: &StepReport) -> &Value {
    match &report.outcome {
        Outcome::Completed(done) => &done.output,
        other => panic!("expected a completion, got {other:?}; log: {:?}", report.log),
    }
}

/// The message and code of a refused component.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, stepwell_core::PluginError>) -> (&'static str, String) {
    match result {
        Err(stepwell_core::PluginError::Refused { code, message }) => (code, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub fn pinned(request: StepRequest, digest: Digest) -> StepRequest {
    StepRequest { plugin: Some(digest), ..request }
}
