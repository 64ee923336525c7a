//! The body: what the configuration says, else what happened.

use serde_json::{Value, json};
use stepwell_plugin::template::{Escape, Scope};
use stepwell_plugin::{Context, Failure};

use crate::config::{Config, Method};

/// The body as it is sent and signed; empty for `GET`.
pub(crate) fn bytes(config: &Config, content_type: &str, scope: &Scope, context: &Context) -> Result<Vec<u8>, Failure> {
    let body = match (config.method, &config.body) {
        (Method::Get, _) => String::new(),
        (_, Some(Value::String(text))) if !content_type.to_ascii_lowercase().contains("json") => {
            scope.render(text, Escape::None)?
        }
        (_, Some(body)) => scope.render_json(body)?.to_string(),
        (_, None) => default(context).to_string(),
    };
    Ok(body.into_bytes())
}

/// The default body. `contact.id`, `eventName`, `step` and `deliveryId` are more than the original has.
fn default(context: &Context) -> Value {
    let about = |pointer: &str| context.about().pointer(pointer).unwrap_or(&Value::Null);
    json!({
        "contact": contact(context.contact()),
        "workflow": { "id": about("/workflow/id"), "name": about("/workflow/name") },
        "execution": { "id": context.execution_id, "startedAt": about("/execution/startedAt") },
        "event": context.event(),
        "eventName": about("/eventName"),
        "step": { "id": context.step_id, "name": about("/step/name") },
        "deliveryId": context.idempotency_key,
    })
}

fn contact(contact: &Value) -> Value {
    let Value::Object(members) = contact else { return Value::Null };
    let sent = members.iter().filter(|(key, _)| ["id", "email", "subscribed", "data"].contains(&key.as_str()));
    Value::Object(sent.map(|(key, value)| (key.clone(), value.clone())).collect())
}
