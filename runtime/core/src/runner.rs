//! The seam between the engine and the plugin host: the engine asks for one call of one step and gets a report; how it is
//! sandboxed is the host's business. And the seam the other way: what the host reads for plugins.

use async_trait::async_trait;
use serde_json::Value;

use crate::contact::Contact;
use crate::effect::Effect;
use crate::id::{ContactId, DefinitionId, ExecutionId, StepExecutionId, StepId, TemplateId, WorkspaceId};
use crate::outcome::{Outcome, Wake};
use crate::plugin::Digest;
use crate::template::Template;
use crate::time::Timestamp;

/// One call of one step.
#[derive(Clone, Debug)]
pub struct StepRequest {
    /// The step type.
    pub step_type: String,
    /// The component to run; none for the newest that offers the step type.
    pub plugin: Option<Digest>,
    /// Run or resume.
    pub call: Call,
    /// What the step knows.
    pub context: StepContext,
    /// Whether effects are real.
    pub mode: Mode,
}

/// Run from the beginning, or go on.
#[derive(Clone, Debug)]
pub enum Call {
    /// From the beginning.
    Run,
    /// After a wait or a checkpoint.
    Resume {
        /// What the step stored.
        state: Value,
        /// What ended the wait.
        wake: Wake,
    },
}

/// Whether a call may touch the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For real.
    Live,
    /// Nothing leaves the process: outgoing requests are answered with an empty 200 and only reported.
    DryRun,
}

/// What a step knows (`wit/types.wit`, `step-context`).
#[derive(Clone, Debug)]
pub struct StepContext {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The step.
    pub step_id: StepId,
    /// The visit.
    pub step_execution_id: StepExecutionId,
    /// 1 on the first try.
    pub attempt: u32,
    /// The same on every try of the visit.
    pub idempotency_key: String,
    /// When the step started.
    pub now: Timestamp,
    /// The step's configuration.
    pub config: Value,
    /// The contact, if the execution has one.
    pub contact: Option<Contact>,
    /// The execution's event data.
    pub event: Value,
    /// The execution's variables.
    pub variables: Value,
    /// The outputs of earlier steps, by name and by id.
    pub outputs: Value,
    /// Everything else (`wit/types.wit` lists it).
    pub about: Value,
}

/// What one call did.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The step's answer, or the failure that the host made of a trap, a limit or a denial.
    pub outcome: Outcome,
    /// What the step did through transactional capabilities; empty when it failed.
    pub effects: Vec<Effect>,
    /// The component that ran.
    pub plugin: Option<Digest>,
    /// What it logged, bounded.
    pub log: Vec<LogLine>,
    /// The outgoing requests it made, as `METHOD url` with the query taken off, bounded.
    pub requests: Vec<String>,
    /// Time spent in guest code, in milliseconds, at the resolution of the host's ticks.
    pub cpu_ms: u64,
    /// Whether the host had no room: the call did not happen and is to be put back, not failed.
    pub no_room: bool,
}

impl StepReport {
    /// A report of a call that did nothing but answer.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            effects: Vec::new(),
            plugin: None,
            log: Vec::new(),
            requests: Vec::new(),
            cpu_ms: 0,
            no_room: false,
        }
    }
}

/// One line a step logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn`, `error` or `critical`.
    pub level: &'static str,
    /// The text, bounded.
    pub message: String,
}

/// What a step type's component can touch, by its imports. Decides which steps may share a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touches {
    /// The world outside: whatever acts at once and cannot be taken back.
    pub outside: bool,
    /// Contacts, other than the one in its context.
    pub contacts: bool,
    /// Events that were stored.
    pub events: bool,
    /// The key-value store.
    pub keyvalue: bool,
}

impl Touches {
    /// What is assumed of a component of which nothing is known.
    pub const EVERYTHING: Self = Self { outside: true, contacts: true, events: true, keyvalue: true };
}

/// Runs steps. Implemented by `stepwell-host`, scripted in tests of the engine.
#[async_trait]
pub trait StepRunner: Send + Sync {
    /// Runs one call to its end, within the host's limits. It never panics and never fails: whatever goes wrong is a
    /// `failed` outcome with a stable code.
    async fn run(&self, request: StepRequest) -> StepReport;

    /// What the component of a step type can touch.
    fn touches(&self, _plugin: Option<Digest>, _workspace: WorkspaceId, _step_type: &str) -> Touches {
        Touches::EVERYTHING
    }

    /// The retry policy of a step type where a step brings none.
    fn default_retry(&self, plugin: Option<Digest>, workspace: WorkspaceId, step_type: &str) -> crate::RetryPolicy;
}

/// A stored credential. The secret stays in the host.
#[derive(Clone)]
pub struct Connection {
    /// Its name in the workspace.
    pub name: String,
    /// The secret value.
    pub secret: Vec<u8>,
    /// The host names it may be sent to.
    pub hosts: Vec<String>,
}

/// Whether an execution may start another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runnable {
    /// It may.
    Yes,
    /// There is no such workflow.
    Unknown,
    /// The workflow is switched off.
    Off,
    /// Too many executions started one another to come here.
    TooDeep,
}

/// The database could not answer.
#[derive(Debug, thiserror::Error)]
#[error("reading for a plugin")]
pub struct DataUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What the host reads on behalf of plugins. Implemented over the store by the engine, in memory in tests.
#[async_trait]
pub trait PluginData: Send + Sync {
    /// A contact of the workspace.
    async fn contact(&self, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, DataUnavailable>;

    /// A template of the workspace.
    async fn template(&self, workspace: WorkspaceId, id: TemplateId) -> Result<Option<Template>, DataUnavailable>;

    /// How many events of a name a contact has, all or since a time.
    async fn count_events(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        name: &str,
        since: Option<Timestamp>,
    ) -> Result<u64, DataUnavailable>;

    /// A value of the key-value store; `bucket` is `<step type>/<bucket>`.
    async fn value(&self, workspace: WorkspaceId, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, DataUnavailable>;

    /// Up to `limit` keys of a bucket after `after`, in order.
    async fn keys(
        &self,
        workspace: WorkspaceId,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, DataUnavailable>;

    /// A stored credential by name. `webhook-signing` always exists.
    async fn connection(&self, workspace: WorkspaceId, name: &str) -> Result<Option<Connection>, DataUnavailable>;

    /// Whether an execution may start another: of a workflow, or of a single step where none is named.
    async fn runnable(
        &self,
        workspace: WorkspaceId,
        by: ExecutionId,
        workflow: Option<DefinitionId>,
    ) -> Result<Runnable, DataUnavailable>;

    /// How an execution stands that another one started, `{executionId, status, output, reason}`; none if it did not.
    async fn child(
        &self,
        workspace: WorkspaceId,
        of: ExecutionId,
        id: ExecutionId,
    ) -> Result<Option<Value>, DataUnavailable>;
}
