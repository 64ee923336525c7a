//! Due dates (spec epilot-flows, 11.6).

use super::*;

fn rule(amount: f64, unit: Unit, when: DueWhen) -> DueRule {
    DueRule { span: Span { amount, unit }, when }
}

fn due(play: &Play, key: &str) -> Option<String> {
    play.task(key).due.as_ref().map(|due| due.text.clone())
}

fn after(milliseconds: i64) -> Option<String> {
    Some(NOW.plus_millis(milliseconds).to_rfc3339())
}

#[test]
fn a_task_due_after_the_start_is_so_from_the_beginning() {
    let sketch =
        Sketch::plain(&["a>b"]).with("b", |spec| spec.due = Some(rule(2.0, Unit::Hours, DueWhen::FlowStarted)));
    assert_eq!(due(&sketch.play().settled(), "b"), after(2 * HOUR));
}

#[test]
fn a_task_is_due_after_another_is_done() {
    let when = DueWhen::TaskFinished("a".into());
    let mut play =
        Sketch::plain(&["a>b"]).with("b", |spec| spec.due = Some(rule(1.0, Unit::Hours, when))).play().settled();
    assert_eq!(due(&play, "b"), None);
    play.later(HOUR);
    play.done("a");
    assert_eq!(due(&play, "b"), after(2 * HOUR));
}

#[test]
fn a_task_due_after_its_first_predecessor() {
    let sketch = Sketch::plain(&["a>z", "b>z"]);
    let first = sketch.clone().with("z", |spec| spec.due = Some(rule(1.0, Unit::Hours, DueWhen::APreceding)));
    let all = sketch.with("z", |spec| spec.due = Some(rule(1.0, Unit::Hours, DueWhen::AllPreceding)));
    let (mut first, mut all) = (first.play().settled(), all.play().settled());
    for play in [&mut first, &mut all] {
        play.done("a").later(HOUR);
    }
    assert_eq!((due(&first, "z"), due(&all, "z")), (after(HOUR), None));
    for play in [&mut first, &mut all] {
        play.done("b");
    }
    assert_eq!((due(&first, "z"), due(&all, "z")), (after(HOUR), after(2 * HOUR)));
}

#[test]
fn a_branch_not_taken_is_no_predecessor() {
    let sketch = Sketch::plain(&["d>x:one", "d>y:two", "x>z", "y>z"]);
    let sketch = sketch.with("z", |spec| spec.due = Some(rule(1.0, Unit::Hours, DueWhen::AllPreceding)));
    let mut play = sketch.play().answers("d", &[&["one"]]).settled();
    play.done("x");
    assert_eq!(due(&play, "z"), after(HOUR));
}

#[test]
fn an_explicit_due_date_goes_first() {
    let sketch = Sketch::plain(&["a>b"]).with("a", |spec| {
        spec.due_date = Some("2026-05-28".into());
        spec.due = Some(rule(1.0, Unit::Hours, DueWhen::FlowStarted));
    });
    let mut play = sketch.play().settled();
    assert_eq!(due(&play, "a").as_deref(), Some("2026-05-28"));
    let both = TaskPatch {
        due: Some(Some(Due::sent("2027-01-01T10:00"))),
        due_rule: Some(rule(3.0, Unit::Hours, DueWhen::FlowStarted)),
        ..TaskPatch::default()
    };
    play.patch("a", both).expect("allowed");
    assert_eq!(due(&play, "a").as_deref(), Some("2027-01-01T10:00"));
}

#[test]
fn a_due_date_can_be_cleared_and_ruled_anew() {
    let sketch =
        Sketch::plain(&["a>b"]).with("a", |spec| spec.due = Some(rule(1.0, Unit::Hours, DueWhen::FlowStarted)));
    let mut play = sketch.play().settled();
    play.patch("a", TaskPatch { due: Some(None), ..TaskPatch::default() }).expect("allowed");
    assert_eq!(due(&play, "a"), None);
    let anew = rule(5.0, Unit::Hours, DueWhen::FlowStarted);
    play.patch("a", TaskPatch { due_rule: Some(anew), ..TaskPatch::default() }).expect("allowed");
    assert_eq!(due(&play, "a"), after(5 * HOUR));
}

#[test]
fn phases_and_flows_are_due_as_well() {
    let mut sketch = Sketch::of(&["a@one", "b@two"], &["a>b"]);
    sketch.phases[1].due = Some(rule(1.0, Unit::Days, DueWhen::PhaseFinished("one".into())));
    let of_flow = rule(1.0, Unit::Weeks, DueWhen::FlowStarted);
    let mut play = sketch.play_with(|people| people.data.due_rule = Some(of_flow)).settled();
    let of_phase = |play: &Play| play.people.flow.data.phases[1].due.as_ref().map(|due| due.text.clone());
    assert_eq!(of_phase(&play), None);
    assert_eq!(play.people.flow.due.as_ref().map(|due| due.text.as_str()), Some("2026-01-08T00:00:00.000"));
    play.done("a");
    assert_eq!(of_phase(&play).as_deref(), Some("2026-01-02T00:00:00.000"));
}

#[test]
fn an_explicit_due_date_of_a_flow_goes_before_its_rule() {
    let of_flow = rule(1.0, Unit::Weeks, DueWhen::FlowStarted);
    let play = Sketch::plain(&["a>b"]).play_with(|people| {
        people.data.due_rule = Some(of_flow);
        people.due_date = Some("2026-06-01".into());
    });
    assert_eq!(play.people.flow.due.as_ref().map(|due| due.text.as_str()), Some("2026-06-01"));
}
