//! What a store holds while one run lasts. It is dropped with the run: nothing survives from one to the next.

use std::sync::Arc;

use stepwell_core::{
    Clock, ContactId, DataUnavailable, Digest, ExecutionId, IdSource, Mode, PluginData, StepExecutionId, Timestamp,
    WorkspaceId,
};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::effects::Effects;
use crate::grant::{Grants, Import};
use crate::http::{HttpClient, Outgoing};
use crate::limits::{Limiter, MemoryBudget, Stop};
use crate::log::{RunLog, Stream};
use crate::options::Limits;
use crate::registry::Registry;
use crate::stdio::GuestStream;

/// The most handles a guest may hold.
const MAX_HANDLES: usize = 1_000;

/// The most random bytes a guest gets at once.
const MAX_RANDOM: u64 = 1024 * 1024;

/// What all runs share.
pub(crate) struct Services {
    pub(crate) data: Arc<dyn PluginData>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) server_key: [u8; 32],
    pub(crate) limits: Limits,
    /// What all runs may have of linear memory together.
    pub(crate) memory: Arc<MemoryBudget>,
    pub(crate) http: HttpClient,
    /// The plugins in use.
    pub(crate) registry: Registry,
}

/// What is fixed about a run before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) workspace: WorkspaceId,
    pub(crate) digest: Digest,
    pub(crate) step_type: String,
    pub(crate) execution: ExecutionId,
    pub(crate) step_execution: StepExecutionId,
    pub(crate) contact: Option<ContactId>,
    /// Names this call towards other systems: the same when it is made again after a crash.
    pub(crate) call_key: String,
    /// As `call_key`, for the ids of messages.
    pub(crate) message_key: String,
    pub(crate) now: Timestamp,
    pub(crate) purpose: Purpose,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run a step for real.
    Live,
    /// To show what a step would do.
    DryRun,
    /// To describe or validate, which may use no capability.
    Ask,
}

impl From<Mode> for Purpose {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Live => Self::Live,
            Mode::DryRun => Self::DryRun,
        }
    }
}

/// What capabilities work on: one run's facts, and what it did so far.
pub(crate) struct Run {
    pub(crate) services: Arc<Services>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) log: RunLog,
    pub(crate) effects: Effects,
    /// What is followed beside the branch of the completion.
    pub(crate) branches: Vec<String>,
    pub(crate) outgoing: Outgoing,
}

impl Run {
    fn new(services: Arc<Services>, facts: Facts, grants: Arc<Grants>) -> Self {
        let facts = Arc::new(facts);
        let log = RunLog::new(services.limits.log);
        let effects = Effects::new(services.limits.effects);
        let outgoing = Outgoing::new(services.clone(), facts.clone(), grants.clone(), log.clone());
        Self { services, facts, grants, log, effects, branches: Vec::new(), outgoing }
    }

    /// Refuses every capability to a guest that is only asked something.
    pub(crate) fn allow(&self, import: Import) -> wasmtime::Result<()> {
        match self.facts.purpose {
            Purpose::Live | Purpose::DryRun => Ok(()),
            Purpose::Ask => Err(Stop::Denied { import: import.name() }.into()),
        }
    }

    /// Logs, for the author and for the operator, that something was refused and how to allow it.
    pub(crate) fn refuse(&self, reason: &str) {
        refuse(&self.log, &self.facts, reason);
    }

    /// Logs, for the operator alone, that the database did not answer.
    pub(crate) fn unavailable(&self, error: &DataUnavailable) {
        let (workspace, step_type) = (self.facts.workspace, &self.facts.step_type);
        tracing::warn!(%workspace, step_type, error = error as &dyn std::error::Error, "reading for a plugin failed");
    }
}

/// The data of one store.
pub(crate) struct RunState {
    pub(crate) run: Run,
    pub(crate) limiter: Limiter,
    pub(crate) table: ResourceTable,
    streams: [GuestStream; 2],
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

impl RunState {
    pub(crate) fn new(services: Arc<Services>, facts: Facts, grants: Arc<Grants>) -> Self {
        let limiter = Limiter::new(services.memory.clone(), services.limits.memory, services.limits.table_elements);
        let run = Run::new(services, facts, grants);
        let streams = [Stream::Output, Stream::Error].map(|stream| GuestStream::new(run.log.clone(), stream));
        let wasi = WasiCtxBuilder::new()
            .stdout(streams[0].clone())
            .stderr(streams[1].clone())
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(MAX_RANDOM)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self { run, limiter, table, streams, wasi, http: WasiHttpCtx::new() }
    }

    /// What the run did, with what was written without a line break at the end.
    pub(crate) fn into_run(self) -> Run {
        self.streams.iter().for_each(GuestStream::finish);
        self.run
    }
}

/// Logs that something was refused and how to allow it.
pub(crate) fn refuse(log: &RunLog, facts: &Facts, reason: &str) {
    log.refuse(reason);
    tracing::warn!(workspace = %facts.workspace, step_type = facts.step_type, plugin = %facts.digest, "{reason}");
}

impl WasiView for RunState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for RunState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.run.outgoing }
    }
}
