//! `DELETE /v1/suppressions/{email}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_store::{StoreError, suppression};

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::SuppressionsWrite;
use crate::state::ApiState;

/// Lets an address have marketing messages again, if its contact is subscribed.
#[utoipa::path(
    delete, path = "/v1/suppressions/{email}", tag = "messages", security(("secret_key" = ["suppressions:write"])),
    params(("email" = String, Path, description = "The address", max_length = 254, example = "ada@example.org")),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    key: Secret<SuppressionsWrite>,
    At(email): At<String>,
) -> Result<StatusCode, ApiError> {
    let missing = || ApiError::not_found("RESOURCE_NOT_FOUND", "The address is not suppressed");
    if email.contains('\0') || email.len() > 1024 {
        return Err(missing());
    }
    let workspace = key.workspace;
    let gone = state
        .store()
        .write::<_, StoreError, _>(move |conn| {
            Box::pin(async move { suppression::remove(conn, workspace, &email).await })
        })
        .await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}
