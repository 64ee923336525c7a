//! From a template to the graph that its executions run on.

use std::collections::HashSet;

use stepwell_core::flow::{Draft, Drawn, DrawnEdge, PhaseSpec, compile};
use stepwell_core::{DefinitionId, Given, Graph};

use super::task;
use crate::error::{ApiError, FieldError};
use crate::flows::convert::all;
use crate::flows::wire::template::FlowTemplate;
use crate::flows::wire::template_task::{TemplateEdge, TemplatePhase};

/// The graph of a template whose structure was checked. 400 for circles that are no loops, and whatever else cannot be walked.
pub(super) fn graph(id: DefinitionId, template: FlowTemplate, given: &Given<'_>) -> Result<Graph, ApiError> {
    let FlowTemplate { tasks, phases, edges, linear, .. } = template;
    let is_default = |edge: &&TemplateEdge| edge.none_met == Some(true);
    let otherwise: HashSet<_> = edges.iter().filter(is_default).map(|edge| edge.from_id.clone()).collect();
    let steps = tasks.into_iter().map(|task| task::step(task, &otherwise, given)).collect::<Result<_, _>>()?;
    let drawn = Drawn {
        phases: phases.into_iter().flatten().map(phase).collect(),
        edges: edges.into_iter().map(edge).collect(),
        linear: linear == Some(true),
        ..Drawn::default()
    };
    compile(Draft { definition: id, steps, drawn }, given).map_err(|problems| {
        let problems = problems.into_iter().map(|problem| FieldError::new(problem.path, "invalid", problem.message));
        ApiError::validation(problems.collect())
    })
}

fn phase(wire: TemplatePhase) -> PhaseSpec {
    PhaseSpec {
        key: wire.id,
        name: wire.name,
        due_date: wire.due_date.filter(|date| !date.is_empty()),
        due: wire.due_date_config.map(Into::into),
        assignees: all(wire.assigned_to.unwrap_or_default()),
        taxonomies: wire.taxonomies.unwrap_or_default(),
    }
}

fn edge(wire: TemplateEdge) -> DrawnEdge {
    DrawnEdge {
        key: wire.id,
        from: wire.from_id,
        to: wire.to_id.filter(|to| !to.is_empty()),
        condition: wire.condition_id.filter(|id| !id.is_empty()),
        otherwise: wire.none_met == Some(true),
    }
}
