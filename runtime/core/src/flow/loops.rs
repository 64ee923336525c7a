//! Which of the drawn edges lead back (spec epilot-flows, 10 and 11.4).
//!
//! Nothing says so but the decision: an edge leads back if it is the loop branch itself, or leaves what only the loop branch leads to,
//! and enters what comes before the decision. Whatever closes a circle beside that is a problem.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::draft::{Resolved, transition_id};
use super::drawn::{DrawProblem, Drawn, Exit, LoopSpec};
use super::spec::Repeat;
use crate::definition::{Guard, Looping, Step, Transition};
use crate::id::{DefinitionId, StepId, TransitionId};

/// A loop before its edges have ids.
#[derive(Clone, Debug)]
pub(super) struct Found {
    decision: StepId,
    repeat: Repeat,
    /// The places of its edges that lead back.
    back: Vec<usize>,
    /// Those of its loop branch.
    again: Vec<usize>,
    /// Those of its exit branch.
    leave: Vec<usize>,
    body: Vec<StepId>,
}

/// Where one gets from where.
struct Web<'e> {
    edges: &'e [Resolved],
    /// Edges that stand for the exits of phases.
    exits: Vec<(StepId, StepId)>,
}

impl Web<'_> {
    /// All steps that are reached from some, themselves included, over edges for which this holds.
    fn reached(&self, from: &[StepId], holds: impl Fn(usize, &Resolved) -> bool) -> HashSet<StepId> {
        self.spread(from, holds, |from, to| (from, to))
    }

    /// All steps from which one of some is reached.
    fn reaching(&self, to: &[StepId], holds: impl Fn(usize, &Resolved) -> bool) -> HashSet<StepId> {
        self.spread(to, holds, |from, to| (to, from))
    }

    fn spread(
        &self,
        begin: &[StepId],
        holds: impl Fn(usize, &Resolved) -> bool,
        turned: impl Fn(StepId, StepId) -> (StepId, StepId),
    ) -> HashSet<StepId> {
        let mut next: HashMap<StepId, Vec<StepId>> = HashMap::new();
        let drawn = self.edges.iter().enumerate().filter(|(place, edge)| holds(*place, edge));
        for (from, to) in drawn.map(|(_, edge)| (edge.from, edge.to)).chain(self.exits.iter().copied()) {
            let (from, to) = turned(from, to);
            next.entry(from).or_default().push(to);
        }
        let (mut found, mut open): (HashSet<_>, _) = (begin.iter().copied().collect(), begin.to_vec());
        while let Some(at) = open.pop() {
            for to in next.get(&at).into_iter().flatten() {
                if found.insert(*to) {
                    open.push(*to);
                }
            }
        }
        found
    }
}

/// The loops, inner ones first.
pub(super) fn find(
    steps: &[Step],
    drawn: &Drawn,
    edges: &[Resolved],
    exits: &[Exit],
) -> Result<Vec<Found>, Vec<DrawProblem>> {
    let web = Web { edges, exits: exit_edges(steps, exits) };
    let again = loop_branches(steps, drawn, edges);
    let (mut loops, mut problems, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
    for (place, step) in steps.iter().enumerate() {
        let Some(repeat) = step.task.as_ref().and_then(|task| task.repeat.clone()) else { continue };
        let back = back_of(&web, steps, drawn, step.id, &again);
        let path = format!("tasks.{place}.loop_config");
        if back.is_empty() {
            let message = "the loop branch does not lead back to anything before the decision".to_owned();
            problems.push(DrawProblem { path, message });
        } else if back.iter().any(|edge| !taken.insert(*edge)) {
            problems.push(DrawProblem { path, message: "an edge leads back for two loops".to_owned() });
        }
        let branch = |name: &str| branch_of(drawn, edges, step.id, name);
        let (again, leave) = (branch(&repeat.again), branch(&repeat.leave));
        loops.push(Found { decision: step.id, repeat, back, again, leave, body: Vec::new() });
    }
    problems.extend(circle(&web, &taken));
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(with_bodies(&web, loops, &taken))
}

/// The loops with what they repeat, inner ones first: what lies between the ends of their edges that lead back, and with the loops inside
/// them all that these repeat. A loop is inside another if what it repeats before its decision is part of what the other does, without the decision of the other.
fn with_bodies(web: &Web<'_>, loops: Vec<Found>, back: &HashSet<usize>) -> Vec<Found> {
    let forward = |place: usize, _: &Resolved| !back.contains(&place);
    let between = |found: &Found, sources: &[StepId]| -> BTreeSet<StepId> {
        let edges = found.back.iter().filter_map(|place| web.edges.get(*place));
        let targets: Vec<_> = edges.map(|edge| edge.to).collect();
        let before = web.reaching(sources, forward);
        web.reached(&targets, forward).into_iter().filter(|step| before.contains(step)).collect()
    };
    let sources = |found: &Found| -> Vec<_> {
        found.back.iter().filter_map(|place| web.edges.get(*place)).map(|edge| edge.from).collect()
    };
    let firsts: Vec<_> = loops.iter().map(|found| between(found, &[found.decision])).collect();
    let own: Vec<_> = loops.iter().map(|found| between(found, &sources(found))).collect();
    let mut all: Vec<(Found, BTreeSet<StepId>)> = loops.into_iter().zip(own.iter().cloned()).collect();
    // One inside one inside another is found in the next turn.
    for _ in 0..firsts.len() {
        for (outer, body) in &mut all {
            let inside = |first: &BTreeSet<StepId>| first.is_subset(body) && !first.contains(&outer.decision);
            let inner: Vec<_> = firsts.iter().zip(&own).filter(|(first, _)| inside(first)).collect();
            inner.into_iter().for_each(|(_, inner)| body.extend(inner.iter().copied()));
        }
    }
    all.sort_by_key(|(_, body)| body.len());
    all.into_iter().map(|(found, body)| Found { body: body.into_iter().collect(), ..found }).collect()
}

/// The places of all edges that lead back.
pub(super) fn back_edges(steps: &[Step], drawn: &Drawn, edges: &[Resolved]) -> HashSet<usize> {
    let web = Web { edges, exits: Vec::new() };
    let again = loop_branches(steps, drawn, edges);
    let decisions = steps.iter().filter(|step| step.task.as_ref().is_some_and(|task| task.repeat.is_some()));
    decisions.flat_map(|step| back_of(&web, steps, drawn, step.id, &again)).collect()
}

/// The edges of each loop branch, by their places, with the decision.
fn loop_branches(steps: &[Step], drawn: &Drawn, edges: &[Resolved]) -> HashMap<usize, StepId> {
    let repeats: HashMap<StepId, &str> =
        steps.iter().filter_map(|step| Some((step.id, step.task.as_ref()?.repeat.as_ref()?.again.as_str()))).collect();
    let is_again = |edge: &Resolved| {
        let condition = drawn.edges.get(edge.drawn).and_then(|drawn| drawn.condition.as_deref());
        condition.is_some() && condition == repeats.get(&edge.from).copied()
    };
    edges.iter().enumerate().filter(|(_, edge)| is_again(edge)).map(|(place, edge)| (place, edge.from)).collect()
}

/// The places of the edges that lead back for a decision.
fn back_of(
    web: &Web<'_>,
    steps: &[Step],
    drawn: &Drawn,
    decision: StepId,
    again: &HashMap<usize, StepId>,
) -> Vec<usize> {
    let own = |place: usize| again.get(&place) == Some(&decision);
    let targets: Vec<_> =
        web.edges.iter().enumerate().filter(|(place, _)| own(*place)).map(|(_, edge)| edge.to).collect();
    let mut first = web.reached(&begins(web), |place, _| !own(place));
    if !first.contains(&decision) {
        let begin: Vec<_> = head(web, steps, drawn, decision, &targets).into_iter().collect();
        first.extend(web.reached(&begin, |place, _| !own(place)));
    }
    first.insert(decision);
    let by_branch = web.reached(&targets, |_, edge| edge.from != decision);
    let before = web.reaching(&[decision], |place, _| !again.contains_key(&place));
    let leads_back = |place: usize, edge: &Resolved| {
        let leaves = own(place) || (by_branch.contains(&edge.from) && !first.contains(&edge.from));
        leaves && first.contains(&edge.to) && before.contains(&edge.to)
    };
    web.edges.iter().enumerate().filter(|(place, edge)| leads_back(*place, edge)).map(|(place, _)| place).collect()
}

/// The steps to which nothing leads.
fn begins(web: &Web<'_>) -> Vec<StepId> {
    let entered: HashSet<_> = web.edges.iter().map(|edge| edge.to).collect();
    let leaving: HashSet<_> = web.edges.iter().map(|edge| edge.from).collect();
    leaving.into_iter().filter(|from| !entered.contains(from)).collect()
}

/// Where a loop begins into which nothing leads from outside: where an edge goes that the builder calls a loop edge, else the first of
/// its tasks in the order of the template.
fn head(web: &Web<'_>, steps: &[Step], drawn: &Drawn, decision: StepId, targets: &[StepId]) -> Option<StepId> {
    let before = web.reaching(&[decision], |_, _| true);
    let round: HashSet<_> = web.reached(targets, |_, _| true).into_iter().filter(|it| before.contains(it)).collect();
    let is_named = |edge: &&Resolved| {
        let named = drawn.edges.get(edge.drawn).is_some_and(|drawn| drawn.key.starts_with("loop-edge-"));
        named && round.contains(&edge.from) && round.contains(&edge.to)
    };
    let named = web.edges.iter().find(is_named).map(|edge| edge.to);
    let mut order = steps.iter().map(|step| step.id).filter(|step| round.contains(step));
    named.or_else(|| order.find(|step| *step != decision)).or_else(|| round.contains(&decision).then_some(decision))
}

/// The places of the edges of a branch.
fn branch_of(drawn: &Drawn, edges: &[Resolved], decision: StepId, branch: &str) -> Vec<usize> {
    let is_of = |edge: &Resolved| {
        let condition = drawn.edges.get(edge.drawn).and_then(|drawn| drawn.condition.as_deref());
        edge.from == decision && condition == Some(branch)
    };
    edges.iter().enumerate().filter(|(_, edge)| is_of(edge)).map(|(place, _)| place).collect()
}

/// An edge that closes a circle which is no loop. Edges into and out of steps that lie on no circle are taken away until none is
/// left; what remains lies on circles, or between two.
fn circle(web: &Web<'_>, back: &HashSet<usize>) -> Option<DrawProblem> {
    let drawn = web.edges.iter().enumerate().filter(|(place, _)| !back.contains(place));
    let drawn = drawn.map(|(_, edge)| (edge.from, edge.to, Some(edge.drawn)));
    let mut left: Vec<_> = drawn.chain(web.exits.iter().map(|(from, to)| (*from, *to, None))).collect();
    loop {
        let (leave, enter): (HashSet<_>, HashSet<_>) = left.iter().map(|(from, to, _)| (*from, *to)).unzip();
        let before = left.len();
        left.retain(|(from, to, _)| enter.contains(from) && leave.contains(to));
        if left.len() == before {
            break;
        }
    }
    let place = left.iter().find_map(|(_, _, drawn)| *drawn);
    let path = place.map_or_else(|| "phases".to_owned(), |place| format!("edges.{place}"));
    let message = "closes a circle that is no loop: let a decision with loop_config lead back".to_owned();
    (!left.is_empty()).then_some(DrawProblem { path, message })
}

fn exit_edges(steps: &[Step], exits: &[Exit]) -> Vec<(StepId, StepId)> {
    let mut edges = Vec::new();
    for step in steps {
        let phase = step.task.as_ref().and_then(|task| task.phase.as_deref());
        let of = exits.iter().filter(|exit| phase == Some(exit.phase.as_str()));
        edges.extend(of.flat_map(|exit| &exit.to).map(|to| (step.id, *to)));
    }
    edges
}

/// Says in the transitions which lead back, which repeat, and which leave once the rounds are used up.
pub(super) fn mark(
    transitions: &mut Vec<Transition>,
    edges: &[Resolved],
    loops: Vec<Found>,
    definition: DefinitionId,
) -> Vec<LoopSpec> {
    debug_assert_eq!(transitions.len(), edges.len());
    let counters: Vec<_> = loops.iter().map(|found| lead_back(transitions, found)).collect();
    let mut specs = Vec::with_capacity(loops.len());
    for (Found { decision, repeat, again, leave, body, .. }, counter) in loops.into_iter().zip(counters) {
        let Some(counter) = counter else { continue };
        for place in again {
            if let Some(edge) = transitions.get_mut(place).filter(|edge| edge.looping.is_none()) {
                edge.looping = Some(Looping::Within { of: counter });
            }
        }
        for place in &leave {
            let Some(edge) = transitions.get(*place) else { continue };
            let id = transition_id(definition, &format!("{}~used-up", edge.id), 0);
            let guard = Guard::Branch(repeat.again.clone());
            let looping = match edge.counter() {
                Some(of) => Looping::BackOnceUsedUp { of, once: counter },
                None => Looping::UsedUp { of: counter },
            };
            let twin = Transition { id, guard, looping: Some(looping), ..edge.clone() };
            transitions.push(twin);
        }
        let Repeat { again, leave, max } = repeat;
        specs.push(LoopSpec { decision, again, leave, back: counter, max, body });
    }
    specs
}

/// Says in the transitions of a loop that they lead back; the one that counts.
fn lead_back(transitions: &mut [Transition], of: &Found) -> Option<TransitionId> {
    let counter = of.back.first().and_then(|place| transitions.get(*place)).map(|edge| edge.id)?;
    for (at, place) in of.back.iter().enumerate() {
        if let Some(edge) = transitions.get_mut(*place) {
            edge.looping = Some(match at {
                0 => Looping::Back { max: of.repeat.max },
                _ => Looping::BackAs { of: counter },
            });
        }
    }
    Some(counter)
}
