//! A drawn graph as the invariants look at it: where phases lead, what a loop repeats and how phases stand, worked out here once more
//! from what was drawn, so that both this and core would have to be wrong alike.

use std::collections::HashMap;

use stepwell_core::flow::{Drawn, DrawnEdge, Task};
use stepwell_core::{Graph, Marking, StepId, TransitionId};

/// A set of tasks, a bit for each.
pub(crate) type Tasks = u64;

/// When an arrow is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Always,
    Branch(String),
    Otherwise,
}

/// A way from a task to another, phases and open ends resolved.
#[derive(Clone, Debug)]
struct Arrow {
    to: usize,
    when: When,
}

#[derive(Clone, Debug)]
struct Node {
    step: StepId,
    phase: Option<usize>,
    arrows: Vec<Arrow>,
}

#[derive(Clone, Debug)]
struct Phase {
    key: String,
    /// Where one gets when it is finished.
    exits: Vec<usize>,
}

/// A decision that repeats tasks.
#[derive(Clone, Debug)]
struct Round {
    decision: usize,
    again: String,
    leave: String,
    max: u32,
    /// What it repeats, itself included.
    body: Tasks,
    /// Of that, what paths come to before it repeats anything.
    first: Tasks,
    counter: TransitionId,
}

/// What was drawn.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    nodes: Vec<Node>,
    phases: Vec<Phase>,
    loops: Vec<Round>,
    list: bool,
}

/// Where the tasks of an execution stand.
pub(crate) struct Standing<'a> {
    /// By their places in the chart.
    pub(crate) tasks: Vec<Option<&'a Task>>,
    /// Where paths stand, those that wait for others among them.
    pub(crate) on: Tasks,
    /// Where they wait for others.
    pub(crate) held: Tasks,
    pub(crate) marking: &'a Marking,
}

impl Chart {
    /// None where nothing was drawn.
    pub(crate) fn of(graph: &Graph) -> Option<Self> {
        let drawn = graph.drawn.as_deref()?;
        let specs = || graph.steps.iter().filter_map(|step| Some((step, step.task.as_deref()?)));
        let places: HashMap<&str, usize> = specs().enumerate().map(|(at, (_, spec))| (spec.key.as_str(), at)).collect();
        let of_key = |key: &str| drawn.phases.iter().position(|phase| phase.key == key);
        let phase_of: Vec<_> = specs().map(|(_, spec)| spec.phase.as_deref().and_then(of_key)).collect();
        let ends = Ends { drawn, places: &places, phase_of: &phase_of };
        let nodes = specs()
            .enumerate()
            .map(|(at, (step, spec))| Node { step: step.id, phase: phase_of[at], arrows: ends.arrows(&spec.key) })
            .collect();
        let phase = |(at, phase): (usize, &stepwell_core::flow::PhaseSpec)| Phase {
            key: phase.key.clone(),
            exits: ends.exits(at),
        };
        let phases = drawn.phases.iter().enumerate().map(phase).collect();
        let mut chart = Self { nodes, phases, loops: vec![], list: drawn.list };
        for (at, (step, spec)) in specs().enumerate() {
            let counted = drawn.compiled.loops.iter().find(|known| known.decision == step.id);
            if let (Some(repeat), Some(counted)) = (&spec.repeat, counted) {
                let (again, leave, max, counter) =
                    (repeat.again.clone(), repeat.leave.clone(), repeat.max, counted.back);
                chart.loops.push(Round { decision: at, again, leave, max, body: 0, first: 0, counter });
            }
        }
        chart.measure(graph);
        Some(chart)
    }

    /// Finds out what loops repeat, with the loops inside them.
    fn measure(&mut self, graph: &Graph) {
        let begins = graph.trigger().map(|trigger| graph.outgoing(trigger.id)).unwrap_or_default();
        let mut begins: Vec<_> = begins.iter().filter_map(|edge| self.place(edge.to)).collect();
        let into: Tasks = (0..self.nodes.len()).map(|at| self.next(at)).fold(0, |all, to| all | to);
        begins.extend((0..self.nodes.len()).filter(|at| into >> at & 1 == 0));
        let own: Vec<Tasks> = (0..self.loops.len()).map(|of| self.circles(of)).collect();
        let first: Vec<Tasks> = (0..own.len()).map(|of| own[of] & self.at_first(of, own[of], &begins)).collect();
        let mut bodies = own.clone();
        for _ in 0..own.len() {
            for (outer, inner) in (0..own.len()).flat_map(|outer| (0..own.len()).map(move |inner| (outer, inner))) {
                let around = bodies[outer] & !(1 << self.loops[outer].decision);
                if first[inner] & !around == 0 {
                    bodies[outer] |= own[inner];
                }
            }
        }
        for (of, found) in self.loops.iter_mut().enumerate() {
            (found.body, found.first) = (bodies[of], first[of]);
        }
    }

    /// What paths come to before a loop repeats anything.
    fn at_first(&self, of: usize, circles: Tasks, begins: &[usize]) -> Tasks {
        let decision = self.loops[of].decision;
        let mut found = self.spread(begins, of);
        if found >> decision & 1 == 0 {
            // Nothing leads into it: it begins with the first of its tasks.
            let head = (0..self.nodes.len()).find(|at| circles >> at & 1 == 1 && *at != decision).unwrap_or(decision);
            found |= self.spread(&[head], of);
        }
        found | 1 << decision
    }

    /// What is reached from some tasks without the loop branch of a loop.
    fn spread(&self, from: &[usize], without: usize) -> Tasks {
        let mut found: Tasks = from.iter().map(|at| 1 << at).fold(0, |all, bit| all | bit);
        let mut open = from.to_vec();
        while let Some(at) = open.pop() {
            let arrows = self.nodes[at].arrows.iter().filter(|arrow| self.repeats(at, arrow) != Some(without));
            for to in arrows.map(|arrow| arrow.to).chain(self.exits(at).iter().copied()) {
                if found >> to & 1 == 0 {
                    found |= 1 << to;
                    open.push(to);
                }
            }
        }
        found
    }

    /// All that a task leads to.
    fn next(&self, at: usize) -> Tasks {
        let to = self.nodes[at].arrows.iter().map(|arrow| arrow.to).chain(self.exits(at).iter().copied());
        to.fold(0, |all, to| all | 1 << to)
    }

    /// Where the phase of a task leads to once it is finished.
    fn exits(&self, at: usize) -> &[usize] {
        self.nodes[at].phase.map_or(&[][..], |phase| &self.phases[phase].exits)
    }

    pub(crate) fn place(&self, step: StepId) -> Option<usize> {
        self.nodes.iter().position(|node| node.step == step)
    }

    pub(crate) fn phase_of(&self, at: usize) -> Option<&str> {
        self.nodes[at].phase.map(|phase| self.phases[phase].key.as_str())
    }

    pub(crate) fn step(&self, at: usize) -> Option<StepId> {
        self.nodes.get(at).map(|node| node.step)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The edges that count the rounds of the loops inside that of another such edge.
    pub(crate) fn inside(&self, counter: TransitionId) -> Vec<TransitionId> {
        let Some(outer) = self.loops.iter().find(|of| of.counter == counter) else { return vec![] };
        let inside = |of: &&Round| of.body != outer.body && of.body & !outer.body == 0;
        self.loops.iter().filter(inside).map(|of| of.counter).collect()
    }

    /// Whether a loop repeats a step.
    pub(crate) fn repeats_step(&self, counter: TransitionId, step: StepId) -> bool {
        let of = self.loops.iter().find(|of| of.counter == counter);
        of.zip(self.place(step)).is_some_and(|(of, at)| of.body >> at & 1 == 1)
    }

    /// Whether an arrow is a loop's that repeats, and whose.
    fn repeats(&self, from: usize, arrow: &Arrow) -> Option<usize> {
        let of = self.loops.iter().position(|of| of.decision == from)?;
        (arrow.when == When::Branch(self.loops[of].again.clone())).then_some(of)
    }

    /// What lies with its decision on a circle that no other loop closes.
    fn circles(&self, of: usize) -> Tasks {
        let mut on: Vec<Tasks> = (0..self.nodes.len()).map(|at| 1 << at).collect();
        loop {
            let before = on.clone();
            for (at, node) in self.nodes.iter().enumerate() {
                let own = |arrow: &&Arrow| self.repeats(at, arrow).is_none_or(|repeats| repeats == of);
                let exits = self.exits(at).iter().copied();
                for to in node.arrows.iter().filter(own).map(|arrow| arrow.to).chain(exits) {
                    on[at] |= on[to];
                }
            }
            if on == before {
                break;
            }
        }
        let decision = self.loops[of].decision;
        let mutual = |at: &usize| on[decision] >> at & 1 == 1 && on[*at] >> decision & 1 == 1;
        (0..on.len()).filter(mutual).map(|at| 1 << at).sum()
    }

    /// The tasks that paths may still come to.
    fn reach(&self, standing: &Standing<'_>) -> Tasks {
        let mut found = standing.held;
        let mut open: Vec<(usize, Option<usize>)> =
            (0..self.nodes.len()).filter(|at| standing.on >> at & 1 == 1).map(|at| (at, None)).collect();
        let mut seen = open.clone();
        while let Some((at, round)) = open.pop() {
            for (to, begun) in self.ways(at, round, standing) {
                found |= 1 << to;
                let inside = |of: &usize| self.loops[*of].body >> to & 1 == 1;
                let widest = |of: &usize| self.loops[*of].body.count_ones();
                let next = (to, round.into_iter().chain(begun).filter(inside).max_by_key(widest));
                if !seen.contains(&next) {
                    seen.push(next);
                    open.push(next);
                }
            }
        }
        found
    }

    /// The loop that is begun anew by an arrow: it leads back to what comes before its decision, from there or from its loop branch.
    fn begins_anew(&self, from: usize, arrow: &Arrow) -> Option<usize> {
        let back = |of: &usize| {
            let it = &self.loops[*of];
            let leaves = self.repeats(from, arrow) == Some(*of) || (it.body & !it.first) >> from & 1 == 1;
            leaves && it.first >> arrow.to & 1 == 1
        };
        (0..self.loops.len()).filter(back).min_by_key(|of| self.loops[*of].body.count_ones())
    }

    /// Where one may get from a task, each with the loop that is begun anew by it. `round`: the loop that was begun anew before it:
    /// what is done in it is to be done again.
    fn ways(&self, at: usize, round: Option<usize>, standing: &Standing<'_>) -> Vec<(usize, Option<usize>)> {
        let node = &self.nodes[at];
        let anew = round.is_some_and(|of| self.loops[of].body >> at & 1 == 1);
        let done = standing.tasks[at].filter(|task| task.status.is_done() && !anew && standing.on >> at & 1 == 0);
        let used_up = |of: usize| {
            let outer = round.map_or(0, |round| self.loops[round].body);
            let anew = self.loops[of].body != outer && self.loops[of].body & !outer == 0;
            !anew && standing.marking.passed(self.loops[of].counter) >= self.loops[of].max
        };
        let exits = || self.exits(at).iter().map(|to| (*to, None));
        let counted = |arrow: &Arrow| self.repeats(at, arrow).or(self.begins_anew(at, arrow));
        let passes = |arrow: &&Arrow| counted(arrow).is_none_or(|of| !used_up(of));
        let arrows = node.arrows.iter().filter(passes);
        let way = |arrow: &Arrow| (arrow.to, self.begins_anew(at, arrow));
        let Some(task) = done else { return arrows.map(way).chain(exits()).collect() };
        let mut chosen = task.data.chosen.clone();
        for of in self.loops.iter().enumerate().filter(|(of, round)| round.decision == at && used_up(*of)) {
            chosen.iter_mut().filter(|branch| **branch == of.1.again).for_each(|branch| branch.clone_from(&of.1.leave));
        }
        let named = |arrow: &&Arrow| matches!(&arrow.when, When::Branch(name) if chosen.contains(name));
        let any = arrows.clone().any(|arrow| named(&arrow));
        let taken = |arrow: &&Arrow| match arrow.when {
            When::Always => true,
            When::Branch(_) => named(arrow),
            When::Otherwise => !any && chosen.is_empty(),
        };
        let taken: Vec<_> = arrows.filter(taken).map(way).collect();
        if taken.is_empty() { exits().collect() } else { taken }
    }

    /// The phases that are completed: nothing in them is current, and all of them is done, or paths have come to them and none may come
    /// to what is open in them.
    pub(crate) fn completed(&self, standing: &Standing<'_>, entered: impl Fn(&str) -> bool) -> Vec<&str> {
        let reach = self.reach(standing);
        let mut completed = vec![];
        for (place, phase) in self.phases.iter().enumerate() {
            let of_phase = |task: &Task| task.phase.as_deref() == Some(&phase.key);
            let inside: Vec<usize> =
                (0..self.nodes.len()).filter(|at| standing.tasks[*at].is_some_and(of_phase)).collect();
            let current = inside.iter().any(|at| (standing.on & !standing.held) >> at & 1 == 1);
            let open: Vec<_> =
                inside.iter().filter(|at| standing.tasks[**at].is_some_and(|task| !task.status.is_done())).collect();
            let comes = open.iter().any(|at| reach >> **at & 1 == 1);
            let left = !self.list && entered(&phase.key) && !comes;
            if !inside.is_empty() && !current && (open.is_empty() || left) {
                completed.push(self.phases[place].key.as_str());
            }
        }
        completed
    }
}

/// What drawn ends stand for.
struct Ends<'d> {
    drawn: &'d Drawn,
    places: &'d HashMap<&'d str, usize>,
    phase_of: &'d [Option<usize>],
}

impl Ends<'_> {
    fn arrows(&self, key: &str) -> Vec<Arrow> {
        let own = self.drawn.edges.iter().filter(|edge| edge.from == key);
        own.flat_map(|edge| self.targets(edge, 0).into_iter().map(|to| Arrow { to, when: when(edge) })).collect()
    }

    /// The tasks at which one arrives over an edge.
    fn targets(&self, edge: &DrawnEdge, depth: usize) -> Vec<usize> {
        let Some(to) = edge.to.as_deref().filter(|to| !to.is_empty()) else { return vec![] };
        match self.places.get(to) {
            Some(task) => vec![*task],
            None => self.entries(to, depth),
        }
    }

    /// The tasks with which a phase begins.
    fn entries(&self, key: &str, depth: usize) -> Vec<usize> {
        let Some(phase) = self.drawn.phases.iter().position(|phase| phase.key == key) else { return vec![] };
        if depth > self.drawn.phases.len() {
            return vec![];
        }
        let own = |at: &usize| self.phase_of[*at] == Some(phase);
        let leaving = || self.drawn.edges.iter().filter(|edge| edge.from == key);
        let named: Vec<usize> =
            leaving().filter_map(|edge| self.places.get(edge.to.as_deref()?).copied()).filter(own).collect();
        if !named.is_empty() {
            return named;
        }
        let inside: Vec<usize> = (0..self.phase_of.len()).filter(own).collect();
        if inside.is_empty() {
            return leaving().flat_map(|edge| self.targets(edge, depth + 1)).collect();
        }
        let place = |key: &str| self.places.get(key).filter(|at| own(at)).copied();
        let inner: Vec<usize> =
            (self.drawn.edges.iter()).filter_map(|edge| place(&edge.from).and(place(edge.to.as_deref()?))).collect();
        let first: Vec<usize> = inside.iter().copied().filter(|at| !inner.contains(at)).collect();
        if first.is_empty() { vec![inside[0]] } else { first }
    }

    /// Where a phase leads to once it is finished.
    fn exits(&self, phase: usize) -> Vec<usize> {
        let key = &self.drawn.phases[phase].key;
        let own = |edge: &&DrawnEdge| {
            let to = edge.to.as_deref().and_then(|to| self.places.get(to));
            to.is_some_and(|at| self.phase_of[*at] == Some(phase))
        };
        let leaving = self.drawn.edges.iter().filter(|edge| edge.from == *key && !own(edge));
        leaving.flat_map(|edge| self.targets(edge, 0)).collect()
    }
}

fn when(edge: &DrawnEdge) -> When {
    match &edge.condition {
        _ if edge.otherwise => When::Otherwise,
        Some(condition) => When::Branch(condition.clone()),
        None => When::Always,
    }
}
