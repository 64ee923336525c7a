//! What surrounds every request: its id, its line in the log, its numbers, and the envelope of its error.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;
use uuid::Uuid;

use crate::envelope;
use crate::error::ApiError;
use crate::limit::Standing;
use crate::state::ApiState;

/// The header with the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What belongs to one request from its first to its last moment. In the request's extensions.
#[derive(Default)]
pub(crate) struct Context {
    standing: OnceLock<Standing>,
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Context {
    /// Notes how the request left its rate limit, for the headers of the answer.
    pub(crate) fn stands(&self, standing: Standing) {
        // A request counts against one limit; a second note would be a second count.
        let _ = self.standing.set(standing);
    }

    /// Keeps the memory of the body reserved until the request has been answered.
    pub(crate) fn hold(&self, room: Option<OwnedSemaphorePermit>) {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = room;
    }
}

/// The outermost layer.
pub(crate) async fn carry(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let now = state.now();
    let id = state.engine().ids().next(now);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let context = Arc::new(Context::default());
    request.extensions_mut().insert(Arc::clone(&context));
    let path = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let (workspace, key) = (tracing::field::Empty, tracing::field::Empty);
    let span = tracing::info_span!("request", request_id = %id, %method, path, workspace, key);
    async {
        let mut response = envelope::dress(next.run(request).await, id, now);
        finish(&mut response, id, &context);
        record(&method, path, &response, started);
        response
    }
    .instrument(span.clone())
    .await
}

fn finish(response: &mut Response, id: Uuid, context: &Context) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(standing) = context.standing.get() {
        standing.write(headers);
    }
}

fn record(method: &Method, path: &str, response: &Response, started: Instant) {
    let (status, elapsed) = (response.status(), started.elapsed());
    let labels =
        [("method", known(method).to_owned()), ("route", path.to_owned()), ("status", status.as_str().to_owned())];
    metrics::counter!("stepwell_http_requests_total", &labels).increment(1);
    metrics::histogram!("stepwell_http_request_duration_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let ms = elapsed.as_millis();
    if status.is_client_error() || status.is_server_error() {
        tracing::info!(status = status.as_u16(), ms, "answered");
    } else {
        tracing::debug!(status = status.as_u16(), ms, "answered");
    }
}

/// The method as a label: clients may invent methods, and labels must stay few.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The answer where a handler panicked.
#[allow(clippy::needless_pass_by_value, reason = "the layer gives it so")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::internal(format!("a handler panicked: {}", text.unwrap_or("no message"))).into_response()
}
