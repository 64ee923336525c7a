use stepwell_plugin::testing::{context, resume, run, validate};
use stepwell_plugin::{Completion, ReceivedEvent, Timestamp};

use super::*;

fn waits(outcome: Result<Outcome, Failure>) -> Wait {
    match outcome {
        Ok(Outcome::Waiting(wait)) => wait,
        other => panic!("does not wait: {other:?}"),
    }
}

fn completed(entered: Value) -> Completion {
    match resume::<ManualTask>(&json!({}), &context().build(), Value::Null, Wake::Task(entered)) {
        Ok(Outcome::Completed(completion)) => completion,
        other => panic!("not completed: {other:?}"),
    }
}

#[test]
fn a_person_is_asked_and_nothing_else_ends_the_wait() {
    let config = json!({ "title": "Call", "description": "Before noon" });
    let wait = waits(run::<ManualTask>(&config, &context().build()));
    let task = json!({ "title": "Call", "description": "Before noon", "status": "pending" });
    assert_eq!((wait.task, wait.until, wait.event), (Some(task), None, None));
}

#[test]
fn without_a_title_the_task_has_the_name_of_the_step() {
    let named = context().about(json!({ "step": { "name": "Check the roof" } })).build();
    let wait = waits(run::<ManualTask>(&json!({}), &named));
    assert_eq!(wait.task, Some(json!({ "title": "Check the roof", "status": "pending" })));
}

#[test]
fn what_was_entered_is_the_output_and_names_the_branch() {
    let done = completed(json!({ "branch": "yes", "note": "fine" }));
    assert_eq!((done.branch.as_deref(), done.output), (Some("yes"), json!({ "branch": "yes", "note": "fine" })));
    assert_eq!(completed(Value::Null).branch, None);
}

#[test]
fn anything_but_a_person_lets_it_wait_on() {
    let (id, name) = ("e1".to_owned(), "entity.changed".to_owned());
    let event = ReceivedEvent { id, name, data: Value::Null, received_at: Timestamp::from_millis(0) };
    for wake in [Wake::Event(event), Wake::Timer, Wake::Checkpoint] {
        let wait = waits(resume::<ManualTask>(&json!({ "title": "Call" }), &context().build(), Value::Null, wake));
        assert_eq!(wait.task, Some(json!({ "title": "Call", "status": "pending" })));
    }
}

#[test]
fn a_long_title_is_a_problem_and_so_is_an_unknown_member() {
    let pointers = |config: &Value| validate::<ManualTask>(config).into_iter().map(|p| p.pointer).collect::<Vec<_>>();
    assert_eq!(pointers(&json!({ "title": "x".repeat(1_001), "description": "y".repeat(10_000) })), ["/title"]);
    assert_eq!(pointers(&json!({ "titel": "x" })), ["/titel"]);
    assert_eq!(pointers(&json!({})), [""; 0]);
}
