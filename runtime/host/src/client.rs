//! The HTTP client that all runs share: connections are kept alive and reused, HTTP/2 where the other side offers it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use stepwell_core::WorkspaceId;
use tokio::sync::Semaphore;

use crate::egress::{AddressPolicy, GuardedResolver, Resolve};
use crate::error::HostError;

/// How long an idle connection is kept.
const KEEP_IDLE: Duration = Duration::from_secs(30);

/// How many idle connections to one host are kept.
const IDLE_PER_HOST: usize = 64;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Above this many workspaces, those without requests are forgotten.
const MANY_WORKSPACES: usize = 1_000;

type Connector = HttpsConnector<HttpConnector<GuardedResolver>>;

/// The client, what it may reach, and each workspace's share of it.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: Client<Connector, Full<Bytes>>,
    policy: Arc<AddressPolicy>,
    shares: Arc<Shares>,
}

struct Shares {
    at_once: usize,
    by_workspace: Mutex<HashMap<WorkspaceId, Arc<Semaphore>>>,
}

impl HttpClient {
    pub(crate) fn new(policy: AddressPolicy, resolver: Arc<dyn Resolve>, at_once: usize) -> Result<Self, HostError> {
        let policy = Arc::new(policy);
        let mut http = HttpConnector::new_with_resolver(GuardedResolver::new(resolver, policy.clone()));
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| HostError::HttpClient(Box::new(error)))?
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(connector);
        let shares = Arc::new(Shares { at_once: at_once.max(1), by_workspace: Mutex::default() });
        Ok(Self { client, policy, shares })
    }

    pub(crate) fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// Sends a request; the answer's body is still to come.
    pub(crate) fn send(&self, request: http::Request<Full<Bytes>>) -> hyper_util::client::legacy::ResponseFuture {
        self.client.request(request)
    }

    /// The permits of one workspace.
    pub(crate) fn share(&self, workspace: WorkspaceId) -> Arc<Semaphore> {
        let mut shares = self.shares.by_workspace.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= MANY_WORKSPACES {
            shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        shares.entry(workspace).or_insert_with(|| Arc::new(Semaphore::new(self.shares.at_once))).clone()
    }
}
