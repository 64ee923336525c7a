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

/// What a run of a task's visit answers.
pub(crate) fn answer(task: &TaskSpec, visit: &StepExecution, mood: Mood, chance: &mut Chance) -> Report {
    let mut report = Report { outcome: completed(vec![], json!({})), events: vec![], child: None };
    report.outcome = match (task.kind, &visit.wake) {
        _ if mood == Mood::Ending => Outcome::Exited { reason: None },
        (_, Some(Wake::Task(output))) => completed(vec![], output.clone()),
        (TaskKind::Automation, wake @ Some(Wake::Event(_))) => automation(wake.as_ref(), &mut report.child, chance),
        _ if chance.random_bool(0.03) => odd(visit, chance),
        (TaskKind::Manual, _) => waits("pending", Value::Null),
        (TaskKind::Agent, _) => waits("in_progress", json!({ "id": visit.id, "status": "pending" })),
        (TaskKind::Automation, wake) => automation(wake.as_ref(), &mut report.child, chance),
        (TaskKind::Decision, _) => decision(chance),
    };
    report
}

fn automation(wake: Option<&Wake>, child: &mut Option<ExecutionId>, chance: &mut Chance) -> Outcome {
    if let Some(Wake::Event(event)) = wake.filter(|wake| matches!(wake, Wake::Event(it) if it.name == CHILD_ENDED)) {
        return match event.data["status"].as_str() {
            Some("success") => completed(vec![], json!({})),
            Some("failed") => Outcome::Failed(Failure::fatal("automation-failed", "its run failed")),
            _ => completed(vec![], json!({ "skipped": true })),
        };
    }
    if chance.random_bool(0.15) {
        return failed(chance);
    }
    let id = Uuid::from_u128(chance.random());
    let is_child = chance.random_bool(0.6);
    *child = is_child.then(|| id.into());
    waits("in_progress", json!({ "id": id, "status": "in_progress", "child": is_child }))
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
