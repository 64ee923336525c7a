//! What people may do, and what comes of it (spec epilot-flows, 9, 11.3, 11.7).

use super::*;

#[test]
fn who_did_what_when_is_kept() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.set("a", TaskStatus::InProgress).expect("allowed");
    play.later(HOUR);
    play.set("a", TaskStatus::OnHold).expect("allowed");
    play.set("a", TaskStatus::InProgress).expect("allowed");
    play.done("a");
    let times = &play.task("a").data.times;
    assert_eq!((times.started_at, times.in_progress_at), (Some(NOW), Some(play.now)));
    assert_eq!((times.completed_at, times.completed_by.as_deref()), (Some(play.now), Some("grace")));
    assert_eq!((times.on_hold_by.as_deref(), times.in_progress_by.as_deref()), (Some("grace"), Some("grace")));
    assert!(play.journal.contains(&JournalKind::TaskChanged));
}

#[test]
fn the_same_status_changes_nothing() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a");
    let before = play.task("a").clone();
    play.later(HOUR);
    play.done("a");
    assert_eq!((play.task("a"), play.current().as_str()), (&before, "b"));
}

#[test]
fn completed_and_skipped_change_places_without_a_move() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.done("a").set("a", TaskStatus::Skipped).expect("allowed");
    assert_eq!((play.is("a"), play.current().as_str()), (TaskStatus::Skipped, "b"));
}

#[test]
fn unknown_tasks_are_named() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    let nobody: TaskId = uuid::Uuid::nil().into();
    assert_eq!(play.act(Deed::Execute(nobody)), Err(ActRefused::UnknownTask(nobody.to_string())));
}

#[test]
fn executing_a_manual_task_completes_it() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    play.act(Deed::Execute(play.id("a"))).expect("allowed");
    assert_eq!((play.is("a"), play.current().as_str()), (TaskStatus::Completed, "b"));
    play.act(Deed::Execute(play.id("a"))).expect("nothing to do");
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    assert_eq!(play.act(Deed::Execute(play.id("b"))), Err(ActRefused::NotCurrent));
}

#[test]
fn a_running_automation_is_not_started_twice() {
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    play.act(Deed::RunAutomation(play.id("u"))).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 1));
    assert_eq!(play.act(Deed::RunAutomation(play.id("b"))), Err(ActRefused::NotAutomation));
}

#[test]
fn a_failed_automation_runs_again() {
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    let result = RunResult { status: Some("failed".into()), error: Some("down".into()), ..RunResult::default() };
    play.act(Deed::Reconcile(play.id("u"), result)).expect("allowed");
    assert_eq!((play.is("u"), play.current().as_str()), (TaskStatus::Failed, "u"));
    play.act(Deed::RunAutomation(play.id("u"))).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 2));
    assert_eq!(play.task("u").data.run, None);
}

#[test]
fn what_became_of_an_automation_is_taken_over_once() {
    let result = |status: &str| RunResult { status: Some(status.into()), ..RunResult::default() };
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    play.act(Deed::Reconcile(play.id("u"), result("paused"))).expect("allowed");
    assert_eq!(play.is("u"), TaskStatus::InProgress);
    play.act(Deed::Reconcile(play.id("u"), result("success"))).expect("allowed");
    assert_eq!((play.is("u"), play.current().as_str()), (TaskStatus::Completed, "b"));
    play.act(Deed::Reconcile(play.id("u"), result("failed"))).expect("nothing to do");
    assert_eq!(play.is("u"), TaskStatus::Completed);
    assert_eq!(play.act(Deed::Reconcile(play.id("b"), result("success"))), Err(ActRefused::NotAutomation));
}

#[test]
fn an_outside_runner_says_how_its_run_stands() {
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    let status = RunResult { id: Some("x-1".into()), status: Some("success".into()), error: None };
    let patch = TaskPatch { run_status: Some(status), status: Some(TaskStatus::Completed), ..TaskPatch::default() };
    play.patch("u", patch).expect("allowed");
    let run = play.task("u").data.run.clone().expect("a run");
    assert_eq!((run.id.as_deref(), run.status.as_deref()), (Some("x-1"), Some("success")));
    assert_eq!(play.current(), "b");
    let patch = TaskPatch { run: Some(json!({})), ..TaskPatch::default() };
    assert_eq!(play.patch("b", patch), Err(ActRefused::NotAutomation));
}

#[test]
fn a_patch_gives_up_a_component_that_runs() {
    let mut play = Sketch::plain(&["u>b"]).play();
    let visit = play.visit("u");
    play.set("u", TaskStatus::OnHold).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::OnHold, 0));
    let late = play.answer(visit, Outcome::Completed(Completion::default()));
    assert_eq!(late, Err(Refused::NotActive));
}

#[test]
fn the_inbox_completes_with_what_was_entered() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    let done = Completion { output: json!({ "ok": true }), ..Completion::default() };
    play.act(Deed::Complete(play.id("a"), done.clone())).expect("allowed");
    assert_eq!((play.current().as_str(), play.task("a").data.result.clone()), ("b", Some(json!({ "ok": true }))));
    let refused = ActRefused::TaskDone { status: TaskStatus::Completed };
    assert_eq!(play.act(Deed::Complete(play.id("a"), done)), Err(refused.clone()));
    assert_eq!(play.act(Deed::Skip(play.id("a"), None)), Err(refused));
}

#[test]
fn a_task_is_given_to_others() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    let to = vec![Assignee::Person("u-1".into())];
    play.act(Deed::Assign(play.id("a"), to.clone())).expect("allowed");
    assert_eq!(play.task("a").data.assignees, Some(to));
    assert!(play.journal.contains(&JournalKind::TaskAssigned));
}

#[test]
fn several_deeds_are_refused_together() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    let rename = TaskPatch { name: Some("New".into()), ..TaskPatch::default() };
    let deeds = vec![Deed::PatchTask(play.id("a"), Box::new(rename)), Deed::CancelSchedule(play.id("a"))];
    assert_eq!(play.act(Deed::Several(deeds)), Err(ActRefused::NotScheduled));
    assert_eq!(play.task("a").name, "a");
}

#[test]
fn flows_change_hands_dates_and_what_they_are_about() {
    let mut play = Sketch::plain(&["a>b"]).play().settled();
    let (contexts, _) = attribute("x", Value::Null);
    let patch = FlowPatch {
        assignees: Some(vec![Assignee::Person("u-1".into())]),
        due: Some(Some(Due::sent("2026-03-01"))),
        contexts: Some(contexts.clone()),
        ..FlowPatch::default()
    };
    play.act(Deed::PatchFlow(Box::new(patch))).expect("allowed");
    assert_eq!(play.people.flow.contexts, contexts);
    let told = [HappeningKind::FlowAssigned, HappeningKind::FlowDueDateChanged, HappeningKind::FlowContextsChanged];
    assert!(told.iter().all(|kind| play.happened.contains(kind)));
}

#[test]
fn a_manual_task_may_be_put_where_only_runners_put_it() {
    let mut play = Sketch::plain(&["g>b"]).play().settled();
    assert_eq!((play.is("g"), play.ran("g")), (TaskStatus::InProgress, 1));
    play.set("g", TaskStatus::WaitingForConfirmation).expect("allowed");
    play.act(Deed::Execute(play.id("g"))).expect("allowed");
    assert_eq!((play.is("g"), play.ran("g")), (TaskStatus::InProgress, 2));
    play.act(Deed::Execute(play.id("g"))).expect("it runs");
    assert_eq!(play.ran("g"), 2);
}

#[test]
fn why_a_run_failed_is_forgotten_with_the_next_report() {
    let mut play = Sketch::plain(&["u>b"]).play().settled();
    let report = |status: Option<&str>, error: Option<&str>| {
        let run = RunResult { id: None, status: status.map(str::to_owned), error: error.map(str::to_owned) };
        TaskPatch { run_status: Some(run), ..TaskPatch::default() }
    };
    let error = |play: &Play| play.task("u").data.run.clone().and_then(|run| run.error);
    play.patch("u", report(Some("failed"), Some("no line"))).expect("allowed");
    play.patch("u", report(None, None)).expect("allowed");
    assert_eq!(error(&play).as_deref(), Some("no line"));
    play.patch("u", report(Some("in_progress"), None)).expect("allowed");
    assert_eq!(error(&play), None);
}

#[test]
fn a_variable_stands_for_a_hundred_people_at_most() {
    let many: Vec<_> = (0..150).map(|n| format!("u{n}")).chain(["x".repeat(201)]).rev().collect();
    let mut play = Sketch::plain(&["a>b"]).play_with(|people| {
        (people.contexts, people.entities) = attribute("owners", json!(many));
    });
    play.run();
    let variable = Assignee::Variable { variable: "{{entity.owners}}".into(), value: None };
    play.act(Deed::Assign(play.id("a"), vec![variable])).expect("allowed");
    let assignees = play.task("a").data.assignees.clone().expect("assignees");
    assert_eq!((assignees[0].people().len(), assignees[0].people()[0].as_str()), (100, "u149"));
}

#[test]
fn an_automation_that_is_set_to_pending_begins_anew_with_nothing_of_its_last_run_but_what_was_configured() {
    let mut play = Sketch::plain(&["u>z"]).play().settled();
    let config = Some(json!({ "flow_id": "x" }));
    let run_status = Some(RunResult { id: Some("first".into()), ..RunResult::default() });
    play.patch("u", TaskPatch { run: config.clone(), run_status, ..TaskPatch::default() }).expect("allowed");
    play.set("u", TaskStatus::Pending).expect("allowed");
    assert_eq!((play.is("u"), play.ran("u")), (TaskStatus::InProgress, 2));
    let run = play.task("u").data.run.clone().expect("a run");
    assert_eq!((run.id, run.config), (None, config));
}
