//! The end of a schedule: all that is due is done, and then everything happens that is waited for. No execution may be stuck.

use rand::RngExt;
use stepwell_core::{ExecutionStatus, StepStatus};

use crate::check::{self, told};
use crate::fault::Fault;
use crate::flows;
use crate::nodes::Luck;
use crate::ops::Op;
use crate::plan::{CONTACTS, Plan};
use crate::script::{HAPPENS, Mood};

/// How many rounds it may take to come to rest. More is an execution that never does.
const MOST_ROUNDS: usize = 20_000;

impl Plan {
    /// Does all that is due, and lets time pass, until nothing is left that time could bring.
    pub(crate) fn drain(&mut self) -> Result<(), String> {
        self.ops.push(Op::Drain);
        let forgetful = self.chance.random_bool(0.5);
        for node in &mut self.nodes {
            node.skew = 0;
            if forgetful {
                node.jobs.clear();
            }
        }
        for _ in 0..MOST_ROUNDS {
            if let Some((node, at)) = self.some_job() {
                self.work_on(node, at, Luck::Good);
            } else {
                self.look_on(0);
                if self.nodes[0].jobs.is_empty() {
                    match self.next_time() {
                        Some(at) => self.move_clock(at - self.clock),
                        None => return Ok(()),
                    }
                }
            }
            if let Some(why) = self.checked() {
                return Err(why);
            }
        }
        Err(format!("nothing comes to rest in {MOST_ROUNDS} rounds"))
    }

    /// When the next thing is due by time.
    pub(crate) fn next_time(&self) -> Option<i64> {
        let rules = self.world.rules;
        let times = self.world.records.values().flat_map(|record| {
            let waits = record.waits.iter().filter_map(|wait| wait.due_at).filter(|_| !rules.has(Fault::NoTimer));
            let tries = record.rows.iter().filter(|row| row.visit.status == StepStatus::Pending);
            let leases = record.rows.iter().filter_map(|row| row.lease).filter(|_| !rules.has(Fault::NoTakeOver));
            waits.chain(tries.filter_map(|row| row.visit.run_at)).chain(leases.map(|(_, until)| until))
        });
        times.map(|at| at.0).min().map(|at| at.max(self.clock))
    }

    /// Nothing is left that runs or waits for a time: each execution has ended or waits for an event or a person.
    pub(crate) fn at_rest(&self) -> Result<(), String> {
        for record in self.world.records.values() {
            flows::check::at_rest(record, |id| self.world.records.get(&id))?;
        }
        for record in self.world.records.values().filter(|record| !record.execution.status.is_terminal()) {
            let status = record.execution.status;
            if status != ExecutionStatus::Waiting || !record.waits.iter().all(check::comes) {
                return Err(format!("stuck: {status:?}, waits {:?}, {}", record.waits, told(&record.journal)));
            }
        }
        Ok(())
    }

    /// Lets everything happen that is waited for; each execution then ends.
    pub(crate) fn answer_all(&mut self) -> Result<(), String> {
        self.ops.push(Op::Answer);
        self.mood = Mood::Ending;
        for workflow in &mut self.world.workflows {
            workflow.definition.enabled = false;
        }
        for (who, name) in (0..CONTACTS).flat_map(|who| HAPPENS.map(|name| (who, name))) {
            self.track_on(0, who, name, Luck::Good);
        }
        self.finish_flows()?;
        while self.world.tasks().next().is_some() {
            self.task();
            self.drain()?;
        }
        self.drain()?;
        match self.some_execution(|status| !status.is_terminal()) {
            Some(id) => Err(format!("stuck: {id} waits for what did not come: {:?}", self.world.records.get(&id))),
            None => Ok(()),
        }
    }
}
