//! Work goes to whoever has room, and outlives the node that had it.

use std::time::Duration;

use serde_json::json;
use stepwell_tests::{HttpPeer, ServerOptions, eventually, eventually_within};

use super::{nodes, tally, workflow};

/// Steps that a node of `STEPWELL_CONCURRENCY=1` keeps: one that runs, two that are queued, one that it took back.
const KEPT: usize = 4;

async fn an_idle_node_takes(options: ServerOptions) {
    const EVENTS: usize = 24;
    let peer = HttpPeer::start().await;
    let busy = options.clone().set("STEPWELL_CONCURRENCY", 1).start().await;
    let idle = options.start_beside(&busy).await;
    let hook = workflow(&busy, "go", &[("WEBHOOK", "hook", json!({ "url": peer.url("/hook") }))]).await;
    peer.hold();
    for n in 0..EVENTS {
        busy.client().track("go", &format!("c{n}@example.org"), json!({})).await;
    }
    // Nothing is answered yet: all but what the busy one keeps can only be here if the other one took it.
    peer.wait_for(EVENTS - KEPT + 1).await;
    peer.release();
    eventually("all executions completed", || async {
        let all = hook.on(&idle.client()).executions().await;
        (all.iter().filter(|one| one["status"] == "COMPLETED").count() == EVENTS).then_some(())
    })
    .await;
    let times = tally(peer.received().iter().map(|request| request.header("idempotency-key").to_owned()));
    assert_eq!((times.len(), times.values().max()), (EVENTS, Some(&1)), "{times:?}");
}

#[tokio::test]
async fn an_idle_node_takes_what_a_busy_one_has_no_room_for() {
    an_idle_node_takes(ServerOptions::default()).await;
}

#[tokio::test]
async fn without_notifications_it_finds_that_work_by_looking() {
    an_idle_node_takes(ServerOptions::default().set("STEPWELL_DATABASE_NOTIFY", "off")).await;
}

#[tokio::test]
async fn a_wait_ends_in_time_though_the_node_that_stored_it_is_gone() {
    let mut nodes = nodes(2, ServerOptions::default()).await;
    let pause = workflow(
        &nodes[0],
        "go",
        &[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "never", "timeout": 3 })), ("EXIT", "end", json!({}))],
    )
    .await;
    nodes[0].client().track("go", "ada@example.org", json!({})).await;
    pause.newest_in(&["WAITING"]).await;
    nodes[0].kill().await;
    let pause = pause.on(&nodes[1].client());
    let limit = Duration::from_secs(6);
    eventually_within(limit, "the end of the wait", || async {
        (pause.executions().await[0]["status"] == "EXITED").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_step_of_a_node_that_is_stopped_goes_on_at_another() {
    let peer = HttpPeer::start().await;
    let mut nodes = nodes(2, ServerOptions::default().set("STEPWELL_SHUTDOWN_SECONDS", 1)).await;
    let hook = workflow(&nodes[0], "go", &[("WEBHOOK", "hook", json!({ "url": peer.url("/hook") }))]).await;
    peer.hold();
    nodes[0].client().track("go", "ada@example.org", json!({})).await;
    peer.wait_for(1).await;
    assert_eq!(nodes[0].terminate().await, Some(0));
    // Nobody waits for the lease to run out.
    let received = eventually_within(Duration::from_secs(6), "the step again", || async {
        Some(peer.received()).filter(|received| received.len() == 2)
    })
    .await;
    peer.release();
    assert_eq!(hook.on(&nodes[1].client()).finished().await["status"], "COMPLETED");
    assert_eq!(received[0].header("idempotency-key"), received[1].header("idempotency-key"));
}

#[tokio::test]
async fn a_node_that_is_killed_and_started_again_on_its_folder_takes_up_at_once_what_it_held() {
    let peer = HttpPeer::start().await;
    let mut nodes = nodes(2, ServerOptions::default()).await;
    let hook = workflow(&nodes[0], "go", &[("WEBHOOK", "hook", json!({ "url": peer.url("/hook") }))]).await;
    peer.hold();
    nodes[0].client().track("go", "ada@example.org", json!({})).await;
    peer.wait_for(1).await;
    nodes[0].kill_and_restart().await;
    // Far less than the lease of half a minute that a killed node's work else waits for.
    eventually_within(Duration::from_secs(15), "the step again", || async {
        (peer.received().len() == 2).then_some(())
    })
    .await;
    peer.release();
    assert_eq!(hook.on(&nodes[1].client()).finished().await["status"], "COMPLETED");
}

/// The connections of one node are cut, as by a restart of the database or of what is between.
#[tokio::test]
async fn a_node_whose_connections_are_cut_goes_on_by_itself() {
    let first = ServerOptions::default().start().await;
    let schema = first.schema().expect("a schema");
    let url = format!("{}&application_name=cut_{}", first.database_url(), std::process::id());
    let node = ServerOptions::default().set("STEPWELL_DATABASE_URL", &url).start_beside(&first).await;
    let end = workflow(&first, "go", &[("EXIT", "end", json!({}))]).await.on(&node.client());
    let cut = format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'cut_{}'",
        std::process::id()
    );
    for round in 1..=3 {
        let cut: usize = schema.sql(&cut).expect("cut").trim().parse().expect("a number");
        assert!(cut >= 2, "one that writes and one that reads at least: {cut}");
        eventually("ready again", || async { (node.client().get("/ready").await.status == 200).then_some(()) }).await;
        eventually("an event taken", || async {
            let body = json!({ "event": "go", "email": format!("c{round}@example.org") });
            (node.client().post("/v1/track", body).await.status == 200).then_some(())
        })
        .await;
        eventually("it ran", || async {
            let all = end.executions().await;
            (all.len() == round && all.iter().all(|one| one["status"] == "EXITED")).then_some(())
        })
        .await;
    }
}
