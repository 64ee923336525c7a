//! The operations of schedules of flows, beside those that all schedules have.

use rand::RngExt;
use serde_json::{Value, json};
use stepwell_core::flow::{Deed, FlowStatus};
use stepwell_core::{ExecutionId, ExecutionStatus, StepExecutionId, Timestamp, Wake};

use super::{Acting, draw, people};
use crate::count::Count;
use crate::nodes::{Ask, Job, Luck};
use crate::ops::Op;
use crate::plan::Plan;

/// How many deeds it may take to bring all flows to their ends.
const MOST_DEEDS: usize = 400;

impl Plan {
    /// Somebody starts a flow; the last of the workflows is what automations start.
    pub(crate) fn start_flow(&mut self) {
        let (node, at) = (self.some_node(), self.chance.random_range(0..self.world.workflows.len() - 1));
        self.ops.push(Op::Start(node, at, None));
        let versions = &self.world.workflows[at].versions;
        let graph = versions[versions.len() - 1].clone();
        let mut with = draw::start(&graph, &mut self.chance);
        if let Some(people) = &mut with.people {
            people.entities.clone_from(&self.world.entities);
        }
        let now = self.now(node);
        let due = self.world.begin(at, with, node, now);
        self.nodes[node].jobs.extend(due.into_iter().map(Job::Run));
        self.world.seen.add(Count::Flows);
    }

    /// Somebody does something to a flow.
    pub(crate) fn person(&mut self) {
        let node = self.some_node();
        let Some(id) = self.some_flow() else { return self.start_flow() };
        let record = &self.world.records[&id];
        let map = self.world.map(record);
        let Some(people) = &record.people else { return };
        let deed = people::deed(&mut self.chance, people, &map);
        self.does(node, id, deed);
    }

    fn does(&mut self, node: usize, id: ExecutionId, deed: Deed) {
        let people = self.world.records.get(&id).and_then(|record| record.people.as_ref());
        self.ops.push(Op::Act(node, id, people::Told::of(deed.clone(), people)));
        let acting = Box::new(Acting::new(id, deed));
        self.nodes[node].jobs.push(Job::Decide(Ask::Act(acting)));
    }

    fn some_flow(&mut self) -> Option<ExecutionId> {
        let flows = self.world.records.iter().filter(|(_, record)| record.is_flow());
        let kept = flows.filter(|(_, record)| record.execution.status != ExecutionStatus::Cancelled);
        let ids: Vec<_> = kept.map(|(id, _)| *id).collect();
        (!ids.is_empty()).then(|| ids[self.chance.random_range(0..ids.len())])
    }

    /// The entity that flows are about changes: its date is soon, long ago, or none.
    pub(crate) fn entity(&mut self) {
        let node = self.some_node();
        let now = self.now(node);
        let date = match self.chance.random_range(0..6) {
            0 => Value::Null,
            1 => json!("soon"),
            _ => json!(now.plus_millis(self.chance.random_range(-200_000..400_000)).to_rfc3339()),
        };
        self.ops.push(Op::Entity(date.clone()));
        self.world.change_entity(date, now);
    }

    /// A nudge comes that nobody waits for, or comes again.
    pub(crate) fn nudge(&mut self) {
        let waits = self.world.records.values().filter(|record| record.is_flow()).flat_map(|record| &record.waits);
        let nudged: Vec<_> = waits.filter_map(|wait| Some((wait.clone(), wait.ended_by.clone()?))).collect();
        if nudged.is_empty() {
            return self.entity();
        }
        let (wait, wake) = nudged[self.chance.random_range(0..nudged.len())].clone();
        self.nudge_with(wait.execution_id, wait.step_execution_id, wake);
    }

    fn nudge_with(&mut self, execution: ExecutionId, visit: StepExecutionId, wake: Wake) {
        self.ops.push(Op::Nudge(visit));
        let now = Timestamp(self.clock);
        self.world.nudge(execution, visit, wake, now);
    }

    /// A new version of a flow's template.
    pub(crate) fn edit_flow(&mut self) {
        let at = self.chance.random_range(0..self.world.workflows.len() - 1);
        self.ops.push(Op::Edit(at));
        self.world.seen.add(Count::Edits);
        let graph = draw::graph(self.world.workflows[at].definition.id, &mut self.chance);
        let workflow = &mut self.world.workflows[at];
        workflow.versions.push(crate::map::Map::new(graph).into());
        workflow.definition.version += 1;
    }

    /// People do all that is left to do in each flow, which then ends.
    pub(crate) fn finish_flows(&mut self) -> Result<(), String> {
        for _ in 0..MOST_DEEDS {
            let mut started = self.world.records.iter().filter(|(_, record)| {
                record.people.as_ref().is_some_and(|people| people.flow.status == FlowStatus::Started)
            });
            let Some((id, record)) = started.next() else { return Ok(()) };
            let map = self.world.map(record);
            let deed = record.people.as_ref().and_then(|people| people::last_deed(people, &map));
            let (id, before) = (*id, record.execution.row_version);
            self.does(0, id, deed.ok_or("a flow that is started, and nothing to do in it")?);
            while let Some((node, at)) = self.some_job() {
                self.work_on(node, at, Luck::Good);
                self.checked().map_or(Ok(()), Err)?;
            }
            self.drain()?;
            let after = self.world.records[&id].execution.row_version;
            if after == before {
                return Err(format!("stuck: what is to bring {id} to its end changes nothing"));
            }
        }
        Err(format!("flows do not end in {MOST_DEEDS} deeds"))
    }
}
