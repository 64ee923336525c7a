//! Schedules (spec epilot-flows, 11.5).

use super::*;

fn relative(before: bool, hours: f64, to: Reference) -> Schedule {
    Schedule::Relative { before, span: Span { amount: hours, unit: Unit::Hours }, to }
}

fn scheduled(schedule: Schedule) -> Sketch {
    Sketch::plain(&["a>u", "a>b", "u>z"]).with("u", |spec| spec.schedule = Some(schedule))
}

fn attribute_of(name: &str) -> Reference {
    Reference::Attribute { schema: None, attribute: name.into() }
}

fn error(play: &Play, key: &str) -> Option<String> {
    play.task(key).data.armed.as_ref()?.error.as_ref().map(|error| error.code.clone())
}

#[test]
fn a_delayed_task_starts_when_its_time_has_come() {
    let mut play = Sketch::plain(&["h>x:one", "h>y:else"]).play().answers("h", &[&["one"]]).settled();
    assert_eq!((play.is("h"), play.ran("h")), (TaskStatus::Scheduled, 0));
    let armed = play.task("h").data.armed.clone().expect("armed");
    assert_eq!((armed.at, armed.id.is_some()), (Some(NOW.plus_millis(HOUR)), true));
    play.later(HOUR - 1);
    assert_eq!(play.ran("h"), 0);
    play.later(1);
    assert_eq!((play.current().as_str(), play.ran("h")), ("x", 1));
    assert_eq!(play.task("h").data.armed, None);
}

#[test]
fn before_and_after_a_date_of_an_entity() {
    for (before, at) in [(true, "2026-02-01T09:00:00.000Z"), (false, "2026-02-01T11:00:00.000Z")] {
        let sketch = scheduled(relative(before, 1.0, attribute_of("date")));
        let mut play = sketch.play_with(|people| {
            (people.contexts, people.entities) = attribute("date", json!("2026-02-01T10:00:00Z"));
        });
        play.run();
        play.done("a");
        let armed = play.task("u").data.armed.as_ref().and_then(|armed| armed.at);
        assert_eq!(armed.map(Timestamp::to_rfc3339).as_deref(), Some(at));
    }
}

#[test]
fn an_empty_date_cannot_be_armed() {
    for value in [json!(""), Value::Null, json!("soon"), json!(7)] {
        let sketch = scheduled(relative(false, 1.0, attribute_of("date")));
        let mut play = sketch.play_with(|people| (people.contexts, people.entities) = attribute("date", value));
        play.run();
        play.done("a");
        assert_eq!((play.is("u"), error(&play, "u").as_deref()), (TaskStatus::Failed, Some("INVALID_SCHEDULE_CONFIG")));
        assert!(play.current().contains('u'));
    }
}

#[test]
fn a_passed_date_cannot_be_armed() {
    let sketch = scheduled(relative(true, 1.0, Reference::FlowStarted));
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!((play.is("u"), error(&play, "u").as_deref()), (TaskStatus::Failed, Some("SCHEDULE_IN_PAST")));
    let shown = play.task("u").data.armed.as_ref().and_then(|armed| armed.error.as_ref()).map(ArmError::shown);
    let shown: Value = serde_json::from_str(&shown.expect("an error")).expect("JSON");
    assert_eq!(shown["error_code"], "SCHEDULE_IN_PAST");
}

#[test]
fn a_reference_that_is_not_there_yet_waits() {
    let mut play = scheduled(relative(false, 1.0, Reference::TaskCompleted("b".into()))).play().settled();
    play.done("a");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::Pending, 0));
    play.later(HOUR);
    play.done("b");
    assert_eq!(play.is("u"), TaskStatus::Scheduled);
    let armed = play.task("u").data.armed.as_ref().and_then(|armed| armed.at);
    assert_eq!(armed, Some(NOW.plus_millis(2 * HOUR)));
}

#[test]
fn a_task_scheduled_after_all_of_its_predecessors_waits_for_the_last() {
    let sketch = Sketch::plain(&["a>u", "b>u"]);
    let sketch = sketch.with("u", |spec| spec.schedule = Some(relative(false, 1.0, Reference::AllPreceding)));
    let mut play = sketch.play().settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("u")), ("u b", TaskStatus::Pending));
    play.done("b");
    assert_eq!(play.is("u"), TaskStatus::Scheduled);
}

#[test]
fn patching_the_date_arms_anew() {
    let sketch = scheduled(relative(false, 1.0, attribute_of("date")));
    let mut play = sketch.play_with(|people| (people.contexts, people.entities) = attribute("date", json!("")));
    play.run();
    play.done("a");
    assert!(play.task("u").watches(true));
    play.people.entities = attribute("date", json!("2026-02-01")).1;
    let event = crate::outcome::ReceivedEvent {
        id: uuid::Uuid::nil().into(),
        name: ENTITY_CHANGED.into(),
        data: Value::Null,
        received_at: play.now,
    };
    let visit = play.visit("u");
    play.input(Input::Woken { visit, wake: Wake::Event(event) }).expect("a wait");
    assert_eq!((play.is("u"), error(&play, "u")), (TaskStatus::Scheduled, None));
    assert_eq!(play.ran("u"), 0);
}

#[test]
fn running_a_schedule_now_starts_the_task_once() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a");
    assert_eq!(play.is("u"), TaskStatus::Scheduled);
    play.act(Deed::RunScheduleNow(play.id("u"))).expect("scheduled");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 1));
    assert_eq!(play.act(Deed::RunScheduleNow(play.id("u"))), Err(ActRefused::NotScheduled));
    play.later(72 * HOUR);
    assert_eq!(play.ran("u"), 1);
}

#[test]
fn cancelling_a_schedule_skips_its_task() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a").act(Deed::CancelSchedule(play_id("u"))).expect_err("an unknown task");
    play.act(Deed::CancelSchedule(play.id("u"))).expect("scheduled");
    assert_eq!((play.is("u"), play.current().as_str()), (TaskStatus::Skipped, "b z"));
    assert!(play.happened.contains(&HappeningKind::TaskSkipped));
    assert_eq!(play.act(Deed::CancelSchedule(play.id("b"))), Err(ActRefused::NotScheduled));
}

fn play_id(_: &str) -> TaskId {
    uuid::Uuid::nil().into()
}

#[test]
fn a_scheduled_task_that_is_patched_leaves_its_schedule() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a").set("u", TaskStatus::OnHold).expect("allowed");
    assert_eq!((play.is("u"), play.task("u").data.armed.clone()), (TaskStatus::OnHold, None));
    play.later(72 * HOUR);
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::OnHold, 0));
    play.set("u", TaskStatus::Pending).expect("allowed");
    assert_eq!(play.is("u"), TaskStatus::Scheduled);
    assert_eq!(play.done("u").current(), "b z");
}

#[test]
fn a_decision_is_evaluated_at_once_if_somebody_says_so() {
    let mut play = Sketch::plain(&["h>x:one", "h>y:else"]).play().answers("h", &[&["one"]]).settled();
    play.act(Deed::Execute(play.id("h"))).expect("allowed");
    assert_eq!((play.current().as_str(), play.ran("h")), ("x", 1));
}

#[test]
fn a_duration_that_is_none_cannot_be_armed() {
    let facts = Facts { started_at: NOW, all_preceding: None, tasks: &[], contexts: &[], entities: &[] };
    for amount in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e18] {
        let schedule = Schedule::Delayed(Span { amount, unit: Unit::Days });
        let error = schedule.fire_time(&facts, NOW).expect_err("no duration");
        assert_eq!(error.code, "INVALID_SCHEDULE_CONFIG", "{amount}");
    }
}

#[test]
fn a_disabled_task_does_not_begin_when_its_time_comes_but_once_it_is_enabled() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a").patch("u", TaskPatch { enabled: Some(false), ..TaskPatch::default() }).expect("allowed");
    assert_eq!(play.is("u"), TaskStatus::Scheduled);
    assert_eq!(play.act(Deed::RunScheduleNow(play.id("u"))), Err(ActRefused::Disabled));
    play.later(72 * HOUR);
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::Pending, 0));
    play.patch("u", TaskPatch { enabled: Some(true), ..TaskPatch::default() }).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u"), &play.task("u").data.armed), (TaskStatus::InProgress, 1, &None));
}

#[test]
fn a_result_that_is_taken_over_ends_the_schedule() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a");
    let failed = RunResult { status: Some("failed".into()), ..RunResult::default() };
    play.act(Deed::Reconcile(play.id("u"), failed)).expect("allowed");
    assert_eq!((play.is("u"), &play.task("u").data.armed), (TaskStatus::Failed, &None));
}

#[test]
fn the_end_of_an_earlier_run_does_not_begin_a_task_before_its_time() {
    let mut play = scheduled(Schedule::Delayed(Span { amount: 2.0, unit: Unit::Days })).play().settled();
    play.done("a");
    let (visit, due) = (play.visit("u"), play.waits.iter().map(|wait| wait.due_at).max());
    let (id, name) = (uuid::Uuid::nil().into(), CHILD_ENDED.to_owned());
    let event = crate::outcome::ReceivedEvent { id, name, data: json!({ "status": "cancelled" }), received_at: NOW };
    play.input(Input::Woken { visit, wake: Wake::Event(event) }).expect("a wait");
    play.run();
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::Scheduled, 0));
    assert_eq!(play.waits.iter().map(|wait| wait.due_at).max(), due);
    play.later(72 * HOUR);
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 1));
}
