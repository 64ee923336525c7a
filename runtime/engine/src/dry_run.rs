//! A dry run: walks a graph in memory with the real components, a clock that jumps over waits, and no effect on anything.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use stepwell_core::{
    Changes, Contact, Definition, Effect, Email, EventId, Execution, Given, Graph, Input, Mode, Outcome, ReceivedEvent,
    RetryPolicy, Start, State, StepExecution, StepId, StepStatus, Timestamp, Wait, Wake, advance, canonical_name,
    start,
};
use stepwell_rules::Documents;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::heads::Head;
use crate::step::{self, Due, Surroundings};

/// The most steps a dry run visits.
const MAX_STEPS: usize = 1_000;

/// What a dry run is given.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The definition.
    pub definition: Definition,
    /// The graph to walk.
    pub graph: Arc<Graph>,
    /// The contact, stored or made up.
    pub contact: Option<Contact>,
    /// What steps see as `event.*`.
    pub event: Value,
    /// The events that arrive, in order: each ends the first wait for its name.
    pub arrivals: Vec<Arrival>,
}

/// An event that arrives in a dry run.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

/// What a dry run found.
#[derive(Debug)]
pub struct DryRunResult {
    /// The execution as it would be at the end.
    pub execution: Execution,
    /// The steps in the order in which they were visited.
    pub visited: Vec<Visited>,
    /// The contact as it would be at the end.
    pub contact: Option<Contact>,
}

/// One call of one step in a dry run.
#[derive(Debug)]
pub struct Visited {
    /// Which step.
    pub step_id: StepId,
    /// The time of the run's own clock.
    pub at: Timestamp,
    /// The step's answer.
    pub outcome: Outcome,
    /// The requests it would have sent.
    pub requests: Vec<String>,
    /// The messages it would have queued.
    pub messages: Vec<Email>,
    /// The names of the events it would have emitted.
    pub events: Vec<String>,
}

impl Engine {
    /// Walks a graph without any effect.
    pub async fn dry_run(&self, input: DryRun) -> Result<DryRunResult, EngineError> {
        let now = self.now();
        let ids = self.ids().clone();
        let with = Start {
            contact_id: input.contact.as_ref().map(|contact| contact.id),
            event_name: input.definition.event_name().map(str::to_owned),
            event: input.event.clone(),
            ..Start::default()
        };
        let changes = start(&input.definition, &input.graph, with, &Given::new(now, ids.as_ref()))?;
        let mut walk = Walk::new(input, changes, now);
        while walk.visited.len() < MAX_STEPS {
            let Some(visit) = walk.next() else { break };
            walk.step(self, visit).await?;
        }
        Ok(DryRunResult { execution: walk.execution, visited: walk.visited, contact: walk.around.contact })
    }
}

struct Walk {
    around: Surroundings,
    execution: Execution,
    visits: Vec<StepExecution>,
    waits: Vec<Wait>,
    arrivals: VecDeque<Arrival>,
    visited: Vec<Visited>,
    now: Timestamp,
}

impl Walk {
    fn new(input: DryRun, changes: Changes, now: Timestamp) -> Self {
        let around = Surroundings {
            head: Arc::new(Head {
                definition: input.definition,
                project: String::new(),
                disabled: false,
                deleted: false,
            }),
            graph: input.graph,
            contact: input.contact,
            outputs: Vec::new(),
            people: None,
        };
        let execution = changes.execution.clone();
        let mut walk = Self {
            around,
            execution,
            visits: vec![],
            waits: vec![],
            arrivals: input.arrivals.into(),
            visited: vec![],
            now,
        };
        walk.apply(changes);
        walk
    }

    fn apply(&mut self, changes: Changes) {
        self.execution = changes.execution;
        self.waits.retain(|wait| !changes.waits_over.contains(&wait.step_execution_id));
        self.waits.extend(changes.waits);
        for visit in changes.visits {
            self.visits.retain(|known| known.id != visit.id);
            if let (StepStatus::Completed, Some(output)) = (visit.status, &visit.output) {
                self.around.outputs.push((visit.step_id, output.clone()));
            }
            self.visits.push(visit);
        }
    }

    /// The next visit that runs; the clock jumps to a retry that is due later.
    fn next(&mut self) -> Option<StepExecution> {
        if let Some(running) = self.visits.iter().find(|visit| visit.status == StepStatus::Running) {
            return Some(running.clone());
        }
        let due = self.visits.iter_mut().find(|visit| visit.status == StepStatus::Pending && !visit.is_held())?;
        due.status = StepStatus::Running;
        self.now = self.now.max(due.run_at.unwrap_or(self.now));
        Some(due.clone())
    }

    async fn step(&mut self, engine: &Engine, visit: StepExecution) -> Result<(), EngineError> {
        let due = Due { execution: Arc::new(self.execution.clone()), visit };
        let graph = self.around.graph.clone();
        let found = graph.step(due.visit.step_id);
        let found = found.ok_or_else(|| EngineError::DryRun("a step of the graph is missing".to_owned()))?;
        let request = step::request(&due, found, &self.around, engine.links(), Mode::DryRun, self.now);
        let report = engine.0.runner.run(request).await;
        let seen = self.see(&due, report.outcome.clone(), report.requests, &report.effects);
        self.visited.push(seen);
        let settled = Input::Settled {
            visit: due.visit.id,
            run: due.visit.run(),
            outcome: report.outcome,
            plugin: report.plugin,
            retry: RetryPolicy::NONE,
            spread: 1.0,
        };
        self.input(engine, settled)?;
        self.end_wait(engine)
    }

    fn input(&mut self, engine: &Engine, input: Input) -> Result<(), EngineError> {
        let state = State { graph: &self.around.graph, execution: &self.execution, visits: &self.visits, people: None };
        let changes = advance(state, input, &Given::new(self.now, engine.ids().as_ref()))
            .map_err(|refused| EngineError::DryRun(refused.to_string()))?;
        self.apply(changes);
        Ok(())
    }

    fn see(&mut self, due: &Due, outcome: Outcome, requests: Vec<String>, effects: &[Effect]) -> Visited {
        let (mut messages, mut events) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::UpdateContact { change, .. } => {
                    if let Some(contact) = &mut self.around.contact {
                        contact.apply(change, self.now);
                    }
                }
                Effect::EmitEvent { name, .. } => events.push(name.clone()),
                Effect::QueueEmail { email, .. } => messages.push(email.clone()),
                Effect::SetValue { .. } | Effect::DeleteValue { .. } | Effect::StartChild { .. } => {}
            }
        }
        Visited { step_id: due.visit.step_id, at: self.now, outcome, requests, messages, events }
    }

    /// Once nothing runs, ends a wait: by the event that was announced for it, else the first that ends by time. One that neither
    /// ends stays.
    fn end_wait(&mut self, engine: &Engine) -> Result<(), EngineError> {
        if self.visits.iter().any(|visit| visit.status == StepStatus::Running) {
            return Ok(());
        }
        let mut waits = self.waits.clone();
        waits.sort_by_key(|wait| wait.due_at.map_or(i64::MAX, |at| at.0));
        let arrived = waits.iter().find_map(|wait| self.arrival_for(wait).map(|arrival| (wait.clone(), arrival)));
        let (wait, wake) = match (arrived, waits.into_iter().find(|wait| wait.due_at.is_some())) {
            (Some((wait, arrival)), _) => (wait, self.received(engine, arrival)),
            (None, Some(wait)) => {
                self.now = self.now.max(wait.due_at.unwrap_or(self.now));
                (wait, Wake::Timer)
            }
            (None, None) => return Ok(()),
        };
        self.input(engine, Input::Woken { visit: wait.step_execution_id, wake })
    }

    fn received(&self, engine: &Engine, arrival: Arrival) -> Wake {
        Wake::Event(ReceivedEvent {
            id: EventId::from(engine.ids().next(self.now)),
            name: arrival.name,
            data: arrival.data,
            received_at: self.now,
        })
    }

    fn arrival_for(&mut self, wait: &Wait) -> Option<Arrival> {
        let event = wait.event.as_ref()?;
        let contact = self.around.contact.as_ref().map_or(Value::Null, Contact::document);
        let fits = |arrival: &Arrival| {
            let nothing = Value::Null;
            let documents = Documents { contact: &contact, event: &arrival.data, steps: &nothing, variables: &nothing };
            canonical_name(&arrival.name) == event.name
                && event.filter.as_ref().is_none_or(|filter| filter.holds(&documents, self.now.0))
        };
        let index = self.arrivals.iter().position(fits)?;
        self.arrivals.remove(index)
    }
}
