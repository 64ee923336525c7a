//! An in-process test host: runs a step's logic natively, with fakes in place of every capability.
//!
//! ```
//! # use stepwell_plugin::{Context, Description, Failure, Outcome, Step, log};
//! # struct Greet;
//! # impl Step for Greet {
//! #     type Config = String;
//! #     const TYPE: &'static str = "greet";
//! #     fn describe() -> Description { Description::new("Greet", "Greets.") }
//! #     fn run(name: String, _: &Context) -> Result<Outcome, Failure> {
//! #         log::info("greeting");
//! #         Ok(Outcome::completed(format!("Hello {name}")))
//! #     }
//! # }
//! use serde_json::json;
//! use stepwell_plugin::testing::{TestHost, context, run};
//!
//! let host = TestHost::new();
//! let outcome = run::<Greet>(&json!("Ada"), &context().build());
//! assert_eq!(outcome, Ok(Outcome::completed("Hello Ada")));
//! assert_eq!(host.log(), ["greeting"]);
//! ```
//!
//! The fakes belong to the thread, and so to one test. What they cannot show is isolation, limits and grants: these the real
//! host tests.

pub(crate) mod branches;
pub(crate) mod connections;
pub(crate) mod contacts;
mod context;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod keyvalue;
pub(crate) mod log;
pub(crate) mod outbox;
pub(crate) mod runs;
mod state;
pub(crate) mod templates;

use serde_json::Value;

pub use self::context::{ContextBuilder, context};
pub use self::state::{Effect, TestHost};
use crate::{Context, Failure, Outcome, Problem, Step, Wake, config, export, step};

/// Runs a step from its beginning, as the component would. When it fails, what it wrote through transactional capabilities is
/// dropped.
pub fn run<S: Step>(config: &Value, context: &Context) -> Result<Outcome, Failure> {
    state::transaction(|| S::run(config::parse(&export::text(config))?, context))
}

/// Resumes a step after a wait or a checkpoint.
pub fn resume<S: Step>(config: &Value, context: &Context, state: Value, wake: Wake) -> Result<Outcome, Failure> {
    state::transaction(|| S::resume(config::parse(&export::text(config))?, context, state, wake))
}

/// Everything wrong with a configuration.
pub fn validate<S: Step>(config: &Value) -> Vec<Problem> {
    config::problems::<S>(&export::text(config))
}

/// The JSON Schema of a step type's configuration.
pub fn config_schema<S: Step>() -> Value {
    step::schema_of::<S::Config>()
}

#[cfg(test)]
mod tests;
