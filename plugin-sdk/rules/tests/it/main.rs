//! The whole crate against odd JSON: nothing panics, and what is read is written back unchanged.

use serde_json::{Value, json};
use stepwell_rules::{Documents, Operator, Rule, problems, to_millis, to_number, to_text};

const TEXTS: [&str; 16] = [
    "",
    ".",
    "a.b",
    "a",
    "\u{0}",
    "\u{202e}x",
    "🦀é",
    "now",
    "2026-02-30",
    "9999999999-01-01T00:00:00Z",
    "+262142-12-31",
    "1e999",
    "-0",
    "0x",
    "value",
    "persistent",
];

const OPERATORS: [&str; 13] = [
    "equals",
    "notEquals",
    "contains",
    "notContains",
    "greaterThan",
    "lessThan",
    "greaterThanOrEqual",
    "lessThanOrEqual",
    "exists",
    "notExists",
    "before",
    "after",
    "withinDays",
];

/// A small generator (xorshift), so that a failure is repeated by its seed.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    fn number(&mut self) -> Value {
        let floats = [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, 8.64e15, -8.64e15, 1e300];
        match self.below(4) {
            0 => json!(i64::MIN),
            1 => json!(u64::MAX),
            2 => json!(self.below(3)),
            _ => json!(floats[self.below(floats.len())]),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => self.number(),
            3 => json!(self.text()),
            4 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.below(4)).map(|_| (self.text().to_owned(), self.value(depth - 1))).collect(),
        }
    }

    fn rule(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 2 } else { 6 }) {
            0 => {
                json!({"event": self.text(), "operator": OPERATORS[self.below(OPERATORS.len())], "value": self.number()})
            }
            1 => {
                json!({"field": self.path(), "operator": OPERATORS[self.below(OPERATORS.len())], "value": self.value(2)})
            }
            2 => json!({"all": (0..self.below(3)).map(|_| self.rule(depth - 1)).collect::<Vec<_>>()}),
            3 => json!({"any": (0..self.below(3)).map(|_| self.rule(depth - 1)).collect::<Vec<_>>()}),
            4 => json!({"not": self.rule(depth - 1)}),
            _ => self.value(2),
        }
    }

    fn path(&mut self) -> String {
        let roots = ["contact", "data", "contact.data", "event", "workflow", "steps", "variables", "contact.email", ""];
        let root = roots[self.below(roots.len())].to_owned();
        (0..self.below(4)).fold(root, |path, _| format!("{path}.{}", self.text()))
    }
}

#[test]
fn any_rule_over_any_documents_is_answered() {
    for seed in 1..4000 {
        let mut chance = Chance::new(seed);
        let (data, event, steps) = (chance.value(3), chance.value(3), chance.value(3));
        let contact = json!({"email": chance.value(1), "data": data});
        let documents = Documents { contact: &contact, event: &event, steps: &steps, variables: &data };
        let written = chance.rule(3);
        match Rule::parse(&written) {
            Ok(rule) => {
                rule.holds_counting(&documents, i64::MIN, &|_, _| seed);
                rule.holds(&documents, i64::MAX);
                let again = Rule::parse(&json!(rule)).unwrap();
                assert_eq!(again, rule, "seed {seed}");
            }
            Err(found) => assert!(!found.is_empty() && !problems(&written).is_empty(), "seed {seed}"),
        }
    }
}

#[test]
fn any_two_values_can_be_compared_and_read() {
    for seed in 1..4000 {
        let mut chance = Chance::new(seed);
        let (left, right) = (chance.value(3), chance.value(3));
        let _ = (to_text(&left), to_number(&left), to_millis(&left));
        for name in OPERATORS {
            let operator = Operator::named(name).unwrap();
            operator.compare(Some(&left), Some(&right), i64::MAX);
            operator.compare(Some(&left), None, i64::MIN);
        }
        if !left.is_null() {
            assert!(Operator::Equals.compare(Some(&left), Some(&left), 0), "seed {seed}: {left}");
            assert!(!Operator::NotEquals.compare(Some(&left), Some(&left), 0), "seed {seed}: {left}");
        }
    }
}
