//! The text form of a value: what `contains` searches in, and what a template prints.

use serde_json::{Number, Value};

/// Converts a value to text the way JavaScript's `String(…)` does.
///
/// Arrays are joined with commas, null inside them being empty. Objects become compact JSON, where JavaScript would
/// say `[object Object]`.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(item_text).collect::<Vec<_>>().join(","),
        Value::Object(_) => value.to_string(),
    }
}

fn item_text(item: &Value) -> String {
    if item.is_null() { String::new() } else { to_text(item) }
}

/// Integers keep every digit; fractions read as JavaScript prints them (`1.0` is `1`, `1e21` is `1e+21`).
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float_text(float),
        _ => number.to_string(),
    }
}

fn float_text(float: f64) -> String {
    let size = float.abs();
    if float == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        float.to_string()
    } else {
        signed_exponent(&format!("{float:e}"))
    }
}

fn signed_exponent(text: &str) -> String {
    if text.contains("e-") { text.to_owned() } else { text.replacen('e', "e+", 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_javascript_prints_them() {
        let cases = [
            (json!(1.0), "1"),
            (json!(-0.0), "0"),
            (json!(0.5), "0.5"),
            (json!(1e21), "1e+21"),
            (json!(1e-7), "1e-7"),
            (json!(18_446_744_073_709_551_615_u64), "18446744073709551615"),
            (json!(["a", null, 2]), "a,,2"),
            (json!({"k": 1}), r#"{"k":1}"#),
        ];
        for (value, text) in cases {
            assert_eq!(to_text(&value), text);
        }
    }
}
