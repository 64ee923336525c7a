//! Work that is due, fair between workspaces: they are served in turn, and neither the queue nor the places to run can be
//! taken up by one of them alone. A hundred thousand steps of one workspace do not keep out the first of another.
//!
//! Both shares follow one rule: a workspace may have as much as there is left for others (a multiple of it for places to run).
//! Alone it gets most of it; each that comes makes all shares smaller, and something is always left for the next.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use stepwell_core::{ExecutionId, StepExecution, StepExecutionId, Timestamp, WorkspaceId};
use stepwell_store::backlog::Queued;

use crate::pace::{LEAST, Pace};

/// So much every workspace may have queued, whatever others have, unless the whole queue is shorter: its first work is never
/// refused.
const FLOOR: usize = 8;

/// How many places to run one workspace may take for each that is free.
const GREED: usize = 8;

/// A visit that is to run. What it is about is read when it runs: memory for many must not depend on what clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) workspace: WorkspaceId,
    pub(crate) execution: ExecutionId,
    pub(crate) visit: StepExecutionId,
    /// The next run of a visit is another one: a wait may end before the run that began it is forgotten here.
    run: u32,
}

impl Ticket {
    fn key(&self) -> (StepExecutionId, u32) {
        (self.visit, self.run)
    }
}

impl From<&StepExecution> for Ticket {
    fn from(visit: &StepExecution) -> Self {
        let (workspace, execution) = (visit.workspace_id, visit.execution_id);
        Self { workspace, execution, visit: visit.id, run: visit.run() }
    }
}

impl From<StepExecution> for Ticket {
    fn from(visit: StepExecution) -> Self {
        (&visit).into()
    }
}

impl From<&Queued> for Ticket {
    fn from(found: &Queued) -> Self {
        Self { workspace: found.workspace_id, execution: found.execution_id, visit: found.id, run: found.run }
    }
}

/// How far the database was searched for a workspace's work: behind this visit.
pub(crate) type Place = Option<(Timestamp, StepExecutionId)>;

/// Work of a workspace that only the database knows.
#[derive(Debug, Default)]
struct Behind {
    after: Place,
    /// More was refused since the search began, perhaps in front of where it is now.
    again: bool,
}

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Ticket>,
    running: usize,
}

/// A bounded queue that holds a run of a visit at most once.
#[derive(Debug)]
pub(crate) struct FairQueue {
    lanes: HashMap<WorkspaceId, Lane>,
    /// Workspaces that have work queued, in the order in which they are served.
    turns: VecDeque<WorkspaceId>,
    /// What is queued or under way.
    known: HashSet<(StepExecutionId, u32)>,
    behind: HashMap<WorkspaceId, Behind>,
    queued: usize,
    running: usize,
    limit: usize,
    places: usize,
    /// How many of the places are used by workspaces that have something running already.
    pace: Pace,
}

impl FairQueue {
    /// For `limit` visits that wait and `places` that run.
    pub(crate) fn new(limit: usize, places: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            known: HashSet::new(),
            behind: HashMap::new(),
            queued: 0,
            running: 0,
            limit,
            places,
            pace: Pace::new(places),
        }
    }

    /// Adds work. `false` if its workspace has no room for it: then it is only in the database. New work gets half of the room
    /// while older work waits there, so that it is not kept out for ever.
    pub(crate) fn push(&mut self, ticket: Ticket) -> bool {
        if self.known.contains(&ticket.key()) {
            return true;
        }
        let room = self.share() / if self.behind.contains_key(&ticket.workspace) { 2 } else { 1 };
        if self.waiting(ticket.workspace) >= room {
            return false;
        }
        self.push_anyway(ticket);
        true
    }

    /// Adds work for which there was room when it was asked for.
    pub(crate) fn push_anyway(&mut self, ticket: Ticket) {
        if self.known.insert(ticket.key()) {
            self.put(ticket);
        }
    }

    fn put(&mut self, ticket: Ticket) {
        let lane = self.lanes.entry(ticket.workspace).or_default();
        if lane.queue.is_empty() {
            self.turns.push_back(ticket.workspace);
        }
        lane.queue.push_back(ticket);
        self.queued += 1;
    }

    /// Takes the next piece of work of the workspace whose turn it is, of those that may run more. It stays known, and takes up
    /// a place, until [`done`](Self::done) or [`put_back`](Self::put_back).
    pub(crate) fn pop(&mut self) -> Option<Ticket> {
        let free = self.places.saturating_sub(self.running);
        for _ in 0..self.turns.len() {
            let workspace = self.turns.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&workspace) else { continue };
            let another = lane.running < free.saturating_mul(GREED) && self.running < self.pace.steps();
            let may_run = free > 0 && (lane.running == 0 || another);
            let taken = if may_run { lane.queue.pop_front() } else { None };
            if !lane.queue.is_empty() {
                self.turns.push_back(workspace);
            }
            if taken.is_some() {
                lane.running += 1;
                self.running += 1;
                self.queued -= 1;
                return taken;
            }
        }
        None
    }

    /// Forgets a run that was taken.
    pub(crate) fn done(&mut self, ticket: &Ticket) {
        self.known.remove(&ticket.key());
        self.leave(ticket.workspace);
    }

    /// Puts work back that was taken and could not be done yet.
    pub(crate) fn put_back(&mut self, ticket: Ticket) {
        self.put(ticket);
        self.leave(ticket.workspace);
    }

    fn leave(&mut self, workspace: WorkspaceId) {
        let Some(lane) = self.lanes.get_mut(&workspace) else { return };
        lane.running = lane.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        if lane.running == 0 && lane.queue.is_empty() {
            self.lanes.remove(&workspace);
        }
    }

    /// Whether so much runs that it matters how much.
    pub(crate) fn is_busy(&self) -> bool {
        self.running >= LEAST
    }

    /// Takes into account how late something that was ready had its turn. True if more may run than before.
    pub(crate) fn measured(&mut self, late_by: Duration) -> bool {
        let before = self.pace.steps();
        self.pace.measured(late_by, self.queued > 0 && self.running >= before);
        self.pace.steps() > before
    }

    /// How much is queued.
    pub(crate) fn len(&self) -> usize {
        self.queued
    }

    fn share(&self) -> usize {
        self.limit.saturating_sub(self.queued).max(FLOOR.min(self.limit).max(1))
    }

    fn waiting(&self, workspace: WorkspaceId) -> usize {
        self.lanes.get(&workspace).map_or(0, |lane| lane.queue.len())
    }

    fn room(&self, workspace: WorkspaceId) -> usize {
        self.share().saturating_sub(self.waiting(workspace))
    }

    /// For how much of a workspace's work that waits in the database for any node there is room: a little more than for new
    /// work, which would keep it out for ever. Only a little, since other nodes may be idle.
    pub(crate) fn reserve(&self, workspace: WorkspaceId) -> usize {
        let share = self.share();
        (share + share / 4).saturating_sub(self.waiting(workspace))
    }

    /// The same for work of everybody.
    pub(crate) fn spare(&self) -> usize {
        (self.limit + (self.limit / 4).max(1)).saturating_sub(self.queued)
    }

    /// Keeps in mind that the database has work for this node, of the workspace, that may not be here.
    pub(crate) fn is_behind(&mut self, workspace: WorkspaceId) {
        self.behind.entry(workspace).or_default().again = true;
    }

    /// Whether the database has more of a workspace of which not much is left here.
    pub(crate) fn runs_low(&self, workspace: WorkspaceId) -> bool {
        self.behind.contains_key(&workspace) && self.waiting(workspace) * 2 <= self.share()
    }

    /// Where to search the database for work that there is room for now, and for how much. Each answer is to be given back with
    /// [`found`](Self::found).
    pub(crate) fn behind(&mut self) -> Vec<(WorkspaceId, Place, usize)> {
        let low: Vec<_> = self.behind.keys().copied().filter(|workspace| self.runs_low(*workspace)).collect();
        let wanted = low.into_iter().map(|workspace| {
            let room = self.room(workspace);
            let after = self.behind.get_mut(&workspace).and_then(|behind| {
                // A search from the beginning finds whatever was refused before it.
                behind.again &= behind.after.is_some();
                behind.after
            });
            (workspace, after, room)
        });
        wanted.collect()
    }

    /// Takes what a search found; `all` if there is nothing behind it. Gives how much of it is new here.
    pub(crate) fn found(&mut self, workspace: WorkspaceId, found: &[Queued], all: bool) -> usize {
        let before = self.queued;
        let mut place = None;
        let mut took_all = true;
        for queued in found {
            let ticket = Ticket::from(queued);
            took_all = self.known.contains(&ticket.key()) || self.room(workspace) > 0;
            if !took_all {
                break;
            }
            self.push_anyway(ticket);
            place = Some((queued.run_at, queued.id));
        }
        if let Some(behind) = self.behind.get_mut(&workspace) {
            behind.after = if all && took_all { None } else { place.or(behind.after) };
            if all && took_all && !behind.again {
                self.behind.remove(&workspace);
            }
        }
        self.queued - before
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
