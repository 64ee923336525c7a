//! Is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use stepwell_store::key;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Json;
use crate::state::ApiState;

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

/// The server can take requests: plugins are loaded and the database answers.
#[utoipa::path(get, path = "/ready", tag = "operations", responses((status = 200, description = "Ready", body = Health)))]
pub(crate) async fn ready(State(state): State<ApiState>) -> Result<Json<Health>, ApiError> {
    if !state.is_ready() {
        return Err(ApiError::unavailable("The server is starting or stopping"));
    }
    let mut conn = state.store().reader().await?;
    // What every request begins with; no key has this hash.
    key::usable(&mut conn, "")
        .await
        .map_err(|error| ApiError::unavailable("The database does not answer").caused_by(error))?;
    Ok(Json(Health { status: "ok" }))
}

/// Numbers for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses(
        (status = 200, description = "In the Prometheus text format", body = String, content_type = "text/plain"),
        (status = 404, description = "The server was started without metrics", body = inline(crate::envelope::ErrorBody)),
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
