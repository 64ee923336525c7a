//! `POST /templates`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell_core::Template;
use stepwell_store::{StoreError, template};
use utoipa::ToSchema;

use super::wire::{Kind, TemplateBody, check_syntax};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::TemplatesWrite;
use crate::state::ApiState;
use crate::wire::{Description, EmailAddress, Name, PersonName, TemplateSource, TemplateSubject};

/// A template to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateTemplate {
    name: Name,
    description: Option<Description>,
    subject: TemplateSubject,
    body: TemplateSource,
    /// The sender's address.
    from: EmailAddress,
    /// The sender's name.
    from_name: Option<PersonName>,
    /// Where answers go.
    reply_to: Option<EmailAddress>,
    #[serde(rename = "type", default)]
    kind: Kind,
}

/// Makes a template.
#[utoipa::path(
    post, path = "/templates", tag = "templates", security(("secret_key" = ["templates:write"])),
    responses((status = 201, description = "Made", body = TemplateBody))
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    key: Secret<TemplatesWrite>,
    Json(wanted): Json<CreateTemplate>,
) -> Result<(StatusCode, Json<TemplateBody>), ApiError> {
    check_syntax("subject", &wanted.subject.0)?;
    check_syntax("body", &wanted.body.0)?;
    let now = state.now();
    let made = Template {
        id: state.new_id(),
        workspace_id: key.workspace,
        name: wanted.name.0,
        description: wanted.description.map(String::from),
        subject: wanted.subject.0,
        body: wanted.body.0,
        from: wanted.from.trimmed(),
        from_name: wanted.from_name.map(String::from),
        reply_to: wanted.reply_to.map(|address| address.trimmed()),
        kind: wanted.kind.into(),
        created_at: now,
        updated_at: now,
    };
    let stored = made.clone();
    state
        .store()
        .write::<_, StoreError, _>(move |conn| Box::pin(async move { template::insert(conn, &stored).await }))
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
