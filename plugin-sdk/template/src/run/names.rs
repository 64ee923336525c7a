//! The names that a template makes itself: assigned ones, items of loops, counters.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::values::is_vacant;

/// A value and whether it can be printed in HTML as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held<'v> {
    pub(crate) value: Cow<'v, Value>,
    pub(crate) safe: bool,
}

impl Held<'_> {
    /// Whether a text made of the value can be printed as it is: the value is safe, or gives no text.
    pub(crate) fn adds_nothing_unsafe(&self) -> bool {
        self.safe || is_vacant(&self.value)
    }
}

/// A turn of a loop.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) name: String,
    pub(crate) item: Value,
    pub(crate) safe: bool,
    pub(crate) index: usize,
    pub(crate) length: usize,
}

impl Turn {
    fn property(&self, key: &str) -> Value {
        match key {
            "index" => (self.index + 1).into(),
            "index0" => self.index.into(),
            "rindex" => (self.length - self.index).into(),
            "rindex0" => (self.length - self.index - 1).into(),
            "first" => (self.index == 0).into(),
            "last" => (self.index + 1 == self.length).into(),
            "length" => self.length.into(),
            _ => Value::Null,
        }
    }
}

/// The names in force. Items of inner loops hide those of outer ones, and both hide assigned names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    assigned: HashMap<String, (Value, bool)>,
    turns: Vec<Turn>,
    counters: HashMap<String, i64>,
    cycles: HashMap<String, usize>,
}

impl Names {
    pub(crate) fn assign(&mut self, name: &str, value: Value, safe: bool) {
        self.assigned.insert(name.to_owned(), (value, safe));
    }

    pub(crate) fn begin(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    pub(crate) fn end(&mut self) {
        self.turns.pop();
    }

    /// The value of a name; `None` when the template has not made it.
    pub(crate) fn get(&self, name: &str) -> Option<Held<'_>> {
        if let Some(turn) = self.turns.iter().rev().find(|turn| turn.name == name) {
            return Some(Held { value: Cow::Borrowed(&turn.item), safe: turn.safe });
        }
        self.assigned.get(name).map(|(value, safe)| Held { value: Cow::Borrowed(value), safe: *safe })
    }

    /// What `forloop` and the keys after it read, each `parentloop` leading one loop out; null where there is no such
    /// loop or key. A loop on its own is just true.
    pub(crate) fn forloop(&self, keys: &[Cow<'_, str>]) -> Value {
        let out = keys.iter().take_while(|key| *key == "parentloop").count();
        let Some(turn) = self.turns.iter().rev().nth(out) else { return Value::Null };
        match &keys[out..] {
            [] => true.into(),
            [key] => turn.property(key),
            _ => Value::Null,
        }
    }

    /// Whether `forloop` is about a loop now, and not a name that the template has made.
    pub(crate) fn in_loop(&self) -> bool {
        !self.turns.is_empty() && !self.assigned.contains_key("forloop")
    }

    /// The value of a counter before it is incremented, or after it is decremented.
    pub(crate) fn count(&mut self, name: &str, down: bool) -> i64 {
        let counter = self.counters.entry(name.to_owned()).or_default();
        let before = *counter;
        *counter = before.saturating_add(if down { -1 } else { 1 });
        if down { *counter } else { before }
    }

    /// Which of `length` values a cycle prints now.
    pub(crate) fn cycle(&mut self, group: &str, length: usize) -> usize {
        let turn = self.cycles.entry(group.to_owned()).or_default();
        let now = *turn % length.max(1);
        *turn = now + 1;
        now
    }
}
