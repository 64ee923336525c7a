//! Step type `manual-task`: waits until a person has done something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step, Wait, Wake};

/// The longest title and description, in characters.
const MAX_TITLE: usize = 1_000;
const MAX_DESCRIPTION: usize = 10_000;

/// The step type.
pub struct ManualTask;

/// What the person is asked.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// What is to be done; the step's name if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_000))]
    title: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10_000))]
    description: Option<String>,
}

impl Step for ManualTask {
    type Config = Config;
    const TYPE: &'static str = "manual-task";

    fn describe() -> Description {
        Description::new("Manual task", "Waits until a person has done the task; what they enter is the output.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("user-check")
    }

    fn validate(config: &Config) -> Vec<Problem> {
        let texts = [("title", &config.title, MAX_TITLE), ("description", &config.description, MAX_DESCRIPTION)];
        let is_long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        texts
            .into_iter()
            .filter(|(_, text, most)| is_long(text, *most))
            .map(|(name, _, most)| Problem::new(format!("/{name}"), format!("is longer than {most} characters")))
            .collect()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let mut task = json!(config);
        if config.title.is_none()
            && let Some(name) = context.about_text("/step/name")
        {
            task["title"] = name.into();
        }
        Ok(Wait::for_person(task).into())
    }

    /// Only a person ends the task: whatever else wakes it, it waits on.
    fn resume(config: Config, context: &Context, _: Value, wake: Wake) -> Result<Outcome, Failure> {
        let Wake::Task(entered) = wake else { return Self::run(config, context) };
        let branch = entered.get("branch").and_then(Value::as_str).map(str::to_owned);
        let outcome = Outcome::completed(entered);
        Ok(match branch {
            Some(branch) => outcome.on(branch),
            None => outcome,
        })
    }
}

stepwell_plugin::export!(ManualTask);

#[cfg(test)]
mod tests;
