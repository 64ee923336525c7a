//! Who follows an execution hears when it goes on.

use std::time::Duration;

use serde_json::json;
use stepwell_core::{ExecutionId, ExecutionStatus, Reentry};
use stepwell_engine::EngineError;
use uuid::Uuid;

use crate::bench::{Bench, waiting};

/// Longer than another node's commit may go unnoticed: what is not told makes a test fail, and not wait.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_follower_hears_of_each_commit_in_time_to_read_it() {
    let bench = Bench::new().await;
    bench.answer("wait", |_| waiting(Some("paid"), None));
    let bench = bench.run().await;
    let id = bench.define(&["wait"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let run = bench.until(id, ExecutionStatus::Waiting).await;
    let mut follower = bench.engine.follow(bench.workspace, run.id).expect("a place");
    let before = bench.journal(&run).await.len();
    bench.engine.cancel(bench.workspace, id, run.id, "enough").await.expect("a cancel");
    let heard = tokio::time::timeout(SOON, async {
        while follower.next().await {
            if bench.journal(&run).await.len() > before {
                return true;
            }
        }
        false
    });
    assert!(heard.await.expect("soon"));
}

#[tokio::test]
async fn followers_end_when_the_engine_stops() {
    let bench = Bench::new().await;
    let mut follower = bench.engine.follow(bench.workspace, ExecutionId(Uuid::nil())).expect("a place");
    bench.engine.stop(SOON).await;
    let ended = tokio::time::timeout(SOON, async { while follower.next().await {} });
    assert!(ended.await.is_ok());
}

#[tokio::test]
async fn too_many_followers_of_one_workspace_are_refused() {
    let bench = Bench::new().await;
    let follow = || bench.engine.follow(bench.workspace, ExecutionId(Uuid::nil()));
    let held: Vec<_> = (0..64).map(|_| follow().expect("a place")).collect();
    assert!(matches!(follow(), Err(EngineError::TooManyFollow)));
    drop(held);
    assert!(follow().is_ok());
}
