//! Storing what a step did: its outcome and its transactional effects, in one commit.

use stepwell_core::{
    Consent, Contact, Effect, Input, Message, MessageStatus, Refused, RetryPolicy, State, StepReport, advance,
};
use stepwell_store::{Conn, Seen, StoreError, claim, contact, execution, flow, keyvalue, outbox, suppression};

use crate::children;
use crate::route::{self, NewEvent, Routed, Stamp};
use crate::step::Due;

/// Why a marketing message is not sent (spec plunk-workflows, 8.2).
pub(crate) const UNSUBSCRIBED: &str = "contact is unsubscribed from marketing emails";

/// What a settled step set off.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) routed: Routed,
    /// Whether messages were queued.
    pub(crate) mail: bool,
    /// The earliest time at which something of the execution is due.
    pub(crate) next_at: Option<stepwell_core::Timestamp>,
    /// How the execution stands, where the commit left it as it was decided before.
    pub(crate) seen: Option<Seen>,
    /// Its contact, if the commit changed it.
    pub(crate) contact: Option<(Contact, Seen)>,
}

/// Stores an outcome and its effects. An execution that ended in the meantime takes neither.
pub(crate) async fn settle(
    conn: &mut Conn,
    ran: &Due,
    report: StepReport,
    retry: RetryPolicy,
    spread: f64,
    stamp: &Stamp,
) -> Result<Settled, StoreError> {
    let workspace = ran.visit.workspace_id;
    let Some((stored, visits)) = execution::state(conn, workspace, ran.execution.id).await? else {
        return Ok(Settled::default());
    };
    if !claim::holds(conn, ran.visit.id).await? {
        tracing::warn!(execution = %ran.execution.id, visit = %ran.visit.id, "another node has taken over the step");
        return Ok(Settled::default());
    }
    let Some(graph) = execution::graph(conn, &stored).await? else { return Ok(Settled::default()) };
    let people = flow::people(conn, &stored, &graph).await?;
    let (outcome, plugin) = (report.outcome, report.plugin);
    let input = Input::Settled { visit: ran.visit.id, run: ran.visit.run(), outcome, plugin, retry, spread };
    let state = State { graph: &graph, execution: &stored, visits: &visits, people: people.as_ref() };
    let changes = match advance(state, input, &stamp.given()) {
        Ok(changes) => changes,
        Err(refused) => return Ok(late(ran, refused)),
    };
    route::apply(conn, &changes).await?;
    let mut settled = Settled { next_at: next_at(&changes), ..Settled::default() };
    settled.routed.due.extend(route::due(&changes));
    let effects = report.effects.into_iter().filter(|_| changes.keeps_effects(ran.visit.id));
    for effect in effects {
        apply(conn, ran, effect, stamp, &mut settled).await?;
    }
    Ok(settled)
}

fn late(ran: &Due, refused: Refused) -> Settled {
    tracing::info!(execution = %ran.execution.id, visit = %ran.visit.id, %refused, "a step's outcome came too late");
    Settled::default()
}

pub(crate) fn next_at(changes: &stepwell_core::Changes) -> Option<stepwell_core::Timestamp> {
    let waits = changes.waits.iter().filter_map(|wait| wait.due_at);
    let retries = changes.visits.iter().filter(|visit| visit.status == stepwell_core::StepStatus::Pending);
    // Whoever waits for its end is due at once.
    let parent = changes.execution.parent.and(changes.execution.completed_at);
    waits.chain(retries.filter_map(|visit| visit.run_at)).chain(parent).min()
}

pub(crate) async fn apply(
    conn: &mut Conn,
    ran: &Due,
    effect: Effect,
    stamp: &Stamp,
    settled: &mut Settled,
) -> Result<(), StoreError> {
    let workspace = ran.visit.workspace_id;
    match effect {
        Effect::UpdateContact { contact_id, change } => {
            if let Some((changed, routed)) = route::change_contact(conn, workspace, contact_id, &change, stamp).await? {
                settled.routed.absorb(routed);
                if ran.execution.contact_id == Some(contact_id) {
                    settled.contact = conn.seen(contact_id.0).map(|seen| (changed, seen));
                }
            }
        }
        Effect::EmitEvent { name, contact_id, data } => {
            let event = NewEvent { name, contact_id, message_id: None, data };
            settled.routed.absorb(route::emit(conn, workspace, event, stamp).await?.1);
        }
        Effect::QueueEmail { id, email } => {
            let execution = &ran.execution;
            let mut message = pending(workspace, id, email, stamp);
            message.execution_id = Some(execution.id);
            message.step_execution_id = Some(ran.visit.id);
            message.step_id = Some(ran.visit.step_id);
            settled.mail |= queue(conn, message).await?;
        }
        Effect::SetValue { bucket, key, value } => keyvalue::set(conn, workspace, &bucket, &key, &value).await?,
        Effect::DeleteValue { bucket, key } => keyvalue::delete(conn, workspace, &bucket, &key).await?,
        Effect::StartChild { id, target, input } => {
            let begun = children::begin(conn, ran, (id, target, input), stamp).await?;
            if begun.started == 0 {
                settled.next_at = Some(stamp.now);
            }
            settled.routed.absorb(begun);
        }
    }
    Ok(())
}

/// A message that is to be delivered as soon as possible.
pub(crate) fn pending(
    workspace: stepwell_core::WorkspaceId,
    id: stepwell_core::MessageId,
    email: stepwell_core::Email,
    stamp: &Stamp,
) -> Message {
    Message {
        id,
        workspace_id: workspace,
        execution_id: None,
        step_execution_id: None,
        step_id: None,
        email,
        status: MessageStatus::Pending,
        attempts: 0,
        next_at: Some(stamp.now),
        error: None,
        opens: 0,
        clicks: 0,
        sent_at: None,
        created_at: stamp.now,
        updated_at: stamp.now,
    }
}

/// Queues a message, or stores it as failed where consent is missing. `true` if there is something to deliver.
pub(crate) async fn queue(conn: &mut Conn, mut message: Message) -> Result<bool, StoreError> {
    let allowed = may_send(conn, &message).await?;
    if !allowed {
        message.status = MessageStatus::Failed;
        message.next_at = None;
        message.error = Some(UNSUBSCRIBED.to_owned());
    }
    outbox::insert(conn, &message).await?;
    Ok(allowed)
}

/// Whether consent allows the message now. Asked when it is queued and again when it is sent.
pub(crate) async fn may_send(conn: &mut Conn, message: &Message) -> Result<bool, StoreError> {
    if message.email.consent == Consent::Transactional {
        return Ok(true);
    }
    if suppression::contains(conn, message.workspace_id, &message.email.to).await? {
        return Ok(false);
    }
    match message.email.contact_id {
        Some(id) => Ok(contact::get(conn, message.workspace_id, id).await?.is_some_and(|contact| contact.subscribed)),
        None => Ok(true),
    }
}
