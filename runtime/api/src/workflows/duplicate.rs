//! `POST /workflows/:id/duplicate`

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{Definition, DefinitionId, Given};

use super::{create, edit, graph, map, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::extract::Json;
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;

/// What is added to the name of a copy.
const SUFFIX: &str = " (Copy)";
/// The most characters of a name.
const MAX_NAME: usize = 255;

/// Copies a workflow with its steps and transitions. The copy is disabled and has no executions.
#[utoipa::path(
    post, path = "/workflows/{id}/duplicate", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    responses((status = 201, description = "The copy", body = wire::Workflow))
)]
pub(crate) async fn duplicate(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
) -> Result<(StatusCode, Json<wire::Workflow>), ApiError> {
    let old = edit::load(&mut state.store().reader().await?, access.workspace, id).await?;
    let stamp = state.engine().stamp();
    let given = Given::new(stamp.now, stamp.ids.as_ref());
    let copy = Definition {
        id: given.id(),
        name: copied(&old.definition.name),
        enabled: false,
        version: 1,
        created_at: given.now,
        updated_at: given.now,
        ..old.definition
    };
    let graph = graph::copy(&old.graph, &given);
    let copy = create::insert(&state, copy, graph).await?;
    Ok((StatusCode::CREATED, Json(map::workflow(&copy))))
}

fn copied(name: &str) -> String {
    let kept: String = name.chars().take(MAX_NAME - SUFFIX.len()).collect();
    kept + SUFFIX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_copy_says_so_and_stays_within_bounds() {
        assert_eq!(copied("Welcome"), "Welcome (Copy)");
        let long = copied(&"é".repeat(255));
        assert!(long.chars().count() == 255 && long.ends_with(SUFFIX));
    }
}
