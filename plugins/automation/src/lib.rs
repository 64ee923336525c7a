//! Step type `automation`: runs a workflow or another step type of this server, or leaves it to a runner elsewhere, and waits for its
//! end (spec epilot-flows, 11.7).

mod config;
mod ended;
mod input;

use serde_json::{Value, json};
use stepwell_plugin::runs::{self, StartError};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Retry, Step, TaskStatus, Wait, Wake};

pub use crate::config::Config;
use crate::config::Wanted;
use crate::ended::Ended;

/// The step type.
pub struct Automation;

impl Step for Automation {
    type Config = Config;
    const TYPE: &'static str = "automation";

    fn describe() -> Description {
        Description::new(
            "Automation",
            "Runs a workflow or a step of another type and waits for its end; what this server does not know is left to a runner \
             elsewhere, which reports the result.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .icon("bolt")
        .retry(Retry { max_attempts: 5, initial_delay_ms: 1_000, max_delay_ms: 60_000, multiplier: 2.0 })
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let wanted = Wanted::of(config, context);
        match runs::start(&wanted.flow_id, &input::of(&wanted, context)) {
            Ok(id) => Ok(waits(context, Some(id))),
            Err(StartError::Unknown) => Ok(waits(context, None)),
            Err(refused) => Err(refused.into()),
        }
    }

    fn resume(_: Config, context: &Context, state: Value, wake: Wake) -> Result<Outcome, Failure> {
        let started = state["started"].as_str().map(str::to_owned);
        let ended = match (wake, &started) {
            (Wake::Task(reported), _) => return Ok(Outcome::completed(reported)),
            (Wake::Event(event), Some(id)) if event.name == runs::ENDED && event.data["executionId"] == **id => {
                Ended::read(&event.data)
            }
            (Wake::Event(_) | Wake::Timer | Wake::Checkpoint, Some(id)) => Ended::read(&runs::look(id)?),
            (Wake::Event(_) | Wake::Timer | Wake::Checkpoint, None) => None,
        };
        match ended {
            Some(ended) => ended.outcome(),
            None => Ok(waits(context, started)),
        }
    }
}

/// Waits for what was started, or for a report from elsewhere under the id of the visit.
fn waits(context: &Context, started: Option<String>) -> Outcome {
    let wait = Wait::for_task(json!({})).with_status(TaskStatus::InProgress);
    let wait = match &started {
        Some(id) => wait.with_child(id),
        None => wait.with_run(&context.step_execution_id, "in_progress"),
    };
    wait.with_state(json!({ "started": started })).into()
}

stepwell_plugin::export!(Automation);

#[cfg(test)]
mod tests;
