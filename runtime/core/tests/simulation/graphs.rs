//! Random graphs: chains with branches, waits, error edges, retries, checkpoints, exits and (if the shape says so) loops, forks
//! and joins.
//!
//! A graph is made of stretches: each step draws its kind, and the kind says which edges leave it. What the engine learns
//! next gets a flag in [`Shape`] and edges here.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Chance;
use stepwell_core::{Follow, Graph, Guard, Join, Looping, RetryPolicy, Step, TRIGGER, Transition, testing};

/// The most steps a graph has beside its trigger.
const MOST_STEPS: usize = 20;

/// What a graph may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Edges that lead back to a step that was visited before.
    pub(crate) loops: bool,
    /// Steps that follow all their edges, joins, and edges that say that they lead back.
    pub(crate) forks: bool,
    /// People work on what is drawn, and steps start other executions.
    pub(crate) flows: bool,
}

/// The step types that `script` knows.
const KINDS: [&str; 8] = ["work", "work", "condition", "wait", "delay", "pages", "task", "exit"];

/// A graph of 1 to 20 steps behind a trigger. Steps of the same name have the same id in all of them, as in versions.
pub(crate) fn random(chance: &mut Chance, shape: Shape) -> Graph {
    let most = if chance.random_bool(0.7) { 6 } else { MOST_STEPS };
    let count = chance.random_range(1..=most);
    let mut steps = vec![named("t", TRIGGER)];
    for at in 0..count {
        let kind = KINDS[chance.random_range(0..KINDS.len())];
        let step = Step { retry: policy(chance), ..named(&format!("s{at}"), kind) };
        steps.push(if shape.forks { forking(chance, step) } else { step });
    }
    let mut edges = Vec::new();
    if chance.random_bool(0.98) {
        edges.push(edge(&steps, 0, 1, Guard::Always, 0));
    }
    if shape.forks && chance.random_bool(0.6) {
        steps[0].follow = Follow::All;
        for _ in 0..chance.random_range(1..=2) {
            edges.push(edge(&steps, 0, chance.random_range(1..=count), Guard::Always, 0));
        }
    }
    for from in 1..=count {
        leave(chance, shape, &steps, from, &mut edges);
    }
    if shape.forks {
        watch_loops(chance, &mut edges);
    }
    testing::graph(steps, edges)
}

fn named(name: &str, kind: &str) -> Step {
    Step { step_type: kind.to_owned(), ..testing::step(name) }
}

fn forking(chance: &mut Chance, step: Step) -> Step {
    let follow = if chance.random_bool(0.4) { Follow::All } else { Follow::First };
    let join = if chance.random_bool(0.4) { Join::All } else { Join::Any };
    Step { follow, join, ..step }
}

/// Lets some edges ask how far a loop has come.
fn watch_loops(chance: &mut Chance, edges: &mut [Transition]) {
    let back = edges.iter().filter(|edge| edge.looping.is_some()).map(|edge| edge.id);
    let back: Vec<_> = back.collect();
    for edge in edges.iter_mut().filter(|edge| edge.looping.is_none()) {
        if !back.is_empty() && chance.random_bool(0.05) {
            let of = back[chance.random_range(0..back.len())];
            edge.looping = Some(if chance.random_bool(0.5) { Looping::Within { of } } else { Looping::UsedUp { of } });
        }
    }
}

/// How a step's failures are tried again.
pub(crate) fn policy(chance: &mut Chance) -> Option<RetryPolicy> {
    chance.random_bool(0.7).then(|| RetryPolicy {
        max_attempts: chance.random_range(1..=4),
        initial_delay_ms: chance.random_range(0..=20_000),
        max_delay_ms: chance.random_range(0..=100_000),
        multiplier: f64::from(chance.random_range(1..=3)),
    })
}

/// The edges that leave a step, by its kind. Some are left out on purpose: where none matches, the execution completes.
fn leave(chance: &mut Chance, shape: Shape, steps: &[Step], from: usize, edges: &mut Vec<Transition>) {
    let guards: &[Guard] = match steps[from].step_type.as_str() {
        "exit" => &[],
        "condition" if chance.random_bool(0.5) => &[on("yes"), on("no")],
        "condition" => &[on("yes"), Guard::Otherwise],
        "wait" if chance.random_bool(0.7) => &[on("event"), on("timeout")],
        _ if chance.random_bool(0.1) => &[Guard::Never, Guard::Always],
        _ => &[Guard::Always],
    };
    let mut guards = guards.to_vec();
    let catching = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][chance.random_range(0..10)];
    guards.extend(std::iter::repeat_n(on("error"), catching));
    if steps[from].follow == Follow::All {
        guards.extend(std::iter::repeat_n(Guard::Always, chance.random_range(1..=2)));
    }
    for guard in guards {
        if let Some(to) = target(chance, shape, from, steps.len())
            && chance.random_bool(0.95)
        {
            let priority = chance.random_range(0..3);
            let says = shape.forks && to <= from && chance.random_bool(0.9);
            let looping = says.then(|| Looping::Back { max: chance.random_range(0..3) });
            // Two edges may have the same ends, but not the same id.
            let id = uuid::Uuid::from_u128(0xED00 + edges.len() as u128).into();
            edges.push(Transition { id, looping, ..edge(steps, from, to, guard, priority) });
        }
    }
}

/// Mostly the next step, else a later one, or an earlier one in a graph with loops.
fn target(chance: &mut Chance, shape: Shape, from: usize, count: usize) -> Option<usize> {
    if (shape.loops || shape.forks) && chance.random_bool(0.15) {
        return Some(chance.random_range(1..=from));
    }
    match from + 1 {
        next if next >= count => None,
        next if chance.random_bool(0.6) => Some(next),
        next => Some(chance.random_range(next..count)),
    }
}

fn edge(steps: &[Step], from: usize, to: usize, guard: Guard, priority: i32) -> Transition {
    testing::edge(steps, &steps[from].name, &steps[to].name, guard, priority)
}

fn on(branch: &str) -> Guard {
    Guard::Branch(branch.to_owned())
}
