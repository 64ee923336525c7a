//! Outgoing HTTP: one request, one answer, within a time and a size. Redirects are not followed: each hop is a request of its
//! own, which the host checks anew ([`Url::join`] resolves a `Location`).
//!
//! The host sends an `Idempotency-Key` with each request and refuses hosts that the plugin's grant does not cover.

mod error;
mod url;
#[cfg(target_arch = "wasm32")]
mod wasi;

use std::time::Duration;

use serde_json::Value;

pub use self::error::Error;
pub use self::url::Url;
#[cfg(target_arch = "wasm32")]
use self::wasi as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::http as host;

/// A request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to: `http` or `https`.
    pub url: Url,
    /// The headers, in order; a name may occur several times.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long everything together may take. The host has a limit of its own.
    pub timeout: Duration,
    /// How much of the answer's body to keep, in bytes. The rest is not read.
    pub body_limit: usize,
}

impl Request {
    /// A request without headers and body that may take 10 seconds and keeps 1 MiB of the answer.
    pub fn new(method: Method, url: Url) -> Self {
        let (timeout, body_limit) = (Duration::from_secs(10), 1024 * 1024);
        Self { method, url, headers: Vec::new(), body: Vec::new(), timeout, body_limit }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sets a JSON body and its content type.
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as much as was asked for.
    pub body: Vec<u8>,
    /// Whether the body was longer.
    pub truncated: bool,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 become replacement characters.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `None` when it is none or was truncated.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok().filter(|_| !self.truncated)
    }
}

/// Sends a request and waits for the whole answer. An answer of any status is `Ok`.
pub fn send(request: &Request) -> Result<Response, Error> {
    host::send(request)
}
