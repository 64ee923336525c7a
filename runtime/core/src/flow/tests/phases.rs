//! How phases stand, and where they lead to (spec epilot-flows, 9 and 10).

use super::*;
use PhaseStatus::{Completed, InProgress, Open};

/// Two phases as nodes: `a` and `b` side by side in the first, `z` in the second.
fn builder() -> Sketch {
    Sketch::of(&["a@one", "b@one", "z@two"], &["trigger>one", "one>a", "one>b", "one>two", "two>z"])
}

#[test]
fn the_exit_of_a_phase_is_taken_when_its_last_task_is_done() {
    let mut play = builder().play().settled();
    assert_eq!(play.current(), "a b");
    assert_eq!(play.done("a").current(), "b");
    assert_eq!(play.done("b").current(), "z");
    assert_eq!(play.done("z").status(), FlowStatus::Done);
}

#[test]
fn a_phase_that_is_left_out_from_the_beginning_leads_on() {
    let other = |spec: &mut TaskSpec| spec.taxonomies = vec!["other".into()];
    let sketch = builder().with("a", other).with("b", other);
    let mut play = sketch.play_with(|people| people.data.purposes = Some(vec!["wanted".into()])).settled();
    assert_eq!((play.current().as_str(), play.phase("one")), ("z", Completed));
    assert_eq!(play.done("z").status(), FlowStatus::Done);
}

#[test]
fn a_flow_whose_phase_was_finished_while_it_was_ended_goes_on_behind_it() {
    let mut play = builder().play().settled();
    play.done("a").flow(FlowStatus::Done).expect("allowed");
    play.set("b", TaskStatus::Skipped).expect("allowed");
    play.flow(FlowStatus::Started).expect("allowed");
    assert_eq!(play.current(), "z");
}

#[test]
fn a_phase_without_exit_ends_its_path() {
    let mut play = Sketch::of(&["a@one", "b@two"], &["trigger>one", "one>a", "two>b"]).play().settled();
    assert_eq!(play.done("a").status(), FlowStatus::Done);
}

#[test]
fn a_direct_edge_out_of_a_phase_replaces_its_exit() {
    let tasks = ["a@one", "x@two", "z@three"];
    let mut play = Sketch::of(&tasks, &["trigger>one", "one>a", "a>x", "one>three", "three>z"]).play().settled();
    assert_eq!(play.done("a").current(), "x");
    assert_eq!(play.done("x").status(), FlowStatus::Done);
}

#[test]
fn a_phase_with_a_current_task_is_in_progress() {
    let mut play = builder().play().settled();
    assert_eq!((play.phase("one"), play.phase("two")), (InProgress, Open));
    play.done("a").done("b");
    assert_eq!((play.phase("one"), play.phase("two")), (Completed, InProgress));
    assert!(play.happened.contains(&HappeningKind::PhaseCompleted));
}

#[test]
fn the_first_phase_of_a_started_flow_is_in_progress() {
    let play = Sketch::of(&["a@one", "b@two"], &["trigger>b", "b>a"]).play().settled();
    assert_eq!((play.phase("one"), play.phase("two")), (InProgress, InProgress));
}

#[test]
fn a_phase_counts_only_what_can_be_reached() {
    let sketch = Sketch::of(&["d@one", "x@one", "y@one", "z@two"], &["d>x:yes", "d>y:no", "x>z"]);
    let mut play = sketch.play().answers("d", &[&["yes"]]).settled();
    assert_eq!(play.phase("one"), InProgress);
    play.done("x");
    assert_eq!((play.phase("one"), play.is("y")), (Completed, TaskStatus::Pending));
}

#[test]
fn a_phase_that_a_current_task_still_leads_to_is_not_completed() {
    let sketch = Sketch::of(&["a@one", "b@two", "x@one"], &["a>b", "b>x"]);
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.phase("one")), ("b", InProgress));
    play.done("b").done("x");
    assert_eq!(play.phase("one"), Completed);
}

#[test]
fn a_phase_that_was_never_come_to_stays_open() {
    let sketch = Sketch::of(&["d@one", "x@two", "y@three"], &["d>x:yes", "d>y:no"]);
    let mut play = sketch.play().answers("d", &[&["yes"]]).settled();
    play.done("x");
    assert_eq!((play.status(), play.phase("two"), play.phase("three")), (FlowStatus::Done, Completed, Open));
}

#[test]
fn a_phase_all_of_whose_tasks_are_skipped_is_skipped() {
    let mut play = builder().play().settled();
    play.set("a", TaskStatus::Skipped).expect("allowed");
    play.set("b", TaskStatus::Skipped).expect("allowed");
    assert_eq!(play.phase("one"), Completed);
    assert!(play.happened.contains(&HappeningKind::PhaseSkipped));
}

#[test]
fn a_loop_opens_its_phase_again() {
    let tasks = ["a@one", "d@two", "z@three"];
    let sketch = Sketch::of(&tasks, &["a>d", "d>a:again", "d>z:out"]).repeats("d", "again", "out", 2);
    let mut play = sketch.play().answers("d", &[&["again"], &["out"]]).settled();
    play.done("a");
    assert_eq!((play.phase("one"), play.current().as_str()), (InProgress, "a"));
    play.done("a");
    assert_eq!((play.phase("one"), play.phase("two"), play.phase("three")), (Completed, Completed, InProgress));
}

#[test]
fn a_closed_flow_keeps_how_its_phases_stood() {
    let mut play = builder().play().settled();
    play.done("a").flow(FlowStatus::Closed).expect("allowed");
    assert_eq!((play.phase("one"), play.phase("two")), (InProgress, Open));
}

#[test]
fn people_change_what_a_phase_is_called_and_not_how_it_stands() {
    let mut play = builder().play().settled();
    let id = play.people.flow.data.phases[0].id.clone();
    let patch = PhasePatch { name: Some("First".into()), ..PhasePatch::default() };
    play.act(Deed::PatchPhase(id, patch.clone())).expect("allowed");
    let phase = &play.people.flow.data.phases[0];
    assert_eq!((phase.name.as_str(), phase.status), ("First", InProgress));
    assert!(play.happened.contains(&HappeningKind::PhaseUpdated));
    assert_eq!(play.act(Deed::PatchPhase("one".into(), patch)), Err(ActRefused::UnknownPhase("one".into())));
}

#[test]
fn a_phase_that_a_flow_goes_back_into_has_been_entered() {
    let mut play = Sketch::of(&["a@one", "b@two", "c@two"], &["a>b", "b>c"]).play().settled();
    play.set("b", TaskStatus::Skipped).expect("allowed");
    play.back("b", TaskStatus::OnHold).expect("allowed");
    assert_eq!(play.current(), "a b");
    assert!(play.people.flow.data.phases[1].entered);
    play.flow(FlowStatus::Done).expect("allowed");
    assert_eq!(play.phase("two"), PhaseStatus::Completed);
}

#[test]
fn a_phase_is_not_completed_while_one_loop_may_lead_into_another_that_leads_to_it() {
    let tasks = ["c0@one", "a1@one", "u4@one", "c2@zero", "c3@zero"];
    let edges = ["trigger>one", "one>zero", "c2>c3:y", "c0>u4:x", "c2>c0:again", "c3>a1:again"];
    let sketch = Sketch::of(&tasks, &edges).repeats("c2", "again", "x", 2).repeats("c3", "again", "x", 2);
    let mut play = sketch.play().settled();
    play.set("c0", TaskStatus::Skipped).expect("allowed");
    play.done("a1").choose("c2", "y").expect("allowed");
    assert_eq!((play.current().as_str(), play.phase("one")), ("c3", PhaseStatus::InProgress));
    for (task, branch) in [("c3", "again"), ("c2", "again"), ("c0", "x")] {
        play.choose(task, branch).expect("allowed");
        if task == "c3" {
            play.done("a1");
        }
    }
    assert_eq!(play.current(), "u4");
}
