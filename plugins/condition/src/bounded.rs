//! Values as an output may show them: a step's output has a limit, and a condition must not fail by what it shows.

use serde_json::Value;

/// The most of a value that is shown, in bytes of JSON text.
const SHOWN: usize = 32 * 1024;

/// The value, or the beginning of its text if it is large; null when it is missing.
pub(crate) fn shown(value: Option<&Value>) -> Value {
    let Some(value) = value else { return Value::Null };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    };
    if text.len() <= SHOWN { value.clone() } else { format!("{}…", &text[..text.floor_char_boundary(SHOWN)]).into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_large_value_is_cut() {
        for small in [json!(null), json!(1), json!("é"), json!({ "a": [1] })] {
            assert_eq!(shown(Some(&small)), small);
        }
        let cut = shown(Some(&json!(["é".repeat(SHOWN)])));
        assert!(cut.as_str().is_some_and(|text| text.len() < SHOWN + 8 && text.ends_with('…')));
        assert_eq!(shown(None), Value::Null);
    }
}
