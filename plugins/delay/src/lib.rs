//! Step type `delay`: waits for a fixed time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::time::Duration;
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step, Timestamp, Wait, Wake};

/// The longest delay: 365 days.
const MAX_SECONDS: f64 = 31_536_000.0;

/// The step type.
pub struct Delay;

/// How long to wait: 365 days at most.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many units; a fraction is possible.
    #[schemars(extend("exclusiveMinimum" = 0))]
    amount: Number,
    /// The unit of the amount.
    unit: Unit,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
}

/// The output, while the step waits and afterwards.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Output {
    /// The amount as configured.
    delay_amount: Number,
    /// The unit as configured.
    delay_unit: Unit,
    /// When the execution goes on.
    resume_at: Timestamp,
}

impl Step for Delay {
    type Config = Config;
    const TYPE: &'static str = "delay";

    fn describe() -> Description {
        Description::new("Delay", "Pauses the execution for a fixed time before it goes on.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("clock")
            .output::<Output>()
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.duration().err().into_iter().collect()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let resume_at = context.now.plus(config.duration()?);
        Ok(Wait::until(resume_at).with_state(resume_at.to_string().into()).with_output(config.output(resume_at)).into())
    }

    fn resume(config: Config, context: &Context, state: Value, _: Wake) -> Result<Outcome, Failure> {
        let resume_at = serde_json::from_value(state).unwrap_or(context.now);
        Ok(Outcome::completed(config.output(resume_at)))
    }
}

impl Config {
    /// The time to wait, in whole milliseconds and at least one.
    fn duration(&self) -> Result<Duration, Problem> {
        let seconds = self.amount.as_f64().unwrap_or_default() * self.unit.seconds();
        if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
            return Err(Problem::new("/amount", "must be more than 0, and 365 days at most together with the unit"));
        }
        Ok(Duration::from_millis((seconds * 1_000.0).round().max(1.0) as u64))
    }

    fn output(self, resume_at: Timestamp) -> Output {
        Output { delay_amount: self.amount, delay_unit: self.unit, resume_at }
    }
}

impl Unit {
    fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3_600.0,
            Self::Days => 86_400.0,
            Self::Weeks => 604_800.0,
        }
    }
}

stepwell_plugin::export!(Delay);

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell_plugin::testing::{context, resume, run, validate};

    use super::*;

    fn waits(config: Value) -> Wait {
        match run::<Delay>(&config, &context().build()) {
            Ok(Outcome::Waiting(wait)) => wait,
            other => panic!("{config} does not wait: {other:?}"),
        }
    }

    fn millis(amount: Value, unit: &str) -> u64 {
        let until = waits(json!({ "amount": amount, "unit": unit })).until.expect("a time");
        until.millis() - context().build().now.millis()
    }

    #[test]
    fn each_unit_has_its_length() {
        let lengths = ["seconds", "minutes", "hours", "days", "weeks"].map(|unit| millis(json!(1), unit));
        assert_eq!(lengths, [1_000, 60_000, 3_600_000, 86_400_000, 604_800_000]);
    }

    #[test]
    fn a_fraction_counts_down_to_a_millisecond() {
        assert_eq!(millis(json!(1.5), "hours"), 5_400_000);
        assert_eq!(millis(json!(1.1), "minutes"), 66_000);
        assert_eq!(millis(json!(0.00001), "seconds"), 1);
    }

    #[test]
    fn the_output_is_the_same_while_it_waits_and_afterwards() {
        let config = json!({ "amount": 24, "unit": "hours" });
        let wait = waits(config.clone());
        let output = json!({ "delayAmount": 24, "delayUnit": "hours", "resumeAt": "2026-01-03T03:04:05.678Z" });
        assert_eq!(wait.output, output);
        let later = context().now(Timestamp::from_millis(1_900_000_000_000)).build();
        let resumed = resume::<Delay>(&config, &later, wait.state, Wake::Timer);
        assert_eq!(resumed, Ok(Outcome::completed(output)));
    }

    #[test]
    fn up_to_365_days_are_possible() {
        for (amount, unit) in [(365.0, "days"), (8_760.0, "hours"), (52.0, "weeks"), (31_536_000.0, "seconds")] {
            assert_eq!(validate::<Delay>(&json!({ "amount": amount, "unit": unit })), [], "{amount} {unit}");
        }
    }

    #[test]
    fn an_amount_out_of_bounds_is_a_problem_on_writing_and_a_failure_on_running() {
        for (amount, unit) in [(0.0, "days"), (-1.0, "days"), (365.01, "days"), (53.0, "weeks"), (1e300, "seconds")] {
            let config = json!({ "amount": amount, "unit": unit });
            assert_eq!(validate::<Delay>(&config)[0].pointer, "/amount", "{config}");
            assert_eq!(run::<Delay>(&config, &context().build()).expect_err("a failure").code, "invalid-config");
        }
    }

    #[test]
    fn another_unit_or_member_is_a_problem() {
        assert_eq!(validate::<Delay>(&json!({ "amount": 1, "unit": "months" }))[0].pointer, "/unit");
        assert_eq!(validate::<Delay>(&json!({ "amount": "1", "unit": "days" }))[0].pointer, "/amount");
        assert_eq!(validate::<Delay>(&json!({ "amount": 1, "unit": "days", "until": 1 }))[0].pointer, "/until");
    }

    #[test]
    fn a_state_of_another_kind_does_no_harm() {
        let config = json!({ "amount": 1, "unit": "days" });
        let resumed = resume::<Delay>(&config, &context().build(), json!([1]), Wake::Checkpoint);
        assert!(matches!(resumed, Ok(Outcome::Completed(_))));
    }
}
