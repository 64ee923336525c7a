use stepwell_core::testing::step;

use super::*;

fn configured(step_type: &str, config: Value) -> Step {
    Step { config, ..step(step_type) }
}

fn condition() -> Step {
    configured(CONDITION, json!({ "field": "data.plan", "operator": "exists" }))
}

fn wait() -> Step {
    configured(WAIT_FOR_EVENT, json!({ "eventName": "paid", "timeout": 60 }))
}

fn exits(step: &Step) -> Exits {
    let declared: &[&str] = if step.step_type == WAIT_FOR_EVENT { &["event", "timeout"] } else { &[] };
    Exits::of(step, &declared.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
}

fn read(from: &Step, condition: &Value, outcome: Option<WaitOutcome>) -> Result<Label, ApiError> {
    label(from, &exits(from), Some(condition).filter(|value| !value.is_null()), outcome)
}

fn guard(from: &Step, condition: Value, outcome: Option<WaitOutcome>) -> Guard {
    read(from, &condition, outcome).expect("label").guard
}

fn field(from: &Step, condition: Value, outcome: Option<WaitOutcome>) -> String {
    read(from, &condition, outcome).expect_err("refused").errors()[0].field.clone()
}

fn on(branch: &str) -> Guard {
    Guard::Branch(branch.to_owned())
}

#[test]
fn an_ordinary_step_has_one_way_on_and_one_for_failures() {
    let delay = step("delay");
    assert_eq!(guard(&delay, Value::Null, None), Guard::Otherwise);
    assert_eq!(guard(&delay, json!({ "branch": "error" }), None), on("error"));
    assert_eq!(field(&delay, json!({ "branch": "yes" }), None), "condition.branch");
}

#[test]
fn the_trigger_has_one_way_on_and_no_other() {
    assert_eq!(guard(&step(TRIGGER), Value::Null, None), Guard::Otherwise);
    assert_eq!(field(&step(TRIGGER), json!({ "branch": "error" }), None), "condition");
}

#[test]
fn a_binary_condition_branches_by_yes_and_no_however_they_are_written() {
    for (written, means) in [("yes", "yes"), ("no", "no"), ("true", "yes"), ("false", "no")] {
        let label = read(&condition(), &json!({ "branch": written }), None).expect("label");
        assert_eq!(label, Label::branch(means));
    }
    assert_eq!(field(&condition(), json!({ "branch": "maybe" }), None), "condition.branch");
}

#[test]
fn a_condition_without_a_label_is_always_followed() {
    assert_eq!(guard(&condition(), Value::Null, None), Guard::Always);
}

#[test]
fn a_condition_of_many_branches_has_those_of_its_configuration_and_a_default() {
    let multi = configured(CONDITION, json!({ "mode": "multi", "branches": [{ "id": "true" }, { "id": "b2" }] }));
    for name in ["true", "b2", "default", "error"] {
        assert_eq!(guard(&multi, json!({ "branch": name }), None), on(name));
    }
    assert_eq!(field(&multi, json!({ "branch": "yes" }), None), "condition.branch");
    let unfinished = configured(CONDITION, json!({ "mode": "multi" }));
    assert_eq!(guard(&unfinished, json!({ "branch": "default" }), None), on("default"));
}

#[test]
fn a_wait_is_labelled_by_its_outcome_or_by_the_older_conditions() {
    assert_eq!(guard(&wait(), Value::Null, Some(WaitOutcome::Event)), on("event"));
    assert_eq!(guard(&wait(), Value::Null, Some(WaitOutcome::Timeout)), on("timeout"));
    assert_eq!(guard(&wait(), json!({ "branch": "event" }), None), on("event"));
    assert_eq!(guard(&wait(), json!({ "branch": "timeout" }), Some(WaitOutcome::Timeout)), on("timeout"));
    assert_eq!(guard(&wait(), json!({ "fallback": true }), None), on("timeout"));
    assert_eq!(guard(&wait(), Value::Null, None), Guard::Otherwise);
    assert_eq!(WaitOutcome::of(&wait(), &on("timeout")), Some(WaitOutcome::Timeout));
}

#[test]
fn a_label_that_contradicts_itself_is_refused() {
    assert_eq!(field(&wait(), json!({ "branch": "event" }), Some(WaitOutcome::Timeout)), "waitOutcome");
    assert_eq!(field(&step("delay"), Value::Null, Some(WaitOutcome::Event)), "waitOutcome");
    assert_eq!(field(&step("delay"), json!({ "fallback": true }), None), "condition");
}

#[test]
fn a_wait_without_a_timeout_has_no_transition_for_one() {
    let endless = configured(WAIT_FOR_EVENT, json!({ "eventName": "paid" }));
    assert_eq!(field(&endless, Value::Null, Some(WaitOutcome::Timeout)), "waitOutcome");
    assert_eq!(field(&endless, json!({ "fallback": true }), None), "condition");
    assert_eq!(guard(&endless, Value::Null, Some(WaitOutcome::Event)), on("event"));
}

#[test]
fn a_custom_step_type_has_a_way_for_each_branch_it_declares() {
    let triage = step("triage");
    let exits = Exits::of(&triage, &["urgent".to_owned()]);
    let read = |condition: Option<Value>| label(&triage, &exits, condition.as_ref(), None);
    assert_eq!(read(Some(json!({ "branch": "urgent" }))).expect("label").guard, on("urgent"));
    assert_eq!(read(None).expect("label").guard, Guard::Otherwise);
    assert!(read(Some(json!({ "branch": "calm" }))).is_err());
}

#[test]
fn nothing_leaves_an_exit() {
    assert_eq!(read(&step(EXIT), &Value::Null, None).err().map(|error| error.status().as_u16()), Some(400));
}

#[test]
fn a_shape_that_nothing_would_match_is_refused() {
    for shape in [json!({}), json!("yes"), json!({ "branch": 1 }), json!({ "branch": "yes", "x": 1 }), json!([])] {
        assert_eq!(field(&condition(), shape, None), "condition");
    }
}
