//! `DELETE /contacts/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::ContactId;
use stepwell_store::{StoreError, contact};

use super::wire::not_found;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::ContactsWrite;
use crate::state::ApiState;

/// Deletes a contact. Its events and executions stay.
#[utoipa::path(
    delete, path = "/contacts/{id}", tag = "contacts", security(("secret_key" = ["contacts:write"])),
    params(("id" = Uuid, Path, description = "The contact")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    key: Secret<ContactsWrite>,
    At(id): At<ContactId>,
) -> Result<StatusCode, ApiError> {
    let workspace = key.workspace;
    let gone = state
        .store()
        .write::<_, StoreError, _>(move |conn| Box::pin(async move { contact::delete(conn, workspace, id).await }))
        .await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(not_found()) }
}
