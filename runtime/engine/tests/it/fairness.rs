//! Workspaces beside each other: what one has queued does not keep out another, and memory does not grow with it.

use serde_json::json;
use stepwell_core::{
    Definition, DefinitionId, ExecutionStatus, Given, Guard, Reentry, Start, WorkspaceId, start, testing,
};
use stepwell_store::{StoreError, execution, workspace};
use uuid::Uuid;

use crate::bench::Bench;

/// How many executions of the busy workspace are queued: fewer where nobody asks for all of it.
fn many() -> usize {
    match std::env::var_os("STEPWELL_FULL").is_some_and(|full| full == "1") {
        true => 100_000,
        // Filling PostgreSQL takes longer than all the rest.
        false if crate::KIND == stepwell_test_database::Kind::Postgres => 5_000,
        false => 20_000,
    }
}

/// Stores executions of the workspace whose first step is to run, as a server that stopped had left them.
async fn backlog(bench: &Bench, definition: DefinitionId, steps: &[&str], count: usize) {
    let all: Vec<_> = std::iter::once(&"trigger").chain(steps).map(|name| testing::step(name)).collect();
    let edges = vec![testing::edge(&all, "trigger", steps[0], Guard::Always, 0)];
    let graph = testing::graph(all, edges);
    let head = Definition { id: definition, workspace_id: bench.workspace, ..testing::definition(Reentry::Always) };
    for part in (0..count).step_by(500) {
        let given = Given::new(bench.engine.now(), &**bench.engine.ids());
        let starts = (part..count.min(part + 500)).map(|_| start(&head, &graph, Start::default(), &given));
        let changes: Vec<_> = starts.collect::<Result<_, _>>().expect("a trigger");
        bench
            .write(move |conn| {
                Box::pin(async move {
                    for changes in &changes {
                        execution::insert(conn, changes).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await;
    }
}

/// Makes another workspace and lets the bench act in it.
async fn enter_another(bench: &mut Bench) {
    let id: WorkspaceId = Uuid::from_u128(2).into();
    let now = bench.engine.now();
    let new = workspace::Workspace { id, name: "Other".into(), disabled: false, created_at: now, updated_at: now };
    bench.write(move |conn| Box::pin(async move { workspace::insert(conn, &new, b"secret").await })).await;
    bench.workspace = id;
}

/// Behind how many steps of the busy workspace the quiet one's first step came.
fn position(bench: &Bench) -> usize {
    bench.ran().iter().position(|step| step == "quiet").expect("the quiet workspace's step")
}

#[tokio::test]
async fn a_workspace_with_a_huge_backlog_does_not_delay_the_first_step_of_another() {
    let mut bench = Bench::new().await;
    let busy = bench.define(&["busy"], Reentry::Always).await;
    backlog(&bench, busy, &["busy"], many()).await;
    enter_another(&mut bench).await;
    let quiet = bench.define(&["quiet"], Reentry::Always).await;
    let bench = bench.run().await;
    assert!(bench.engine.load().0 <= 1_000, "{:?} are in memory", bench.engine.load());
    let before = bench.ran().len();
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(quiet, ExecutionStatus::Completed).await;
    let (position, done) = (position(&bench), bench.ran().len());
    // What runs while the event and then the step are stored, and no more.
    assert!(
        position < before + many() / 10,
        "its step came behind {position} of {done}, {before} of them before it was due"
    );
    assert!(done < many(), "the backlog was done before: {done}");
    assert!(bench.engine.load().0 <= 1_000, "{:?} are in memory", bench.engine.load());
}

#[tokio::test]
async fn work_of_two_workspaces_that_only_the_database_knows_is_taken_up_in_turn() {
    let mut bench = Bench::new().await;
    let busy = bench.define(&["busy"], Reentry::Always).await;
    backlog(&bench, busy, &["busy"], many() / 2).await;
    enter_another(&mut bench).await;
    let quiet = bench.define(&["quiet"], Reentry::Always).await;
    backlog(&bench, quiet, &["quiet"], 10).await;
    let bench = bench.crash().await.run().await;
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    let of = |ran: &[String], step: &str| ran.iter().filter(|name| *name == step).count();
    while of(&bench.ran(), "quiet") < 10 {
        assert!(tokio::time::Instant::now() < end, "{:?}", bench.engine.load());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let ran = bench.ran();
    let last = ran.iter().rposition(|name| name == "quiet").expect("the last");
    assert!(last < 1_500, "the ten came among the first {last} of {}", ran.len());
}

#[tokio::test]
async fn everything_of_a_backlog_runs_once() {
    let bench = Bench::new().await;
    let id = bench.define(&["busy"], Reentry::Always).await;
    backlog(&bench, id, &["busy"], 1_500).await;
    let bench = bench.run().await;
    bench.until_count(id, ExecutionStatus::Completed, 1_500).await;
    assert_eq!(bench.ran().len(), 1_500);
}
