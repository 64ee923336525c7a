//! Step type `ai-agent`: hands work to an agent elsewhere, and waits until somebody reports what came of it (spec epilot-flows,
//! 11.8). This server has no agents of its own.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step, TaskStatus, Wait, Wake};

/// How a run stands that nobody has begun yet, in the words of who runs it.
const PENDING: &str = "pending";

/// The longest id of an agent, in characters.
const MAX_ID: usize = 200;

/// The step type.
pub struct AiAgent;

/// Which agent does what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Which agent.
    #[serde(default)]
    #[schemars(length(max = 200))]
    agent_id: Option<String>,
    /// What it is given: an object, as the agent wants it.
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
}

impl Step for AiAgent {
    type Config = Config;
    const TYPE: &'static str = "ai-agent";

    fn describe() -> Description {
        Description::new("AI agent", "Hands work to an agent elsewhere and waits until its result is reported.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("bot")
    }

    fn validate(config: &Config) -> Vec<Problem> {
        let long = config.agent_id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID);
        long.then(|| Problem::new("/agentId", format!("is longer than {MAX_ID} characters"))).into_iter().collect()
    }

    /// The run has the id of the visit: another visit is another run.
    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let task = json!({ "agentId": config.agent_id, "parameters": config.parameters });
        let wait = Wait::for_task(task).with_status(TaskStatus::InProgress);
        Ok(wait.with_run(&context.step_execution_id, PENDING).into())
    }

    /// Only a report ends it: whatever else wakes it, it waits on.
    fn resume(config: Config, context: &Context, _: Value, wake: Wake) -> Result<Outcome, Failure> {
        match wake {
            Wake::Task(reported) => Ok(Outcome::completed(reported)),
            Wake::Event(_) | Wake::Timer | Wake::Checkpoint => Self::run(config, context),
        }
    }
}

stepwell_plugin::export!(AiAgent);

#[cfg(test)]
mod tests {
    use stepwell_plugin::testing::{context, resume, run, validate};

    use super::*;

    fn task(outcome: Result<Outcome, Failure>) -> Value {
        match outcome {
            Ok(Outcome::Waiting(wait)) => wait.task.unwrap_or_default(),
            other => panic!("does not wait: {other:?}"),
        }
    }

    fn config() -> Value {
        json!({ "agentId": "planner", "parameters": { "tone": "kind" } })
    }

    #[test]
    fn a_run_begins_under_the_id_of_the_visit_and_the_task_is_in_progress() {
        let expected = json!({
            "agentId": "planner", "parameters": { "tone": "kind" }, "status": "in_progress",
            "execution": { "id": "visit-1", "status": "pending" },
        });
        assert_eq!(task(run::<AiAgent>(&config(), &context().build())), expected);
    }

    #[test]
    fn what_is_reported_is_the_output_and_nothing_else_ends_the_wait() {
        let resumed = |wake| resume::<AiAgent>(&config(), &context().build(), Value::Null, wake);
        let report = json!({ "outcome": "done" });
        assert_eq!(resumed(Wake::Task(report.clone())), Ok(Outcome::completed(report)));
        assert_eq!(task(resumed(Wake::Timer))["execution"]["id"], "visit-1");
    }

    #[test]
    fn parameters_are_an_object() {
        let pointers = |config: &Value| validate::<AiAgent>(config).into_iter().map(|p| p.pointer).collect::<Vec<_>>();
        assert_eq!(pointers(&json!({ "parameters": [] })), ["/parameters"]);
        assert_eq!(pointers(&json!({ "agentId": "x".repeat(201) })), ["/agentId"]);
        assert_eq!(pointers(&json!({})), [""; 0]);
    }
}
