//! Filters on arrays.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;
use stepwell_rules::to_number;

use crate::run::values::{equal, is_true, property, property_path, text, to_count};

use crate::problem::RenderError;

use super::{Answer, Call, Filter};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new("join", join),
    Filter::new("first", |call| Ok(property(call.input, "first").into_owned())),
    Filter::new("last", |call| Ok(property(call.input, "last").into_owned())),
    Filter::new("size", |call| Ok(size(call.input))),
    Filter::new("reverse", |call| Ok(call.items().iter().rev().cloned().collect())),
    Filter::new("sort", |call| sorted(call, Value::clone)),
    Filter::new("sort_natural", |call| sorted(call, folded)),
    Filter::new("uniq", unique),
    Filter::new("compact", |call| chosen(call, |key| !key.is_null())),
    Filter::new("concat", concat),
    Filter::new("map", |call| Ok(keyed(call)?.into_iter().map(|(key, _)| key).collect())),
    Filter::new("where", select),
    Filter::new("sum", |call| Ok(keyed(call)?.iter().fold(0.into(), |sum, (key, _)| super::math::add(&sum, key)))),
    Filter::new("slice", slice),
];

/// The items with what they are looked at by: the property that the first argument names, or the item itself.
fn keyed<'c>(call: &Call<'c>) -> Result<Vec<(Value, &'c Value)>, RenderError> {
    let name = call.argument(0).map(text);
    call.charge(call.items().len().saturating_mul(name.as_ref().map_or(1, |name| name.len())))?;
    let key = |item| match &name {
        Some(name) => property_path(item, name).into_owned(),
        None => Value::clone(item),
    };
    Ok(call.items().iter().map(|item| (key(item), item)).collect())
}

/// The items whose keys are chosen.
fn chosen(call: &Call<'_>, mut choose: impl FnMut(&Value) -> bool) -> Answer {
    Ok(keyed(call)?.into_iter().filter(|(key, _)| choose(key)).map(|(_, item)| item.clone()).collect())
}

fn join(call: &Call<'_>) -> Answer {
    let separator = call.argument(0).map_or(" ".into(), text);
    call.charge(call.items().len().saturating_mul(separator.len()))?;
    let texts: Vec<_> = call.items().iter().map(text).collect();
    Ok(texts.join(&*separator).into())
}

fn size(input: &Value) -> Value {
    match property(input, "size").into_owned() {
        Value::Null => 0.into(),
        size => size,
    }
}

fn sorted(call: &Call<'_>, by: fn(&Value) -> Value) -> Answer {
    let mut items: Vec<_> = keyed(call)?.into_iter().map(|(key, item)| (by(&key), item)).collect();
    items.sort_by(|(left, _), (right, _)| ordered(left, right));
    Ok(items.into_iter().map(|(_, item)| item.clone()).collect())
}

/// A total order: numbers, then texts, then everything else as it stands, and null last.
fn ordered(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => {
            to_number(left).unwrap_or_default().total_cmp(&to_number(right).unwrap_or_default())
        }
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => 2,
        Value::Null => 3,
    }
}

fn folded(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { text(value).to_lowercase().into() }
}

fn unique(call: &Call<'_>) -> Answer {
    let mut seen = HashSet::new();
    chosen(call, |key| seen.insert(key.to_string()))
}

fn concat(call: &Call<'_>) -> Answer {
    let more = match call.argument(0) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(other) => std::slice::from_ref(other),
        None => &[],
    };
    Ok(call.items().iter().chain(more).cloned().collect())
}

/// The items whose property equals the second argument, or is true when there is none.
fn select(call: &Call<'_>) -> Answer {
    match call.arguments.get(1) {
        Some(expected) => chosen(call, |key| equal(key, expected)),
        None => chosen(call, is_true),
    }
}

/// The part of a text or an array that begins at an index, counted from the end when negative.
fn slice(call: &Call<'_>) -> Answer {
    let wanted = to_count(call.argument_integer(1).unwrap_or(1));
    let start = |length: usize| {
        let start = call.argument_integer(0).unwrap_or(0);
        if start < 0 {
            length.checked_sub(usize::try_from(start.unsigned_abs()).ok()?)
        } else {
            usize::try_from(start).ok()
        }
    };
    Ok(match call.input {
        Value::Array(items) => start(items.len()).map(|start| items.iter().skip(start).take(wanted).cloned().collect()),
        _ => {
            let text = call.text();
            start(text.chars().count()).map(|start| text.chars().skip(start).take(wanted).collect::<String>().into())
        }
    }
    .unwrap_or_else(|| if call.input.is_array() { Vec::<Value>::new().into() } else { "".into() }))
}

#[cfg(test)]
mod tests {
    use crate::filters::testing::apply;
    use serde_json::json;

    #[test]
    fn arrays_are_put_together_and_taken_apart() {
        assert_eq!(apply("join", json!(["a", 1, null]), &[json!(", ")]), "a, 1, ");
        assert_eq!(apply("join", json!(["a", "b"]), &[]), "a b");
        assert_eq!(apply("first", json!(["a", "b"]), &[]), "a");
        assert_eq!(apply("last", json!([]), &[]), json!(null));
        assert_eq!(apply("size", "größe", &[]), 5);
        assert_eq!(apply("size", 5, &[]), 0);
        assert_eq!(apply("concat", json!([1]), &[json!([2])]), json!([1, 2]));
        assert_eq!(apply("compact", json!([1, null, 2]), &[]), json!([1, 2]));
        assert_eq!(apply("uniq", json!([1, 2, 1]), &[]), json!([1, 2]));
    }

    #[test]
    fn items_are_sorted_with_null_last() {
        assert_eq!(apply("sort", json!([null, "b", 10, "a", 9, {}]), &[]), json!([9, 10, "a", "b", {}, null]));
        assert_eq!(apply("sort_natural", json!(["b", "A", "C"]), &[]), json!(["A", "b", "C"]));
        assert_eq!(apply("sort", json!([{"n": 2}, {"n": 1}]), &[json!("n")]), json!([{"n": 1}, {"n": 2}]));
    }

    #[test]
    fn items_are_looked_at_by_a_property() {
        let orders = json!([{"total": 5, "paid": true, "to": {"city": "Rome"}}, {"total": 7}]);
        assert_eq!(apply("map", orders.clone(), &[json!("to.city")]), json!(["Rome", null]));
        assert_eq!(apply("where", orders.clone(), &[json!("paid")]), json!([orders[0]]));
        assert_eq!(apply("where", orders.clone(), &[json!("total"), json!(7)]), json!([orders[1]]));
        assert_eq!(apply("sum", orders, &[json!("total")]), 12);
    }

    #[test]
    fn slices_are_counted_from_either_end() {
        assert_eq!(apply("slice", "größe", &[json!(1), json!(3)]), "röß");
        assert_eq!(apply("slice", "größe", &[json!(-2), json!(9)]), "ße");
        assert_eq!(apply("slice", json!([1, 2, 3]), &[json!(1)]), json!([2]));
        assert_eq!(apply("slice", json!([1]), &[json!(-9), json!(i64::MAX)]), json!([]));
    }
}
