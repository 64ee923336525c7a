//! How paths come to tasks and go on behind them (spec epilot-flows, 11.2 and 11.3).

use super::*;

fn fork() -> Sketch {
    Sketch::plain(&["a>b", "a>c1", "b>z", "c1>z"])
}

#[test]
fn the_start_tasks_are_current() {
    let play = Sketch::plain(&["a>b", "x>y"]).play().settled();
    assert_eq!((play.current().as_str(), play.status()), ("a x", FlowStatus::Started));
    assert_eq!(play.task("a").current_since, Some(NOW));
}

#[test]
fn parallel_edges_make_several_current_tasks() {
    let mut play = Sketch::plain(&["a>b", "a>x"]).play().settled();
    assert_eq!(play.done("a").current(), "b x");
}

#[test]
fn a_second_predecessor_changes_nothing() {
    let mut play = Sketch::plain(&["a>b", "a>x", "b>z", "x>z"]).play().settled();
    play.done("a").done("b");
    assert_eq!(play.current(), "x z");
    let since = play.task("z").current_since;
    play.now = play.now.plus_millis(HOUR);
    assert_eq!(play.done("x").current(), "z");
    assert_eq!(play.task("z").current_since, since);
}

#[test]
fn a_done_task_is_passed_through() {
    let mut play = Sketch::plain(&["a>b", "b>x"]).play().settled();
    play.done("b");
    assert_eq!(play.current(), "a");
    assert_eq!(play.done("a").current(), "x");
}

#[test]
fn a_linear_flow_waits_for_all_that_can_come() {
    let mut play = Sketch::plain(&["a>b", "a>x", "b>z", "x>z"]).linear().play().settled();
    assert!(!play.task("z").enabled && play.task("a").enabled);
    play.done("a").done("b");
    assert_eq!((play.current().as_str(), play.task("z").enabled), ("x", false));
    assert_eq!(play.set("z", TaskStatus::Completed), Err(ActRefused::Disabled));
    assert_eq!((play.done("x").current().as_str(), play.task("z").enabled), ("z", true));
}

#[test]
fn a_branch_not_taken_is_not_waited_for() {
    let sketch = Sketch::plain(&["d>b:yes", "d>x:no", "b>z", "x>z"]).linear();
    let mut play = sketch.play().answers("d", &[&["yes"]]).settled();
    assert_eq!(play.current(), "b");
    assert_eq!((play.done("b").current().as_str(), play.task("x").enabled), ("z", false));
}

#[test]
fn a_failed_task_stays_current() {
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    let visit = play.visit("u");
    play.input(Input::Woken { visit, wake: Wake::Task(Value::Null) }).expect("a wait");
    let failure = crate::outcome::Failure::fatal("no-use", "it does not work");
    play.answer(visit, Outcome::Failed(failure)).expect("a running visit");
    assert_eq!((play.is("u"), play.current().as_str()), (TaskStatus::Failed, "u"));
    assert_eq!(play.status(), FlowStatus::Started);
    assert_eq!(play.task("u").data.run.as_ref().and_then(|run| run.error.as_deref()), Some("it does not work"));
    assert_eq!(play.done("u").current(), "b");
}

#[test]
fn the_last_current_task_ends_the_flow() {
    let mut play = Sketch::plain(&["a>b", "a>x"]).play().settled();
    play.done("a").done("b");
    assert_eq!(play.status(), FlowStatus::Started);
    play.done("x");
    assert_eq!((play.status(), play.current().as_str()), (FlowStatus::Done, ""));
    assert_eq!(play.people.flow.data.completed_at, Some(NOW));
    assert!(play.happened.contains(&HappeningKind::FlowCompleted));
}

#[test]
fn a_disabled_task_is_current_and_does_not_start() {
    let sketch =
        Sketch::plain(&["a>u", "a>b"]).with("u", |spec| spec.requirements = vec![Requirement::Task("b".into())]);
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("u"), play.ran("u")), ("u b", TaskStatus::Pending, 0));
    play.done("b");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 1));
}

#[test]
fn enabling_a_current_automatic_task_starts_it() {
    let sketch = Sketch::plain(&["a>u"]).with("u", |spec| spec.requirements = vec![Requirement::Task("never".into())]);
    let mut sketch = sketch;
    sketch.task("never");
    sketch.edge("u>never");
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!(play.ran("u"), 0);
    play.patch("u", TaskPatch { enabled: Some(true), ..TaskPatch::default() }).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 1));
}

#[test]
fn a_done_task_that_is_not_current_moves_nothing() {
    let mut play = fork().play().settled();
    play.done("z");
    assert_eq!((play.current().as_str(), play.is("z")), ("a", TaskStatus::Completed));
    assert_eq!(play.status(), FlowStatus::Started);
}

#[test]
fn an_automation_that_a_person_begins_waits_for_them() {
    let mut play = Sketch::plain(&["o>b"]).play().settled();
    assert_eq!((play.is("o"), play.ran("o")), (TaskStatus::Pending, 0));
    play.act(Deed::RunAutomation(play.id("o"))).expect("allowed");
    assert_eq!((play.is("o"), play.ran("o")), (TaskStatus::InProgress, 1));
}

#[test]
fn another_purpose_is_skipped_at_the_start() {
    let sketch = Sketch::plain(&["a>b", "b>x"]).with("b", |spec| spec.taxonomies = vec!["other".into()]);
    let sketch = sketch.with("x", |spec| spec.taxonomies = vec!["wanted".into()]);
    let mut play = sketch.play_with(|people| people.data.purposes = Some(vec!["wanted".into()])).settled();
    assert_eq!(play.is("b"), TaskStatus::Skipped);
    assert_eq!(play.done("a").current(), "x");
}

#[test]
fn without_a_wished_purpose_nothing_is_skipped() {
    let sketch = Sketch::plain(&["a>b"]).with("a", |spec| spec.taxonomies = vec!["other".into()]);
    let play = sketch.play_with(|people| people.data.purposes = Some(vec![])).settled();
    assert_eq!((play.current().as_str(), play.is("a")), ("a", TaskStatus::Pending));
}

#[test]
fn who_answers_for_a_phase_is_found_out_at_the_start() {
    let variable = Assignee::Variable { variable: "{{entity.owner}}".into(), value: None };
    let mut sketch = Sketch::of(&["a@one"], &["trigger>one", "one>a"]);
    sketch.phases[0].assignees = vec![variable];
    let play = sketch.play_with(|people| (people.contexts, people.entities) = attribute("owner", json!("u-7")));
    let resolved = Assignee::Variable { variable: "{{entity.owner}}".into(), value: Some(vec!["u-7".into()]) };
    assert_eq!(play.people.flow.data.phases[0].assignees, Some(vec![resolved]));
}

#[test]
fn a_variable_assignee_keeps_its_variable() {
    let variable = Assignee::Variable { variable: "{{entity.owner}}".into(), value: None };
    let sketch = Sketch::plain(&["a>b"]).with("a", |spec| spec.assignees = vec![variable]);
    let play = sketch.play_with(|people| (people.contexts, people.entities) = attribute("owner", json!("u-7")));
    let resolved = Assignee::Variable { variable: "{{entity.owner}}".into(), value: Some(vec!["u-7".into()]) };
    assert_eq!(play.task("a").data.assignees, Some(vec![resolved]));
}

#[test]
fn what_is_enabled_by_the_task_before_it_begins_with_one_wait() {
    let sketch = Sketch::plain(&["a>u"]).with("u", |spec| spec.requirements = vec![Requirement::Task("a".into())]);
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!((play.is("u"), play.ran("u"), play.waits.len()), (TaskStatus::InProgress, 1, 1));
}
