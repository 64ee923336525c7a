//! The configuration in its several forms. It is kept as JSON and read here, so that every mistake is named by its place.

use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_plugin::Problem;
use stepwell_rules::Rule;

use crate::expression::Expression;
use crate::multi::Multi;

/// The configuration of a condition.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Config(Map<String, Value>);

/// What a condition is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// One test, one count, or several in a composite: the branches are `yes` and `no`.
    Rule(Rule),
    /// One field, up to 20 branches and `default`.
    Multi(Multi),
    /// A CEL expression: the branches are `yes` and `no`.
    Expression(Expression),
}

impl Kind {
    /// Whether a document is read under this name, the first part of a path.
    pub(crate) fn reads(&self, root: &str) -> bool {
        match self {
            Self::Rule(Rule::Test(test)) => leads_into(&test.field, root),
            Self::Rule(rule) => rule.tests().iter().any(|test| leads_into(&test.field, root)),
            Self::Multi(multi) => leads_into(multi.field(), root),
            Self::Expression(expression) => expression.reads(root),
        }
    }
}

fn leads_into(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'))
}

impl Config {
    /// The condition, or the first thing that makes it none.
    pub(crate) fn kind(self) -> Result<Kind, Problem> {
        if self.0.contains_key("expression") {
            return Expression::read(&self.0).map(Kind::Expression);
        }
        if self.is_multi() {
            return Multi::read(&self.0).map(Kind::Multi).map_err(first);
        }
        let rule = self.rule()?;
        Rule::parse(&rule).map(Kind::Rule).map_err(|found| first(found.into_iter().map(problem).collect()))
    }

    /// Everything wrong with it when it is saved. It also names tests that can be run but never hold.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        if self.0.contains_key("expression") {
            return Expression::read(&self.0).err().into_iter().collect();
        }
        if self.is_multi() {
            return Multi::problems(&self.0);
        }
        match self.clone().rule() {
            Ok(rule) => stepwell_rules::problems(&rule).into_iter().map(problem).collect(),
            Err(problem) => vec![problem],
        }
    }

    fn is_multi(&self) -> bool {
        self.0.get("mode").is_some_and(|mode| mode == "multi") || self.0.contains_key("branches")
    }

    /// The configuration as a rule: only `mode` is no part of it.
    fn rule(mut self) -> Result<Value, Problem> {
        match self.0.remove("mode") {
            None | Some(Value::Null) => Ok(Value::Object(self.0)),
            Some(mode) if mode == "binary" => Ok(Value::Object(self.0)),
            Some(_) => Err(Problem::new("/mode", "must be binary or multi")),
        }
    }
}

/// A problem of a rule as one of the configuration.
pub(crate) fn problem(found: stepwell_rules::Problem) -> Problem {
    Problem::new(found.pointer, found.message)
}

fn first(problems: Vec<Problem>) -> Problem {
    problems.into_iter().next().unwrap_or_else(|| Problem::new("", "is no condition"))
}
