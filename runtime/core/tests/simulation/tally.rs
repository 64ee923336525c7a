//! Whether an execution's visits, its journal and its effects say the same.

use stepwell_core::{Graph, JournalKind as Kind, RetryPolicy, StepExecutionId, StepStatus};

use crate::check::{Checked, ensure, told};
use crate::world::{Record, Row};

/// What the journal and the effects say of one visit.
#[derive(Clone, Copy, Default)]
struct Tally {
    entries: [usize; 16],
    effects: usize,
    /// Whether the effects of one run are there twice.
    doubled: bool,
    /// A bit for each run.
    runs: u64,
}

impl Tally {
    fn of(&self, kind: Kind) -> usize {
        self.entries[kind as usize]
    }
}

/// Every visit was scheduled once, ended at most once, and so on; the effects of each run that was no failure are there once.
pub(crate) fn visits(record: &Record, graph: &Graph) -> Checked {
    let trigger = graph.trigger().map(|trigger| trigger.id);
    for (row, tally) in record.rows.iter().zip(tallies(record)?) {
        if trigger == Some(row.visit.step_id) {
            let silent = tally.entries.iter().sum::<usize>() + tally.effects == 0;
            ensure!(silent && row.visit.status == StepStatus::Completed, "the visit to the trigger is not just done");
        } else {
            let policy = graph.step(row.visit.step_id).and_then(|step| step.retry).unwrap_or(RetryPolicy::NONE);
            ensure!(agree(row, &tally, policy), "a visit and its journal differ: {:?}, {}", row, told(&record.journal));
            let settled =
                tally.of(Kind::StepCompleted) + tally.of(Kind::StepWaiting) + tally.of(Kind::StepCheckpointed);
            ensure!(!tally.doubled, "effects of one run were written twice: {:?}", record.effects);
            ensure!(tally.effects == settled, "effects of {settled} runs are due, written: {:?}", record.effects);
        }
    }
    Ok(())
}

fn tallies(record: &Record) -> Result<Vec<Tally>, String> {
    let mut tallies = vec![Tally::default(); record.rows.len()];
    let mut last = 0;
    // Entries of one visit follow each other: mostly it is the one of the last entry.
    let mut find = |id: StepExecutionId| {
        if record.rows[last].visit.id != id {
            let found = record.rows.iter().rposition(|row| row.visit.id == id);
            last = found.ok_or_else(|| format!("an entry of no visit: {}", told(&record.journal)))?;
        }
        Ok::<_, String>(last)
    };
    for entry in record.journal.iter().filter(|entry| entry.kind != Kind::ExecutionRetried) {
        if let Some(id) = entry.step_execution_id {
            tallies[find(id)?].entries[entry.kind as usize] += 1;
        }
    }
    for (id, run) in &record.effects {
        let tally = &mut tallies[find(*id)?];
        let bit = 1 << run;
        tally.effects += 1;
        tally.doubled |= tally.runs & bit != 0;
        tally.runs |= bit;
    }
    Ok(tallies)
}

fn agree(row: &Row, tally: &Tally, policy: RetryPolicy) -> bool {
    let visit = &row.visit;
    let ends = [
        (Kind::StepCompleted, StepStatus::Completed),
        (Kind::StepFailed, StepStatus::Failed),
        (Kind::StepSkipped, StepStatus::Skipped),
    ];
    let waits = tally.of(Kind::StepWaiting).wrapping_sub(tally.of(Kind::StepWoken));
    let waiting = visit.status == StepStatus::Waiting;
    let (held, scheduled) = (tally.of(Kind::StepHeld), tally.of(Kind::StepScheduled));
    ends.iter().all(|(kind, status)| tally.of(*kind) == usize::from(visit.status == *status))
        && held <= 1
        && (scheduled == 1 || (scheduled + 1 == held && (visit.is_held() || visit.status == StepStatus::Skipped)))
        && !(scheduled == 1 && visit.is_held())
        && tally.of(Kind::StepWoken) + tally.of(Kind::StepCheckpointed) == visit.resumes as usize
        && tally.of(Kind::StepRetrying) + 1 == visit.attempt as usize
        && (waits == usize::from(waiting) || (visit.status == StepStatus::Skipped && waits == 1))
        && visit.attempt <= policy.max_attempts
        && (visit.run_at.is_some() || visit.is_held())
            == matches!(visit.status, StepStatus::Pending | StepStatus::Running)
        && (visit.wake.is_none() || visit.run_at.is_some())
        && (visit.state.is_none() || !visit.status.is_done())
        && row.lease.is_some() == (visit.status == StepStatus::Running)
}
