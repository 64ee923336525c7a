//! A real HTTP server that webhooks go to: it records each request and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// The body as JSON; null if it is not.
    pub body: Value,
}

impl Received {
    /// A header as text; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How one request is answered.
#[derive(Clone, Debug)]
pub struct Script {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// How long the answer is held back.
    pub delay: Duration,
}

impl Script {
    /// An answer at once.
    pub fn of(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// After a while.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    scripts: VecDeque<Script>,
}

type Shared = (Arc<Mutex<Inner>>, Arc<watch::Sender<Held>>);

/// The server. It answers `200 {"ok":true}` where no script is left.
#[derive(Clone)]
pub struct HttpPeer {
    address: String,
    inner: Arc<Mutex<Inner>>,
    held: Arc<watch::Sender<Held>>,
}

/// Which requests are not answered for now.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    None,
    All,
    Path(String),
}

impl Held {
    fn holds(&self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Path(held) => held == path,
        }
    }
}

impl HttpPeer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::<Mutex<Inner>>::default();
        let held = Arc::new(watch::Sender::new(Held::None));
        let router = Router::new().fallback(answer).with_state((inner.clone(), held.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inner, held }
    }

    /// Answers nothing from now on, until [`release`](Self::release).
    pub fn hold(&self) {
        self.held.send_replace(Held::All);
    }

    /// Answers nothing at this path from now on, and what was held back elsewhere.
    pub fn hold_only(&self, path: &str) {
        self.held.send_replace(Held::Path(path.to_owned()));
    }

    /// Answers what was held back, and everything from now on.
    pub fn release(&self) {
        self.held.send_replace(Held::None);
    }

    /// An absolute URL of this server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Answers the next request like this.
    pub fn script(&self, script: Script) {
        self.inner.lock().expect("peer").scripts.push_back(script);
    }

    /// What arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.inner.lock().expect("peer").received.clone()
    }

    /// Waits until this many requests have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        crate::eventually(&format!("{count} requests at the HTTP peer"), || async {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

async fn answer(
    State((inner, held)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let script = {
        let mut inner = inner.lock().expect("peer");
        inner.received.push(Received {
            method: method.to_string(),
            path: path.clone(),
            headers,
            raw: body.to_vec(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        });
        inner.scripts.pop_front().unwrap_or_else(|| Script::of(200, r#"{"ok":true}"#))
    };
    tokio::time::sleep(script.delay).await;
    // The sender lives in the state of this server, so it cannot be gone.
    let _ = held.subscribe().wait_for(|held| !held.holds(&path)).await;
    let mut response = (StatusCode::from_u16(script.status).expect("a status"), script.body).into_response();
    for (name, value) in script.headers {
        let name = axum::http::HeaderName::try_from(name).expect("a header name");
        response.headers_mut().insert(name, value.parse().expect("a header value"));
    }
    response
}
