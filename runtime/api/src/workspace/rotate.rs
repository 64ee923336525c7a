//! `POST /v1/workspace/rotate-webhook-secret`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::{StoreError, management};
use utoipa::ToSchema;

use super::wire::shown;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::WorkspaceWrite;
use crate::state::ApiState;

/// The new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotatedSecret {
    webhook_signing_secret: String,
}

/// Replaces the secret that signs webhooks. Those sent from now on, retries too, are signed with the new one.
#[utoipa::path(
    post, path = "/v1/workspace/rotate-webhook-secret", tag = "workspace",
    security(("secret_key" = ["workspace:write"])),
    responses((status = 200, description = "Replaced", body = RotatedSecret))
)]
pub(crate) async fn rotate(
    State(state): State<ApiState>,
    key: Secret<WorkspaceWrite>,
) -> Result<Json<RotatedSecret>, ApiError> {
    let mut secret = [0_u8; 32];
    rand::fill(&mut secret);
    let (workspace, now) = (key.workspace, state.now());
    state
        .store()
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { management::set_webhook_secret(conn, workspace, &secret, now).await })
        })
        .await?;
    Ok(Json(RotatedSecret { webhook_signing_secret: shown(&secret) }))
}
