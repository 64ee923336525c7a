//! Going back, opening again, adding tasks (spec epilot-flows, 9 and 11.4).

use super::*;

fn add(play: &Play, previous: &str, next: &str) -> Deed {
    added(play, previous, next, TaskPatch::default())
}

fn added(play: &Play, previous: &str, next: &str, patch: TaskPatch) -> Deed {
    let (previous, next) = (play.id(previous), play.id(next));
    let step = Sketch::of(&["new"], &[]).steps.remove(0);
    Deed::AddTask(Box::new(AddTask { previous, next, id: None, step: Box::new(step), patch }))
}

/// The key of the task that was added.
fn new(play: &Play) -> String {
    play.people.tasks.iter().find(|task| task.name == "new").expect("an added task").key.clone()
}

#[test]
fn a_revert_across_a_decision_undoes_both_branches() {
    let sketch = Sketch::plain(&["a>d", "d>x:one", "d>y:two", "x>z"]);
    let mut play = sketch.play().answers("d", &[&["one", "two"], &["two"]]).settled();
    play.done("a").done("x");
    assert_eq!(play.current(), "y z");
    play.back("a", TaskStatus::InProgress).expect("allowed");
    assert_eq!((play.current().as_str(), play.is("a")), ("a", TaskStatus::InProgress));
    assert!(["d", "x", "y", "z"].iter().all(|key| play.is(key) == TaskStatus::Pending));
    assert_eq!(play.task("x").data.times.completed_at, None);
    assert_eq!(play.done("a").current(), "y");
}

#[test]
fn a_revert_starts_a_done_flow_again() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a").done("b");
    assert_eq!(play.status(), FlowStatus::Done);
    play.back("a", TaskStatus::Pending).expect("allowed");
    assert_eq!((play.status(), play.current().as_str()), (FlowStatus::Started, "a"));
    assert_eq!(play.people.flow.data.completed_at, None);
    assert!(play.happened.contains(&HappeningKind::FlowReopened));
    play.done("a").done("b");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn the_flag_is_ignored_for_the_current_task() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.back("a", TaskStatus::InProgress).expect("an ordinary change");
    assert_eq!((play.current().as_str(), play.is("a")), ("a", TaskStatus::InProgress));
    play.back("b", TaskStatus::InProgress).expect("a task that no path has come to");
    assert_eq!((play.current().as_str(), play.is("b")), ("a", TaskStatus::InProgress));
}

#[test]
fn without_the_flag_what_is_done_is_not_worked_on() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a");
    let refused = ActRefused::Status { from: TaskStatus::Completed, to: TaskStatus::InProgress };
    assert_eq!(play.set("a", TaskStatus::InProgress), Err(refused));
    play.set("a", TaskStatus::Pending).expect("allowed");
    assert_eq!((play.current().as_str(), play.is("a")), ("b", TaskStatus::Pending));
}

#[test]
fn parallel_paths_beside_the_reverted_one_stay() {
    let mut play = Sketch::plain(&["a>b", "a>x", "b>z"]).play().settled();
    play.done("a").done("b");
    play.set("x", TaskStatus::OnHold).expect("allowed");
    play.back("b", TaskStatus::Pending).expect("allowed");
    assert_eq!((play.current().as_str(), play.is("x")), ("b x", TaskStatus::OnHold));
}

#[test]
fn a_revert_to_a_done_status_enters_anew_what_follows() {
    let mut play = Sketch::plain(&["a>b", "b>z"]).play().settled();
    play.done("a").done("b");
    play.back("a", TaskStatus::Skipped).expect("allowed");
    assert_eq!((play.current().as_str(), play.is("a"), play.is("b")), ("b", TaskStatus::Skipped, TaskStatus::Pending));
}

#[test]
fn a_revert_before_a_loop_lets_it_count_anew() {
    let sketch = Sketch::plain(&["s>a", "a>d", "d>a:again", "d>z:out"]).repeats("d", "again", "out", 1);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 4]).settled();
    play.done("s").done("a").done("a");
    assert_eq!(play.current(), "z");
    play.back("s", TaskStatus::Pending).expect("allowed");
    play.done("s").done("a");
    assert_eq!(play.current(), "a");
    assert_eq!(play.done("a").current(), "z");
}

#[test]
fn a_revert_over_the_exit_of_a_phase_leaves_the_next_phase_open() {
    let sketch = Sketch::of(&["a@one", "z@two"], &["trigger>one", "one>a", "one>two", "two>z"]);
    let mut play = sketch.play().settled();
    play.done("a");
    play.back("a", TaskStatus::InProgress).expect("allowed");
    assert_eq!(
        (play.current().as_str(), play.phase("one"), play.phase("two")),
        ("a", PhaseStatus::InProgress, PhaseStatus::Open)
    );
    assert_eq!(play.done("a").current(), "z");
}

#[test]
fn a_reopened_flow_stands_where_it_was_closed() {
    let mut play = Sketch::plain(&["a>b", "a>x", "a>u"]).play().settled();
    play.done("a");
    play.set("b", TaskStatus::OnHold).expect("allowed");
    play.flow(FlowStatus::Closed).expect("allowed");
    assert_eq!((play.status(), play.current().as_str()), (FlowStatus::Closed, ""));
    assert_eq!(play.people.flow.data.closed_by.as_deref(), Some("grace"));
    assert_eq!(play.set("x", TaskStatus::Completed), Err(ActRefused::FlowNotStarted));
    assert_eq!(
        play.flow(FlowStatus::Done),
        Err(ActRefused::FlowStatus { from: FlowStatus::Closed, to: FlowStatus::Done })
    );
    play.flow(FlowStatus::Started).expect("allowed");
    assert_eq!(
        (play.current().as_str(), play.is("b"), play.is("x")),
        ("b x u", TaskStatus::OnHold, TaskStatus::Pending)
    );
    assert_eq!((play.is("u"), play.people.flow.data.closed_at), (TaskStatus::InProgress, None));
}

#[test]
fn a_schedule_is_armed_anew_when_a_flow_is_opened_again() {
    let mut play = Sketch::plain(&["h>x:one"]).play().settled();
    play.flow(FlowStatus::Closed).expect("allowed");
    assert_eq!((play.is("h"), play.task("h").data.armed.clone()), (TaskStatus::Pending, None));
    play.later(5 * HOUR);
    assert_eq!(play.ran("h"), 0);
    play.flow(FlowStatus::Started).expect("allowed");
    let armed = play.task("h").data.armed.as_ref().and_then(|armed| armed.at);
    assert_eq!((play.is("h"), armed), (TaskStatus::Scheduled, Some(NOW.plus_millis(6 * HOUR))));
}

#[test]
fn a_flow_that_ran_to_its_end_is_opened_without_a_current_task() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a").done("b");
    play.flow(FlowStatus::Started).expect("allowed");
    assert_eq!((play.status(), play.current().as_str()), (FlowStatus::Started, ""));
    play.patch("a", TaskPatch { name: Some("x".into()), ..TaskPatch::default() }).expect("allowed");
    assert_eq!(play.status(), FlowStatus::Started);
    play.back("b", TaskStatus::Pending).expect("allowed");
    assert_eq!(play.current(), "b");
    assert_eq!(play.done("b").status(), FlowStatus::Done);
    play.flow(FlowStatus::Started).expect("allowed");
    play.flow(FlowStatus::Done).expect("allowed");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn a_flow_done_by_hand_keeps_what_is_open() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.flow(FlowStatus::Done).expect("allowed");
    assert_eq!((play.status(), play.is("a"), play.current().as_str()), (FlowStatus::Done, TaskStatus::Pending, ""));
    play.flow(FlowStatus::Closed).expect("allowed");
    play.flow(FlowStatus::Started).expect("allowed");
    assert_eq!(play.current(), "a");
}

#[test]
fn an_added_task_comes_between_its_neighbours() {
    let mut play = Sketch::of(&["a@one", "b@two"], &["a>b"]).play().settled();
    play.act(add(&play, "a", "b")).expect("allowed");
    let key = new(&play);
    let task = play.task(&key);
    assert_eq!((task.phase.as_deref(), task.status, task.enabled), (Some("one"), TaskStatus::Pending, true));
    assert_eq!((task.id.to_string(), play.execution.graph_revision), (key.clone(), 1));
    assert_eq!(play.done("a").current(), key);
    assert_eq!(play.done(&key).current(), "b");
}

#[test]
fn a_task_added_before_a_current_one_takes_its_place() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a").set("b", TaskStatus::InProgress).expect("allowed");
    play.act(add(&play, "a", "b")).expect("allowed");
    let key = new(&play);
    assert_eq!((play.current(), play.is("b")), (key.clone(), TaskStatus::Pending));
    assert_eq!(play.done(&key).current(), "b");
}

#[test]
fn an_added_task_keeps_the_branch() {
    let mut play = Sketch::plain(&["c>x:one", "c>y:two"]).play().settled();
    play.act(add(&play, "c", "x")).expect("allowed");
    let key = new(&play);
    play.choose("c", "one").expect("allowed");
    assert_eq!(play.current(), key);
    assert_eq!(play.done(&key).current(), "x");
}

#[test]
fn tasks_are_added_only_where_an_edge_is() {
    let mut play = Sketch::plain(&["a>b", "b>z"]).play().settled();
    assert_eq!(play.act(add(&play, "a", "z")), Err(ActRefused::NoSuchEdge));
    play.act(add(&play, "a", "b")).expect("allowed");
    assert_eq!(play.act(add(&play, "a", "b")), Err(ActRefused::NoSuchEdge));
    let mut deed = add(&play, "b", "z");
    if let Deed::AddTask(add) = &mut deed {
        add.id = Some(play.id("a"));
    }
    assert_eq!(play.act(deed), Err(ActRefused::IdTaken));
}

#[test]
fn an_added_task_is_as_it_was_asked_for() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a");
    let patch = TaskPatch {
        status: Some(TaskStatus::Completed),
        due: Some(Some(Due::sent("2026-03-01"))),
        ..TaskPatch::default()
    };
    play.act(added(&play, "a", "b", patch)).expect("allowed");
    let key = new(&play);
    assert_eq!((play.is(&key), play.current().as_str()), (TaskStatus::Completed, "b"));
    assert_eq!(play.task(&key).due.as_ref().map(|due| due.text.as_str()), Some("2026-03-01"));
}

#[test]
fn a_task_added_on_the_way_back_keeps_the_rounds() {
    let sketch = Sketch::plain(&["a>d", "d>x:again", "x>a", "d>z:out"]).repeats("d", "again", "out", 2);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 4]).settled();
    play.done("a").done("x");
    play.act(add(&play, "x", "a")).expect("allowed");
    let key = new(&play);
    play.done("a").done("x");
    assert_eq!(play.current(), key);
    assert_eq!(play.done(&key).current(), "a");
    assert_eq!((play.done("a").current().as_str(), play.ran("a")), ("z", 3));
}

#[test]
fn a_flow_that_has_ended_takes_no_new_tasks() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.flow(FlowStatus::Closed).expect("allowed");
    let revision = play.execution.graph_revision;
    assert_eq!(play.act(add(&play, "a", "b")), Err(ActRefused::FlowNotStarted));
    assert_eq!(play.execution.graph_revision, revision);
}
