//! `POST /workflows/:id/executions`

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::{ContactId, DefinitionId};

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json, fits};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::{map, wire};

/// The most bytes of a context as JSON.
const MAX_CONTEXT: usize = 256 * 1024;

/// Starts an execution by hand. It is stored when this answers; its steps run afterwards.
#[utoipa::path(
    post, path = "/workflows/{id}/executions", tag = "executions", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    request_body = wire::StartExecution,
    responses(
        (status = 201, description = "The execution", body = wire::Execution),
        (status = 400, description = "The workflow is not enabled, or the body is not JSON", body = ErrorBody),
        (status = 409, description = "The contact may not enter again", body = ErrorBody),
    )
)]
pub(crate) async fn start(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Json(request): Json<wire::StartExecution>,
) -> Result<(StatusCode, Json<wire::Execution>), ApiError> {
    fits("context", &request.context, MAX_CONTEXT)?;
    let context = request.context.map_or(Value::Null, |context| Value::Object(context.0));
    let contact = ContactId(request.contact_id);
    let started = state.engine().start_execution(access.workspace, id, contact, context).await?;
    Ok((StatusCode::CREATED, Json(map::execution(&started))))
}
