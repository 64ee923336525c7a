//! One decision on its way: what is known of an execution, and what changes in it so far.

use serde_json::Value;

use crate::advance::State;
use crate::changes::Changes;
use crate::clock::Given;
use crate::definition::Graph;
use crate::execution::{Execution, ExecutionStatus, StepExecution, StepStatus};
use crate::flow::{self, Entity, People};
use crate::id::{StepExecutionId, StepId};
use crate::journal::JournalKind;

/// What is being decided.
pub(crate) struct Decision<'a> {
    pub(crate) graph: &'a Graph,
    /// The visits as they were.
    before: &'a [StepExecution],
    /// What people saw of it before.
    pub(crate) people: Option<&'a People>,
    /// What is known of the entities it is about.
    pub(crate) entities: &'a [Entity],
    /// Who does what is decided; nobody where it happens by itself.
    pub(crate) by: Option<String>,
    pub(crate) given: &'a Given<'a>,
    pub(crate) changes: Changes,
}

impl<'a> Decision<'a> {
    /// About a stored execution.
    pub(crate) fn about(state: State<'a>, given: &'a Given<'a>) -> Self {
        let changes = Changes::of(state.execution, given);
        let entities = state.people.map_or(&[][..], |people| &people.entities);
        Self { graph: state.graph, before: state.visits, people: state.people, entities, by: None, given, changes }
    }

    /// About an execution that begins.
    pub(crate) fn begin(graph: &'a Graph, execution: Execution, given: &'a Given<'a>) -> Self {
        Self { graph, before: &[], people: None, entities: &[], by: None, given, changes: Changes::new(execution) }
    }

    /// Adds a journal entry.
    pub(crate) fn note(&mut self, kind: JournalKind, visit: Option<&StepExecution>, data: Value) {
        self.changes.note(kind, visit, data, self.given);
    }

    /// Changes a visit, or adds one.
    pub(crate) fn put(&mut self, visit: StepExecution) {
        match self.changes.visits.iter_mut().find(|known| known.id == visit.id) {
            Some(known) => *known = visit,
            None => self.changes.visits.push(visit),
        }
    }

    /// The visits that are active as things stand now, in the order in which they were created.
    pub(crate) fn active(&self) -> impl Iterator<Item = &StepExecution> {
        let changed = |visit: &&StepExecution| self.changes.visits.iter().all(|known| known.id != visit.id);
        let all = self.before.iter().filter(changed).chain(&self.changes.visits);
        all.filter(|visit| !visit.status.is_done())
    }

    /// Whether people see a step as a task of theirs.
    pub(crate) fn is_task(&self, step: StepId) -> bool {
        self.graph.has_tasks() && self.graph.step(step).is_some_and(|step| step.task.is_some())
    }

    /// Makes a visit to a step that is due now.
    pub(crate) fn enter(&mut self, step: StepId) {
        let visit = self.new_visit(step);
        self.schedule(visit);
    }

    /// Makes a visit due.
    pub(crate) fn schedule(&mut self, visit: StepExecution) {
        self.changes.execution.current_step_id = Some(visit.step_id);
        self.note(JournalKind::StepScheduled, Some(&visit), Value::Null);
        self.put(visit);
    }

    /// A visit to a step that would be due now.
    pub(crate) fn new_visit(&self, step: StepId) -> StepExecution {
        let (execution, now) = (&self.changes.execution, self.given.now);
        StepExecution {
            id: self.given.id(),
            workspace_id: execution.workspace_id,
            execution_id: execution.id,
            step_id: step,
            status: StepStatus::Running,
            attempt: 1,
            run_at: Some(now),
            resumes: 0,
            wake: None,
            state: None,
            output: None,
            failure: None,
            due_at: None,
            plugin: None,
            started_at: Some(now),
            completed_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The visit as it is once it is done.
    pub(crate) fn finished(&self, visit: StepExecution, status: StepStatus) -> StepExecution {
        StepExecution {
            status,
            run_at: None,
            wake: None,
            state: None,
            completed_at: Some(self.given.now),
            updated_at: self.given.now,
            ..visit
        }
    }

    /// A visit does not wait any more, also if its wait was only asked for by what is being decided.
    pub(crate) fn end_wait(&mut self, visit: StepExecutionId) {
        self.changes.waits.retain(|wait| wait.step_execution_id != visit);
        self.changes.waits_over.push(visit);
    }

    /// Gives up the active visits for which this holds, with their waits.
    pub(crate) fn skip(&mut self, which: impl Fn(&StepExecution) -> bool) {
        let given_up: Vec<_> = self.active().filter(|visit| which(visit)).cloned().collect();
        for visit in given_up {
            if visit.status == StepStatus::Waiting {
                self.end_wait(visit.id);
            }
            let visit = self.finished(visit, StepStatus::Skipped);
            self.note(JournalKind::StepSkipped, Some(&visit), Value::Null);
            self.put(visit);
        }
    }

    /// What was decided. An execution that goes on waits if all of its paths do.
    pub(crate) fn made(mut self) -> Changes {
        flow::finish(&mut self);
        if !self.changes.execution.status.is_terminal() {
            let moves = |visit: &StepExecution| visit.status != StepStatus::Waiting && !visit.is_held();
            let moving = self.active().any(moves);
            self.changes.execution.status = if moving { ExecutionStatus::Running } else { ExecutionStatus::Waiting };
        }
        self.changes
    }
}
