//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use stepwell_core::{PluginHost, Timestamp};
use stepwell_engine::Engine;
use stepwell_store::Store;

use crate::auth::Keys;
use crate::gate::Gate;
use crate::limit::{Limiter, RateLimits};

/// How the HTTP surfaces behave. `Default` is fit for a small server.
#[derive(Clone)]
pub struct ApiOptions {
    /// The largest body of most routes, in bytes.
    pub body_limit: usize,
    /// The largest body of `/v1/send`, in bytes.
    pub send_limit: usize,
    /// The largest component that can be installed, in bytes.
    pub plugin_limit: usize,
    /// How many bytes of bodies may be in memory at once. At least the largest of the limits above.
    pub body_budget: usize,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long a request may take that is long work: installing a plugin.
    pub long_request_timeout: Duration,
    /// How many requests are worked on at once; more are answered with 503.
    pub max_requests: usize,
    /// How many connections are open at once; more wait.
    pub max_connections: usize,
    /// How often a live stream shows that it is alive, and looks whether its key is still valid.
    pub stream_beat: Duration,
    /// How long a live stream goes on after the end of its execution, in case that is taken up again.
    pub stream_linger: Duration,
    /// Rate limits for each workspace.
    pub rate_limits: RateLimits,
    /// Where the numbers of `/metrics` come from; without it the route is 404.
    pub metrics: Option<PrometheusHandle>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            send_limit: 15 * 1024 * 1024,
            plugin_limit: 32 * 1024 * 1024,
            body_budget: 64 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            long_request_timeout: Duration::from_secs(300),
            max_requests: 1024,
            max_connections: 8192,
            stream_beat: Duration::from_secs(15),
            stream_linger: Duration::from_secs(30),
            rate_limits: RateLimits::default(),
            metrics: None,
        }
    }
}

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    engine: Engine,
    options: ApiOptions,
    keys: Keys,
    limiter: Limiter,
    gate: Gate,
    ready: AtomicBool,
}

impl ApiState {
    /// The state over an engine. Not ready until [`set_ready`](Self::set_ready).
    pub fn new(engine: Engine, options: ApiOptions) -> Self {
        let keys = Keys::new(engine.store().clone());
        let limiter = Limiter::new(options.rate_limits);
        let gate = Gate::new(options.max_requests, options.body_budget);
        Self(Arc::new(Inner { engine, options, keys, limiter, gate, ready: AtomicBool::new(false) }))
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The database.
    pub fn store(&self) -> &Store {
        self.0.engine.store()
    }

    /// The plugin host.
    pub fn plugins(&self) -> &Arc<dyn PluginHost> {
        self.0.engine.plugins()
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    /// A new id of any kind.
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        self.0.engine.ids().next(self.now()).into()
    }

    /// How the surfaces behave.
    pub fn options(&self) -> &ApiOptions {
        &self.0.options
    }

    /// Says whether `/ready` answers 200: once plugins are loaded, and not any more when the server stops.
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }
}
