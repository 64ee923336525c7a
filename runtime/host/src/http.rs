//! `wasi:http/outgoing-handler`: what a guest's request goes through before it leaves, over one client that all runs share.
//!
//! In order: count, method, URL, grant, address, placeholders, idempotency key, size; then the client, whose resolver drops
//! refused addresses. Redirects are answers like any other: the guest makes a new request, which is checked anew.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST, TE, TRAILER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use stepwell_core::Connection;
use uuid::Uuid;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use crate::exchange::{Exchange, Sent, Waits};
use crate::grant::{Grants, Import};
use crate::log::{RunLog, cut};
use crate::placeholder::Placeholders;
use crate::state::{Facts, Purpose, Services, refuse};

pub(crate) use crate::client::HttpClient;

/// The longest URL in a report, in bytes.
const MAX_REPORTED_URL: usize = 2 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The requests of one run.
pub(crate) struct Outgoing {
    services: Arc<Services>,
    facts: Arc<Facts>,
    grants: Arc<Grants>,
    log: RunLog,
    placeholders: Arc<Placeholders>,
    /// Makes the run's placeholders its own; made with the first.
    nonce: Option<Uuid>,
    calls: u32,
    made: Vec<String>,
}

impl Outgoing {
    pub(crate) fn new(services: Arc<Services>, facts: Arc<Facts>, grants: Arc<Grants>, log: RunLog) -> Self {
        Self { services, facts, grants, log, placeholders: Arc::default(), nonce: None, calls: 0, made: Vec::new() }
    }

    /// What the guest puts into a request in the place of the connection's secret; none when it has too many.
    pub(crate) fn placeholder(&mut self, connection: Connection) -> Option<String> {
        let services = &self.services;
        let nonce = *self.nonce.get_or_insert_with(|| services.ids.next(services.clock.now()));
        Arc::make_mut(&mut self.placeholders).add(&services.server_key, nonce.as_bytes(), connection)
    }

    /// The requests made, as `METHOD url` without the query.
    pub(crate) fn take_made(&mut self) -> Vec<String> {
        std::mem::take(&mut self.made)
    }

    /// Everything that can be checked before the body is there.
    fn admit(&mut self, request: Request<WasiBody>, options: Option<RequestOptions>) -> Result<Exchange, Error> {
        self.count()?;
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::CONNECT {
            return Err(Error::HttpRequestMethodInvalid);
        }
        let host = self.check_target(&parts.uri)?;
        let declared = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let most = self.services.limits.http_request_body;
        if declared.is_some_and(|length| length > most as u64) {
            self.refuse(&format!("a request body may have {most} bytes at most"));
            return Err(Error::HttpRequestBodySize(Some(most as u64)));
        }
        self.complete(&mut parts.headers)?;
        let url =
            format!("{}://{}{}", parts.uri.scheme_str().unwrap_or("https"), authority(&parts.uri), parts.uri.path());
        let named = format!("{} {}", parts.method, cut(&url, MAX_REPORTED_URL));
        self.made.push(named.clone());
        tracing::debug!(workspace = %self.facts.workspace, host, request = named, "a plugin sends a request");
        Ok(Exchange {
            services: self.services.clone(),
            facts: self.facts.clone(),
            log: self.log.clone(),
            placeholders: self.placeholders.clone(),
            waits: Waits::new(options, self.services.limits.http_timeout),
            named,
            parts,
            body,
        })
    }

    fn count(&mut self) -> Result<(), Error> {
        let most = self.services.limits.http_requests;
        if self.facts.purpose == Purpose::Ask {
            self.refuse("a plugin that describes or validates may send no requests");
            return Err(Error::HttpRequestDenied);
        }
        if self.calls >= most {
            self.refuse(&format!("a run may send {most} requests at most; use a checkpoint and go on in the next run"));
            return Err(Error::ConnectionLimitReached);
        }
        self.calls += 1;
        Ok(())
    }

    fn check_target(&self, uri: &http::Uri) -> Result<String, Error> {
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let host = authority.host();
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(Error::HttpRequestUriInvalid);
        }
        if !self.grants.reaches(host) {
            let cure = Import::Http.cure(self.facts.digest, Some(host));
            self.refuse(&format!("requests to {host} are outside the plugin's grant. To grant it: {cure}"));
            return Err(Error::HttpRequestDenied);
        }
        self.services.http.policy().check_literal(host).map_err(|refused| {
            self.refuse(&refused.to_string());
            Error::DestinationIpProhibited
        })?;
        Ok(host.to_owned())
    }

    /// The headers that the host sets: framing is the client's business.
    fn complete(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        for name in [CONTENT_LENGTH, HOST, TE, TRAILER] {
            headers.remove(name);
        }
        if !headers.contains_key(IDEMPOTENCY_KEY) {
            let key = format!("{}-{}", self.facts.call_key, self.calls);
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::try_from(key).map_err(|_| Error::HttpProtocolError)?);
        }
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("stepwell/", env!("CARGO_PKG_VERSION"))));
        Ok(())
    }

    fn refuse(&self, reason: &str) {
        refuse(&self.log, &self.facts, reason);
    }
}

fn authority(uri: &http::Uri) -> &str {
    uri.authority().map_or("", http::uri::Authority::as_str)
}

impl WasiHttpHooks for Outgoing {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    /// The client sets it where the protocol has it.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        match self.admit(request, options) {
            Ok(exchange) => Box::new(exchange.run()),
            Err(error) => Box::new(std::future::ready(Err(error))),
        }
    }
}

impl Waits {
    /// What the guest asks for, within 1 ms and the limit.
    fn new(options: Option<RequestOptions>, limit: Duration) -> Self {
        let options = options.unwrap_or_default();
        let within = |wish: Option<Duration>| wish.unwrap_or(limit).clamp(Duration::from_millis(1), limit);
        let head = match (options.connect_timeout, options.first_byte_timeout) {
            (Some(connect), Some(first_byte)) => connect.saturating_add(first_byte),
            _ => limit,
        };
        Self { head: within(Some(head)), gap: within(options.between_bytes_timeout) }
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
