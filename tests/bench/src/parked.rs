//! Executions that wait: what they cost in memory and on disk, how long the server takes to start among them, and how fast it
//! takes up many that are due at once.
//!
//! They are written through the store, by the rules of core, as the server writes them: over HTTP a million would take long.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use stepwell_core::{
    Clock as _, ContactChange, Definition, Event, Given, Graph, IdSource, Input, MergeRule, Outcome, RetryPolicy,
    Start, State, StepExecution, StepStatus, Timestamp, WaitRequest, WorkspaceId, advance, start,
};
use stepwell_engine::{RandomIds, SystemClock};
use stepwell_store::{Conn, Store, StoreError, contact, definition, event, execution, workspace};
use stepwell_tests::{Server, Workflow};
use tokio::time::{Instant, sleep};

use crate::quantiles::count;
use crate::report::{Figure, Report, number};
use crate::server::{self, Counters, END};

/// Timers that fall due at the same time.
const DUE: u64 = 10_000;

/// When they do, counted from when they begin to be written: by then the server has started again.
const AHEAD_MS: i64 = 15_000;

/// How long they may take.
const LATE: Duration = Duration::from_secs(120);

const A_YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;

/// Executions of one transaction.
const BATCH: u64 = 500;

/// The name of the workflow's event.
const EVENT: &str = "parked";

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let all = if quick { 20_000 } else { 1_000_000 };
    let (mut server, _) = server::start().await?;
    let client = server.client();
    let workflow = Workflow::create(&client, EVENT, json!({})).await;
    let year = json!({ "amount": 365, "unit": "days" });
    workflow.chain(&[("DELAY", "wait", year), ("EXIT", END, json!({}))]).await;
    client.track(EVENT, "model@bench.example.org", json!({ "plan": "free", "n": 0 })).await;
    let model = workflow.newest_in(&["WAITING"]).await;
    let database = server.data().join("stepwell.db");
    server.terminate().await;

    let (due_at, seconds) = park(&database, &model, all).await?;
    let size = count(size(&database)?);
    let name = |what: &str| format!("{} waiting: {what}", number(count(all)));
    let figure = |what: &str, value, unit| Figure::new('d', name(what), value, unit);
    report.add(figure("size of the database", size / 1e6, "MB").note(format!(
        "{:.0} bytes an execution; written at {}/s",
        size / count(all),
        number(count(all) / seconds)
    )));
    let began = Instant::now();
    server.restart().await;
    report.add(figure("start-up", began.elapsed().as_secs_f64(), "s").at_most(2.0));
    let memory = server::process(&server)?.memory()?;
    let note = format!("{} MiB of it of no file", number(memory.anonymous));
    report.add(figure("resident memory after start-up", memory.resident, "MiB").at_most(150.0).note(note));
    let took = drained(&server, &workflow, due_at).await?;
    report.add(
        figure("10,000 timers due at once", took.as_secs_f64(), "s")
            .at_most(10.0)
            .note(format!("{}/s to the end of their executions", number(count(DUE) / took.as_secs_f64()))),
    );
    let memory = server::process(&server)?.memory()?;
    report.add(figure("resident memory after these", memory.resident, "MiB").at_most(150.0));
    server.terminate().await;
    Ok(())
}

/// How long it takes from the time at which they are due until all have ended.
async fn drained(server: &Server, workflow: &Workflow, due_at: Timestamp) -> Result<Duration> {
    let mut counters = Counters::of(server, workflow).await?;
    let until_due =
        u64::try_from(due_at.0 - SystemClock.now().0).context("the timers were due before the server ran")?;
    let due = Instant::now() + Duration::from_millis(until_due);
    tokio::time::sleep_until(due).await;
    while counters.ended().await? < DUE {
        if due.elapsed() > LATE {
            bail!("{LATE:?} after {DUE} timers were due only {} executions have ended", counters.ended().await?);
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(due.elapsed())
}

/// The size of the database with what is not yet taken over from its log.
pub(crate) fn size(database: &Path) -> Result<u64> {
    let log = PathBuf::from(format!("{}-wal", database.display()));
    Ok(database.metadata()?.len() + log.metadata().map_or(0, |log| log.len()))
}

/// What each parked execution is made from.
struct Model {
    workspace: WorkspaceId,
    definition: Definition,
    graph: Arc<Graph>,
    /// The visit of an execution that the server has parked itself.
    visit: StepExecution,
    ids: RandomIds,
}

/// Writes `all` executions that wait, and gives when the last of them are due and how long it took.
async fn park(database: &Path, like: &Value, all: u64) -> Result<(Timestamp, f64)> {
    let store = Store::open(&format!("sqlite:{}", database.display())).await?;
    let model = Arc::new(model(&store, like).await?);
    let began = Instant::now();
    let far = SystemClock.now().plus_millis(A_YEAR_MS);
    let early = all.saturating_sub(DUE);
    write(&store, &model, 1..early + 1, far).await?;
    let due_at = SystemClock.now().plus_millis(AHEAD_MS);
    write(&store, &model, early + 1..early + DUE + 1, due_at).await?;
    let seconds = began.elapsed().as_secs_f64();
    store.close().await;
    Ok((due_at, seconds))
}

async fn model(store: &Store, like: &Value) -> Result<Model> {
    let id = like["id"].as_str().context("an execution")?.parse()?;
    let mut conn = store.reader().await?;
    let workspace = workspace::list(&mut conn).await?.first().context("a workspace")?.id;
    let parked = execution::get(&mut conn, workspace, id).await?.context("the parked execution")?;
    let visits = execution::visits(&mut conn, workspace, id).await?;
    let visit = visits.into_iter().find(|visit| visit.status == StepStatus::Waiting).context("a visit that waits")?;
    let definition = definition::get(&mut conn, workspace, parked.definition_id).await?.context("its definition")?;
    let graph = definition::graph(&mut conn, workspace, definition.id, parked.definition_version).await?;
    Ok(Model { workspace, definition, graph: graph.context("its graph")?, visit, ids: RandomIds::default() })
}

async fn write(store: &Store, model: &Arc<Model>, numbers: std::ops::Range<u64>, due_at: Timestamp) -> Result<()> {
    let mut from = numbers.start;
    while from < numbers.end {
        let (part, model) = (from..(from + BATCH).min(numbers.end), model.clone());
        from = part.end;
        let work = store.write(move |conn| {
            Box::pin(async move {
                for n in part {
                    park_one(conn, &model, n, due_at).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        work.await?;
    }
    Ok(())
}

/// An event, its contact, the execution it starts, and the wait of its first step.
async fn park_one(conn: &mut Conn, model: &Model, n: u64, due_at: Timestamp) -> Result<(), StoreError> {
    let Model { workspace, definition, graph, visit, ids } = model;
    let given = Given::new(SystemClock.now(), ids as &dyn IdSource);
    let data: Map<_, _> = [("plan".to_owned(), json!("free")), ("n".to_owned(), json!(n))].into_iter().collect();
    let change = ContactChange { data: data.clone(), merge: MergeRule::Intake, subscribed: None };
    let email = format!("u{n}@bench.example.org");
    let person = contact::upsert(conn, *workspace, &email, &change, true, given.id(), given.now).await?.contact;
    let happened = Event {
        id: given.id(),
        workspace_id: *workspace,
        name: EVENT.to_owned(),
        contact_id: Some(person.id),
        message_id: None,
        data: Value::Object(data),
        created_at: given.now,
    };
    event::insert(conn, &happened).await?;
    let with = Start {
        contact_id: Some(person.id),
        event_name: Some(EVENT.to_owned()),
        event: happened.data,
        ..Start::default()
    };
    let Ok(started) = start(definition, graph, with, &given) else { return Ok(()) };
    execution::insert(conn, &started).await?;
    let waiting = WaitRequest {
        until: Some(due_at),
        state: visit.state.clone().unwrap_or_default(),
        output: visit.output.clone().unwrap_or_default(),
        ..WaitRequest::default()
    };
    let Some(running) = started.ready().next() else { return Ok(()) };
    let settled = Input::Settled {
        visit: running.id,
        run: running.run(),
        outcome: Outcome::Waiting(waiting),
        plugin: visit.plugin,
        retry: RetryPolicy::NONE,
        spread: 0.0,
    };
    let state = State { graph, execution: &started.execution, visits: &started.visits, people: None };
    match advance(state, settled, &given) {
        Ok(parked) => execution::apply(conn, &parked).await,
        Err(_) => Ok(()),
    }
}
