//! Stepwell's HTTP surfaces: the only crate that speaks HTTP to clients.
//!
//! [`router`] has every path. A surface is a folder with a file a route; it translates and holds no engine logic.

mod auth;
mod bulk;
mod connections;
mod contacts;
mod entities;
mod envelope;
mod error;
mod events;
mod executions;
mod extract;
mod flows;
mod gate;
mod idempotency;
mod keys;
mod limit;
mod messages;
mod openapi;
mod ops;
mod page;
mod plugins;
mod public;
mod refusal;
mod request;
mod router;
mod scope;
mod serve;
mod state;
mod suppressions;
mod tasks;
mod templates;
mod track;
mod wire;
mod workflows;
mod workspace;

pub use auth::hash_key;
pub use error::{ApiError, FieldError};
pub use limit::{Rate, RateLimits};
pub use router::{openapi_json, router};
pub use scope::{SCOPES, is_known as is_known_scope};
pub use serve::serve;
pub use state::{ApiOptions, ApiState};
