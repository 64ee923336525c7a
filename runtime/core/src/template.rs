//! Message templates (spec plunk-workflows, section 12).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{TemplateId, WorkspaceId};
use crate::time::Timestamp;

/// What a template is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateKind {
    /// Needs consent, gets an unsubscribe footer.
    #[default]
    Marketing,
    /// Sent whatever the subscription says.
    Transactional,
    /// Needs consent, gets no footer.
    Headless,
}

/// An email template, unrendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Which one.
    pub id: TemplateId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it is for, in words.
    pub description: Option<String>,
    /// The subject, in the template language.
    pub subject: String,
    /// The HTML body, in the template language.
    pub body: String,
    /// The sender's address.
    pub from: String,
    /// The sender's display name.
    pub from_name: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// What it is for.
    pub kind: TemplateKind,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Template {
    /// The document that a step sees.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "subject": self.subject, "body": self.body, "from": self.from,
            "fromName": self.from_name, "replyTo": self.reply_to, "type": self.kind,
        })
    }
}
