//! The way that an execution went, judged by its journal once it has ended: each edge that had to be followed was followed, nobody
//! entered a step twice in a pass, no join was entered too early, no loop was repeated too often, and no path was lost.

use std::collections::BTreeMap;

use stepwell_core::{
    ERROR_BRANCH, Follow, Guard, Join, JournalEntry, JournalKind as Kind, Looping, StepExecutionId, StepId, Transition,
    TransitionId,
};

use crate::check::{Checked, ensure, told};
use crate::map::{Map, Steps, is_back};
use crate::world::Record;

/// A visit that goes on.
#[derive(Clone, Copy, Debug)]
struct Active {
    visit: StepExecutionId,
    step: StepId,
    held: bool,
}

/// Where the paths of an execution stand, as far as its journal was read.
struct Way<'m> {
    map: &'m Map,
    active: Vec<Active>,
    entered: Steps,
    passes: BTreeMap<TransitionId, u32>,
}

/// Judges the way of an execution that has ended.
pub(crate) fn judged(record: &Record, map: &Map) -> Checked {
    if map.is_single_path() || record.is_flow() || !record.execution.status.is_terminal() {
        return Ok(());
    }
    let mut way = Way { map, active: vec![], entered: 0, passes: BTreeMap::new() };
    let mut rest = &record.journal[..];
    while let Some((first, more)) = rest.split_first() {
        let follows = |entry: &JournalEntry| {
            matches!(entry.kind, Kind::PassBegun | Kind::StepSkipped | Kind::StepHeld | Kind::StepScheduled)
                || ends(entry)
        };
        let length = more.iter().position(|entry| !follows(entry)).unwrap_or(more.len());
        let (then, after) = more.split_at(length);
        let at = || format!("{} in{}", told(std::slice::from_ref(first)), told(&record.journal));
        way.decision(first, then).map_err(|broken| format!("{broken}, at{}", at()))?;
        rest = after;
    }
    Ok(())
}

fn ends(entry: &JournalEntry) -> bool {
    use Kind::{ExecutionCancelled, ExecutionCompleted, ExecutionExited, ExecutionFailed};
    matches!(entry.kind, ExecutionCompleted | ExecutionExited | ExecutionFailed | ExecutionCancelled)
}

impl<'m> Way<'m> {
    /// One decision: an entry that says what happened, and those that say what followed from it.
    fn decision(&mut self, first: &JournalEntry, then: &[JournalEntry]) -> Checked {
        let ended = ends(first) || then.last().is_some_and(ends);
        if let (Kind::StepCompleted | Kind::StepFailed | Kind::StepSkipped, Some(visit)) =
            (first.kind, first.step_execution_id)
        {
            self.active.retain(|active| active.visit != visit);
        }
        let edges = self.edges(first);
        let by_itself = then.last().is_none_or(|entry| entry.kind != Kind::ExecutionExited);
        if first.kind == Kind::StepFailed {
            let failed = then.last().is_some_and(|entry| entry.kind == Kind::ExecutionFailed);
            ensure!(failed == edges.is_empty(), "a failure was caught by {edges:?}, or was not");
        }
        let expected: Vec<_> = edges.iter().filter(|_| by_itself).map(|edge| edge.to).collect();
        let retried = first.kind == Kind::ExecutionRetried;
        for entry in then {
            self.consequence(entry, &edges, |step| expected.contains(&step), retried, ended)?;
        }
        let lost = expected.iter().find(|step| self.entered & self.map.bit(**step) == 0);
        ensure!(lost.is_none(), "a path to {lost:?} was lost");
        for edge in edges.iter().filter(|edge| is_back(edge) && by_itself) {
            let begun = then.iter().any(|entry| entry.data["transitionId"] == edge.id.to_string());
            ensure!(begun, "an edge led back on its path without a new pass: {edge:?}");
        }
        self.stands(ended)
    }

    fn consequence(
        &mut self,
        entry: &JournalEntry,
        edges: &[&Transition],
        expected: impl Fn(StepId) -> bool,
        retried: bool,
        ended: bool,
    ) -> Checked {
        let of = entry.step_id.zip(entry.step_execution_id);
        match (entry.kind, of) {
            (Kind::PassBegun, _) => {
                let back = edges.iter().find(|edge| entry.data["transitionId"] == edge.id.to_string());
                let Some(back) = back.filter(|edge| is_back(edge)) else { return Err("a pass of no loop".into()) };
                self.begin_pass(back);
            }
            (Kind::StepSkipped, Some((step, visit))) => {
                let over = edges.iter().any(|edge| self.map.body(edge.id) & self.map.bit(step) != 0);
                ensure!(over || ended, "a path was given up at {step:?} for nothing");
                self.active.retain(|active| active.visit != visit);
            }
            (kind @ (Kind::StepHeld | Kind::StepScheduled), Some((step, visit))) => {
                let held = kind == Kind::StepHeld;
                if let Some(known) = self.active.iter_mut().find(|active| active.visit == visit) {
                    ensure!(known.held && !held, "a visit was scheduled twice");
                    known.held = false;
                    return Ok(());
                }
                let (bit, fresh) = (self.map.bit(step), self.entered & self.map.bit(step) == 0);
                ensure!(retried || (expected(step) && fresh), "a path entered {step:?}, which it may not");
                self.entered |= bit;
                self.active.push(Active { visit, step, held });
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_pass(&mut self, back: &Transition) {
        self.entered &= !self.map.body(back.id);
        for inner in self.map.inside(back.id) {
            self.passes.remove(&inner);
        }
        *self.passes.entry(back.id).or_default() += 1;
    }

    /// Where the paths stand after a decision: apart, and each join held as long as it must be, but no longer.
    fn stands(&self, ended: bool) -> Checked {
        if ended {
            ensure!(self.active.is_empty(), "a path goes on after the end: {:?}", self.active);
            return Ok(());
        }
        for one in &self.active {
            let mut others = self.active.iter().filter(|other| other.visit != one.visit);
            let all = self.map.step(one.step).is_some_and(|step| step.join == Join::All);
            ensure!(!one.held || all, "a path is held at {:?}, which is no join", one.step);
            let early = |other: &&Active| all && !other.held && self.map.leads_on(other.step, one.step);
            ensure!(one.held || !others.clone().any(|other| early(&other)), "a join was entered early: {one:?}");
            let awaited = others.any(|other| self.map.leads(other.step, one.step));
            ensure!(!one.held || awaited, "a join waits for nobody: {one:?}");
        }
        ensure!(self.active.iter().any(|active| !active.held), "all paths are held");
        Ok(())
    }

    /// The edges that had to be followed after what an entry says.
    fn edges(&self, entry: &JournalEntry) -> Vec<&'m Transition> {
        let map = self.map;
        let from = match entry.kind {
            Kind::ExecutionStarted => map.trigger().map(|trigger| trigger.id),
            Kind::StepCompleted | Kind::StepFailed => entry.step_id,
            _ => None,
        };
        let Some(from) = from else { return vec![] };
        let may = |edge: &&Transition| match &edge.guard {
            Guard::Branch(name) if entry.kind == Kind::StepFailed => name == ERROR_BRANCH,
            Guard::Branch(name) => entry.data["branch"] == name.as_str(),
            Guard::Always | Guard::Otherwise => entry.kind != Kind::StepFailed,
            Guard::Never => false,
        };
        let edges: Vec<_> =
            map.transitions.iter().filter(|edge| edge.from == from && self.open(edge)).filter(may).collect();
        let others = edges.iter().any(|edge| edge.guard != Guard::Otherwise);
        let mut edges: Vec<_> = edges.into_iter().filter(|edge| !(others && edge.guard == Guard::Otherwise)).collect();
        if map.step(from).is_some_and(|step| step.follow == Follow::First) {
            let first = edges.iter().enumerate().min_by_key(|(at, edge)| (edge.priority, *at)).map(|(_, edge)| *edge);
            edges = first.into_iter().collect();
        }
        edges
    }

    /// Whether an edge's part in a loop lets it be followed.
    fn open(&self, edge: &Transition) -> bool {
        let passes = |edge: TransitionId| self.passes.get(&edge).copied().unwrap_or(0);
        let max = |edge: TransitionId| {
            let of = self.map.transitions.iter().find(|known| known.id == edge).and_then(|edge| edge.looping);
            if let Some(Looping::Back { max }) = of { max } else { 0 }
        };
        match edge.looping {
            None => true,
            Some(Looping::Back { max }) => passes(edge.id) < max,
            Some(Looping::BackAs { of } | Looping::Within { of }) => passes(of) < max(of),
            Some(Looping::UsedUp { of }) => passes(of) >= max(of),
            Some(Looping::BackOnceUsedUp { of, once }) => passes(of) < max(of) && passes(once) >= max(once),
        }
    }
}
