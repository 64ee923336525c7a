//! The form with several branches: one field, the first branch whose test holds, else `default`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use stepwell_plugin::{Outcome, Problem};
use stepwell_rules::{Documents, Rule, Test};

use crate::bounded::shown;
use crate::config::problem;
use crate::output::Matched;

/// The branch that is followed when no other holds.
const DEFAULT: &str = "default";

/// The most branches.
const MAX_BRANCHES: usize = 20;

#[derive(Debug)]
pub(crate) struct Multi {
    field: String,
    branches: Vec<Branch>,
}

#[derive(Debug)]
struct Branch {
    id: String,
    name: String,
    test: Test,
}

impl Multi {
    pub(crate) fn read(config: &Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let field = text(config, "field", "").map_err(|problem| vec![problem])?;
        let branches = list(config).map_err(|problem| vec![problem])?;
        let (mut read, mut problems) = (Vec::new(), unknown(config, &["mode", "field", "branches"], ""));
        for (index, branch) in branches.iter().enumerate() {
            match Branch::read(branch, &field, &format!("/branches/{index}")) {
                Ok(branch) => read.push(branch),
                Err(found) => problems.extend(found),
            }
        }
        problems.extend(doubled(&read));
        if problems.is_empty() { Ok(Self { field, branches: read }) } else { Err(problems) }
    }

    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// What makes it unreadable, else what can be run but never holds.
    pub(crate) fn problems(config: &Map<String, Value>) -> Vec<Problem> {
        match Self::read(config) {
            Ok(multi) => multi.doubtful().collect(),
            Err(problems) => problems,
        }
    }

    fn doubtful(&self) -> impl Iterator<Item = Problem> {
        self.branches.iter().enumerate().filter_map(|(index, branch)| {
            let message = branch.test.operator.value_problem(branch.test.value.as_ref())?;
            Some(Problem::new(format!("/branches/{index}/value"), message))
        })
    }

    pub(crate) fn run(self, documents: &Documents<'_>, now_ms: i64) -> Outcome {
        let actual_value = shown(documents.lookup(&self.field));
        let matching = self.branches.into_iter().find(|branch| branch.test.holds(documents, now_ms));
        let (branch, matched_branch) =
            matching.map_or_else(|| (DEFAULT.to_owned(), DEFAULT.to_owned()), |branch| (branch.id, branch.name));
        let output = Matched { field: self.field, mode: "multi", matched_branch, actual_value, branch: branch.clone() };
        Outcome::completed(output).on(branch)
    }
}

impl Branch {
    fn read(value: &Value, field: &str, at: &str) -> Result<Self, Vec<Problem>> {
        let Value::Object(members) = value else { return Err(vec![Problem::new(at, "must be an object")]) };
        let id = text(members, "id", at).map_err(|problem| vec![problem])?;
        let name =
            members.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(&id).to_owned();
        let unknown = unknown(members, &["id", "name", "operator", "value"], at);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        Ok(Self { id, name, test: test(members, field, at)? })
    }
}

/// The branch's operator and value with the common field, read as a rule of its own.
fn test(members: &Map<String, Value>, field: &str, at: &str) -> Result<Test, Vec<Problem>> {
    let mut rule = Map::from_iter([("field".to_owned(), Value::from(field))]);
    rule.extend(["operator", "value"].iter().filter_map(|key| Some(((*key).to_owned(), members.get(*key)?.clone()))));
    match Rule::parse(&Value::Object(rule)) {
        Ok(Rule::Test(test)) => Ok(test),
        Ok(_) => Err(vec![Problem::new(at, "must be a test")]),
        Err(found) => Err(found.into_iter().map(|found| problem(found.under(at))).collect()),
    }
}

fn list(config: &Map<String, Value>) -> Result<&Vec<Value>, Problem> {
    let branches = config.get("branches").and_then(Value::as_array);
    branches
        .filter(|branches| (1..=MAX_BRANCHES).contains(&branches.len()))
        .ok_or_else(|| Problem::new("/branches", format!("must be a list of 1 to {MAX_BRANCHES} branches")))
}

fn text(members: &Map<String, Value>, key: &str, at: &str) -> Result<String, Problem> {
    let text = members.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Problem::new(format!("{at}/{key}"), "must be a text that is not empty"))
}

fn unknown(members: &Map<String, Value>, known: &[&str], at: &str) -> Vec<Problem> {
    let unknown = members.keys().filter(|key| !known.contains(&key.as_str()));
    let escaped = unknown.map(|key| key.replace('~', "~0").replace('/', "~1"));
    escaped.map(|key| Problem::new(format!("{at}/{key}"), "is unknown here")).collect()
}

fn doubled(branches: &[Branch]) -> Vec<Problem> {
    let mut seen = BTreeSet::from([DEFAULT]);
    let doubled = branches.iter().enumerate().filter(|(_, branch)| !seen.insert(branch.id.as_str()));
    doubled
        .map(|(index, _)| Problem::new(format!("/branches/{index}/id"), "must be unique and other than `default`"))
        .collect()
}
