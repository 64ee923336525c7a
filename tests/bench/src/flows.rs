//! Flows that people work on: what they cost on disk, how many can be started a second, and how long somebody who completes a task
//! waits for the answer while ten thousand of them run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell_tests::{Client, Server};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::http::Caller;
use crate::parked;
use crate::quantiles::{Times, count, ms};
use crate::report::{Figure, Report, number};
use crate::server;

/// Tasks of a flow, and its phases.
const TASKS: u64 = 50;
const PHASES: u64 = 5;

/// What the flows are about, in turn.
const ENTITIES: u64 = 100;
const SCHEMA: &str = "order";

/// Connections that start flows, and that work on them side by side.
const STARTERS: u64 = 32;
const WORKERS: u64 = 16;

/// Tasks that are completed one after the other, and then again side by side.
const PATCHES: u64 = 2_000;

/// From one flow that is worked on to the next: as a prime, it comes to each of them before it comes to one again.
const STRIDE: u64 = 7_919;

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let flows = if quick { 1_000 } else { 10_000 };
    let (mut server, process) = server::start().await?;
    let template = Arc::new(prepare(&server.client()).await?);
    let database = server.data().join("stepwell.db");
    let before = parked::size(&database)?;
    let began = Instant::now();
    let running = Arc::new(start(&server, &template, flows).await?);
    let rate = count(flows) / began.elapsed().as_secs_f64();
    let name = |what: &str| format!("{} running flows of {TASKS} tasks: {what}", number(count(flows)));
    let figure = |what: &str, value, unit| Figure::new('i', name(what), value, unit);
    report.add(figure("starts", rate, "flows/s").note(format!("over {STARTERS} connections")));
    report.add(disk(figure, &database, before, flows)?);
    let one = work(&server, &running, 0, 1).await?;
    report.add(figure("a task patch, p99", ms(one.quantile(0.99)), "ms").at_most(10.0).note(told(&one, 1)));
    let many = work(&server, &running, PATCHES, WORKERS).await?;
    report.add(figure("a task patch among others, p99", ms(many.quantile(0.99)), "ms").note(told(&many, WORKERS)));
    report.add(figure("resident memory", process.memory()?.resident, "MiB"));
    check(&server.client(), &running).await?;
    server.terminate().await;
    Ok(())
}

fn disk(
    figure: impl Fn(&str, f64, &'static str) -> Figure,
    database: &Path,
    before: u64,
    flows: u64,
) -> Result<Figure> {
    let grown = count(parked::size(database)?.saturating_sub(before));
    let note = format!("{} MB in all", number(grown / 1e6));
    Ok(figure("in the database", grown / count(flows), "bytes/flow").note(note))
}

fn told(times: &Times, connections: u64) -> String {
    let all = number(count(times.len() as u64));
    let connections = if connections == 1 { "one connection".to_owned() } else { format!("{connections} connections") };
    format!("{:.2} ms at the median; {all} patches over {connections}", ms(times.median()))
}

/// The template that all flows are of, and what they are about.
struct Template {
    id: String,
    entities: Vec<String>,
}

impl Template {
    /// What starts the flow of this number.
    fn start(&self, n: u64) -> Result<Bytes> {
        let about = self.entities.get(usize::try_from(n % ENTITIES)?).context("an entity")?;
        let context = json!({ "entity_id": about, "entity_schema": SCHEMA, "is_primary": true });
        let body = json!({ "flow_template_id": self.id, "contexts": [context], "trigger": { "type": "MANUAL" } });
        Ok(body.to_string().into())
    }
}

async fn prepare(client: &Client) -> Result<Template> {
    let made = async |path: &str, body: Value| client.post(path, body).await.expect(201);
    let mut entities = Vec::new();
    for n in 0..ENTITIES {
        let entity = made(&format!("/v1/entity/{SCHEMA}"), json!({ "number": n, "name": format!("Order {n}") })).await;
        entities.push(entity["_id"].as_str().context("an entity's id")?.to_owned());
    }
    let id = made("/v2/flows/templates", drawn()).await["id"].as_str().context("a template's id")?.to_owned();
    Ok(Template { id, entities })
}

/// One task behind the other, ten of them in each phase.
fn drawn() -> Value {
    let phases: Vec<_> =
        (0..PHASES).map(|n| json!({ "id": format!("phase-{n}"), "name": format!("Phase {n}") })).collect();
    let task = |n: u64| {
        json!({
            "id": format!("task-{n}"), "name": format!("Task {n}"), "task_type": "MANUAL",
            "phase_id": format!("phase-{}", n * PHASES / TASKS),
            "description": { "enabled": true, "value": "<p>What is to be done, in a few words</p>" },
            "assigned_to": [format!("person-{}", n % 7)],
        })
    };
    let edge = |n: u64| {
        let (from, to) = (format!("task-{n}"), format!("task-{}", n + 1));
        json!({ "id": format!("edge-{n}"), "from_id": from, "to_id": to })
    };
    let (tasks, edges): (Vec<_>, Vec<_>) = ((0..TASKS).map(task).collect(), (1..TASKS).map(|n| edge(n - 1)).collect());
    json!({ "name": "Fifty tasks", "version": "v3", "phases": phases, "tasks": tasks, "edges": edges })
}

/// A flow that runs: of its tasks, the first ones.
struct Running {
    id: String,
    tasks: Vec<String>,
}

/// What is read of the answer to a start.
#[derive(Deserialize)]
struct Started {
    id: String,
    tasks: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Starts so many flows, and gives them in no order.
async fn start(server: &Server, template: &Arc<Template>, flows: u64) -> Result<Vec<Running>> {
    let next = Arc::new(AtomicU64::new(0));
    let worked_on = usize::try_from((2 * PATCHES).div_ceil(flows))?;
    let mut starters = JoinSet::new();
    for _ in 0..STARTERS {
        let mut caller = Caller::connect(server.address(), server.key()).await?;
        let (template, next) = (Arc::clone(template), Arc::clone(&next));
        starters.spawn(async move {
            let mut running = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= flows {
                    return anyhow::Ok(running);
                }
                let (status, body) = caller.post("/v2/flows/executions", template.start(n)?).await?;
                ensure!(status == StatusCode::CREATED, "{status}: {}", String::from_utf8_lossy(&body));
                let Started { id, tasks } = serde_json::from_slice(&body).context("reading a flow")?;
                ensure!(tasks.len() as u64 == TASKS, "a flow of {} tasks", tasks.len());
                running.push(Running { id, tasks: tasks.into_iter().map(|task| task.id).take(worked_on).collect() });
            }
        });
    }
    let mut running = Vec::new();
    while let Some(ended) = starters.join_next().await {
        running.extend(ended.context("a starter")??);
    }
    Ok(running)
}

/// Completes the current tasks of flows, from the patch of this number on: how long each took.
async fn work(server: &Server, running: &Arc<Vec<Running>>, from: u64, workers: u64) -> Result<Times> {
    let next = Arc::new(AtomicU64::new(from));
    let mut working = JoinSet::new();
    for _ in 0..workers {
        let mut caller = Caller::connect(server.address(), server.key()).await?;
        let (running, next) = (Arc::clone(running), Arc::clone(&next));
        working.spawn(async move {
            let mut times = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= from + PATCHES {
                    return anyhow::Ok(times);
                }
                times.push(complete(&mut caller, &running, n).await?);
            }
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = working.join_next().await {
        times.extend(ended.context("a worker")??);
    }
    Ok(Times::new(times))
}

/// How long the patch of this number takes: the first time round it completes first tasks, the second time second ones.
async fn complete(caller: &mut Caller, running: &[Running], n: u64) -> Result<Duration> {
    let flows = running.len() as u64;
    let flow = &running[usize::try_from(n * STRIDE % flows)?];
    let task = flow.tasks.get(usize::try_from(n / flows)?).context("a task")?;
    let path = format!("/v2/flows/executions/{}/tasks/{task}", flow.id);
    let began = Instant::now();
    let (status, body) = caller.patch(&path, Bytes::from_static(br#"{"status":"COMPLETED"}"#)).await?;
    let took = began.elapsed();
    ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
    let patched: Value = serde_json::from_slice(&body).context("reading a task")?;
    ensure!(patched["status"] == "COMPLETED", "the task is not done: {patched}");
    Ok(took)
}

/// Looks at some of the flows: each stands on the task behind the last that was completed.
async fn check(client: &Client, running: &[Running]) -> Result<()> {
    let mut done = 0;
    for flow in running.iter().step_by((running.len() / 100).max(1)) {
        let shown = client.get(&format!("/v2/flows/executions/{}", flow.id)).await.expect(200);
        let tasks = shown["tasks"].as_array().context("tasks")?;
        let completed = tasks.iter().filter(|task| task["status"] == "COMPLETED").count();
        let current = shown["crt_tasks"].as_array().context("current tasks")?;
        ensure!(current.len() == 1 && current[0]["id"] == tasks[completed]["id"], "where a flow stands: {current:?}");
        done += completed;
    }
    ensure!(done > 0, "nothing was done");
    Ok(())
}
