//! `DELETE /v2/flows/templates/{flowId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_store::definition;

use super::store;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Deletes a template of a flow. Executions that run go on.
#[utoipa::path(
    delete, path = "/v2/flows/templates/{flowId}", tag = "flow templates",
    security(("secret_key" = ["flow-templates:write"])),
    params(("flowId" = String, Path, description = "The template")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesWrite>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let (workspace, now) = (key.workspace, state.now());
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                let found = store::load(conn, workspace, &id).await?;
                definition::set_deleted(conn, workspace, found.definition.id, now).await?;
                Ok(StatusCode::NO_CONTENT)
            })
        })
        .await
}
