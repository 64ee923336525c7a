//! What is known of a message after it was queued, as events (spec plunk-workflows, 7.3), and what people do through the links
//! in it. Each is one commit: the record, the event, what the event starts and wakes.

use serde_json::{Map, Value, json};
use stepwell_core::{Contact, ContactChange, Message, MessageId, WorkspaceId};
use stepwell_store::{Conn, StoreError, contact, outbox};

use super::compose;
use crate::commit::Settled;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::links::{Claim, Links};
use crate::route::{self, NewEvent, Routed, Stamp};

/// Opens and clicks of one message that are events. More are only counted: a link can be fetched in a loop.
const MAX_EVENTS: u32 = 1_000;

impl Engine {
    /// Records that a message was opened. `false` if there is no such message any more.
    pub async fn opened(&self, claim: &Claim) -> Result<bool, EngineError> {
        let (workspace, id) = message_of(claim)?;
        let (stamp, links) = (self.stamp(), self.links().clone());
        let routed = self
            .store()
            .write(move |conn| Box::pin(async move { open(conn, workspace, id, &links, &stamp).await }))
            .await?;
        Ok(self.tell(routed))
    }

    /// Records that a link of a message was followed. `false` if there is no such message any more; the target is good all the
    /// same.
    pub async fn clicked(&self, claim: &Claim) -> Result<bool, EngineError> {
        let (workspace, id) = message_of(claim)?;
        let target = claim.target.clone().ok_or(EngineError::BadLink)?;
        let (stamp, links) = (self.stamp(), self.links().clone());
        let routed = self
            .store()
            .write(move |conn| Box::pin(async move { click(conn, workspace, id, target, &links, &stamp).await }))
            .await?;
        Ok(self.tell(routed))
    }

    /// Ends the subscription of the contact that a link is about; ended already, nothing happens.
    pub async fn unsubscribe(&self, claim: &Claim) -> Result<Contact, EngineError> {
        self.set_subscription(claim, false).await
    }

    /// Begins the subscription of the contact that a link is about; begun already, nothing happens.
    pub async fn subscribe(&self, claim: &Claim) -> Result<Contact, EngineError> {
        self.set_subscription(claim, true).await
    }

    async fn set_subscription(&self, claim: &Claim, subscribed: bool) -> Result<Contact, EngineError> {
        let (workspace, id) = (claim.workspace_id, claim.contact_id.ok_or(EngineError::BadLink)?);
        let change = ContactChange { subscribed: Some(subscribed), ..ContactChange::default() };
        let stamp = self.stamp();
        let changed: Option<(Contact, Routed)> = self
            .store()
            .write(move |conn| {
                Box::pin(async move { route::change_contact(conn, workspace, id, &change, &stamp).await })
            })
            .await?;
        let (contact, routed) = changed.ok_or(EngineError::UnknownContact(id))?;
        self.tell(Some(routed));
        Ok(contact)
    }

    fn tell(&self, routed: Option<Routed>) -> bool {
        let known = routed.is_some();
        self.0.announce(Settled { routed: routed.unwrap_or_default(), ..Settled::default() });
        known
    }
}

fn message_of(claim: &Claim) -> Result<(WorkspaceId, MessageId), EngineError> {
    Ok((claim.workspace_id, claim.message_id.ok_or(EngineError::BadLink)?))
}

async fn open(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: MessageId,
    links: &Links,
    stamp: &Stamp,
) -> Result<Option<Routed>, EngineError> {
    let Some(message) = outbox::record_open(conn, workspace, id, stamp.now).await? else { return Ok(None) };
    if message.opens > MAX_EVENTS {
        return Ok(Some(Routed::default()));
    }
    let more = json!({
        "openedAt": stamp.now.to_rfc3339(), "opens": message.opens, "isFirstOpen": message.opens == 1,
    });
    Ok(Some(emit(conn, "email.open", &message, more, links, stamp).await?))
}

async fn click(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: MessageId,
    link: String,
    links: &Links,
    stamp: &Stamp,
) -> Result<Option<Routed>, EngineError> {
    let Some(message) = outbox::record_click(conn, workspace, id, stamp.now).await? else { return Ok(None) };
    if message.clicks > MAX_EVENTS {
        return Ok(Some(Routed::default()));
    }
    let more = json!({
        "link": link, "clickedAt": stamp.now.to_rfc3339(), "clicks": message.clicks, "isFirstClick": message.clicks == 1,
    });
    Ok(Some(emit(conn, "email.click", &message, more, links, stamp).await?))
}

/// Emits an event about a message. It belongs to the message's contact, as long as that exists.
pub(super) async fn emit(
    conn: &mut Conn,
    name: &str,
    message: &Message,
    more: Value,
    links: &Links,
    stamp: &Stamp,
) -> Result<Routed, StoreError> {
    let found = match message.email.contact_id {
        Some(id) => contact::get(conn, message.workspace_id, id).await?,
        None => None,
    };
    let event = NewEvent {
        name: name.to_owned(),
        contact_id: found.map(|contact| contact.id),
        message_id: Some(message.id),
        data: data(message, more, links),
    };
    Ok(route::emit(conn, message.workspace_id, event, stamp).await?.1)
}

/// What every event about a message carries, and `more`.
fn data(message: &Message, more: Value, links: &Links) -> Value {
    let email = &message.email;
    let source = if message.execution_id.is_some() { "WORKFLOW" } else { "TRANSACTIONAL" };
    let common = json!({
        "subject": email.subject,
        "from": email.from,
        "fromName": email.from_name,
        "messageId": compose::message_id(message, links),
        "emailId": message.id,
        "templateId": email.template_id,
        "campaignId": null,
        "sourceType": source,
    });
    let members = [common, more].into_iter().filter_map(|value| match value {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(members.flatten().collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::compose::tests::{links, message};

    #[test]
    fn an_event_about_a_message_says_which_and_what_happened() {
        let data = data(&message(Value::Null), json!({ "opens": 2, "isFirstOpen": false }), &links());
        let wanted = json!({
            "subject": "Welcome, Ada", "from": "hello@shop.example", "fromName": "The Shop",
            "messageId": "<00000000-0000-0000-0000-000000000abc@mail.example.org>",
            "emailId": "00000000-0000-0000-0000-000000000abc", "templateId": null, "campaignId": null,
            "sourceType": "TRANSACTIONAL", "opens": 2, "isFirstOpen": false,
        });
        assert_eq!(data, wanted);
    }
}
