use serde_json::{Value, json};
use stepwell_core::testing::{edge, graph, step};
use stepwell_core::{Given, Graph, Guard, SequentialIds, Step, StepId, Timestamp};

use super::*;
use crate::error::ApiError;

const NOW: Timestamp = Timestamp(1_000);

/// The branches that `triage` declares; other types have none.
fn declared(step: &Step) -> Vec<String> {
    let names: &[&str] = if step.step_type == "triage" { &["urgent", "calm"] } else { &[] };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A graph with these steps, each named by its type and number, and transitions between their names.
fn chain(names: &[&str], edges: &[(&str, &str)]) -> Graph {
    let steps: Vec<_> = names.iter().map(|name| named(name)).collect();
    let edges = edges.iter().map(|(from, to)| edge(&steps, from, to, Guard::Otherwise, 0)).collect();
    graph(steps, edges)
}

/// `delay2` is a second step of the type `delay`.
fn named(name: &str) -> Step {
    let step_type = name.trim_end_matches(|character: char| character.is_ascii_digit()).to_owned();
    Step { step_type, config: json!({}), ..step(name) }
}

fn id(graph: &Graph, name: &str) -> StepId {
    graph.steps.iter().find(|step| step.name == name).map(|step| step.id).unwrap_or_else(|| panic!("no step {name}"))
}

fn given<R>(with: impl FnOnce(&Given<'_>) -> R) -> R {
    let ids = SequentialIds::default();
    with(&Given::new(NOW, &ids))
}

/// The transitions as `from>to`, with the branch where they have one.
fn shown(graph: &Graph) -> Vec<String> {
    let name = |id| graph.step(id).map_or("?", |step| step.name.as_str());
    let shown = graph.transitions.iter().map(|known| match &known.guard {
        Guard::Branch(branch) => format!("{}>{} on {branch}", name(known.from), name(known.to)),
        _ => format!("{}>{}", name(known.from), name(known.to)),
    });
    shown.collect()
}

fn add(graph: &mut Graph, name: &str) -> Result<(), ApiError> {
    given(|given| add_step(graph, named(name), true, &declared, given))
}

fn draw(graph: &mut Graph, from: &str, to: &str, condition: Value) -> Result<(), ApiError> {
    let condition = Some(&condition).filter(|condition| !condition.is_null());
    let wish = Wish { from: id(graph, from), to: id(graph, to), condition, wait_outcome: None, priority: 3 };
    given(|given| connect(graph, &wish, &declared, given)).map(|_| ())
}

fn status(result: Result<(), ApiError>) -> u16 {
    result.expect_err("refused").status().as_u16()
}

#[test]
fn a_step_is_connected_to_the_newest_that_leads_nowhere() {
    let mut graph = chain(&["trigger"], &[]);
    for name in ["delay", "delay2"] {
        add(&mut graph, name).expect("added");
    }
    assert_eq!(shown(&graph), ["trigger>delay", "delay>delay2"]);
    assert!(graph.transitions.iter().all(|known| known.priority == 0 && known.condition.is_none()));
}

#[test]
fn a_step_is_never_connected_behind_an_exit_or_a_condition() {
    let mut graph = chain(&["trigger", "condition", "exit"], &[("trigger", "condition")]);
    add(&mut graph, "delay").expect("added");
    assert_eq!(shown(&graph), ["trigger>condition"]);
    let mut graph = chain(&["trigger", "delay", "exit"], &[("trigger", "delay")]);
    add(&mut graph, "delay2").expect("added");
    assert_eq!(shown(&graph).last().map(String::as_str), Some("delay>delay2"));
}

#[test]
fn a_transition_for_failures_does_not_count_as_leading_on() {
    let mut graph = chain(&["trigger", "webhook", "exit"], &[("trigger", "webhook")]);
    draw(&mut graph, "webhook", "exit", json!({ "branch": "error" })).expect("drawn");
    add(&mut graph, "delay").expect("added");
    assert_eq!(shown(&graph).last().map(String::as_str), Some("webhook>delay"));
}

#[test]
fn a_step_can_be_added_without_a_transition() {
    let mut graph = chain(&["trigger"], &[]);
    given(|given| add_step(&mut graph, named("delay"), false, &declared, given)).expect("added");
    assert_eq!((graph.steps.len(), graph.transitions.len()), (2, 0));
}

#[test]
fn a_second_trigger_is_refused() {
    assert_eq!(status(add(&mut chain(&["trigger"], &[]), "trigger")), 400);
}

#[test]
fn a_graph_has_a_bound_on_steps_and_transitions() {
    let mut full = graph((0..MAX_STEPS).map(|n| step(&format!("s{n}"))).collect(), vec![]);
    assert_eq!(status(add(&mut full, "delay")), 400);
    let mut full = chain(&["trigger", "delay"], &[]);
    let steps = full.steps.clone();
    full.transitions = vec![edge(&steps, "delay", "trigger", Guard::Never, 0); MAX_TRANSITIONS];
    full.transitions.iter_mut().for_each(|known| known.to = known.from);
    assert_eq!(status(draw(&mut full, "trigger", "delay", Value::Null)), 400);
}

#[test]
fn a_transition_carries_its_label_and_priority() {
    let mut graph = chain(&["trigger", "condition", "exit"], &[]);
    draw(&mut graph, "condition", "exit", json!({ "branch": "true" })).expect("drawn");
    let drawn = &graph.transitions[0];
    assert_eq!((&drawn.guard, &drawn.condition), (&Guard::Branch("yes".into()), &Some(json!({ "branch": "yes" }))));
    assert_eq!((drawn.priority, drawn.created_at), (3, NOW));
}

#[test]
fn a_second_transition_for_the_same_case_is_refused() {
    let mut graph = chain(&["trigger", "condition", "delay", "exit", "exit2"], &[("delay", "exit")]);
    assert_eq!(status(draw(&mut graph, "delay", "exit2", Value::Null)), 400);
    draw(&mut graph, "delay", "exit2", json!({ "branch": "error" })).expect("drawn");
    draw(&mut graph, "condition", "exit", json!({ "branch": "yes" })).expect("drawn");
    assert_eq!(status(draw(&mut graph, "condition", "exit2", json!({ "branch": "yes" }))), 400);
    assert_eq!(status(draw(&mut graph, "condition", "exit2", json!({ "branch": "true" }))), 400);
    draw(&mut graph, "condition", "exit", json!({ "branch": "no" })).expect("drawn");
}

#[test]
fn a_custom_step_type_has_a_transition_for_each_branch() {
    let mut graph = chain(&["triage", "exit", "exit2", "exit3"], &[]);
    draw(&mut graph, "triage", "exit", json!({ "branch": "urgent" })).expect("drawn");
    draw(&mut graph, "triage", "exit2", json!({ "branch": "calm" })).expect("drawn");
    draw(&mut graph, "triage", "exit3", Value::Null).expect("drawn");
    assert_eq!(shown(&graph), ["triage>exit on urgent", "triage>exit2 on calm", "triage>exit3"]);
}

#[test]
fn the_ends_of_a_transition_must_exist_and_differ() {
    let mut graph = chain(&["trigger", "delay", "exit"], &[]);
    assert_eq!(status(draw(&mut graph, "delay", "delay", Value::Null)), 400);
    assert_eq!(status(draw(&mut graph, "exit", "delay", Value::Null)), 400);
    assert_eq!(status(draw(&mut graph, "delay", "trigger", Value::Null)), 400);
    let wish = Wish {
        from: id(&graph, "delay"),
        to: uuid::Uuid::nil().into(),
        condition: None,
        wait_outcome: None,
        priority: 0,
    };
    assert_eq!(status(given(|given| connect(&mut graph, &wish, &declared, given)).map(|_| ())), 404);
}

#[test]
fn a_cycle_is_refused_however_long() {
    let mut graph = chain(&["delay", "delay2", "delay3"], &[("delay", "delay2"), ("delay2", "delay3")]);
    assert_eq!(status(draw(&mut graph, "delay3", "delay", Value::Null)), 400);
    assert_eq!(graph.transitions.len(), 2);
}

fn insert(graph: &mut Graph, name: &str) -> Result<(), ApiError> {
    let into = graph.transitions[0].id;
    given(|given| insert_step(graph, into, named(name), &declared, given))
}

#[test]
fn a_step_put_into_a_transition_leads_on_to_the_old_target() {
    let mut graph = chain(&["trigger", "exit"], &[("trigger", "exit")]);
    insert(&mut graph, "delay").expect("inserted");
    assert_eq!(shown(&graph), ["trigger>delay", "delay>exit"]);
    assert_eq!(graph.transitions[0].updated_at, NOW);
}

#[test]
fn a_condition_put_into_a_transition_leads_on_by_its_first_branch() {
    let mut graph = chain(&["trigger", "exit"], &[("trigger", "exit")]);
    insert(&mut graph, "condition").expect("inserted");
    assert_eq!(shown(&graph), ["trigger>condition", "condition>exit on yes"]);
    assert_eq!(graph.transitions[1].condition, Some(json!({ "branch": "yes" })));
}

#[test]
fn neither_a_trigger_nor_an_exit_stands_within_a_transition() {
    let mut graph = chain(&["trigger", "exit"], &[("trigger", "exit")]);
    assert_eq!(status(insert(&mut graph, "trigger")), 400);
    assert_eq!(status(insert(&mut graph, "exit2")), 400);
}

#[test]
fn a_transition_is_taken_away_once() {
    let mut graph = chain(&["trigger", "exit"], &[("trigger", "exit")]);
    let gone = graph.transitions[0].id;
    disconnect(&mut graph, gone).expect("gone");
    assert_eq!(status(disconnect(&mut graph, gone)), 404);
}

/// trigger → condition → delay → exit, condition → exit2, and delay2 → exit from elsewhere.
fn diamond() -> Graph {
    chain(
        &["trigger", "condition", "delay", "exit", "exit2", "delay2"],
        &[
            ("trigger", "condition"),
            ("condition", "delay"),
            ("condition", "exit2"),
            ("delay", "exit"),
            ("delay2", "exit"),
        ],
    )
}

fn remove(graph: &mut Graph, name: &str, how: Removal) -> Result<Vec<String>, ApiError> {
    let removed = remove_step(graph, id(graph, name), how, NOW)?;
    Ok(removed.into_iter().map(|step| step.name).collect())
}

#[test]
fn a_step_goes_with_its_transitions_and_nothing_else() {
    let mut graph = diamond();
    assert_eq!(remove(&mut graph, "condition", Removal::Step).expect("removed"), ["condition"]);
    assert_eq!(shown(&graph), ["delay>exit", "delay2>exit"]);
}

#[test]
fn a_cascade_takes_what_only_the_step_leads_to() {
    let mut graph = diamond();
    assert_eq!(remove(&mut graph, "condition", Removal::Cascade).expect("removed"), ["condition", "delay", "exit2"]);
    assert_eq!(shown(&graph), ["delay2>exit"]);
}

#[test]
fn a_splice_lets_what_led_to_the_step_lead_to_its_first_child() {
    let mut graph = diamond();
    assert_eq!(remove(&mut graph, "delay", Removal::Splice).expect("removed"), ["delay"]);
    assert!(shown(&graph).contains(&"condition>exit".to_owned()));
    assert_eq!(remove(&mut graph, "exit", Removal::Splice).expect("removed"), ["exit"]);
    assert_eq!(shown(&graph), ["trigger>condition", "condition>exit2"]);
}

#[test]
fn a_trigger_is_not_removed_and_a_condition_not_spliced() {
    let mut graph = diamond();
    for how in [Removal::Step, Removal::Cascade, Removal::Splice] {
        assert_eq!(status(remove(&mut graph, "trigger", how).map(|_| ())), 400);
    }
    assert_eq!(status(remove(&mut graph, "condition", Removal::Splice).map(|_| ())), 400);
    assert_eq!(graph, diamond());
}

#[test]
fn a_copy_has_the_same_shape_and_no_id_in_common() {
    let graph = diamond();
    let copied = given(|given| copy(&graph, given));
    assert_eq!(shown(&copied), shown(&graph));
    assert!(copied.steps.iter().all(|step| graph.step(step.id).is_none()));
    assert!(copied.transitions.iter().all(|edge| transition(&graph, edge.id).is_err()));
}

#[test]
fn the_trigger_step_follows_the_trigger_and_keeps_its_time_if_nothing_changes() {
    let mut graph = chain(&["trigger"], &[]);
    rewrite_trigger(&mut graph, "Trigger: paid", &json!({ "eventName": "paid" }), NOW);
    let step = &graph.steps[0];
    assert_eq!(
        (step.name.as_str(), &step.config, step.updated_at),
        ("Trigger: paid", &json!({ "eventName": "paid" }), NOW)
    );
    rewrite_trigger(&mut graph, "Trigger: paid", &json!({ "eventName": "paid" }), Timestamp(5_000));
    assert_eq!(graph.steps[0].updated_at, NOW);
}
