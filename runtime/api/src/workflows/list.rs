//! `GET /workflows`

use axum::extract::State;
use serde::Deserialize;
use stepwell_core::DefinitionKind;
use stepwell_store::definition::{self, DefinitionQuery, DefinitionSort, Listed};
use utoipa::{IntoParams, ToSchema};

use super::{map, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::page::{Direction, Page, Paging};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;

/// Whether a workflow starts executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Activity {
    /// It does.
    Active,
    /// It does not.
    Disabled,
}

/// What workflows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Sort {
    /// The name.
    Name,
    /// When it was created.
    #[default]
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// How many steps it has.
    Steps,
}

/// Which workflows, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// A text in the name or description, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Only those that start executions, or only those that do not.
    #[param(inline)]
    status: Option<Activity>,
    /// What to sort by; `createdAt` if nothing is said.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// In which direction; `desc` if nothing is said.
    #[serde(default)]
    #[param(inline)]
    dir: Direction,
}

/// Lists workflows.
#[utoipa::path(
    get, path = "/workflows", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(Paging, Filter),
    responses((status = 200, description = "A page of them", body = Page<wire::ListedWorkflow>))
)]
pub(crate) async fn list(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<wire::ListedWorkflow>>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = definition::page(&mut conn, access.workspace, &filter.query(), paging.page(), paging.size()).await?;
    Ok(Json(Page::new(found.items.into_iter().map(item).collect(), found.total, paging)))
}

impl Filter {
    fn query(self) -> DefinitionQuery {
        DefinitionQuery {
            search: self.search,
            enabled: self.status.map(|status| status == Activity::Active),
            kind: Some(DefinitionKind::Workflow),
            sort: match self.sort {
                Sort::Name => DefinitionSort::Name,
                Sort::CreatedAt => DefinitionSort::CreatedAt,
                Sort::UpdatedAt => DefinitionSort::UpdatedAt,
                Sort::Steps => DefinitionSort::Steps,
            },
            direction: match self.dir {
                Direction::Asc => stepwell_store::Direction::Asc,
                Direction::Desc => stepwell_store::Direction::Desc,
            },
        }
    }
}

fn item(listed: Listed) -> wire::ListedWorkflow {
    wire::ListedWorkflow {
        workflow: map::workflow(&listed.definition),
        count: wire::WorkflowCount { steps: listed.steps, executions: listed.executions },
    }
}
