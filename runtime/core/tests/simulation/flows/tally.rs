//! Whether a flow's visits, its journal and its effects say the same.

use std::collections::BTreeSet;

use serde_json::Value;
use stepwell_core::flow::CHILD_ENDED;
use stepwell_core::{JournalEntry, JournalKind as Kind, StepStatus};

use crate::check::{Checked, ensure};
use crate::world::{Record, Row};

/// Every visit ended at most once and waits as often as it says, and the effects of each run that was no failure are there once.
pub(super) fn visits(record: &Record) -> Checked {
    let effects: BTreeSet<_> = record.effects.iter().collect();
    ensure!(effects.len() == record.effects.len(), "effects of one run were written twice: {:?}", record.effects);
    for (row, entries) in record.rows.iter().zip(by_visit(record)?) {
        // The visit to the trigger has none.
        if !entries.is_empty() {
            visit(row, &entries)?;
        }
        let (due, written) =
            (answers(row, &entries), effects.iter().filter(|(visit, _)| *visit == row.visit.id).count());
        ensure!(due == written, "effects of {due} runs of a visit are due, written: {written}: {:?}", row.visit);
    }
    Ok(())
}

/// The entries of each visit.
fn by_visit(record: &Record) -> Result<Vec<Vec<&JournalEntry>>, String> {
    let mut found = vec![vec![]; record.rows.len()];
    let mut last = 0;
    for entry in &record.journal {
        let Some(id) = entry.step_execution_id else { continue };
        // Entries of one visit follow each other: mostly it is the one of the last entry.
        if record.rows[last].visit.id != id {
            let at = record.rows.iter().rposition(|row| row.visit.id == id);
            last = at.ok_or_else(|| format!("an entry of no visit: {entry:?}"))?;
        }
        found[last].push(entry);
    }
    Ok(found)
}

fn visit(row: &Row, entries: &[&JournalEntry]) -> Checked {
    let visit = &row.visit;
    let times = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
    let ends = [(Kind::StepCompleted, StepStatus::Completed), (Kind::StepSkipped, StepStatus::Skipped)];
    let ended = ends.iter().all(|(kind, status)| times(*kind) == usize::from(visit.status == *status));
    ensure!(ended && visit.status != StepStatus::Failed, "a visit and its journal differ: {visit:?}");
    let (waiting, waits) = (times(Kind::StepWaiting), times(Kind::StepWoken));
    let stands = usize::from(visit.status == StepStatus::Waiting);
    // What is done or given up does not note that its wait is over.
    let over = visit.status.is_done() && waiting == waits + 1;
    ensure!(waiting == waits + stands || over, "{waiting} waits began, {waits} ended: {visit:?}");
    ensure!(times(Kind::StepHeld) <= 1, "a path was held twice: {visit:?}");
    let is_due = matches!(visit.status, StepStatus::Pending | StepStatus::Running);
    ensure!((visit.run_at.is_some() || visit.is_held()) == is_due, "is due or is not: {visit:?}");
    ensure!(visit.wake.is_none() || visit.run_at.is_some(), "was woken and does not run: {visit:?}");
    ensure!(visit.state.is_none() || !visit.status.is_done(), "is done and has a state: {visit:?}");
    ensure!(row.lease.is_some() == (visit.status == StepStatus::Running), "is leased or is not: {row:?}");
    Ok(())
}

/// How many runs of a component answered, as what they left says.
fn answers(row: &Row, entries: &[&JournalEntry]) -> usize {
    let by_component = |entry: &&&JournalEntry| match entry.kind {
        Kind::StepCheckpointed => true,
        Kind::StepWaiting => entry.data["eventName"] == CHILD_ENDED,
        _ => false,
    };
    let output = row.visit.output.as_ref().unwrap_or(&Value::Null);
    let completed = row.visit.status == StepStatus::Completed;
    let last = completed && (output["answered"] == true || output["exited"] == true);
    entries.iter().filter(by_component).count() + usize::from(last)
}
