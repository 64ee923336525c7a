//! Flows that people work on while the server is killed: each deed that was answered happened once, none happened twice, and every
//! flow can be told from its beginning.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepwell_tests::{Client, Flow, HttpPeer, ServerOptions, Workflow, eventually_within};

use super::audit::Database;
use super::hands::{Done, Hands, Work};
use super::seed::Seed;
use super::{PATIENCE, is_full};

/// Two tasks, a decision into two parallel paths that meet again, an automation, and a decision that may repeat it.
async fn template(client: &Client, workflow: &Workflow) -> String {
    let manual = |id: &str, phase: &str| json!({ "id": id, "name": id, "task_type": "MANUAL", "phase_id": phase });
    let condition = |id: &str, attribute: &str| {
        let source = json!({ "origin": "trigger", "origin_type": "entity", "attribute": attribute });
        let statement = json!({ "id": format!("s-{id}"), "source": source, "operator": "is_not_empty", "values": [] });
        let statements = if attribute.is_empty() { json!([]) } else { json!([statement]) };
        json!({ "id": id, "branch_name": id, "logical_operator": "AND", "statements": statements })
    };
    let tasks = json!([
        manual("a", "p-1"),
        manual("b", "p-1"),
        {
            "id": "split", "name": "Split", "task_type": "DECISION", "trigger_mode": "automatic", "phase_id": "p-2",
            "conditions": [condition("large", "size"), condition("urgent", "until")],
        },
        manual("c", "p-2"),
        manual("d", "p-2"),
        manual("e", "p-2"),
        {
            "id": "run", "name": "Run", "task_type": "AUTOMATION", "trigger_mode": "automatic", "phase_id": "p-3",
            "automation_config": { "flow_id": workflow.id },
        },
        {
            "id": "repeat", "name": "Repeat", "task_type": "DECISION", "trigger_mode": "manual", "phase_id": "p-3",
            "conditions": [condition("again", ""), condition("on", "")],
            "loop_config": { "loop_branch_id": "again", "exit_branch_id": "on", "max_iterations": 2 },
        },
        manual("f", "p-3"),
    ]);
    let edge = |from: &str, to: &str| json!({ "id": format!("{from}-{to}"), "from_id": from, "to_id": to });
    let branch = |from: &str, to: &str, condition: &str| json!({ "id": format!("{from}-{to}"), "from_id": from, "to_id": to, "condition_id": condition });
    let edges = json!([
        edge("a", "b"),
        edge("b", "split"),
        branch("split", "c", "large"),
        branch("split", "d", "urgent"),
        edge("c", "e"),
        edge("d", "e"),
        edge("e", "run"),
        edge("run", "repeat"),
        branch("repeat", "run", "again"),
        branch("repeat", "f", "on"),
    ]);
    let phase = |id: &str| json!({ "id": id, "name": id });
    Flow::template(client, tasks, edges, json!([phase("p-1"), phase("p-2"), phase("p-3")])).await
}

#[tokio::test]
async fn flows_that_people_work_on_lose_and_double_nothing_while_the_server_is_killed() {
    let rounds = if is_full() { 30 } else { 7 };
    let mut seed = Seed::from_environment();
    // On PostgreSQL a server that starts again is another node, and takes over what the one before held.
    let options = ServerOptions::default().set("STEPWELL_LEASE_SECONDS", 2);
    let (mut server, http) = (options.start().await, HttpPeer::start().await);
    let client = server.client();
    let workflow = crate::flow_restart::caller(&client, &http).await;
    let entity = Flow::entity(&client, json!({ "size": 3, "until": "tomorrow" })).await;
    let work = Work { template: template(&client, &workflow).await, entity };
    let hands = Hands::start(&server, &work, &mut seed);
    for _ in 0..rounds {
        hands.wait_for_more(25).await;
        tokio::time::sleep(seed.between(0, 500)).await;
        server.kill().await;
        if seed.one_in(4) {
            server.restart_and_kill(seed.between(5, 400)).await;
        }
        server.restart().await;
        hands.use_server(&server);
    }
    let done = hands.finish().await;
    let client = server.client();
    eventually_within(PATIENCE, "the end of all that automations run", || async {
        let running = workflow.on(&client).page("&status=RUNNING").await["total"].as_u64()?;
        let waiting = workflow.on(&client).page("&status=WAITING").await["total"].as_u64()?;
        (running + waiting == 0).then_some(())
    })
    .await;
    assert_eq!(server.terminate().await, Some(0));
    let acknowledged = done.deeds.iter().filter(|deed| deed.acknowledged).count();
    println!("{rounds} rounds, {} flows, {} deeds, {acknowledged} answered", done.flows.len(), done.deeds.len());
    let database = Database::of(&server);
    database.is_sound().await;
    check_deeds(&database, &done).await;
    check_journals(&database).await;
    check_visits(&database).await;
    check_rounds(&database).await;
    check_standing(&database, &done).await;
    check_runs(&database, &http).await;
}

/// Each deed that was answered is told once, and no other more than once.
async fn check_deeds(database: &Database, done: &Done) {
    let rows = database.ask("select data from journal where kind in ('task-changed', 'task-reverted', 'task-added')");
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.await {
        let data: Value = serde_json::from_str(&row[0]).expect("an entry's data");
        if let Some(by) = data["by"].as_str() {
            *told.entry(by.to_owned()).or_default() += 1;
        }
    }
    for deed in &done.deeds {
        let times = told.remove(&deed.by).unwrap_or_default();
        assert!(times <= 1, "{deed:?} happened {times} times");
        assert!(times == 1 || !deed.acknowledged, "{deed:?} was answered and is lost");
    }
    assert_eq!(told, BTreeMap::new(), "deeds of nobody");
}

async fn check_journals(database: &Database) {
    let gaps = "select count(*) from execution left join (select execution_id, count(*) as entries,
            min(number) as first, max(number) as last from journal group by execution_id) as journals
        on journals.execution_id = execution.id
        where entries is null or first <> 1 or last <> entries or journal_length <> entries";
    assert_eq!(database.number(gaps).await, 0, "journals with gaps");
}

/// A visit ends once, and no step is visited twice at a time: no task is done twice.
async fn check_visits(database: &Database) {
    let ends = "select count(*) from (select step_execution_id from journal
        where kind in ('step-completed', 'step-skipped') and step_execution_id is not null
        group by step_execution_id having count(*) > 1) as doubled";
    assert_eq!(database.number(ends).await, 0, "visits that ended twice");
    let twice = "select count(*) from (select execution_id, step_id from step_execution
        where status in ('pending', 'running', 'waiting') group by execution_id, step_id having count(*) > 1) as doubled";
    assert_eq!(database.number(twice).await, 0, "steps that are visited twice at a time");
}

/// Unless the flow goes back or a loop begins anew, a step is completed once.
async fn check_rounds(database: &Database) {
    let query = "select execution_id, kind, step_id from journal
        where kind in ('step-completed', 'task-reverted', 'pass-begun') order by execution_id, number";
    let mut completed: BTreeSet<(String, String)> = BTreeSet::new();
    for row in database.ask(query).await {
        let [execution, kind, step] = <[String; 3]>::try_from(row).expect("three columns");
        if kind == "step-completed" {
            assert!(completed.insert((execution.clone(), step.clone())), "{execution} has done {step} twice");
        } else {
            completed.retain(|(of, _)| *of != execution);
        }
    }
}

/// The current tasks are those on which a path stands; a flow that has ended has none.
async fn check_standing(database: &Database, done: &Done) {
    let set = |rows: Vec<Vec<String>>| rows.into_iter().collect::<BTreeSet<_>>();
    let current = "select execution_id, step_id from task where current_since is not null and surface = 'flow'";
    let active = "select s.execution_id, s.step_id from step_execution s join flow f on f.execution_id = s.execution_id
        where s.status in ('pending', 'running', 'waiting')";
    assert_eq!(set(database.ask(current).await), set(database.ask(active).await));
    let wrong = "select count(*) from task where current_since is not null and status in ('completed', 'skipped')";
    assert_eq!(database.number(wrong).await, 0, "current tasks that are done");
    let ended = database.ask("select execution_id from flow where status = 'done'").await;
    let ended: BTreeSet<_> = ended.into_iter().flatten().collect();
    let not_ended: Vec<_> = done.flows.iter().filter(|flow| !ended.contains(*flow)).collect();
    assert!(not_ended.is_empty(), "flows that were shown as done and are not: {not_ended:?}");
    let apart = "select count(*) from flow f join execution e on e.id = f.execution_id
        where (f.status = 'done') <> (e.status in ('completed', 'exited'))";
    assert_eq!(database.number(apart).await, 0, "flows and their executions");
}

/// Each visit of an automation has started one execution, and each of these has called once.
async fn check_runs(database: &Database, http: &HttpPeer) {
    let parents = database.ask("select parent from execution where parent is not null").await;
    let visit = |row: &Vec<String>| {
        serde_json::from_str::<Value>(&row[0]).expect("a parent")["stepExecutionId"]
            .as_str()
            .expect("a visit")
            .to_owned()
    };
    let visits: BTreeSet<_> = parents.iter().map(visit).collect();
    assert_eq!(visits.len(), parents.len(), "visits that have started two executions");
    assert!(!visits.is_empty(), "no automation ran");
    let completed = database.number("select count(*) from execution where parent is not null and status = 'completed'");
    let calls: BTreeSet<_> = http.received().iter().map(|call| call.header("webhook-id").to_owned()).collect();
    let (completed, all) = (completed.await, parents.len());
    assert!((completed..=all).contains(&calls.len()), "{} calls of {completed} to {all} runs", calls.len());
}
