//! Ids: tasks and phases are nodes of one graph and share their ids; edges, and the conditions of a decision, have their own.

use std::collections::HashSet;

use stepwell_core::flow::START;

use super::{Problems, shown};
use crate::flows::wire::template::FlowTemplate;

/// The most characters of an id.
const MAX_ID: usize = 255;

/// Notes ids that are taken twice, reserved, empty or too long.
pub(super) fn check(template: &FlowTemplate, problems: &mut Problems) {
    let phases = template.phases.iter().flatten().enumerate();
    let phases = phases.map(|(place, phase)| (format!("phases.{place}.id"), phase.id.as_str()));
    let tasks = template.tasks.iter().enumerate();
    let tasks = tasks.map(|(place, task)| (format!("tasks.{place}.id"), task.id.as_str()));
    let nodes: Vec<_> = phases.chain(tasks).collect();
    for (field, _) in nodes.iter().filter(|(_, id)| *id == START) {
        problems.add(field, format!("{START:?} is the name of the start"));
    }
    unique(nodes, "another task or phase", problems);
    let edges = template.edges.iter().enumerate();
    unique(edges.map(|(place, edge)| (format!("edges.{place}.id"), edge.id.as_str())), "another edge", problems);
    for (place, task) in template.tasks.iter().enumerate() {
        let conditions = task.conditions.iter().flatten().enumerate();
        let at = |at: usize| format!("tasks.{place}.conditions.{at}.id");
        unique(conditions.map(|(of, one)| (at(of), one.id.as_str())), "another condition", problems);
    }
}

fn unique<'t>(ids: impl IntoIterator<Item = (String, &'t str)>, other: &str, problems: &mut Problems) {
    let mut taken = HashSet::new();
    for (field, id) in ids {
        if id.trim().is_empty() {
            problems.add(field, "must not be empty");
        } else if id.chars().count() > MAX_ID {
            problems.add(field, format!("must have at most {MAX_ID} characters"));
        } else if !taken.insert(id) {
            problems.add(field, format!("{other} has the id {:?}", shown(id)));
        }
    }
}
