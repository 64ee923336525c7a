//! Schedules: what each mode needs.

use super::{Names, Problems, people};
use crate::flows::wire::schedule::{Reference, ReferenceOrigin, Schedule, ScheduleMode};

/// Notes what a schedule lacks.
pub(super) fn check(at: &str, schedule: &Schedule, names: &Names<'_>, problems: &mut Problems) {
    match schedule.mode {
        ScheduleMode::Immediate => {}
        ScheduleMode::Delayed => length(at, schedule, problems),
        ScheduleMode::Relative => {
            length(at, schedule, problems);
            if schedule.direction.is_none() {
                problems.add(format!("{at}.direction"), "is required");
            }
            match &schedule.reference {
                Some(to) => reference(&format!("{at}.reference"), to, names, problems),
                None => problems.add(format!("{at}.reference"), "is required"),
            }
        }
    }
}

fn length(at: &str, schedule: &Schedule, problems: &mut Problems) {
    let field = format!("{at}.duration");
    match schedule.duration {
        None => problems.add(&field, "is required"),
        Some(duration) if duration < 1.0 => problems.add(&field, "must be at least 1"),
        Some(_) => {}
    }
    match schedule.unit {
        None => problems.add(format!("{at}.unit"), "is required"),
        Some(unit) => people::longest(&field, schedule.duration.unwrap_or_default(), unit, problems),
    }
}

fn reference(at: &str, to: &Reference, names: &Names<'_>, problems: &mut Problems) {
    match to.origin {
        ReferenceOrigin::TaskCompleted => names.task(format!("{at}.id"), Some(&to.id), problems),
        ReferenceOrigin::TriggerEntityAttribute => {
            if to.attribute.as_deref().is_none_or(|name| name.trim().is_empty()) {
                problems.add(format!("{at}.attribute"), "is required");
            }
        }
        ReferenceOrigin::FlowStarted | ReferenceOrigin::AllPrecedingTasksCompleted => {}
    }
}
