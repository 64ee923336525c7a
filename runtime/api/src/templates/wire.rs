//! Templates as on the wire.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell_core::{Template, TemplateKind};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, FieldError};
use crate::wire::Time;

/// A message template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Template)]
pub(crate) struct TemplateBody {
    id: Uuid,
    name: String,
    description: Option<String>,
    /// In the template language.
    subject: String,
    /// HTML in the template language.
    body: String,
    /// The sender's address.
    from: String,
    /// The sender's name.
    from_name: Option<String>,
    /// Where answers go.
    reply_to: Option<String>,
    #[serde(rename = "type")]
    kind: Kind,
    project_id: Uuid,
    created_at: Time,
    updated_at: Time,
}

impl From<Template> for TemplateBody {
    fn from(template: Template) -> Self {
        Self {
            id: template.id.0,
            name: template.name,
            description: template.description,
            subject: template.subject,
            body: template.body,
            from: template.from,
            from_name: template.from_name,
            reply_to: template.reply_to,
            kind: template.kind.into(),
            project_id: template.workspace_id.0,
            created_at: Time(template.created_at),
            updated_at: Time(template.updated_at),
        }
    }
}

/// What a template is for: `MARKETING` needs consent and gets an unsubscribe footer, `HEADLESS` needs consent and gets none,
/// `TRANSACTIONAL` is sent whatever the subscription says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = TemplateType)]
pub(super) enum Kind {
    #[default]
    Marketing,
    Transactional,
    Headless,
}

impl From<TemplateKind> for Kind {
    fn from(kind: TemplateKind) -> Self {
        match kind {
            TemplateKind::Marketing => Self::Marketing,
            TemplateKind::Transactional => Self::Transactional,
            TemplateKind::Headless => Self::Headless,
        }
    }
}

impl From<Kind> for TemplateKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Marketing => Self::Marketing,
            Kind::Transactional => Self::Transactional,
            Kind::Headless => Self::Headless,
        }
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::not_found("TEMPLATE_NOT_FOUND", "Template not found")
}

pub(super) fn in_use() -> ApiError {
    ApiError::conflict("A workflow step uses the template").suggest("Give the step another template first")
}

/// Refuses a text that is not in the template language, with the line and column.
pub(crate) fn check_syntax(field: &'static str, source: &str) -> Result<(), ApiError> {
    stepwell_template::check(source).map_err(|problem| {
        ApiError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", format!("The {field} is not a valid template"))
            .with(FieldError::new(field, "invalid_template", problem.to_string()))
            .details(json!({ "line": problem.line, "column": problem.column }))
    })
}
