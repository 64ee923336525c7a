//! `POST /v1/send`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use serde_json::{Map, Value};
use stepwell_core::{
    Contact, ContactChange, Email, MergeRule, MessageId, Template, TemplateId, WorkspaceId, normalise_email,
};
use stepwell_engine::{AddressEdit, EngineError, IdempotencyKey};
use stepwell_store::{contact, template};

use super::compose::Draft;
use super::wire::{Recipient, SendMessage, SentData, SentEmail, SentMessages, SentTo};
use crate::auth::Secret;
use crate::contacts::merged_data;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::idempotency::Idempotent;
use crate::scope::MessagesWrite;
use crate::state::ApiState;
use crate::templates::check_syntax;
use crate::wire::Time;

/// How often messages are made anew when contacts come and go at the same time.
const TRIES: usize = 3;

/// Sends a message to one or several people. Contacts are made where there are none; they are not subscribed by it.
///
/// The answer says what was queued; delivery follows. A message from a template that needs consent is not delivered to contacts
/// that are not subscribed.
#[utoipa::path(
    post, path = "/v1/send", tag = "messages", security(("secret_key" = ["messages:write"])),
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
        description = "Taken once in 24 hours. A request that was refused gives it back.")),
    responses(
        (status = 200, description = "Queued", body = SentMessages),
        (status = 404, description = "There is no such template", body = ErrorBody),
        (status = 409, description = "The idempotency key was used before; `error.details` says for what", body = ErrorBody),
    )
)]
pub(crate) async fn send(
    State(state): State<ApiState>,
    key: Secret<MessagesWrite>,
    Idempotent(once): Idempotent,
    Json(mut wanted): Json<SendMessage>,
) -> Result<Json<SentMessages>, ApiError> {
    wanted.check()?;
    wanted.subject.as_ref().map_or(Ok(()), |subject| check_syntax("subject", &subject.0))?;
    wanted.body.as_ref().map_or(Ok(()), |body| check_syntax("body", &body.0))?;
    let data = merged_data(wanted.data.take())?;
    let template = find_template(&state, key.workspace, wanted.template.map(TemplateId)).await?;
    let draft = Arc::new(Draft::new(&wanted, template, &data));
    let subscribed = wanted.subscribed;
    let to: Vec<_> = wanted.to.into_vec().iter().map(|to| (edit(to, &data, subscribed), to.display_name())).collect();
    let now = state.now();
    let sent = queue(&state, key.workspace, &draft, &to, once.as_ref()).await?;
    let emails = sent.into_iter().map(|(contact, message)| SentEmail {
        contact: SentTo { id: contact.id.0, email: contact.email },
        email: message.0,
    });
    let data = SentData { emails: emails.collect(), timestamp: Time(now) };
    Ok(Json(SentMessages { success: true, data }))
}

/// Renders and queues the messages; once more if a contact came or went in between.
async fn queue(
    state: &ApiState,
    workspace: WorkspaceId,
    draft: &Arc<Draft>,
    to: &[(AddressEdit, Option<String>)],
    once: Option<&IdempotencyKey>,
) -> Result<Vec<(Contact, MessageId)>, ApiError> {
    let mut tries = 1;
    loop {
        let mut contacts = HashMap::new();
        let mut messages = Vec::with_capacity(to.len());
        for (edit, name) in to {
            let contact = known(state, workspace, edit, &mut contacts).await?;
            messages.push((edit.clone(), render(state, draft, contact, name.clone()).await?));
        }
        match state.engine().send(workspace, messages, once.cloned()).await {
            Err(EngineError::OtherContact { .. }) if tries < TRIES => tries += 1,
            done => return Ok(done?),
        }
    }
}

fn edit(recipient: &Recipient, data: &Map<String, Value>, subscribed: Option<bool>) -> AddressEdit {
    AddressEdit {
        email: recipient.email(),
        data: data.clone(),
        subscribed,
        subscribed_if_new: false,
        preserve_existing_subscription: false,
    }
}

async fn find_template(
    state: &ApiState,
    workspace: WorkspaceId,
    id: Option<TemplateId>,
) -> Result<Option<Template>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    let mut conn = state.store().reader().await?;
    let found = template::get(&mut conn, workspace, id).await?;
    found.map(Some).ok_or_else(|| ApiError::not_found("TEMPLATE_NOT_FOUND", "Template not found"))
}

/// The contact as the message will see it, with the edit applied. One that does not exist is made up, with the id that it will
/// have: links in the message need it. `seen` has those of the other messages.
async fn known(
    state: &ApiState,
    workspace: WorkspaceId,
    edit: &AddressEdit,
    seen: &mut HashMap<String, Contact>,
) -> Result<Contact, ApiError> {
    let email = normalise_email(&edit.email);
    let found = match seen.get(&email) {
        Some(contact) => Some(contact.clone()),
        None => contact::get_by_email(&mut state.store().reader().await?, workspace, &email).await?,
    };
    let now = state.now();
    let mut contact = found.unwrap_or_else(|| Contact {
        id: state.new_id(),
        workspace_id: workspace,
        email: email.clone(),
        subscribed: edit.subscribed.unwrap_or(edit.subscribed_if_new),
        data: Map::new(),
        created_at: now,
        updated_at: now,
    });
    let change = ContactChange { data: edit.data.clone(), merge: MergeRule::Intake, subscribed: edit.subscribed };
    contact.apply(&change, now);
    seen.insert(email, contact.clone());
    Ok(contact)
}

async fn render(
    state: &ApiState,
    draft: &Arc<Draft>,
    contact: Contact,
    to_name: Option<String>,
) -> Result<Email, ApiError> {
    let (draft, links, now) = (Arc::clone(draft), state.engine().links().clone(), state.now());
    tokio::task::spawn_blocking(move || draft.render(&contact, to_name, &links, now))
        .await
        .map_err(ApiError::internal)?
}
