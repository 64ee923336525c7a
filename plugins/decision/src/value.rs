//! Values of attributes: what is empty, what parts they have, and what they are by the attribute's type.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;
use stepwell_rules::{to_millis, to_text};

use crate::decimal::Decimal;

/// What an attribute's type makes of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
    Date,
}

/// A value that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Known {
    Text(String),
    Number(Decimal),
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
}

/// The member that tells related things apart, by the names it may have.
const IDS: [&str; 5] = ["entity_id", "_id", "id", "user_id", "userId"];

impl Kind {
    /// By the name of the attribute's type; all others are text.
    pub(crate) fn of(attribute_type: Option<&str>) -> Self {
        match attribute_type {
            Some("number" | "price") => Self::Number,
            Some("boolean") => Self::Boolean,
            Some("date" | "datetime") => Self::Date,
            _ => Self::Text,
        }
    }

    /// Reads one value, which is no list. None if it is not of this kind.
    pub(crate) fn read(self, value: &Value) -> Option<Known> {
        match (self, value) {
            (_, Value::Null | Value::Array(_) | Value::Object(_)) => None,
            (Self::Text, value) => Some(Known::Text(to_text(value))),
            (Self::Number, Value::Number(number)) => Decimal::parse(&number.to_string()).map(Known::Number),
            (Self::Number, Value::String(text)) => Decimal::parse(text).map(Known::Number),
            (Self::Boolean, Value::Bool(value)) => Some(Known::Boolean(*value)),
            (Self::Boolean, Value::String(text)) => text.parse().ok().map(Known::Boolean),
            (Self::Date, value) => to_millis(value).map(Known::Date),
            (Self::Number, Value::Bool(_)) | (Self::Boolean, Value::Number(_)) => None,
        }
    }
}

impl Known {
    /// Which of two is the larger; none where there is no order. Text is ordered by code points.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// Null, an empty text, an empty list.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// A part of a composed value; of a list, the parts of what is in it.
pub(crate) fn part(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(members) => members.get(name).cloned().unwrap_or_default(),
        Value::Array(items) => items.iter().map(|item| part(item, name)).filter(|found| !found.is_null()).collect(),
        _ => Value::Null,
    }
}

/// The list that a relation wraps; any other value as it is.
pub(crate) fn unwrapped(value: &Value) -> &Value {
    value.get("$relation").filter(|related| related.is_array()).unwrap_or(value)
}

/// What stands for a composed value in a comparison: the address of an email, the id of something related.
pub(crate) fn plain<'a>(value: &'a Value, attribute_type: Option<&str>) -> Cow<'a, Value> {
    let Value::Object(members) = value else { return Cow::Borrowed(value) };
    let found = match attribute_type {
        Some("email") => members.get("email"),
        Some("phone") => members.get("phone"),
        Some("message_email_address") => members.get("address"),
        Some("relation" | "relation_user" | "product") => IDS.iter().find_map(|name| members.get(*name)),
        _ => None,
    };
    Cow::Borrowed(found.unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_an_empty_text_and_an_empty_list_are_empty() {
        for value in [json!(null), json!(""), json!([])] {
            assert!(is_empty(&value), "{value}");
        }
        for value in [json!(0), json!(false), json!(" "), json!([null]), json!({})] {
            assert!(!is_empty(&value), "{value}");
        }
    }

    #[test]
    fn values_are_read_by_the_type_of_the_attribute() {
        assert_eq!(Kind::of(Some("price")).read(&json!("12.50")), Decimal::parse("12.5").map(Known::Number));
        assert_eq!(Kind::of(Some("number")).read(&json!(1e21)), Decimal::parse("1e21").map(Known::Number));
        assert_eq!(Kind::of(Some("boolean")).read(&json!("true")), Some(Known::Boolean(true)));
        assert_eq!(Kind::of(Some("datetime")).read(&json!("1970-01-01T00:00:01Z")), Some(Known::Date(1_000)));
        assert_eq!(Kind::of(Some("select")).read(&json!(5)), Some(Known::Text("5".into())));
        for (kind, value) in
            [("number", json!("much")), ("boolean", json!("yes")), ("date", json!("soon")), ("text", json!({}))]
        {
            assert_eq!(Kind::of(Some(kind)).read(&value), None, "{kind}");
        }
    }

    #[test]
    fn parts_of_composed_values_are_found_in_lists_too() {
        let value = json!([{ "email": "a@example.org", "tags": [] }, { "email": "b@example.org" }, {}]);
        assert_eq!(part(&value, "email"), json!(["a@example.org", "b@example.org"]));
        assert_eq!(part(&json!("plain"), "email"), Value::Null);
        assert_eq!(plain(&value[0], Some("email")).as_ref(), &json!("a@example.org"));
        assert_eq!(plain(&json!({ "entity_id": "e1" }), Some("relation")).as_ref(), &json!("e1"));
        assert_eq!(unwrapped(&json!({ "$relation": [1] })), &json!([1]));
    }
}
