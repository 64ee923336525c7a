//! One request and its answer: the body collected and completed, sent, and the answer bounded in size and time.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::egress::{DnsFailed, Refused};
use crate::log::RunLog;
use crate::placeholder::Placeholders;
use crate::state::{Facts, Purpose, Services, refuse};

/// What wasi-http wants for a request: the answer, and work that goes on beside it, of which there is none.
pub(crate) type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// For the head of the answer, with everything before it.
    pub(crate) head: Duration,
    /// For each next piece of the body.
    pub(crate) gap: Duration,
}

/// A request that was admitted.
pub(crate) struct Exchange {
    pub(crate) services: Arc<Services>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) log: RunLog,
    pub(crate) placeholders: Arc<Placeholders>,
    pub(crate) waits: Waits,
    pub(crate) named: String,
    pub(crate) parts: http::request::Parts,
    pub(crate) body: WasiBody,
}

impl Exchange {
    pub(crate) async fn run(self) -> Result<Sent, Error> {
        let (log, named) = (self.log.clone(), self.named.clone());
        let answer = timeout(self.waits.head, self.send()).await.unwrap_or(Err(Error::HttpResponseTimeout));
        match answer {
            Ok(response) => Ok((response, Box::new(std::future::ready(Ok(()))))),
            Err(error) => {
                log.write("warn", &format!("{named}: {error}"));
                Err(error)
            }
        }
    }

    async fn send(self) -> Result<Response<WasiBody>, Error> {
        let Self { services, facts, log, placeholders, waits, mut parts, body, .. } = self;
        let share = services.http.share(facts.workspace).acquire_owned().await;
        let permit = share.map_err(|_| Error::ConnectionLimitReached)?;
        let mut body = collect(body, services.limits.http_request_body).await?;
        placeholders.fill(&mut parts.uri, &mut parts.headers, &mut body).map_err(|reason| {
            refuse(&log, &facts, &reason);
            Error::HttpRequestDenied
        })?;
        if facts.purpose != Purpose::Live {
            return Ok(empty_answer());
        }
        let request = Request::from_parts(parts, Full::new(body));
        let response = services.http.send(request).await.map_err(|error| {
            let (code, reason) = explain(&error);
            if let Some(reason) = reason {
                refuse(&log, &facts, &reason);
            }
            code
        })?;
        bounded(response, services.limits.http_response_body, waits.gap, permit)
    }
}

/// What a dry run answers to every request.
fn empty_answer() -> Response<WasiBody> {
    let body = Full::new(Bytes::from_static(b"{}")).map_err(Error::from).boxed_unsync();
    let mut response = Response::new(body);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

async fn collect(mut body: WasiBody, most: usize) -> Result<Bytes, Error> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if collected.len() + data.len() > most {
            return Err(Error::HttpRequestBodySize(Some(most as u64)));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

fn bounded(
    response: Response<Incoming>,
    most: u64,
    gap: Duration,
    permit: OwnedSemaphorePermit,
) -> Result<Response<WasiBody>, Error> {
    if response.body().size_hint().lower() > most {
        return Err(Error::HttpResponseBodySize(Some(most)));
    }
    Ok(response.map(|inner| Bounded { inner, left: most, most, gap, timer: None, _permit: permit }.boxed_unsync()))
}

/// A body that ends with an error when it is too large or stands still for too long.
struct Bounded<B> {
    inner: B,
    left: u64,
    most: u64,
    gap: Duration,
    /// Runs while the next piece is awaited.
    timer: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Bounded<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.timer = None;
            return Poll::Ready(frame.map(|frame| this.count(frame.map_err(|error| explain(&error).0)?)));
        }
        let gap = this.gap;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + gap)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Bounded<B> {
    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Error> {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.left = self.left.checked_sub(length).ok_or(Error::HttpResponseBodySize(Some(self.most)))?;
        Ok(frame)
    }
}

/// The code that the guest gets for what the client says, and a refusal to log.
fn explain(error: &(dyn StdError + 'static)) -> (Error, Option<String>) {
    let causes = || std::iter::successors(Some(error), |&cause| inner(cause));
    if let Some(refused) = causes().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return (Error::DestinationIpProhibited, Some(refused.to_string()));
    }
    (causes().filter_map(code_of).last().unwrap_or(Error::HttpProtocolError), None)
}

/// The cause of an error; for one of I/O that only wraps another, that other.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
}

/// The code of one error in a chain, if it says something.
fn code_of(error: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(failed) = error.downcast_ref::<DnsFailed>() {
        return Some(Error::DnsError { rcode: Some(failed.to_string()), info_code: None });
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Error::TlsCertificateError,
            rustls::Error::AlertReceived(alert) => {
                Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
            }
            _ => Error::TlsProtocolError,
        });
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_timeout() {
            Some(Error::HttpResponseTimeout)
        } else if error.is_incomplete_message() {
            Some(Error::HttpResponseIncomplete)
        } else {
            None
        };
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        io::ErrorKind::TimedOut => Some(Error::ConnectionTimeout),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Error::ConnectionTerminated),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some(Error::DestinationUnavailable),
        _ => None,
    }
}
