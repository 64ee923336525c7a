//! The engine's shell: everything that happens by itself. It loads, asks `core` what an input changes, has steps run by a
//! `StepRunner`, and commits. It names no step type and knows no WebAssembly.

mod act;
mod chain;
mod children;
mod clock;
mod commit;
mod control;
mod cron;
mod data;
mod dispatch;
mod dry_run;
mod engine;
mod entity;
mod error;
mod heads;
mod inbox;
mod intake;
mod known;
mod links;
mod live;
pub mod mail;
mod nodes;
mod pace;
mod plugins;
mod prune;
mod queue;
mod recover;
mod route;
mod step;
mod sync;
mod timer;
mod watch;

pub use act::{Acted, NewFlow};
pub use clock::{RandomIds, SystemClock};
pub use cron::{Audience, CatchUp, ScheduleConfig, arm, next_firing};
pub use data::StoreData;
pub use dry_run::{Arrival, DryRun, DryRunResult, Visited};
pub use engine::{Engine, EngineOptions};
pub use entity::MAX_ENTITY_DATA;
pub use error::EngineError;
pub use inbox::TaskDeed;
pub use intake::{AddressEdit, IdempotencyKey, Intake, Tracked, Who, Written};
pub use links::{Claim, LinkKind, Links};
pub use live::Follower;
pub use prune::Retention;
pub use route::{NewEvent, Routed, Stamp, change_contact, emit};
