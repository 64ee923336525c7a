//! What no schema says: how deep and how large JSON may be, and that no text holds a NUL character, which some databases
//! cannot store.

use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;

/// How deep arrays and objects may lie in each other.
const MAX_DEPTH: usize = 64;

/// Refuses JSON with a NUL character in a text or name, and JSON nested too deeply, naming where.
pub(super) fn free_of_nul(value: &Value) -> Result<(), ApiError> {
    match fault(value, MAX_DEPTH) {
        None => Ok(()),
        Some(Fault { mut path, what }) => {
            path.reverse();
            let (code, message) = match what {
                What::Nul => ("invalid_string", "must not contain the character U+0000"),
                What::Depth => ("too_big", "is nested too deeply"),
            };
            Err(ApiError::field(path.join("."), code, message))
        }
    }
}

/// Refuses a value that takes more than `limit` bytes as JSON.
pub(crate) fn fits<T: Serialize>(field: &str, value: &T, limit: usize) -> Result<(), ApiError> {
    let mut room = Room(limit);
    match serde_json::to_writer(&mut room, value) {
        Ok(()) => Ok(()),
        Err(_) => Err(ApiError::field(field, "too_big", format!("must take at most {limit} bytes as JSON"))),
    }
}

/// A place to write that is full after so many bytes.
struct Room(usize);

impl std::io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is wrong, and where, innermost first.
struct Fault {
    path: Vec<String>,
    what: What,
}

enum What {
    Nul,
    Depth,
}

fn fault(value: &Value, depth: usize) -> Option<Fault> {
    let found = |what| Some(Fault { path: vec![], what });
    match value {
        Value::String(text) if text.contains('\0') => found(What::Nul),
        Value::Array(_) | Value::Object(_) if depth == 0 => found(What::Depth),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| under(fault(item, depth - 1), || index.to_string()))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            if name.contains('\0') {
                return found(What::Nul);
            }
            under(fault(member, depth - 1), || name.chars().take(64).collect())
        }),
        _ => None,
    }
}

fn under(fault: Option<Fault>, segment: impl FnOnce() -> String) -> Option<Fault> {
    fault.map(|mut fault| {
        fault.path.push(segment());
        fault
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(value: &Value) -> Option<String> {
        free_of_nul(value).err().map(|error| error.errors()[0].field.clone())
    }

    #[test]
    fn a_nul_is_found_wherever_it_hides() {
        assert_eq!(field(&json!({"a": [1, {"b": "x\0y"}]})).as_deref(), Some("a.1.b"));
        assert_eq!(field(&json!({"a": {"b\0": 1}})).as_deref(), Some("a"));
        assert_eq!(field(&json!({"a": "x"})), None);
    }

    #[test]
    fn json_may_be_as_deep_as_the_limit_and_no_deeper() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(field(&nested(MAX_DEPTH)), None);
        assert!(field(&nested(MAX_DEPTH + 1)).is_some());
    }

    #[test]
    fn a_value_may_be_as_large_as_the_limit_and_no_larger() {
        assert!(fits("data", &json!("abc"), 5).is_ok());
        assert!(fits("data", &json!("abc"), 4).is_err());
    }
}
