//! `PUT /v2/flows/templates/{flowId}`.

use axum::extract::State;
use serde_json::Value;
use stepwell_core::{Definition, Given, Graph, Timestamp};
use stepwell_store::StoreError;
use stepwell_store::definition::{self, Written};

use super::{check, document, draft, limits, store};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::flows::body::Document;
use crate::flows::error::invalid;
use crate::flows::wire::template::FlowTemplate;
use crate::flows::wire::template_search::WriteTemplate;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// How often an update is tried again that names no state to replace.
const TRIES: usize = 5;

/// Replaces a template of a flow. Executions that run stay on what they were started with.
#[utoipa::path(
    put, path = "/v2/flows/templates/{flowId}", tag = "flow templates",
    security(("secret_key" = ["flow-templates:write"])),
    params(("flowId" = String, Path, description = "The template"), WriteTemplate),
    request_body = FlowTemplate,
    responses(
        (status = 200, description = "The template as it is now", body = FlowTemplate),
        (status = 409, description = "It is not as `updated_at` says any more", body = crate::flows::wire::common::ErrorResp),
    )
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesWrite>,
    At(id): At<String>,
    Query(wanted): Query<WriteTemplate>,
    Document { sent, read }: Document<FlowTemplate>,
) -> Result<Json<Value>, ApiError> {
    check::structure(&read)?;
    let replaces = replaces(&read)?;
    let warnings = limits::warnings(&read);
    let kept = document::kept(sent, &read)?;
    let stamp = state.engine().stamp();
    let mut graph = None;
    for _ in 0..TRIES {
        let before = store::load(&mut state.store().reader().await?, key.workspace, &id).await?;
        if replaces.is_some_and(|at| at != before.definition.updated_at) {
            return Err(conflict());
        }
        if wanted.enforce_limits {
            limits::enforce(&warnings, &limits::warnings(&document::read(&before.document)?))?;
        }
        let graph = match &graph {
            Some(graph) => graph,
            None => graph.insert(draft::graph(
                before.definition.id,
                read.clone(),
                &Given::new(stamp.now, stamp.ids.as_ref()),
            )?),
        };
        if let Some(now) = save(&state, before, graph.clone(), kept.clone(), stamp.now).await? {
            return Ok(Json(document::shown(&now.definition, now.document)));
        }
    }
    Err(conflict())
}

/// When what is to be replaced last changed, if that is said.
fn replaces(template: &FlowTemplate) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = template.updated_at.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let time = Timestamp::from_rfc3339(text).ok_or_else(|| invalid("updated_at", "must be a time as it was answered"));
    time.map(Some)
}

fn conflict() -> ApiError {
    ApiError::conflict("The template was changed by somebody else in the meantime").suggest("Load it again")
}

/// Stores a new version; none if there is a newer one than `before`.
async fn save(
    state: &ApiState,
    before: Written,
    graph: Graph,
    document: Value,
    now: Timestamp,
) -> Result<Option<Written>, ApiError> {
    let Definition { id, workspace_id, version, updated_at, .. } = before.definition;
    // Later than before in any case: whoever replaces this names it by its time.
    let at = now.max(Timestamp(updated_at.0.saturating_add(1)));
    let head = Definition { updated_at: at, ..store::titled(before.definition, &document) };
    let stored = state
        .store()
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                let of = (workspace_id, id);
                let version = definition::save_with_document(conn, of, version, (&graph, Some(&document)), at).await?;
                definition::update(conn, &head).await?;
                Ok(Written { definition: Definition { version, ..head }, document })
            })
        })
        .await;
    match stored {
        Ok(written) => Ok(Some(written)),
        Err(StoreError::VersionConflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
