//! Running steps: one, or several whose outcomes are stored in one commit (effect boundaries).

use rand::RngExt;
use stepwell_core::{Changes, Graph, Input, RetryPolicy, StepExecution, StepStatus, advance};

use crate::count::Count;
use crate::fault::Fault;
use crate::flows;
use crate::loaded::Loaded;
use crate::nodes::{Ask, Job, Moment, Ran};
use crate::script::{self, Mood};
use crate::world::Row;

/// How many visits an execution may have before its steps come to an end: loops would go on for ever.
const MOST_VISITS: usize = 40;
/// The same of a flow: people have its steps visited again and again.
const MOST_FLOW_VISITS: usize = 100;
/// How many executions a world may have before its steps emit no more events.
const MOST_EXECUTIONS: usize = 12;

impl Moment<'_> {
    /// Looks whether a due visit still should run, and runs it: as it is stored, or as it was when it became due. Then either
    /// the execution is read again to decide what follows, or that is decided on what was read before, and steps behind it
    /// may run as well.
    pub(crate) fn run(&mut self, due: StepExecution) -> Vec<Job> {
        let Some(loaded) = self.world.load(due.execution_id) else { return vec![] };
        let stored =
            loaded.visits.iter().find(|visit| visit.id == due.id && visit.status == StepStatus::Running).cloned();
        if stored.is_none() && !self.world.rules.has(Fault::NoLook) {
            return vec![];
        }
        let status = loaded.execution.status;
        if status.is_terminal() {
            self.world.broken.get_or_insert(format!("a step runs in an execution that is {status:?}"));
        }
        match stored {
            Some(stored) if self.chance.random_bool(0.5) => self.chain(loaded, stored),
            _ => {
                let ran = self.one(&loaded.map, &due);
                vec![Job::Decide(Ask::Settle(vec![ran]))]
            }
        }
    }

    fn chain(&mut self, mut loaded: Loaded, first: StepExecution) -> Vec<Job> {
        let (mut ran, mut changes, mut next) = (vec![], None::<Changes>, Some(first));
        while let Some(visit) = next.take() {
            let Some((one, more)) = self.answered(&loaded, &visit) else { return vec![] };
            let due = loaded.follow(&more).into_iter().next();
            let emits = !one.report.events.is_empty();
            ran.push(one);
            changes = Some(match changes.take() {
                Some(before) => before.then(more),
                None => more,
            });
            next = due.filter(|due| due.id != visit.id && !emits && self.chance.random_bool(0.5));
        }
        if ran.len() > 1 {
            self.world.seen.add(Count::Chains);
        }
        changes.map(|changes| Job::Apply(Ask::Settle(ran), Box::new(changes))).into_iter().collect()
    }

    /// Runs a visit that is due as things were read, and decides what follows from it.
    pub(crate) fn answered(&mut self, loaded: &Loaded, visit: &StepExecution) -> Option<(Ran, Changes)> {
        let one = self.one(&loaded.map, visit);
        let input = self.settled(&loaded.map, &one, visit.run());
        let Ok(more) = advance(loaded.state(), input, &self.world.given(self.now)) else {
            self.world.broken.get_or_insert("an answer was refused by the state it was given for".into());
            return None;
        };
        Some((one, more))
    }

    /// Runs a step once.
    fn one(&mut self, graph: &Graph, visit: &StepExecution) -> Ran {
        self.world.seen.add(Count::Runs);
        let record = self.world.records.get(&visit.execution_id);
        let visits = record.map_or(0, |record| record.rows.len());
        let elsewhere = |row: &Row| row.visit.id != visit.id && row.lease.is_some_and(|(node, _)| node != self.node);
        if record.is_some_and(|record| record.rows.iter().any(elsewhere)) {
            self.world.seen.add(Count::Beside);
        }
        let most = if graph.has_tasks() { MOST_FLOW_VISITS } else { MOST_VISITS };
        let mood = if visits < most { self.mood } else { Mood::Ending };
        let step = graph.step(visit.step_id).or(graph.trigger()).expect("a graph has a trigger");
        let mut report = match &step.task {
            Some(task) => flows::answer(task, visit, |id| self.world.has_ended(id), mood, self.chance),
            None => script::answer(step, visit, self.now, mood, self.chance),
        };
        if self.world.records.len() >= MOST_EXECUTIONS {
            report.bounded();
        }
        let ran = Ran { visit: visit.clone(), report };
        if self.world.rules.has(Fault::EffectsBeforeCommit) && !ran.failed() {
            self.world.write_effects(visit);
        }
        ran
    }

    /// What core is told of a run.
    pub(crate) fn settled(&mut self, graph: &Graph, ran: &Ran, run: u32) -> Input {
        let retry = graph.step(ran.visit.step_id).and_then(|step| step.retry).unwrap_or(RetryPolicy::NONE);
        let (visit, outcome) = (ran.visit.id, ran.report.outcome.clone());
        Input::Settled { visit, run, outcome, plugin: None, retry, spread: self.chance.random() }
    }
}
