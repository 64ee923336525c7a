//! What a workspace keeps, and what goes by itself.

use std::time::Duration;

use serde_json::json;
use stepwell_core::{DefinitionId, ExecutionStatus, Reentry};
use stepwell_store::workspace::{self, Retention};
use stepwell_store::{definition, event, workflow_admin};
use uuid::Uuid;

use crate::bench::Bench;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Bench {
    pub(crate) async fn keep(&self, days: Option<u32>, executions: Option<u64>) {
        let (workspace, now) = (self.workspace, self.engine.now());
        let kept = Retention { days, executions };
        let set = self
            .write(move |conn| Box::pin(async move { workspace::set_retention(conn, workspace, kept, now).await }))
            .await;
        assert!(set);
    }

    /// Runs so many executions to their ends, a second apart, and stops.
    async fn with_ended(self, executions: u64) -> (Self, DefinitionId) {
        let bench = self.run().await;
        let id = bench.define(&["step"], Reentry::Always).await;
        for number in 1..=executions {
            bench.advance_clock(Duration::from_secs(1));
            bench.track("signed_up", "ada@example.org", json!({ "number": number })).await;
            bench.until_count(id, ExecutionStatus::Completed, number).await;
        }
        let bench = bench.crash().await;
        // Past the lease of the node that is gone: as long as it may live, retention may be its business.
        bench.advance_clock(Duration::from_secs(60));
        (bench, id)
    }

    async fn until_kept(&self, id: DefinitionId, executions: usize, events: usize) {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let found = (self.executions(id).await.len(), self.events().await.len());
            if found == (executions, events) {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "{found:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn events(&self) -> Vec<stepwell_core::Event> {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        event::recent(&mut conn, self.workspace, None, 100).await.expect("events")
    }
}

#[tokio::test]
async fn what_is_beyond_the_bound_goes_with_its_events_the_oldest_first() {
    let (bench, id) = Bench::new().await.with_ended(7).await;
    bench.keep(None, Some(3)).await;
    let bench = bench.run().await;
    bench.until_kept(id, 3, 3).await;
    let numbers: Vec<_> =
        bench.executions(id).await.iter().map(|kept| kept.event["number"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [7, 6, 5]);
}

#[tokio::test]
async fn what_is_past_its_age_goes_and_what_waits_stays() {
    let (bench, id) = Bench::new().await.with_ended(2).await;
    bench.answer("later", |_| crate::bench::waiting(Some("never"), None));
    let bench = bench.run().await;
    let waiting = bench.define(&["later"], Reentry::Always).await;
    bench.track("signed_up", "bob@example.org", json!({})).await;
    bench.until(waiting, ExecutionStatus::Waiting).await;
    bench.until_count(id, ExecutionStatus::Completed, 3).await;
    bench.keep(Some(2), None).await;
    let bench = bench.crash().await;
    bench.advance_clock(DAY);
    let bench = bench.run().await;
    bench.track("other", "bob@example.org", json!({})).await;
    let bench = bench.crash().await;
    assert_eq!(bench.executions(id).await.len(), 3, "a day is not two");
    bench.advance_clock(DAY + Duration::from_secs(1));
    let bench = bench.run().await;
    bench.until_kept(id, 0, 1).await;
    assert_eq!(bench.executions(waiting).await.len(), 1);
}

#[tokio::test]
async fn a_workspace_without_a_bound_keeps_everything_while_another_is_pruned() {
    let (mut bench, free) = Bench::new().await.with_ended(3).await;
    bench.keep(Some(0), Some(0)).await;
    let without = bench.workspace;
    // The last of all ids: its turn comes last.
    bench.workspace = bench.add_workspace(Uuid::max().into()).await;
    let (mut bench, bounded) = bench.with_ended(2).await;
    bench.keep(Some(1), None).await;
    bench.advance_clock(DAY * 400);
    bench = bench.run().await;
    bench.until_kept(bounded, 0, 0).await;
    bench.workspace = without;
    assert_eq!((bench.executions(free).await.len(), bench.events().await.len()), (3, 3));
}

#[tokio::test]
async fn a_version_that_nobody_needs_any_more_goes() {
    let (bench, id) = Bench::new().await.with_ended(1).await;
    let (workspace, now) = (bench.workspace, bench.engine.now());
    bench
        .write(move |conn| {
            Box::pin(async move {
                let graph = definition::graph(conn, workspace, id, 1).await?.expect("a graph");
                for version in 1..4 {
                    definition::save_graph(conn, workspace, id, version, &graph, now).await?;
                }
                Ok(())
            })
        })
        .await;
    bench.keep(None, Some(10)).await;
    bench.advance_clock(DAY * 2);
    let bench = bench.run().await;
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let mut conn = bench.engine.store().reader().await.expect("a reader");
        let versions = workflow_admin::versions(&mut conn, workspace, id, 1, 9).await.expect("versions").items;
        let versions: Vec<_> = versions.iter().map(|version| version.version).collect();
        if versions == [4, 1] {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{versions:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
