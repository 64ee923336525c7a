//! Who is to do something, and until when.

use super::{Names, Problems};
use crate::flows::wire::common::{Assignee, DueDateConfig, DueDateType, TimeUnit};

/// The most users that one thing is given to.
const MAX_ASSIGNEES: usize = 100;
/// The most characters of a user's id, and of a variable.
const MAX_NAME: usize = 200;
/// The longest time that is computed with, in years.
const MAX_YEARS: f64 = 1_000.0;

/// Notes what is wrong with the assignees and the due date of something at `at`.
pub(super) fn check(
    at: &str,
    given: Option<&[Assignee]>,
    due: Option<&DueDateConfig>,
    names: &Names<'_>,
    problems: &mut Problems,
) {
    let join = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    assignees(&join("assigned_to"), given.unwrap_or_default(), problems);
    let Some(rule) = due else { return };
    let field = join("due_date_config");
    due_rule(&field, rule, problems);
    match rule.kind {
        DueDateType::TaskFinished => names.task(format!("{field}.task_id"), rule.task_id.as_deref(), problems),
        DueDateType::PhaseFinished => names.phase(format!("{field}.phase_id"), rule.phase_id.as_deref(), problems),
        DueDateType::WorkflowStarted
        | DueDateType::APrecedingTaskCompleted
        | DueDateType::AllPrecedingTasksCompleted => {}
    }
}

/// Notes users without a name, or too many of them.
pub(crate) fn assignees(field: &str, given: &[Assignee], problems: &mut Problems) {
    if given.len() > MAX_ASSIGNEES {
        problems.add(field, format!("{} are too many, {MAX_ASSIGNEES} are allowed", given.len()));
        return;
    }
    for (place, assignee) in given.iter().enumerate() {
        let (member, text) = match assignee {
            Assignee::User(id) => (format!("{field}.{place}"), id),
            Assignee::Variable(variable) => (format!("{field}.{place}.variable"), &variable.variable),
        };
        if text.trim().is_empty() || text.chars().count() > MAX_NAME {
            problems.add(member, format!("must have 1 to {MAX_NAME} characters"));
        }
        let Assignee::Variable(variable) = assignee else { continue };
        if variable.value.as_ref().is_some_and(|value| value.len() > MAX_ASSIGNEES) {
            problems.add(format!("{field}.{place}.value"), format!("must have at most {MAX_ASSIGNEES} items"));
        }
    }
}

/// Notes a length of time that cannot be computed with.
pub(crate) fn due_rule(field: &str, rule: &DueDateConfig, problems: &mut Problems) {
    if rule.duration < 0.0 {
        problems.add(format!("{field}.duration"), "must be at least 0");
    }
    longest(&format!("{field}.duration"), rule.duration, rule.unit, problems);
}

/// Notes a length of time that is longer than a thousand years.
pub(super) fn longest(field: &str, duration: f64, unit: TimeUnit, problems: &mut Problems) {
    let in_a_year = match unit {
        TimeUnit::Minutes => 527_040.0,
        TimeUnit::Hours => 8_784.0,
        TimeUnit::Days => 366.0,
        TimeUnit::Weeks => 52.0,
        TimeUnit::Months => 12.0,
        TimeUnit::Years => 1.0,
    };
    if !duration.is_finite() || duration / in_a_year > MAX_YEARS {
        problems.add(field, "must not be longer than 1000 years");
    }
}
