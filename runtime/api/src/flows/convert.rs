//! Between the wire and the core: who, when, in which unit.

use stepwell_core::flow::{self as core, DueWhen, Span, Unit};

use super::wire::common::{
    Assignee, DueDateConfig, DueDateType, EnableRequirement, RequirementWhen, TimeUnit, VariableAssignment,
};
use super::wire::schedule::{Direction, Reference, ReferenceOrigin, Schedule, ScheduleMode};

impl From<Assignee> for core::Assignee {
    fn from(assignee: Assignee) -> Self {
        match assignee {
            Assignee::User(id) => Self::Person(id),
            Assignee::Variable(VariableAssignment { variable, value }) => Self::Variable { variable, value },
        }
    }
}

impl From<core::Assignee> for Assignee {
    fn from(assignee: core::Assignee) -> Self {
        match assignee {
            core::Assignee::Person(id) => Self::User(id),
            core::Assignee::Variable { variable, value } => Self::Variable(VariableAssignment { variable, value }),
        }
    }
}

/// A list of one kind as a list of the other.
pub(crate) fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl From<TimeUnit> for Unit {
    fn from(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Minutes => Self::Minutes,
            TimeUnit::Hours => Self::Hours,
            TimeUnit::Days => Self::Days,
            TimeUnit::Weeks => Self::Weeks,
            TimeUnit::Months => Self::Months,
            TimeUnit::Years => Self::Years,
        }
    }
}

impl From<Unit> for TimeUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Minutes => Self::Minutes,
            Unit::Hours => Self::Hours,
            Unit::Days => Self::Days,
            Unit::Weeks => Self::Weeks,
            Unit::Months => Self::Months,
            Unit::Years => Self::Years,
        }
    }
}

impl From<DueDateConfig> for core::DueRule {
    fn from(config: DueDateConfig) -> Self {
        let DueDateConfig { duration, unit, kind, task_id, phase_id } = config;
        let when = match kind {
            DueDateType::WorkflowStarted => DueWhen::FlowStarted,
            DueDateType::TaskFinished => DueWhen::TaskFinished(task_id.unwrap_or_default()),
            DueDateType::PhaseFinished => DueWhen::PhaseFinished(phase_id.unwrap_or_default()),
            DueDateType::APrecedingTaskCompleted => DueWhen::APreceding,
            DueDateType::AllPrecedingTasksCompleted => DueWhen::AllPreceding,
        };
        Self { span: Span { amount: duration, unit: unit.into() }, when }
    }
}

impl From<core::DueRule> for DueDateConfig {
    fn from(rule: core::DueRule) -> Self {
        let (kind, task_id, phase_id) = match rule.when {
            DueWhen::FlowStarted => (DueDateType::WorkflowStarted, None, None),
            DueWhen::TaskFinished(task) => (DueDateType::TaskFinished, Some(task), None),
            DueWhen::PhaseFinished(phase) => (DueDateType::PhaseFinished, None, Some(phase)),
            DueWhen::APreceding => (DueDateType::APrecedingTaskCompleted, None, None),
            DueWhen::AllPreceding => (DueDateType::AllPrecedingTasksCompleted, None, None),
        };
        Self { duration: rule.span.amount, unit: rule.span.unit.into(), kind, task_id, phase_id }
    }
}

impl From<EnableRequirement> for core::Requirement {
    fn from(requirement: EnableRequirement) -> Self {
        match requirement.when {
            RequirementWhen::TaskFinished => Self::Task(requirement.task_id.unwrap_or_default()),
            RequirementWhen::PhaseFinished => Self::Phase(requirement.phase_id.unwrap_or_default()),
        }
    }
}

impl From<core::Requirement> for EnableRequirement {
    fn from(requirement: core::Requirement) -> Self {
        match requirement {
            core::Requirement::Task(id) => {
                Self { when: RequirementWhen::TaskFinished, task_id: Some(id), phase_id: None }
            }
            core::Requirement::Phase(id) => {
                Self { when: RequirementWhen::PhaseFinished, task_id: None, phase_id: Some(id) }
            }
        }
    }
}

/// The schedule that a template's task has; at once where it is incomplete, which [`super::template`] has refused before.
pub(crate) fn schedule(wire: Schedule) -> core::Schedule {
    let Schedule { mode, direction, duration, unit, reference, .. } = wire;
    let span = duration.zip(unit).map(|(amount, unit)| Span { amount, unit: unit.into() });
    match (mode, span, reference) {
        (ScheduleMode::Delayed, Some(span), _) => core::Schedule::Delayed(span),
        (ScheduleMode::Relative, Some(span), Some(to)) => {
            core::Schedule::Relative { before: direction == Some(Direction::Before), span, to: reference_of(to) }
        }
        (ScheduleMode::Immediate | ScheduleMode::Delayed | ScheduleMode::Relative, _, _) => core::Schedule::Immediate,
    }
}

fn reference_of(wire: Reference) -> core::Reference {
    match wire.origin {
        ReferenceOrigin::FlowStarted => core::Reference::FlowStarted,
        ReferenceOrigin::TaskCompleted => core::Reference::TaskCompleted(wire.id),
        ReferenceOrigin::TriggerEntityAttribute => {
            let attribute = wire.attribute.unwrap_or_default();
            core::Reference::Attribute { schema: wire.schema, attribute }
        }
        ReferenceOrigin::AllPrecedingTasksCompleted => core::Reference::AllPreceding,
    }
}

impl From<&core::Schedule> for Schedule {
    fn from(schedule: &core::Schedule) -> Self {
        match schedule {
            core::Schedule::Immediate => Self::default(),
            core::Schedule::Delayed(span) => Self { mode: ScheduleMode::Delayed, ..Self::lasting(*span) },
            core::Schedule::Relative { before, span, to } => Self {
                mode: ScheduleMode::Relative,
                direction: Some(if *before { Direction::Before } else { Direction::After }),
                reference: Some(to.into()),
                ..Self::lasting(*span)
            },
        }
    }
}

impl Schedule {
    fn lasting(span: Span) -> Self {
        Self { duration: Some(span.amount), unit: Some(span.unit.into()), ..Self::default() }
    }
}

impl From<&core::Reference> for Reference {
    fn from(reference: &core::Reference) -> Self {
        let of = |id: &str, origin| Self { id: id.to_owned(), origin, schema: None, attribute: None };
        match reference {
            core::Reference::FlowStarted => of("flow_started", ReferenceOrigin::FlowStarted),
            core::Reference::TaskCompleted(task) => of(task, ReferenceOrigin::TaskCompleted),
            core::Reference::Attribute { schema, attribute } => Self {
                schema: schema.clone(),
                attribute: Some(attribute.clone()),
                ..of("trigger", ReferenceOrigin::TriggerEntityAttribute)
            },
            core::Reference::AllPreceding => {
                of("all_preceding_tasks_completed", ReferenceOrigin::AllPrecedingTasksCompleted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_comes_back_as_it_was_written() {
        let written = [
            json!({"mode": "immediate"}),
            json!({"mode": "delayed", "duration": 2.5, "unit": "hours"}),
            json!({"mode": "relative", "direction": "before", "duration": 1.0, "unit": "months",
                   "reference": {"id": "trigger", "origin": "trigger_entity_attribute", "schema": "contract",
                                 "attribute": "ends"}}),
            json!({"mode": "relative", "direction": "after", "duration": 1.0, "unit": "days",
                   "reference": {"id": "t1", "origin": "task_completed"}}),
        ];
        for sent in written {
            let read: Schedule = serde_json::from_value(sent.clone()).expect("schedule");
            assert_eq!(serde_json::to_value(Schedule::from(&schedule(read))).expect("json"), sent);
        }
    }

    #[test]
    fn a_due_date_rule_comes_back_as_it_was_written() {
        let sent = json!({"duration": 3.0, "unit": "weeks", "type": "PHASE_FINISHED", "phase_id": "p"});
        let read: DueDateConfig = serde_json::from_value(sent.clone()).expect("rule");
        let back = DueDateConfig::from(core::DueRule::from(read));
        assert_eq!(serde_json::to_value(back).expect("json"), sent);
    }
}
