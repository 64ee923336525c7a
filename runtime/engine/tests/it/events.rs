//! Events start executions and end waits, in the commit that stores them.

use serde_json::json;
use stepwell_core::{ExecutionStatus, Reentry, Wake};
use stepwell_engine::{AddressEdit, EngineError, IdempotencyKey, Intake, Who};

use crate::bench::{Bench, completed, waiting};

/// An event of the contact of this number.
pub(crate) fn intake_of(n: usize) -> Intake {
    Intake { key: None, ..intake_from(&format!("c{n}@example.org"), "") }
}

pub(crate) fn intake(key: &str) -> Intake {
    intake_from("ada@example.org", key)
}

fn intake_from(email: &str, key: &str) -> Intake {
    let who = Who::Address(AddressEdit {
        email: email.to_owned(),
        data: serde_json::Map::new(),
        subscribed: None,
        subscribed_if_new: true,
        preserve_existing_subscription: false,
    });
    let key = Some(IdempotencyKey { key: key.into(), request: "POST /v1/track".into() });
    Intake { name: "signed_up".into(), who, message_id: None, data: json!({}), key }
}

#[tokio::test]
async fn an_execution_is_stored_with_the_event_before_any_step_runs() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    let tracked = bench.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!((tracked.started, bench.executions(id).await.len(), bench.ran().len()), (1, 1, 0));
}

#[tokio::test]
async fn a_key_is_taken_once_and_a_repeat_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Always).await;
    bench.engine.track(bench.workspace, intake("k1")).await.expect("the first");
    let repeat = bench.engine.track(bench.workspace, intake("k1")).await;
    assert!(matches!(repeat, Err(EngineError::KeyReused { status: Some(200), .. })), "{repeat:?}");
    assert_eq!(bench.executions(id).await.len(), 1);
    bench.engine.track(bench.workspace, intake("k2")).await.expect("another key");
    assert_eq!(bench.executions(id).await.len(), 2);
}

#[tokio::test]
async fn a_hundred_deliveries_of_one_event_at_once_start_one_execution() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Always).await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (engine, workspace) = (bench.engine.clone(), bench.workspace);
            tokio::spawn(async move { engine.track(workspace, intake("same")).await.is_ok() })
        })
        .collect();
    let mut taken = 0;
    for call in calls {
        taken += usize::from(call.await.expect("an answer"));
    }
    assert_eq!((taken, bench.executions(id).await.len()), (1, 1));
}

#[tokio::test]
async fn an_event_ends_the_wait_of_its_contact_only() {
    let bench = Bench::new().await;
    bench.answer("wait", |request| match &request.call {
        stepwell_core::Call::Run => waiting(Some("paid"), None),
        stepwell_core::Call::Resume { wake: Wake::Event(event), .. } => {
            stepwell_core::StepReport::of(completed(event.data.clone()))
        }
        stepwell_core::Call::Resume { .. } => stepwell_core::StepReport::of(completed(json!("woken otherwise"))),
    });
    let bench = bench.run().await;
    let id = bench.define(&["wait"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("paid", "bob@example.org", json!({})).await;
    assert_eq!(bench.executions(id).await[0].status, ExecutionStatus::Waiting);
    bench.track("paid", "ada@example.org", json!({ "amount": 12 })).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.visits(&done).await[1].output, Some(json!({ "amount": 12 })));
}

#[tokio::test]
async fn a_disabled_definition_starts_nothing() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let mut head =
        stepwell_store::definition::get(&mut conn, bench.workspace, id).await.expect("a read").expect("a definition");
    drop(conn);
    head.enabled = false;
    bench.write(move |conn| Box::pin(async move { stepwell_store::definition::update(conn, &head).await })).await;
    assert_eq!(bench.track("signed_up", "ada@example.org", json!({})).await.started, 0);
}

#[tokio::test]
async fn an_event_about_a_message_that_is_not_there_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    let about = Some(stepwell_core::MessageId(uuid::Uuid::from_u128(9)));
    let refused = bench.engine.track(bench.workspace, Intake { message_id: about, ..intake_of(1) }).await;
    assert!(matches!(refused, Err(EngineError::UnknownMessage(_))), "{refused:?}");
    assert!(bench.executions(id).await.is_empty());
}
