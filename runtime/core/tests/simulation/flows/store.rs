//! The store's part in flows: tasks are written with the execution, ends and changes elsewhere only mark waits as due.

use serde_json::{Map as Object, Value, json};
use stepwell_core::flow::{CHILD_ENDED, Context, ENTITY_CHANGED, Entity, FlowStatus, Parent, People, PeopleChanges};
use stepwell_core::{
    Changes, Execution, ExecutionId, ExecutionStatus, ReceivedEvent, Start, StepExecution, StepExecutionId, Timestamp,
    Wait, Wake,
};

use crate::count::Count;
use crate::fault::{Fault, Rules};
use crate::map::Map;
use crate::world::{NodeId, Record, World};

/// The schema of the entity that flows are about.
const SCHEMA: &str = "contact";

/// What flows are about, before anybody changes it.
pub(crate) fn entities() -> Vec<Entity> {
    let (created_at, updated_at) = (Timestamp(0), Timestamp(0));
    vec![Entity { id: "e-1".into(), schema: SCHEMA.into(), data: Object::new(), created_at, updated_at }]
}

/// That a flow is about it.
pub(super) fn contexts() -> Vec<Context> {
    vec![Context { entity_id: "e-1".into(), schema: SCHEMA.into(), is_primary: true, data: None }]
}

impl Record {
    pub(crate) fn write_people(&mut self, changes: &Changes, rules: &Rules) {
        let Some(changed) = changes.people.as_deref() else { return };
        let faulty = rules.has(Fault::StalePhases) || rules.has(Fault::StaysCurrent);
        let faulty = faulty.then(|| spoilt(changed, changes, rules));
        let changed = faulty.as_ref().unwrap_or(changed);
        match &mut self.people {
            Some(people) => people.take_over(changed),
            None => self.people = People::begun(changed),
        }
        if let Some(graph) = &changed.graph {
            self.own = Some(Map::new(graph.clone()).into());
        }
    }

    pub(crate) fn is_flow(&self) -> bool {
        self.people.is_some()
    }
}

/// What people see, as a store writes it that is deliberately wrong.
fn spoilt(changed: &PeopleChanges, changes: &Changes, rules: &Rules) -> PeopleChanges {
    let mut changed = changed.clone();
    if rules.has(Fault::StalePhases) && changes.expected.is_some() {
        changed.flow = changed.flow.filter(|flow| flow.status != FlowStatus::Started);
    }
    if rules.has(Fault::StaysCurrent) {
        let since = changes.execution.updated_at;
        let done = changed.tasks.iter_mut().filter(|task| task.status.is_done());
        done.for_each(|task| task.current_since = Some(since));
    }
    changed
}

/// How an execution that has ended is called by those who wait for it.
fn word(status: ExecutionStatus) -> Option<&'static str> {
    match status {
        ExecutionStatus::Completed | ExecutionStatus::Exited => Some("success"),
        ExecutionStatus::Failed => Some("failed"),
        ExecutionStatus::Cancelled | ExecutionStatus::Stopped => Some("cancelled"),
        _ => None,
    }
}

impl World {
    /// What people see of an execution, with what is known of what it is about.
    pub(crate) fn people(&self, record: &Record) -> Option<People> {
        let people = record.people.clone()?;
        Some(People { entities: self.entities.clone(), ..people })
    }

    /// Whether a flow's wait is not the one that was read any more.
    pub(crate) fn is_other_wait(&self, wait: &Wait) -> bool {
        let record = self.records.get(&wait.execution_id);
        record.is_some_and(|record| record.is_flow() && !record.waits.contains(wait))
    }

    /// Starts an execution whose end a visit waits for. It is of the last of the workflows.
    pub(crate) fn begin_child(
        &mut self,
        parent: &StepExecution,
        id: ExecutionId,
        node: NodeId,
        now: Timestamp,
    ) -> Vec<StepExecution> {
        let (execution_id, step_execution_id) = (parent.execution_id, parent.id);
        let above = Parent { execution_id, step_execution_id, task_id: None, depth: 1 };
        if self.records.contains_key(&id) {
            self.broken.get_or_insert(format!("a child is started twice: {id}"));
            return vec![];
        }
        self.seen.add(Count::Children);
        let of = self.workflows.len() - 1;
        self.begin(of, Start { id: Some(id), parent: Some(above), ..Start::default() }, node, now)
    }

    /// How an execution has ended, if it has.
    pub(crate) fn has_ended(&self, id: ExecutionId) -> Option<&'static str> {
        word(self.records.get(&id)?.execution.status)
    }

    /// Whether a visit that started an execution has begun anew since and waits for another.
    fn waits_for_another(&self, parent: Parent, child: ExecutionId) -> bool {
        let record = self.records.get(&parent.execution_id);
        let waits = record.into_iter().flat_map(|record| &record.waits);
        let mut of_visit = waits.filter(|wait| wait.step_execution_id == parent.step_execution_id);
        let waits_for = of_visit.find_map(|wait| wait.task.as_ref()?["execution"]["id"].as_str());
        waits_for.is_some_and(|id| id != child.to_string())
    }

    /// Tells the visit that started an execution that it has ended, if it has.
    pub(crate) fn tell_parent(&mut self, child: &Execution) {
        let Some((parent, word)) = child.parent.zip(word(child.status)) else { return };
        if self.waits_for_another(parent, child.id) {
            return;
        }
        let (id, data) = (child.id.0.into(), json!({ "executionId": child.id, "status": word }));
        let event = ReceivedEvent { id, name: CHILD_ENDED.into(), data, received_at: child.updated_at };
        if !self.rules.has(Fault::ForgetsParent) {
            self.nudge(parent.execution_id, parent.step_execution_id, Wake::Event(event), child.updated_at);
        }
    }

    /// Has a visit's wait end at once, if it waits.
    pub(crate) fn nudge(&mut self, execution: ExecutionId, visit: StepExecutionId, wake: Wake, now: Timestamp) {
        let waits = self.records.get_mut(&execution).into_iter().flat_map(|record| &mut record.waits);
        let mut of_visit = waits.filter(|wait| wait.step_execution_id == visit);
        if let Some(wait) = of_visit.next() {
            (wait.due_at, wait.ended_by) = (Some(now), Some(wake));
            self.touched.push(execution);
            self.seen.add(Count::Nudges);
        }
    }

    /// The entity is another from now on; what depends on it is looked at again.
    pub(crate) fn change_entity(&mut self, date: Value, now: Timestamp) {
        for entity in &mut self.entities {
            entity.data.insert("date".into(), date.clone());
            entity.updated_at = now;
        }
        self.seen.add(Count::EntityChanges);
        let data = json!({ "schema": SCHEMA, "id": "e-1" });
        let event = ReceivedEvent { id: self.given(now).id(), name: ENTITY_CHANGED.into(), data, received_at: now };
        for (execution, visit) in self.watchers() {
            self.nudge(execution, visit, Wake::Event(event.clone()), now);
        }
    }

    /// The visits whose tasks depend on the entity, and that nothing has ended already.
    fn watchers(&self) -> Vec<(ExecutionId, StepExecutionId)> {
        let mut found = vec![];
        for (id, record) in &self.records {
            let Some(people) = record.people.as_ref().filter(|people| people.flow.status == FlowStatus::Started) else {
                continue;
            };
            let map = self.map(record);
            let watched = people.current().filter(|task| {
                let spec = map.step(task.step_id).and_then(|step| step.task.as_deref());
                task.watches(spec.and_then(|spec| spec.schedule.as_ref()).is_some_and(|schedule| schedule.watches()))
            });
            for task in watched {
                let waits = record.waits.iter().filter(|wait| wait.ended_by.is_none());
                let of_step = |wait: &&Wait| {
                    record.row(wait.step_execution_id).is_some_and(|row| row.visit.step_id == task.step_id)
                };
                found.extend(waits.filter(of_step).map(|wait| (*id, wait.step_execution_id)));
            }
        }
        found
    }
}
