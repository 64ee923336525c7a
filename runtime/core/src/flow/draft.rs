//! From what was drawn to what is walked: phases, open ends and loops become transitions (spec epilot-flows, 10 and 11.4).
//!
//! Nothing is repaired: an edge to nowhere, or a circle that is no loop, is a problem with its place.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::drawn::{Compiled, Draft, DrawProblem, Drawn, DrawnEdge, Exit, START};
use super::loops;
use crate::clock::Given;
use crate::definition::{Follow, Graph, Guard, Join, Position, Step, TRIGGER, Transition};
use crate::id::{DefinitionId, StepId, TransitionId};
use crate::time::Timestamp;

/// The most ways between tasks that a graph may come to.
const MAX_WAYS: usize = 20_000;

/// The most loops of a graph.
const MAX_LOOPS: usize = 100;

/// An edge whose ends are steps. `drawn` is its place among the drawn ones.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) drawn: usize,
    pub(super) from: StepId,
    pub(super) to: StepId,
}

/// The graph of a draft. Ids are made from the definition and the template's ids: the same in every version.
pub fn compile(draft: Draft, given: &Given<'_>) -> Result<Graph, Vec<DrawProblem>> {
    let Draft { definition, mut steps, drawn } = draft;
    for step in &mut steps {
        step.id = step_id(definition, key_of(step));
        step.follow = Follow::All;
        step.join = if drawn.linear { Join::All } else { Join::Any };
    }
    let trigger = trigger(definition, given.now);
    if drawn.list {
        steps.insert(0, trigger);
        return Ok(Graph { steps, transitions: Vec::new(), drawn: Some(Box::new(drawn)) });
    }
    let nodes = Nodes::of(&steps, &drawn, trigger.id)?;
    let edges = nodes.resolved()?;
    let exits = nodes.exits()?;
    bounded(&steps, &edges, &exits)?;
    let loops = loops::find(&steps, &drawn, &edges, &exits)?;
    let mut transitions = Vec::with_capacity(edges.len());
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for (place, edge) in edges.iter().enumerate() {
        // Counted within the drawn edge: the ids of others stay as they are when one is added.
        let number = numbers.entry(edge.drawn).or_default();
        transitions.push(transition(definition, &drawn.edges, (place, *number), edge, given.now));
        *number += 1;
    }
    let loops = loops::mark(&mut transitions, &edges, loops, definition);
    steps.insert(0, trigger);
    let compiled = Compiled { exits, loops };
    Ok(Graph { steps, transitions, drawn: Some(Box::new(Drawn { compiled, ..drawn })) })
}

/// An edge to a phase stands for one to each task with which the phase begins, and an exit for one from each of its tasks: refuses what
/// multiplies beyond measure.
fn bounded(steps: &[Step], edges: &[Resolved], exits: &[Exit]) -> Result<(), Vec<DrawProblem>> {
    let phase = |step: &Step| step.task.as_ref().and_then(|task| task.phase.clone());
    let inside = |exit: &Exit| steps.iter().filter(|step| phase(step).as_ref() == Some(&exit.phase)).count();
    let ways = edges.len() + exits.iter().map(|exit| exit.to.len() * inside(exit)).sum::<usize>();
    let loops = steps.iter().filter(|step| step.task.as_ref().is_some_and(|task| task.repeat.is_some())).count();
    let mut problems = Vec::new();
    if ways > MAX_WAYS {
        let message =
            format!("connect tasks in {ways} ways, {MAX_WAYS} are allowed: let phases begin with fewer tasks");
        problems.push(problem("edges".to_owned(), message));
    }
    if loops > MAX_LOOPS {
        problems.push(problem("tasks".to_owned(), format!("{loops} loops are too many, {MAX_LOOPS} are allowed")));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The graph anew, with one task more. Whatever was there keeps its ids.
pub(super) fn recompile(graph: Graph, step: Step, definition: DefinitionId) -> Result<Graph, Vec<DrawProblem>> {
    let Graph { steps, drawn, .. } = graph;
    let now = step.created_at;
    let steps: Vec<_> = steps.into_iter().filter(|step| step.step_type != TRIGGER).chain([step]).collect();
    let drawn = drawn.map(|drawn| *drawn).unwrap_or_default();
    let ids = crate::clock::SequentialIds::default();
    compile(Draft { definition, steps, drawn }, &Given::new(now, &ids))
}

/// The id of the step of a template's task.
pub fn step_id(definition: DefinitionId, key: &str) -> StepId {
    Uuid::new_v5(&definition.0, format!("task:{key}").as_bytes()).into()
}

/// The id of a transition: the drawn edge's id, and its number among those made from it.
pub(super) fn transition_id(definition: DefinitionId, edge: &str, number: usize) -> TransitionId {
    Uuid::new_v5(&definition.0, format!("edge:{edge}#{number}").as_bytes()).into()
}

fn key_of(step: &Step) -> &str {
    step.task.as_ref().map_or("", |task| task.key.as_str())
}

fn trigger(definition: DefinitionId, now: Timestamp) -> Step {
    Step {
        id: step_id(definition, START),
        step_type: TRIGGER.to_owned(),
        name: START.to_owned(),
        position: Position::default(),
        config: serde_json::Value::Null,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::All,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: now,
        updated_at: now,
    }
}

fn transition(
    definition: DefinitionId,
    drawn: &[DrawnEdge],
    (place, number): (usize, usize),
    edge: &Resolved,
    now: Timestamp,
) -> Transition {
    let from = drawn.get(edge.drawn);
    let guard = match from {
        Some(DrawnEdge { otherwise: true, .. }) => Guard::Otherwise,
        Some(DrawnEdge { condition: Some(id), .. }) => Guard::Branch(id.clone()),
        _ => Guard::Always,
    };
    Transition {
        id: transition_id(definition, from.map_or(START, |edge| edge.key.as_str()), number),
        from: edge.from,
        to: edge.to,
        guard,
        priority: i32::try_from(place).unwrap_or(i32::MAX),
        condition: None,
        looping: None,
        created_at: now,
        updated_at: now,
    }
}

/// What a drawn end may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Start,
    Task(StepId),
    /// Its place among the phases.
    Phase(usize),
}

/// Tasks and phases by their drawn names.
struct Nodes<'d> {
    drawn: &'d Drawn,
    steps: &'d [Step],
    start: StepId,
    by_key: HashMap<&'d str, Node>,
    /// The phase of each task that has one.
    phase_of: HashMap<StepId, usize>,
}

impl<'d> Nodes<'d> {
    fn of(steps: &'d [Step], drawn: &'d Drawn, start: StepId) -> Result<Self, Vec<DrawProblem>> {
        let mut nodes = Self { drawn, steps, start, by_key: HashMap::new(), phase_of: HashMap::new() };
        nodes.by_key.insert(START, Node::Start);
        let mut problems = Vec::new();
        for (place, phase) in drawn.phases.iter().enumerate() {
            if nodes.by_key.insert(&phase.key, Node::Phase(place)).is_some() {
                problems.push(taken(format!("phases.{place}.id"), &phase.key));
            }
        }
        for (place, step) in steps.iter().enumerate() {
            if nodes.by_key.insert(key_of(step), Node::Task(step.id)).is_some() {
                problems.push(taken(format!("tasks.{place}.id"), key_of(step)));
            }
            let Some(phase) = step.task.as_ref().and_then(|task| task.phase.as_deref()) else { continue };
            match nodes.by_key.get(phase) {
                Some(Node::Phase(of)) => drop(nodes.phase_of.insert(step.id, *of)),
                _ => problems.push(problem(format!("tasks.{place}.phase_id"), format!("there is no phase {phase:?}"))),
            }
        }
        if problems.is_empty() { Ok(nodes) } else { Err(problems) }
    }

    fn node(&self, name: &str, path: impl FnOnce() -> String) -> Result<Node, Vec<DrawProblem>> {
        let none = || vec![problem(path(), format!("there is no task or phase {name:?}"))];
        self.by_key.get(name).copied().ok_or_else(none)
    }

    /// The two ends of a drawn edge; the second is none for an open one.
    fn ends(&self, place: usize, edge: &DrawnEdge) -> Result<(Node, Option<Node>), Vec<DrawProblem>> {
        let from = self.node(&edge.from, || format!("edges.{place}.from_id"))?;
        let to = edge.to.as_deref().filter(|to| !to.is_empty());
        let to = to.map(|to| self.node(to, || format!("edges.{place}.to_id"))).transpose()?;
        if to == Some(Node::Start) {
            return Err(vec![problem(format!("edges.{place}.to_id"), "nothing may lead back to the trigger")]);
        }
        Ok((from, to))
    }

    /// All edges between steps, those from the start among them.
    fn resolved(&self) -> Result<Vec<Resolved>, Vec<DrawProblem>> {
        let (mut edges, mut problems) = (Vec::new(), Vec::new());
        for (place, edge) in self.drawn.edges.iter().enumerate() {
            // Refused below, without first making them all.
            if edges.len() > MAX_WAYS {
                break;
            }
            match self.ends(place, edge) {
                Ok((_, None) | (Node::Phase(_), Some(_))) => {}
                Ok((from, Some(to))) => {
                    let from = match from {
                        Node::Task(step) => step,
                        Node::Start | Node::Phase(_) => self.start,
                    };
                    match self.entries(to, &mut Vec::new()) {
                        Some(targets) => {
                            edges.extend(targets.into_iter().map(|to| Resolved { drawn: place, from, to }))
                        }
                        None => problems
                            .push(problem(format!("edges.{place}"), "leads from one empty phase to the next for ever")),
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if !self.drawn.edges.iter().any(|edge| edge.from == START) {
            edges.extend(self.starts(&edges).into_iter().map(|to| Resolved {
                drawn: usize::MAX,
                from: self.start,
                to,
            }));
        }
        Ok(edges)
    }

    /// The tasks that are entered where an edge leads to a node; none if empty phases lead to each other in a circle.
    fn entries(&self, node: Node, through: &mut Vec<usize>) -> Option<Vec<StepId>> {
        let phase = match node {
            Node::Task(step) => return Some(vec![step]),
            Node::Start => return Some(Vec::new()),
            Node::Phase(phase) => phase,
        };
        if through.contains(&phase) {
            return None;
        }
        let own = |step: &StepId| self.phase_of.get(step) == Some(&phase);
        let named: Vec<_> = self.leaving(phase).filter_map(task).filter(own).collect();
        if !named.is_empty() {
            return Some(named);
        }
        let first: Vec<_> = self.steps.iter().map(|step| step.id).filter(own).collect();
        if !first.is_empty() {
            let inner = self.inner_targets(phase);
            let open: Vec<_> = first.iter().copied().filter(|step| !inner.contains(step)).collect();
            // All of them are entered from inside: a loop around the whole phase. Its first task is where it begins.
            return Some(if open.is_empty() { first.into_iter().take(1).collect() } else { open });
        }
        through.push(phase);
        let mut all = BTreeSet::new();
        for next in self.leaving(phase) {
            all.extend(self.entries(next, through)?);
        }
        through.pop();
        Some(all.into_iter().collect())
    }

    /// Where the edges of a phase lead.
    fn leaving(&self, phase: usize) -> impl Iterator<Item = Node> {
        let key = self.drawn.phases.get(phase).map(|phase| phase.key.as_str());
        let edges = self.drawn.edges.iter().filter(move |edge| Some(edge.from.as_str()) == key);
        edges.filter_map(|edge| self.by_key.get(edge.to.as_deref()?).copied())
    }

    /// The tasks of a phase to which an edge leads from another task of it.
    fn inner_targets(&self, phase: usize) -> HashSet<StepId> {
        let inside = |name: &str| {
            let step = task(*self.by_key.get(name)?)?;
            (self.phase_of.get(&step) == Some(&phase)).then_some(step)
        };
        let edges = self.drawn.edges.iter();
        edges.filter_map(|edge| inside(&edge.from).and(inside(edge.to.as_deref()?))).collect()
    }

    /// Where phases that are finished lead to.
    fn exits(&self) -> Result<Vec<Exit>, Vec<DrawProblem>> {
        let mut exits = Vec::new();
        for (place, phase) in self.drawn.phases.iter().enumerate() {
            let mut to = BTreeSet::new();
            for next in self.leaving(place) {
                let own = task(next).is_some_and(|step| self.phase_of.get(&step) == Some(&place));
                if !own {
                    let circle = || vec![problem(format!("phases.{place}"), "leads through empty phases to itself")];
                    to.extend(self.entries(next, &mut vec![place]).ok_or_else(circle)?);
                }
            }
            if !to.is_empty() {
                exits.push(Exit { phase: phase.key.clone(), to: to.into_iter().collect() });
            }
        }
        Ok(exits)
    }

    /// Where it begins if nothing says so: tasks that nothing leads to; where phases are nodes, those of the first phase.
    fn starts(&self, edges: &[Resolved]) -> Vec<StepId> {
        let phases_are_nodes = self.drawn.edges.iter().any(|edge| {
            let ends = [Some(edge.from.as_str()), edge.to.as_deref()];
            ends.into_iter().flatten().any(|name| matches!(self.by_key.get(name), Some(Node::Phase(_))))
        });
        if phases_are_nodes {
            return self.entries(Node::Phase(0), &mut Vec::new()).unwrap_or_default();
        }
        let back = loops::back_edges(self.steps, self.drawn, edges);
        let entered = |step: StepId| {
            let mut into = edges.iter().enumerate().filter(|(_, edge)| edge.to == step);
            into.any(|(place, _)| !back.contains(&place))
        };
        let open: Vec<_> = self.steps.iter().map(|step| step.id).filter(|step| !entered(*step)).collect();
        // A loop around everything.
        if open.is_empty() { self.steps.first().map(|step| step.id).into_iter().collect() } else { open }
    }
}

fn task(node: Node) -> Option<StepId> {
    match node {
        Node::Task(step) => Some(step),
        Node::Start | Node::Phase(_) => None,
    }
}

fn problem(path: String, message: impl Into<String>) -> DrawProblem {
    DrawProblem { path, message: message.into() }
}

fn taken(path: String, key: &str) -> DrawProblem {
    problem(path, format!("another task or phase has the id {key:?}"))
}
