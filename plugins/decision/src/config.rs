//! The configuration: conditions in order, each of them a branch.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_plugin::Problem;
use stepwell_plugin::branches::{MAX_BRANCHES, MAX_NAME};

use crate::facts::Facts;
use crate::statement::Statement;

/// What a decision is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Who decides; `automatic` if not given.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The conditions, in the order in which they are followed. The id of each is the name of its branch.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(crate) conditions: Vec<Condition>,
    /// Whether all that are met are followed; else only the first. True if not given.
    #[serde(default = "yes")]
    pub(crate) parallel: bool,
    /// Whether there is an edge to follow when no condition is met. Without one the step waits until a condition is.
    #[serde(default)]
    pub(crate) otherwise: bool,
}

/// Who decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The conditions.
    #[default]
    Automatic,
    /// A person, who names a branch.
    Manual,
}

/// One condition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Condition {
    /// Its id, which is the name of its branch.
    #[schemars(length(min = 1, max = 200))]
    pub(crate) id: String,
    /// What people call the branch.
    #[serde(default)]
    #[allow(dead_code, reason = "for people")]
    pub(crate) name: String,
    /// Whether all statements have to hold; else one is enough. True if not given.
    #[serde(default = "yes")]
    pub(crate) all: bool,
    /// The statements. Without any the condition is never met.
    #[serde(default)]
    pub(crate) statements: Vec<Statement>,
}

fn yes() -> bool {
    true
}

impl Config {
    /// Whether there is a condition of this id.
    pub(crate) fn knows(&self, branch: Option<&str>) -> bool {
        branch.is_some_and(|branch| self.conditions.iter().any(|condition| condition.id == branch))
    }

    /// What is wrong with it when it is saved.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.conditions.len() > MAX_BRANCHES {
            found.push(Problem::new("/conditions", format!("may have {MAX_BRANCHES} conditions at most")));
        }
        let mut ids = BTreeSet::new();
        for (index, condition) in self.conditions.iter().enumerate() {
            let place = format!("/conditions/{index}");
            if condition.id.is_empty() || condition.id.len() > MAX_NAME {
                found.push(Problem::new(format!("{place}/id"), format!("must have from 1 to {MAX_NAME} bytes")));
            } else if !ids.insert(&condition.id) {
                found.push(Problem::new(format!("{place}/id"), "is the id of another condition too"));
            }
            let of_statements = condition.statements.iter().enumerate();
            found.extend(of_statements.flat_map(|(at, one)| one.problems(&format!("{place}/statements/{at}"))));
        }
        found
    }
}

impl Condition {
    /// Whether it is met: by all of its statements or by one of them, as it says.
    pub(crate) fn is_met(&self, facts: &Facts<'_>) -> bool {
        let mut holding = self.statements.iter().map(|statement| statement.holds(facts));
        if self.all { !self.statements.is_empty() && holding.all(|holds| holds) } else { holding.any(|holds| holds) }
    }
}
