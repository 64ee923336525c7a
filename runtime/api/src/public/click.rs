//! `/t/click/{token}`: counts a followed link and leads on to it.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stepwell_engine::{Claim, LinkKind};
use url::Url;

use super::page::{invalid, verify};
use crate::extract::At;
use crate::state::ApiState;

/// Counts a followed link and leads on to it: only to the address that the server signed.
#[utoipa::path(
    get, path = "/t/click/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses(
        (status = 302, description = "On to the address"),
        (status = 404, description = "The link is not valid", body = String, content_type = "text/html"),
    )
)]
pub(crate) async fn click(State(state): State<ApiState>, At(token): At<String>) -> Response {
    let claim = match verify(&state, LinkKind::Click, &token) {
        Ok(claim) => claim,
        Err(answer) => return *answer,
    };
    let Some(target) = target(&claim) else { return invalid() };
    if let Err(error) = state.engine().clicked(&claim).await {
        tracing::warn!(%error, "a click was not counted");
    }
    let headers = [(header::LOCATION, target), (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))];
    (StatusCode::FOUND, headers).into_response()
}

/// The address as a header, if it is one on the web.
fn target(claim: &Claim) -> Option<HeaderValue> {
    let url = Url::parse(claim.target.as_deref()?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| HeaderValue::from_str(url.as_str()).ok())?
}
