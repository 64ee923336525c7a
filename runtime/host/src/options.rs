//! What the host is started with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use stepwell_core::{Clock, IdSource, PluginData};

/// Everything the host needs from the server.
#[derive(Clone)]
pub struct HostOptions {
    /// Where compiled components are kept. Created if missing; nobody else may write there.
    pub cache_dir: PathBuf,
    /// Authenticates the compiled components and makes placeholders unguessable. Another key only means compiling again.
    pub server_key: [u8; 32],
    /// What plugins may read of the workspace.
    pub data: Arc<dyn PluginData>,
    /// Networks that plugins may reach although they are private.
    pub allow_network: Vec<IpNet>,
    /// The bounds of one run.
    pub limits: Limits,
    /// How many runs the pool has room for: 1,000 is a good number.
    pub slots: u32,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Where components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// In a child process, `<program> compile-component <in> <out>…`, which calls
    /// [`compile_child_main`](crate::compile_child_main): a component that makes the compiler slow or huge harms nobody.
    Child {
        /// The program; usually the server's own.
        program: PathBuf,
    },
    /// In this process: for tests.
    InProcess,
}

/// The bounds of one run. Whatever goes past one ends the run with a code of its own.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time in guest code, in milliseconds: `cpu-limit`. Waiting in the host costs none.
    pub cpu_ms: u64,
    /// Time altogether: `timeout`.
    pub wall: Duration,
    /// All linear memories together, in bytes, at most 256 MiB: `memory-limit`.
    pub memory: usize,
    /// All linear memories of all runs together, in bytes, at least `memory`. A run for which none is left is put back and
    /// runs later.
    pub all_memory: usize,
    /// Elements of all tables together: `memory-limit`.
    pub table_elements: usize,
    /// All that goes into a run as JSON text, in bytes: `input-limit`.
    pub input: usize,
    /// One JSON text of an outcome, in bytes: `output-limit`.
    pub output: usize,
    /// What one call may hand to the host, in bytes: `output-limit`.
    pub hostcall: usize,
    /// What is kept of a run's log, in bytes. More is cut, and nothing fails.
    pub log: usize,
    /// Everything that transactional capabilities buffer in one run, in bytes.
    pub effects: usize,
    /// Outgoing requests of one run.
    pub http_requests: u32,
    /// A request's body, in bytes.
    pub http_request_body: usize,
    /// A response's body, in bytes.
    pub http_response_body: u64,
    /// The longest wait for a response's head, and for each next piece of its body.
    pub http_timeout: Duration,
    /// Outgoing requests of one workspace at the same time; more wait.
    pub http_at_once: usize,
    /// The size of a component's file, in bytes.
    pub component: usize,
    /// The time for compiling one component.
    pub compile: Duration,
    /// Runs at the same time; none for a little below the number of slots.
    pub runs_at_once: Option<u32>,
    /// Runs of one workspace at the same time; none for three quarters of all.
    pub workspace_runs: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            cpu_ms: 500,
            wall: Duration::from_secs(60),
            memory: 64 * MIB,
            all_memory: 1024 * MIB,
            table_elements: 50_000,
            input: 8 * MIB,
            output: MIB,
            hostcall: 16 * MIB,
            log: 64 * 1024,
            effects: 16 * MIB,
            http_requests: 32,
            http_request_body: MIB,
            http_response_body: 4 * MIB as u64,
            http_timeout: Duration::from_secs(30),
            http_at_once: 256,
            component: 32 * MIB,
            compile: Duration::from_secs(60),
            runs_at_once: None,
            workspace_runs: None,
        }
    }
}
