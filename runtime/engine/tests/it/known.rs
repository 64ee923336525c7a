//! What a commit leaves in memory of due steps is used only while it is still true. The loops start after what happens in between.

use serde_json::{Map, json};
use stepwell_core::{ContactChange, ExecutionStatus, MergeRule, Reentry};
use stepwell_store::{definition, workspace};

use crate::bench::Bench;

async fn queued(steps: &[&str]) -> (Bench, stepwell_core::DefinitionId, stepwell_engine::Tracked) {
    let bench = Bench::new().await;
    let id = bench.define(steps, Reentry::Once).await;
    let tracked = bench.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await;
    (bench, id, tracked)
}

/// Runs what is queued and, behind it, another execution to its end.
async fn run(bench: Bench, id: stepwell_core::DefinitionId) -> Bench {
    let bench = bench.run().await;
    bench.track("signed_up", "last@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    bench
}

#[tokio::test]
async fn a_step_that_was_queued_runs_with_what_the_event_brought() {
    let (bench, id, tracked) = queued(&["outside"]).await;
    let bench = bench.run().await;
    bench.until(id, ExecutionStatus::Completed).await;
    let requests = bench.requests();
    assert_eq!(requests[0].context.event, json!({ "plan": "pro" }));
    assert_eq!(requests[0].context.contact, tracked.contact);
}

#[tokio::test]
async fn a_step_sees_its_contact_as_it_is_when_it_runs() {
    let (bench, id, tracked) = queued(&["outside"]).await;
    let contact = tracked.contact.expect("a contact").id;
    let data = Map::from_iter([("plan".to_owned(), json!("free"))]);
    let change = ContactChange { data, merge: MergeRule::Literal, subscribed: Some(false) };
    bench.engine.update_contact(bench.workspace, contact, None, change).await.expect("a change");
    let bench = run(bench, id).await;
    bench.until_count(id, ExecutionStatus::Completed, 2).await;
    let contacts = bench.requests().into_iter().filter_map(|request| request.context.contact);
    let seen = contacts.into_iter().find(|seen| seen.id == contact).expect("her step ran");
    assert_eq!((seen.data["plan"].clone(), seen.subscribed), (json!("free"), false));
}

#[tokio::test]
async fn a_step_of_an_execution_that_was_cancelled_while_it_was_queued_does_not_run() {
    let (bench, id, _) = queued(&["outside"]).await;
    let execution = bench.executions(id).await[0].id;
    bench.engine.cancel(bench.workspace, id, execution, "Cancelled by user").await.expect("a cancel");
    let bench = run(bench, id).await;
    assert_eq!(bench.ran().len(), 1, "only the other execution's");
}

#[tokio::test]
async fn a_step_of_a_workspace_that_was_switched_off_while_it_was_queued_does_not_run() {
    let (bench, id, _) = queued(&["outside"]).await;
    let (of, now) = (bench.workspace, bench.engine.now());
    bench.write(move |conn| Box::pin(async move { workspace::set_disabled(conn, of, true, now).await })).await;
    let bench = bench.run().await;
    bench.until(id, ExecutionStatus::Cancelled).await;
    assert!(bench.ran().is_empty());
}

#[tokio::test]
async fn a_definition_that_was_changed_is_seen_at_once() {
    let (bench, id, _) = queued(&["outside-a", "outside-b"]).await;
    let of = bench.workspace;
    let bench = run(bench, id).await;
    bench
        .write(move |conn| {
            Box::pin(async move {
                let mut found = definition::get(conn, of, id).await?.expect("a definition");
                found.name = "Renamed".into();
                definition::update(conn, &found).await
            })
        })
        .await;
    bench.forget_requests();
    bench.track("signed_up", "next@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    bench.until_count(id, ExecutionStatus::Completed, 3).await;
    assert!(bench.requests().iter().all(|request| request.context.about["workflow"]["name"] == "Renamed"));
}
