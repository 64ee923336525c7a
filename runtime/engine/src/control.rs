//! What people do to executions: start by hand, cancel, cancel all, retry.

use serde_json::Value;
use stepwell_core::{
    Changes, ContactId, DefinitionId, DefinitionKind, Execution, ExecutionId, Input, NoTrigger, Refused, Start, State,
    WorkspaceId, advance,
};
use stepwell_store::{Conn, StoreError, contact, definition, execution, flow};

use crate::commit::Settled;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::route::{self, Routed, Stamp};

/// How many executions one commit cancels.
const CANCEL_BATCH: i64 = 200;

impl Engine {
    /// Starts an execution by hand. It is stored once this returns; its steps run afterwards.
    pub async fn start_execution(
        &self,
        workspace: WorkspaceId,
        definition: DefinitionId,
        contact: ContactId,
        context: Value,
    ) -> Result<Execution, EngineError> {
        let stamp = self.stamp();
        let with = Start { contact_id: Some(contact), event_name: None, event: context, ..Start::default() };
        let (execution, routed) = self
            .0
            .store
            .write(move |conn| Box::pin(async move { start(conn, workspace, definition, with, &stamp).await }))
            .await?;
        self.0.announce(Settled { routed, ..Settled::default() });
        Ok(execution)
    }

    /// Cancels an execution, for a reason in words. An ended one is given back as it is.
    pub async fn cancel(
        &self,
        workspace: WorkspaceId,
        definition: DefinitionId,
        id: ExecutionId,
        reason: &str,
    ) -> Result<Execution, EngineError> {
        let (stamp, reason) = (self.stamp(), reason.to_owned());
        let cancelled = self.0.store.write(move |conn| {
            Box::pin(async move {
                find(conn, workspace, definition, id).await?;
                change(conn, workspace, id, Input::Cancelled { reason }, &stamp).await?;
                find(conn, workspace, definition, id).await
            })
        });
        let cancelled = cancelled.await?;
        if cancelled.parent.is_some() {
            // Who waits for its end is due.
            self.wake_timer();
        }
        Ok(cancelled)
    }

    /// Cancels every execution of a definition that has not ended, in bounded commits, and says how many there were.
    pub async fn cancel_all(
        &self,
        workspace: WorkspaceId,
        definition: DefinitionId,
        reason: &str,
    ) -> Result<u64, EngineError> {
        let mut cancelled = 0;
        loop {
            let (stamp, reason) = (self.stamp(), reason.to_owned());
            let batch = self
                .0
                .store
                .write(move |conn| {
                    Box::pin(async move { cancel_batch(conn, workspace, definition, &reason, &stamp).await })
                })
                .await?;
            cancelled += batch;
            if batch > 0 {
                self.wake_timer();
            } else {
                return Ok(cancelled);
            }
        }
    }

    /// Takes a failed execution up again at the step that failed.
    pub async fn retry(
        &self,
        workspace: WorkspaceId,
        definition: DefinitionId,
        id: ExecutionId,
    ) -> Result<Execution, EngineError> {
        let stamp = self.stamp();
        let (execution, routed) = self
            .0
            .store
            .write(move |conn| Box::pin(async move { retry(conn, workspace, definition, id, &stamp).await }))
            .await?;
        self.0.announce(Settled { routed, ..Settled::default() });
        Ok(execution)
    }
}

async fn start(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    with: Start,
    stamp: &Stamp,
) -> Result<(Execution, Routed), EngineError> {
    let found = definition::get(conn, workspace, id).await?;
    // What people have tasks in begins with more than an event.
    let found = found.filter(|found| found.kind == DefinitionKind::Workflow);
    let found = found.ok_or(EngineError::UnknownDefinition(id))?;
    if !found.enabled {
        return Err(EngineError::NotEnabled(id));
    }
    if let Some(contact) = with.contact_id {
        contact::get(conn, workspace, contact).await?.ok_or(EngineError::UnknownContact(contact))?;
    }
    let graph = definition::graph(conn, workspace, id, found.version).await?;
    if graph.is_none_or(|graph| graph.trigger().is_none()) {
        return Err(NoTrigger.into());
    }
    let mut routed = Routed::default();
    let begun = route::begin(conn, &found, with, stamp, &mut routed).await?;
    Ok((begun.ok_or(EngineError::ReentryRefused(id))?, routed))
}

async fn find(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    id: ExecutionId,
) -> Result<Execution, EngineError> {
    let found = execution::get(conn, workspace, id).await?;
    let found = found.filter(|found| found.definition_id == definition).ok_or(EngineError::UnknownExecution(id))?;
    let graph = execution::graph(conn, &found).await?;
    // What people have tasks in is closed and opened by acts, and is no workflow.
    if graph.is_some_and(|graph| graph.has_tasks()) { Err(EngineError::UnknownExecution(id)) } else { Ok(found) }
}

/// Applies an input to a stored execution. One that has ended stays as it is.
pub(crate) async fn change(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
    input: Input,
    stamp: &Stamp,
) -> Result<bool, StoreError> {
    match decided(conn, workspace, id, input, stamp).await? {
        Some(changes) => route::apply(conn, &changes).await.map(|()| true),
        None => Ok(false),
    }
}

/// What an input changes in a stored execution; nothing in one that has ended.
pub(crate) async fn decided(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
    input: Input,
    stamp: &Stamp,
) -> Result<Option<Changes>, StoreError> {
    let Some((execution, visits)) = execution::state(conn, workspace, id).await? else { return Ok(None) };
    let graph = execution::graph(conn, &execution).await?.unwrap_or_default();
    let people = flow::people(conn, &execution, &graph).await?;
    let state = State { graph: &graph, execution: &execution, visits: &visits, people: people.as_ref() };
    match advance(state, input, &stamp.given()) {
        Ok(changes) => Ok(Some(changes)),
        Err(Refused::Act(_) | Refused::Ended | Refused::NotActive | Refused::NotFailed) => Ok(None),
    }
}

async fn cancel_batch(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    reason: &str,
    stamp: &Stamp,
) -> Result<u64, EngineError> {
    let mut cancelled = 0;
    for id in execution::active_ids(conn, workspace, definition, CANCEL_BATCH).await? {
        let input = Input::Cancelled { reason: reason.to_owned() };
        cancelled += u64::from(change(conn, workspace, id, input, stamp).await?);
    }
    Ok(cancelled)
}

async fn retry(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    id: ExecutionId,
    stamp: &Stamp,
) -> Result<(Execution, Routed), EngineError> {
    let found = execution::get_to_change(conn, workspace, id).await?;
    let found = found.filter(|found| found.definition_id == definition).ok_or(EngineError::UnknownExecution(id))?;
    let failed: Vec<_> = execution::failed_visit(conn, workspace, id).await?.into_iter().collect();
    let graph = execution::graph(conn, &found).await?.unwrap_or_default();
    if graph.has_tasks() {
        return Err(EngineError::UnknownExecution(id));
    }
    let state = State { graph: &graph, execution: &found, visits: &failed, people: None };
    let changes = advance(state, Input::Retried, &stamp.given()).map_err(|_| EngineError::NotFailed(id))?;
    match route::apply(conn, &changes).await {
        Ok(()) => {}
        Err(StoreError::ReentryRefused(_)) => return Err(EngineError::ReentryRefused(definition)),
        Err(error) => return Err(error.into()),
    }
    Ok((changes.execution.clone(), Routed { due: route::due(&changes).collect(), ..Routed::default() }))
}
