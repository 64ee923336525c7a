//! Checklists (spec epilot-flows, 13).

use super::*;

fn list(items: &[&str]) -> Play {
    let sketch = Sketch { list: true, ..Sketch::of(items, &[]) };
    sketch.play().settled()
}

fn order(play: &Play) -> String {
    let name = |task: &Task| task.phase.as_ref().map_or(task.key.clone(), |phase| format!("{}@{phase}", task.key));
    play.people.tasks.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn new_item(section: Option<&str>, index: usize) -> Deed {
    let step = Sketch::of(&["new"], &[]).steps.remove(0);
    let section = section.map(str::to_owned);
    let patch = TaskPatch::default();
    Deed::InsertItem(Box::new(InsertItem { section, index, id: None, step: Box::new(step), patch }))
}

#[test]
fn the_first_open_step_is_current() {
    let mut play = list(&["a@one", "b@one", "x"]);
    assert_eq!(play.current(), "a");
    assert_eq!(play.done("b").current(), "a");
    assert_eq!(play.done("a").current(), "x");
    assert_eq!(play.phase("one"), PhaseStatus::Completed);
    assert_eq!(play.done("x").status(), FlowStatus::Done);
}

#[test]
fn an_empty_list_is_done_at_once() {
    assert_eq!(list(&[]).status(), FlowStatus::Done);
}

#[test]
fn an_open_step_further_up_becomes_the_current_one() {
    let mut play = list(&["a", "b", "x"]);
    play.done("a").done("b");
    play.set("a", TaskStatus::Pending).expect("allowed");
    assert_eq!((play.current().as_str(), play.is("x")), ("a", TaskStatus::Pending));
}

#[test]
fn a_step_that_is_opened_again_starts_a_done_list_again() {
    let mut play = list(&["a", "b"]);
    play.done("a").done("b");
    play.set("b", TaskStatus::InProgress).expect("allowed");
    assert_eq!((play.status(), play.current().as_str()), (FlowStatus::Started, "b"));
    assert_eq!((play.is("b"), play.people.flow.data.completed_at), (TaskStatus::InProgress, None));
}

#[test]
fn a_step_keeps_its_status_when_it_becomes_current() {
    let mut play = list(&["a", "b"]);
    play.set("b", TaskStatus::OnHold).expect("allowed");
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("b")), ("b", TaskStatus::OnHold));
}

#[test]
fn an_item_is_put_before_the_one_at_its_index() {
    let mut play = list(&["a@one", "b@one", "x"]);
    play.act(new_item(Some("one"), 1)).expect("allowed");
    let names: Vec<_> = play.people.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["a", "new", "b", "x"]);
    let new = &play.people.tasks[1];
    assert_eq!(
        (new.phase.as_deref(), new.status, new.key.clone()),
        (Some("one"), TaskStatus::Pending, new.id.to_string())
    );
    assert_eq!(play.act(new_item(Some("nowhere"), 0)), Err(ActRefused::UnknownPhase("nowhere".into())));
}

#[test]
fn an_item_at_the_top_becomes_current() {
    let mut play = list(&["a@one", "b@one", "x"]);
    play.act(new_item(None, 0)).expect("allowed");
    assert_eq!(play.people.tasks[0].name, "new");
    assert_eq!(play.current(), play.people.tasks[0].key);
    assert_eq!(play.ran("new"), 0);
    play.act(new_item(None, 99)).expect("allowed");
    assert_eq!(play.people.tasks[4].name, "new");
}

#[test]
fn a_step_is_moved_by_taking_it_out_first() {
    let mut play = list(&["a@one", "b@one", "x@two", "y"]);
    play.act(Deed::MoveItem { task: play.id("a"), section: Some("one".into()), index: 1 }).expect("allowed");
    assert_eq!((order(&play).as_str(), play.current().as_str()), ("b@one a@one x@two y", "b"));
    play.act(Deed::MoveItem { task: play.id("b"), section: Some("two".into()), index: 0 }).expect("allowed");
    assert_eq!(order(&play), "a@one b@two x@two y");
    play.act(Deed::MoveItem { task: play.id("y"), section: None, index: 0 }).expect("allowed");
    assert_eq!(order(&play), "y a@one b@two x@two");
}

#[test]
fn a_removed_step_is_not_waited_for() {
    let mut play = list(&["a", "b"]);
    let gone = play.id("a");
    play.act(Deed::RemoveItem(gone)).expect("allowed");
    assert_eq!((play.current().as_str(), play.people.tasks.len()), ("b", 1));
    assert_eq!(play.act(Deed::RemoveItem(gone)), Err(ActRefused::UnknownTask(gone.to_string())));
    play.act(Deed::RemoveItem(play.id("b"))).expect("allowed");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn only_items_of_lists_are_moved_or_taken_out() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    assert!(matches!(play.act(Deed::RemoveItem(play.id("a"))), Err(ActRefused::Invalid { .. })));
    assert_eq!(play.act(new_item(None, 0)), Err(ActRefused::NoSuchEdge));
}

#[test]
fn requirements_of_steps_hold_in_lists() {
    let sketch = Sketch { list: true, ..Sketch::of(&["a", "b"], &[]) };
    let mut play = sketch.with("b", |spec| spec.requirements = vec![Requirement::Task("a".into())]).play().settled();
    assert!(!play.task("b").enabled);
    play.done("a");
    assert!(play.task("b").enabled);
}
