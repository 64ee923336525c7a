//! Step type `exit`: ends the execution early.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_plugin::{Context, Description, Failure, Outcome, Step};

/// The reason of an exit that names none.
const DEFAULT_REASON: &str = "exit_step";

/// The step type.
pub struct Exit;

/// Why the execution ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The reason that is shown; `exit_step` if there is none.
    #[schemars(length(max = 1000))]
    reason: Option<String>,
}

/// The output that the engine stores.
#[derive(Serialize, JsonSchema)]
struct Output {
    /// Always true.
    exited: bool,
    /// Why.
    reason: String,
}

impl Step for Exit {
    type Config = Config;
    const TYPE: &'static str = "exit";

    fn describe() -> Description {
        Description::new("Exit", "Ends the execution early for the contact.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("log-out")
            .output::<Output>()
    }

    fn run(config: Config, _: &Context) -> Result<Outcome, Failure> {
        let reason = config.reason.filter(|reason| !reason.is_empty());
        Ok(Outcome::exited(Some(reason.unwrap_or_else(|| DEFAULT_REASON.to_owned()))))
    }
}

stepwell_plugin::export!(Exit);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stepwell_plugin::testing::{context, run, validate};

    use super::*;

    fn exits(config: &Value) -> Option<String> {
        match run::<Exit>(config, &context().build()) {
            Ok(Outcome::Exited(reason)) => reason,
            other => panic!("{config} does not exit: {other:?}"),
        }
    }

    #[test]
    fn the_configured_reason_is_given() {
        assert_eq!(exits(&json!({ "reason": "bought" })).as_deref(), Some("bought"));
    }

    #[test]
    fn without_a_reason_it_is_exit_step() {
        for config in [json!({}), json!({ "reason": null }), json!({ "reason": "" })] {
            assert_eq!(exits(&config).as_deref(), Some("exit_step"));
        }
    }

    #[test]
    fn a_reason_that_is_no_text_is_a_problem() {
        assert_eq!(validate::<Exit>(&json!({ "reason": 1 }))[0].pointer, "/reason");
    }
}
