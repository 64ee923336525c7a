//! What a template has to be (spec epilot-flows, 3 and 10): references lead somewhere, numbers are within bounds, ids are taken once.
//!
//! Whether the edges make circles that are no loops is found out when they are compiled.

mod bounds;
mod edges;
mod ids;
pub(crate) mod people;
mod schedule;
mod task;

use std::collections::{HashMap, HashSet};

use crate::error::{ApiError, FieldError, MAX_FIELD_ERRORS};
use crate::flows::wire::common::TaskType;
use crate::flows::wire::template::{FlowTemplate, Trigger, TriggerKind};
use crate::flows::wire::template_task::TemplateTask;

/// What was found, up to the most that is answered.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    /// Notes what is wrong with a member.
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MAX_FIELD_ERRORS {
            self.0.push(FieldError::new(field, "invalid", message));
        }
    }

    /// 400 if anything was found.
    pub(crate) fn done(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::validation(self.0)) }
    }
}

/// Tasks and phases by their ids.
struct Names<'t> {
    tasks: HashMap<&'t str, &'t TemplateTask>,
    phases: HashSet<&'t str>,
}

impl<'t> Names<'t> {
    fn of(template: &'t FlowTemplate) -> Self {
        Self {
            tasks: template.tasks.iter().map(|task| (task.id.as_str(), task)).collect(),
            phases: template.phases.iter().flatten().map(|phase| phase.id.as_str()).collect(),
        }
    }

    /// The decision of this id.
    fn decision(&self, id: &str) -> Option<&'t TemplateTask> {
        self.tasks.get(id).copied().filter(|task| task.task_type == TaskType::Decision)
    }

    /// Notes a reference to a task that is not there, or not given.
    fn task(&self, field: String, id: Option<&str>, problems: &mut Problems) {
        match id {
            Some(id) if self.tasks.contains_key(id) => {}
            Some(id) => problems.add(field, format!("there is no task {:?}", shown(id))),
            None => problems.add(field, "is required"),
        }
    }

    /// Notes a reference to a phase that is not there, or not given.
    fn phase(&self, field: String, id: Option<&str>, problems: &mut Problems) {
        match id {
            Some(id) if self.phases.contains(id) => {}
            Some(id) => problems.add(field, format!("there is no phase {:?}", shown(id))),
            None => problems.add(field, "is required"),
        }
    }
}

/// An id as it is repeated in a message.
fn shown(id: &str) -> String {
    id.chars().take(64).collect()
}

/// Refuses a template that cannot be worked with, naming where.
pub(crate) fn structure(template: &FlowTemplate) -> Result<(), ApiError> {
    // First, so that nothing else is done with what is too much.
    bounds::check(template)?;
    let mut problems = Problems::default();
    ids::check(template, &mut problems);
    let names = Names::of(template);
    head(template, &names, &mut problems);
    for (place, phase) in template.phases.iter().flatten().enumerate() {
        let at = format!("phases.{place}");
        people::check(&at, phase.assigned_to.as_deref(), phase.due_date_config.as_ref(), &names, &mut problems);
    }
    for (place, task) in template.tasks.iter().enumerate() {
        task::check(&format!("tasks.{place}"), task, &names, &mut problems);
    }
    for (place, edge) in template.edges.iter().enumerate() {
        edges::check(&format!("edges.{place}"), edge, &names, &mut problems);
    }
    problems.done()
}

fn head(template: &FlowTemplate, names: &Names<'_>, problems: &mut Problems) {
    if template.name.trim().chars().count() < 3 {
        problems.add("name", "must have at least 3 characters");
    }
    people::check("", template.assigned_to.as_deref(), template.due_date_config.as_ref(), names, problems);
    trigger("trigger", template.trigger.as_ref(), problems);
    for (place, more) in template.additional_triggers.iter().flatten().enumerate() {
        trigger(&format!("additional_triggers.{place}"), Some(more), problems);
    }
    for (place, sync) in template.entity_sync.iter().flatten().enumerate() {
        let filter = sync.trigger.filter.as_ref();
        if filter.is_some_and(|filter| filter.task_template_id.is_some() && filter.phase_template_id.is_some()) {
            let message = "must name a task or a phase, not both";
            problems.add(format!("entity_sync.{place}.trigger.filter"), message);
        }
    }
}

fn trigger(at: &str, trigger: Option<&Trigger>, problems: &mut Problems) {
    let Some(trigger) = trigger else { return };
    if trigger.kind == TriggerKind::JourneySubmission && trigger.journey_id.is_none() {
        problems.add(format!("{at}.journey_id"), "is required");
    }
}

#[cfg(test)]
mod tests;
