//! People and time do anything to any flow: what always holds, holds.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::definition::Looping;

/// A drawn graph that may be wrong: then there is nothing to play.
fn sketch(chance: &mut StdRng) -> Sketch {
    let kinds = ["a", "a", "a", "d", "d", "c", "u", "o", "g", "h"];
    let count = chance.random_range(2..9);
    let phases = chance.random_range(0..4);
    let names: Vec<String> = (0..count).map(|at| format!("{}{at}", kinds.choose(chance).expect("kinds"))).collect();
    let mut sketch = Sketch { linear: chance.random_bool(0.2), list: chance.random_bool(0.1), ..Sketch::default() };
    for name in &names {
        match phases {
            0 => sketch.task(name),
            _ => sketch.task(&format!("{name}@p{}", chance.random_range(0..phases))),
        }
    }
    if sketch.list {
        return sketch;
    }
    let by_phase = phases > 0 && chance.random_bool(0.5);
    if by_phase {
        builder_edges(chance, &mut sketch, phases);
    }
    for _ in 0..chance.random_range(1..2 * count) {
        let (from, to) = (chance.random_range(0..count), chance.random_range(0..count));
        if from < to {
            edge(chance, &mut sketch, &names[from], &names[to]);
        }
    }
    loops(chance, &mut sketch, &names);
    requirements(chance, &mut sketch, &names);
    sketch
}

fn builder_edges(chance: &mut StdRng, sketch: &mut Sketch, phases: usize) {
    let known: Vec<String> = sketch.phases.iter().map(|phase| phase.key.clone()).collect();
    sketch.edge(&format!("trigger>{}", known[0]));
    for _ in 0..phases {
        let (from, to) = (chance.random_range(0..known.len()), chance.random_range(0..known.len()));
        if from < to {
            sketch.edge(&format!("{}>{}", known[from], known[to]));
        }
    }
}

fn edge(chance: &mut StdRng, sketch: &mut Sketch, from: &str, to: &str) {
    let decides = from.starts_with(['d', 'c', 'h']);
    let condition = if decides { *["", ":x", ":y", ":else"].choose(chance).expect("some") } else { "" };
    sketch.edge(&format!("{from}>{to}{condition}"));
}

fn loops(chance: &mut StdRng, sketch: &mut Sketch, names: &[String]) {
    for (at, name) in names.iter().enumerate().filter(|(_, name)| name.starts_with(['d', 'c', 'h'])) {
        if at == 0 || chance.random_bool(0.4) {
            continue;
        }
        let to = &names[chance.random_range(0..at)];
        sketch.edge(&format!("{name}>{to}:again"));
        let spec = sketch.spec(name);
        spec.repeat = Some(Repeat { again: "again".into(), leave: "x".into(), max: chance.random_range(1..4) });
    }
}

fn requirements(chance: &mut StdRng, sketch: &mut Sketch, names: &[String]) {
    if chance.random_bool(0.3) {
        let (task, of) = (names.choose(chance).expect("tasks"), names.choose(chance).expect("tasks"));
        sketch.spec(task).requirements = vec![Requirement::Task(of.clone())];
    }
    if chance.random_bool(0.3) {
        let (task, of) = (names.choose(chance).expect("tasks"), names.choose(chance).expect("tasks"));
        let span = Span { amount: 1.0, unit: Unit::Hours };
        sketch.spec(task).due = Some(DueRule { span, when: DueWhen::TaskFinished(of.clone()) });
        let to = if chance.random_bool(0.5) { Reference::AllPreceding } else { Reference::TaskCompleted(of.clone()) };
        sketch.spec(task).schedule = Some(Schedule::Relative { before: false, span, to });
    }
}

fn answers(chance: &mut StdRng, play: &mut Play) {
    let keys: Vec<String> = play.people.tasks.iter().map(|task| task.key.clone()).collect();
    for key in keys {
        let all: [&[&str]; 6] = [&["x"], &["y"], &["x", "y"], &[], &["again"], &["again", "y"]];
        let answers = (0..chance.random_range(0..6)).map(|_| all.choose(chance).expect("some").to_vec()).collect();
        play.answers.insert(key, answers);
    }
}

fn deed(chance: &mut StdRng, play: &Play) -> Deed {
    let current: Vec<TaskId> = play.people.current().map(|task| task.id).collect();
    let any = || play.people.tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let pool = if current.is_empty() || chance.random_bool(0.3) { any() } else { current };
    let task = *pool.choose(chance).unwrap_or(&uuid::Uuid::nil().into());
    match chance.random_range(0..20) {
        0..8 => Deed::PatchTask(task, Box::new(patch(chance))),
        8 | 9 => Deed::Execute(task),
        10 => Deed::RunAutomation(task),
        11 => Deed::RunScheduleNow(task),
        12 => Deed::CancelSchedule(task),
        13 => {
            let status = ["success", "failed", "skipped", "in_progress"].choose(chance).map(|word| (*word).to_owned());
            Deed::Reconcile(task, RunResult { status, ..RunResult::default() })
        }
        14 => Deed::Skip(task, None),
        15 | 16 => {
            let status = *[FlowStatus::Started, FlowStatus::Done, FlowStatus::Closed].choose(chance).expect("some");
            Deed::PatchFlow(Box::new(FlowPatch { status: Some(status), ..FlowPatch::default() }))
        }
        17 => add(chance, play),
        18 => Deed::MoveItem { task, section: None, index: chance.random_range(0..5) },
        _ => Deed::Complete(task, Completion::default()),
    }
}

fn patch(chance: &mut StdRng) -> TaskPatch {
    let to = [TaskStatus::Completed, TaskStatus::Completed, TaskStatus::Completed].into_iter().chain(TaskStatus::ALL);
    let to: Vec<_> = to.collect();
    TaskPatch {
        status: to.choose(chance).copied(),
        enabled: chance.random_bool(0.15).then(|| chance.random_bool(0.7)),
        next_condition: chance.random_bool(0.3).then(|| (*["x", "y", "again"].choose(chance).expect("some")).into()),
        revert: chance.random_bool(0.3),
        ..TaskPatch::default()
    }
}

fn add(chance: &mut StdRng, play: &Play) -> Deed {
    let drawn = play.graph.drawn.as_ref().expect("drawn");
    let ends = |edge: &DrawnEdge| {
        let of = |key: &str| play.people.tasks.iter().find(|task| task.key == key).map(|task| task.id);
        Some((of(&edge.from)?, of(edge.to.as_deref()?)?))
    };
    let pairs: Vec<_> = drawn.edges.iter().filter_map(ends).collect();
    let step = Box::new(Sketch::of(&["new"], &[]).steps.remove(0));
    let patch = TaskPatch::default();
    match pairs.choose(chance) {
        Some((previous, next)) => {
            Deed::AddTask(Box::new(AddTask { previous: *previous, next: *next, id: None, step, patch }))
        }
        None => Deed::InsertItem(Box::new(InsertItem { section: None, index: 1, id: None, step, patch })),
    }
}

/// What holds of a whole flow after each thing that happened.
fn check(play: &mut Play) {
    let counted = &play.execution.marking.passes;
    for edge in &play.graph.transitions {
        if let Some(Looping::Back { max }) = edge.looping {
            assert!(counted.get(&edge.id).copied().unwrap_or(0) <= max, "rounds are bounded");
        }
    }
    let mut ids: Vec<_> = play.people.tasks.iter().map(|task| task.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), play.people.tasks.len());
    for phase in &play.people.flow.data.phases {
        let inside: Vec<_> = play.people.tasks.iter().filter(|task| task.phase.as_ref() == Some(&phase.key)).collect();
        let current = inside.iter().any(|task| task.current_since.is_some());
        let all_done = !inside.is_empty() && inside.iter().all(|task| task.status.is_done());
        assert!(!current || phase.status == PhaseStatus::InProgress, "{} has a current task", phase.key);
        assert!(!all_done || phase.status == PhaseStatus::Completed, "{} is done", phase.key);
    }
    let active: Vec<_> = play.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect();
    let state = State { graph: &play.graph, execution: &play.execution, visits: &active, people: Some(&play.people) };
    let nothing = Input::Acted(Box::new(Act { by: "ada".into(), does: Deed::Several(vec![]) }));
    let changes = advance(state, nothing, &Given::new(play.now, &play.ids)).expect("allowed");
    assert_eq!((changes.people, changes.visits.len()), (None, 0), "settling twice changes nothing");
}

fn played(seed: u64) -> bool {
    let mut chance = StdRng::seed_from_u64(seed);
    let Ok(graph) = sketch(&mut chance).compiled() else { return false };
    let mut play = Play::of(graph, |_| {});
    answers(&mut chance, &mut play);
    play.run();
    for _ in 0..chance.random_range(1..40) {
        match chance.random_range(0..10) {
            0 => play.later(i64::from(chance.random_range(0..3 * 3_600_000))),
            _ => {
                let deed = deed(&mut chance, &play);
                let _ = play.act(deed);
            }
        }
        check(&mut play);
        if chance.random_bool(0.1) {
            answers(&mut chance, &mut play);
        }
    }
    true
}

#[test]
fn whatever_people_do_the_flow_stays_sound() {
    let from: u64 = std::env::var("STEPWELL_FLOW_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let count: u64 = std::env::var("STEPWELL_FLOW_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1_000);
    let mut number = 0;
    for seed in from..from + count {
        let run = std::panic::catch_unwind(|| played(seed));
        number += u64::from(run.unwrap_or_else(|_| panic!("seed {seed}")));
    }
    assert!(count < 100 || number > count / 4, "{number} of {count} graphs were playable");
}
