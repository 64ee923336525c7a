//! Templates of flows (spec epilot-flows, 3 and 7): kept as they were sent, and compiled to the graph that their executions run on.

pub(crate) mod check;
mod create;
mod delete;
mod document;
mod draft;
mod duplicate;
mod find;
mod get;
mod limits;
mod list;
mod maximum;
mod search;
pub(crate) mod store;
pub(crate) mod task;
mod update;

use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::colon::spelled;
use crate::state::ApiState;

/// The routes of templates.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(search::search))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(duplicate::duplicate))
        .routes(routes!(maximum::maximum));
    spelled(routes, "/v2/flows/templates:search", &post(search::search))
}
