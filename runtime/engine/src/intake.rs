//! Intake: events, contact changes and messages from outside. Each is one commit; once a function returns, everything it
//! reports is stored, and steps run afterwards.

use serde_json::Value;
use stepwell_core::{
    Contact, ContactChange, ContactId, Email, Event, MAX_CONTACT_DATA, MergeRule, MessageId, WorkspaceId,
    normalise_email,
};
use stepwell_store::{Conn, contact, idempotency, outbox};

use crate::commit::{self, Settled};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::route::{self, NewEvent, Routed, Stamp};

/// How long an idempotency key is remembered: a day (spec plunk-workflows, 10.1).
const KEY_TTL_MS: i64 = 24 * 60 * 60 * 1000;

/// An event from outside.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Its name.
    pub name: String,
    /// Whom it happened to.
    pub who: Who,
    /// The message it is about, if it is about one.
    pub message_id: Option<MessageId>,
    /// Its data, an object or null. Becomes the context of the executions it starts.
    pub data: Value,
    /// The caller's key: the same one is taken once a day.
    pub key: Option<IdempotencyKey>,
}

/// Whom an event happened to.
#[derive(Clone, Debug)]
pub enum Who {
    /// Nobody: it starts nothing.
    Nobody,
    /// A contact that exists.
    Contact(ContactId),
    /// The contact of an address, made if there is none.
    Address(AddressEdit),
}

/// What is written to the contact of an address.
#[derive(Clone, Debug)]
pub struct AddressEdit {
    /// The address; it is normalised here.
    pub email: String,
    /// Members to merge by the intake rule.
    pub data: serde_json::Map<String, Value>,
    /// The subscription wanted, if any.
    pub subscribed: Option<bool>,
    /// The subscription of a new contact when none is wanted.
    pub subscribed_if_new: bool,
    /// Leave the subscription of an existing contact as it is, whatever is wanted.
    pub preserve_existing_subscription: bool,
}

/// A caller's idempotency key and the request it came with, as `POST /v1/track`.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The key.
    pub key: String,
    /// The request.
    pub request: String,
}

/// A stored event.
#[derive(Debug)]
pub struct Tracked {
    /// The event.
    pub event: Event,
    /// Its contact.
    pub contact: Option<Contact>,
    /// How many executions it started.
    pub started: usize,
}

/// A written contact.
#[derive(Debug)]
pub struct Written {
    /// The contact as it is now.
    pub contact: Contact,
    /// Whether it was made.
    pub is_new: bool,
}

impl Engine {
    /// Stores an event, writes its contact, starts executions and ends waits, in one commit with the idempotency key.
    pub async fn track(&self, workspace: WorkspaceId, intake: Intake) -> Result<Tracked, EngineError> {
        let stamp = self.stamp();
        let (tracked, routed) = self
            .0
            .store
            .write_for(workspace, move |conn| Box::pin(async move { track(conn, workspace, intake, &stamp).await }))
            .await?;
        self.0.announce(Settled { routed, ..Settled::default() });
        Ok(tracked)
    }

    /// Makes or changes the contact of an address.
    pub async fn upsert_contact(&self, workspace: WorkspaceId, edit: AddressEdit) -> Result<Written, EngineError> {
        let stamp = self.stamp();
        let (written, routed) = self
            .0
            .store
            .write_for(workspace, move |conn| Box::pin(async move { upsert(conn, workspace, edit, &stamp).await }))
            .await?;
        self.0.announce(Settled { routed, ..Settled::default() });
        Ok(written)
    }

    /// Changes a contact, its address too if one is given.
    pub async fn update_contact(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
        email: Option<String>,
        change: ContactChange,
    ) -> Result<Contact, EngineError> {
        let stamp = self.stamp();
        let (contact, routed) = self
            .0
            .store
            .write_for(workspace, move |conn| {
                Box::pin(async move { update(conn, workspace, id, email, &change, &stamp).await })
            })
            .await?;
        self.0.announce(Settled { routed, ..Settled::default() });
        Ok(contact)
    }

    /// Makes or finds the contacts of the addresses and queues one message to each, all in one commit. The result pairs each
    /// contact with its message. A contact that is made gets the id that its message names; if the message names another than
    /// the address has by now, nothing is done.
    pub async fn send(
        &self,
        workspace: WorkspaceId,
        messages: Vec<(AddressEdit, Email)>,
        key: Option<IdempotencyKey>,
    ) -> Result<Vec<(Contact, MessageId)>, EngineError> {
        let stamp = self.stamp();
        let (sent, routed) = self
            .0
            .store
            .write_for(workspace, move |conn| {
                Box::pin(async move { send(conn, workspace, messages, key, &stamp).await })
            })
            .await?;
        self.0.announce(Settled { routed, mail: true, ..Settled::default() });
        Ok(sent)
    }
}

async fn track(
    conn: &mut Conn,
    workspace: WorkspaceId,
    intake: Intake,
    stamp: &Stamp,
) -> Result<(Tracked, Routed), EngineError> {
    take_key(conn, workspace, intake.key.as_ref(), stamp).await?;
    let mut routed = Routed::default();
    let contact = match intake.who {
        Who::Nobody => None,
        Who::Contact(id) => Some(contact::get(conn, workspace, id).await?.ok_or(EngineError::UnknownContact(id))?),
        Who::Address(edit) => {
            let (written, caused) = upsert(conn, workspace, edit, stamp).await?;
            routed.absorb(caused);
            Some(written.contact)
        }
    };
    if let Some(id) = intake.message_id {
        outbox::get(conn, workspace, id).await?.ok_or(EngineError::UnknownMessage(id))?;
    }
    let contact_id = contact.as_ref().map(|contact| contact.id);
    let new = NewEvent { name: intake.name, contact_id, message_id: intake.message_id, data: intake.data };
    let (event, caused) = route::emit(conn, workspace, new, stamp).await?;
    routed.absorb(caused);
    if let Some(contact) = &contact {
        routed.know(conn, contact);
    }
    answered(conn, workspace, intake.key.as_ref()).await?;
    Ok((Tracked { event, contact, started: routed.started }, routed))
}

/// Reserves a key; fails if it was used. A request that fails later gives it back, since the commit is rolled back.
async fn take_key(
    conn: &mut Conn,
    workspace: WorkspaceId,
    key: Option<&IdempotencyKey>,
    stamp: &Stamp,
) -> Result<(), EngineError> {
    let Some(key) = key else { return Ok(()) };
    match idempotency::begin(conn, workspace, &key.key, &key.request, stamp.now, KEY_TTL_MS).await? {
        idempotency::Begun::Fresh => Ok(()),
        idempotency::Begun::Reused { request, at, status } => {
            Err(EngineError::KeyReused { key: key.key.clone(), request, at, status })
        }
    }
}

async fn answered(conn: &mut Conn, workspace: WorkspaceId, key: Option<&IdempotencyKey>) -> Result<(), EngineError> {
    if let Some(key) = key {
        idempotency::finish(conn, workspace, &key.key, 200).await?;
    }
    Ok(())
}

async fn upsert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    edit: AddressEdit,
    stamp: &Stamp,
) -> Result<(Written, Routed), EngineError> {
    upsert_as(conn, workspace, edit, stamp.given().id(), stamp).await
}

/// As [`upsert`], with the id that the contact gets if it is made.
async fn upsert_as(
    conn: &mut Conn,
    workspace: WorkspaceId,
    edit: AddressEdit,
    id: ContactId,
    stamp: &Stamp,
) -> Result<(Written, Routed), EngineError> {
    let email = normalise_email(&edit.email);
    let keeps = edit.preserve_existing_subscription && contact::get_by_email(conn, workspace, &email).await?.is_some();
    let subscribed = edit.subscribed.filter(|_| !keeps);
    let change = ContactChange { data: edit.data, merge: MergeRule::Intake, subscribed };
    let if_new = edit.subscribed.unwrap_or(edit.subscribed_if_new);
    let done = contact::upsert(conn, workspace, &email, &change, if_new, id, stamp.now).await?;
    bounded(&done.contact)?;
    let mut routed = Routed::default();
    if !done.is_new {
        routed.absorb(route::watched(conn, &done.contact, stamp).await?);
    }
    if done.flipped && !done.is_new {
        routed.absorb(route::subscription_flipped(conn, &done.contact, stamp).await?);
    }
    Ok((Written { contact: done.contact, is_new: done.is_new }, routed))
}

async fn update(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ContactId,
    email: Option<String>,
    change: &ContactChange,
    stamp: &Stamp,
) -> Result<(Contact, Routed), EngineError> {
    if let Some(email) = email {
        contact::update_email(conn, workspace, id, &normalise_email(&email), stamp.now).await?;
    }
    let changed = route::change_contact(conn, workspace, id, change, stamp).await?;
    let (contact, routed) = changed.ok_or(EngineError::UnknownContact(id))?;
    bounded(&contact)?;
    Ok((contact, routed))
}

/// Data may grow by many small merges; the whole is bounded here, in the commit that would go beyond it.
fn bounded(contact: &Contact) -> Result<(), EngineError> {
    let size = serde_json::to_vec(&contact.data).map_or(usize::MAX, |text| text.len());
    if size > MAX_CONTACT_DATA {
        return Err(EngineError::ContactDataTooLarge { limit: MAX_CONTACT_DATA });
    }
    Ok(())
}

async fn send(
    conn: &mut Conn,
    workspace: WorkspaceId,
    messages: Vec<(AddressEdit, Email)>,
    key: Option<IdempotencyKey>,
    stamp: &Stamp,
) -> Result<(Vec<(Contact, MessageId)>, Routed), EngineError> {
    take_key(conn, workspace, key.as_ref(), stamp).await?;
    let mut routed = Routed::default();
    let mut sent = Vec::with_capacity(messages.len());
    for (edit, mut email) in messages {
        let meant = email.contact_id;
        let id = meant.unwrap_or_else(|| stamp.given().id());
        let (written, caused) = upsert_as(conn, workspace, edit, id, stamp).await?;
        if meant.is_some_and(|meant| meant != written.contact.id) {
            return Err(EngineError::OtherContact { email: written.contact.email });
        }
        routed.absorb(caused);
        email.contact_id = Some(written.contact.id);
        let message = commit::pending(workspace, stamp.given().id(), email, stamp);
        let id = message.id;
        commit::queue(conn, message).await?;
        sent.push((written.contact, id));
    }
    answered(conn, workspace, key.as_ref()).await?;
    Ok((sent, routed))
}
