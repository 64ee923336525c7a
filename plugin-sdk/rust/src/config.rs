//! From JSON text to a step's typed configuration; a mismatch is named by its JSON Pointer.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::{Problem, Step};

/// Parses a configuration. Keeping track of the path costs more than the parsing, so it is done where it is needed.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).or_else(|_| parse_tracking(text))
}

fn parse_tracking<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let config = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::new(pointer(error.path()), says(error.inner())))?;
    reader.end().map_err(|error| Problem::new("", says(&error)))?;
    Ok(config)
}

/// Everything wrong with a configuration.
pub(crate) fn problems<S: Step>(text: &str) -> Vec<Problem> {
    match parse::<S::Config>(text) {
        Ok(config) => S::validate(&config),
        Err(problem) => vec![problem],
    }
}

/// What the parser says, without the place in the text: the pointer says it better.
fn says(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

/// RFC 6901. A variant's name is no member of the document.
fn pointer(path: &Path) -> String {
    path.iter().map(token).collect()
}

fn token(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[serde(rename = "items")]
        _items: Vec<BTreeMap<String, u8>>,
    }

    fn problem(text: &str) -> Problem {
        parse::<Config>(text).expect_err("a problem")
    }

    #[test]
    fn a_mismatch_is_named_by_its_json_pointer() {
        let found = problem(r#"{ "items": [{}, { "a/b~c": "x" }] }"#);
        assert_eq!(found.pointer, "/items/1/a~1b~0c");
        assert_eq!(found.message, r#"invalid type: string "x", expected u8"#);
    }

    #[test]
    fn an_unknown_member_and_a_missing_one_are_named() {
        assert_eq!(problem(r#"{ "item": [] }"#).pointer, "/item");
        assert_eq!(problem("{}"), Problem::new("", "missing field `items`"));
    }

    #[test]
    fn text_that_is_no_json_is_a_problem() {
        assert_eq!(problem("{} x").pointer, "");
        assert_eq!(problem(&"[".repeat(1_000_000)).pointer, "/0/0");
    }
}
