//! What every test here stands on: an engine, a database, a scripted runner, a clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Clock, Completion, Definition, DefinitionId, Digest, Effect, EventWait, Execution, ExecutionStatus, Graph, Guard,
    Outcome, PluginError, PluginHost, PluginInfo, Problem, Reentry, RetryPolicy, StepDescriptor, StepExecution,
    StepReport, StepRequest, StepRunner, Timestamp, Touches, WaitRequest, WorkspaceId, testing,
};
use stepwell_engine::{AddressEdit, Engine, EngineOptions, Intake, Links, RandomIds, Retention, Tracked, Who};
use stepwell_store::{Store, StoreError, definition, execution, workspace};
use stepwell_test_database::Database;
use uuid::Uuid;

/// A clock that stands until it is moved.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

type Answer = Box<dyn Fn(&StepRequest) -> StepReport + Send + Sync>;

/// Answers for each step type by a closure, and keeps what it was asked.
#[derive(Default)]
pub(crate) struct Runner {
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<StepRequest>>,
}

#[async_trait]
impl StepRunner for Runner {
    async fn run(&self, request: StepRequest) -> StepReport {
        let report = match self.answers.lock().expect("answers").get(&request.step_type) {
            Some(answer) => answer(&request),
            None => StepReport::of(completed(json!({ "step": request.step_type }))),
        };
        self.asked.lock().expect("asked").push(request);
        report
    }

    fn touches(&self, _: Option<Digest>, _: WorkspaceId, step_type: &str) -> Touches {
        match step_type.starts_with("inside") {
            true => Touches { outside: false, contacts: false, events: false, keyvalue: false },
            false => Touches::EVERYTHING,
        }
    }

    fn default_retry(&self, _: Option<Digest>, _: WorkspaceId, _: &str) -> RetryPolicy {
        RetryPolicy { max_attempts: 2, initial_delay_ms: 1_000, max_delay_ms: 1_000, multiplier: 1.0 }
    }
}

#[async_trait]
impl PluginHost for Runner {
    async fn inspect(&self, _: &[u8]) -> Result<PluginInfo, PluginError> {
        Err(PluginError::Refused { code: "invalid-component", message: "scripted".into() })
    }
    async fn activate(&self, _: &PluginInfo, _: &[u8]) -> Result<(), PluginError> {
        Ok(())
    }
    fn deactivate(&self, _: Option<WorkspaceId>, _: Digest) {}
    fn list(&self, _: WorkspaceId) -> Vec<PluginInfo> {
        Vec::new()
    }
    fn lookup(&self, _: WorkspaceId, _: &str) -> Option<(Digest, StepDescriptor)> {
        None
    }
    async fn validate(&self, _: Digest, _: &str, _: &Value) -> Result<Vec<Problem>, PluginError> {
        Ok(Vec::new())
    }
}

/// An engine at work.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) runner: Arc<Runner>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) workspace: WorkspaceId,
    database: Arc<Database>,
    loops: tokio::task::JoinSet<()>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let database = Arc::new(Database::new(crate::KIND).expect("a database"));
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000)));
        let bench = Self::over(database, clock, Uuid::from_u128(1).into()).await;
        bench.add_workspace(bench.workspace).await;
        bench
    }

    /// Stores a workspace of this id.
    pub(crate) async fn add_workspace(&self, id: WorkspaceId) -> WorkspaceId {
        let new = workspace::Workspace {
            id,
            name: "Test".into(),
            disabled: false,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        self.write(move |conn| Box::pin(async move { workspace::insert(conn, &new, b"secret").await })).await;
        id
    }

    async fn over(database: Arc<Database>, clock: Arc<TestClock>, workspace: WorkspaceId) -> Self {
        let store = Store::open(&database.url()).await.expect("a database");
        let runner = Arc::new(Runner::default());
        let engine = Engine::new(EngineOptions {
            store,
            runner: runner.clone(),
            plugins: runner.clone(),
            clock: clock.clone(),
            ids: Arc::new(RandomIds::default()),
            links: Links::new(&"http://localhost/".parse().expect("a URL"), [7; 32]),
            concurrency: 16,
            queue_limit: 1_000,
            retention: Retention::default(),
        });
        Self { engine, runner, clock, workspace, database, loops: tokio::task::JoinSet::new() }
    }

    /// Starts the loops: from here on, what is due runs.
    pub(crate) async fn run(mut self) -> Self {
        self.loops = self.engine.start().await.expect("the loops");
        self
    }

    /// Another engine over the same database and clock.
    #[allow(dead_code)] // of the tests on SQLite, which has one node
    pub(crate) async fn beside(&self) -> Self {
        Self::over(self.database.clone(), self.clock.clone(), self.workspace).await
    }

    /// Stops the loops where they are, and lets the steps that run go on.
    #[allow(dead_code)]
    pub(crate) async fn freeze(&mut self) {
        self.loops.shutdown().await;
    }

    /// A new engine over the same database, as after a kill: the old loops are aborted wherever they are.
    pub(crate) async fn crash(self) -> Self {
        let Self { database, clock, workspace, mut loops, engine, .. } = self;
        loops.shutdown().await;
        drop(engine);
        Self::over(database, clock, workspace).await
    }

    pub(crate) async fn write<T, F>(&self, job: F) -> T
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut stepwell_store::Conn) -> stepwell_store::BoxFuture<'c, Result<T, StoreError>>
            + Clone
            + Send
            + 'static,
    {
        self.engine.store().write(job).await.expect("a write")
    }

    /// Answers for a step type.
    pub(crate) fn answer(&self, step_type: &str, answer: impl Fn(&StepRequest) -> StepReport + Send + Sync + 'static) {
        self.runner.answers.lock().expect("answers").insert(step_type.to_owned(), Box::new(answer));
    }

    /// The step types that ran, in order.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.step_type).collect()
    }

    pub(crate) fn requests(&self) -> Vec<StepRequest> {
        self.runner.asked.lock().expect("asked").clone()
    }

    /// Forgets what the runner was asked so far.
    #[allow(dead_code)]
    pub(crate) fn forget_requests(&self) {
        self.runner.asked.lock().expect("asked").clear();
    }

    pub(crate) fn advance_clock(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    /// An enabled definition that `signed_up` starts: the steps one behind the other.
    pub(crate) async fn define(&self, steps: &[&str], reentry: Reentry) -> DefinitionId {
        let all: Vec<_> = std::iter::once("trigger").chain(steps.iter().copied()).map(testing::step).collect();
        let names: Vec<_> = std::iter::once("trigger").chain(steps.iter().copied()).collect();
        let edges = names.windows(2).map(|pair| testing::edge(&all, pair[0], pair[1], Guard::Always, 0)).collect();
        self.define_graph(testing::graph(all, edges), reentry, json!({ "eventName": "signed_up" })).await
    }

    pub(crate) async fn define_graph(&self, graph: Graph, reentry: Reentry, trigger: Value) -> DefinitionId {
        let id = DefinitionId(Uuid::from_u128(self.engine.ids().next(self.engine.now()).as_u128()));
        let trigger_kind = match trigger.get("cron") {
            Some(_) => stepwell_core::TriggerKind::Schedule,
            None => stepwell_core::TriggerKind::Event,
        };
        let head = Definition {
            id,
            workspace_id: self.workspace,
            trigger: trigger_kind,
            trigger_config: trigger,
            ..testing::definition(reentry)
        };
        let now = self.engine.now();
        self.write(move |conn| {
            Box::pin(async move {
                definition::insert(conn, &head, &graph).await?;
                stepwell_engine::arm(conn, &head, now).await
            })
        })
        .await;
        self.engine.schedules_changed();
        id
    }

    pub(crate) async fn track(&self, name: &str, email: &str, data: Value) -> Tracked {
        let who = Who::Address(AddressEdit {
            email: email.to_owned(),
            data: serde_json::Map::new(),
            subscribed: None,
            subscribed_if_new: true,
            preserve_existing_subscription: false,
        });
        let intake = Intake { name: name.to_owned(), who, message_id: None, data, key: None };
        self.engine.track(self.workspace, intake).await.expect("a tracked event")
    }

    pub(crate) async fn executions(&self, id: DefinitionId) -> Vec<Execution> {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        execution::page(&mut conn, self.workspace, id, &[], 1, 100).await.expect("a page").items
    }

    /// How many executions of a definition have this status.
    pub(crate) async fn count(&self, id: DefinitionId, status: ExecutionStatus) -> u64 {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        execution::page(&mut conn, self.workspace, id, &[status], 1, 1).await.expect("a page").total
    }

    /// Waits until so many executions of a definition have this status.
    #[allow(dead_code)]
    pub(crate) async fn until_count(&self, id: DefinitionId, status: ExecutionStatus, wanted: u64) {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.count(id, status).await < wanted {
            assert!(tokio::time::Instant::now() < end, "{} of {wanted} {status:?}", self.count(id, status).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn journal(&self, execution: &Execution) -> Vec<stepwell_core::JournalEntry> {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        stepwell_store::journal::page(&mut conn, self.workspace, execution.id, 0, 100).await.expect("a page")
    }

    /// Where the database is.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// When the next schedule fires.
    pub(crate) async fn next_firing(&self) -> Option<Timestamp> {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        stepwell_store::schedule::next(&mut conn).await.expect("a read")
    }

    pub(crate) async fn visits(&self, execution: &Execution) -> Vec<StepExecution> {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        execution::visits(&mut conn, self.workspace, execution.id).await.expect("visits")
    }

    /// Waits until the definition's newest execution has this status.
    pub(crate) async fn until(&self, id: DefinitionId, status: ExecutionStatus) -> Execution {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let newest = self.executions(id).await.into_iter().next();
            if let Some(found) = newest.as_ref().filter(|found| found.status == status) {
                return found.clone();
            }
            assert!(tokio::time::Instant::now() < end, "waited for {status:?}: {newest:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) fn completed(output: Value) -> Outcome {
    Outcome::Completed(Completion { output, ..Completion::default() })
}

pub(crate) fn with_effects(outcome: Outcome, effects: Vec<Effect>) -> StepReport {
    StepReport { effects, ..StepReport::of(outcome) }
}

/// Waits for an event, a time, or both.
pub(crate) fn waiting(event: Option<&str>, until: Option<Timestamp>) -> StepReport {
    let event = event.map(|name| EventWait { name: name.to_owned(), filter: None });
    StepReport::of(Outcome::Waiting(WaitRequest { event, until, state: json!("state"), ..WaitRequest::default() }))
}

/// The visits of an execution as another connection to the database finds them. Blocks: for a scripted step.
pub(crate) fn visits_of(url: &str, execution: stepwell_core::ExecutionId) -> Vec<StepExecution> {
    let url = url.to_owned();
    let read = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let store = Store::open(&url).await.expect("the database");
            let mut conn = store.reader().await.expect("a reader");
            execution::visits(&mut conn, Uuid::from_u128(1).into(), execution).await.expect("visits")
        })
    });
    read.join().expect("visits")
}

/// How many of them are completed.
pub(crate) fn completed_visits(url: &str, execution: stepwell_core::ExecutionId) -> usize {
    let visits = visits_of(url, execution);
    visits.iter().filter(|visit| visit.status == stepwell_core::StepStatus::Completed).count()
}
