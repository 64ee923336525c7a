//! Reading rules from JSON, naming the place of everything that is wrong.
//!
//! Two severities: a value that is no rule at all cannot be read; a test that can never hold (`greaterThan "abc"`) can,
//! and is only reported when a workflow is saved, by [`problems`].

use serde_json::{Map, Value};

use crate::count::EventCount;
use crate::operator::Operator;
use crate::problem::{Problem, child};
use crate::rule::{MAX_DEPTH, MAX_LEAVES, Rule, Test};

/// A field path longer than this is refused.
const MAX_FIELD: usize = 1000;

/// The longest span an event count may look back, in days.
const FURTHEST_DAYS: f64 = 36_500.0;

/// Everything that is wrong with `value` as a rule that is being saved; empty when nothing is.
pub fn problems(value: &Value) -> Vec<Problem> {
    let mut reader = Reader::default();
    reader.rule(value, "", 0);
    reader.fatal.into_iter().chain(reader.doubtful).collect()
}

impl Rule {
    /// Reads a rule; the problems name the places of what cannot be read.
    pub fn parse(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::default();
        match reader.rule(value, "", 0) {
            Some(rule) if reader.fatal.is_empty() => Ok(rule),
            _ => Err(reader.fatal),
        }
    }
}

#[derive(Default)]
struct Reader {
    fatal: Vec<Problem>,
    doubtful: Vec<Problem>,
    leaves: usize,
    /// Set once a limit is passed, so that the rest of a huge value is not read.
    stopped: bool,
}

impl Reader {
    fn rule(&mut self, value: &Value, at: &str, depth: usize) -> Option<Rule> {
        if self.stopped {
            return None;
        }
        let Value::Object(fields) = value else { return self.refuse(at, "must be an object") };
        match composite_key(fields) {
            Some(_) if depth == MAX_DEPTH => self.stop(at, format!("is nested more than {MAX_DEPTH} levels deep")),
            Some(key) => self.composite(fields, key, at, depth + 1),
            None if self.leaves == MAX_LEAVES => {
                self.stop(at, format!("is one test more than the allowed {MAX_LEAVES}"))
            }
            None => self.leaf(fields, at),
        }
    }

    fn composite(&mut self, fields: &Map<String, Value>, key: &str, at: &str, depth: usize) -> Option<Rule> {
        self.only(fields, &[key], at);
        let (value, at) = (fields.get(key)?, child(at, key));
        match key {
            "all" => Some(Rule::All { all: self.list(value, &at, depth)? }),
            "any" => Some(Rule::Any { any: self.list(value, &at, depth)? }),
            _ => Some(Rule::Not { not: Box::new(self.rule(value, &at, depth)?) }),
        }
    }

    fn list(&mut self, value: &Value, at: &str, depth: usize) -> Option<Vec<Rule>> {
        match value.as_array() {
            None => self.refuse(at, "must be a list of rules"),
            Some(rules) if rules.is_empty() => self.refuse(at, "must have at least one rule"),
            Some(rules) => {
                let read = |(index, rule)| self.rule(rule, &format!("{at}/{index}"), depth);
                Some(rules.iter().enumerate().filter_map(read).collect())
            }
        }
    }

    fn leaf(&mut self, fields: &Map<String, Value>, at: &str) -> Option<Rule> {
        self.leaves += 1;
        if fields.contains_key("event") && !fields.contains_key("field") {
            self.count(fields, at).map(Rule::EventCount)
        } else {
            self.test(fields, at).map(Rule::Test)
        }
    }

    fn test(&mut self, fields: &Map<String, Value>, at: &str) -> Option<Test> {
        self.only(fields, &["field", "operator", "value"], at);
        let field = self.text(fields, "field", at);
        let operator = self.operator(fields, at);
        let value = fields.get("value").filter(|value| !value.is_null());
        if let Some(message) = operator?.value_problem(value) {
            self.doubtful.push(Problem::new(child(at, "value"), message));
        }
        Some(Test { field: field?, operator: operator?, value: value.cloned() })
    }

    fn operator(&mut self, fields: &Map<String, Value>, at: &str) -> Option<Operator> {
        let name = self.text(fields, "operator", at)?;
        let unknown = || format!("unknown operator `{name}`, expected one of {}", Operator::names());
        Operator::named(&name).or_else(|| self.refuse(&child(at, "operator"), unknown()))
    }

    fn count(&mut self, fields: &Map<String, Value>, at: &str) -> Option<EventCount> {
        self.only(fields, &["event", "operator", "value", "withinDays"], at);
        let event = self.text(fields, "event", at);
        let operator = self.read(fields, "operator", at, "a comparison of numbers: equals, notEquals, greaterThan, …");
        let value = self.read(fields, "value", at, "a whole number, 0 or more");
        let within_days = match fields.get("withinDays") {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.days(fields, at)?),
        };
        Some(EventCount { event: event?, operator: operator?, value: value?, within_days })
    }

    fn days(&mut self, fields: &Map<String, Value>, at: &str) -> Option<f64> {
        let days: f64 = self.read(fields, "withinDays", at, "a number of days")?;
        let fits = days > 0.0 && days <= FURTHEST_DAYS;
        if fits {
            Some(days)
        } else {
            self.refuse(&child(at, "withinDays"), "must be more than 0 and within 100 years")
        }
    }

    fn text(&mut self, fields: &Map<String, Value>, key: &str, at: &str) -> Option<String> {
        let text: String = self.read(fields, key, at, "a text")?;
        let fits = !text.is_empty() && text.chars().count() <= MAX_FIELD;
        if fits { Some(text) } else { self.refuse(&child(at, key), format!("must have 1 to {MAX_FIELD} characters")) }
    }

    fn read<T: serde::de::DeserializeOwned>(
        &mut self,
        fields: &Map<String, Value>,
        key: &str,
        at: &str,
        what: &str,
    ) -> Option<T> {
        match fields.get(key) {
            None => self.refuse(&child(at, key), "is required"),
            Some(value) => {
                T::deserialize(value).ok().or_else(|| self.refuse(&child(at, key), format!("must be {what}")))
            }
        }
    }

    fn only(&mut self, fields: &Map<String, Value>, known: &[&str], at: &str) {
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("is unknown here, expected {}", known.join(", "));
            self.fatal.push(Problem::new(child(at, key), message));
        }
    }

    fn refuse<T>(&mut self, at: &str, message: impl Into<String>) -> Option<T> {
        self.fatal.push(Problem::new(at, message));
        None
    }

    fn stop<T>(&mut self, at: &str, message: String) -> Option<T> {
        self.stopped = true;
        self.refuse(at, message)
    }
}

fn composite_key(fields: &Map<String, Value>) -> Option<&'static str> {
    ["all", "any", "not"].into_iter().find(|key| fields.contains_key(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(value: &Value) -> Vec<String> {
        problems(value).iter().map(ToString::to_string).collect()
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!({"field": "data.a", "operator": "exists"}), |rule, _| json!({"not": rule}))
    }

    #[test]
    fn a_good_rule_has_no_problems() {
        assert!(problems(&json!({"field": "data.plan", "operator": "equals", "value": "pro"})).is_empty());
        assert!(
            problems(&json!({"any": [{"event": "e", "operator": "equals", "value": 1, "withinDays": null}]}))
                .is_empty()
        );
        assert!(problems(&nested(MAX_DEPTH)).is_empty());
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let rule = json!({"all": [
            {"field": "", "operator": "is", "value": 1},
            {"not": {"field": "data.a", "operator": "lessThan", "value": "x", "a/b": 1}},
            {"event": "e", "operator": "contains", "value": -1, "withinDays": 0},
            7,
        ]});
        let found = found(&rule);
        let places: Vec<_> =
            found.iter().filter_map(|problem| problem.split_once(": ")).map(|(place, _)| place).collect();
        let expected = [
            "/all/0/field",
            "/all/0/operator",
            "/all/1/not/a~1b",
            "/all/2/operator",
            "/all/2/value",
            "/all/2/withinDays",
            "/all/3",
            "/all/1/not/value",
        ];
        assert_eq!(places, expected, "{found:?}");
    }

    #[test]
    fn a_test_that_never_holds_is_read_but_reported() {
        let rule = json!({"field": "data.a", "operator": "greaterThan", "value": "abc"});
        assert!(Rule::parse(&rule).is_ok());
        assert_eq!(found(&rule), ["/value: must be a number"]);
    }

    #[test]
    fn limits_are_refused_with_a_clear_message() {
        assert!(found(&nested(MAX_DEPTH + 1))[0].ends_with("is nested more than 16 levels deep"));
        assert_eq!(found(&nested(100)).len(), 1);
        let leaves = vec![json!({"field": "data.a", "operator": "exists"}); MAX_LEAVES + 50];
        assert_eq!(found(&json!({"any": leaves})), ["/any/100: is one test more than the allowed 100"]);
    }

    #[test]
    fn reading_names_the_first_problem() {
        let error = serde_json::from_value::<Rule>(json!({"all": [{"operator": "exists"}]})).expect_err("no field");
        assert_eq!(error.to_string(), "/all/0/field: is required");
    }

    #[test]
    fn any_json_is_answered() {
        for value in [json!(null), json!([]), json!({}), json!({"all": {}}), json!({"all": []}), json!({"not": null})] {
            assert!(!found(&value).is_empty(), "{value}");
        }
    }
}
