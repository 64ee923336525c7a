//! JSON documents as CEL values.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{ExecutionError, Value as CelValue};
use serde_json::{Number, Value};
use stepwell_rules::{Documents, to_millis};

/// The documents by the names that expressions use.
pub(super) fn roots<'a>(documents: &Documents<'a>) -> [(&'static str, &'a Value); 6] {
    let data = documents.contact.get("data").unwrap_or(&Value::Null);
    [
        ("contact", documents.contact),
        ("data", data),
        ("event", documents.event),
        ("workflow", documents.event),
        ("steps", documents.steps),
        ("variables", documents.variables),
    ]
}

/// A JSON value as CEL sees it: whole numbers are `int`, and a value wrapped as `{"value": …, "persistent": …}` is what it
/// wraps.
pub(super) fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(flag) => CelValue::Bool(*flag),
        Value::Number(number) => from_number(number),
        Value::String(text) => CelValue::String(Arc::new(text.clone())),
        Value::Array(items) => CelValue::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(members) => match (members.get("value"), members.get("persistent")) {
            (Some(inner), Some(Value::Bool(_))) if members.len() == 2 => to_cel(inner),
            _ => from_members(members),
        },
    }
}

fn from_members(members: &serde_json::Map<String, Value>) -> CelValue {
    let entries = members.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), to_cel(value)));
    CelValue::Map(Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
}

fn from_number(number: &Number) -> CelValue {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => CelValue::Int(whole),
        (None, Some(large)) => CelValue::UInt(large),
        (None, None) => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// The function `millis`: a date as text, in milliseconds since 1970, to be compared with `now`.
pub(super) fn millis(date: Arc<String>) -> Result<i64, ExecutionError> {
    let text = Value::String(Arc::unwrap_or_clone(date));
    to_millis(&text).ok_or_else(|| ExecutionError::function_error("millis", "the text is no date"))
}
