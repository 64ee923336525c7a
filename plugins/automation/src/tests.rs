use stepwell_plugin::testing::{Effect, TestHost, context, resume, run, validate};
use stepwell_plugin::{ReceivedEvent, Timestamp};

use super::*;

const WORKFLOW: &str = "0190f0a1-0000-7000-8000-000000000001";

/// A task of a flow, with what a person has patched it with.
fn task(patched: Value) -> Context {
    context()
        .about(json!({ "flow": {
            "id": "flow-1", "by": "ada",
            "contexts": [{ "id": "c1", "schema": "contact" }, { "id": "o1", "schema": "order" }],
            "primary": { "id": "o1", "schema": "order" },
            "entities": [{ "id": "o1", "schema": "order", "data": { "total": 3 } }],
            "task": { "id": "task-1", "templateId": "t", "name": "Run", "run": { "config": patched } },
        } }))
        .outputs(
            json!({ "earlier": { "entity": { "_id": "m1", "_schema": "meter" } }, "bare": { "id": "x1" }, "odd": 3 }),
        )
        .build()
}

fn waits(outcome: Result<Outcome, Failure>) -> (Value, Value) {
    match outcome {
        Ok(Outcome::Waiting(wait)) => (wait.task.unwrap_or_default(), wait.state),
        other => panic!("does not wait: {other:?}"),
    }
}

fn started(config: &Value, context: &Context) -> (String, Value) {
    let host = TestHost::new();
    [WORKFLOW, "webhook"].iter().for_each(|what| host.startable(what));
    waits(run::<Automation>(config, context));
    match &host.effects()[..] {
        [Effect::StartRun(what, input)] => (what.clone(), input.clone()),
        other => panic!("not one start: {other:?}"),
    }
}

fn ended(id: &str, status: &str, more: Value) -> Wake {
    let mut data = json!({ "executionId": id, "status": status, "output": null, "reason": null });
    data.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let (id, name) = ("e1".to_owned(), runs::ENDED.to_owned());
    Wake::Event(ReceivedEvent { id, name, data, received_at: Timestamp::from_millis(0) })
}

fn resumed(wake: Wake) -> Result<Outcome, Failure> {
    resume::<Automation>(&json!({ "flowId": WORKFLOW }), &task(Value::Null), json!({ "started": "run-1" }), wake)
}

#[test]
fn a_workflow_is_started_on_the_primary_entity_and_waited_for() {
    let host = TestHost::new();
    host.startable(WORKFLOW);
    let (shown, state) = waits(run::<Automation>(&json!({ "flowId": WORKFLOW }), &task(Value::Null)));
    let execution = json!({ "id": "run-1", "status": "in_progress", "child": true });
    assert_eq!(
        (shown, state),
        (json!({ "status": "in_progress", "execution": execution }), json!({ "started": "run-1" }))
    );
    let expected = json!({
        "entityId": "o1", "schema": "order", "flowId": WORKFLOW, "entity": { "total": 3, "_id": "o1", "_schema": "order" },
        "workflowContext": {
            "workflow_exec_id": "flow-1", "workflow_exec_task_id": "task-1", "workflow_role": "run_task_automation",
            "entity_contexts": [
                { "entity_id": "c1", "entity_schema": "contact", "is_primary": false },
                { "entity_id": "o1", "entity_schema": "order", "is_primary": true },
            ],
            "trigger_user_id": "ada",
        },
    });
    assert_eq!(host.effects(), [Effect::StartRun(WORKFLOW.to_owned(), expected)]);
}

#[test]
fn a_step_type_is_started_with_its_configuration() {
    let config = json!({ "flowId": "webhook", "config": { "url": "https://example.org" } });
    let (what, input) = started(&config, &task(Value::Null));
    assert_eq!((what.as_str(), &input["config"]), ("webhook", &json!({ "url": "https://example.org" })));
    assert_eq!(input["event"]["entityId"], "o1");
}

#[test]
fn what_a_person_patched_goes_first() {
    let config = json!({ "flowId": WORKFLOW, "input": { "source": "task", "taskId": "bare" }, "config": { "a": 1 } });
    let patched = json!({ "flow_id": "webhook", "config": { "a": 2 }, "input_context": { "source": "trigger" } });
    let (what, input) = started(&config, &task(patched));
    assert_eq!(
        (what.as_str(), &input["config"]["a"], &input["event"]["entityId"]),
        ("webhook", &json!(2), &json!("o1"))
    );
    assert_eq!(started(&config, &task(json!({ "flowId": "webhook" }))).0, "webhook");
    let (what, input) = started(&config, &task(json!({ "flow_id": "" })));
    assert_eq!((what.as_str(), &input["entityId"]), (WORKFLOW, &json!("x1")));
}

#[test]
fn the_entity_may_be_what_came_of_an_earlier_task() {
    let of = |task_id: &str| {
        let config = json!({ "flowId": WORKFLOW, "input": { "source": "task", "taskId": task_id } });
        let input = started(&config, &task(Value::Null)).1;
        (input["entityId"].clone(), input["schema"].clone())
    };
    assert_eq!(of("earlier"), (json!("m1"), json!("meter")));
    assert_eq!(of("bare"), (json!("x1"), Value::Null));
    for unknown in ["odd", "later"] {
        assert_eq!(of(unknown), (json!("o1"), json!("order")), "{unknown}");
    }
}

#[test]
fn what_this_server_does_not_know_is_left_to_a_runner_elsewhere() {
    let _host = TestHost::new();
    for config in [json!({ "flowId": "flow-of-somebody" }), json!({})] {
        let (shown, state) = waits(run::<Automation>(&config, &task(Value::Null)));
        let execution = json!({ "id": "visit-1", "status": "in_progress" });
        assert_eq!(shown, json!({ "status": "in_progress", "execution": execution }));
        let again = waits(resume::<Automation>(&config, &task(Value::Null), state, Wake::Timer));
        assert_eq!(again.0, shown);
    }
}

#[test]
fn what_may_not_be_started_fails_the_step() {
    let host = TestHost::new();
    host.deny("runs");
    let failure = run::<Automation>(&json!({ "flowId": WORKFLOW }), &task(Value::Null)).expect_err("a failure");
    assert_eq!(failure.code, "capability-denied");
}

#[test]
fn the_end_of_a_run_is_that_of_the_step() {
    let _host = TestHost::new();
    let done = resumed(ended("run-1", "success", json!({ "output": { "n": 1 } })));
    assert_eq!(done, Ok(Outcome::completed(json!({ "n": 1 }))));
    let failure = resumed(ended("run-1", "failed", json!({ "reason": "no mail" }))).expect_err("a failure");
    assert_eq!((failure.code.as_str(), failure.retryable), ("automation-failed", false));
    assert!(failure.message.ends_with("no mail"));
    assert_eq!(resumed(ended("run-1", "cancelled", json!({}))), Ok(Outcome::completed(json!({ "skipped": true }))));
    assert_eq!(resumed(Wake::Task(json!({ "by": "hand" }))), Ok(Outcome::completed(json!({ "by": "hand" }))));
}

#[test]
fn anything_else_has_the_step_look_at_the_run_and_wait_on() {
    let host = TestHost::new();
    host.run("run-1", json!({ "executionId": "run-1", "status": "in_progress" }));
    for wake in [Wake::Timer, ended("run-0", "success", json!({}))] {
        assert_eq!(waits(resumed(wake)).1, json!({ "started": "run-1" }));
    }
    host.run("run-1", json!({ "executionId": "run-1", "status": "success", "output": 7 }));
    assert_eq!(resumed(Wake::Timer), Ok(Outcome::completed(json!(7))));
}

#[test]
fn outside_of_a_flow_there_is_no_entity() {
    let (_, input) = started(&json!({ "flowId": WORKFLOW }), &context().build());
    assert_eq!((&input["entity"], &input["workflowContext"]["entity_contexts"]), (&Value::Null, &json!([])));
}

#[test]
fn what_is_wrong_with_a_configuration_is_named_by_its_place() {
    let pointers = |config: &Value| validate::<Automation>(config).into_iter().map(|p| p.pointer).collect::<Vec<_>>();
    assert_eq!(pointers(&json!({})), [""; 0]);
    assert_eq!(
        pointers(&json!({ "flowId": "x".repeat(201), "input": { "source": "task" } })),
        ["/flowId", "/input/taskId"]
    );
    assert_eq!(pointers(&json!({ "input": { "source": "moon" } })), ["/input/source"]);
    assert_eq!(pointers(&json!({ "config": [] })), ["/config"]);
}
