//! What the components of tasks answer. A wait of theirs asks for an event, by which the checks tell it from one that core made.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Chance;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use stepwell_core::flow::{CHILD_ENDED, TaskKind, TaskSpec};
use stepwell_core::{Completion, EventWait, ExecutionId, Failure, Outcome, StepExecution, WaitRequest, Wake};
use uuid::Uuid;

use crate::script::{Mood, Report, failed};

/// How often one visit checkpoints at most.
const MOST_RESUMES: u32 = 4;

/// What a run of a task's visit answers. `ended`: how an execution has ended, if it has.
pub(crate) fn answer(
    task: &TaskSpec,
    visit: &StepExecution,
    ended: impl Fn(ExecutionId) -> Option<&'static str>,
    mood: Mood,
    chance: &mut Chance,
) -> Report {
    let mut report = Report { outcome: completed(vec![], json!({})), events: vec![], child: None };
    report.outcome = match (task.kind, &visit.wake) {
        _ if mood == Mood::Ending => Outcome::Exited { reason: None },
        (_, Some(Wake::Task(output))) => completed(vec![], output.clone()),
        (TaskKind::Automation, _) if visit.state.is_some() => resumed(visit, ended),
        _ if chance.random_bool(0.03) => odd(visit, chance),
        (TaskKind::Manual, _) => waits("pending", Value::Null),
        (TaskKind::Agent, _) => waits("in_progress", json!({ "id": visit.id, "status": "pending" })),
        (TaskKind::Automation, _) => automation(&mut report.child, chance),
        (TaskKind::Decision, _) => decision(chance),
    };
    report
}

fn automation(child: &mut Option<ExecutionId>, chance: &mut Chance) -> Outcome {
    if chance.random_bool(0.15) {
        return failed(chance);
    }
    let id = Uuid::from_u128(chance.random());
    let is_child = chance.random_bool(0.6);
    *child = is_child.then(|| id.into());
    runs(&json!({ "id": id, "status": "in_progress", "child": is_child }))
}

/// What ended the wait says how what was started has ended; if it was something else, that is looked up.
fn resumed(visit: &StepExecution, ended: impl Fn(ExecutionId) -> Option<&'static str>) -> Outcome {
    let state = visit.state.as_ref().unwrap_or(&Value::Null);
    let id = state["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let told = match &visit.wake {
        Some(Wake::Event(event)) if event.data["executionId"] == state["id"] => event.data["status"].as_str(),
        _ => None,
    };
    match told.or_else(|| ended(id?.into())) {
        Some("success") => completed(vec![], json!({})),
        Some("failed") => Outcome::Failed(Failure::fatal("automation-failed", "its run failed")),
        Some(_) => completed(vec![], json!({ "skipped": true })),
        None => runs(state),
    }
}

/// Waits for the end of what runs.
fn runs(run: &Value) -> Outcome {
    match waits("in_progress", run.clone()) {
        Outcome::Waiting(request) => Outcome::Waiting(WaitRequest { state: run.clone(), ..request }),
        other => other,
    }
}

fn decision(chance: &mut Chance) -> Outcome {
    let answers: [&[&str]; 7] = [&["x"], &["y"], &["x", "y"], &[], &["again"], &["again", "y"], &["again"]];
    match chance.random_bool(0.2) {
        true => waits("condition_pending", Value::Null),
        false => completed(answers.choose(chance).expect("some").to_vec(), json!({})),
    }
}

/// Any answer at all, whatever the task is.
fn odd(visit: &StepExecution, chance: &mut Chance) -> Outcome {
    match chance.random_range(0..5) {
        0 => failed(chance),
        1 => Outcome::Exited { reason: Some("enough".into()) },
        2 if visit.resumes < MOST_RESUMES => Outcome::Checkpoint { state: json!(visit.resumes) },
        3 => completed(vec!["y"], json!({})),
        _ => {
            waits(["on_hold", "waiting_for_confirmation", "completed", "?"].choose(chance).expect("some"), Value::Null)
        }
    }
}

fn waits(status: &str, execution: Value) -> Outcome {
    let event = Some(EventWait { name: CHILD_ENDED.into(), filter: None });
    let task = Some(json!({ "status": status, "execution": execution }));
    Outcome::Waiting(WaitRequest { task, event, ..WaitRequest::default() })
}

/// The checks know an outcome of a component by its output.
fn completed(branches: Vec<&str>, mut output: Value) -> Outcome {
    output["answered"] = true.into();
    let branches = branches.into_iter().map(str::to_owned).collect();
    Outcome::Completed(Completion { branches, output, ..Completion::default() })
}
