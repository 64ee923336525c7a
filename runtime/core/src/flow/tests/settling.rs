//! What follows from where the tasks stand (spec epilot-flows, 11.6).

use super::*;

fn requiring(requirement: Requirement) -> Sketch {
    Sketch::of(&["a@one", "b@two", "x@two"], &["a>b", "a>x"]).with("b", |spec| spec.requirements = vec![requirement])
}

#[test]
fn requirements_enable_and_disable() {
    let mut play = requiring(Requirement::Task("x".into())).play().settled();
    assert!(!play.task("b").enabled && play.task("x").enabled);
    assert_eq!(play.set("b", TaskStatus::Completed), Err(ActRefused::Disabled));
    play.done("a").done("x");
    assert!(play.task("b").enabled);
    play.set("x", TaskStatus::Pending).expect("allowed");
    assert!(!play.task("b").enabled);
}

#[test]
fn a_finished_phase_enables_a_task() {
    let mut play = requiring(Requirement::Phase("one".into())).play().settled();
    assert!(!play.task("b").enabled);
    play.done("a");
    assert!(play.task("b").enabled);
}

#[test]
fn a_patch_of_enabled_overrides_until_the_next() {
    let mut play = requiring(Requirement::Task("x".into())).play().settled();
    let enabled = |to| TaskPatch { enabled: Some(to), ..TaskPatch::default() };
    play.patch("b", enabled(true)).expect("allowed");
    assert!(play.task("b").enabled);
    play.done("a").done("x");
    play.patch("b", enabled(false)).expect("allowed");
    assert!(!play.task("b").enabled);
    let both = TaskPatch { status: Some(TaskStatus::Completed), ..enabled(true) };
    play.patch("b", both).expect("one patch that enables may change the status");
    assert_eq!(play.is("b"), TaskStatus::Completed);
}

#[test]
fn settling_twice_changes_nothing() {
    let mut play = requiring(Requirement::Task("x".into())).play().settled();
    play.done("a");
    let active: Vec<_> = play.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect();
    let state = State { graph: &play.graph, execution: &play.execution, visits: &active, people: Some(&play.people) };
    let act = Act { by: "ada".into(), does: Deed::Several(vec![]) };
    let changes = advance(state, Input::Acted(Box::new(act)), &Given::new(play.now, &play.ids)).expect("allowed");
    assert_eq!(changes.people, None);
    assert!(changes.visits.is_empty() && changes.journal.is_empty() && changes.waits.is_empty());
}

#[test]
fn every_change_of_a_task_is_told() {
    let mut play = requiring(Requirement::Task("x".into())).play().settled();
    play.happened.clear();
    play.patch("a", TaskPatch { name: Some("First".into()), ..TaskPatch::default() }).expect("allowed");
    assert_eq!(play.happened, [HappeningKind::TaskUpdated]);
    play.happened.clear();
    play.done("a");
    let told = [HappeningKind::TaskCompleted, HappeningKind::CurrTaskChanged, HappeningKind::TaskUpdated];
    assert!(told.iter().all(|kind| play.happened.contains(kind)));
}
