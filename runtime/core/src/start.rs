//! How an execution begins: the visit to the trigger step is recorded as done and the first step behind it is due.

use serde_json::{Map, Value, json};

use crate::changes::Changes;
use crate::clock::Given;
use crate::decision::Decision;
use crate::definition::{Definition, Graph, Reentry};
use crate::execution::{Execution, ExecutionStatus, StepExecution, StepStatus};
use crate::flow::{self, Parent, StartPeople};
use crate::id::{ContactId, ExecutionId};
use crate::journal::JournalKind;
use crate::marking::Marking;
use crate::{branch, volume, walk};

/// What an execution is started with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The id it gets; none for a new one.
    pub id: Option<ExecutionId>,
    /// For whom.
    pub contact_id: Option<ContactId>,
    /// The event that starts it; none for a manual or scheduled start.
    pub event_name: Option<String>,
    /// What steps see as `event.*`: an object or null.
    pub event: Value,
    /// The visit that starts it and waits for its end.
    pub parent: Option<Parent>,
    /// What people see of it, where its graph has tasks.
    pub people: Option<StartPeople>,
}

/// The definition has no trigger step, so nothing can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the definition has no trigger step")]
pub struct NoTrigger;

/// A new execution of the definition's newest version, whose graph is `graph`.
///
/// Whether the contact may enter is decided by the store: the execution's `reentry_key` is unique in the definition.
pub fn start(definition: &Definition, graph: &Graph, start: Start, given: &Given<'_>) -> Result<Changes, NoTrigger> {
    let trigger = graph.trigger().ok_or(NoTrigger)?.id;
    let mut decision = Decision::begin(graph, new_execution(definition, &start, given), given);
    decision.note(JournalKind::ExecutionStarted, None, json!({ "eventName": start.event_name }));
    let visit = decision.new_visit(trigger);
    decision.put(StepExecution {
        status: StepStatus::Completed,
        run_at: None,
        completed_at: Some(given.now),
        output: Some(json!({
            "triggered": true,
            "eventName": start.event_name.as_deref().unwrap_or("manual"),
            "timestamp": given.now.to_rfc3339(),
        })),
        ..visit
    });
    let edges = branch::choose(graph, &Marking::default(), trigger, &[]);
    let Some(people) = &start.people else {
        walk::follow(&mut decision, &edges);
        return Ok(volume::accounted(decision.made(), &[]));
    };
    decision.entities = &people.entities;
    flow::begin(&mut decision, people);
    walk::along(&mut decision, &edges);
    // Of what is left out from the beginning.
    flow::exits(&mut decision);
    flow::settle(&mut decision);
    walk::arrived(&mut decision);
    Ok(volume::accounted(decision.made(), &[]))
}

fn new_execution(definition: &Definition, start: &Start, given: &Given<'_>) -> Execution {
    let contact = start.contact_id.filter(|_| definition.reentry != Reentry::Always);
    Execution {
        id: start.id.unwrap_or_else(|| given.id()),
        workspace_id: definition.workspace_id,
        definition_id: definition.id,
        definition_version: definition.version,
        graph_revision: 0,
        parent: start.parent,
        contact_id: start.contact_id,
        status: ExecutionStatus::Running,
        current_step_id: None,
        exit_reason: None,
        event_name: start.event_name.clone(),
        event: start.event.clone(),
        variables: Map::new(),
        marking: Marking::default(),
        reentry: definition.reentry,
        reentry_key: contact.map(|contact| contact.to_string()),
        row_version: 1,
        journal_length: 0,
        output_bytes: 0,
        started_at: given.now,
        completed_at: None,
        created_at: given.now,
        updated_at: given.now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SequentialIds;
    use crate::definition::Guard;
    use crate::testing::{definition, edge, graph, step};
    use crate::time::Timestamp;

    fn started(reentry: Reentry, names: &[&str]) -> Changes {
        let ids = SequentialIds::default();
        let given = Given::new(Timestamp(1_000), &ids);
        let steps: Vec<_> = names.iter().map(|name| step(name)).collect();
        let edges = names.windows(2).map(|pair| edge(&steps, pair[0], pair[1], Guard::Always, 0)).collect();
        let start_with =
            Start { contact_id: Some(given.id()), event_name: Some("signed_up".into()), ..Start::default() };
        start(&definition(reentry), &graph(steps, edges), start_with, &given).expect("trigger")
    }

    #[test]
    fn the_trigger_is_done_and_the_step_behind_it_is_due() {
        let changes = started(Reentry::Once, &["trigger", "first"]);
        let statuses: Vec<_> = changes.visits.iter().map(|visit| visit.status).collect();
        assert_eq!(statuses, [StepStatus::Completed, StepStatus::Running]);
        assert_eq!(changes.execution.current_step_id, Some(changes.visits[1].step_id));
        assert_eq!(changes.visits[0].output.as_ref().map(|out| out["eventName"].clone()), Some(json!("signed_up")));
    }

    #[test]
    fn a_graph_of_a_trigger_alone_completes_at_once() {
        assert_eq!(started(Reentry::Once, &["trigger"]).execution.status, ExecutionStatus::Completed);
    }

    #[test]
    fn a_contact_that_may_enter_often_takes_no_key() {
        assert!(started(Reentry::Once, &["trigger", "first"]).execution.reentry_key.is_some());
        assert!(started(Reentry::Always, &["trigger", "first"]).execution.reentry_key.is_none());
    }
}
