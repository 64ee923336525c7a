//! `GET /v1/connections`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::connection;
use utoipa::ToSchema;

use super::wire::ConnectionBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::ConnectionsRead;
use crate::state::ApiState;

/// The stored credentials of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionList {
    /// By name.
    data: Vec<ConnectionBody>,
}

/// Lists stored credentials, without their secrets.
#[utoipa::path(
    get, path = "/v1/connections", tag = "workspace", security(("secret_key" = ["connections:read"])),
    responses((status = 200, description = "The credentials", body = ConnectionList))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<ConnectionsRead>,
) -> Result<Json<ConnectionList>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = connection::list(&mut conn, key.workspace).await?;
    Ok(Json(ConnectionList { data: found.into_iter().map(Into::into).collect() }))
}
