//! Executions that go along several paths: forks, joins and loops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, json};
use stepwell_core::{
    Call, ContactChange, DefinitionId, Effect, ExecutionStatus, Failure, Follow, Graph, Guard, Join, JournalKind,
    Looping, MergeRule, Outcome, Reentry, Step, StepReport, StepRequest, StepStatus, testing,
};
use stepwell_engine::{DryRun, Intake};
use stepwell_store::{contact, definition, wait};

use crate::bench::{Bench, completed, waiting, with_effects};

/// A graph of edges `from>to`. Steps whose names begin with `fork` follow all their edges, those with `join` wait for all paths.
fn drawn(edges: &[&str]) -> Graph {
    let ends: Vec<_> = edges.iter().map(|edge| edge.split_once('>').expect("an edge")).collect();
    let mut steps: Vec<Step> = vec![];
    for name in ends.iter().flat_map(|(from, to)| [*from, *to]) {
        if steps.iter().all(|step| step.name != name) {
            let follow = if name.starts_with("fork") { Follow::All } else { Follow::First };
            let join = if name.starts_with("join") { Join::All } else { Join::Any };
            steps.push(Step { follow, join, ..testing::step(name) });
        }
    }
    let edges = ends.iter().zip(0..).map(|((from, to), at)| testing::edge(&steps, from, to, Guard::Always, at));
    let edges = edges.collect();
    testing::graph(steps, edges)
}

/// Two steps behind a fork, `a` and `b`, and a join behind both.
pub(crate) const DIAMOND: [&str; 5] = ["trigger>fork", "fork>a", "fork>b", "a>join", "b>join"];

pub(crate) async fn define(bench: &Bench, edges: &[&str]) -> DefinitionId {
    bench.define_graph(drawn(edges), Reentry::Always, json!({ "eventName": "signed_up" })).await
}

/// A step that waits for an event of the name and is done once it has come.
fn waits_for(bench: &Bench, step_type: &str, name: &'static str) {
    bench.answer(step_type, move |request| match &request.call {
        Call::Run => waiting(Some(name), None),
        Call::Resume { .. } => StepReport::of(completed(json!({ "by": name }))),
    });
}

async fn sign_up(bench: &Bench) {
    bench.track("signed_up", "ada@example.org", json!({})).await;
}

fn event(name: &str) -> Intake {
    Intake { name: name.to_owned(), key: None, ..crate::events::intake("") }
}

async fn waits(bench: &Bench, id: DefinitionId) -> usize {
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let mut found = 0;
    for visit in bench.visits(&bench.executions(id).await[0]).await {
        found += usize::from(wait::get(&mut conn, bench.workspace, visit.id).await.expect("a read").is_some());
    }
    found
}

/// Waits until so many visits of the definition's newest execution have this status.
async fn until_visits(bench: &Bench, id: DefinitionId, status: StepStatus, wanted: usize) {
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let newest = bench.executions(id).await.into_iter().next();
        let visits = match &newest {
            Some(newest) => bench.visits(newest).await,
            None => vec![],
        };
        if visits.iter().filter(|visit| visit.status == status).count() == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "waited for {wanted} {status:?}: {visits:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn times(bench: &Bench, step_type: &str) -> usize {
    bench.ran().iter().filter(|ran| *ran == step_type).count()
}

/// Adds to the contact's number.
fn count(request: &StepRequest, field: &str) -> Effect {
    let contact = request.context.contact.as_ref().expect("a contact");
    let before = contact.data.get(field).and_then(|value| value.as_i64()).unwrap_or(0);
    let data = Map::from_iter([(field.to_owned(), json!(before + 1))]);
    let change = ContactChange { data, merge: MergeRule::Literal, subscribed: None };
    Effect::UpdateContact { contact_id: contact.id, change }
}

#[tokio::test]
async fn two_paths_wait_at_once_and_each_goes_on_with_its_own_event() {
    let bench = Bench::new().await;
    waits_for(&bench, "a", "paid");
    waits_for(&bench, "b", "shipped");
    let bench = bench.run().await;
    let id = define(&bench, &DIAMOND).await;
    sign_up(&bench).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    assert_eq!(waits(&bench, id).await, 2);
    bench.track("shipped", "ada@example.org", json!({})).await;
    until_visits(&bench, id, StepStatus::Pending, 1).await;
    let run = bench.until(id, ExecutionStatus::Waiting).await;
    assert_eq!((waits(&bench, id).await, times(&bench, "join")), (1, 0));
    let kinds: Vec<_> = bench.journal(&run).await.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.last(), Some(&JournalKind::StepHeld));
    bench.track("paid", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(times(&bench, "join"), 1);
    let outputs = bench.requests().pop().expect("a request").context.outputs;
    assert_eq!((&outputs["a"]["by"], &outputs["b"]["by"]), (&json!("paid"), &json!("shipped")));
    let numbers: Vec<_> = bench.journal(&done).await.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=done.journal_length).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_step_that_any_path_enters_runs_once() {
    let bench = Bench::new().await.run().await;
    let id = define(&bench, &["trigger>fork", "fork>a", "fork>b", "fork>c", "a>last", "b>last", "c>last"]).await;
    sign_up(&bench).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    let mut ran = bench.ran();
    ran.sort();
    assert_eq!(ran, ["a", "b", "c", "fork", "last"]);
    assert_eq!(bench.visits(&done).await.len(), 6);
}

#[tokio::test]
async fn a_path_that_fails_ends_the_execution_and_the_waits_of_the_others() {
    let bench = Bench::new().await;
    waits_for(&bench, "a", "paid");
    waits_for(&bench, "b", "shipped");
    bench.answer("bad", |_| StepReport::of(Outcome::Failed(Failure::fatal("bad", "bad"))));
    let bench = bench.run().await;
    let id = define(&bench, &["trigger>fork", "fork>a", "fork>b", "b>bad", "a>after"]).await;
    sign_up(&bench).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("shipped", "ada@example.org", json!({})).await;
    let failed = bench.until(id, ExecutionStatus::Failed).await;
    assert_eq!(waits(&bench, id).await, 0);
    bench.track("paid", "ada@example.org", json!({})).await;
    assert_eq!((bench.executions(id).await[0].clone(), times(&bench, "after")), (failed, 0));
}

#[tokio::test]
async fn a_retry_takes_up_the_paths_that_a_failure_cut_off() {
    let bench = Bench::new().await;
    let broken = AtomicBool::new(true);
    waits_for(&bench, "a", "paid");
    bench.answer("b", move |request| match (&request.call, broken.load(Ordering::SeqCst)) {
        (Call::Run, true) => waiting(Some("shipped"), None),
        (Call::Resume { .. }, true) => {
            broken.store(false, Ordering::SeqCst);
            StepReport::of(Outcome::Failed(Failure::fatal("bad", "bad")))
        }
        (_, false) => StepReport::of(completed(json!({}))),
    });
    let bench = bench.run().await;
    let id = define(&bench, &DIAMOND).await;
    sign_up(&bench).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("shipped", "ada@example.org", json!({})).await;
    let failed = bench.until(id, ExecutionStatus::Failed).await;
    bench.engine.retry(bench.workspace, id, failed.id).await.expect("a retry");
    until_visits(&bench, id, StepStatus::Pending, 1).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("paid", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(times(&bench, "join"), 1);
}

/// While a step runs, another path of its execution goes on: the step's outcome counts all the same, and it does not run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_outcome_is_decided_anew_when_another_path_was_stored_first() {
    let bench = Bench::new().await;
    waits_for(&bench, "a", "paid");
    let (engine, workspace, url) = (bench.engine.clone(), bench.workspace, bench.url());
    let handle = tokio::runtime::Handle::current();
    bench.answer("b", move |request| {
        let waits = |url: &str| {
            let visits = crate::bench::visits_of(url, request.context.execution_id);
            visits.iter().any(|visit| visit.status == StepStatus::Waiting)
        };
        if !waits(&url) {
            // The other path is to come first.
            return StepReport::of(Outcome::Checkpoint { state: json!(1) });
        }
        let intake = event("paid");
        let (engine, handle) = (engine.clone(), handle.clone());
        let track = async move { engine.track(workspace, intake).await };
        tokio::task::block_in_place(|| handle.block_on(track)).expect("a tracked event");
        with_effects(completed(json!({ "settled": true })), vec![count(request, "b")])
    });
    let bench = bench.run().await;
    let id = define(&bench, &DIAMOND).await;
    sign_up(&bench).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    let settled = bench.requests().iter().filter(|request| request.step_type == "b").count();
    let visits = bench.visits(&done).await;
    let b = visits.iter().find(|visit| visit.output == Some(json!({ "settled": true }))).expect("a visit to b");
    assert_eq!((u32::try_from(settled).expect("few"), b.attempt), (b.run(), 1));
    let contact = bench.requests()[0].context.contact.as_ref().expect("a contact").id;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let contact = contact::get(&mut conn, bench.workspace, contact).await.expect("a read").expect("a contact");
    assert_eq!((contact.data["b"].clone(), times(&bench, "join")), (json!(1), 1));
}

/// A chain is stored as a whole only if nothing else moved; else its first step counts, and those behind it run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_chain_that_another_path_overtook_keeps_its_first_step() {
    let bench = Bench::new().await;
    waits_for(&bench, "outside-wait", "paid");
    waits_for(&bench, "b", "shipped");
    let (engine, workspace) = (bench.engine.clone(), bench.workspace);
    let (handle, first) = (tokio::runtime::Handle::current(), Arc::new(AtomicBool::new(true)));
    bench.answer("inside-second", move |_| {
        if first.swap(false, Ordering::SeqCst) {
            let (engine, handle, intake) = (engine.clone(), handle.clone(), event("paid"));
            let track = async move { engine.track(workspace, intake).await };
            tokio::task::block_in_place(|| handle.block_on(track)).expect("a tracked event");
        }
        StepReport::of(completed(json!({})))
    });
    let bench = bench.run().await;
    let edges = ["trigger>fork", "fork>outside-wait", "fork>b", "b>inside-first", "inside-first>inside-second"];
    let id = define(&bench, &edges).await;
    sign_up(&bench).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("shipped", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    // `b` and both steps behind it were one chain, of which `b` was kept: it ran until its wait and once after it.
    assert_eq!((times(&bench, "b"), times(&bench, "inside-second") > 1), (2, true));
    let scheduled = bench.journal(&done).await.iter().filter(|entry| entry.kind == JournalKind::StepScheduled).count();
    assert_eq!((scheduled, bench.visits(&done).await.len()), (5, 6));
}

#[tokio::test]
async fn every_path_goes_on_after_a_crash() {
    let bench = Bench::new().await;
    waits_for(&bench, "a", "paid");
    bench.answer("c", |_| StepReport::of(Outcome::Failed(Failure::passing("busy", "busy"))));
    let bench = bench.run().await;
    let edges = ["trigger>fork", "fork>a", "fork>b", "fork>c", "a>join", "b>join", "c>join"];
    let id = define(&bench, &edges).await;
    sign_up(&bench).await;
    // One path waits, one is held at the join, one will be tried again.
    until_visits(&bench, id, StepStatus::Waiting, 1).await;
    until_visits(&bench, id, StepStatus::Pending, 2).await;
    let bench = bench.crash().await;
    waits_for(&bench, "a", "paid");
    let bench = bench.run().await;
    bench.track("paid", "ada@example.org", json!({})).await;
    bench.advance_clock(Duration::from_secs(2));
    bench.engine.wake_timer();
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!((times(&bench, "join"), times(&bench, "b")), (1, 0));
    assert_eq!(bench.visits(&done).await.len(), 6);
}

#[tokio::test]
async fn both_steps_of_a_fork_that_was_stored_run_after_a_crash() {
    let bench = Bench::new().await;
    let mut graph = drawn(&["trigger>a", "trigger>b", "a>join", "b>join"]);
    graph.steps[0].follow = Follow::All;
    let id = bench.define_graph(graph, Reentry::Always, json!({ "eventName": "signed_up" })).await;
    sign_up(&bench).await;
    until_visits(&bench, id, StepStatus::Running, 2).await;
    let bench = bench.crash().await.run().await;
    bench.until(id, ExecutionStatus::Completed).await;
    let mut ran = bench.ran();
    ran.sort();
    assert_eq!(ran, ["a", "b", "join"]);
}

#[tokio::test]
async fn a_loop_goes_round_as_often_as_it_may_and_survives_a_crash_on_its_way() {
    let bench = Bench::new().await;
    waits_for(&bench, "pause", "again");
    let mut graph = drawn(&["trigger>inside-work", "inside-work>pause", "pause>inside-work", "pause>after"]);
    graph.transitions[2].looping = Some(Looping::Back { max: 3 });
    let id = bench.define_graph(graph, Reentry::Always, json!({ "eventName": "signed_up" })).await;
    let mut bench = bench.run().await;
    sign_up(&bench).await;
    for pass in 1..=4 {
        bench.until(id, ExecutionStatus::Waiting).await;
        until_visits(&bench, id, StepStatus::Completed, pass * 2).await;
        if pass == 2 {
            bench = bench.crash().await;
            waits_for(&bench, "pause", "again");
            bench = bench.run().await;
        }
        bench.track("again", "ada@example.org", json!({})).await;
    }
    let done = bench.until(id, ExecutionStatus::Completed).await;
    // The trigger, four passes of two steps, and the step behind the loop.
    assert_eq!((bench.visits(&done).await.len(), times(&bench, "after")), (10, 1));
}

#[tokio::test]
async fn a_dry_run_goes_along_all_paths_as_time_would() {
    let bench = Bench::new().await;
    for (step_type, hours) in [("a", 3), ("b", 1)] {
        bench.answer(step_type, move |request| match &request.call {
            Call::Run => waiting(None, Some(request.context.now.plus_millis(hours * 3_600_000))),
            Call::Resume { .. } => StepReport::of(completed(json!({}))),
        });
    }
    let id = define(&bench, &["trigger>fork", "fork>a", "fork>b", "b>c", "a>join", "c>join"]).await;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let head = definition::get(&mut conn, bench.workspace, id).await.expect("a read").expect("a definition");
    let graph = definition::graph(&mut conn, bench.workspace, id, 1).await.expect("a read").expect("a graph");
    drop(conn);
    let dry = DryRun { definition: head, graph: graph.clone(), contact: None, event: json!({}), arrivals: vec![] };
    let result = bench.engine.dry_run(dry).await.expect("a dry run");
    assert_eq!(result.execution.status, ExecutionStatus::Completed);
    let name = |id| graph.step(id).map(|step| step.name.as_str()).unwrap_or_default();
    let hour = |at: stepwell_core::Timestamp| (at.0 - bench.engine.now().0) / 3_600_000;
    let visited: Vec<_> = result.visited.iter().map(|visited| (name(visited.step_id), hour(visited.at))).collect();
    let expected = [("fork", 0), ("a", 0), ("b", 0), ("b", 1), ("c", 1), ("a", 3), ("join", 3)];
    assert_eq!(visited, expected);
}
