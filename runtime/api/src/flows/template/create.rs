//! `POST /v2/flows/templates`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::Given;

use super::{check, document, draft, limits, store};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::flows::body::Document;
use crate::flows::wire::template::FlowTemplate;
use crate::flows::wire::template_search::WriteTemplate;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Makes a template of a flow. What cannot be walked is refused, limits that it exceeds are told.
#[utoipa::path(
    post, path = "/v2/flows/templates", tag = "flow templates", security(("secret_key" = ["flow-templates:write"])),
    params(WriteTemplate),
    request_body = FlowTemplate,
    responses((status = 201, description = "Made", body = FlowTemplate))
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesWrite>,
    Query(wanted): Query<WriteTemplate>,
    Document { sent, read }: Document<FlowTemplate>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    check::structure(&read)?;
    if wanted.enforce_limits {
        limits::enforce(&limits::warnings(&read), &[])?;
    }
    let (id, stamp) = (state.new_id(), state.engine().stamp());
    let kept = document::kept(sent, &read)?;
    let graph = draft::graph(id, read, &Given::new(stamp.now, stamp.ids.as_ref()))?;
    let head = store::head(id, key.workspace, &kept, stamp.now);
    let made = store::insert(&state, head, graph, kept).await?;
    Ok((StatusCode::CREATED, Json(document::shown(&made.definition, made.document))))
}
