//! What a decision of the engine changes: rows for one commit. Built by [`advance`](crate::advance), written by the store.

use serde_json::Value;

use crate::clock::Given;
use crate::execution::{Execution, StepExecution, StepStatus, Wait};
use crate::flow::PeopleChanges;
use crate::id::{StepExecutionId, StepId};
use crate::journal::{JournalEntry, JournalKind};

/// Rows to write together. They are refused as a whole if the execution's stored `row_version` is not `expected`.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// The execution as it will be, its `row_version` already raised.
    pub execution: Execution,
    /// The stored `row_version` this was decided on; none for a new execution.
    pub expected: Option<i64>,
    /// Step executions to insert or replace, in order.
    pub visits: Vec<StepExecution>,
    /// Waits to insert.
    pub waits: Vec<Wait>,
    /// Step executions whose wait is over.
    pub waits_over: Vec<StepExecutionId>,
    /// Step executions of which something is stored apart, or was about to be, that these changes replace or drop.
    pub large_over: Vec<StepExecutionId>,
    /// What people see of it.
    pub journal: Vec<JournalEntry>,
    /// What changes for people, where they have tasks.
    pub people: Option<Box<PeopleChanges>>,
}

impl Changes {
    /// A new execution and nothing else yet.
    pub(crate) fn new(execution: Execution) -> Self {
        Self {
            execution,
            expected: None,
            visits: vec![],
            waits: vec![],
            waits_over: vec![],
            large_over: vec![],
            journal: vec![],
            people: None,
        }
    }

    /// A change of a stored execution and nothing else yet.
    pub(crate) fn of(execution: &Execution, given: &Given<'_>) -> Self {
        let mut changes = Self::new(execution.clone());
        changes.expected = Some(execution.row_version);
        changes.execution.row_version += 1;
        changes.execution.updated_at = given.now;
        changes
    }

    /// The step executions that are due once this is committed.
    pub fn ready(&self) -> impl Iterator<Item = &StepExecution> {
        self.visits.iter().filter(|visit| visit.status == StepStatus::Running)
    }

    /// These changes and those decided on top of them, as one: several steps of one execution, written in one commit.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.execution = next.execution;
        for visit in next.visits {
            match self.visits.iter_mut().find(|known| known.id == visit.id) {
                Some(known) => *known = visit,
                None => self.visits.push(visit),
            }
        }
        self.waits.retain(|wait| !next.waits_over.contains(&wait.step_execution_id));
        self.waits.extend(next.waits);
        self.waits_over.extend(next.waits_over);
        self.large_over.extend(next.large_over);
        self.journal.extend(next.journal);
        match (&mut self.people, next.people) {
            (Some(before), Some(next)) => before.then(*next),
            (None, Some(next)) => self.people = Some(next),
            (_, None) => {}
        }
        self
    }

    /// Whether what a step did through its transactional capabilities is to be stored with its outcome. A failed step's is
    /// not, also if it did not call itself failed.
    pub fn keeps_effects(&self, visit: StepExecutionId) -> bool {
        !self.visits.iter().any(|known| known.id == visit && known.status == StepStatus::Failed)
    }

    /// Adds a journal entry.
    pub(crate) fn note(&mut self, kind: JournalKind, visit: Option<&StepExecution>, data: Value, given: &Given<'_>) {
        let (step, visit) = (visit.map(|visit| visit.step_id), visit.map(|visit| visit.id));
        self.add_entry(kind, (step, visit), data, given);
    }

    /// Adds a journal entry about a step, whichever visit.
    pub(crate) fn note_of(&mut self, kind: JournalKind, step: StepId, data: Value, given: &Given<'_>) {
        self.add_entry(kind, (Some(step), None), data, given);
    }

    fn add_entry(
        &mut self,
        kind: JournalKind,
        (step_id, step_execution_id): (Option<StepId>, Option<StepExecutionId>),
        data: Value,
        given: &Given<'_>,
    ) {
        self.execution.journal_length += 1;
        self.journal.push(JournalEntry {
            workspace_id: self.execution.workspace_id,
            execution_id: self.execution.id,
            number: self.execution.journal_length,
            at: given.now,
            kind,
            step_id,
            step_execution_id,
            data,
        });
    }
}
