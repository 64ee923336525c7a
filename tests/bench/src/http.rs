//! A cheap HTTP/1.1 client: one connection, kept alive, one request at a time. The driver must not be the bound.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to a server. One that the server has closed, for it was idle for long, is opened anew.
pub(crate) struct Caller {
    send: SendRequest<Full<Bytes>>,
    address: String,
    host: HeaderValue,
    authorization: HeaderValue,
}

impl Caller {
    /// Connects to `http://<address>:<port>`.
    pub(crate) async fn connect(url: &str, key: &str) -> Result<Self> {
        let address = url.trim_start_matches("http://");
        let send = open(address).await?;
        let (host, authorization) = (HeaderValue::from_str(address)?, HeaderValue::from_str(&format!("Bearer {key}"))?);
        Ok(Self { send, address: address.to_owned(), host, authorization })
    }

    pub(crate) async fn post(&mut self, path: &str, json: Bytes) -> Result<(StatusCode, Bytes)> {
        self.call(Method::POST, path, json).await
    }

    pub(crate) async fn patch(&mut self, path: &str, json: Bytes) -> Result<(StatusCode, Bytes)> {
        self.call(Method::PATCH, path, json).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes)> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse()?;
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.send.ready().await.is_err() {
            self.send = open(&self.address).await?;
        }
        let response = self.send.send_request(request).await.with_context(|| format!("calling {path}"))?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

async fn open(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    let (send, connection) = handshake(TokioIo::new(stream)).await?;
    // How it ends is told to the requests.
    tokio::spawn(async move { drop(connection.await) });
    Ok(send)
}
