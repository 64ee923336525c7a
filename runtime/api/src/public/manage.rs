//! `/manage/{token}`: what a contact gets, and both choices.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use stepwell_core::{Contact, ContactId, WorkspaceId};
use stepwell_engine::LinkKind;
use stepwell_store::contact;

use super::page::{Form, Page, invalid, verify};
use crate::error::ApiError;
use crate::extract::At;
use crate::state::ApiState;

/// Shows whether the contact is subscribed, and lets them choose.
#[utoipa::path(
    get, path = "/manage/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn manage(State(state): State<ApiState>, At(token): At<String>) -> Response {
    let claim = match verify(&state, LinkKind::Manage, &token) {
        Ok(claim) => claim,
        Err(answer) => return *answer,
    };
    let Some(id) = claim.contact_id else { return invalid() };
    match find(&state, claim.workspace_id, id).await {
        Ok(Some(contact)) => page(&state, &contact),
        Ok(None) => invalid(),
        Err(error) => error.into_response(),
    }
}

async fn find(state: &ApiState, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, ApiError> {
    let mut conn = state.store().reader().await?;
    Ok(contact::get(&mut conn, workspace, id).await?)
}

fn page(state: &ApiState, contact: &Contact) -> Response {
    let links = state.engine().links();
    let (word, form) = if contact.subscribed {
        let url = links.unsubscribe_url(contact.workspace_id, contact.id);
        ("subscribed", Form { action: below("unsubscribe", &url), label: "Unsubscribe", quiet: true })
    } else {
        let url = links.subscribe_url(contact.workspace_id, contact.id);
        ("not subscribed", Form { action: below("subscribe", &url), label: "Subscribe", quiet: false })
    };
    let text = format!("{} is {word}.", contact.email);
    Page { title: "Your subscription", text: &text, forms: vec![form] }.answer(StatusCode::OK)
}

/// The same link relative to this page, so that it works behind any public URL.
fn below(path: &str, url: &str) -> String {
    let token = url.rsplit('/').next().unwrap_or_default();
    format!("../{path}/{token}")
}
