//! `GET /workflows/:id/versions` and `GET /workflows/:id/versions/:version`

use axum::extract::State;
use stepwell_core::{Definition, DefinitionId};
use stepwell_store::{definition, workflow_admin};

use super::{edit, get, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::page::{Page, Paging};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;
use crate::wire::Time;

/// Lists the versions of a workflow's graph, newest first.
#[utoipa::path(
    get, path = "/workflows/{id}/versions", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(("id" = Uuid, Path, description = "The workflow"), Paging),
    responses((status = 200, description = "A page of them", body = Page<wire::Version>))
)]
pub(crate) async fn list(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<wire::Version>>, ApiError> {
    let mut conn = state.store().reader().await?;
    let head = edit::head(&mut conn, access.workspace, id).await?;
    let found = workflow_admin::versions(&mut conn, access.workspace, head.id, paging.page(), paging.size()).await?;
    let items = found.items.into_iter().map(|version| shown(&head, version)).collect();
    Ok(Json(Page::new(items, found.total, paging)))
}

/// Shows a version of a workflow's graph.
#[utoipa::path(
    get, path = "/workflows/{id}/versions/{version}", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("version" = u32, Path, description = "The version's number", minimum = 1, maximum = 2_147_483_647),
    ),
    responses((status = 200, description = "The version", body = wire::VersionDetail))
)]
pub(crate) async fn get(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At((id, number)): At<(DefinitionId, u32)>,
) -> Result<Json<wire::VersionDetail>, ApiError> {
    let mut conn = state.store().reader().await?;
    let head = edit::head(&mut conn, access.workspace, id).await?;
    let version = workflow_admin::version(&mut conn, access.workspace, head.id, number).await?;
    let version = version.ok_or_else(no_version)?;
    let graph = definition::graph(&mut conn, access.workspace, head.id, number).await?.ok_or_else(no_version)?;
    let steps = get::steps(&mut conn, access.workspace, head.id, &graph).await?;
    Ok(Json(wire::VersionDetail { version: shown(&head, version), steps }))
}

fn shown(head: &Definition, version: workflow_admin::Version) -> wire::Version {
    wire::Version {
        version: version.version,
        current: version.version == head.version,
        created_at: Time(version.created_at),
    }
}

/// There is no such version of the workflow.
pub(super) fn no_version() -> ApiError {
    ApiError::not_found("RESOURCE_NOT_FOUND", "Workflow version not found")
}
