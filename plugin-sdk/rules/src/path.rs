//! Walking a dotted path through a JSON value.
//!
//! A key may itself contain dots, so at each object the longest piece of the path that is a key wins: in
//! `{"a.b": 1, "a": {"b": 2}}` the path `a.b` is 1.

use serde_json::{Map, Value};

/// Paths beyond this many bytes lead nowhere; it bounds the work of a lookup.
const MAX_LENGTH: usize = 1000;

/// Paths with more dots than this lead nowhere; it bounds the recursion of a lookup.
const MAX_DOTS: usize = 64;

/// Whether values wrapped as `{"value": …, "persistent": …}` are seen through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrappers {
    /// Read them as what they wrap, with `.value` and `.persistent` still reachable.
    Open,
    /// Read them as ordinary objects.
    Keep,
}

/// Finds the value at `path` below `root`; an empty path is missing.
pub(crate) fn walk<'a>(root: &'a Value, path: &str, wrappers: Wrappers) -> Option<&'a Value> {
    let bounded = path.len() <= MAX_LENGTH && path.bytes().filter(|b| *b == b'.').count() <= MAX_DOTS;
    if bounded { step(root, path, wrappers) } else { None }
}

fn step<'a>(at: &'a Value, path: &str, wrappers: Wrappers) -> Option<&'a Value> {
    let found = match at {
        Value::Object(fields) => in_object(fields, path, wrappers),
        Value::Array(items) => in_array(items, path, wrappers),
        _ => None,
    };
    found.or_else(|| match wrapped(at, wrappers) {
        Some(inner) => step(inner, path, wrappers),
        None => None,
    })
}

fn in_object<'a>(fields: &'a Map<String, Value>, path: &str, wrappers: Wrappers) -> Option<&'a Value> {
    if let Some(exact) = fields.get(path) {
        return Some(wrapped(exact, wrappers).unwrap_or(exact));
    }
    let splits = path.rmatch_indices('.');
    splits.into_iter().find_map(|(dot, _)| step(fields.get(&path[..dot])?, &path[dot + 1..], wrappers))
}

fn in_array<'a>(items: &'a [Value], path: &str, wrappers: Wrappers) -> Option<&'a Value> {
    let (index, rest) = path.split_once('.').map_or((path, None), |(index, rest)| (index, Some(rest)));
    let digits = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    let item = items.get(index.parse::<usize>().ok().filter(|_| digits)?)?;
    match rest {
        Some(rest) => step(item, rest, wrappers),
        None => Some(wrapped(item, wrappers).unwrap_or(item)),
    }
}

/// What `{"value": …, "persistent": true or false}` wraps; `None` when `at` is not exactly such an object.
fn wrapped(at: &Value, wrappers: Wrappers) -> Option<&Value> {
    let fields = at.as_object().filter(|fields| wrappers == Wrappers::Open && fields.len() == 2)?;
    fields.get("value").filter(|_| fields.get("persistent").is_some_and(Value::is_boolean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(root: &Value, path: &str) -> Value {
        walk(root, path, Wrappers::Open).cloned().unwrap_or_default()
    }

    #[test]
    fn a_key_with_dots_wins_over_nesting() {
        let root = json!({"a.b": 1, "a": {"b": 2, "c": 3}, "first name": {"x.y": {"z": 4}}});
        assert_eq!(find(&root, "a.b"), 1);
        assert_eq!(find(&root, "a.c"), 3);
        assert_eq!(find(&root, "first name.x.y.z"), 4);
    }

    #[test]
    fn a_dotted_key_that_leads_nowhere_does_not_hide_the_nested_one() {
        let root = json!({"a.b": 1, "a": {"b": {"c": 2}}});
        assert_eq!(find(&root, "a.b.c"), 2);
    }

    #[test]
    fn arrays_are_indexed_by_number() {
        let root = json!({"items": [{"id": "x"}, [5]]});
        assert_eq!(find(&root, "items.0.id"), "x");
        assert_eq!(find(&root, "items.1.0"), 5);
        for path in ["items.2", "items.-1", "items.+1", "items.", "items.x", "items.99999999999999999999"] {
            assert_eq!(walk(&root, path, Wrappers::Open), None, "{path}");
        }
    }

    #[test]
    fn a_wrapped_value_reads_as_itself_and_as_value() {
        let root = json!({"code": {"value": {"n": 7}, "persistent": false}});
        assert_eq!(find(&root, "code"), json!({"n": 7}));
        assert_eq!(find(&root, "code.value"), json!({"n": 7}));
        assert_eq!(find(&root, "code.n"), 7);
        assert_eq!(find(&root, "code.value.n"), 7);
        assert_eq!(find(&root, "code.persistent"), false);
    }

    #[test]
    fn an_object_that_only_resembles_a_wrapper_stays() {
        let root = json!({"a": {"value": 1, "persistent": "no"}, "b": {"value": 1, "persistent": false, "c": 2}});
        assert_eq!(find(&root, "a"), root["a"]);
        assert_eq!(find(&root, "b"), root["b"]);
    }

    #[test]
    fn absurd_paths_are_missing() {
        let root = json!({"a": {"a": 1}});
        for path in ["", ".", "..", "a.", ".a", &"a.".repeat(5000), &"x".repeat(5000), "a.a.a", "é.ü"] {
            assert_eq!(walk(&root, path, Wrappers::Open), None);
        }
    }
}
