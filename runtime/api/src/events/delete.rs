//! `DELETE /events/{name}`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::{event, management};
use utoipa::ToSchema;

use super::wire::name_in_path;
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::EventsWrite;
use crate::state::ApiState;

/// How many events one commit deletes.
const BATCH: i64 = 1000;

/// How many events were deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedEvents {
    deleted_count: u64,
}

/// Deletes all events of a name that no workflow uses.
#[utoipa::path(
    delete, path = "/events/{name}", tag = "events", security(("secret_key" = ["events:write"])),
    params(("name" = String, Path, description = "The name of the event", min_length = 1)),
    responses(
        (status = 200, description = "How many there were", body = DeletedEvents),
        (status = 409, description = "A workflow uses the event", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    key: Secret<EventsWrite>,
    At(name): At<String>,
) -> Result<Json<DeletedEvents>, ApiError> {
    let (name, workspace) = (name_in_path(name)?, key.workspace);
    let mut deleted_count = 0;
    loop {
        let name = name.clone();
        let batch = state
            .store()
            .write::<_, ApiError, _>(move |conn| {
                Box::pin(async move {
                    if !management::definitions_using_event(conn, workspace, &name).await?.is_empty() {
                        return Err(in_use());
                    }
                    Ok(event::delete_by_name(conn, workspace, &name, BATCH).await?)
                })
            })
            .await?;
        deleted_count += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(Json(DeletedEvents { deleted_count }));
        }
    }
}

fn in_use() -> ApiError {
    ApiError::conflict("A workflow uses the event").suggest("GET /events/{name}/usage says which")
}
