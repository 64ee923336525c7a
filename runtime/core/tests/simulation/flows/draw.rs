//! Random drawn graphs: phases as groups or as nodes, decisions with branches side by side, loops inside loops, checklists, requirements,
//! schedules, due dates. Few of them are wrong; then another is drawn.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Chance;
use rand::seq::IndexedRandom;
use serde_json::json;
use stepwell_core::flow::{
    Draft, DueRule, DueWhen, Reference, Repeat, Requirement, Schedule, Span, StartPeople, Surface, Unit, compile,
};
use stepwell_core::testing::{self, Sketch};
use stepwell_core::{
    DefinitionId, DefinitionKind, Given, Graph, Reentry, SequentialIds, Start, Timestamp, TriggerKind,
};
use uuid::Uuid;

use super::store::contexts;
use crate::graphs::policy;
use crate::map::Map;
use crate::world::Workflow;

/// The most tasks that are drawn.
const MOST_TASKS: usize = 9;
/// What tasks are, more often what makes more happen.
const KINDS: [&str; 11] = ["a", "a", "a", "d", "d", "d", "c", "u", "o", "g", "h"];

/// A definition of which flows are started.
pub(crate) fn workflow(at: usize, chance: &mut Chance) -> Workflow {
    let id: DefinitionId = Uuid::from_u128(0xF0 + at as u128).into();
    let definition = stepwell_core::Definition {
        id,
        kind: DefinitionKind::Flow,
        trigger: TriggerKind::Manual,
        trigger_config: json!({}),
        ..testing::definition(Reentry::Always)
    };
    Workflow { definition, versions: vec![Map::new(graph(id, chance)).into()] }
}

/// A graph of a version of a definition.
pub(crate) fn graph(definition: DefinitionId, chance: &mut Chance) -> Graph {
    loop {
        let ids = SequentialIds::default();
        let draft = Draft { definition, ..sketch(chance).draft() };
        if let Ok(graph) = compile(draft, &Given::new(Timestamp(0), &ids)) {
            return graph;
        }
    }
}

/// What a flow of a graph is started with.
pub(super) fn start(graph: &Graph, chance: &mut Chance) -> Start {
    let list = graph.drawn.as_ref().is_some_and(|drawn| drawn.list);
    let mut people = StartPeople {
        name: "Onboarding".into(),
        surface: if list { Surface::Checklist } else { Surface::Flow },
        contexts: contexts(),
        entities: super::entities(),
        by: "ada".into(),
        data: stepwell_core::flow::FlowData::default(),
        due_date: None,
    };
    people.data.purposes = chance.random_bool(0.3).then(|| vec!["one".into()]);
    Start { people: Some(people), ..Start::default() }
}

/// A drawn graph that may be wrong.
fn sketch(chance: &mut Chance) -> Sketch {
    let (count, phases) = (chance.random_range(2..=MOST_TASKS), chance.random_range(0..4));
    let mut sketch = Sketch { linear: chance.random_bool(0.2), list: chance.random_bool(0.1), ..Sketch::default() };
    let mut names: Vec<String> = (0..count).map(|at| format!("{}{at}", KINDS.choose(chance).expect("kinds"))).collect();
    for name in &names {
        add(chance, &mut sketch, name, phases);
    }
    if !sketch.list {
        if phases > 0 && chance.random_bool(0.5) {
            builder_edges(chance, &mut sketch);
        }
        for _ in 0..chance.random_range(1..2 * count) {
            let (from, to) = (chance.random_range(0..count), chance.random_range(0..count));
            if from < to {
                edge(chance, &mut sketch, &names[from], &names[to]);
            }
        }
        loops(chance, &mut sketch, &mut names, phases);
        if chance.random_bool(0.2) {
            nested(chance, &mut sketch, &mut names, phases);
        }
    }
    for name in &names {
        spice(chance, &mut sketch, name, &names);
    }
    sketch
}

fn add(chance: &mut Chance, sketch: &mut Sketch, name: &str, phases: usize) {
    match phases {
        0 => sketch.task(name),
        _ => sketch.task(&format!("{name}@p{}", chance.random_range(0..phases))),
    }
}

fn builder_edges(chance: &mut Chance, sketch: &mut Sketch) {
    // One that has no tasks leads on to the next.
    if chance.random_bool(0.2) {
        sketch.phase("empty");
    }
    let known: Vec<String> = sketch.phases.iter().map(|phase| phase.key.clone()).collect();
    sketch.edge(&format!("trigger>{}", known[0]));
    for _ in 0..known.len() + 1 {
        let (from, to) = (chance.random_range(0..known.len()), chance.random_range(0..known.len()));
        if from < to {
            sketch.edge(&format!("{}>{}", known[from], known[to]));
        }
    }
    if chance.random_bool(0.3) {
        let own = sketch.steps.iter().filter_map(|step| Some((step.name.clone(), step.task.as_ref()?.phase.clone()?)));
        let own: Vec<_> = own.collect();
        let (task, phase) = own.choose(chance).expect("tasks");
        sketch.edge(&format!("{phase}>{task}"));
    }
}

fn edge(chance: &mut Chance, sketch: &mut Sketch, from: &str, to: &str) {
    let decides = from.starts_with(['d', 'c', 'h']);
    let condition = if decides { *["", ":x", ":x", ":y", ":y", ":else"].choose(chance).expect("some") } else { "" };
    let to = if chance.random_bool(0.05) { "" } else { to };
    sketch.edge(&format!("{from}>{to}{condition}"));
}

/// Up to three decisions repeat tasks, at once or over a task of their own.
fn loops(chance: &mut Chance, sketch: &mut Sketch, names: &mut Vec<String>, phases: usize) {
    let deciding: Vec<(usize, String)> =
        names.iter().cloned().enumerate().filter(|(at, name)| *at > 0 && name.starts_with(['d', 'c', 'h'])).collect();
    for (at, name) in deciding.into_iter().take(3) {
        if chance.random_bool(0.4) {
            continue;
        }
        let to = names[chance.random_range(0..at)].clone();
        if chance.random_bool(0.3) {
            let on_the_way = format!("b{}", names.len());
            add(chance, sketch, &on_the_way, phases);
            sketch.edge(&format!("{name}>{on_the_way}:again"));
            sketch.edge(&format!("{on_the_way}>{to}"));
            names.push(on_the_way);
        } else {
            sketch.edge(&format!("{name}>{to}:again"));
        }
        let spec = sketch.spec(&name);
        spec.repeat = Some(Repeat { again: "again".into(), leave: "x".into(), max: chance.random_range(1..4) });
    }
}

/// A loop in a loop, before some other task.
fn nested(chance: &mut Chance, sketch: &mut Sketch, names: &mut Vec<String>, phases: usize) {
    let behind = names.choose(chance).expect("tasks").clone();
    let on_the_way = chance.random_bool(0.5);
    let own = ["a90", "d91", "d92", "b93"];
    for name in &own[..if on_the_way { 4 } else { 3 }] {
        add(chance, sketch, name, phases);
        names.push((*name).to_owned());
    }
    let back = if on_the_way { &["d91>b93:again", "b93>a90"][..] } else { &["d91>a90:again"] };
    let edges = ["a90>d91", "d91>d92:x", "d92>a90:again"].iter().chain(back);
    edges.for_each(|edge| sketch.edge(edge));
    sketch.edge(&format!("d92>{behind}:x"));
    for decision in ["d91", "d92"] {
        let max = chance.random_range(1..4);
        sketch.spec(decision).repeat = Some(Repeat { again: "again".into(), leave: "x".into(), max });
    }
}

/// What is said of a task beside its edges.
fn spice(chance: &mut Chance, sketch: &mut Sketch, name: &str, names: &[String]) {
    let of = names.choose(chance).expect("tasks").clone();
    let phase = sketch.phases.choose(chance).map(|phase| phase.key.clone());
    let step = sketch.steps.iter_mut().find(|step| step.name == name).expect("a task");
    step.retry = policy(chance);
    let spec = step.task.as_mut().expect("a task");
    if chance.random_bool(0.1) {
        spec.requirements.push(match phase.clone().filter(|_| chance.random_bool(0.4)) {
            Some(phase) => Requirement::Phase(phase),
            None => Requirement::Task(of.clone()),
        });
    }
    if chance.random_bool(0.1) {
        let when = match phase.filter(|_| chance.random_bool(0.3)) {
            Some(phase) => DueWhen::PhaseFinished(phase),
            None if chance.random_bool(0.5) => DueWhen::AllPreceding,
            None => DueWhen::TaskFinished(of.clone()),
        };
        spec.due = Some(DueRule { span: span(chance), when });
    }
    if name.starts_with(['u', 'd']) && chance.random_bool(0.25) {
        spec.schedule = Some(schedule(chance, of));
    }
    if chance.random_bool(0.1) {
        spec.taxonomies = vec![(*["one", "two"].choose(chance).expect("some")).into()];
    }
}

fn schedule(chance: &mut Chance, of: String) -> Schedule {
    let to = match chance.random_range(0..5) {
        0 => return Schedule::Delayed(span(chance)),
        1 => Reference::TaskCompleted(of),
        2 => Reference::AllPreceding,
        3 => Reference::FlowStarted,
        _ => Reference::Attribute { schema: None, attribute: "date".into() },
    };
    Schedule::Relative { before: chance.random_bool(0.2), span: span(chance), to }
}

fn span(chance: &mut Chance) -> Span {
    Span { amount: f64::from(chance.random_range(1..5)), unit: Unit::Minutes }
}
