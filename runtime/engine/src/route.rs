//! What an event sets off, inside the commit that stores it: executions start and waits end. Nothing runs here; what became
//! due is handed back for the dispatcher.

use std::sync::Arc;

use serde_json::Value;
use stepwell_core::{
    Changes, Contact, ContactChange, ContactId, Definition, Event, Given, IdSource, Input, MessageId, ReceivedEvent,
    Start, State, StepExecution, StepStatus, Timestamp, Wait, Wake, WorkspaceId, advance, canonical_name, start,
};
use stepwell_rules::Documents;
use stepwell_store::{Conn, StoreError, contact, definition, entity, event, execution, flow, wait};

use crate::children;
use crate::known::Known;
use crate::queue::Ticket;
use crate::sync;

/// The time and the ids of one commit, owned so that they can travel into it.
#[derive(Clone)]
pub struct Stamp {
    /// When the commit was asked for.
    pub now: Timestamp,
    /// Where its ids come from.
    pub ids: Arc<dyn IdSource>,
}

impl Stamp {
    pub(crate) fn given(&self) -> Given<'_> {
        Given::new(self.now, self.ids.as_ref())
    }
}

/// An event to store and route.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its name.
    pub name: String,
    /// Whose.
    pub contact_id: Option<ContactId>,
    /// The message it is about.
    pub message_id: Option<MessageId>,
    /// Its data, an object or null.
    pub data: Value,
}

/// What a commit set off.
#[derive(Debug, Default)]
pub struct Routed {
    pub(crate) due: Vec<Ticket>,
    pub(crate) known: Vec<Known>,
    /// How many executions were started.
    pub started: usize,
    /// When the timer has something to do, if before it would look by itself.
    pub(crate) wakes_at: Option<Timestamp>,
}

impl Routed {
    /// Takes over what another part of the same commit set off.
    pub fn absorb(&mut self, other: Self) {
        self.due.extend(other.due);
        self.known.extend(other.known);
        self.started += other.started;
        self.wakes_at = self.wakes_at.into_iter().chain(other.wakes_at).min();
    }

    /// Keeps the contact of the executions that were started, as it is after all of the commit.
    pub(crate) fn know(&mut self, conn: &Conn, contact: &Contact) {
        let Some(seen) = conn.seen(contact.id.0) else { return };
        for known in self.known.iter_mut().filter(|known| known.execution.contact_id == Some(contact.id)) {
            known.contact = Some((contact.clone(), seen));
        }
    }
}

/// Stores an event, starts what it triggers and wakes what waits for it.
pub async fn emit(
    conn: &mut Conn,
    workspace: WorkspaceId,
    new: NewEvent,
    stamp: &Stamp,
) -> Result<(Event, Routed), StoreError> {
    let stored = Event {
        id: stamp.given().id(),
        workspace_id: workspace,
        name: new.name,
        contact_id: new.contact_id,
        message_id: new.message_id,
        data: new.data,
        created_at: stamp.now,
    };
    event::insert(conn, &stored).await?;
    let mut routed = Routed::default();
    if let Some(contact_id) = stored.contact_id {
        start_all(conn, &stored, contact_id, stamp, &mut routed).await?;
        wake_all(conn, &stored, contact_id, stamp, &mut routed).await?;
    }
    Ok((stored, routed))
}

/// Changes a contact; a subscription that flips is an event of its own (spec plunk-workflows, 11).
pub async fn change_contact(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ContactId,
    change: &ContactChange,
    stamp: &Stamp,
) -> Result<Option<(Contact, Routed)>, StoreError> {
    let Some((changed, flipped)) = contact::apply_change(conn, workspace, id, change, stamp.now).await? else {
        return Ok(None);
    };
    let mut routed = watched(conn, &changed, stamp).await?;
    if flipped {
        routed.absorb(subscription_flipped(conn, &changed, stamp).await?);
    }
    Ok(Some((changed, routed)))
}

/// Has what watches a contact that was changed look at it again.
pub(crate) async fn watched(conn: &mut Conn, contact: &Contact, stamp: &Stamp) -> Result<Routed, StoreError> {
    let id = contact.id.to_string();
    let nudged = wait::nudge_watchers(conn, contact.workspace_id, entity::CONTACT, &id, stamp.now).await?;
    Ok(Routed { wakes_at: (nudged > 0).then_some(stamp.now), ..Routed::default() })
}

/// Emits what a flip of a contact's subscription is called.
pub(crate) async fn subscription_flipped(
    conn: &mut Conn,
    contact: &Contact,
    stamp: &Stamp,
) -> Result<Routed, StoreError> {
    let name = if contact.subscribed { "contact.subscribed" } else { "contact.unsubscribed" };
    let event = NewEvent { name: name.to_owned(), contact_id: Some(contact.id), message_id: None, data: Value::Null };
    Ok(emit(conn, contact.workspace_id, event, stamp).await?.1)
}

async fn start_all(
    conn: &mut Conn,
    event: &Event,
    contact: ContactId,
    stamp: &Stamp,
    routed: &mut Routed,
) -> Result<(), StoreError> {
    let names = [canonical_name(&event.name)];
    for definition in definition::enabled_for_event(conn, event.workspace_id, &names).await? {
        let with = Start {
            contact_id: Some(contact),
            event_name: Some(event.name.clone()),
            event: event.data.clone(),
            ..Start::default()
        };
        if begin(conn, &definition, with, stamp, routed).await?.is_none() {
            tracing::debug!(definition = %definition.id, %contact, "the contact may not enter again");
        }
    }
    Ok(())
}

/// Starts one execution of the newest version; `None` if the re-entry rule refuses or there is no trigger.
pub(crate) async fn begin(
    conn: &mut Conn,
    definition: &Definition,
    with: Start,
    stamp: &Stamp,
    routed: &mut Routed,
) -> Result<Option<stepwell_core::Execution>, StoreError> {
    let graph = definition::graph(conn, definition.workspace_id, definition.id, definition.version).await?;
    let Some(graph) = graph else { return Ok(None) };
    let Ok(changes) = start(definition, &graph, with, &stamp.given()) else { return Ok(None) };
    if !execution::insert(conn, &changes).await? {
        return Ok(None);
    }
    routed.started += 1;
    routed.due.extend(due(&changes));
    let execution = changes.execution.clone();
    routed.known.extend(known(conn, changes));
    Ok(Some(execution))
}

async fn wake_all(
    conn: &mut Conn,
    event: &Event,
    contact_id: ContactId,
    stamp: &Stamp,
    routed: &mut Routed,
) -> Result<(), StoreError> {
    let waits = wait::for_event(conn, event.workspace_id, contact_id, &[canonical_name(&event.name)]).await?;
    if waits.is_empty() {
        return Ok(());
    }
    let document = contact::get(conn, event.workspace_id, contact_id).await?.map(|contact| contact.document());
    for waiting in waits {
        if matches(&waiting, event, document.as_ref(), stamp.now) {
            let wake = Wake::Event(ReceivedEvent {
                id: event.id,
                name: event.name.clone(),
                data: event.data.clone(),
                received_at: event.created_at,
            });
            routed.due.extend(wake_one(conn, &waiting, wake, stamp).await?);
        }
    }
    Ok(())
}

fn matches(wait: &Wait, event: &Event, contact: Option<&Value>, now: Timestamp) -> bool {
    let Some(filter) = wait.event.as_ref().and_then(|event| event.filter.as_ref()) else { return true };
    let nothing = Value::Null;
    let documents =
        Documents { contact: contact.unwrap_or(&nothing), event: &event.data, steps: &nothing, variables: &nothing };
    filter.holds(&documents, now.0)
}

/// Ends one wait, if the execution still stands on it.
pub(crate) async fn wake_one(
    conn: &mut Conn,
    wait: &Wait,
    wake: Wake,
    stamp: &Stamp,
) -> Result<Vec<Ticket>, StoreError> {
    let Some((execution, visits)) = execution::state(conn, wait.workspace_id, wait.execution_id).await? else {
        return Ok(Vec::new());
    };
    if conn.is_shared() && !still_waits(conn, wait).await? {
        return Ok(Vec::new());
    }
    let Some(graph) = execution::graph(conn, &execution).await? else { return Ok(Vec::new()) };
    let people = flow::people(conn, &execution, &graph).await?;
    let state = State { graph: &graph, execution: &execution, visits: &visits, people: people.as_ref() };
    let input = Input::Woken { visit: wait.step_execution_id, wake };
    match advance(state, input, &stamp.given()) {
        Ok(changes) => {
            apply(conn, &changes).await?;
            Ok(due(&changes).collect())
        }
        Err(refused) => {
            tracing::debug!(execution = %wait.execution_id, %refused, "a wait ended that nobody stands on");
            Ok(Vec::new())
        }
    }
}

/// Whether a wait is still the one its visit stands on: since it was read, another node may have ended it, and the visit may wait
/// for something else.
async fn still_waits(conn: &mut Conn, wait: &Wait) -> Result<bool, StoreError> {
    let stored = wait::get(conn, wait.workspace_id, wait.step_execution_id).await?;
    Ok(stored.as_ref() == Some(wait))
}

/// Stores what was decided about a stored execution, and tells those who wait for it. As [`execution::apply`].
pub(crate) async fn apply(conn: &mut Conn, changes: &Changes) -> Result<(), StoreError> {
    execution::apply(conn, changes).await?;
    children::tell_parent(conn, changes).await?;
    sync::apply(conn, changes).await
}

/// What a commit of these changes makes due.
pub(crate) fn due(changes: &Changes) -> impl Iterator<Item = Ticket> {
    changes.ready().map(Ticket::from)
}

/// What is known of the one visit that is due once a new execution is stored.
fn known(conn: &Conn, changes: Changes) -> Option<Known> {
    let seen = conn.seen(changes.execution.id.0).filter(|_| changes.people.is_none())?;
    let mut ready = changes.ready();
    let visit = ready.next().filter(|_| ready.next().is_none())?.id;
    drop(ready);
    let (mut visits, mut outputs) = (Vec::new(), Vec::new());
    for visit in changes.visits {
        match visit.output {
            Some(output) if visit.status == StepStatus::Completed => outputs.push((visit.step_id, output)),
            _ if visit.status.is_done() => {}
            output => visits.push(StepExecution { output, ..visit }),
        }
    }
    Some(Known { visit, execution: Arc::new(changes.execution), visits, outputs, seen, contact: None })
}
