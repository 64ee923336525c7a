//! `stepwell:plugin/runs`: starts executions, which begin once the step's outcome is stored, and looks at how they stand.

use serde_json::{Map, Value, json};
use stepwell_core::{ChildTarget, DefinitionId, ExecutionId, Runnable};

use super::object;
use crate::bindings::stepwell::plugin::runs::{Host, LookError, StartError};
use crate::grant::Import;
use crate::state::Run;

/// The largest input, in bytes of JSON.
const MAX_INPUT: usize = 1024 * 1024;

/// The longest name, in bytes.
const MAX_NAME: usize = 200;

impl Host for Run {
    async fn start(&mut self, what: String, input: String) -> wasmtime::Result<Result<String, StartError>> {
        self.allow(Import::Runs)?;
        Ok(self.start_run(&what, &input).await)
    }

    async fn look(&mut self, id: String) -> wasmtime::Result<Result<String, LookError>> {
        self.allow(Import::Runs)?;
        Ok(self.look_at(&id).await)
    }
}

impl Run {
    async fn start_run(&mut self, what: &str, text: &str) -> Result<String, StartError> {
        let input = object("input", text, MAX_INPUT).map_err(StartError::Invalid)?;
        let (target, input) = match what.parse::<DefinitionId>() {
            Ok(workflow) => (ChildTarget::Definition(workflow), Value::Object(input)),
            Err(_) => self.single_step(what, input)?,
        };
        self.may_start(&target).await?;
        let id = ExecutionId(self.services.ids.next(self.services.clock.now()));
        self.effects.start(id, target, input, text.len()).map_err(StartError::Invalid)?;
        Ok(id.to_string())
    }

    /// A step of a type that is installed, with its configuration and its event.
    fn single_step(&self, name: &str, mut input: Map<String, Value>) -> Result<(ChildTarget, Value), StartError> {
        let known = name.len() <= MAX_NAME && self.services.registry.find(self.facts.workspace, None, name).is_some();
        if !known {
            return Err(StartError::Unknown);
        }
        let config = take_object(&mut input, "config")?;
        let event = take_object(&mut input, "event")?;
        match input.keys().next() {
            None => Ok((ChildTarget::Step { step_type: name.to_owned(), config }, event)),
            Some(_) => Err(StartError::Invalid("input: that of a step has the members config and event only".into())),
        }
    }

    async fn may_start(&self, target: &ChildTarget) -> Result<(), StartError> {
        let workflow = match target {
            ChildTarget::Definition(id) => Some(*id),
            ChildTarget::Step { .. } => None,
        };
        match self.services.data.runnable(self.facts.workspace, self.facts.execution, workflow).await {
            Ok(Runnable::Yes) => Ok(()),
            Ok(Runnable::Unknown) => Err(StartError::Unknown),
            Ok(Runnable::Off) => Err(StartError::Invalid("the workflow is switched off; enable it first".into())),
            Ok(Runnable::TooDeep) => Err(StartError::TooDeep),
            Err(error) => {
                self.unavailable(&error);
                Err(StartError::Unavailable)
            }
        }
    }

    async fn look_at(&self, id: &str) -> Result<String, LookError> {
        let id: ExecutionId = id.parse().map_err(|_| LookError::NotFound)?;
        if self.effects.starts(id) {
            let begins = json!({"executionId": id, "status": "in_progress", "output": null, "reason": null});
            return Ok(begins.to_string());
        }
        match self.services.data.child(self.facts.workspace, self.facts.execution, id).await {
            Ok(standing) => standing.map(|standing| standing.to_string()).ok_or(LookError::NotFound),
            Err(error) => {
                self.unavailable(&error);
                Err(LookError::Unavailable)
            }
        }
    }
}

fn take_object(input: &mut Map<String, Value>, name: &str) -> Result<Value, StartError> {
    match input.remove(name) {
        None | Some(Value::Null) => Ok(json!({})),
        Some(object @ Value::Object(_)) => Ok(object),
        Some(_) => Err(StartError::Invalid(format!("input.{name}: must be an object"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Purpose;
    use crate::testing::{CHILD, DEEP, EXECUTION, Memory, SWITCHED_OFF, Setup, WORKFLOW};
    use stepwell_core::Effect;

    async fn started(run: &mut Run, what: &str, input: &str) -> Result<String, StartError> {
        run.start(what.into(), input.into()).await.expect("no trap")
    }

    #[tokio::test]
    async fn a_workflow_that_is_started_is_an_effect_under_the_id_that_was_told() {
        let mut run = Setup::default().state().run;
        let id = started(&mut run, &WORKFLOW.to_string(), r#"{"n":1}"#).await.expect("started");
        let seen: Value =
            serde_json::from_str(&run.look(id.clone()).await.expect("no trap").expect("found")).expect("JSON");
        assert_eq!(seen["status"], "in_progress");
        let [Effect::StartChild { id: begun, target, input }] = &run.effects.into_list()[..] else { panic!("one") };
        assert_eq!((begun.to_string(), target, input), (id, &ChildTarget::Definition(WORKFLOW), &json!({"n": 1})));
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_told_apart() {
        let mut run = Setup::default().state().run;
        let nobody = EXECUTION.to_string();
        for unknown in ["unheard-of", "", nobody.as_str()] {
            assert!(matches!(started(&mut run, unknown, "{}").await, Err(StartError::Unknown)), "{unknown}");
        }
        let off = started(&mut run, &SWITCHED_OFF.to_string(), "{}").await;
        assert!(matches!(off, Err(StartError::Invalid(reason)) if reason.contains("switched off")));
        let wrong = started(&mut run, &WORKFLOW.to_string(), "[]").await;
        assert!(matches!(wrong, Err(StartError::Invalid(reason)) if reason.starts_with("input: ")));
        let mut run = Setup { execution: DEEP, ..Setup::default() }.state().run;
        assert!(matches!(started(&mut run, &WORKFLOW.to_string(), "{}").await, Err(StartError::TooDeep)));
        let mut run = Setup { data: Memory { down: true, ..Memory::default() }, ..Setup::default() }.state().run;
        assert!(matches!(started(&mut run, &WORKFLOW.to_string(), "{}").await, Err(StartError::Unavailable)));
        assert_eq!(run.effects.into_list(), []);
    }

    #[tokio::test]
    async fn only_what_the_execution_started_can_be_looked_at() {
        let mut run = Setup::default().state().run;
        let seen = run.look(CHILD.to_string()).await.expect("no trap").expect("found");
        assert!(seen.contains(r#""status":"success""#), "{seen}");
        for id in [EXECUTION.to_string(), "no id".into()] {
            assert!(matches!(run.look(id).await.expect("no trap"), Err(LookError::NotFound)));
        }
        let mut run = Setup { execution: DEEP, ..Setup::default() }.state().run;
        assert!(matches!(run.look(CHILD.to_string()).await.expect("no trap"), Err(LookError::NotFound)));
    }

    #[tokio::test]
    async fn a_run_starts_twenty_executions_at_most_and_one_that_is_asked_none() {
        let mut run = Setup::default().state().run;
        for _ in 0..20 {
            assert!(started(&mut run, &WORKFLOW.to_string(), "{}").await.is_ok());
        }
        assert!(matches!(started(&mut run, &WORKFLOW.to_string(), "{}").await, Err(StartError::Invalid(_))));
        let mut run = Setup { purpose: Purpose::Ask, ..Setup::default() }.state().run;
        assert!(run.start(WORKFLOW.to_string(), "{}".into()).await.is_err());
    }
}
