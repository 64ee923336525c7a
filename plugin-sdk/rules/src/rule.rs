//! Rules: a test of one field, a count of events, or a composite of rules.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::count::{Counter, EventCount};
use crate::documents::Documents;
use crate::operator::Operator;
use crate::text::to_text;

/// How deep composites may be nested.
pub const MAX_DEPTH: usize = 16;

/// How many tests and counts a rule may have in total.
pub const MAX_LEAVES: usize = 100;

/// A test of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// The path of the field: `contact.email`, `contact.data.plan`, `event.total`, `steps.<name>.response`, …
    #[schemars(length(min = 1))]
    pub field: String,
    /// How the field is compared.
    pub operator: Operator,
    /// What the field is compared with; `exists` and `notExists` need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A condition: a test, a count of events, or a composite of conditions.
///
/// Reading one from JSON names the place of a mistake (`/all/1/operator: …`) and refuses more than [`MAX_DEPTH`]
/// levels or [`MAX_LEAVES`] leaves.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum Rule {
    /// A test of one field.
    Test(Test),
    /// A test of how often the contact had an event.
    EventCount(EventCount),
    /// Holds when each of the rules holds.
    All {
        /// The rules that must hold.
        #[schemars(length(min = 1))]
        all: Vec<Rule>,
    },
    /// Holds when at least one of the rules holds.
    Any {
        /// The rules of which one must hold.
        #[schemars(length(min = 1))]
        any: Vec<Rule>,
    },
    /// Holds when the rule does not.
    Not {
        /// The rule that must not hold.
        not: Box<Rule>,
    },
}

impl Test {
    /// The value of the field, as an answer reports it; `None` when it is missing.
    pub fn actual<'a>(&self, documents: &Documents<'a>) -> Option<&'a Value> {
        documents.lookup(&self.field)
    }

    /// Whether the field is as the test says. Upper and lower case are the same in `contact.email`.
    pub fn holds(&self, documents: &Documents<'_>, now_ms: i64) -> bool {
        let actual = self.actual(documents);
        if self.field == "contact.email" {
            let (actual, expected) = (lowered(actual), lowered(self.value.as_ref()));
            self.operator.compare(actual.as_ref(), expected.as_ref(), now_ms)
        } else {
            self.operator.compare(actual, self.value.as_ref(), now_ms)
        }
    }
}

fn lowered(value: Option<&Value>) -> Option<Value> {
    match value {
        Some(text @ Value::String(_)) => Some(Value::String(to_text(text).to_lowercase())),
        other => other.cloned(),
    }
}

impl Rule {
    /// Whether the rule holds. A rule that counts events never does: it needs [`Rule::holds_counting`].
    pub fn holds(&self, documents: &Documents<'_>, now_ms: i64) -> bool {
        self.event_counts().is_empty() && self.holds_counting(documents, now_ms, &|_, _| 0)
    }

    /// Whether the rule holds, the counter answering for the events.
    ///
    /// The counter is asked only as far as the outcome depends on it.
    pub fn holds_counting(&self, documents: &Documents<'_>, now_ms: i64, counter: &Counter<'_>) -> bool {
        match self {
            Self::Test(test) => test.holds(documents, now_ms),
            Self::EventCount(count) => count.holds(now_ms, counter),
            Self::All { all } => all.iter().all(|rule| rule.holds_counting(documents, now_ms, counter)),
            Self::Any { any } => any.iter().any(|rule| rule.holds_counting(documents, now_ms, counter)),
            Self::Not { not } => !not.holds_counting(documents, now_ms, counter),
        }
    }

    /// The counts that the outcome may depend on, in reading order.
    pub fn event_counts(&self) -> Vec<&EventCount> {
        self.leaves()
            .into_iter()
            .filter_map(|leaf| if let Self::EventCount(count) = leaf { Some(count) } else { None })
            .collect()
    }

    /// The tests of fields, in reading order.
    pub fn tests(&self) -> Vec<&Test> {
        self.leaves()
            .into_iter()
            .filter_map(|leaf| if let Self::Test(test) = leaf { Some(test) } else { None })
            .collect()
    }

    fn leaves(&self) -> Vec<&Rule> {
        match self {
            Self::Test(_) | Self::EventCount(_) => vec![self],
            Self::All { all: rules } | Self::Any { any: rules } => rules.iter().flat_map(Self::leaves).collect(),
            Self::Not { not } => not.leaves(),
        }
    }
}

impl From<Test> for Rule {
    fn from(test: Test) -> Self {
        Self::Test(test)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value).map_err(|problems| {
            D::Error::custom(problems.first().map_or_else(|| "no rule".to_owned(), ToString::to_string))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(rule: Value) -> bool {
        let contact = json!({"email": "Ada@Example.org", "subscribed": true, "data": {"plan": "pro", "seats": 5}});
        let rule: Rule = serde_json::from_value(rule).expect("a rule");
        rule.holds(&Documents::new(&contact, &json!({"total": 80})), 0)
    }

    fn plan(value: &str) -> Value {
        json!({"field": "contact.data.plan", "operator": "equals", "value": value})
    }

    #[test]
    fn a_test_reads_its_field_and_reports_it() {
        let contact = json!({"data": {"plan": "pro"}});
        let documents = Documents::new(&contact, &Value::Null);
        let test: Test = serde_json::from_value(plan("pro")).expect("a test");
        assert!(test.holds(&documents, 0));
        assert_eq!(test.actual(&documents), Some(&json!("pro")));
    }

    #[test]
    fn an_email_is_compared_without_case() {
        for (operator, value) in [("equals", "ADA@example.ORG"), ("contains", "@EXAMPLE"), ("notContains", "bob")] {
            assert!(holds(json!({"field": "contact.email", "operator": operator, "value": value})), "{operator}");
        }
        assert!(!holds(json!({"field": "contact.email", "operator": "notEquals", "value": "ada@example.org"})));
        assert!(!holds(plan("PRO")));
    }

    #[test]
    fn composites_combine_their_rules() {
        assert!(holds(json!({"all": [plan("pro"), {"not": plan("free")}]})));
        assert!(!holds(json!({"all": [plan("pro"), plan("free")]})));
        assert!(holds(json!({"any": [plan("free"), {"all": [plan("pro")]}]})));
        assert!(!holds(json!({"any": [plan("free"), plan("basic")]})));
    }

    #[test]
    fn a_rule_that_counts_is_false_without_a_counter_even_when_negated() {
        let count = json!({"event": "order", "operator": "greaterThan", "value": 0});
        assert!(!holds(json!({"all": [&count]})));
        assert!(!holds(json!({"not": &count})));
        assert!(!holds(json!({"any": [plan("pro"), count]})));
    }

    #[test]
    fn a_counter_answers_for_events() {
        let rule: Rule = serde_json::from_value(json!({"all": [
            {"event": "order", "operator": "greaterThanOrEqual", "value": 3, "withinDays": 30},
            {"not": {"event": "refund", "operator": "greaterThan", "value": 0}},
        ]}))
        .expect("a rule");
        let names: Vec<_> = rule.event_counts().iter().map(|count| count.event.as_str()).collect();
        assert_eq!(names, ["order", "refund"]);
        let documents = Documents::new(&Value::Null, &Value::Null);
        assert!(rule.holds_counting(&documents, 0, &|name, _| if name == "order" { 3 } else { 0 }));
        assert!(!rule.holds_counting(&documents, 0, &|_, _| 3));
    }

    #[test]
    fn the_schema_describes_every_form_and_refers_to_itself() {
        let schema = schemars::schema_for!(Rule).to_value();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["anyOf"].as_array().map(Vec::len), Some(5));
        assert_eq!(schema["anyOf"][2]["properties"]["all"]["items"]["$ref"], "#");
        assert_eq!(schema["anyOf"][2]["additionalProperties"], false);
        assert_eq!(schema["$defs"]["Test"]["additionalProperties"], false);
    }

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        let text = json!({"all": [plan("pro"), {"any": [{"field": "event.a", "operator": "exists"}]},
            {"not": {"event": "order", "operator": "equals", "value": 1}}]});
        let rule: Rule = serde_json::from_value(text.clone()).expect("a rule");
        assert_eq!(json!(rule), text);
    }
}
