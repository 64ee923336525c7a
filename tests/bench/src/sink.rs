//! Where webhooks go: a minimal HTTP server that answers 200 at once and counts. If told to, it keeps when what arrived.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// The server. It runs as long as the runtime.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    received: AtomicU64,
    connections: AtomicU64,
    keeps: AtomicBool,
    arrivals: Mutex<HashMap<u64, Instant>>,
}

impl Inner {
    fn arrivals(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// Starts on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the sink")?;
        let sink = Self { port: listener.local_addr()?.port(), inner: Arc::default() };
        tokio::spawn(accept(listener, sink.inner.clone()));
        Ok(sink)
    }

    /// Where to send to.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests came.
    pub(crate) fn received(&self) -> u64 {
        self.inner.received.load(Ordering::Relaxed)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u64 {
        self.inner.connections.load(Ordering::Relaxed)
    }

    /// From now on keeps when which number arrived.
    pub(crate) fn keep_arrivals(&self) {
        self.inner.keeps.store(true, Ordering::Relaxed);
    }

    /// What arrived since the last call, by the number in its body.
    pub(crate) fn take_arrivals(&self) -> HashMap<u64, Instant> {
        std::mem::take(&mut self.inner.arrivals())
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        inner.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(serve(stream, inner.clone()));
    }
}

async fn serve(stream: TcpStream, inner: Arc<Inner>) {
    let nodelay = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, inner.clone()));
    // A client that goes away is no error.
    drop((nodelay, http1::Builder::new().serve_connection(TokioIo::new(stream), service).await));
}

async fn answer(request: Request<Incoming>, inner: Arc<Inner>) -> Result<Response<Full<Bytes>>, Infallible> {
    let at = Instant::now();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    inner.received.fetch_add(1, Ordering::Relaxed);
    if inner.keeps.load(Ordering::Relaxed)
        && let Some(number) = number(&body)
    {
        inner.arrivals().insert(number, at);
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"{\"ok\":true}"))))
}

/// The value of the first member `n` that is a number.
fn number(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let rest = text.split_once("\"n\":")?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_the_number_in_its_body() {
        assert_eq!(number(br#"{"contact":{"data":{"n":17,"plan":"free"}}}"#), Some(17));
        assert_eq!(number(br#"{"n":"x"}"#), None);
    }
}
