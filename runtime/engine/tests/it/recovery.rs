//! What a crash may not lose.

use serde_json::json;
use stepwell_core::{ExecutionStatus, Reentry};

use crate::bench::{Bench, waiting};

#[tokio::test]
async fn executions_that_were_accepted_run_after_a_crash() {
    let bench = Bench::new().await;
    let id = bench.define(&["first", "second"], Reentry::Once).await;
    for n in 0..20 {
        bench.track("signed_up", &format!("c{n}@example.org"), json!({})).await;
    }
    let bench = bench.crash().await.run().await;
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let all = bench.executions(id).await;
        if all.len() == 20 && all.iter().all(|run| run.status == ExecutionStatus::Completed) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{all:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(bench.ran().len(), 40);
}

#[tokio::test]
async fn a_wait_is_still_there_after_a_crash() {
    let bench = Bench::new().await;
    bench.answer("wait", |_| waiting(Some("paid"), None));
    let bench = bench.run().await;
    let id = bench.define(&["wait"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    let bench = bench.crash().await.run().await;
    bench.track("paid", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.visits(&done).await[1].resumes, 1);
}

#[tokio::test]
async fn more_due_steps_than_the_queue_holds_all_run() {
    let bench = Bench::new().await.run().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    let tracked: Vec<_> = (0..2_500)
        .map(|n| {
            let (engine, workspace) = (bench.engine.clone(), bench.workspace);
            tokio::spawn(
                async move { engine.track(workspace, crate::events::intake_of(n)).await.map(|done| done.started) },
            )
        })
        .collect();
    for call in tracked {
        assert!(matches!(call.await, Ok(Ok(1))));
    }
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while bench.count(id, ExecutionStatus::Completed).await < 2_500 {
        assert!(tokio::time::Instant::now() < end, "{} of 2500", bench.count(id, ExecutionStatus::Completed).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(bench.ran().len(), 2_500);
}
