//! `/unsubscribe/{token}`: a page that asks, and the one-click form of RFC 8058.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use stepwell_engine::LinkKind;

use super::page::{Form, Page, refused, verify};
use crate::extract::At;
use crate::state::ApiState;

/// Asks whether to unsubscribe. Opening it changes nothing: mail scanners open every link.
#[utoipa::path(
    get, path = "/unsubscribe/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn ask(State(state): State<ApiState>, At(token): At<String>) -> Response {
    if let Err(answer) = verify(&state, LinkKind::Unsubscribe, &token) {
        return *answer;
    }
    // Relative, so that it works behind any public URL.
    let form = Form { action: token, label: "Unsubscribe", quiet: false };
    Page { title: "Unsubscribe", text: "You will no longer get these messages.", forms: vec![form] }
        .answer(StatusCode::OK)
}

/// Unsubscribes, by the button of the page or by the one click of a mail program (RFC 8058). The body is not looked at.
#[utoipa::path(
    post, path = "/unsubscribe/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 200, description = "Unsubscribed", body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn confirm(State(state): State<ApiState>, At(token): At<String>) -> Response {
    let claim = match verify(&state, LinkKind::Unsubscribe, &token) {
        Ok(claim) => claim,
        Err(answer) => return *answer,
    };
    match state.engine().unsubscribe(&claim).await {
        Ok(_) => {
            let text = "You will no longer get these messages.";
            Page { title: "You are unsubscribed", text, forms: vec![] }.answer(StatusCode::OK)
        }
        Err(error) => refused(error),
    }
}
