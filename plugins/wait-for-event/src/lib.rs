//! Step type `wait-for-event`: pauses until an event of the contact arrives, or a time runs out.

mod output;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_plugin::{Context, Description, EventWait, Failure, Outcome, Problem, Step, Wait, Wake};
use stepwell_rules::Rule;

use crate::output::{Arrived, Output, TimedOut};

/// The longest timeout in seconds: 365 days.
const MAX_TIMEOUT: u64 = 31_536_000;

/// The step type.
pub struct WaitForEvent;

/// What to wait for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The name of the event, compared exactly.
    #[schemars(length(min = 1, max = 255))]
    event_name: String,
    /// After how many seconds to stop waiting; without it the wait has no end.
    #[schemars(range(min = 1, max = 31_536_000))]
    timeout: Option<u64>,
    /// A condition over `event.*` (the data of the arriving event) and `contact.*` that must hold as well, in the form of a
    /// condition step: `{field, operator, value}`, `{all: […]}`, `{any: […]}` or `{not: …}`.
    // An object only: `validate` names the place of a mistake, which a schema of alternatives could not.
    #[schemars(with = "Option<Map<String, Value>>")]
    filter: Option<Value>,
}

impl Step for WaitForEvent {
    type Config = Config;
    const TYPE: &'static str = "wait-for-event";

    fn describe() -> Description {
        Description::new("Wait for event", "Pauses until the contact has an event, or a time runs out.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("hourglass")
            .branches(["event", "timeout"])
            .output::<Output>()
    }

    fn validate(config: &Config) -> Vec<Problem> {
        let name = config.event_name.is_empty().then(|| Problem::new("/eventName", "is missing"));
        name.into_iter().chain(config.checked_timeout().err()).chain(config.filter_problems()).collect()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let deadline = config.checked_timeout()?.map(|timeout| context.now.plus(timeout));
        let filter = config.filter.unwrap_or_default();
        let wait = Wait::for_event(EventWait { name: config.event_name, filter });
        Ok(Wait { until: deadline, ..wait }.into())
    }

    fn resume(config: Config, _: &Context, _: Value, wake: Wake) -> Result<Outcome, Failure> {
        match wake {
            Wake::Event(event) => {
                let data = event.data.clone();
                let outcome = Outcome::completed(Arrived::new(config.event_name, event)).on("event");
                Ok(if data.is_object() { outcome.merging_event(data) } else { outcome })
            }
            Wake::Timer => Ok(Outcome::completed(TimedOut::new(config.event_name)).on("timeout")),
            Wake::Task(_) | Wake::Checkpoint => {
                Err(Failure::fatal("unexpected-wake", "only the event or the timeout can end this wait"))
            }
        }
    }
}

impl Config {
    fn checked_timeout(&self) -> Result<Option<Duration>, Problem> {
        match self.timeout {
            None => Ok(None),
            Some(seconds @ 1..=MAX_TIMEOUT) => Ok(Some(Duration::from_secs(seconds))),
            Some(_) => Err(Problem::new("/timeout", "must be from 1 to 31536000 seconds (365 days)")),
        }
    }

    fn filter_problems(&self) -> Vec<Problem> {
        let Some(filter) = &self.filter else { return Vec::new() };
        let counts = Rule::parse(filter).is_ok_and(|rule| !rule.event_counts().is_empty());
        let counting = counts.then(|| Problem::new("/filter", "cannot count events; use a condition step for that"));
        let of_rule = stepwell_rules::problems(filter).into_iter().map(|problem| problem.under("/filter"));
        counting.into_iter().chain(of_rule.map(|problem| Problem::new(problem.pointer, problem.message))).collect()
    }
}

stepwell_plugin::export!(WaitForEvent);

#[cfg(test)]
mod tests;
