//! `/t/open/{token}`: the picture whose loading means that a message was opened.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use stepwell_engine::LinkKind;

use crate::extract::At;
use crate::state::ApiState;

/// A transparent GIF of one pixel.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Counts an opened message. The picture is always there; it tells nobody whether the token was valid.
#[utoipa::path(
    get, path = "/t/open/{token}", tag = "public",
    params(("token" = String, Path, description = "The token of a link in a message")),
    responses((status = 200, description = "A picture of one pixel", body = Vec<u8>, content_type = "image/gif"))
)]
pub(crate) async fn open(State(state): State<ApiState>, At(token): At<String>) -> Response {
    if let Some(claim) = state.engine().links().verify(LinkKind::Open, &token)
        && let Err(error) = state.engine().opened(&claim).await
    {
        tracing::warn!(%error, "an open was not counted");
    }
    ([(CONTENT_TYPE, "image/gif")], PICTURE).into_response()
}
