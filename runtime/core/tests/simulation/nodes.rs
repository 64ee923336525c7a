//! Nodes: what the shell does, one store operation at a time. Whatever a node knows is in its jobs, so a crash is their loss.
//!
//! Reading, deciding and writing are operations of their own, though the server does them in one commit on SQLite: anything
//! may come between.

use rand::rngs::Xoshiro256PlusPlus as Chance;
use stepwell_core::{
    Changes, ExecutionId, Graph, Input, Outcome, StepExecution, StepStatus, Timestamp, Wait, Wake, advance,
};

use crate::count::Count;
use crate::fault::Fault;
use crate::flows::Acting;
use crate::script::{Mood, Report};
use crate::world::{NodeId, Refusal, World};

/// A server process.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    /// How far its clock is off.
    pub(crate) skew: i64,
    pub(crate) jobs: Vec<Job>,
}

/// Something a node is about to do: its next store operation.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    /// Take a visit that is due for another try.
    Claim(StepExecution),
    /// Take over a visit whose lease has run out.
    TakeOver(StepExecution),
    /// Look whether a due visit still should run, and run it.
    Run(StepExecution),
    /// Read an execution and decide.
    Decide(Ask),
    /// Write what was decided.
    Apply(Ask, Box<Changes>),
}

/// What is to be decided.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Visits ran, the first as it was read then, each other as the one before left it. There is one at least.
    Settle(Vec<Ran>),
    Wake(Box<Wait>, Wake),
    Cancel(ExecutionId),
    Retry(ExecutionId),
    /// A person does something to a flow.
    Act(Box<Acting>),
}

/// A run of a visit and what it brought.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) visit: StepExecution,
    pub(crate) report: Report,
}

impl Ran {
    pub(crate) fn failed(&self) -> bool {
        matches!(self.report.outcome, Outcome::Failed(_))
    }
}

/// What becomes of a store operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Luck {
    Good,
    /// It fails and leaves nothing.
    Fails,
    /// It is done, but the node hears of a failure.
    AnswerLost,
    /// It is done, but what became due is not passed on.
    NotPassedOn,
}

/// The surroundings of one operation.
pub(crate) struct Moment<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) chance: &'a mut Chance,
    pub(crate) node: NodeId,
    /// The time on the node's clock.
    pub(crate) now: Timestamp,
    pub(crate) luck: Luck,
    pub(crate) mood: Mood,
}

impl Moment<'_> {
    /// Does a job, and answers with those that follow from it.
    pub(crate) fn step(&mut self, job: Job) -> Vec<Job> {
        match job {
            Job::Claim(visit) => self.take(visit, World::claim, Job::Claim),
            Job::TakeOver(visit) => self.take(visit, World::take_over, Job::TakeOver),
            Job::Run(visit) => self.run(visit),
            Job::Decide(ask) => self.decide(ask),
            Job::Apply(ask, changes) => self.apply(ask, changes),
        }
    }

    fn take(
        &mut self,
        visit: StepExecution,
        take: fn(&mut World, &StepExecution, NodeId, Timestamp) -> Option<StepExecution>,
        again: fn(StepExecution) -> Job,
    ) -> Vec<Job> {
        if self.luck == Luck::Fails {
            return vec![again(visit)];
        }
        let taken = take(self.world, &visit, self.node, self.now);
        match self.luck {
            Luck::AnswerLost => vec![again(visit)],
            Luck::NotPassedOn => vec![],
            Luck::Good | Luck::Fails => taken.into_iter().map(Job::Run).collect(),
        }
    }

    fn decide(&mut self, ask: Ask) -> Vec<Job> {
        if self.luck == Luck::Fails {
            return vec![Job::Decide(ask)];
        }
        let ask = match ask {
            Ask::Act(acting) => return self.act(*acting),
            other => other,
        };
        let Some((id, input)) = self.question(&ask) else { return vec![] };
        let Some(mut loaded) = self.world.load(id) else { return vec![] };
        if let Input::Retried = input {
            loaded.visits = self.world.failed_visit(id).into_iter().collect();
        }
        match advance(loaded.state(), input, &self.world.given(self.now)) {
            Ok(changes) => vec![Job::Apply(ask, Box::new(changes))],
            Err(_) => {
                self.world.seen.add(Count::Refused);
                vec![]
            }
        }
    }

    fn question(&mut self, ask: &Ask) -> Option<(ExecutionId, Input)> {
        Some(match ask {
            Ask::Settle(ran) => {
                let (execution, visit) = (ran[0].visit.execution_id, ran[0].visit.id);
                let stored = self.world.records.get(&execution);
                let row = stored.and_then(|record| record.row(visit)).filter(|_| self.world.rules.has(Fault::AnyRun));
                let run = row.map_or(ran[0].visit.run(), |row| row.visit.run());
                let map = self.world.load(execution).map(|loaded| loaded.map);
                let graph = map.as_deref().map(|map| &**map);
                (execution, self.settled(graph.unwrap_or(&Graph::default()), &ran[0], run))
            }
            // Nudges are for the very wait that was read.
            Ask::Wake(wait, _) if self.world.is_other_wait(wait) => return None,
            Ask::Wake(wait, wake) => {
                (wait.execution_id, Input::Woken { visit: wait.step_execution_id, wake: wake.clone() })
            }
            Ask::Cancel(id) => (*id, Input::Cancelled { reason: "Cancelled by user".into() }),
            Ask::Retry(id) => (*id, Input::Retried),
            Ask::Act(_) => return None,
        })
    }

    fn apply(&mut self, ask: Ask, changes: Box<Changes>) -> Vec<Job> {
        let ended = changes.execution.status.is_terminal();
        match self.write(&ask, &changes) {
            Ok(due) => {
                self.count(&ask, ended);
                let orphans = orphans(&ask);
                match self.luck {
                    Luck::AnswerLost => {
                        self.world.seen.add(Count::AnswersLost);
                        vec![again(ask)]
                    }
                    Luck::NotPassedOn => vec![],
                    Luck::Good | Luck::Fails => due.into_iter().map(Job::Run).chain(orphans).collect(),
                }
            }
            Err(Refusal::Fenced) => {
                self.count_anew(&ask);
                vec![Job::Decide(alone(ask))]
            }
            Err(Refusal::LeaseLost | Refusal::ReentryRefused) => vec![],
            Err(Refusal::Unavailable) => vec![again(ask)],
        }
    }

    fn count(&mut self, ask: &Ask, ended: bool) {
        let seen = &mut self.world.seen;
        match ask {
            Ask::Settle(..) if ended => seen.add(Count::Ended),
            Ask::Settle(..) | Ask::Wake(..) => {}
            Ask::Act(_) => seen.of_act(ended),
            Ask::Cancel(_) => seen.add(Count::Cancelled),
            Ask::Retry(_) => seen.add(Count::Retried),
        }
    }

    /// Somebody else changed the execution, but the visit still stands where it ran: its outcome counts.
    fn count_anew(&mut self, ask: &Ask) {
        let Ask::Settle(ran) = ask else { return };
        let ran = &ran[0].visit;
        let row = self.world.records.get(&ran.execution_id).and_then(|record| record.row(ran.id));
        if row.is_some_and(|row| row.visit.status == StepStatus::Running && row.visit.run() == ran.run()) {
            self.world.seen.add(Count::DecidedAnew);
        }
    }

    fn write(&mut self, ask: &Ask, changes: &Changes) -> Result<Vec<StepExecution>, Refusal> {
        let (node, now, fails) = (self.node, self.now, self.luck == Luck::Fails);
        let ran = match ask {
            Ask::Settle(ran) => ran,
            Ask::Act(acting) => {
                return self.world.transaction(fails, |world| settle(world, &acting.ran, changes, (node, now)));
            }
            _ => return self.world.transaction(fails, |world| world.apply(changes, node)),
        };
        if self.world.rules.leases_fence && !self.world.is_leased(&ran[0].visit, node) {
            self.world.seen.add(Count::LeasesLost);
            return Err(Refusal::LeaseLost);
        }
        if fails && self.world.rules.has(Fault::TornCommit) {
            let _ = self.world.apply(changes, node);
            return Err(Refusal::Unavailable);
        }
        self.world.transaction(fails, |world| settle(world, ran, changes, (node, now)))
    }
}

/// Writes outcomes and their effects.
fn settle(
    world: &mut World,
    ran: &[Ran],
    changes: &Changes,
    (node, now): (NodeId, Timestamp),
) -> Result<Vec<StepExecution>, Refusal> {
    let mut due = world.apply(changes, node)?;
    for ran in ran.iter().filter(|ran| !ran.failed() && changes.keeps_effects(ran.visit.id)) {
        if !world.rules.has(Fault::EffectsBeforeCommit) {
            world.write_effects(&ran.visit);
        }
        if let Some(child) = ran.report.child {
            due.extend(world.begin_child(&ran.visit, child, node, now));
        }
        if let Some(contact) = changes.execution.contact_id {
            for event in &ran.report.events {
                due.extend(world.track(contact, event, node, now));
            }
        }
    }
    Ok(due)
}

/// What is decided anew when the execution has changed meanwhile: of several runs the first, for the others follow from a
/// state that is gone.
fn alone(ask: Ask) -> Ask {
    match ask {
        Ask::Settle(ran) => Ask::Settle(ran.into_iter().take(1).collect()),
        Ask::Act(acting) => Ask::Act(Box::new(acting.anew())),
        other => other,
    }
}

/// What nobody waits for any more since somebody did something.
fn orphans(ask: &Ask) -> Vec<Job> {
    let Ask::Act(acting) = ask else { return vec![] };
    acting.orphans.iter().map(|child| Job::Decide(Ask::Cancel(*child))).collect()
}

/// What a node does after the store has failed: a step is run again, whatever else is decided again.
fn again(ask: Ask) -> Job {
    match ask {
        Ask::Settle(ran) => Job::Run(ran[0].visit.clone()),
        other => Job::Decide(alone(other)),
    }
}
