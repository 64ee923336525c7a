use serde_json::{Value, json};

use super::*;

/// Two tasks, a decision with two branches, and a phase.
fn valid() -> Value {
    json!({
        "name": "Onboarding",
        "trigger": {"type": "manual", "entity_schema": "contact"},
        "phases": [{"id": "p", "name": "First"}],
        "tasks": [
            {"id": "a", "name": "Call", "task_type": "MANUAL", "phase_id": "p"},
            {"id": "d", "name": "Fits?", "task_type": "DECISION", "trigger_mode": "manual", "conditions": [
                {"id": "yes", "branch_name": "Yes", "logical_operator": "AND", "statements": []},
                {"id": "no", "branch_name": "No", "logical_operator": "OR", "statements": null},
            ]},
            {"id": "b", "name": "Send", "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"}},
        ],
        "edges": [
            {"id": "1", "from_id": "trigger", "to_id": "p"},
            {"id": "2", "from_id": "a", "to_id": "d"},
            {"id": "3", "from_id": "d", "to_id": "b", "condition_id": "yes"},
            {"id": "4", "from_id": "d", "to_id": null, "condition_id": "no"},
            {"id": "5", "from_id": "d", "to_id": "b", "none_met": true},
        ],
    })
}

/// The field that is wrong first, after a member was set.
fn wrong(pointer: &str, value: Value) -> Option<String> {
    let mut template = valid();
    let (parent, name) = pointer.rsplit_once('/').expect("pointer");
    match template.pointer_mut(parent).expect("parent") {
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) => items[name.parse::<usize>().expect("index")] = value,
        _ => unreachable!("a parent has members"),
    }
    structure(&serde_json::from_value(template).expect("schema")).err().map(|error| error.errors()[0].field.clone())
}

#[track_caller]
fn refuses(pointer: &str, value: Value, field: &str) {
    assert_eq!(wrong(pointer, value).as_deref(), Some(field), "{pointer}");
}

#[test]
fn a_template_of_every_part_is_accepted() {
    assert_eq!(wrong("/name", json!("Onboarding")), None);
    assert_eq!(wrong("/unheard_of", json!({"of": 1})), None);
}

#[test]
fn ids_are_taken_once_and_the_start_s_is_reserved() {
    refuses("/tasks/1/id", json!("a"), "tasks.1.id");
    refuses("/phases/0/id", json!("a"), "tasks.0.id");
    refuses("/tasks/0/id", json!("trigger"), "tasks.0.id");
    refuses("/tasks/0/id", json!(" "), "tasks.0.id");
    refuses("/edges/1/id", json!("1"), "edges.1.id");
    refuses("/tasks/1/conditions/1/id", json!("yes"), "tasks.1.conditions.1.id");
}

#[test]
fn an_edge_leads_from_and_to_what_is_there() {
    refuses("/edges/1/to_id", json!("nowhere"), "edges.1.to_id");
    refuses("/edges/1/from_id", json!("nowhere"), "edges.1.from_id");
    refuses("/edges/1/to_id", json!("trigger"), "edges.1.to_id");
    assert_eq!(wrong("/edges/2/to_id", json!("")), None);
}

#[test]
fn only_an_edge_of_a_decision_has_a_condition_and_one_of_that_decision() {
    refuses("/edges/1/condition_id", json!("yes"), "edges.1.condition_id");
    refuses("/edges/1/none_met", json!(true), "edges.1.none_met");
    refuses("/edges/2/condition_id", json!("maybe"), "edges.2.condition_id");
}

#[test]
fn what_is_referred_to_is_there() {
    refuses("/tasks/0/phase_id", json!("q"), "tasks.0.phase_id");
    refuses(
        "/tasks/0/requirements",
        json!([{"when": "TASK_FINISHED", "task_id": "x"}]),
        "tasks.0.requirements.0.task_id",
    );
    refuses(
        "/tasks/0/requirements",
        json!([{"when": "TASK_FINISHED", "task_id": "a"}]),
        "tasks.0.requirements.0.task_id",
    );
    refuses("/tasks/0/requirements", json!([{"when": "PHASE_FINISHED"}]), "tasks.0.requirements.0.phase_id");
    let due = json!({"duration": 1, "unit": "days", "type": "TASK_FINISHED", "task_id": "x"});
    refuses("/tasks/0/due_date_config", due.clone(), "tasks.0.due_date_config.task_id");
    refuses("/due_date_config", due, "due_date_config.task_id");
    let input = json!({"flow_id": "f", "input_context": {"source": "task", "task_id": "x"}});
    refuses("/tasks/2/automation_config", input, "tasks.2.automation_config.input_context.task_id");
    let input = json!({"flow_id": "f", "input_context": {"source": "task"}});
    refuses("/tasks/2/automation_config", input, "tasks.2.automation_config.input_context.task_id");
}

#[test]
fn a_schedule_has_what_its_mode_needs() {
    let schedule = |value: Value| wrong("/tasks/2/schedule", value);
    let field = |name: &str| Some(format!("tasks.2.schedule.{name}"));
    assert_eq!(schedule(json!({"mode": "immediate"})), None);
    assert_eq!(schedule(json!({"mode": "delayed", "duration": 1, "unit": "years"})), None);
    assert_eq!(schedule(json!({"mode": "delayed", "unit": "days"})), field("duration"));
    assert_eq!(schedule(json!({"mode": "delayed", "duration": 0.5, "unit": "days"})), field("duration"));
    assert_eq!(schedule(json!({"mode": "delayed", "duration": 1001, "unit": "years"})), field("duration"));
    assert_eq!(schedule(json!({"mode": "delayed", "duration": 1})), field("unit"));
    let relative = |reference: Value| {
        schedule(
            json!({"mode": "relative", "duration": 1, "unit": "days", "direction": "after", "reference": reference}),
        )
    };
    assert_eq!(relative(json!({"id": "a", "origin": "task_completed"})), None);
    assert_eq!(relative(json!({"id": "x", "origin": "task_completed"})), field("reference.id"));
    assert_eq!(relative(json!({"id": "x", "origin": "trigger_entity_attribute"})), field("reference.attribute"));
    assert_eq!(schedule(json!({"mode": "relative", "duration": 1, "unit": "days"})), field("direction"));
    refuses("/tasks/1/schedule", json!({"mode": "immediate"}), "tasks.1.schedule.mode");
}

#[test]
fn a_task_has_what_its_kind_needs() {
    refuses("/tasks/0/task_type", json!("AUTOMATION"), "tasks.0.automation_config");
    refuses("/tasks/0/task_type", json!("DECISION"), "tasks.0.trigger_mode");
    refuses("/tasks/1/conditions", Value::Null, "tasks.1.conditions");
    refuses("/tasks/0/name", json!(""), "tasks.0.name");
    refuses("/trigger", json!({"type": "journey_submission"}), "trigger.journey_id");
}

#[test]
fn a_loop_s_branches_are_two_of_its_decision() {
    let looping = |again: &str, leave: &str, max: u32| {
        let config = json!({"loop_branch_id": again, "exit_branch_id": leave, "max_iterations": max});
        wrong("/tasks/1/loop_config", config)
    };
    let field = |name: &str| Some(format!("tasks.1.loop_config.{name}"));
    assert_eq!(looping("yes", "no", 10), None);
    assert_eq!(looping("x", "no", 3), field("loop_branch_id"));
    assert_eq!(looping("yes", "yes", 3), field("exit_branch_id"));
    assert_eq!(looping("yes", "no", 0), field("max_iterations"));
    assert_eq!(looping("yes", "no", 11), field("max_iterations"));
}

#[test]
fn several_attributes_exclude_what_is_said_of_one() {
    let statement = |source: Value| {
        let statements = json!([{"id": "s", "source": source, "operator": "is_empty", "values": []}]);
        wrong("/tasks/1/conditions/0/statements", statements)
    };
    assert_eq!(statement(json!({"attribute": "a", "attribute_sub_field": "b"})), None);
    assert_eq!(statement(json!({"attributes": ["a", "b"], "attributes_match": "all"})), None);
    let field = "tasks.1.conditions.0.statements.0.source.attribute_sub_field";
    let source = json!({"attributes": ["a", "b"], "attribute_sub_field": "c"});
    assert_eq!(statement(source).as_deref(), Some(field));
}

#[test]
fn whoever_is_to_do_something_has_a_name() {
    refuses("/assigned_to", json!([""]), "assigned_to.0");
    refuses("/tasks/0/assigned_to", json!(["a", {"variable": " "}]), "tasks.0.assigned_to.1.variable");
    refuses("/phases/0/assigned_to", json!(["x".repeat(201)]), "phases.0.assigned_to.0");
}

#[test]
fn a_template_has_bounds_whatever_it_asks_for() {
    let tasks: Vec<_> =
        (0..10_000).map(|at| json!({"id": at.to_string(), "name": "x", "task_type": "MANUAL"})).collect();
    refuses("/tasks", json!(tasks), "tasks");
    let edges: Vec<_> = (0..4_001).map(|at| json!({"id": at.to_string(), "from_id": "a"})).collect();
    refuses("/edges", json!(edges), "edges");
    refuses("/description", json!("x".repeat(bounds::MAX_BYTES)), "");
}
