//! A database of its own, and short ways to fill it.

use serde_json::{Value, json};
use stepwell_core::{
    Changes, Completion, ContactChange, ContactId, Definition, EventWait, Execution, ExecutionId, Given, Graph, Guard,
    IdSource, Input, Outcome, Reentry, RetryPolicy, SequentialIds, Start, State, StepExecution, StepExecutionId,
    Timestamp, WaitRequest, WorkspaceId, advance, start, testing,
};
use stepwell_store::{Conn, Store, StoreError, contact, definition, execution};
use stepwell_test_database::{Database, Kind};

/// A store, and what tests hand to it.
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) database: Database,
    ids: SequentialIds,
}

/// The time at which most things happen.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::on(crate::KIND).await
    }

    /// On a database of another kind than the others are.
    pub(crate) async fn on(kind: Kind) -> Self {
        let database = Database::new(kind).expect("a database");
        let store = Store::open(&database.url()).await.expect("a new database");
        Self { store, database, ids: SequentialIds::default() }
    }

    /// Lets go of the database without closing it, and opens it again.
    pub(crate) async fn reopened(self) -> Self {
        drop(self.store);
        Self { store: Store::open(&self.database.url()).await.expect("the same database"), ..self }
    }

    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    pub(crate) fn id<T: From<uuid::Uuid>>(&self) -> T {
        self.ids.next(NOW).into()
    }

    pub(crate) fn given(&self) -> Given<'_> {
        Given::new(NOW, &self.ids)
    }

    pub(crate) async fn read(&self) -> Conn {
        self.store.reader().await.expect("a connection")
    }

    /// trigger → first → second, started by `signed_up`, stored.
    pub(crate) async fn definition(&self, reentry: Reentry) -> Definition {
        let stored = Definition { id: self.id(), created_at: NOW, updated_at: NOW, ..testing::definition(reentry) };
        let (copy, graph) = (stored.clone(), graph());
        let done: Result<(), StoreError> = write!(self, |conn| definition::insert(conn, &copy, &graph).await);
        done.expect("a definition");
        stored
    }

    pub(crate) async fn contact(&self, workspace: WorkspaceId, email: &str) -> ContactId {
        let (id, email) = (self.id(), email.to_owned());
        let upserted = write!(self, |conn| {
            contact::upsert(conn, workspace, &email, &ContactChange::default(), true, id, NOW).await
        });
        upserted.expect("a contact").contact.id
    }

    /// The rows of a new execution, not stored.
    pub(crate) fn start(&self, definition: &Definition, contact: Option<ContactId>) -> Changes {
        let event = json!({"plan": "pro"});
        let with = Start { contact_id: contact, event_name: Some("signed_up".into()), event, ..Start::default() };
        start(definition, &graph(), with, &self.given()).expect("a trigger")
    }

    /// A stored execution that stands on `first`.
    pub(crate) async fn started(&self, definition: &Definition, contact: Option<ContactId>) -> ExecutionId {
        let changes = self.start(definition, contact);
        let id = changes.execution.id;
        assert!(self.insert(changes).await.expect("stored"));
        id
    }

    pub(crate) async fn insert(&self, changes: Changes) -> Result<bool, StoreError> {
        write!(self, |conn| execution::insert(conn, &changes).await)
    }

    pub(crate) async fn apply(&self, changes: Changes) -> Result<(), StoreError> {
        write!(self, |conn| execution::apply(conn, &changes).await)
    }

    /// An execution and its open visits.
    pub(crate) async fn state(&self, id: ExecutionId) -> (Execution, Vec<StepExecution>) {
        let state = execution::state(&mut self.read().await, workspace(), id).await.expect("read");
        state.expect("an execution")
    }

    /// What the answer of the one open visit changes, not stored.
    pub(crate) async fn decide(&self, id: ExecutionId, outcome: Outcome) -> Changes {
        let (execution, visits) = self.state(id).await;
        let (visit, run) = (visits[0].id, visits[0].run());
        let settled = Input::Settled { visit, run, outcome, plugin: None, retry: RetryPolicy::NONE, spread: 0.0 };
        self.advance(&execution, &visits, settled)
    }

    pub(crate) fn advance(&self, execution: &Execution, visits: &[StepExecution], input: Input) -> Changes {
        let graph = graph();
        advance(State { graph: &graph, execution, visits, people: None }, input, &self.given()).expect("accepted")
    }

    /// Stores the answer of the one open visit.
    pub(crate) async fn settle(&self, id: ExecutionId, outcome: Outcome) {
        let changes = self.decide(id, outcome).await;
        self.apply(changes).await.expect("stored");
    }

    /// Makes the one open visit wait and gives its id.
    pub(crate) async fn wait(&self, id: ExecutionId, event: Option<&str>, until: Option<Timestamp>) -> StepExecutionId {
        self.settle(id, waiting(event, until)).await;
        self.state(id).await.1[0].id
    }
}

/// `write!(bed, |conn| future)`: a job on the committer that moves what it uses.
macro_rules! write {
    ($bed:expr, |$conn:ident| $body:expr) => {
        $bed.store.write(move |$conn| Box::pin(async move { $body })).await
    };
}
pub(crate) use write;

pub(crate) fn graph() -> Graph {
    let steps: Vec<_> = ["trigger", "first", "second"].map(testing::step).into();
    let edges = vec![
        testing::edge(&steps, "trigger", "first", Guard::Always, 0),
        testing::edge(&steps, "first", "second", Guard::Always, 0),
    ];
    testing::graph(steps, edges)
}

/// The workspace of [`testing::definition`].
pub(crate) fn workspace() -> WorkspaceId {
    testing::definition(Reentry::Once).workspace_id
}

/// A workspace that owns nothing.
pub(crate) fn stranger() -> WorkspaceId {
    uuid::Uuid::from_u128(7).into()
}

pub(crate) fn completed(output: Value) -> Outcome {
    Outcome::Completed(Completion { output, ..Completion::default() })
}

pub(crate) fn waiting(event: Option<&str>, until: Option<Timestamp>) -> Outcome {
    let event = event.map(|name| EventWait { name: name.to_owned(), filter: None });
    Outcome::Waiting(WaitRequest { until, event, state: json!({"n": 1}), ..WaitRequest::default() })
}
