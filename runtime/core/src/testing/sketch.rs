//! Flows drawn in a few words, as a builder of templates would draw them.

use serde_json::Map;

use crate::clock::{Given, SequentialIds};
use crate::definition::{Graph, Reentry, Step};
use crate::flow::{
    Compiled, Draft, DrawProblem, Drawn, DrawnEdge, PhaseSpec, Repeat, START, Schedule, Span, TaskKind, TaskSpec,
    Trigger, Unit, compile,
};
use crate::time::Timestamp;

/// A flow as it is drawn. What a task is is said by how its name begins: `d` a decision, `c` one that a person takes, `u` an automation,
/// `o` one that a person begins, `g` an agent, `h` a decision with a delay of one hour; anything else is done by people.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// In their order.
    pub phases: Vec<PhaseSpec>,
    /// The tasks in their order.
    pub steps: Vec<Step>,
    /// In their order.
    pub edges: Vec<DrawnEdge>,
    /// Whether a task waits for all that lead to it.
    pub linear: bool,
    /// Whether it is a checklist.
    pub list: bool,
}

impl Sketch {
    /// Tasks, `name` or `name@phase`, and edges, `from>to`, `from>to:condition`, `from>to:else`, `from>` for an open end.
    pub fn of(tasks: &[&str], edges: &[&str]) -> Self {
        let mut sketch = Self::default();
        tasks.iter().for_each(|task| sketch.task(task));
        edges.iter().for_each(|edge| sketch.edge(edge));
        sketch
    }

    /// Edges between tasks that nothing else is said of.
    pub fn plain(edges: &[&str]) -> Self {
        let mut sketch = Self::default();
        for edge in edges {
            let ends = edge.split(':').next().into_iter().flat_map(|ends| ends.split('>'));
            for name in ends.filter(|name| !name.is_empty() && *name != START) {
                if sketch.steps.iter().all(|step| step.name != name) {
                    sketch.task(name);
                }
            }
            sketch.edge(edge);
        }
        sketch
    }

    /// One task more, `name` or `name@phase`. A phase that is new comes behind the others.
    pub fn task(&mut self, text: &str) {
        let (name, phase) = text.split_once('@').map_or((text, None), |(name, phase)| (name, Some(phase)));
        if let Some(phase) = phase.filter(|phase| self.phases.iter().all(|known| known.key != *phase)) {
            self.phase(phase);
        }
        let kind = match name.as_bytes()[0] {
            b'd' | b'c' | b'h' => TaskKind::Decision,
            b'u' | b'o' => TaskKind::Automation,
            b'g' => TaskKind::Agent,
            _ => TaskKind::Manual,
        };
        let trigger = if name.starts_with(['c', 'o']) { Trigger::Manual } else { Trigger::Automatic };
        let delay = Schedule::Delayed(Span { amount: 1.0, unit: Unit::Hours });
        let spec = TaskSpec {
            key: name.to_owned(),
            kind,
            phase: phase.map(str::to_owned),
            trigger,
            schedule: name.starts_with('h').then_some(delay),
            requirements: vec![],
            due_date: None,
            due: None,
            assignees: vec![],
            taxonomies: vec![],
            repeat: None,
            added: false,
        };
        self.steps.push(Step { task: Some(Box::new(spec)), ..super::step(name) });
    }

    /// One phase more.
    pub fn phase(&mut self, key: &str) {
        self.phases.push(PhaseSpec {
            key: key.to_owned(),
            name: key.to_uppercase(),
            due_date: None,
            due: None,
            assignees: vec![],
            taxonomies: vec![],
            shown: Map::new(),
        });
    }

    /// One edge more, written as for [`of`](Self::of).
    pub fn edge(&mut self, text: &str) {
        let (ends, condition) = text.split_once(':').map_or((text, None), |(ends, condition)| (ends, Some(condition)));
        let (from, to) = ends.split_once('>').expect("an edge");
        let otherwise = condition == Some("else");
        let condition = condition.map(|name| if otherwise { format!("none-met-{from}") } else { name.to_owned() });
        let to = Some(to).filter(|to| !to.is_empty()).map(str::to_owned);
        let key = format!("e{}", self.edges.len());
        self.edges.push(DrawnEdge { key, from: from.to_owned(), to, condition, otherwise, shown: Map::new() });
    }

    /// Lets a decision repeat tasks.
    #[must_use]
    pub fn repeats(mut self, decision: &str, again: &str, leave: &str, max: u32) -> Self {
        self.spec(decision).repeat = Some(Repeat { again: again.into(), leave: leave.into(), max });
        self
    }

    /// The same with something else said of a task.
    #[must_use]
    pub fn with(mut self, task: &str, change: impl FnOnce(&mut TaskSpec)) -> Self {
        change(self.spec(task));
        self
    }

    /// The same where a task waits for all that lead to it.
    #[must_use]
    pub fn linear(mut self) -> Self {
        self.linear = true;
        self
    }

    /// What is said of a task.
    pub fn spec(&mut self, task: &str) -> &mut TaskSpec {
        let step = self.steps.iter_mut().find(|step| step.name == task).expect("a task");
        step.task.as_mut().expect("a task")
    }

    /// As a draft of [`definition`](super::definition).
    pub fn draft(self) -> Draft {
        let Self { phases, steps, edges, linear, list } = self;
        let drawn = Drawn { phases, edges, linear, list, compiled: Compiled::default() };
        Draft { definition: super::definition(Reentry::Always).id, steps, drawn }
    }

    /// As a graph, or what is wrong with it.
    pub fn compiled(self) -> Result<Graph, Vec<DrawProblem>> {
        let ids = SequentialIds::default();
        compile(self.draft(), &Given::new(Timestamp(0), &ids))
    }
}
