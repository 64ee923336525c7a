//! Flows in memory: drawn in a few words, worked on by people and by components that answer as they are told.

mod acts;
mod decisions;
mod drawing;
mod dues;
mod lists;
mod loops;
mod phases;
mod reverts;
mod schedules;
mod settling;
mod walking;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;
use crate::advance::{Input, Refused, State, advance};
use crate::changes::Changes;
use crate::clock::{Given, SequentialIds};
use crate::definition::{Graph, Reentry};
use crate::execution::{Execution, StepExecution, StepStatus, Wait};
use crate::id::{StepExecutionId, TaskId};
use crate::journal::JournalKind;
use crate::outcome::{Completion, Outcome, WaitRequest, Wake};
use crate::retry::RetryPolicy;
use crate::start::{Start, start};
use crate::testing::{self, Sketch};
use crate::time::Timestamp;

/// Flows that are drawn to be played.
trait Plays {
    fn play(self) -> Play;
    fn play_with(self, change: impl FnOnce(&mut StartPeople)) -> Play;
}

impl Plays for Sketch {
    fn play(self) -> Play {
        self.play_with(|_| {})
    }

    fn play_with(self, change: impl FnOnce(&mut StartPeople)) -> Play {
        Play::of(self.compiled().expect("a graph"), change)
    }
}

/// An execution in memory.
struct Play {
    graph: Graph,
    execution: Execution,
    visits: Vec<StepExecution>,
    waits: Vec<Wait>,
    people: People,
    journal: Vec<JournalKind>,
    happened: Vec<HappeningKind>,
    ids: SequentialIds,
    now: Timestamp,
    /// What decisions answer, by task; one that has no answer left waits for its conditions.
    answers: HashMap<String, Vec<Vec<&'static str>>>,
    /// How often each component ran.
    runs: HashMap<String, usize>,
}

const NOW: Timestamp = Timestamp(1_767_225_600_000);
const HOUR: i64 = 3_600_000;

impl Play {
    fn of(graph: Graph, change: impl FnOnce(&mut StartPeople)) -> Self {
        let ids = SequentialIds::default();
        let list = graph.drawn.as_ref().is_some_and(|drawn| drawn.list);
        let mut people = StartPeople {
            name: "Onboarding".into(),
            surface: if list { Surface::Checklist } else { Surface::Flow },
            contexts: vec![],
            entities: vec![],
            by: "ada".into(),
            data: FlowData::default(),
            due_date: None,
        };
        change(&mut people);
        let entities = people.entities.clone();
        let with = Start { people: Some(people), ..Start::default() };
        let changes = start(&testing::definition(Reentry::Always), &graph, with, &Given::new(NOW, &ids));
        let changes = changes.expect("a trigger");
        let mut known = People::begun(changes.people.as_ref().expect("people")).expect("a flow");
        known.entities = entities;
        let mut play = Self {
            graph,
            execution: changes.execution.clone(),
            visits: vec![],
            waits: vec![],
            people: known,
            journal: vec![],
            happened: vec![],
            ids,
            now: NOW,
            answers: HashMap::new(),
            runs: HashMap::new(),
        };
        play.apply(changes);
        play
    }

    /// Takes over what was decided, and lets components run.
    fn settled(mut self) -> Self {
        self.run();
        self
    }

    fn answers(mut self, decision: &str, answers: &[&[&'static str]]) -> Self {
        self.answers.insert(decision.into(), answers.iter().rev().map(|answer| answer.to_vec()).collect());
        self
    }

    fn apply(&mut self, changes: Changes) {
        self.execution = changes.execution;
        for visit in changes.visits {
            match self.visits.iter_mut().find(|known| known.id == visit.id) {
                Some(known) => *known = visit,
                None => self.visits.push(visit),
            }
        }
        self.waits.retain(|wait| !changes.waits_over.contains(&wait.step_execution_id));
        for wait in changes.waits {
            assert!(self.waits.iter().all(|known| known.step_execution_id != wait.step_execution_id), "two waits");
            self.waits.push(wait);
        }
        self.journal.extend(changes.journal.iter().map(|entry| entry.kind));
        let Some(people) = changes.people else { return };
        self.happened.extend(people.happened.iter().map(|happening| happening.kind));
        if let Some(graph) = &people.graph {
            self.graph = graph.clone();
        }
        self.people.take_over(&people);
    }

    fn input(&mut self, input: Input) -> Result<(), Refused> {
        let active: Vec<_> = self.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect();
        let people = Some(&self.people);
        let state = State { graph: &self.graph, execution: &self.execution, visits: &active, people };
        let changes = advance(state, input, &Given::new(self.now, &self.ids))?;
        self.apply(changes);
        self.check();
        Ok(())
    }

    /// What always holds.
    fn check(&self) {
        let active: Vec<_> = self.visits.iter().filter(|visit| !visit.status.is_done()).collect();
        let stands = |task: &Task| active.iter().any(|visit| visit.step_id == task.step_id && !visit.is_held());
        for task in &self.people.tasks {
            assert_eq!(task.current_since.is_some(), stands(task), "{} is current while a path stands on it", task.key);
            assert!(!(task.status.is_done() && stands(task)), "{} is done and current", task.key);
            let armed = active.iter().any(|visit| visit.step_id == task.step_id && visit.due_at.is_some());
            assert_eq!(
                task.status == TaskStatus::Scheduled,
                armed,
                "{} is scheduled while its time is awaited",
                task.key
            );
        }
        for visit in &active {
            let of_step = active.iter().filter(|other| other.step_id == visit.step_id).count();
            assert_eq!(of_step, 1, "one path stands on a step");
            let waits = self.waits.iter().filter(|wait| wait.step_execution_id == visit.id).count();
            assert_eq!(waits, usize::from(visit.status == StepStatus::Waiting), "what waits has a wait");
        }
        assert!(self.waits.iter().all(|wait| active.iter().any(|visit| visit.id == wait.step_execution_id)));
        let ended = self.execution.status.is_terminal();
        assert_eq!(self.people.flow.status, FlowStatus::of(self.execution.status));
        assert!(!ended || active.is_empty(), "an ended flow stands nowhere");
        assert!(
            ended || !active.is_empty() || self.execution.marking.open_by_hand,
            "a flow that goes on stands somewhere"
        );
    }

    /// Lets components run until all wait.
    fn run(&mut self) {
        for _ in 0..1_000 {
            let due = self.visits.iter().find(|visit| visit.status == StepStatus::Running).cloned();
            let Some(visit) = due else { return };
            let task = self.people.tasks.iter().find(|task| task.step_id == visit.step_id).expect("a task").clone();
            *self.runs.entry(task.key.clone()).or_default() += 1;
            let outcome = match &visit.wake {
                Some(Wake::Task(output)) => {
                    Outcome::Completed(Completion { output: output.clone(), ..Completion::default() })
                }
                _ => self.outcome(&task),
            };
            self.answer(visit.id, outcome).expect("an active visit");
        }
        panic!("components run for ever");
    }

    fn outcome(&mut self, task: &Task) -> Outcome {
        let waits = |status: &str| {
            let task = Some(json!({ "status": status }));
            Outcome::Waiting(WaitRequest { task, ..WaitRequest::default() })
        };
        match task.kind {
            TaskKind::Manual => waits("pending"),
            TaskKind::Automation | TaskKind::Agent => waits("in_progress"),
            TaskKind::Decision => match self.answers.get_mut(&task.key).and_then(Vec::pop) {
                Some(branches) => {
                    let branches = branches.into_iter().map(str::to_owned).collect();
                    Outcome::Completed(Completion { branches, ..Completion::default() })
                }
                None => waits("condition_pending"),
            },
        }
    }

    fn answer(&mut self, visit: StepExecutionId, outcome: Outcome) -> Result<(), Refused> {
        let run = self.visits.iter().find(|known| known.id == visit).expect("a visit").run();
        let retry = RetryPolicy::NONE;
        self.input(Input::Settled { visit, run, outcome, plugin: None, retry, spread: 0.0 })
    }

    fn act(&mut self, does: Deed) -> Result<(), ActRefused> {
        match self.input(Input::Acted(Box::new(Act { by: "grace".into(), does }))) {
            Ok(()) => {
                self.run();
                Ok(())
            }
            Err(Refused::Act(refused)) => Err(refused),
            Err(other) => panic!("{other}"),
        }
    }

    fn patch(&mut self, key: &str, patch: TaskPatch) -> Result<(), ActRefused> {
        self.act(Deed::PatchTask(self.id(key), Box::new(patch)))
    }

    /// Somebody sets a task's status.
    fn set(&mut self, key: &str, status: TaskStatus) -> Result<(), ActRefused> {
        self.patch(key, TaskPatch { status: Some(status), ..TaskPatch::default() })
    }

    fn done(&mut self, key: &str) -> &mut Self {
        self.set(key, TaskStatus::Completed).unwrap_or_else(|refused| panic!("{key}: {refused}"));
        self
    }

    /// Somebody takes a branch of a decision.
    fn choose(&mut self, key: &str, condition: &str) -> Result<(), ActRefused> {
        let next_condition = Some(condition.to_owned());
        self.patch(key, TaskPatch { status: Some(TaskStatus::Completed), next_condition, ..TaskPatch::default() })
    }

    fn back(&mut self, key: &str, status: TaskStatus) -> Result<(), ActRefused> {
        self.patch(key, TaskPatch { status: Some(status), revert: true, ..TaskPatch::default() })
    }

    fn flow(&mut self, status: FlowStatus) -> Result<(), ActRefused> {
        self.act(Deed::PatchFlow(Box::new(FlowPatch { status: Some(status), ..FlowPatch::default() })))
    }

    /// Lets time pass, and fires what is due.
    fn later(&mut self, milliseconds: i64) {
        self.now = self.now.plus_millis(milliseconds);
        let due: Vec<_> = self.visits.iter().filter(|visit| visit.due_at.is_some_and(|due| due <= self.now)).collect();
        for visit in due.iter().map(|visit| visit.id).collect::<Vec<_>>() {
            let _ = self.input(Input::Woken { visit, wake: Wake::Timer });
        }
        self.run();
    }

    fn visit(&self, key: &str) -> StepExecutionId {
        let step = self.task(key).step_id;
        let visit = self.visits.iter().rev().find(|visit| visit.step_id == step && !visit.status.is_done());
        visit.unwrap_or_else(|| panic!("no visit to {key}")).id
    }

    fn task(&self, key: &str) -> &Task {
        self.people.tasks.iter().find(|task| task.key == key).unwrap_or_else(|| panic!("no task {key}"))
    }

    fn id(&self, key: &str) -> TaskId {
        self.task(key).id
    }

    fn is(&self, key: &str) -> TaskStatus {
        self.task(key).status
    }

    /// The current tasks, by position.
    fn current(&self) -> String {
        self.people.current().map(|task| task.key.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn phase(&self, key: &str) -> PhaseStatus {
        self.people.flow.data.phases.iter().find(|phase| phase.key == key).expect("a phase").status
    }

    fn status(&self) -> FlowStatus {
        self.people.flow.status
    }

    fn ran(&self, key: &str) -> usize {
        self.runs.get(key).copied().unwrap_or(0)
    }
}

/// The edges of a graph in words, in their order: `from>to`, and what is said of them.
fn edges(graph: &Graph) -> Vec<String> {
    let name = |id| graph.step(id).map_or("?", |step| step.name.as_str());
    let words = |edge: &crate::definition::Transition| {
        let guard = match &edge.guard {
            crate::definition::Guard::Always => String::new(),
            crate::definition::Guard::Branch(branch) => format!(":{branch}"),
            crate::definition::Guard::Otherwise => ":else".to_owned(),
            crate::definition::Guard::Never => ":never".to_owned(),
        };
        let looping = match edge.looping {
            None => "",
            Some(crate::definition::Looping::Back { .. }) => " back",
            Some(crate::definition::Looping::BackAs { .. }) => " back too",
            Some(crate::definition::Looping::Within { .. }) => " within",
            Some(crate::definition::Looping::UsedUp { .. }) => " used up",
            Some(crate::definition::Looping::BackOnceUsedUp { .. }) => " back once used up",
        };
        format!("{}>{}{guard}{looping}", name(edge.from), name(edge.to))
    };
    graph.transitions.iter().map(words).collect()
}

fn attribute(name: &str, value: Value) -> (Vec<Context>, Vec<Entity>) {
    let data = [(name.to_owned(), value)].into_iter().collect();
    let (id, schema) = ("e-1".to_owned(), "contact".to_owned());
    let context = Context { entity_id: id.clone(), schema: schema.clone(), is_primary: true, data: None };
    (vec![context], vec![Entity { id, schema, data, created_at: NOW, updated_at: NOW }])
}
