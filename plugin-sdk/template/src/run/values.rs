//! How values read, compare and answer for their properties: JavaScript's rules, where Liquid has none.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;
use stepwell_rules::{Operator, to_number, to_text};

/// The text of a value; null is empty.
pub(crate) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(to_text(other)),
    }
}

/// Whether a condition takes the value for true: not null, false, `""` and 0.
pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Whether a fallback takes the place of the value: it is null, false or empty.
pub(crate) fn is_vacant(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || is_empty(value)
}

/// Whether the value equals `empty`.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether the value equals `blank`.
pub(crate) fn is_blank(value: &Value) -> bool {
    is_vacant(value) || matches!(value, Value::String(text) if text.trim().is_empty())
}

/// Strict equality, in which null equals null.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    Operator::Equals.compare(Some(left), Some(right), 0)
}

/// The order of two values: of texts by their characters, otherwise of numbers. `None` when they have none.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}

/// Whether a text has the part, an array the item, or an object the key.
pub(crate) fn contains(whole: &Value, part: &Value) -> bool {
    match whole {
        Value::Null => false,
        Value::Array(items) => items.iter().any(|item| equal(item, part)),
        Value::Object(fields) => fields.contains_key(&*text(part)),
        other => !part.is_null() && text(other).contains(&*text(part)),
    }
}

/// A number, exact as long as it is whole and fits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Whole(i64),
    Fraction(f64),
}

impl Number {
    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Fraction(number) => number,
        }
    }

    /// The number as a value; null when it is none, as the quotient by 0.
    pub(crate) fn value(self) -> Value {
        match self {
            Self::Whole(number) => number.into(),
            Self::Fraction(number) => number.into(),
        }
    }
}

impl From<f64> for Number {
    /// A fraction without digits behind the point is whole, within what a double holds exactly.
    fn from(number: f64) -> Self {
        let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        if exact { Self::Whole(number as i64) } else { Self::Fraction(number) }
    }
}

/// The value as a number; 0 when it is none.
pub(crate) fn number(value: &Value) -> Number {
    match value.as_i64() {
        Some(number) => Number::Whole(number),
        None => Number::from(to_number(value).unwrap_or(0.0)),
    }
}

/// The value as a whole number; `None` when it is no number. Beyond the bounds the bound is taken.
pub(crate) fn to_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| to_number(value).map(|number| number as i64))
}

/// A number of things: 0 for a negative number, and the most there can be (on 32 bits too) for a larger one.
pub(crate) fn to_count(number: impl Into<i128>) -> usize {
    usize::try_from(number.into().max(0)).unwrap_or(usize::MAX)
}

/// How many whole numbers there are from the first to the last.
pub(crate) fn range_length(first: i64, last: i64) -> usize {
    to_count(i128::from(last) - i128::from(first) + 1)
}

/// What `size`, `first` and `last` are of a value that has no such key, and the key's value otherwise.
///
/// A wrapped value, `{"value": …, "persistent": …}`, has the properties of what it wraps too.
pub(crate) fn property<'v>(value: &'v Value, key: &str) -> Cow<'v, Value> {
    match own(value, key) {
        Some(own) => Cow::Borrowed(own),
        None => match (wrapped(value), value, key) {
            (Some(inner), ..) => property(inner, key),
            (_, Value::Array(items), "first") => items.first().map(Cow::Borrowed).unwrap_or_default(),
            (_, Value::Array(items), "last") => items.last().map(Cow::Borrowed).unwrap_or_default(),
            (_, Value::Array(items), "size") => Cow::Owned(items.len().into()),
            (_, Value::Object(fields), "size") => Cow::Owned(fields.len().into()),
            (_, Value::String(text), "size") => Cow::Owned(text.chars().count().into()),
            _ => Cow::Owned(Value::Null),
        },
    }
}

/// The value of a key, or the item at an index, which counts from the end when negative.
fn own<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => {
            let index: i64 = key.parse().ok()?;
            let from_end = usize::try_from(index.unsigned_abs()).ok()?;
            items.get(if index < 0 { items.len().checked_sub(from_end)? } else { from_end })
        }
        _ => None,
    }
}

/// The property at a path with dots.
pub(crate) fn property_path<'v>(value: &'v Value, path: &str) -> Cow<'v, Value> {
    path.split('.').fold(Cow::Borrowed(value), property_of)
}

/// The property of a value that may be borrowed.
pub(crate) fn property_of<'v>(value: Cow<'v, Value>, key: &str) -> Cow<'v, Value> {
    match value {
        Cow::Borrowed(value) => property(value, key),
        Cow::Owned(value) => Cow::Owned(property(&value, key).into_owned()),
    }
}

/// A wrapped value as what it wraps, and every other value as it is.
pub(crate) fn unwrapped(value: Cow<'_, Value>) -> Cow<'_, Value> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(wrapped(value).unwrap_or(value)),
        owned => owned,
    }
}

fn wrapped(value: &Value) -> Option<&Value> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    fields.get("value").filter(|_| fields.get("persistent").is_some_and(Value::is_boolean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn truth_is_that_of_javascript() {
        for value in [json!(null), json!(false), json!(""), json!(0), json!(-0.0)] {
            assert!(!is_true(&value), "{value}");
        }
        for value in [json!(true), json!("0"), json!(1), json!([]), json!({})] {
            assert!(is_true(&value), "{value}");
        }
    }

    #[test]
    fn properties_are_keys_indexes_and_the_three_of_every_list() {
        let value = json!({"list": ["a", "b"], "size": "own", "text": "größe"});
        assert_eq!(property(&value, "size").as_ref(), "own");
        assert_eq!(property_path(&value, "list.size").as_ref(), 2);
        assert_eq!(property_path(&value, "list.-1").as_ref(), "b");
        assert_eq!(property_path(&value, "list.first").as_ref(), "a");
        assert_eq!(property_path(&value, "text.size").as_ref(), 5);
        assert_eq!(property_path(&value, "list.9.x").as_ref(), &Value::Null);
    }

    #[test]
    fn a_wrapped_value_has_the_properties_of_what_it_wraps() {
        let value = json!({"value": {"a": 1}, "persistent": false});
        assert_eq!(property(&value, "a").as_ref(), 1);
        assert_eq!(property_path(&value, "value.a").as_ref(), 1);
        assert_eq!(unwrapped(Cow::Borrowed(&value)).as_ref(), &json!({"a": 1}));
    }

    #[test]
    fn values_of_different_types_are_ordered_as_numbers_if_at_all() {
        assert_eq!(order(&json!("10"), &json!("9")), Some(Ordering::Less));
        assert_eq!(order(&json!("10"), &json!(9)), Some(Ordering::Greater));
        assert_eq!(order(&json!(null), &json!(9)), None);
        assert_eq!(order(&json!("x"), &json!(9)), None);
    }
}
