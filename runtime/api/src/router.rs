//! Every path of the server, in one table.

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::ops::docs::Document;
use crate::state::ApiState;
use crate::{
    connections, contacts, entities, events, executions, flows, gate, keys, messages, openapi, ops, plugins, public,
    request, suppressions, tasks, templates, track, workspace,
};

type Routes = OpenApiRouter<ApiState>;

/// The server's routes over `state`.
pub fn router(state: ApiState) -> Router {
    let options = state.options();
    let mut api = openapi::document();
    let mut part = |routes: Routes, bytes| {
        let (router, described) = routes.split_for_parts();
        api.merge(described);
        // Before the layers, so that these see wrong methods too: a preflight is one.
        router.method_not_allowed_fallback(wrong_method).layer(DefaultBodyLimit::max(bytes))
    };
    let usual = part(workflows().merge(public()), options.body_limit)
        .merge(part(v1(), options.body_limit).layer(cors()))
        .merge(part(large(), options.send_limit).layer(cors()));
    // Its own gate and its own catching of panics: these refuse in the words of the surface as well.
    let flows = part(flows_surface(), options.body_limit)
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(from_fn_with_state(state.clone(), gate::admit))
        .layer(from_fn(flows::error::dress))
        .layer(cors());
    let long = part(long(), options.plugin_limit).layer(cors());
    let operations = part(operations(), options.body_limit);
    usual
        .layer(from_fn_with_state(state.clone(), gate::admit))
        .merge(flows)
        .merge(long.layer(from_fn_with_state(state.clone(), gate::admit_long)))
        .merge(operations)
        .fallback(unknown)
        .layer(Extension(Document::new(&openapi::complete(api))))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(from_fn_with_state(state.clone(), request::carry))
        .with_state(state)
}

/// The OpenAPI document of all routes, as a server publishes it.
pub fn openapi_json() -> String {
    let all = [workflows(), public(), v1(), large(), flows_surface(), long(), operations()];
    let mut api = openapi::document();
    all.into_iter().for_each(|routes| api.merge(routes.into_openapi()));
    openapi::complete(api).to_pretty_json().unwrap_or_default()
}

/// The workflows surface.
fn workflows() -> Routes {
    crate::workflows::routes()
        .routes(routes!(contacts::list::list, contacts::create::create))
        .routes(routes!(contacts::lookup::lookup))
        .routes(routes!(contacts::get::get, contacts::update::update, contacts::delete::delete))
        .routes(routes!(templates::list::list, templates::create::create))
        .routes(routes!(templates::bulk::bulk_update))
        .routes(routes!(templates::get::get, templates::update::update, templates::delete::delete))
        .routes(routes!(templates::duplicate::duplicate))
        .routes(routes!(templates::usage::usage))
        .routes(routes!(events::track::track))
        .routes(routes!(events::list::list))
        .routes(routes!(events::stats::stats))
        .routes(routes!(events::names::names))
        .routes(routes!(events::of_contact::of_contact))
        .routes(routes!(events::usage::usage))
        .routes(routes!(events::delete::delete))
}

/// Ingestion and the native API.
fn v1() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(track::track))
        .routes(routes!(executions::events::events))
        .merge(tasks::routes())
        .routes(routes!(messages::get::get))
        .routes(routes!(suppressions::list::list, suppressions::add::add))
        .routes(routes!(suppressions::remove::remove))
        .routes(routes!(keys::list::list, keys::create::create))
        .routes(routes!(keys::revoke::revoke))
        .routes(routes!(connections::list::list, connections::create::create))
        .routes(routes!(connections::delete::delete))
        .routes(routes!(workspace::get::get))
        .routes(routes!(workspace::rotate::rotate))
}

/// Flows, and what they are about.
fn flows_surface() -> Routes {
    flows::routes().merge(entities::routes())
}

/// Messages may have attachments.
fn large() -> Routes {
    OpenApiRouter::new().routes(routes!(messages::send::send))
}

/// Components are large and take long to compile.
fn long() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(plugins::list::list, plugins::install::install))
        .routes(routes!(plugins::get::get, plugins::remove::remove))
        .routes(routes!(plugins::grant::grant))
}

/// Links in messages.
fn public() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(public::unsubscribe::ask, public::unsubscribe::confirm))
        .routes(routes!(public::subscribe::ask, public::subscribe::confirm))
        .routes(routes!(public::manage::manage))
        .routes(routes!(public::open::open))
        .routes(routes!(public::click::click))
}

/// For those who run the server. Never refused for load.
fn operations() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(ops::health::health))
        .routes(routes!(ops::health::ready))
        .routes(routes!(ops::health::metrics))
        .routes(routes!(ops::docs::openapi))
        .routes(routes!(ops::docs::docs))
        .routes(routes!(ops::docs::docs_file))
}

/// Any origin may call `/v1/*`; keys are headers, never cookies, so a page can only use a key that it has.
fn cors() -> CorsLayer {
    let exposed = ["x-request-id", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            flows::actor::USER,
        ])
        .expose_headers(exposed.map(HeaderName::from_static))
}

async fn unknown() -> ApiError {
    ApiError::not_found("RESOURCE_NOT_FOUND", "Unknown route").suggest("GET /openapi.json lists the routes")
}

async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This route does not take the method")
        .suggest("The Allow header lists the methods it takes")
}
