//! Numbers as JavaScript sees them, which is what workflow authors were promised.

use serde_json::{Number, Value};

/// Converts a value to a number the way JavaScript's `Number(…)` does; `None` stands for NaN.
///
/// Null is `None` here: a missing value never compares.
pub fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => from_text(text),
        Value::Array(items) => match items.as_slice() {
            [] => Some(0.0),
            [only @ (Value::Number(_) | Value::String(_))] => to_number(only),
            _ => None,
        },
    }
}

fn from_text(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    match text {
        "" => Some(0.0),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => from_radix(text).unwrap_or_else(|| from_decimal(text)),
    }
}

/// `0x1f`, `0o17` and `0b11`; the outer `None` says that the text is none of them.
fn from_radix(text: &str) -> Option<Option<f64>> {
    let (prefix, digits) = text.split_at_checked(2)?;
    let radix = match prefix {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return None,
    };
    Some(digits_value(digits, radix))
}

fn digits_value(digits: &str, radix: u32) -> Option<f64> {
    let add = |sum: f64, digit: char| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?));
    if digits.is_empty() { None } else { digits.chars().try_fold(0.0, add) }
}

/// Rust also reads `inf` and `nan`, which JavaScript does not, so only the characters of a decimal pass.
fn from_decimal(text: &str) -> Option<f64> {
    let decimal = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if decimal { text.parse().ok() } else { None }
}

/// Whether two JSON numbers are equal: `1` and `1.0` are, and large integers are compared exactly.
pub(crate) fn same_number(left: &Number, right: &Number) -> bool {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_become_numbers_as_in_javascript() {
        let cases = [
            (json!(" 12.5 "), Some(12.5)),
            (json!(""), Some(0.0)),
            (json!("1e3"), Some(1000.0)),
            (json!("0x1F"), Some(31.0)),
            (json!("-Infinity"), Some(f64::NEG_INFINITY)),
            (json!(true), Some(1.0)),
            (json!([7]), Some(7.0)),
        ];
        for (value, number) in cases {
            assert_eq!(to_number(&value), number, "{value}");
        }
    }

    #[test]
    fn what_is_no_number_in_javascript_is_none() {
        for value in [json!("inf"), json!("nan"), json!("12px"), json!("0x"), json!("é1"), json!({}), json!([1, 2])] {
            assert_eq!(to_number(&value), None, "{value}");
        }
    }

    #[test]
    fn integers_too_large_for_a_double_stay_distinct() {
        let number = |value: Value| value.as_number().cloned().expect("a number");
        assert!(!same_number(&number(json!(9_007_199_254_740_993_u64)), &number(json!(9_007_199_254_740_992_u64))));
        assert!(same_number(&number(json!(1)), &number(json!(1.0))));
    }
}
