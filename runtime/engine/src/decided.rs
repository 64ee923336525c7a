//! Storing what was decided about an execution, with what its steps did on the way: all of it in one commit.

use stepwell_core::flow::Entity;
use stepwell_core::{Changes, RetryPolicy, StepReport};
use stepwell_store::{Conn, StoreError, execution};

use crate::commit::{self, Settled};
use crate::route::{self, Stamp};
use crate::step::Due;
use crate::{sync, watch};

/// What is to be stored.
pub(crate) struct Decided {
    pub(crate) changes: Changes,
    pub(crate) ran: Vec<Ran>,
    /// What was known of the entities that it is about.
    pub(crate) entities: Vec<Entity>,
}

/// One step that ran.
#[derive(Clone)]
pub(crate) struct Ran {
    pub(crate) due: Due,
    pub(crate) report: StepReport,
    pub(crate) retry: RetryPolicy,
    pub(crate) spread: f64,
    pub(crate) stamp: Stamp,
}

/// Writes the steps; if the execution was changed by somebody else meanwhile, only the first of them, decided anew: the others
/// follow from a state that is gone, and run again.
pub(crate) async fn store(conn: &mut Conn, decided: &Decided) -> Result<Settled, StoreError> {
    match store_all(conn, decided).await {
        Err(StoreError::Fenced(_)) => first_anew(conn, &decided.ran).await,
        stored => stored,
    }
}

/// Writes what was decided and what steps did, or nothing: [`StoreError::Fenced`] if the execution was changed meanwhile.
pub(crate) async fn store_all(conn: &mut Conn, decided: &Decided) -> Result<Settled, StoreError> {
    route::apply(conn, &decided.changes).await?;
    effects_of(conn, decided).await
}

/// Writes an execution that is new with what its first steps did.
pub(crate) async fn store_new(conn: &mut Conn, decided: &Decided) -> Result<Settled, StoreError> {
    if !execution::insert(conn, &decided.changes).await? {
        return Err(StoreError::ReentryRefused(decided.changes.execution.definition_id));
    }
    sync::apply(conn, &decided.changes).await?;
    let mut settled = effects_of(conn, decided).await?;
    settled.routed.started += 1;
    Ok(settled)
}

async fn effects_of(conn: &mut Conn, decided: &Decided) -> Result<Settled, StoreError> {
    let Decided { changes, ran, entities } = decided;
    let mut settled = Settled { next_at: commit::next_at(changes), ..Settled::default() };
    settled.routed.due.extend(route::due(changes));
    for ran in ran.iter().filter(|ran| changes.keeps_effects(ran.due.visit.id)) {
        for effect in &ran.report.effects {
            commit::apply(conn, &ran.due, effect.clone(), &ran.stamp, &mut settled).await?;
        }
    }
    if watch::look_again(conn, changes, entities).await? {
        settled.next_at = Some(changes.execution.updated_at);
    }
    settled.seen = conn.seen(changes.execution.id.0);
    Ok(settled)
}

async fn first_anew(conn: &mut Conn, ran: &[Ran]) -> Result<Settled, StoreError> {
    match ran.first() {
        Some(Ran { due, report, retry, spread, stamp }) => {
            commit::settle(conn, due, report.clone(), *retry, *spread, stamp).await
        }
        None => Ok(Settled::default()),
    }
}
