//! What is wrong with a configuration, and where.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// JSON Pointer (RFC 6901) of the offending field; empty for the whole value.
    pub pointer: String,
    /// What is wrong, in lower case and without the place.
    pub message: String,
}

impl Problem {
    /// Makes a problem with the value at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// The same problem seen from the document in which the value stands at `pointer`.
    #[must_use]
    pub fn under(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "{pointer}: {}", self.message),
        }
    }
}

/// The pointer of `key` below `pointer`.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_in_pointers() {
        assert_eq!(child("/all/0", "a/b~c"), "/all/0/a~1b~0c");
    }

    #[test]
    fn a_problem_can_be_moved_under_its_owner() {
        assert_eq!(Problem::new("/field", "is empty").under("/filter").to_string(), "/filter/field: is empty");
    }
}
