//! `GET /v1/executions/:id/events`: what happens to an execution, as it happens.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde::Deserialize;
use stepwell_core::ExecutionId;
use utoipa::IntoParams;

use super::stream::{Feed, Standing, standing, stream};
use crate::auth::{Pass, Secret};
use crate::error::ApiError;
use crate::extract::{At, Query};
use crate::scope::ExecutionsRead;
use crate::state::ApiState;

/// What a client that has lost the stream names the last event it had in.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Proxies that would collect an answer before they pass it on are told not to.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Where to begin.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only what comes behind this number. The header `Last-Event-ID` goes first.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<i64>,
}

/// Follows an execution live: its journal as server-sent events, from the beginning or from where a client had come to.
///
/// Each event has the entry's number as `id`, its kind as `event`, and the entry as JSON in `data`, the same as the journal's. A
/// client that has lost the stream comes back with `Last-Event-ID`, which a browser's `EventSource` does by itself; so it misses
/// nothing and has nothing twice, also when the server was restarted or it comes to another node.
///
/// The stream ends when nothing more has come for half a minute after the execution's end, when the key is revoked, when the
/// execution is deleted, or when the server stops. A comment every 15 seconds shows that it is alive.
#[utoipa::path(
    get, path = "/v1/executions/{id}/events", tag = "executions", security(("secret_key" = ["executions:read"])),
    params(
        ("id" = Uuid, Path, description = "The execution, of any kind"),
        EventsQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The number of the last entry that was received"),
    ),
    responses(
        (status = 200, description = "Events until the end", body = String, content_type = "text/event-stream",
            example = "id: 1\nevent: execution-started\ndata: {\"number\":1,\"at\":\"2026-01-02T03:04:05.678Z\",\
                       \"kind\":\"execution-started\",\"stepId\":null,\"stepExecutionId\":null,\"data\":null}\n\n"),
        (status = 400, description = "`Last-Event-ID` is no number", body = crate::envelope::ErrorBody),
    )
)]
pub(crate) async fn events(
    access: Secret<ExecutionsRead>,
    State(state): State<ApiState>,
    At(id): At<ExecutionId>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after = last_seen(&headers)?.or(query.after).unwrap_or_default();
    let mut conn = state.store().reader().await?;
    let found = standing(&mut conn, access.workspace, id).await?;
    drop(conn);
    if found == Standing::Gone {
        return Err(ApiError::not_found("RESOURCE_NOT_FOUND", "Execution not found"));
    }
    let follower = state.engine().follow(access.workspace, id)?;
    let feed = Feed { state, pass: Pass::of::<ExecutionsRead>(&headers), workspace: access.workspace, execution: id };
    let mut response = Response::new(Body::from_stream(stream(feed, follower, after)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// The number in `Last-Event-ID`. An empty one is none.
fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| ApiError::bad_request("Last-Event-ID: must be the number of an entry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &'static str) -> Result<Option<i64>, u16> {
        let headers = HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_static(text))]);
        last_seen(&headers).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn the_last_event_is_a_number_or_nothing() {
        assert_eq!((given("17"), given("0"), given("")), (Ok(Some(17)), Ok(Some(0)), Ok(None)));
        for text in ["x", "-1", "1.5", "99999999999999999999", "1 2"] {
            assert_eq!(given(text), Err(400), "{text}");
        }
    }
}
