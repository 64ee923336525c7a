//! The workflows surface: `/workflows` and everything below it (spec plunk-workflows, 3 to 6).
//!
//! A route is a file. It reads a request, lets [`graph`] and [`edit`] decide, and shows the result in the words of [`wire`]. It owns
//! no engine logic and no table. Where it goes beyond the specification or leaves it:
//!
//! - Live edits: each edit makes a version and executions stay on theirs, so editing a live workflow is refused only where it would
//!   take something away from active executions (deleting the workflow, a step or a transition) or change its trigger.
//! - Configurations are checked on write, drafts except for what is missing; an unfinished workflow cannot be enabled.
//! - Deleting a step takes the step and its transitions. `?cascade=true` also takes what only it leads to and answers with it.

mod bulk_update;
mod config;
mod create;
mod delete;
mod dry_run;
mod duplicate;
mod edge;
mod edit;
mod executions;
mod fields;
mod get;
mod graph;
mod list;
mod map;
mod patch;
mod reentry;
mod stats;
mod step_type;
mod steps;
mod transitions;
mod trigger;
mod versions;
mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(crate) use map::journal_entry;
pub(crate) use wire::journal::JournalEntry;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(bulk_update::bulk_update))
        .routes(routes!(fields::fields))
        .routes(routes!(get::get, patch::patch, delete::delete))
        .routes(routes!(duplicate::duplicate))
        .routes(routes!(dry_run::dry_run))
        .routes(routes!(stats::stats))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(steps::add::add))
        .routes(routes!(steps::patch::patch, steps::delete::delete))
        .routes(routes!(transitions::create::create))
        .routes(routes!(transitions::delete::delete))
        .routes(routes!(transitions::insert_step::insert_step))
        .routes(routes!(executions::list::list, executions::start::start))
        .routes(routes!(executions::cancel_all::cancel_all))
        .routes(routes!(executions::get::get, executions::cancel::cancel))
        .routes(routes!(executions::retry::retry))
        .routes(routes!(executions::journal::journal))
}
