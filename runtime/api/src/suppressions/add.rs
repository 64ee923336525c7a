//! `POST /v1/suppressions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell_store::{management, suppression};
use utoipa::ToSchema;

use super::wire::SuppressionBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::SuppressionsWrite;
use crate::state::ApiState;
use crate::wire::{EmailAddress, Name};

/// An address to suppress.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddSuppression {
    email: EmailAddress,
    /// Why; `manual` if it is not said.
    reason: Option<Name>,
}

/// Suppresses an address. One that is suppressed keeps its reason.
#[utoipa::path(
    post, path = "/v1/suppressions", tag = "messages", security(("secret_key" = ["suppressions:write"])),
    responses(
        (status = 201, description = "Suppressed", body = SuppressionBody),
        (status = 200, description = "It was suppressed before", body = SuppressionBody),
    )
)]
pub(crate) async fn add(
    State(state): State<ApiState>,
    key: Secret<SuppressionsWrite>,
    Json(wanted): Json<AddSuppression>,
) -> Result<(StatusCode, Json<SuppressionBody>), ApiError> {
    let (workspace, now) = (key.workspace, state.now());
    let (email, reason) = (wanted.email.0, wanted.reason.map_or_else(|| "manual".to_owned(), String::from));
    let (was_there, found) = state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                let was_there = suppression::contains(conn, workspace, &email).await?;
                suppression::add(conn, workspace, &email, &reason, now).await?;
                let found = management::suppression(conn, workspace, &email).await?;
                Ok((was_there, found.ok_or_else(|| ApiError::internal("a suppression was not stored"))?))
            })
        })
        .await?;
    let status = if was_there { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(found.into())))
}
