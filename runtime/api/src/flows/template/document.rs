//! Templates as documents: kept as they were sent, with what the server knows of them in front of that.

use serde_json::{Map, Value, json};
use stepwell_core::Definition;

use super::limits;
use crate::error::ApiError;
use crate::flows::wire::template::FlowTemplate;

/// Members that are the server's to say; what was sent of them is not kept.
const SERVERS: &[&str] = &["id", "org_id", "created_at", "updated_at", "limit_warnings"];

/// What is kept of a template.
pub(super) fn kept(mut sent: Map<String, Value>, read: &FlowTemplate) -> Result<Value, ApiError> {
    sent.retain(|name, value| !SERVERS.contains(&name.as_str()) && !value.is_null());
    sent.entry("enabled").or_insert(Value::Bool(true));
    sent.entry("version").or_insert_with(|| json!("v3"));
    let warnings = limits::warnings(read);
    if !warnings.is_empty() {
        sent.insert("limit_warnings".to_owned(), serde_json::to_value(warnings).map_err(ApiError::internal)?);
    }
    Ok(Value::Object(sent))
}

/// A template as it is answered.
pub(super) fn shown(head: &Definition, document: Value) -> Value {
    let mut members = match document {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("id".to_owned(), json!(head.id));
    members.insert("org_id".to_owned(), json!(head.workspace_id));
    members.insert("created_at".to_owned(), json!(head.created_at.to_rfc3339()));
    members.insert("updated_at".to_owned(), json!(head.updated_at.to_rfc3339()));
    Value::Object(members)
}

/// A kept template, read.
pub(super) fn read(document: &Value) -> Result<FlowTemplate, ApiError> {
    serde_json::from_value(document.clone()).map_err(ApiError::internal)
}
