//! What requests say of tasks and phases, read and checked. A member that is none stays as it is.

use serde::Serialize;
use serde_json::Value;
use stepwell_core::flow::{Assignee, Due, People, RunResult, Task};

use crate::error::ApiError;
use crate::extract::fits;
use crate::flows::convert::all;
use crate::flows::error::invalid;
use crate::flows::read;
use crate::flows::wire;
use crate::flows::wire::task::{AutomationInfo, AutomationInputContext, InputSource};

/// The most characters of a name.
const MAX_NAME: usize = 1_000;
/// The most characters of an id that somebody else has made, and of a word of theirs.
const MAX_WORD: usize = 200;
/// The most bytes, as JSON, of what is kept of a task as it is sent: a description, how a portal shows it, what it runs.
const MAX_KEPT: usize = 64 * 1024;
/// The most bytes of that in all tasks of an execution.
const MAX_KEPT_IN_ALL: usize = 4 * 1024 * 1024;

/// A name, which is not blank.
pub(crate) fn name(text: String, field: &str) -> Result<String, ApiError> {
    if text.trim().is_empty() || text.chars().count() > MAX_NAME {
        return Err(ApiError::field(field, "invalid_string", format!("must have 1 to {MAX_NAME} characters")));
    }
    Ok(text)
}

/// A due date: null or an empty text clears it.
pub(crate) fn due(sent: Option<Option<String>>, field: &str) -> Result<Option<Option<Due>>, ApiError> {
    sent.map(|text| text.map_or(Ok(None), |text| read::due(&text, field))).transpose()
}

/// Who is to do something.
pub(crate) fn people(
    sent: Option<Vec<wire::common::Assignee>>,
    field: &str,
) -> Result<Option<Vec<Assignee>>, ApiError> {
    sent.map(|people| read::people(all(people), field)).transpose()
}

/// A word or an id that somebody else has made.
fn word(text: Option<&str>, field: impl FnOnce() -> String) -> Result<(), ApiError> {
    match text.filter(|text| text.chars().count() > MAX_WORD) {
        Some(_) => Err(ApiError::field(field(), "invalid_string", format!("must have at most {MAX_WORD} characters"))),
        None => Ok(()),
    }
}

/// A member that is kept as it is sent.
pub(super) fn kept<T: Serialize>(value: &T, field: &str) -> Result<Value, ApiError> {
    fits(field, value, MAX_KEPT)?;
    serde_json::to_value(value).map_err(ApiError::internal)
}

/// Refuses more to keep where the tasks of an execution have much already.
pub(super) fn room_for(more: &impl Serialize, of: &People, field: &str) -> Result<(), ApiError> {
    let kept: Vec<_> = of.tasks.iter().map(|task| (&task.data.shown, task.data.run.as_ref())).collect();
    fits(field, &(more, kept), MAX_KEPT_IN_ALL)
}

/// What an automation runs, and how its run stands if that is said.
#[derive(Debug, PartialEq)]
pub(super) struct Automation {
    /// The configuration as it is kept: all but how the run stands.
    pub(super) config: AutomationInfo,
    /// How the run stands.
    pub(super) run: Option<RunResult>,
}

/// Reads what an automation runs. `own` is the task that it is of, if there is one already.
pub(super) fn automation(
    mut sent: AutomationInfo,
    own: Option<&Task>,
    of: &People,
    field: &str,
) -> Result<Automation, ApiError> {
    let words = [
        ("flow_id", Some(&sent.flow_id)),
        ("execution_id", sent.execution_id.as_ref()),
        ("execution_status", sent.execution_status.as_ref()),
    ];
    for (member, text) in words {
        word(text.map(String::as_str), || format!("{field}.{member}"))?;
    }
    if sent.more.get("config").is_some_and(|config| !config.is_object()) {
        return Err(invalid(format!("{field}.config"), "must be an object"));
    }
    if let Some(input) = &sent.input_context {
        works_on(input, own, of, &format!("{field}.input_context"))?;
    }
    fits(field, &sent, MAX_KEPT)?;
    let run = RunResult {
        id: sent.execution_id.take(),
        status: sent.execution_status.take(),
        error: sent.error_reason.take(),
    };
    Ok(Automation { config: sent, run: (run != RunResult::default()).then_some(run) })
}

/// Refuses input from a task that is not there, and from the task itself.
fn works_on(input: &AutomationInputContext, own: Option<&Task>, of: &People, field: &str) -> Result<(), ApiError> {
    match input.source {
        InputSource::Trigger => Ok(()),
        InputSource::Task => {
            let other = |task: &Task| own.is_none_or(|own| own.id != task.id);
            let known = |id: &str| of.tasks.iter().any(|task| task.key == id && other(task));
            match input.task_id.as_deref() {
                Some(id) if known(id) => Ok(()),
                Some(_) => Err(invalid(format!("{field}.task_id"), "must be the template's id of another task")),
                None => Err(ApiError::field(format!("{field}.task_id"), "required", "is required")),
            }
        }
    }
}
