//! Requests to a real server on this machine, which stands for the world.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;
use crate::bindings::stepwell::plugin::connections::Host as _;
use crate::options::Limits;
use crate::state::Run;
use crate::testing::Setup;

const LIMIT: Duration = Duration::from_secs(30);

/// What the server saw of one request.
struct Seen {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A server that records what it gets.
#[derive(Clone)]
struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let peer = Self { address, seen: Arc::default(), connections: Arc::default() };
        tokio::spawn(peer.clone().serve(listener));
        peer
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            self.connections.fetch_add(1, Ordering::SeqCst);
            let peer = self.clone();
            let service = service_fn(move |request| peer.clone().answer(request));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn answer(
        self,
        request: http::Request<hyper::body::Incoming>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        self.seen.lock().expect("seen").push(Seen { uri: parts.uri, headers: parts.headers, body });
        let (tx, rx) = tokio::sync::mpsc::channel(1);
        Ok(match path.as_str() {
            "/silent" => std::future::pending().await,
            "/redirect" => {
                let answer = Response::builder().status(302).header("location", "http://metadata.evil/latest");
                answer.body(Empty::new().boxed_unsync()).expect("an answer")
            }
            "/large" => Response::new(Full::new(Bytes::from(vec![b'x'; 2_000])).boxed_unsync()),
            "/endless" => {
                tokio::spawn(async move { while tx.send(Bytes::from(vec![b'x'; 600])).await.is_ok() {} });
                Response::new(Received(rx).boxed_unsync())
            }
            "/stalls" => {
                tokio::spawn(async move {
                    let _ = tx.send(Bytes::from_static(b"begun")).await;
                    tx.closed().await;
                });
                Response::new(Received(rx).boxed_unsync())
            }
            _ => Response::new(Full::new(Bytes::from_static(b"fine")).boxed_unsync()),
        })
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    fn count(&self) -> usize {
        self.seen.lock().expect("seen").len()
    }
}

/// A body that is sent piece by piece.
struct Received(tokio::sync::mpsc::Receiver<Bytes>);

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

fn body(content: impl Into<Bytes>) -> WasiBody {
    Full::new(content.into()).map_err(Error::from).boxed_unsync()
}

fn post(url: &str, content: &str) -> Request<WasiBody> {
    Request::post(url).body(body(content.to_owned())).expect("a request")
}

async fn send(run: &mut Run, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
    send_with(run, request, None).await
}

async fn send_with(
    run: &mut Run,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, Error> {
    let sent = run.outgoing.send_request(request, options, Box::new(std::future::ready(Ok(()))));
    Pin::from(sent).await.map(|(response, _)| response)
}

async fn text(response: Response<WasiBody>) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&response.into_body().collect().await?.to_bytes()).into_owned())
}

fn logged(run: &Run) -> String {
    run.log.take().into_iter().map(|line| line.message).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_request_goes_out_with_what_the_host_adds_and_is_reported_without_its_query() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    let url = peer.url("world.test", "/in?token=1");
    let response = send(&mut run, post(&url, "hello")).await.expect("an answer");
    assert_eq!(text(response).await.expect("a body"), "fine");
    let seen = peer.seen.lock().expect("seen").remove(0);
    assert_eq!((seen.uri.to_string().as_str(), &seen.body[..]), ("/in?token=1", &b"hello"[..]));
    assert_eq!(seen.headers["host"], format!("world.test:{}", peer.address.port()));
    assert_eq!(seen.headers["idempotency-key"], "visit-1");
    assert_eq!(seen.headers["content-length"], "5");
    assert!(seen.headers["user-agent"].to_str().is_ok_and(|agent| agent.starts_with("stepwell/")));
    assert_eq!(run.outgoing.take_made(), [format!("POST {}", peer.url("world.test", "/in"))]);
}

#[tokio::test]
async fn each_call_has_an_idempotency_key_of_its_own_unless_the_guest_sets_one() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    let url = peer.url("world.test", "/");
    send(&mut run, post(&url, "")).await.expect("an answer");
    let mut own = post(&url, "");
    own.headers_mut().insert(IDEMPOTENCY_KEY, HeaderValue::from_static("mine"));
    send(&mut run, own).await.expect("an answer");
    send(&mut run, post(&url, "")).await.expect("an answer");
    let seen = peer.seen.lock().expect("seen");
    let keys: Vec<_> = seen.iter().map(|seen| seen.headers["idempotency-key"].to_str().expect("text")).collect();
    assert_eq!(keys, ["visit-1", "mine", "visit-3"]);
}

#[tokio::test]
async fn requests_to_one_host_share_a_connection() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    for _ in 0..20 {
        let response = send(&mut run, post(&peer.url("world.test", "/"), "")).await.expect("an answer");
        text(response).await.expect("a body");
    }
    assert_eq!((peer.count(), peer.connections.load(Ordering::SeqCst)), (20, 1));
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_reports_what_it_would_have_sent() {
    let peer = Peer::start().await;
    let mut run = Setup { purpose: Purpose::DryRun, ..Setup::default() }.state().run;
    let response = send(&mut run, post(&peer.url("world.test", "/"), "hello")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await.expect("a body"), "{}");
    assert_eq!((peer.count(), run.outgoing.take_made().len()), (0, 1));
}

#[tokio::test]
async fn a_host_outside_the_grant_is_denied_with_the_cure() {
    let peer = Peer::start().await;
    let mut run = Setup { hosts: vec!["*.granted.test".into()], ..Setup::default() }.state().run;
    let denied = send(&mut run, post(&peer.url("other.test", "/"), "")).await;
    assert!(matches!(denied, Err(Error::HttpRequestDenied)));
    let log = logged(&run);
    assert!(log.contains("stepwell plugin grant abababababab wasi:http/outgoing-handler --scope other.test"), "{log}");
    assert_eq!((peer.count(), run.outgoing.take_made().len()), (0, 0));
    send(&mut run, post(&peer.url("a.granted.test", "/"), "")).await.expect("an answer");
}

#[tokio::test]
async fn no_name_and_no_address_leads_into_a_private_network() {
    let peer = Peer::start().await;
    let mut run = Setup { allowed: Vec::new(), ..Setup::default() }.state().run;
    for host in
        ["loop.evil", "metadata.evil", "mapped.evil", "127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"]
    {
        let refused = send(&mut run, post(&peer.url(host, "/"), "")).await;
        assert!(matches!(refused, Err(Error::DestinationIpProhibited)), "{host} {refused:?}");
        assert!(logged(&run).contains("STEPWELL_ALLOW_NETWORK="), "{host}");
    }
    assert_eq!(peer.count(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_its_target_is_checked_like_any_other() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    let response = send(&mut run, post(&peer.url("world.test", "/redirect"), "")).await.expect("an answer");
    assert_eq!((response.status().as_u16(), peer.count()), (302, 1));
    let target = response.headers()["location"].to_str().expect("a URL").to_owned();
    assert!(matches!(send(&mut run, post(&target, "")).await, Err(Error::DestinationIpProhibited)));
}

#[tokio::test]
async fn a_secret_goes_to_a_host_of_its_connection_and_nowhere_else() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    let token = run.placeholder("crm".into()).await.expect("no trap").expect("a placeholder");
    let with_token = |host: &str| {
        let mut request = post(&peer.url(host, "/"), &format!("{{\"key\":\"{token}\"}}"));
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a value");
        request.headers_mut().insert("authorization", bearer);
        request
    };
    send(&mut run, with_token("crm.test")).await.expect("an answer");
    assert!(matches!(send(&mut run, with_token("other.test")).await, Err(Error::HttpRequestDenied)));
    assert!(logged(&run).contains("does not allow the host other.test"));
    let seen = peer.seen.lock().expect("seen");
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (&seen[0].body[..], &seen[0].headers["authorization"]),
        (&b"{\"key\":\"s3cret\"}"[..], &HeaderValue::from_static("Bearer s3cret"))
    );
    assert_eq!(seen[0].headers["content-length"], "16");
}

#[tokio::test]
async fn bodies_are_bounded_both_ways() {
    let peer = Peer::start().await;
    let limits = Limits { http_request_body: 100, http_response_body: 1_000, ..Limits::default() };
    let mut run = Setup { limits, ..Setup::default() }.state().run;
    let large = send(&mut run, post(&peer.url("world.test", "/"), &"x".repeat(101))).await;
    assert!(matches!(large, Err(Error::HttpRequestBodySize(Some(100)))), "{large:?}");
    let mut declared = post(&peer.url("world.test", "/"), "");
    declared.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("101"));
    assert!(matches!(send(&mut run, declared).await, Err(Error::HttpRequestBodySize(Some(100)))));
    assert_eq!(peer.count(), 0);
    let large = send(&mut run, post(&peer.url("world.test", "/large"), "")).await;
    assert!(matches!(large, Err(Error::HttpResponseBodySize(Some(1_000)))), "{large:?}");
    let endless = send(&mut run, post(&peer.url("world.test", "/endless"), "")).await.expect("a head");
    assert!(matches!(text(endless).await, Err(Error::HttpResponseBodySize(Some(1_000)))));
}

#[tokio::test]
async fn a_run_s_requests_are_counted() {
    let peer = Peer::start().await;
    let limits = Limits { http_requests: 2, ..Limits::default() };
    let mut run = Setup { limits, ..Setup::default() }.state().run;
    for _ in 0..2 {
        send(&mut run, post(&peer.url("world.test", "/"), "")).await.expect("an answer");
    }
    let third = send(&mut run, post(&peer.url("world.test", "/"), "")).await;
    assert!(matches!(third, Err(Error::ConnectionLimitReached)));
    assert_eq!((peer.count(), run.outgoing.take_made().len()), (2, 2));
}

#[tokio::test]
async fn a_server_that_does_not_answer_or_go_on_is_given_up() {
    let peer = Peer::start().await;
    let mut run = Setup::default().state().run;
    let wait = Some(Duration::from_millis(50));
    let head = RequestOptions { connect_timeout: wait, first_byte_timeout: wait, between_bytes_timeout: None };
    let silent = send_with(&mut run, post(&peer.url("world.test", "/silent"), ""), Some(head)).await;
    assert!(matches!(silent, Err(Error::HttpResponseTimeout)), "{silent:?}");
    let gap = RequestOptions { between_bytes_timeout: wait, ..RequestOptions::default() };
    let stalls = send_with(&mut run, post(&peer.url("world.test", "/stalls"), ""), Some(gap)).await.expect("a head");
    assert!(matches!(text(stalls).await, Err(Error::ConnectionReadTimeout)));
}

#[tokio::test]
async fn what_went_wrong_is_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let mut run = Setup::default().state().run;
    let refused = send(&mut run, post(&format!("http://world.test:{free}/"), "")).await;
    assert!(matches!(refused, Err(Error::ConnectionRefused)), "{refused:?}");
    let unknown = send(&mut run, post("http://unknown.example/", "")).await;
    assert!(matches!(unknown, Err(Error::DnsError { .. })), "{unknown:?}");
    let peer = Peer::start().await;
    let no_tls = send(&mut run, post(&peer.url("world.test", "/").replace("http:", "https:"), "")).await;
    assert!(matches!(no_tls, Err(Error::TlsProtocolError)), "{no_tls:?}");
    let user = send(&mut run, post("http://user@world.test/", "")).await;
    assert!(matches!(user, Err(Error::HttpRequestUriInvalid)), "{user:?}");
    let tunnel = Request::connect("world.test:443").body(body("")).expect("a request");
    assert!(matches!(send(&mut run, tunnel).await, Err(Error::HttpRequestMethodInvalid)));
}

#[tokio::test]
async fn a_guest_that_is_only_asked_sends_nothing() {
    let peer = Peer::start().await;
    let mut run = Setup { purpose: Purpose::Ask, ..Setup::default() }.state().run;
    assert!(matches!(send(&mut run, post(&peer.url("world.test", "/"), "")).await, Err(Error::HttpRequestDenied)));
    assert_eq!(peer.count(), 0);
}

#[test]
fn a_guest_s_timeouts_are_held_between_a_millisecond_and_the_limit() {
    let waits = Waits::new(None, LIMIT);
    assert_eq!((waits.head, waits.gap), (LIMIT, LIMIT));
    let options = RequestOptions {
        connect_timeout: Some(Duration::ZERO),
        first_byte_timeout: Some(Duration::ZERO),
        between_bytes_timeout: Some(Duration::from_secs(600)),
    };
    let waits = Waits::new(Some(options), LIMIT);
    assert_eq!((waits.head, waits.gap), (Duration::from_millis(1), LIMIT));
}
