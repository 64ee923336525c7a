//! Decisions (spec epilot-flows, 11.3).

use super::*;

fn forked() -> Sketch {
    Sketch::plain(&["a>d", "d>x:one", "d>y:two", "d>z:else"])
}

#[test]
fn all_met_branches_run_in_parallel() {
    let mut play = forked().play().answers("d", &[&["one", "two"]]).settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("d")), ("x y", TaskStatus::Completed));
    assert_eq!(play.task("d").data.chosen, ["one", "two"]);
}

#[test]
fn without_a_met_condition_the_default_branch_is_taken() {
    let mut play = forked().play().answers("d", &[&[]]).settled();
    assert_eq!(play.done("a").current(), "z");
}

#[test]
fn a_plain_edge_is_followed_beside_the_chosen_ones() {
    let mut play = Sketch::plain(&["d>x:one", "d>y", "d>z:else"]).play().answers("d", &[&["one"]]).settled();
    assert_eq!(play.current(), "x y");
    play.done("x").done("y");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn a_condition_without_an_edge_ends_its_path() {
    let play = forked().play().answers("d", &[&["three"]]);
    let mut play = play.settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.status()), ("", FlowStatus::Done));
}

#[test]
fn a_stuck_decision_waits_and_is_evaluated_again() {
    let mut play = forked().play().settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("d"), play.ran("d")), ("d", TaskStatus::ConditionPending, 1));
    play.answers.insert("d".into(), vec![vec!["two"]]);
    play.act(Deed::Execute(play.id("d"))).expect("allowed");
    assert_eq!((play.current().as_str(), play.ran("d")), ("y", 2));
}

#[test]
fn a_manual_decision_needs_a_branch() {
    let mut play = Sketch::plain(&["c>x:one", "c>y:two"]).play().settled();
    assert_eq!((play.ran("c"), play.is("c")), (0, TaskStatus::Pending));
    assert_eq!(play.set("c", TaskStatus::Completed), Err(ActRefused::NeedsBranch));
    assert_eq!(play.act(Deed::Execute(play.id("c"))), Err(ActRefused::NeedsBranch));
    assert_eq!(play.choose("c", "three"), Err(ActRefused::UnknownCondition("three".into())));
    play.choose("c", "two").expect("allowed");
    assert_eq!(play.current(), "y");
}

#[test]
fn only_a_decision_has_branches_to_choose() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    assert_eq!(play.choose("a", "one"), Err(ActRefused::NotDecision));
}

#[test]
fn the_default_branch_can_be_chosen_by_hand() {
    let mut play = Sketch::plain(&["c>x:one", "c>z:else"]).play().settled();
    play.choose("c", "none-met-c").expect("allowed");
    assert_eq!(play.current(), "z");
}

#[test]
fn the_loop_branch_can_be_chosen_by_hand() {
    let mut play = Sketch::plain(&["a>c", "c>a:again", "c>z:out"]).repeats("c", "again", "out", 1).play().settled();
    play.done("a").choose("c", "again").expect("allowed");
    assert_eq!(play.current(), "a");
    play.done("a").choose("c", "again").expect("allowed");
    assert_eq!(play.current(), "z");
}

#[test]
fn a_skipped_decision_takes_the_default_or_ends_its_path() {
    let mut play = forked().play().settled();
    play.done("a").set("d", TaskStatus::Skipped).expect("allowed");
    assert_eq!(play.current(), "z");
    let mut play = Sketch::plain(&["c>x:one"]).play().settled();
    play.set("c", TaskStatus::Skipped).expect("allowed");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn a_stuck_decision_can_be_decided_by_hand() {
    let mut play = forked().play().settled();
    play.done("a").choose("d", "one").expect("allowed");
    assert_eq!(play.current(), "x");
}

/// A change of the entity as it is told to what depended on it.
fn changed() -> Wake {
    let data = json!({ "schema": "contact", "id": "e-1" });
    let (id, name) = (uuid::Uuid::nil().into(), ENTITY_CHANGED.to_owned());
    Wake::Event(crate::outcome::ReceivedEvent { id, name, data, received_at: NOW })
}

#[test]
fn a_change_that_is_told_when_the_decision_was_put_on_hold_is_told_once() {
    let mut play = Sketch::plain(&["d>x:one"]).play().settled();
    assert_eq!(play.is("d"), TaskStatus::ConditionPending);
    let visit = play.visit("d");
    // The wait is due at once with this, and somebody is faster than the timer.
    play.waits.iter_mut().for_each(|wait| (wait.due_at, wait.ended_by) = (Some(NOW), Some(changed())));
    play.set("d", TaskStatus::OnHold).expect("allowed");
    play.input(Input::Woken { visit, wake: changed() }).expect("a wait");
    let waits: Vec<_> = play.waits.iter().map(|wait| (wait.due_at, wait.ended_by.is_some())).collect();
    assert_eq!((play.is("d"), play.ran("d"), waits), (TaskStatus::OnHold, 1, vec![(None, false)]));
}
