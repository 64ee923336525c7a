//! Is it alive, is it ready, how is it doing.
//!
//! Alive and ready are two things: a full disk is no reason to restart the process, and a restart would not help.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use stepwell_store::{StoreError, Trouble, key};
use utoipa::ToSchema;

use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::state::ApiState;

/// How long the database may take to answer before it counts as unreachable: whoever asks does not wait long either.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server's condition.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// The process is alive.
#[utoipa::path(get, path = "/health", tag = "operations", responses((status = 200, description = "Alive", body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The server can take requests: plugins are loaded, the database answers and takes writes.
///
/// If not, `error.code` says why: `DATABASE_FULL`, `DATABASE_READ_ONLY`, `DATABASE_UNREACHABLE`, `DATABASE_FAILING`, or
/// `SERVICE_UNAVAILABLE` while it starts or stops. It becomes ready again by itself.
#[utoipa::path(get, path = "/ready", tag = "operations", responses((status = 200, description = "Ready", body = Health)))]
pub(crate) async fn ready(State(state): State<ApiState>) -> Result<Json<Health>, ApiError> {
    if !state.is_ready() {
        return Err(ApiError::unavailable("The server is starting or stopping"));
    }
    let answered = tokio::time::timeout(PATIENCE, database(&state)).await;
    answered.unwrap_or(Err(StoreError::Trouble(Trouble::Unreachable)))?;
    Ok(Json(Health { status: "ok" }))
}

/// Whether the database can be read and written.
async fn database(state: &ApiState) -> Result<(), StoreError> {
    let mut conn = state.store().reader().await?;
    // What every request begins with; no key has this hash.
    key::usable(&mut conn, "").await?;
    drop(conn);
    state.store().check().await
}

/// Numbers for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses(
        (status = 200, description = "In the Prometheus text format", body = String, content_type = "text/plain"),
        (status = 404, description = "The server was started without metrics", body = inline(ErrorBody)),
    )
)]
pub(crate) async fn metrics(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let Some(handle) = &state.options().metrics else {
        return Err(ApiError::not_found("RESOURCE_NOT_FOUND", "The server was started without metrics"));
    };
    let (queued, running) = state.engine().load();
    metrics::gauge!("stepwell_steps_queued").set(queued as f64);
    metrics::gauge!("stepwell_steps_running").set(running as f64);
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((StatusCode::OK, text, handle.render()).into_response())
}
