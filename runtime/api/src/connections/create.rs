//! `POST /v1/connections`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell_store::connection::{self, ConnectionInfo};
use utoipa::ToSchema;

use super::wire::ConnectionBody;
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::ConnectionsWrite;
use crate::state::ApiState;
use crate::wire::{ConnectionName, HostPattern};

/// The most credentials of a workspace.
const MAX_CONNECTIONS: u64 = 1000;

/// The credential that every workspace has: its webhook signing secret.
const BUILT_IN: &str = "webhook-signing";

/// A credential to store.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateConnection {
    name: ConnectionName,
    /// It is put into requests by the server and never shown again.
    #[schema(min_length = 1, max_length = 8192, write_only)]
    secret: String,
    /// The hosts that the secret may be sent to.
    #[schema(min_items = 1, max_items = 50)]
    hosts: Vec<HostPattern>,
}

/// Stores a credential.
#[utoipa::path(
    post, path = "/v1/connections", tag = "workspace", security(("secret_key" = ["connections:write"])),
    responses(
        (status = 201, description = "Stored", body = ConnectionBody),
        (status = 409, description = "There is one of the name, or there are too many", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    key: Secret<ConnectionsWrite>,
    Json(wanted): Json<CreateConnection>,
) -> Result<(StatusCode, Json<ConnectionBody>), ApiError> {
    if wanted.name.0 == BUILT_IN {
        return Err(taken());
    }
    let (workspace, now) = (key.workspace, state.now());
    let info = ConnectionInfo {
        id: state.new_id(),
        name: wanted.name.0,
        hosts: wanted.hosts.into_iter().map(|host| host.0.to_lowercase()).collect(),
        created_at: now,
        updated_at: now,
    };
    let (stored, secret) = (info.clone(), wanted.secret);
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                if connection::count(conn, workspace).await? >= MAX_CONNECTIONS {
                    return Err(ApiError::conflict(format!("There are {MAX_CONNECTIONS} connections already")));
                }
                match connection::insert(conn, workspace, &stored, secret.as_bytes()).await {
                    Err(stepwell_store::StoreError::AlreadyExists) => Err(taken()),
                    done => Ok(done?),
                }
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(info.into())))
}

fn taken() -> ApiError {
    ApiError::conflict("There is a connection of this name already").suggest("Delete it first, or choose another name")
}
