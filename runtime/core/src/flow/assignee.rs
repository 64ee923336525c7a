//! Who is to do something: a person, or a variable that names some.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::Facts;

/// The most people that one variable stands for: an entity may list any number.
const MAX_PEOPLE: usize = 100;

/// The longest id of a person, in characters: what is longer names nobody.
const MAX_ID: usize = 200;

/// One of those who are to do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Assignee {
    /// A person, by id.
    Person(String),
    /// Whoever an expression such as `{{entity.owner}}` names.
    Variable {
        /// The expression.
        variable: String,
        /// Whom it named when it was last resolved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Vec<String>>,
    },
}

impl Assignee {
    /// The people it stands for.
    pub fn people(&self) -> &[String] {
        match self {
            Self::Person(id) => std::slice::from_ref(id),
            Self::Variable { value, .. } => value.as_deref().unwrap_or_default(),
        }
    }

    /// The same with its people found out; an expression that names nobody has an empty list.
    #[must_use]
    pub fn resolved(&self, facts: &Facts<'_>) -> Self {
        match self {
            Self::Person(_) => self.clone(),
            Self::Variable { variable, .. } => {
                let found = path(variable).and_then(|path| lookup(&path, facts)).map(people_in);
                let fits = |id: &String| id.chars().count() <= MAX_ID;
                let value = found.into_iter().flatten().filter(fits).take(MAX_PEOPLE).collect();
                Self::Variable { variable: variable.clone(), value: Some(value) }
            }
        }
    }
}

/// The names in `{{ a.b.c }}`.
fn path(variable: &str) -> Option<Vec<&str>> {
    let inner = variable.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let names: Vec<_> = inner.split('.').map(str::trim).collect();
    (names.len() > 1 && names.iter().all(|name| !name.is_empty())).then_some(names)
}

fn lookup<'a>(path: &[&str], facts: &Facts<'a>) -> Option<&'a Value> {
    let (root, attribute) = (path.first()?, path.get(1)?);
    let schema = Some(*root).filter(|root| *root != "entity");
    let first = facts.attribute(schema, attribute)?;
    path.iter().skip(2).try_fold(first, |value, name| value.get(*name))
}

/// The ids in a value: a text, an object with an id, or a list of these.
fn people_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(id) if !id.trim().is_empty() => vec![id.trim().to_owned()],
        Value::Number(id) => vec![id.to_string()],
        Value::Object(object) => {
            let id = ["user_id", "userId", "id", "_id"].into_iter().find_map(|name| object.get(name));
            id.filter(|id| !id.is_object()).map(people_in).unwrap_or_default()
        }
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).flat_map(people_in).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => Vec::new(),
    }
}
