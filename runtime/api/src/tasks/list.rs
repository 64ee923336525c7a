//! `GET /v1/tasks`: the inbox.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stepwell_core::flow::TaskStatus;
use stepwell_store::task::{self, InboxCursor, InboxQuery};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::wire::{Origin, Status, TaskBody};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::scope::TasksRead;
use crate::state::ApiState;
use crate::wire::Moment;

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Those that this person is to do.
    #[param(min_length = 1, max_length = 200)]
    assignee: Option<String>,
    /// Those that stand so; may be given several times.
    #[serde(default)]
    #[param(inline, explode = true)]
    status: Vec<Status>,
    /// Due before this.
    #[param(inline)]
    due_before: Option<Moment>,
    /// Due at this or later.
    #[param(inline)]
    due_after: Option<Moment>,
    /// Only those that are due already.
    #[serde(default)]
    overdue: bool,
    /// Of the phase with this id in the template.
    #[param(min_length = 1, max_length = 255)]
    phase: Option<String>,
    /// Of one surface.
    #[param(inline)]
    surface: Option<Origin>,
    /// Of one execution.
    flow: Option<Uuid>,
    /// Only those that are to be done now. `false` also finds what was done and what is to come, the newest first. Unless it is said,
    /// true, but where only statuses of done tasks are asked for.
    open: Option<bool>,
    /// How many at most; more than 200 are taken as 200.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1_000_000, default = 50)]
    limit: u32,
    /// Where the page before ended: its `cursor`.
    #[param(min_length = 1, max_length = 200)]
    cursor: Option<String>,
}

/// The most tasks of a page.
const MOST: u32 = 200;

fn usual_limit() -> u32 {
    50
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxPage)]
pub(crate) struct TaskPage {
    /// The tasks: those that are due first come first, and those without a due date last.
    data: Vec<TaskBody>,
    /// Where the next page begins; null if this is the last.
    cursor: Option<String>,
}

/// Lists what people have to do: the tasks of flows and checklists, and every other step that waits for a person.
#[utoipa::path(
    get, path = "/v1/tasks", tag = "tasks", security(("secret_key" = ["tasks:read"])),
    params(Wanted),
    responses((status = 200, description = "A page of tasks", body = TaskPage))
)]
pub(crate) async fn list(
    key: Secret<TasksRead>,
    State(state): State<ApiState>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<TaskPage>, ApiError> {
    let query = wanted.query(state.now())?;
    let mut conn = state.store().reader().await?;
    let (found, next) = task::inbox(&mut conn, key.workspace, &query).await?;
    let data = found.into_iter().map(Into::into).collect();
    Ok(Json(TaskPage { data, cursor: next.map(|next| next.to_string()) }))
}

impl Wanted {
    fn query(self, now: stepwell_core::Timestamp) -> Result<InboxQuery, ApiError> {
        let statuses: Vec<TaskStatus> = self.status.into_iter().map(Into::into).collect();
        let only_done = !statuses.is_empty() && statuses.iter().all(|status| status.is_done());
        let before = self.due_before.map(|Moment(at)| at);
        Ok(InboxQuery {
            assignee: self.assignee,
            statuses,
            due_before: if self.overdue { Some(before.map_or(now, |before| before.min(now))) } else { before },
            due_after: self.due_after.map(|Moment(at)| at),
            phase: self.phase,
            surface: self.surface.map(Into::into),
            execution: self.flow.map(Into::into),
            all: !self.open.unwrap_or(!only_done),
            after: self.cursor.as_deref().map(cursor).transpose()?,
            limit: self.limit.clamp(1, MOST),
        })
    }
}

fn cursor(text: &str) -> Result<InboxCursor, ApiError> {
    let refused = |_| ApiError::field("cursor", "invalid_string", "must be the cursor of a page of this list");
    text.parse().map_err(refused)
}
