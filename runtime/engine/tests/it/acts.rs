//! What people do to flows: decided and stored in one commit with what components do about it, and once, whoever else acts.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stepwell_core::flow::{
    Act, ActRefused, Deed, Draft, Drawn, DrawnEdge, FlowData, FlowPatch, FlowStatus, Schedule, Span, StartPeople,
    Surface, Task, TaskKind, TaskPatch, TaskSpec, TaskStatus, Trigger, Unit, compile,
};
use stepwell_core::{
    Call, ChildTarget, Completion, DefinitionId, Effect, ExecutionId, ExecutionStatus, Given, Graph, Outcome, Reentry,
    Start, Step, StepReport, StepRequest, StepStatus, WaitRequest, Wake, testing,
};
use stepwell_engine::{Acted, EngineError, NewFlow};
use stepwell_store::wait;
use uuid::Uuid;

use crate::bench::{Bench, completed};

/// A task whose component is `step_type`.
fn task(key: &str, kind: TaskKind, step_type: &str) -> Step {
    let spec = TaskSpec {
        key: key.to_owned(),
        kind,
        phase: None,
        trigger: Trigger::Automatic,
        schedule: None,
        requirements: vec![],
        due_date: None,
        due: None,
        assignees: vec![],
        taxonomies: vec![],
        repeat: None,
        added: false,
    };
    Step { task: Some(Box::new(spec)), step_type: step_type.to_owned(), ..testing::step(key) }
}

fn manual(key: &str) -> Step {
    task(key, TaskKind::Manual, "inside-manual")
}

/// Edges `from>to` or `from>to:condition`.
fn drawn(bench: &Bench, steps: Vec<Step>, edges: &[&str]) -> Graph {
    let edge = |(at, text): (usize, &&str)| {
        let (ends, condition) =
            text.split_once(':').map_or((*text, None), |(ends, name)| (ends, Some(name.to_owned())));
        let (from, to) = ends.split_once('>').expect("an edge");
        DrawnEdge {
            key: at.to_string(),
            from: from.to_owned(),
            to: Some(to.to_owned()),
            condition,
            otherwise: false,
            shown: Map::new(),
        }
    };
    let drawn = Drawn { edges: edges.iter().enumerate().map(edge).collect(), ..Drawn::default() };
    let definition = DefinitionId(Uuid::from_u128(1));
    let given = Given::new(bench.engine.now(), bench.engine.ids().as_ref());
    compile(Draft { definition, steps, drawn }, &given).expect("a sound drawing")
}

/// Manual tasks ask a person.
fn people(bench: &Bench) {
    bench.answer("inside-manual", |_| asks(json!({ "status": "pending" })));
}

fn asks(task: Value) -> StepReport {
    StepReport::of(Outcome::Waiting(WaitRequest { task: Some(task), ..WaitRequest::default() }))
}

/// A flow about nothing.
fn nobody() -> StartPeople {
    StartPeople {
        name: "Onboarding".to_owned(),
        surface: Surface::Flow,
        contexts: vec![],
        entities: vec![],
        by: "ada".to_owned(),
        data: FlowData::default(),
        due_date: None,
    }
}

async fn begun(bench: &Bench, graph: Graph) -> Acted {
    let definition = bench.define_graph(graph, Reentry::Always, json!({})).await;
    let start = Start { people: Some(nobody()), ..Start::default() };
    bench.engine.start_flow(bench.workspace, NewFlow { definition, start }).await.expect("a start")
}

async fn does(bench: &Bench, flow: ExecutionId, by: &str, does: Deed) -> Result<Acted, EngineError> {
    bench.engine.act(bench.workspace, flow, Act { by: by.to_owned(), does }).await
}

fn of<'a>(flow: &'a Acted, key: &str) -> &'a Task {
    flow.people.tasks.iter().find(|task| task.key == key).expect("a task")
}

fn current(flow: &Acted) -> Vec<&str> {
    flow.people.current().map(|task| task.key.as_str()).collect()
}

fn complete(flow: &Acted, key: &str) -> Deed {
    Deed::Complete(of(flow, key).id, Completion::default())
}

/// The flow as it is once this holds.
async fn until(bench: &Bench, flow: ExecutionId, holds: impl Fn(&Acted) -> bool) -> Acted {
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let now = does(bench, flow, "nobody", Deed::Several(vec![])).await.expect("a look");
        if holds(&now) {
            return now;
        }
        assert!(tokio::time::Instant::now() < end, "{now:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_act_answers_with_the_state_that_components_have_reached_by_it() {
    let bench = Bench::new().await;
    people(&bench);
    bench.answer("inside-decision", |_| {
        let branches = vec!["x".to_owned(), "y".to_owned()];
        StepReport::of(Outcome::Completed(Completion { branches, ..Completion::default() }))
    });
    let bench = bench.run().await;
    let steps = vec![manual("a"), task("d", TaskKind::Decision, "inside-decision"), manual("b"), manual("c")];
    let flow = begun(&bench, drawn(&bench, steps, &["trigger>a", "a>d", "d>b:x", "d>c:y"])).await;
    assert_eq!(current(&flow), ["a"]);
    let flow = does(&bench, flow.execution.id, "ada", complete(&flow, "a")).await.expect("allowed");
    assert_eq!(current(&flow), ["b", "c"], "both branches, at once");
    assert_eq!(of(&flow, "d").data.chosen, ["x", "y"]);
    assert_eq!(of(&flow, "a").data.times.completed_by.as_deref(), Some("ada"));
    let id = flow.execution.id;
    let flow = does(&bench, id, "ada", complete(&flow, "b")).await.expect("allowed");
    let flow = does(&bench, id, "ada", complete(&flow, "c")).await.expect("allowed");
    assert_eq!((flow.people.flow.status, current(&flow).len()), (FlowStatus::Done, 0));
}

#[tokio::test]
async fn all_tasks_that_a_flow_begins_with_are_asked_for_before_anything_is_stored() {
    let bench = Bench::new().await;
    people(&bench);
    // Nothing runs here but what the start itself runs.
    let steps: Vec<_> = (0..100).map(|n| manual(&format!("t{n}"))).collect();
    let edges: Vec<_> = (0..100).map(|n| format!("trigger>t{n}")).collect();
    let edges: Vec<_> = edges.iter().map(String::as_str).collect();
    let flow = begun(&bench, drawn(&bench, steps, &edges)).await;
    assert_eq!(current(&flow).len(), 100);
    let visits = bench.visits(&flow.execution).await;
    assert_eq!(visits.iter().filter(|visit| visit.status == StepStatus::Waiting).count(), 100);
}

#[tokio::test]
async fn of_two_people_who_complete_a_task_at_once_one_does_and_the_other_sees_the_outcome() {
    let bench = Bench::new().await;
    people(&bench);
    let bench = bench.run().await;
    for _ in 0..10 {
        let flow = begun(&bench, drawn(&bench, vec![manual("a"), manual("b")], &["trigger>a", "a>b"])).await;
        let id = flow.execution.id;
        let ada = does(&bench, id, "ada", complete(&flow, "a"));
        let (ada, grace) = tokio::join!(ada, does(&bench, id, "grace", complete(&flow, "a")));
        let late = |result: &Result<Acted, EngineError>| {
            matches!(result, Err(EngineError::Act(ActRefused::TaskDone { status: TaskStatus::Completed })))
        };
        assert_eq!(late(&ada), grace.is_ok(), "{ada:?} {grace:?}");
        assert_eq!(late(&grace), ada.is_ok(), "{ada:?} {grace:?}");
        assert_eq!(current(&ada.or(grace).expect("one of them")), ["b"]);
    }
}

/// What touches nothing outside may run in vain, where somebody else was faster: what counts is what it has started.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_acts_on_one_flow_at_once_is_served_one_by_one() {
    let bench = Bench::new().await;
    people(&bench);
    let bench = bench.run().await;
    let keys: Vec<_> = (0..60).map(|number| format!("t{number}")).collect();
    let edges: Vec<_> = keys.iter().map(|key| format!("trigger>{key}")).collect();
    let edges: Vec<_> = edges.iter().map(String::as_str).collect();
    let flow = begun(&bench, drawn(&bench, keys.iter().map(|key| manual(key)).collect(), &edges)).await;
    let mut crowd = tokio::task::JoinSet::new();
    for key in &keys {
        let (engine, workspace, id) = (bench.engine.clone(), bench.workspace, flow.execution.id);
        let act = Act { by: key.clone(), does: complete(&flow, key) };
        crowd.spawn(async move { engine.act(workspace, id, act).await });
    }
    while let Some(done) = crowd.join_next().await {
        done.expect("no panic").expect("a turn");
    }
    let flow = until(&bench, flow.execution.id, |flow| flow.people.flow.status == FlowStatus::Done).await;
    assert!(keys.iter().all(|key| of(&flow, key).data.times.completed_by.as_ref() == Some(key)));
}

#[tokio::test]
async fn a_schedule_that_is_run_now_while_it_fires_starts_its_automation_once() {
    let bench = Bench::new().await;
    people(&bench);
    let child = bench.define(&["outside"], Reentry::Always).await;
    starts(&bench, child);
    let bench = bench.run().await;
    for round in 1..=10 {
        let mut step = task("u", TaskKind::Automation, "inside-automation");
        let schedule = Schedule::Delayed(Span { amount: 1.0, unit: Unit::Hours });
        step.task.as_mut().expect("a task").schedule = Some(schedule);
        let flow = begun(&bench, drawn(&bench, vec![step, manual("b")], &["trigger>u", "u>b"])).await;
        let (id, task) = (flow.execution.id, of(&flow, "u").id);
        assert_eq!(of(&flow, "u").status, TaskStatus::Scheduled);
        bench.advance_clock(Duration::from_secs(3_600));
        bench.engine.wake_timer();
        let now = does(&bench, id, "ada", Deed::RunScheduleNow(task)).await;
        let lost = matches!(&now, Err(EngineError::Act(ActRefused::NotScheduled)));
        assert!(now.is_ok() || lost, "{now:?}");
        let flow = until(&bench, id, |flow| current(flow) == ["b"]).await;
        assert_eq!(of(&flow, "u").status, TaskStatus::Completed);
        bench.until_count(child, ExecutionStatus::Completed, round).await;
        assert_eq!(bench.executions(child).await.len() as u64, round, "one child a flow");
    }
}

/// Starts the definition and waits for its end.
fn starts(bench: &Bench, child: DefinitionId) {
    bench.answer("inside-automation", move |request: &StepRequest| match &request.call {
        Call::Resume { wake: Wake::Event(event), .. } => StepReport::of(completed(event.data.clone())),
        _ => {
            let id = ExecutionId(request.context.step_execution_id.0);
            let target = ChildTarget::Definition(child);
            let execution = json!({ "id": id, "status": "in_progress", "child": true });
            let report = asks(json!({ "status": "in_progress", "execution": execution }));
            StepReport { effects: vec![Effect::StartChild { id, target, input: json!({ "n": 1 }) }], ..report }
        }
    });
}

#[tokio::test]
async fn the_end_of_a_child_completes_the_task_that_started_it() {
    let bench = Bench::new().await;
    people(&bench);
    let child = bench.define(&["outside"], Reentry::Always).await;
    starts(&bench, child);
    let bench = bench.run().await;
    let steps = vec![task("u", TaskKind::Automation, "inside-automation"), manual("b")];
    let flow = begun(&bench, drawn(&bench, steps, &["trigger>u", "u>b"])).await;
    let flow = until(&bench, flow.execution.id, |flow| current(flow) == ["b"]).await;
    let done = of(&flow, "u");
    assert_eq!(done.status, TaskStatus::Completed);
    assert_eq!(done.data.result.as_ref().expect("a result")["status"], "success");
    assert_eq!(done.data.run.as_ref().and_then(|run| run.status.as_deref()), Some("success"));
    let ran = bench.requests().into_iter().find(|request| request.step_type == "outside").expect("the child's step");
    assert_eq!(ran.context.event, json!({ "n": 1 }));
}

#[tokio::test]
async fn a_child_that_somebody_cancels_ends_its_task_at_once() {
    let bench = Bench::new().await;
    people(&bench);
    bench.answer("outside-waits", |_| asks(json!({})));
    let child = bench.define(&["outside-waits"], Reentry::Always).await;
    starts(&bench, child);
    let bench = bench.run().await;
    let steps = vec![task("u", TaskKind::Automation, "inside-automation"), manual("b")];
    let flow = begun(&bench, drawn(&bench, steps, &["trigger>u", "u>b"])).await;
    let run = bench.until(child, ExecutionStatus::Waiting).await;
    // Of itself the timer looks once in ten seconds.
    let begun = tokio::time::Instant::now();
    bench.engine.cancel(bench.workspace, child, run.id, "for a test").await.expect("a cancel");
    let flow = until(&bench, flow.execution.id, |flow| current(flow) == ["b"]).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "the timer was not told");
    assert_eq!(of(&flow, "u").data.result.as_ref().expect("a result")["status"], "cancelled");
}

#[tokio::test]
async fn a_flow_that_is_deleted_is_found_no_more_and_its_child_is_cancelled() {
    let bench = Bench::new().await;
    bench.answer("outside-waits", |_| asks(json!({})));
    let child = bench.define(&["outside-waits"], Reentry::Always).await;
    starts(&bench, child);
    let bench = bench.run().await;
    let steps = vec![task("u", TaskKind::Automation, "inside-automation")];
    let flow = begun(&bench, drawn(&bench, steps, &["trigger>u"])).await;
    let id = flow.execution.id;
    bench.until(child, ExecutionStatus::Waiting).await;
    bench.engine.delete_flow(bench.workspace, id, true).await.expect("a delete");
    let after = does(&bench, id, "ada", Deed::Execute(of(&flow, "u").id)).await;
    assert!(matches!(after, Err(EngineError::UnknownExecution(_))), "{after:?}");
    bench.until(child, ExecutionStatus::Cancelled).await;
}

#[tokio::test]
async fn the_child_of_a_flow_that_is_closed_is_cancelled() {
    let bench = Bench::new().await;
    bench.answer("outside-waits", |_| asks(json!({})));
    let child = bench.define(&["outside-waits"], Reentry::Always).await;
    starts(&bench, child);
    let bench = bench.run().await;
    let steps = vec![task("u", TaskKind::Automation, "inside-automation")];
    let flow = begun(&bench, drawn(&bench, steps, &["trigger>u"])).await;
    bench.until(child, ExecutionStatus::Waiting).await;
    let patch = FlowPatch { status: Some(FlowStatus::Closed), ..FlowPatch::default() };
    does(&bench, flow.execution.id, "ada", Deed::PatchFlow(Box::new(patch))).await.expect("allowed");
    bench.until(child, ExecutionStatus::Cancelled).await;
}

#[tokio::test]
async fn a_flow_goes_on_when_what_it_was_started_of_is_deleted_and_no_other_is_started() {
    let bench = Bench::new().await;
    people(&bench);
    let bench = bench.run().await;
    let graph = drawn(&bench, vec![manual("a"), manual("b")], &["trigger>a", "a>b"]);
    let flow = begun(&bench, graph).await;
    let (workspace, definition, now) = (bench.workspace, flow.execution.definition_id, bench.engine.now());
    let deleted = bench.engine.store().write(move |conn| {
        Box::pin(async move { stepwell_store::definition::set_deleted(conn, workspace, definition, now).await })
    });
    assert!(deleted.await.expect("a delete"));
    let flow = does(&bench, flow.execution.id, "ada", complete(&flow, "a")).await.expect("allowed");
    assert_eq!(current(&flow), ["b"]);
    let start = Start { people: Some(nobody()), ..Start::default() };
    let again = bench.engine.start_flow(workspace, NewFlow { definition, start }).await;
    assert!(matches!(again, Err(EngineError::UnknownDefinition(_))), "{again:?}");
}

#[tokio::test]
async fn what_is_not_allowed_changes_nothing() {
    let bench = Bench::new().await;
    people(&bench);
    let bench = bench.run().await;
    let flow = begun(&bench, drawn(&bench, vec![manual("a"), manual("b")], &["trigger>a", "a>b"])).await;
    let id = flow.execution.id;
    let patch = Box::new(TaskPatch { status: Some(TaskStatus::Scheduled), ..TaskPatch::default() });
    let refused = does(&bench, id, "ada", Deed::PatchTask(of(&flow, "a").id, patch)).await;
    assert!(matches!(refused, Err(EngineError::Act(_))), "{refused:?}");
    let after = does(&bench, id, "ada", Deed::Several(vec![])).await.expect("a look");
    assert_eq!((after.changed, after.execution.row_version), (false, flow.execution.row_version));
    assert_eq!(after.people.tasks, flow.people.tasks);
}

#[tokio::test]
async fn the_end_of_a_child_that_a_task_waits_for_no_more_is_not_taken_for_that_of_its_next_one() {
    let bench = Bench::new().await;
    bench.answer("outside-waits", |_| asks(json!({})));
    let child = bench.define(&["outside-waits"], Reentry::Always).await;
    let runs = std::sync::atomic::AtomicU64::new(1);
    bench.answer("inside-automation", move |request: &StepRequest| match &request.call {
        Call::Resume { wake: Wake::Event(event), .. } => StepReport::of(completed(event.data.clone())),
        _ => {
            let run = runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let id = ExecutionId(Uuid::from_u128(run.into()));
            let target = ChildTarget::Definition(child);
            let execution = json!({ "id": id, "status": "in_progress", "child": true });
            let report = asks(json!({ "status": "in_progress", "execution": execution }));
            StepReport { effects: vec![Effect::StartChild { id, target, input: json!({}) }], ..report }
        }
    });
    people(&bench);
    let bench = bench.run().await;
    let steps = vec![task("u", TaskKind::Automation, "inside-automation"), manual("b")];
    let id = begun(&bench, drawn(&bench, steps, &["trigger>u", "u>b"])).await.execution.id;
    bench.until(child, ExecutionStatus::Waiting).await;
    let flow = until(&bench, id, |_| true).await;
    let anew = TaskPatch { status: Some(TaskStatus::Pending), ..TaskPatch::default() };
    does(&bench, id, "ada", Deed::PatchTask(of(&flow, "u").id, Box::new(anew))).await.expect("allowed");
    bench.until_count(child, ExecutionStatus::Cancelled, 1).await;
    let flow = until(&bench, id, |_| true).await;
    let visits = bench.visits(&flow.execution).await;
    let visit = visits.iter().find(|visit| visit.status == StepStatus::Waiting).expect("it still waits");
    let mut conn = bench.engine.store().reader().await.expect("a connection");
    let wait = wait::get(&mut conn, bench.workspace, visit.id).await.expect("a read").expect("a wait");
    drop(conn);
    assert_eq!((current(&flow), wait.ended_by), (vec!["u"], None));
    let second = bench.executions(child).await.into_iter().find(|it| !it.status.is_terminal()).expect("a second");
    bench.engine.cancel(bench.workspace, child, second.id, "for a test").await.expect("a cancel");
    let flow = until(&bench, id, |flow| current(flow) == ["b"]).await;
    let ended = of(&flow, "u").data.result.clone().expect("a result");
    assert_eq!(ended["executionId"], second.id.to_string());
}
