//! Which transitions may leave a step, and what the `condition` and `waitOutcome` of one mean (spec plunk-workflows, 5).
//!
//! A label is read once, when a transition is written; from then on only its [`Guard`] counts. What nothing would ever match is
//! refused here, so no stored transition is dead from the start.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell_core::{ERROR_BRANCH, Guard, Step, TRIGGER};
use utoipa::ToSchema;

use super::step_type::{CONDITION, EXIT, WAIT_FOR_EVENT};
use crate::error::ApiError;

const EVENT: &str = "event";
const TIMEOUT: &str = "timeout";

/// What ended a wait, as the label of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum WaitOutcome {
    /// The event came.
    Event,
    /// The time ran out.
    Timeout,
}

impl WaitOutcome {
    fn branch(self) -> &'static str {
        match self {
            Self::Event => EVENT,
            Self::Timeout => TIMEOUT,
        }
    }

    /// The outcome that a guard of a wait's transition stands for.
    pub(super) fn of(from: &Step, guard: &Guard) -> Option<Self> {
        match guard {
            Guard::Branch(name) if from.step_type == WAIT_FOR_EVENT && name == EVENT => Some(Self::Event),
            Guard::Branch(name) if from.step_type == WAIT_FOR_EVENT && name == TIMEOUT => Some(Self::Timeout),
            _ => None,
        }
    }
}

/// Which transitions may leave a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exits {
    /// None at all.
    Nothing,
    /// One, whatever happens: the trigger never fails.
    One,
    /// One, and one for a failure.
    Plain,
    /// One for each branch, one for all others, and one for a failure.
    Branches {
        /// The branches.
        names: Vec<String>,
        /// What a transition without a label means.
        unlabelled: Guard,
    },
}

impl Exits {
    /// What may leave `step`; `declared` are the branches that its type declares.
    pub(super) fn of(step: &Step, declared: &[String]) -> Self {
        match step.step_type.as_str() {
            TRIGGER => Self::One,
            EXIT => Self::Nothing,
            // Rule 2 of section 7: there a transition without a condition is always taken.
            CONDITION => Self::Branches { names: condition_branches(&step.config), unlabelled: Guard::Always },
            _ if declared.is_empty() => Self::Plain,
            _ => Self::Branches { names: declared.to_vec(), unlabelled: Guard::Otherwise },
        }
    }

    /// The guard of a transition without a label. For most steps it stands in for everything but what has a transition of
    /// its own, so that a transition for failures beside it is taken on failure.
    pub(super) fn unlabelled(&self) -> Option<Guard> {
        match self {
            Self::Nothing => None,
            Self::One | Self::Plain => Some(Guard::Otherwise),
            Self::Branches { unlabelled, .. } => Some(unlabelled.clone()),
        }
    }

    fn may_name(&self, branch: &str) -> bool {
        match self {
            Self::Nothing | Self::One => false,
            Self::Plain => branch == ERROR_BRANCH,
            Self::Branches { names, .. } => branch == ERROR_BRANCH || names.iter().any(|name| name == branch),
        }
    }

    fn choices(&self) -> String {
        let own: &[String] = match self {
            Self::Branches { names, .. } => names,
            Self::Nothing | Self::One | Self::Plain => &[],
        };
        let all: Vec<_> = own.iter().map(String::as_str).chain([ERROR_BRANCH]).collect();
        all.join(", ")
    }
}

/// The branches a CONDITION can answer with: those of its configuration, or yes and no.
fn condition_branches(config: &Value) -> Vec<String> {
    let multi = config["mode"] == "multi";
    let ids = config["branches"].as_array().filter(|_| multi);
    match ids {
        Some(ids) => {
            let ids = ids.iter().filter_map(|branch| branch["id"].as_str());
            ids.chain(["default"]).map(str::to_owned).collect()
        }
        None if multi => vec!["default".to_owned()],
        None => vec!["yes".to_owned(), "no".to_owned()],
    }
}

/// The first branch of a step, where a step that is put into a transition goes on: `yes` for a binary CONDITION.
pub(super) fn first_branch(step: &Step, exits: &Exits) -> Option<String> {
    match exits {
        Exits::Branches { names, .. } if step.step_type == CONDITION => names.first().cloned(),
        _ => None,
    }
}

/// A label as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    /// When the transition is taken.
    pub(super) guard: Guard,
    /// What is shown as `condition`.
    pub(super) condition: Option<Value>,
}

impl Label {
    /// The label of a branch.
    pub(super) fn branch(name: &str) -> Self {
        Self { guard: Guard::Branch(name.to_owned()), condition: Some(json!({ "branch": name })) }
    }

    /// No label.
    pub(super) fn none(guard: Guard) -> Self {
        Self { guard, condition: None }
    }
}

/// Reads the label of a transition that leaves `from`.
pub(super) fn label(
    from: &Step,
    exits: &Exits,
    condition: Option<&Value>,
    outcome: Option<WaitOutcome>,
) -> Result<Label, ApiError> {
    let is_wait = from.step_type == WAIT_FOR_EVENT;
    if outcome.is_some() && !is_wait {
        return Err(wrong("waitOutcome", "only a transition that leaves a WAIT_FOR_EVENT step has one"));
    }
    let named = condition.map(|condition| named(from, exits, condition)).transpose()?;
    let label = match (named, outcome) {
        (None, None) => Label::none(exits.unlabelled().ok_or_else(no_way_out)?),
        (Some(label), None) => label,
        (None, Some(outcome)) => Label::none(Guard::Branch(outcome.branch().to_owned())),
        (Some(label), Some(outcome)) if label.guard == Guard::Branch(outcome.branch().to_owned()) => label,
        (Some(_), Some(_)) => return Err(wrong("waitOutcome", "contradicts the condition; give one of the two")),
    };
    if is_wait && label.guard == Guard::Branch(TIMEOUT.to_owned()) && !times_out(from) {
        let field = if outcome.is_some() { "waitOutcome" } else { "condition" };
        return Err(wrong(
            field,
            "the wait has no timeout, so it never times out; set config.timeout of the step first",
        ));
    }
    Ok(label)
}

/// What `{"branch":…}` or, for a wait, `{"fallback":true}` means.
fn named(from: &Step, exits: &Exits, condition: &Value) -> Result<Label, ApiError> {
    let shape = || wrong("condition", r#"must be null or {"branch":"<name>"}"#);
    let members = condition.as_object().filter(|members| members.len() == 1).ok_or_else(shape)?;
    if from.step_type == WAIT_FOR_EVENT && members.get("fallback") == Some(&Value::Bool(true)) {
        let guard = Guard::Branch(TIMEOUT.to_owned());
        return Ok(Label { guard, condition: Some(condition.clone()) });
    }
    let branch = members.get("branch").and_then(Value::as_str).ok_or_else(shape)?;
    let known = [Some(branch), alias(branch)].into_iter().flatten().find(|name| exits.may_name(name));
    match known {
        Some(name) => Ok(Label::branch(name)),
        None if *exits == Exits::One => Err(wrong("condition", "a transition that leaves the trigger has none")),
        None => {
            Err(wrong("condition.branch", format!("the step has no branch of this name; it has: {}", exits.choices())))
        }
    }
}

/// What some clients write for the branches of a binary CONDITION.
fn alias(branch: &str) -> Option<&'static str> {
    match branch {
        "true" => Some("yes"),
        "false" => Some("no"),
        _ => None,
    }
}

fn times_out(wait: &Step) -> bool {
    wait.config["timeout"].as_f64().is_some_and(|seconds| seconds > 0.0)
}

/// The refusal of a transition that leaves an EXIT.
pub(super) fn no_way_out() -> ApiError {
    ApiError::bad_request("An EXIT step ends the execution: no transition leaves it")
}

fn wrong(field: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::field(field, "invalid", message)
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
