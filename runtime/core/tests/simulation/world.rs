//! The store in memory, with the rules of the SQL store: a commit is a compare-and-set on the row version, a re-entry key is
//! unique in its definition, a wait goes when it is over, effects are written with their outcome or not at all.
//!
//! Nothing here decides anything: decisions are made by core, and [`check`](crate::check) judges them as they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use stepwell_core::flow::{Entity, People};
use stepwell_core::{
    Changes, ContactId, Definition, Execution, ExecutionId, Follow, Given, Input, Join, JournalEntry, Marking,
    ReceivedEvent, SequentialIds, Start, StepExecution, StepExecutionId, StepStatus, Timestamp, Wait, Wake, advance,
    canonical_name, start,
};

use crate::count::{Count, Seen};
use crate::fault::{Fault, Rules};
use crate::flows::{self, Trail};
use crate::loaded::Loaded;
use crate::map::Map;
use crate::{check, way};

/// How long a lease lasts.
pub(crate) const LEASE_MS: i64 = 60_000;

/// One of the nodes that share the store.
pub(crate) type NodeId = usize;

/// Why the store writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The execution has changed since it was read.
    Fenced,
    /// Another node has taken the visit over.
    LeaseLost,
    /// Another execution has the re-entry key.
    ReentryRefused,
    /// The disk is full, or the connection broke.
    Unavailable,
}

/// A visit and the node that runs it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) visit: StepExecution,
    pub(crate) lease: Option<(NodeId, Timestamp)>,
}

/// The rows of one execution.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) execution: Execution,
    pub(crate) rows: Vec<Row>,
    pub(crate) waits: Vec<Wait>,
    pub(crate) journal: Vec<JournalEntry>,
    /// Which runs' effects were written: the visit and the number of its run.
    pub(crate) effects: Vec<(StepExecutionId, u32)>,
    /// What people see of it, if it is a flow.
    pub(crate) people: Option<People>,
    /// Its own graph, once people have changed it.
    pub(crate) own: Option<Arc<Map>>,
    /// What the checks remember of a flow's way.
    pub(crate) trail: Trail,
}

/// A definition and its versions, the first being version 1.
#[derive(Debug)]
pub(crate) struct Workflow {
    pub(crate) definition: Definition,
    pub(crate) versions: Vec<Arc<Map>>,
}

/// Everything that outlives a node.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) workflows: Vec<Workflow>,
    pub(crate) records: BTreeMap<ExecutionId, Record>,
    /// What flows are about.
    pub(crate) entities: Vec<Entity>,
    pub(crate) seen: Seen,
    /// The first invariant that did not hold.
    pub(crate) broken: Option<String>,
    ids: SequentialIds,
    pub(crate) touched: Vec<ExecutionId>,
}

impl Record {
    fn new(execution: Execution) -> Self {
        let (rows, waits, journal, effects) = (vec![], vec![], vec![], vec![]);
        Self { execution, rows, waits, journal, effects, people: None, own: None, trail: Trail::default() }
    }

    fn write(&mut self, changes: &Changes, node: NodeId, rules: &Rules) {
        self.write_people(changes, rules);
        self.execution = changes.execution.clone();
        if rules.has(Fault::ForgetsWay) {
            self.execution.marking = Marking::default();
        }
        let given_up = |visit: &&StepExecution| visit.status == StepStatus::Skipped && rules.has(Fault::SkipsNobody);
        for visit in changes.visits.iter().filter(|visit| !given_up(visit)) {
            let lease = (visit.status == StepStatus::Running).then(|| (node, visit.updated_at.plus_millis(LEASE_MS)));
            let row = Row { visit: visit.clone(), lease };
            match self.rows.iter_mut().find(|row| row.visit.id == visit.id) {
                Some(stored) => *stored = row,
                None => self.rows.push(row),
            }
        }
        if !rules.has(Fault::WakeKeepsWait) {
            self.waits.retain(|wait| !changes.waits_over.contains(&wait.step_execution_id));
        }
        self.waits.extend(changes.waits.iter().cloned());
        self.journal.extend(changes.journal.iter().cloned());
    }

    pub(crate) fn row(&self, id: StepExecutionId) -> Option<&Row> {
        self.rows.iter().find(|row| row.visit.id == id)
    }
}

impl World {
    pub(crate) fn new(rules: Rules, workflows: Vec<Workflow>) -> Self {
        Self {
            rules,
            workflows,
            records: BTreeMap::new(),
            entities: flows::entities(),
            seen: Seen::default(),
            broken: None,
            ids: SequentialIds::default(),
            touched: vec![],
        }
    }

    pub(crate) fn given(&self, now: Timestamp) -> Given<'_> {
        Given::new(now, &self.ids)
    }

    /// The graph that an execution is pinned to, as it is read.
    fn graph(&self, record: &Record) -> Arc<Map> {
        let map = self.map(record);
        match self.rules.fault {
            Some(Fault::NewestGraph) => {
                let versions = &self.workflow(&record.execution).versions;
                versions[versions.len() - 1].clone()
            }
            Some(Fault::JoinsAny) => map.changed(|step| step.join = Join::Any),
            Some(Fault::ForksNot) => map.changed(|step| step.follow = Follow::First),
            _ => map,
        }
    }

    /// The graph that an execution is pinned to, or its own.
    pub(crate) fn map(&self, record: &Record) -> Arc<Map> {
        let version = |execution: &Execution| {
            self.workflow(execution).versions[execution.definition_version as usize - 1].clone()
        };
        record.own.clone().unwrap_or_else(|| version(&record.execution))
    }

    fn workflow(&self, execution: &Execution) -> &Workflow {
        let workflow = self.workflows.iter().find(|known| known.definition.id == execution.definition_id);
        workflow.expect("a workflow is never deleted")
    }

    /// What a decision about an execution reads: among it its visits that are not done, in the order in which they were created.
    pub(crate) fn load(&self, id: ExecutionId) -> Option<Loaded> {
        let record = self.records.get(&id)?;
        let active = record.rows.iter().map(|row| &row.visit).filter(|visit| !visit.status.is_done());
        let mut visits: Vec<_> = active.cloned().collect();
        visits.sort_by_key(|visit| (visit.created_at, visit.id));
        let (map, execution, people) = (self.graph(record), record.execution.clone(), self.people(record));
        Some(Loaded { map, execution, visits, people })
    }

    /// The visit that failed last, as far as the store's clocks tell.
    pub(crate) fn failed_visit(&self, id: ExecutionId) -> Option<StepExecution> {
        let visits = self.records.get(&id)?.rows.iter().map(|row| &row.visit);
        let failed = visits.filter(|visit| visit.status == StepStatus::Failed);
        failed.max_by_key(|visit| (visit.completed_at, visit.id)).cloned()
    }

    /// Runs a job whose writes all go if the store fails at its end.
    pub(crate) fn transaction<T>(
        &mut self,
        fails: bool,
        job: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let before = fails.then(|| self.records.clone());
        let done = job(self);
        match before {
            Some(before) => {
                self.records = before;
                self.seen.add(Count::CommitsFailed);
                Err(Refusal::Unavailable)
            }
            None => done,
        }
    }

    /// Starts an execution of the newest version; nothing if the contact may not enter.
    pub(crate) fn begin(&mut self, workflow: usize, with: Start, node: NodeId, now: Timestamp) -> Vec<StepExecution> {
        let workflow = &self.workflows[workflow];
        let graph = workflow.versions[workflow.versions.len() - 1].clone();
        let Ok(changes) = start(&workflow.definition, &graph, with, &self.given(now)) else { return vec![] };
        if self.key_is_taken(&changes.execution) {
            self.seen.add(Count::EntriesRefused);
            return vec![];
        }
        let mut record = Record::new(changes.execution.clone());
        record.trail.follow(&changes, &graph);
        record.write(&changes, node, &self.rules);
        self.records.insert(changes.execution.id, record);
        self.seen.of_people(&changes);
        self.tell_parent(&changes.execution);
        self.touched.push(changes.execution.id);
        self.seen.add(Count::Started);
        self.seen.of_paths(&changes);
        changes.ready().cloned().collect()
    }

    /// Writes a decision about a stored execution, and answers with what is due by it.
    pub(crate) fn apply(&mut self, changes: &Changes, node: NodeId) -> Result<Vec<StepExecution>, Refusal> {
        let id = changes.execution.id;
        let Some(record) = self.records.get(&id) else { return Err(Refusal::Fenced) };
        if changes.expected != Some(record.execution.row_version) && !self.rules.has(Fault::NoCompareAndSet) {
            self.seen.add(Count::Fenced);
            return Err(Refusal::Fenced);
        }
        if self.key_is_taken(&changes.execution) {
            self.seen.add(Count::EntriesRefused);
            return Err(Refusal::ReentryRefused);
        }
        let map = self.map(record);
        if let Err(broken) = check::transition(record, changes, &map) {
            self.broken.get_or_insert(broken);
        }
        let held = |visit: &&StepExecution| record.row(visit.id).is_some_and(|row| row.visit.is_held());
        if changes.ready().any(|visit| held(&visit)) {
            self.seen.add(Count::Joined);
        }
        self.seen.of_paths(changes);
        self.seen.of_people(changes);
        let rules = self.rules;
        if let Some(record) = self.records.get_mut(&id) {
            record.trail.follow(changes, &map);
            record.write(changes, node, &rules);
        }
        self.tell_parent(&changes.execution);
        self.touched.push(id);
        Ok(changes.ready().cloned().collect())
    }

    fn key_is_taken(&self, execution: &Execution) -> bool {
        let same = |other: &Execution| {
            other.id != execution.id
                && other.definition_id == execution.definition_id
                && other.reentry_key == execution.reentry_key
        };
        execution.reentry_key.is_some()
            && !self.rules.has(Fault::NoReentryIndex)
            && self.records.values().any(|record| same(&record.execution))
    }

    /// Stores an event, starts what it starts and wakes what waits for it; answers with what is due.
    pub(crate) fn track(&mut self, contact: ContactId, name: &str, node: NodeId, now: Timestamp) -> Vec<StepExecution> {
        let mut due = vec![];
        for at in 0..self.workflows.len() {
            let definition = &self.workflows[at].definition;
            if definition.enabled && definition.event_name().map(canonical_name) == Some(canonical_name(name)) {
                let with = Start {
                    contact_id: Some(contact),
                    event_name: Some(name.into()),
                    event: json!({"a": 1}),
                    ..Start::default()
                };
                due.extend(self.begin(at, with, node, now));
            }
        }
        let event = ReceivedEvent { id: self.given(now).id(), name: name.into(), data: Value::Null, received_at: now };
        for wait in self.waits_for(contact, canonical_name(name)) {
            due.extend(self.wake(&wait, Wake::Event(event.clone()), node, now));
        }
        due
    }

    /// The waits that a person ends by what is entered; tasks of flows are worked on otherwise.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Wait> {
        let records = self.records.values().filter(|record| !record.is_flow());
        records.flat_map(|record| &record.waits).filter(|wait| wait.task.is_some())
    }

    fn waits_for(&self, contact: ContactId, name: &str) -> Vec<Wait> {
        let named = |wait: &&Wait| {
            wait.contact_id == Some(contact)
                && wait.event.as_ref().is_some_and(|event| canonical_name(&event.name) == name)
        };
        let waits = self.records.values().flat_map(|record| &record.waits);
        let mut found: Vec<_> = waits.filter(named).cloned().collect();
        found.sort_by_key(|wait| (wait.created_at, wait.step_execution_id));
        found
    }

    /// Ends one wait inside a commit, if the execution still stands on it.
    fn wake(&mut self, wait: &Wait, wake: Wake, node: NodeId, now: Timestamp) -> Vec<StepExecution> {
        let Some(loaded) = self.load(wait.execution_id) else { return vec![] };
        match advance(loaded.state(), Input::Woken { visit: wait.step_execution_id, wake }, &self.given(now)) {
            Ok(changes) => self.apply(&changes, node).unwrap_or_default(),
            Err(_) => vec![],
        }
    }

    /// Notes that the effects of a run are written.
    pub(crate) fn write_effects(&mut self, ran: &StepExecution) {
        if let Some(record) = self.records.get_mut(&ran.execution_id) {
            record.effects.push((ran.id, ran.run()));
            self.touched.push(ran.execution_id);
        }
    }

    /// Takes a visit that is due for another try, unless somebody was faster.
    pub(crate) fn claim(&mut self, visit: &StepExecution, node: NodeId, now: Timestamp) -> Option<StepExecution> {
        let row = self.row_mut(visit)?;
        if row.visit.status != StepStatus::Pending || row.visit.run_at.is_none_or(|at| at > now) {
            return None;
        }
        row.visit = StepExecution { status: StepStatus::Running, updated_at: now, ..row.visit.clone() };
        row.lease = Some((node, now.plus_millis(LEASE_MS)));
        Some(row.visit.clone())
    }

    /// Takes a visit over whose lease has run out.
    pub(crate) fn take_over(&mut self, visit: &StepExecution, node: NodeId, now: Timestamp) -> Option<StepExecution> {
        let row = self.row_mut(visit)?;
        if row.lease.is_none_or(|(_, until)| until > now) {
            return None;
        }
        row.lease = Some((node, now.plus_millis(LEASE_MS)));
        let taken = row.visit.clone();
        self.seen.add(Count::TakenOver);
        Some(taken)
    }

    /// Prolongs a node's lease of a visit, if it still has it.
    pub(crate) fn renew(&mut self, visit: &StepExecution, node: NodeId, now: Timestamp) {
        if let Some(row) = self.row_mut(visit)
            && row.lease.is_some_and(|(owner, _)| owner == node)
        {
            row.lease = Some((node, now.plus_millis(LEASE_MS)));
        }
    }

    fn row_mut(&mut self, visit: &StepExecution) -> Option<&mut Row> {
        let record = self.records.get_mut(&visit.execution_id)?;
        self.touched.push(visit.execution_id);
        record.rows.iter_mut().find(|row| row.visit.id == visit.id)
    }

    /// Whether a node has a visit's lease.
    pub(crate) fn is_leased(&self, visit: &StepExecution, node: NodeId) -> bool {
        let row = self.records.get(&visit.execution_id).and_then(|record| record.row(visit.id));
        row.and_then(|row| row.lease).is_some_and(|(owner, _)| owner == node)
    }

    /// Checks the executions that were touched since the last check.
    pub(crate) fn check(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            // One that was started in a commit that failed is gone.
            let Some(record) = self.records.get(&id) else { continue };
            let map = self.map(record);
            let checked = check::state(record, &map)
                .and_then(|()| way::judged(record, &map))
                .and_then(|()| flows::check::state(record, &map))
                .and_then(|()| check::entry(&record.execution, self.records.values().map(|record| &record.execution)));
            if let Err(broken) = checked {
                self.broken.get_or_insert_with(|| format!("{broken}\n  of the graph{}", check::drawn(&map)));
            }
        }
    }
}
