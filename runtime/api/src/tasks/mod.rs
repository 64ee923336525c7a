//! The inbox: what people have to do, of every surface, found and done in one place.

mod assign;
mod comment;
mod complete;
mod get;
mod list;
mod refused;
mod skip;
mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(complete::complete))
        .routes(routes!(skip::skip))
        .routes(routes!(assign::assign))
        .routes(routes!(comment::comment))
}
