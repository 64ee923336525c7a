//! The configuration, and what a person changed about it since.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use stepwell_plugin::{Context, Problem};

/// The longest name of what is run, in characters.
const MAX_NAME: usize = 200;

/// What is run, and on what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// What is run: the id of a workflow, the name of a step type, or an id that a runner elsewhere knows.
    #[serde(default)]
    #[schemars(length(max = 200))]
    flow_id: Option<String>,
    /// Which entity it runs on; the primary one if not given.
    #[serde(default)]
    input: Option<Input>,
    /// The configuration of the step, where `flowId` names a step type: an object.
    #[serde(default)]
    config: Option<Map<String, Value>>,
}

/// Which entity it runs on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Input {
    /// Where it comes from.
    source: Source,
    /// Of which task, with the source `task`.
    #[serde(default)]
    task_id: Option<String>,
}

/// Where the entity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// What the flow is about.
    Trigger,
    /// What came of an earlier task.
    Task,
}

/// What is run, after everything that was changed.
pub(crate) struct Wanted {
    pub(crate) flow_id: String,
    /// The task whose entity it runs on; none for the primary entity.
    pub(crate) task_id: Option<String>,
    /// The configuration of a step.
    pub(crate) config: Value,
}

impl Config {
    /// What is wrong with it when it is saved.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let long = self.flow_id.as_ref().is_some_and(|id| id.chars().count() > MAX_NAME);
        let long = long.then(|| Problem::new("/flowId", format!("is longer than {MAX_NAME} characters")));
        let lacks = |input: &Input| input.source == Source::Task && input.task_id.is_none();
        let lacking = self.input.as_ref().filter(|input| lacks(input));
        let lacking = lacking.map(|_| Problem::new("/input/taskId", "is missing: say which task's entity is meant"));
        long.into_iter().chain(lacking).collect()
    }

    fn task_id(&self) -> Option<String> {
        self.input.as_ref().filter(|input| input.source == Source::Task).and_then(|input| input.task_id.clone())
    }
}

impl Wanted {
    /// The configuration, each part replaced by what a person has patched the task with, in the words of the flows surface.
    pub(crate) fn of(config: Config, context: &Context) -> Self {
        let patched = context.about().pointer("/flow/task/run/config").unwrap_or(&Value::Null);
        // The first version of the surface writes the name in camel case.
        let flow_id = [&patched["flow_id"], &patched["flowId"]].into_iter().find_map(Value::as_str);
        let flow_id = flow_id.filter(|id| !id.is_empty()).map(str::to_owned);
        let task_id = match patched["input_context"]["source"].as_str() {
            Some("task") => patched["input_context"]["task_id"].as_str().map(str::to_owned),
            Some(_) => None,
            None => config.task_id(),
        };
        let own = patched["config"].as_object().cloned();
        Self {
            flow_id: flow_id.or(config.flow_id).unwrap_or_default(),
            task_id,
            config: own.or(config.config).map_or_else(|| json!({}), Value::Object),
        }
    }
}
