//! `GET /workflows/fields`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_core::canonical_name;
use stepwell_store::workflow_admin;
use utoipa::IntoParams;

use super::wire::{Field, FieldCategory, FieldType, Fields};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;

/// How many of the newest contacts and events are looked at.
const CONTACTS: u32 = 200;
const EVENTS: u32 = 100;
/// The most fields of each kind.
const MAX_FIELDS: usize = 500;

/// For which event.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct For {
    /// An event, whose fields are then listed too. System events have theirs before any was ever emitted.
    #[param(min_length = 1, max_length = 255, example = "signed_up")]
    event_name: Option<String>,
}

/// Lists the fields that conditions and templates can use, as far as they are known from the newest contacts and events.
#[utoipa::path(
    get, path = "/workflows/fields", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(For),
    responses((status = 200, description = "The fields", body = Fields))
)]
pub(crate) async fn fields(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    Query(wanted): Query<For>,
) -> Result<Json<Fields>, ApiError> {
    let mut conn = state.store().reader().await?;
    let mut fields = contact_fields();
    fields.extend(custom(&workflow_admin::contact_samples(&mut conn, access.workspace, CONTACTS).await?));
    if let Some(name) = wanted.event_name {
        let name = canonical_name(name.trim());
        let samples = workflow_admin::event_samples(&mut conn, access.workspace, name, EVENTS).await?;
        fields.extend(event(name, &samples));
    }
    let names: Vec<_> = fields.iter().map(|field| field.field.clone()).collect();
    Ok(Json(Fields { count: names.len(), fields: names, typed_fields: fields }))
}

fn contact_fields() -> Vec<Field> {
    let own = [
        ("contact.email", FieldType::String),
        ("contact.subscribed", FieldType::Boolean),
        ("contact.createdAt", FieldType::Date),
        ("contact.updatedAt", FieldType::Date),
    ];
    own.map(|(field, kind)| Field { field: field.to_owned(), kind, category: FieldCategory::Contact }).into()
}

/// The keys of contacts' data, each with the type of the newest value that has one.
fn custom(samples: &[Map<String, Value>]) -> Vec<Field> {
    let mut found = BTreeMap::new();
    for (key, value) in samples.iter().flatten() {
        if let (Some(kind), true) = (kind(value), found.len() < MAX_FIELDS) {
            found.entry(key).or_insert(kind);
        }
    }
    let fields = found.into_iter().map(|(key, kind)| Field {
        field: format!("contact.data.{key}"),
        kind,
        category: FieldCategory::Custom,
    });
    fields.collect()
}

fn kind(value: &Value) -> Option<FieldType> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(FieldType::Boolean),
        Value::Number(_) => Some(FieldType::Number),
        Value::String(text) if stepwell_core::Timestamp::from_rfc3339(text).is_some() => Some(FieldType::Date),
        Value::String(_) | Value::Array(_) | Value::Object(_) => Some(FieldType::String),
    }
}

fn event(name: &str, samples: &[Value]) -> Vec<Field> {
    let seen = samples.iter().filter_map(Value::as_object).flat_map(|data| data.keys().map(String::as_str));
    let mut keys: Vec<_> = system_fields(name).iter().copied().chain(seen).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(MAX_FIELDS);
    let fields = keys.into_iter().map(|key| Field {
        field: format!("event.{key}"),
        kind: FieldType::String,
        category: FieldCategory::Event,
    });
    fields.collect()
}

/// What the server's own events bring (spec plunk-workflows, 7.3).
fn system_fields(name: &str) -> &'static [&'static str] {
    match name {
        "email.sent" => &["emailId", "from", "fromName", "messageId", "sentAt", "sourceType", "subject", "templateId"],
        "email.open" => &[
            "emailId",
            "from",
            "fromName",
            "isFirstOpen",
            "messageId",
            "openedAt",
            "opens",
            "sourceType",
            "subject",
            "templateId",
        ],
        "email.click" => &[
            "clickedAt",
            "clicks",
            "emailId",
            "from",
            "fromName",
            "isFirstClick",
            "link",
            "messageId",
            "sourceType",
            "subject",
            "templateId",
        ],
        "email.bounce" => &[
            "bounceType",
            "bouncedAt",
            "emailId",
            "from",
            "fromName",
            "messageId",
            "sourceType",
            "subject",
            "templateId",
            "transientBounce",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("object")
    }

    #[test]
    fn a_key_has_the_type_of_its_newest_value_that_has_one() {
        let samples = [
            data(json!({ "plan": null, "age": 3 })),
            data(json!({ "plan": "pro", "age": "old", "at": "2026-01-02T03:04:05Z" })),
        ];
        let found: Vec<_> = custom(&samples).into_iter().map(|field| (field.field, field.kind)).collect();
        let expected = [
            ("contact.data.age", FieldType::Number),
            ("contact.data.at", FieldType::Date),
            ("contact.data.plan", FieldType::String),
        ];
        assert_eq!(found, expected.map(|(field, kind)| (field.to_owned(), kind)));
    }

    #[test]
    fn a_system_event_has_fields_before_it_was_ever_emitted() {
        let names: Vec<_> =
            event("email.click", &[json!({ "extra": 1 })]).into_iter().map(|field| field.field).collect();
        assert!(names.contains(&"event.link".to_owned()) && names.contains(&"event.extra".to_owned()));
        assert!(event("signed_up", &[]).is_empty());
    }

    #[test]
    fn there_are_never_more_fields_than_anybody_can_read() {
        let many = (0..2_000).map(|n| (format!("k{n}"), json!(1))).collect();
        assert_eq!(custom(&[many]).len(), MAX_FIELDS);
    }
}
