//! An execution is followed at any node, wherever it goes on.

use serde_json::json;
use stepwell_tests::{ServerOptions, Workflow};

use super::nodes;

#[tokio::test]
async fn what_happens_at_one_node_is_followed_live_at_another_and_taken_up_there_again() {
    let nodes = nodes(2, ServerOptions::default()).await;
    let (here, there) = (nodes[0].client(), nodes[1].client());
    let workflow = Workflow::create(&here, "signed_up", json!({})).await;
    let wait = |event: &str| json!({ "eventName": event });
    workflow.chain(&[("WAIT_FOR_EVENT", "pay", wait("paid")), ("WAIT_FOR_EVENT", "ship", wait("shipped"))]).await;
    here.track("signed_up", "ada@example.org", json!({})).await;
    let id = workflow.newest_in(&["WAITING"]).await["id"].as_str().expect("an id").to_owned();
    let mut live = there.live(&id, None).await;
    let mut events = live.until("step-waiting").await;
    here.track("paid", "ada@example.org", json!({})).await;
    events.extend(live.until("step-waiting").await);
    drop(live);
    let mut live = here.live(&id, events.last().map(|event| event.id)).await;
    there.track("shipped", "ada@example.org", json!({})).await;
    events.extend(live.until("execution-completed").await);
    let numbers: Vec<i64> = events.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=i64::try_from(events.len()).expect("few")).collect::<Vec<_>>());
    let journal = here.get(&workflow.path(&format!("/executions/{id}/journal?limit=500"))).await.expect(200);
    let entries = journal["entries"].as_array().expect("entries").iter();
    assert!(entries.eq(events.iter().map(|event| &event.data)), "{journal:#} {events:#?}");
}
