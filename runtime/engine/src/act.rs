//! What people do to executions: decided, and with what components do about it at once stored in one commit.

use std::sync::Arc;

use stepwell_core::flow::{Act, Deed, People, RunResult};
use stepwell_core::{
    Changes, DefinitionId, Execution, ExecutionId, ExecutionStatus, Graph, Input, Refused, Start, State, StepExecution,
    TaskId, WorkspaceId, advance, start,
};
use stepwell_store::flow::Loaded;
use stepwell_store::{Conn, StoreError, contact, execution, flow};

use crate::chain::Chain;
use crate::children;
use crate::commit::Settled;
use crate::control;
use crate::decided::{self, Decided, Ran};
use crate::dispatch;
use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::route::{self, Stamp};
use crate::step::Surroundings;
use crate::sync;

/// How often an act is decided anew because somebody else was faster.
const TRIES: usize = 10;

/// An execution after an act.
#[derive(Debug)]
pub struct Acted {
    /// As it is stored now.
    pub execution: Execution,
    /// Its graph.
    pub graph: Arc<Graph>,
    /// What people see of it.
    pub people: People,
    /// Whether anything changed.
    pub changed: bool,
}

/// An execution that people work on, to be started.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Of which definition.
    pub definition: DefinitionId,
    /// With what.
    pub start: Start,
}

impl Engine {
    /// Does what a person asks of an execution that has tasks. Components that become due by it and touch nothing outside have run
    /// when this returns, and all of it is durable. If somebody else changes the execution meanwhile, the act is decided anew on
    /// what is there then. [`EngineError::Act`] if it is not allowed, [`EngineError::UnknownExecution`] if there is none.
    pub async fn act(&self, workspace: WorkspaceId, id: ExecutionId, act: Act) -> Result<Acted, EngineError> {
        self.act_first_on(None, workspace, id, &act).await
    }

    /// As [`act`](Self::act), for who has looked at the execution to know what to do: it is decided on that, and loaded again only
    /// if somebody has changed it since.
    pub async fn act_on(&self, loaded: Loaded, act: Act) -> Result<Acted, EngineError> {
        let (workspace, id) = (loaded.execution.workspace_id, loaded.execution.id);
        self.act_first_on(Some(loaded), workspace, id, &act).await
    }

    async fn act_first_on(
        &self,
        mut loaded: Option<Loaded>,
        workspace: WorkspaceId,
        id: ExecutionId,
        act: &Act,
    ) -> Result<Acted, EngineError> {
        let mut turn = None;
        for _ in 0..TRIES {
            match self.try_act(loaded.take(), workspace, id, act).await {
                Err(EngineError::Store(StoreError::Fenced(_))) if turn.is_none() => turn = self.0.turns.of(id).await,
                Err(EngineError::Store(StoreError::Fenced(_))) => {}
                done => return done,
            }
        }
        Err(EngineError::Store(StoreError::Overloaded))
    }

    async fn try_act(
        &self,
        loaded: Option<Loaded>,
        workspace: WorkspaceId,
        id: ExecutionId,
        act: &Act,
    ) -> Result<Acted, EngineError> {
        let inner = &self.0;
        let found = match loaded {
            Some(loaded) => surrounded(inner, inner.store.quick_reader().await?, loaded).await?,
            None => load(inner, workspace, id).await?,
        };
        let (before, visits, around) = found.ok_or(EngineError::UnknownExecution(id))?;
        let people = around.people.as_ref();
        let state = State { graph: &around.graph, execution: &before, visits: &visits, people };
        let stamp = inner.stamp();
        let changes =
            advance(state, Input::Acted(Box::new(act.clone())), &stamp.given()).map_err(|refused| match refused {
                Refused::Act(refused) => EngineError::Act(refused),
                Refused::Ended | Refused::NotActive | Refused::NotFailed => EngineError::UnknownExecution(id),
            })?;
        if is_nothing(&changes) {
            return acted(before, around, false).ok_or(EngineError::UnknownExecution(id));
        }
        let people = around.people.clone();
        let acted = self.decided(around, visits, changes).await?;
        let orphans = people.map(|people| children::orphans(&people, &acted.people)).unwrap_or_default();
        children::cancel(inner, workspace, orphans).await?;
        Ok(acted)
    }

    /// Takes over how an automation's run stands by now, if it has ended: one of this server by its execution, another by what was
    /// last reported of it. Errors as [`act`](Self::act).
    pub async fn reconcile(
        &self,
        workspace: WorkspaceId,
        id: ExecutionId,
        task: TaskId,
        by: String,
    ) -> Result<Acted, EngineError> {
        let loaded = load(&self.0, workspace, id).await?;
        let (_, _, around) = loaded.ok_or(EngineError::UnknownExecution(id))?;
        let people = around.people.as_ref();
        let run =
            people.and_then(|people| people.task(task)).and_then(|task| task.data.run.clone()).unwrap_or_default();
        let mut result = RunResult { id: run.id.clone(), status: run.status, error: run.error };
        let child = run.id.filter(|_| run.is_child).and_then(|id| id.parse().ok());
        if let Some(child) = child {
            let stored = execution::get(&mut self.0.store.glance().await?, workspace, child).await?;
            if let Some(stored) = stored {
                result.status = Some(children::word(stored.status).to_owned());
                result.error = stored.exit_reason.filter(|_| stored.status == ExecutionStatus::Failed);
            }
        }
        self.act(workspace, id, Act { by, does: Deed::Reconcile(task, result) }).await
    }

    /// Cancels an execution that people work on and deletes it; softly, it is kept for audits and found no more. Durable on return.
    /// [`EngineError::UnknownExecution`] if there is none.
    pub async fn delete_flow(&self, workspace: WorkspaceId, id: ExecutionId, soft: bool) -> Result<(), EngineError> {
        let (inner, stamp) = (&self.0, self.0.stamp());
        let deleted = inner
            .store
            .write_for(workspace, move |conn| Box::pin(async move { delete(conn, workspace, id, soft, &stamp).await }));
        let orphans = deleted.await?;
        children::cancel(inner, workspace, orphans).await?;
        Ok(())
    }

    /// Starts an execution of a definition whose graph has tasks. What can run of its first tasks has run when this returns, and all of
    /// it is durable. [`EngineError::UnknownDefinition`] if there is none of this id.
    pub async fn start_flow(&self, workspace: WorkspaceId, new: NewFlow) -> Result<Acted, EngineError> {
        let inner = &self.0;
        let head = inner.heads.find(&inner.store, workspace, new.definition).await?;
        let head = head.filter(|head| !head.deleted).ok_or(EngineError::UnknownDefinition(new.definition))?;
        let version = head.definition.version;
        let graph = {
            let mut conn = inner.store.glance().await?;
            stepwell_store::definition::graph(&mut conn, workspace, new.definition, version).await?
        };
        let graph = graph.ok_or(EngineError::UnknownDefinition(new.definition))?;
        let stamp = inner.stamp();
        let entities = new.start.people.as_ref().map(|people| people.entities.clone()).unwrap_or_default();
        let contact = match new.start.contact_id {
            Some(id) => contact::get(&mut inner.store.glance().await?, workspace, id).await?,
            None => None,
        };
        let changes = start(&head.definition, &graph, new.start, &stamp.given())?;
        let people = changes.people.as_ref().and_then(|changes| People::begun(changes));
        let people = people.map(|people| People { entities, ..people });
        let visits = changes.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect();
        let around = Surroundings { head, graph, contact, outputs: Vec::new(), people };
        self.decided(around, visits, changes).await
    }

    /// Runs what can run before anything is stored, and stores all of it.
    async fn decided(
        &self,
        around: Surroundings,
        visits: Vec<StepExecution>,
        changes: Changes,
    ) -> Result<Acted, EngineError> {
        let inner = &self.0;
        let (around, changes, ran) = match Chain::of_act(inner, around, visits, changes) {
            Ok(chain) => run(inner, chain).await.ok_or(EngineError::Store(StoreError::Panicked))?,
            Err(decided) => (decided.0, decided.1, Vec::new()),
        };
        let (execution, workspace) = (changes.execution.clone(), changes.execution.workspace_id);
        let entities = around.people.as_ref().map(|people| people.entities.clone()).unwrap_or_default();
        let decided = Arc::new(Decided { changes, ran, entities });
        let stored = inner.store.write_for(workspace, move |conn| Box::pin(async move { store(conn, &decided).await }));
        inner.announce(stored.await?);
        let id = execution.id;
        acted(execution, around, true).ok_or(EngineError::UnknownExecution(id))
    }
}

/// Deletes a flow. The children that were waited for.
async fn delete(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
    soft: bool,
    stamp: &Stamp,
) -> Result<Vec<ExecutionId>, EngineError> {
    let Loaded { people, .. } = flow::load(conn, workspace, id).await?.ok_or(EngineError::UnknownExecution(id))?;
    let nobody = People { tasks: Vec::new(), ..people.clone() };
    let orphans = children::orphans(&people, &nobody);
    let reason = "deleted".to_owned();
    if let Some(mut ended) = control::decided(conn, workspace, id, Input::Cancelled { reason }, stamp).await? {
        // Of a flow that is deleted, entities are told that and nothing else.
        ended.people.iter_mut().for_each(|people| people.happened.clear());
        route::apply(conn, &ended).await?;
    }
    sync::deleted(conn, people.flow, stamp.now).await?;
    match soft {
        true => flow::soft_delete(conn, workspace, id, stamp.now).await?,
        false => flow::delete(conn, workspace, id).await?,
    };
    Ok(orphans)
}

/// Runs the components that touch nothing outside, as long as places are free.
async fn run(inner: &Inner, mut chain: Chain) -> Option<(Surroundings, Changes, Vec<Ran>)> {
    loop {
        let Ok(_place) = inner.dispatcher.slots.try_acquire() else { break };
        let due = chain.due();
        let (report, retry) = dispatch::run_step(inner, &chain.around, &due).await;
        // What there was no room for runs once this is stored.
        if report.no_room || !chain.settle(inner, report, retry) {
            break;
        }
    }
    let (around, changes, ran) = chain.into_parts();
    Some((around, changes?, ran))
}

async fn store(conn: &mut Conn, decided: &Decided) -> Result<Settled, StoreError> {
    if decided.changes.expected.is_some() {
        return decided::store_all(conn, decided).await;
    }
    decided::store_new(conn, decided).await
}

/// Whether an act leaves everything as it is.
fn is_nothing(changes: &Changes) -> bool {
    let people = changes.people.as_deref();
    let nothing = people.is_none_or(|people| {
        people.flow.is_none() && people.tasks.is_empty() && people.removed.is_empty() && people.graph.is_none()
    });
    nothing
        && changes.visits.is_empty()
        && changes.waits.is_empty()
        && changes.waits_over.is_empty()
        && changes.journal.is_empty()
}

fn acted(execution: Execution, around: Surroundings, changed: bool) -> Option<Acted> {
    Some(Acted { execution, graph: around.graph, people: around.people?, changed })
}

/// What is there of an execution that people work on, with what its steps are told.
type Found = (Execution, Vec<StepExecution>, Surroundings);

async fn load(inner: &Inner, workspace: WorkspaceId, id: ExecutionId) -> Result<Option<Found>, StoreError> {
    let mut conn = inner.store.quick_reader().await?;
    match flow::load(&mut conn, workspace, id).await? {
        Some(loaded) => surrounded(inner, conn, loaded).await,
        None => Ok(None),
    }
}

async fn surrounded(inner: &Inner, mut conn: Conn, loaded: Loaded) -> Result<Option<Found>, StoreError> {
    let Loaded { execution, graph, visits, people } = loaded;
    let workspace = execution.workspace_id;
    let contact = match execution.contact_id {
        Some(id) => contact::get(&mut conn, workspace, id).await?,
        None => None,
    };
    let outputs = execution::outputs(&mut conn, workspace, execution.id).await?;
    // Before others are asked for: who holds one and waits for another may wait for itself.
    drop(conn);
    let Some(head) = inner.heads.find(&inner.store, workspace, execution.definition_id).await? else { return Ok(None) };
    let around = Surroundings { head, graph, contact, outputs, people: Some(people) };
    Ok(Some((execution, visits, around)))
}
