//! Sending by `wasi:http`: build the request, write the body, wait for the head, read the body, all before one deadline.

use super::{Error, Method, Request, Response};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    self as wire, ErrorCode, Fields, IncomingResponse, OutgoingBody, OutgoingRequest, RequestOptions,
};
use crate::bindings::wasi::io::poll::{Pollable, poll};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// How much of a body is asked for at once.
const CHUNK: u64 = 64 * 1024;

pub(super) fn send(request: &Request) -> Result<Response, Error> {
    let nanos = u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX).max(1_000_000);
    let deadline = monotonic_clock::subscribe_duration(nanos);
    let outgoing = build(request)?;
    let body = if request.body.is_empty() { None } else { Some(outgoing.body().map_err(|()| internal())?) };
    let answer = outgoing_handler::handle(outgoing, Some(options(nanos)))?;
    if let Some(body) = body {
        write(body, &request.body, &deadline)?;
    }
    wait(&answer.subscribe(), &deadline)?;
    let response = answer.get().and_then(Result::ok).ok_or_else(internal)??;
    read(&response, request.body_limit, &deadline)
}

fn build(request: &Request) -> Result<OutgoingRequest, Error> {
    let outgoing = OutgoingRequest::new(headers(request)?);
    let scheme = if request.url.is_secure() { wire::Scheme::Https } else { wire::Scheme::Http };
    outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(request.url.authority())))
        .and_then(|()| outgoing.set_path_with_query(Some(request.url.path_and_query())))
        .map_err(|()| Error::Invalid(format!("the host does not take the URL {}", request.url)))?;
    Ok(outgoing)
}

fn headers(request: &Request) -> Result<Fields, Error> {
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|_| Error::Invalid(format!("the header {name} is malformed or belongs to the host")))?;
    }
    if !request.body.is_empty() {
        let length = request.body.len().to_string();
        fields
            .append("content-length", length.as_bytes())
            .map_err(|_| Error::Invalid("the length is refused".to_owned()))?;
    }
    Ok(fields)
}

fn method(method: Method) -> wire::Method {
    match method {
        Method::Get => wire::Method::Get,
        Method::Head => wire::Method::Head,
        Method::Post => wire::Method::Post,
        Method::Put => wire::Method::Put,
        Method::Patch => wire::Method::Patch,
        Method::Delete => wire::Method::Delete,
        Method::Options => wire::Method::Options,
    }
}

/// A host may refuse single timeouts; the deadline holds all the same.
fn options(nanos: u64) -> RequestOptions {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(nanos));
    let _ = options.set_first_byte_timeout(Some(nanos));
    let _ = options.set_between_bytes_timeout(Some(nanos));
    options
}

/// Writes the body. A peer that stops reading may have answered already: what it says is better than that it hung up.
fn write(body: OutgoingBody, bytes: &[u8], deadline: &Pollable) -> Result<(), Error> {
    let stream = body.write().map_err(|()| internal())?;
    let written = write_all(&stream, bytes, deadline)?;
    drop(stream);
    if written {
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(())
}

/// Whether all was written.
fn write_all(stream: &OutputStream, mut bytes: &[u8], deadline: &Pollable) -> Result<bool, Error> {
    let ready = stream.subscribe();
    while !bytes.is_empty() {
        wait(&ready, deadline)?;
        let Ok(room) = stream.check_write() else { return Ok(false) };
        let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        if !now.is_empty() && stream.write(now).is_err() {
            return Ok(false);
        }
        bytes = later;
    }
    if stream.flush().is_err() {
        return Ok(false);
    }
    wait(&ready, deadline)?;
    Ok(stream.check_write().is_ok())
}

fn read(response: &IncomingResponse, limit: usize, deadline: &Pollable) -> Result<Response, Error> {
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()));
    let headers = headers.collect();
    let body = response.consume().map_err(|()| internal())?;
    let stream = body.stream().map_err(|()| internal())?;
    let (body, truncated) = read_all(&stream, limit, deadline)?;
    Ok(Response { status: response.status(), headers, body, truncated })
}

/// Up to `limit` bytes, and whether there was more.
fn read_all(stream: &InputStream, limit: usize, deadline: &Pollable) -> Result<(Vec<u8>, bool), Error> {
    let ready = stream.subscribe();
    let mut body = Vec::new();
    loop {
        wait(&ready, deadline)?;
        match stream.read(CHUNK) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => return Ok((body, false)),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(wire::http_error_code(&error)
                    .map_or_else(|| Error::BadAnswer("it broke off".to_owned()), Error::from));
            }
        }
        if body.len() > limit {
            body.truncate(limit);
            return Ok((body, true));
        }
    }
}

fn wait(ready: &Pollable, deadline: &Pollable) -> Result<(), Error> {
    if poll(&[ready, deadline]).contains(&0) { Ok(()) } else { Err(Error::Timeout) }
}

/// The host broke the contract of `wasi:http`.
fn internal() -> Error {
    Error::BadAnswer("the host gave no answer".to_owned())
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::DnsTimeout
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::Timeout,
            ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => Self::HostNotFound,
            ErrorCode::DestinationIpProhibited => Self::AddressRefused,
            ErrorCode::HttpRequestDenied => Self::Denied,
            ErrorCode::DestinationUnavailable => Self::Connection("the host is unavailable".to_owned()),
            ErrorCode::DestinationIpUnroutable => Self::Connection("there is no route to the address".to_owned()),
            ErrorCode::ConnectionRefused => Self::Connection("it was refused".to_owned()),
            ErrorCode::ConnectionTerminated => Self::Connection("it was closed".to_owned()),
            ErrorCode::ConnectionLimitReached => Self::Connection("too many are open".to_owned()),
            ErrorCode::TlsProtocolError => Self::Tls("the protocols do not match".to_owned()),
            ErrorCode::TlsCertificateError => Self::Tls("the certificate is not valid for the host".to_owned()),
            ErrorCode::TlsAlertReceived(_) => Self::Tls("the other side refused it".to_owned()),
            ErrorCode::HttpRequestLengthRequired => Self::Invalid("a length is required".to_owned()),
            ErrorCode::HttpRequestBodySize(_) => Self::Invalid("the body is too large".to_owned()),
            ErrorCode::HttpRequestMethodInvalid => Self::Invalid("the method is not possible".to_owned()),
            ErrorCode::HttpRequestUriInvalid => Self::Invalid("the URL is malformed".to_owned()),
            ErrorCode::HttpRequestUriTooLong => Self::Invalid("the URL is too long".to_owned()),
            ErrorCode::HttpRequestHeaderSectionSize(_)
            | ErrorCode::HttpRequestHeaderSize(_)
            | ErrorCode::HttpRequestTrailerSectionSize(_)
            | ErrorCode::HttpRequestTrailerSize(_) => Self::Invalid("the headers are too large".to_owned()),
            ErrorCode::ConfigurationError => Self::Invalid("the host is not configured for it".to_owned()),
            ErrorCode::HttpResponseIncomplete => Self::BadAnswer("it broke off".to_owned()),
            ErrorCode::HttpResponseHeaderSectionSize(_)
            | ErrorCode::HttpResponseHeaderSize(_)
            | ErrorCode::HttpResponseTrailerSectionSize(_)
            | ErrorCode::HttpResponseTrailerSize(_) => Self::BadAnswer("its headers are too large".to_owned()),
            ErrorCode::HttpResponseBodySize(_) => Self::BadAnswer("its body is too large".to_owned()),
            ErrorCode::HttpResponseTransferCoding(_) | ErrorCode::HttpResponseContentCoding(_) => {
                Self::BadAnswer("its coding is unknown".to_owned())
            }
            ErrorCode::HttpUpgradeFailed | ErrorCode::HttpProtocolError => {
                Self::BadAnswer("it does not follow the protocol".to_owned())
            }
            ErrorCode::LoopDetected => Self::BadAnswer("the request came back".to_owned()),
            ErrorCode::InternalError(what) => {
                Self::Connection(what.unwrap_or_else(|| "for an unknown reason".to_owned()))
            }
        }
    }
}
