//! Tasks: what each kind needs, and what they refer to.

use super::{Names, Problems, people, schedule};
use crate::flows::wire::common::{EnableRequirement, RequirementWhen, TaskType};
use crate::flows::wire::schedule::{Condition, EvaluationSource, LoopConfig, ScheduleMode};
use crate::flows::wire::task::{AutomationInputContext, InputSource};
use crate::flows::wire::template_task::TemplateTask;

/// The most characters of a description.
const MAX_DESCRIPTION: usize = 10_000;
/// The most requirements, and the most conditions, of a task.
const MAX_PARTS: usize = 100;
/// The most statements of a condition.
const MAX_STATEMENTS: usize = 200;

/// Notes what is wrong with a task.
pub(super) fn check(at: &str, task: &TemplateTask, names: &Names<'_>, problems: &mut Problems) {
    if task.name.trim().is_empty() {
        problems.add(format!("{at}.name"), "must not be empty");
    }
    let text = task.description.as_ref().and_then(|description| description.value.as_deref());
    if text.is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        problems.add(format!("{at}.description.value"), format!("must have at most {MAX_DESCRIPTION} characters"));
    }
    if let Some(phase) = &task.phase_id {
        names.phase(format!("{at}.phase_id"), Some(phase), problems);
    }
    people::check(at, task.assigned_to.as_deref(), task.due_date_config.as_ref(), names, problems);
    let requirements = task.requirements.as_deref().unwrap_or_default();
    few(&format!("{at}.requirements"), requirements.len(), MAX_PARTS, problems);
    for (place, one) in requirements.iter().enumerate() {
        requirement(&format!("{at}.requirements.{place}"), one, task, names, problems);
    }
    match task.task_type {
        TaskType::Manual => {}
        TaskType::Automation => automation(at, task, names, problems),
        TaskType::Decision => decision(at, task, names, problems),
        TaskType::AiAgent => agent(at, task, problems),
    }
}

fn few(field: &str, count: usize, most: usize, problems: &mut Problems) {
    if count > most {
        problems.add(field, format!("{count} are too many, {most} are allowed"));
    }
}

fn requirement(at: &str, one: &EnableRequirement, of: &TemplateTask, names: &Names<'_>, problems: &mut Problems) {
    match one.when {
        RequirementWhen::TaskFinished if one.task_id.as_deref() == Some(of.id.as_str()) => {
            problems.add(format!("{at}.task_id"), "must be another task");
        }
        RequirementWhen::TaskFinished => names.task(format!("{at}.task_id"), one.task_id.as_deref(), problems),
        RequirementWhen::PhaseFinished => names.phase(format!("{at}.phase_id"), one.phase_id.as_deref(), problems),
    }
}

fn automation(at: &str, task: &TemplateTask, names: &Names<'_>, problems: &mut Problems) {
    let Some(config) = &task.automation_config else {
        problems.add(format!("{at}.automation_config"), "is required for an automation");
        return;
    };
    if let Some(AutomationInputContext { source: InputSource::Task, task_id }) = &config.input_context {
        let field = format!("{at}.automation_config.input_context.task_id");
        if task_id.as_deref() == Some(task.id.as_str()) {
            problems.add(field, "must be another task");
        } else {
            names.task(field, task_id.as_deref(), problems);
        }
    }
    if let Some(set) = &task.schedule {
        schedule::check(&format!("{at}.schedule"), set, names, problems);
    }
}

fn agent(at: &str, task: &TemplateTask, problems: &mut Problems) {
    let Some(config) = &task.agent_config else { return };
    if config["agent_id"].as_str().is_none_or(|id| id.trim().is_empty()) {
        problems.add(format!("{at}.agent_config.agent_id"), "is required");
    }
}

fn decision(at: &str, task: &TemplateTask, names: &Names<'_>, problems: &mut Problems) {
    if task.trigger_mode.is_none() {
        problems.add(format!("{at}.trigger_mode"), "is required for a decision");
    }
    let Some(conditions) = &task.conditions else {
        problems.add(format!("{at}.conditions"), "is required for a decision");
        return;
    };
    few(&format!("{at}.conditions"), conditions.len(), MAX_PARTS, problems);
    for (place, one) in conditions.iter().enumerate() {
        condition(&format!("{at}.conditions.{place}"), one, problems);
    }
    if let Some(repeat) = &task.loop_config {
        looping(&format!("{at}.loop_config"), repeat, conditions, problems);
    }
    let Some(set) = &task.schedule else { return };
    schedule::check(&format!("{at}.schedule"), set, names, problems);
    if set.mode == ScheduleMode::Immediate {
        problems.add(format!("{at}.schedule.mode"), "must be delayed or relative");
    }
}

fn condition(at: &str, condition: &Condition, problems: &mut Problems) {
    few(&format!("{at}.statements"), condition.statements.len(), MAX_STATEMENTS, problems);
    for (place, statement) in condition.statements.iter().enumerate() {
        source(&format!("{at}.statements.{place}.source"), &statement.source, problems);
    }
}

/// What cannot be said of several attributes.
fn source(at: &str, source: &EvaluationSource, problems: &mut Problems) {
    if source.attributes.as_ref().is_none_or(|names| names.len() < 2) {
        return;
    }
    let given = [
        ("attribute_sub_field", source.attribute_sub_field.is_some()),
        ("date_offset", source.date_offset.is_some()),
        ("attribute_operation", source.attribute_operation.is_some()),
    ];
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        problems.add(format!("{at}.{name}"), "is not possible with several attributes");
    }
}

fn looping(at: &str, repeat: &LoopConfig, conditions: &[Condition], problems: &mut Problems) {
    let branches = [("loop_branch_id", &repeat.loop_branch_id), ("exit_branch_id", &repeat.exit_branch_id)];
    for (name, branch) in branches {
        match branch {
            None => problems.add(format!("{at}.{name}"), "is required"),
            Some(id) if !conditions.iter().any(|condition| condition.id == *id) => {
                problems.add(format!("{at}.{name}"), format!("there is no condition {:?}", super::shown(id)));
            }
            Some(_) => {}
        }
    }
    if repeat.loop_branch_id.is_some() && repeat.loop_branch_id == repeat.exit_branch_id {
        problems.add(format!("{at}.exit_branch_id"), "must be another branch than loop_branch_id");
    }
    if !(1..=10).contains(&repeat.max_iterations) {
        problems.add(format!("{at}.max_iterations"), "must be 1 to 10");
    }
}
