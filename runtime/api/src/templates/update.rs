//! `PATCH /templates/{id}`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_core::{Template, TemplateId};
use stepwell_store::template;
use utoipa::ToSchema;

use super::wire::{Kind, TemplateBody, check_syntax, not_found};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::TemplatesWrite;
use crate::state::ApiState;
use crate::wire::{Description, EmailAddress, Name, PersonName, TemplateSource, TemplateSubject, nullable};

/// What to change. What is absent stays as it is; null clears a description, a sender's name or a reply address.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateTemplate {
    name: Option<Name>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Description>)]
    description: Option<Option<Description>>,
    subject: Option<TemplateSubject>,
    body: Option<TemplateSource>,
    from: Option<EmailAddress>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<PersonName>)]
    from_name: Option<Option<PersonName>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<EmailAddress>)]
    reply_to: Option<Option<EmailAddress>>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
}

impl UpdateTemplate {
    fn apply(self, template: &mut Template) {
        if let Some(Name(name)) = self.name {
            template.name = name;
        }
        if let Some(description) = self.description {
            template.description = description.map(String::from);
        }
        if let Some(TemplateSubject(subject)) = self.subject {
            template.subject = subject;
        }
        if let Some(TemplateSource(body)) = self.body {
            template.body = body;
        }
        if let Some(from) = self.from {
            template.from = from.trimmed();
        }
        if let Some(name) = self.from_name {
            template.from_name = name.map(String::from);
        }
        if let Some(address) = self.reply_to {
            template.reply_to = address.map(|address| address.trimmed());
        }
        if let Some(kind) = self.kind {
            template.kind = kind.into();
        }
    }
}

/// Changes a template. Messages that were rendered before stay as they are.
#[utoipa::path(
    patch, path = "/templates/{id}", tag = "templates", security(("secret_key" = ["templates:write"])),
    params(("id" = Uuid, Path, description = "The template")),
    responses((status = 200, description = "The template as it is now", body = TemplateBody))
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    key: Secret<TemplatesWrite>,
    At(id): At<TemplateId>,
    Json(wanted): Json<UpdateTemplate>,
) -> Result<Json<TemplateBody>, ApiError> {
    wanted.subject.as_ref().map_or(Ok(()), |subject| check_syntax("subject", &subject.0))?;
    wanted.body.as_ref().map_or(Ok(()), |body| check_syntax("body", &body.0))?;
    let (workspace, now) = (key.workspace, state.now());
    let changed = state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                let mut template = template::get(conn, workspace, id).await?.ok_or_else(not_found)?;
                wanted.apply(&mut template);
                template.updated_at = now;
                template::update(conn, &template).await?;
                Ok(template)
            })
        })
        .await?;
    Ok(Json(changed.into()))
}
