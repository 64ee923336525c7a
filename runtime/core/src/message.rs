//! Messages to people: what the outbox holds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{ContactId, ExecutionId, MessageId, StepExecutionId, StepId, TemplateId, WorkspaceId};
use crate::time::Timestamp;

/// Whether a message needs the recipient's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// Sent whatever the subscription says.
    Transactional,
    /// Sent only while the contact is subscribed and not suppressed.
    Marketing,
}

/// One email, rendered. It is never rendered again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Email {
    /// The recipient's address.
    pub to: String,
    /// The recipient's display name.
    #[serde(default)]
    pub to_name: Option<String>,
    /// The sender's address; empty for the server's default.
    pub from: String,
    /// The sender's display name.
    pub from_name: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The subject, rendered.
    pub subject: String,
    /// The HTML body, rendered.
    pub html: String,
    /// Whether consent is needed.
    pub consent: Consent,
    /// The contact it is for, whose consent counts; none for a foreign address.
    pub contact_id: Option<ContactId>,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// Extra headers, text alternative, attachments: `{headers, text, attachments}`.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// Where a message stands. The names are those of the workflows surface (spec plunk-workflows, 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageStatus {
    /// Queued, or waiting for the next try.
    Pending,
    /// A node is delivering it.
    Sending,
    /// The mail server took it.
    Sent,
    /// The recipient opened it.
    Opened,
    /// The recipient followed a link.
    Clicked,
    /// The mail server refused it for good.
    Bounced,
    /// It was given up, or consent was missing; `error` says which.
    Failed,
}

/// A message and its delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Stable over all attempts; the Message-ID is made from it.
    pub id: MessageId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The execution that queued it; none for a message sent through the API.
    pub execution_id: Option<ExecutionId>,
    /// The visit that queued it.
    pub step_execution_id: Option<StepExecutionId>,
    /// The step that queued it, for the counters.
    pub step_id: Option<StepId>,
    /// What to send.
    pub email: Email,
    /// Where it stands.
    pub status: MessageStatus,
    /// How many delivery attempts were made.
    pub attempts: u32,
    /// When to try next; none when there is nothing left to try.
    pub next_at: Option<Timestamp>,
    /// Why it failed or bounced.
    pub error: Option<String>,
    /// How often it was opened.
    pub opens: u32,
    /// How often a link was followed.
    pub clicks: u32,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
