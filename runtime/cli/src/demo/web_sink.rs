//! A web server that takes every request and shows it.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The largest body that is taken.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A request that arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReceivedRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// The body as JSON, or as a text if it is none.
    pub(crate) body: Value,
}

/// Starts on a free port of this machine. Requests come out of the channel; it ends with the process.
pub(crate) async fn start() -> Result<(SocketAddr, mpsc::UnboundedReceiver<ReceivedRequest>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("starting the webhook sink")?;
    let address = listener.local_addr().context("asking for the webhook sink's port")?;
    let (to, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let to = to.clone();
            let service = service_fn(move |request| take(request, to.clone()));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok((address, received))
}

async fn take(
    request: Request<Incoming>,
    to: mpsc::UnboundedSender<ReceivedRequest>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return Ok(answer(StatusCode::PAYLOAD_TOO_LARGE, r#"{"received":false}"#));
    };
    let body = body.to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let received = ReceivedRequest {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    };
    // Nobody waits for it any more when the demo ends.
    let _ = to.send(received);
    Ok(answer(StatusCode::OK, r#"{"received":true}"#))
}

fn answer(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_comes_out_as_it_was_sent() {
        let (address, mut received) = start().await.expect("sink");
        let client = reqwest::Client::new();
        let request = client.post(format!("http://{address}/hook?x=1")).header("webhook-id", "msg_1");
        let answer = request.json(&serde_json::json!({ "a": 1 })).send().await.expect("answer");
        assert_eq!(answer.status(), 200);
        let got = received.recv().await.expect("a request");
        assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", "/hook"));
        assert_eq!(got.headers.get("webhook-id").and_then(|id| id.to_str().ok()), Some("msg_1"));
        assert_eq!(got.body, serde_json::json!({ "a": 1 }));
    }
}
