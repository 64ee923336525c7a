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
    let otherwise = go_on_anyway(&edges);
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
        shown: wire.more,
    }
}

fn edge(wire: TemplateEdge) -> DrawnEdge {
    DrawnEdge {
        key: wire.id,
        from: wire.from_id,
        to: wire.to_id.filter(|to| !to.is_empty()),
        condition: wire.condition_id.filter(|id| !id.is_empty()),
        otherwise: wire.none_met == Some(true),
        shown: wire.more,
    }
}

/// Where paths go on though no condition is met: behind a default edge, and where no edge asks for a condition.
fn go_on_anyway(edges: &[TemplateEdge]) -> HashSet<String> {
    let asks = |edge: &&TemplateEdge| edge.condition_id.is_some();
    let asking: HashSet<_> = edges.iter().filter(asks).map(|edge| &edge.from_id).collect();
    let goes_on = |edge: &&TemplateEdge| edge.none_met == Some(true) || !asking.contains(&edge.from_id);
    edges.iter().filter(goes_on).map(|edge| edge.from_id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_decision_whose_edges_ask_for_nothing_goes_on_though_no_condition_is_met() {
        let edges = json!([
            { "id": "1", "from_id": "plain", "to_id": "a" },
            { "id": "2", "from_id": "asks", "to_id": "a", "condition_id": "c" },
            { "id": "3", "from_id": "asks", "to_id": "b" },
            { "id": "4", "from_id": "default", "to_id": "a", "condition_id": "c" },
            { "id": "5", "from_id": "default", "to_id": "b", "none_met": true },
        ]);
        let edges: Vec<TemplateEdge> = serde_json::from_value(edges).expect("edges");
        assert_eq!(go_on_anyway(&edges), ["plain", "default"].map(str::to_owned).into());
    }
}
