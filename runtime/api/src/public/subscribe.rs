//! `/subscribe/{token}`: a page that asks, and its form.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use stepwell_engine::LinkKind;

use super::page::{Form, Page, refused, verify};
use crate::extract::At;
use crate::state::ApiState;

/// Asks whether to subscribe.
#[utoipa::path(
    get, path = "/subscribe/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn ask(State(state): State<ApiState>, At(token): At<String>) -> Response {
    if let Err(answer) = verify(&state, LinkKind::Subscribe, &token) {
        return *answer;
    }
    let form = Form { action: token, label: "Subscribe", quiet: false };
    Page { title: "Subscribe", text: "Confirm that you want to get our messages.", forms: vec![form] }
        .answer(StatusCode::OK)
}

/// Subscribes.
#[utoipa::path(
    post, path = "/subscribe/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 200, description = "Subscribed", body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn confirm(State(state): State<ApiState>, At(token): At<String>) -> Response {
    let claim = match verify(&state, LinkKind::Subscribe, &token) {
        Ok(claim) => claim,
        Err(answer) => return *answer,
    };
    match state.engine().subscribe(&claim).await {
        Ok(_) => Page { title: "You are subscribed", text: "Thank you.", forms: vec![] }.answer(StatusCode::OK),
        Err(error) => refused(error),
    }
}
