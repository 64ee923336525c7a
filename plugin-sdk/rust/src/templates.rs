//! Message templates of the workspace.

use serde::{Deserialize, Serialize};

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::templates as host;
pub use crate::bindings::stepwell::plugin::templates::TemplateError;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::templates as host;

/// A template, unrendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The subject, in the template language.
    #[serde(default)]
    pub subject: String,
    /// The HTML body, in the template language.
    #[serde(default)]
    pub body: String,
    /// The sender's address.
    pub from: Option<String>,
    /// The sender's name.
    pub from_name: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// What it is for.
    #[serde(rename = "type", default)]
    pub kind: Kind,
}

/// What a template is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Needs consent and gets an unsubscribe footer.
    #[default]
    Marketing,
    /// Receipts, passwords: sent whatever the subscription says.
    Transactional,
    /// Needs consent; its author brings the footer.
    Headless,
}

/// Reads a template.
pub fn get(template_id: &str) -> Result<Template, TemplateError> {
    let json = host::get(template_id)?;
    serde_json::from_str(&json).map_err(|_| TemplateError::Unavailable)
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::NotFound => Self::fatal("no-template", "the template does not exist; choose another one"),
            TemplateError::Denied => Self::denied("stepwell:plugin/templates"),
            TemplateError::Unavailable => Self::unavailable("templates"),
        }
    }
}
