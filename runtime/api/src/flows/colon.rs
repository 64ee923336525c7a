//! Paths with a colon. The router compares the path as it was sent, where a proxy may have written the colon as `%3A`.

use axum::routing::MethodRouter;
use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

/// How a colon may be written.
const ENCODED: [&str; 2] = ["%3A", "%3a"];

/// Adds the other spellings of a path with a colon to `routes`; they are not documented apart.
pub(crate) fn spelled(
    routes: OpenApiRouter<ApiState>,
    path: &str,
    method: &MethodRouter<ApiState>,
) -> OpenApiRouter<ApiState> {
    let add = |routes: OpenApiRouter<ApiState>, colon| routes.route(&path.replace(':', colon), method.clone());
    ENCODED.into_iter().fold(routes, add)
}
