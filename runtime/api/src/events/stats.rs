//! `GET /events/stats`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stepwell_store::event;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::scope::EventsRead;
use crate::state::ApiState;
use crate::wire::Moment;

/// Which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// From then on: a time or a day.
    #[param(inline)]
    start_date: Option<Moment>,
    /// Before then: a time or a day.
    #[param(inline)]
    end_date: Option<Moment>,
}

/// How often a name was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventCount {
    name: String,
    count: u64,
}

/// Counts events by name, the most frequent first.
#[utoipa::path(
    get, path = "/events/stats", tag = "events", security(("secret_key" = ["events:read"])),
    params(Wanted),
    responses((status = 200, description = "How often each name was used", body = Vec<EventCount>))
)]
pub(crate) async fn stats(
    State(state): State<ApiState>,
    key: Secret<EventsRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<EventCount>>, ApiError> {
    let (start, end) = (wanted.start_date.map(|from| from.0), wanted.end_date.map(|to| to.0));
    let mut conn = state.store().reader().await?;
    let found = event::stats(&mut conn, key.workspace, start, end).await?;
    Ok(Json(found.into_iter().map(|(name, count)| EventCount { name, count }).collect()))
}
