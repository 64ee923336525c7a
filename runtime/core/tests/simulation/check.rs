//! The invariants: of a change as it is written, and of an execution as it is stored.

use stepwell_core::{
    Changes, ERROR_BRANCH, Execution, ExecutionStatus, Graph, Guard, JournalEntry, JournalKind, Reentry, RetryPolicy,
    StepExecution, StepId, StepStatus, Transition, Wait,
};

use crate::world::{Record, Row};

type Checked = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => { if !$holds { return Err(format!($($text)+)); } };
}

/// What must be true of a change of a stored execution.
pub(crate) fn transition(before: &Record, changes: &Changes, graph: &Graph) -> Checked {
    let (old, new) = (&before.execution, &changes.execution);
    ensure!(new.row_version > old.row_version, "the row version went from {} to {}", old.row_version, new.row_version);
    ensure!(pinned(old) == pinned(new), "what is fixed at the start changed: {:?} to {:?}", pinned(old), pinned(new));
    let retried = changes.journal.iter().any(|entry| entry.kind == JournalKind::ExecutionRetried);
    let reopened = old.status == ExecutionStatus::Failed && retried;
    ensure!(
        !old.status.is_terminal() || reopened,
        "an execution that was {:?} changed to {:?}",
        old.status,
        new.status
    );
    for visit in &changes.visits {
        match before.row(visit.id) {
            Some(row) => stays_done(&row.visit, visit)?,
            None if retried => taken_up(before, visit)?,
            None => follows_an_edge(visit, changes, graph)?,
        }
    }
    changes.journal.iter().try_for_each(|entry| in_time(before, entry, changes))
}

fn pinned(execution: &Execution) -> impl PartialEq + std::fmt::Debug {
    (
        execution.definition_id,
        execution.definition_version,
        execution.contact_id,
        execution.started_at,
        execution.reentry,
    )
}

fn stays_done(old: &StepExecution, new: &StepExecution) -> Checked {
    ensure!(!old.status.is_done() || old == new, "a visit that was {:?} changed to {:?}", old.status, new.status);
    Ok(())
}

/// A retry goes on at the step that failed last.
fn taken_up(before: &Record, visit: &StepExecution) -> Checked {
    let failed = before.journal.iter().rev().find(|entry| entry.kind == JournalKind::StepFailed);
    let step = failed.and_then(|entry| entry.step_id);
    ensure!(step == Some(visit.step_id), "a retry went on at {:?}, but {step:?} had failed last", visit.step_id);
    Ok(())
}

/// A new visit is one that an edge of the pinned graph leads to, from a step that ended in the same change.
fn follows_an_edge(visit: &StepExecution, changes: &Changes, graph: &Graph) -> Checked {
    let led = changes.journal.iter().any(|entry| match (entry.kind, entry.step_id) {
        (JournalKind::StepCompleted, Some(from)) => {
            let branch = entry.data.get("branch").and_then(|branch| branch.as_str());
            leads(graph, from, visit.step_id, |guard| admits(guard, branch) || *guard == Guard::Otherwise)
        }
        (JournalKind::StepFailed, Some(from)) => {
            leads(graph, from, visit.step_id, |guard| *guard == Guard::Branch(ERROR_BRANCH.into()))
        }
        _ => false,
    });
    ensure!(led, "no edge of its version leads to {:?}: {:?}", visit.step_id, changes.journal);
    Ok(())
}

fn admits(guard: &Guard, branch: Option<&str>) -> bool {
    match guard {
        Guard::Always => true,
        Guard::Branch(name) => branch == Some(name),
        Guard::Otherwise | Guard::Never => false,
    }
}

/// Whether an edge that may be followed leads there, and none that may be followed comes before it.
fn leads(graph: &Graph, from: StepId, to: StepId, may: impl Fn(&Guard) -> bool) -> bool {
    let edges = || graph.transitions.iter().filter(|edge| edge.from == from && may(&edge.guard));
    let rank = |edge: &Transition| (edge.guard == Guard::Otherwise, edge.priority);
    let first = edges().map(rank).min();
    edges().any(|edge| edge.to == to && Some(rank(edge)) == first)
}

/// A timer ends no wait before its time.
fn in_time(before: &Record, entry: &JournalEntry, changes: &Changes) -> Checked {
    let by_timer = entry.kind == JournalKind::StepWoken && entry.data["by"] == "timer";
    let row = entry.step_execution_id.and_then(|id| before.row(id));
    if let (true, Some(row)) = (by_timer, row) {
        let (due, now) = (row.visit.due_at, changes.execution.updated_at);
        ensure!(due.is_some_and(|due| due <= now), "a timer ended at {now} a wait until {due:?}");
    }
    Ok(())
}

/// What must be true of a stored execution, whenever one looks.
pub(crate) fn state(record: &Record, graph: &Graph) -> Checked {
    let execution = &record.execution;
    numbered(record)?;
    alive(record)?;
    for wait in &record.waits {
        can_end(wait, record)?;
    }
    let mut known = 0;
    for row in &record.rows {
        ensure!(graph.step(row.visit.step_id).is_some(), "{:?} is no step of its version", row.visit.step_id);
        known += visit(row, record, graph)?;
    }
    let entries = record.journal.iter().filter(|entry| entry.step_execution_id.is_some()).count();
    let retried = record.journal.iter().filter(|entry| entry.kind == JournalKind::ExecutionRetried);
    let retried = retried.filter(|entry| entry.step_execution_id.is_some()).count();
    ensure!(known + retried == entries, "{entries} entries of steps, {known} of the visits of {}", execution.id);
    Ok(())
}

fn numbered(record: &Record) -> Checked {
    let numbers = record.journal.iter().map(|entry| entry.number);
    let length = record.execution.journal_length;
    ensure!(numbers.eq(1..=length), "the journal is not numbered from 1 to {length}: {:?}", record.journal);
    Ok(())
}

/// An execution that has not ended has something that moves it, one that has ended has nothing left.
fn alive(record: &Record) -> Checked {
    let (execution, waits) = (&record.execution, record.waits.len());
    let active = || record.rows.iter().map(|row| row.visit.status).filter(|status| !status.is_done());
    let waiting = active().filter(|status| *status == StepStatus::Waiting).count();
    ensure!(waits == waiting, "{waits} waits of {waiting} visits that wait");
    ensure!(
        execution.completed_at.is_some() == execution.status.is_terminal(),
        "{:?}, ended at {:?}",
        execution.status,
        execution.completed_at
    );
    match execution.status.is_terminal() {
        true => ensure!(active().count() == 0, "{:?}, and a visit goes on", execution.status),
        false => {
            ensure!(active().count() > 0, "{:?}, and no visit goes on", execution.status);
            let says = execution.status == ExecutionStatus::Waiting;
            ensure!(says == (waiting == active().count()), "{:?}, and {waiting} visits wait", execution.status);
        }
    }
    Ok(())
}

/// A wait is that of a visit that waits, and something can end it.
fn can_end(wait: &Wait, record: &Record) -> Checked {
    let row = record.row(wait.step_execution_id);
    ensure!(row.is_some_and(|row| row.visit.status == StepStatus::Waiting), "a wait of a visit that does not wait");
    ensure!(row.is_some_and(|row| row.visit.due_at == wait.due_at), "a wait and its visit end at different times");
    ensure!(comes(wait) || wait.due_at.is_some(), "nothing can end a wait: {wait:?}");
    Ok(())
}

/// Whether an event or a person can end the wait.
pub(crate) fn comes(wait: &Wait) -> bool {
    (wait.event.is_some() && wait.contact_id.is_some()) || wait.task.is_some()
}

/// A visit and what the journal says of it; how many entries that were.
fn visit(row: &Row, record: &Record, graph: &Graph) -> Result<usize, String> {
    use JournalKind as Kind;
    let visit = &row.visit;
    let mut counts = [0_usize; 16];
    let entries = record.journal.iter().filter(|entry| entry.step_execution_id == Some(visit.id));
    for entry in entries.filter(|entry| entry.kind != Kind::ExecutionRetried) {
        counts[entry.kind as usize] += 1;
    }
    let of = |kind: Kind| counts[kind as usize];
    let ends = [
        (Kind::StepCompleted, StepStatus::Completed),
        (Kind::StepFailed, StepStatus::Failed),
        (Kind::StepSkipped, StepStatus::Skipped),
    ];
    let all: usize = counts.iter().sum();
    if graph.trigger().is_some_and(|trigger| trigger.id == visit.step_id) {
        ensure!(all == 0 && visit.status == StepStatus::Completed, "the visit to the trigger is not just done");
        return Ok(0);
    }
    let holds = ends.iter().all(|(kind, status)| of(*kind) == usize::from(visit.status == *status));
    let waits = of(Kind::StepWaiting).wrapping_sub(of(Kind::StepWoken));
    let policy = graph.step(visit.step_id).and_then(|step| step.retry).unwrap_or(RetryPolicy::NONE);
    let fits = holds
        && of(Kind::StepScheduled) == 1
        && of(Kind::StepWoken) + of(Kind::StepCheckpointed) == visit.resumes as usize
        && of(Kind::StepRetrying) + 1 == visit.attempt as usize
        && (waits == usize::from(visit.status == StepStatus::Waiting)
            || (visit.status == StepStatus::Skipped && waits == 1))
        && visit.attempt <= policy.max_attempts
        && visit.run_at.is_some() == matches!(visit.status, StepStatus::Pending | StepStatus::Running)
        && row.lease.is_some() == (visit.status == StepStatus::Running);
    ensure!(fits, "a visit and its journal differ: {visit:?}, {:?}", record.journal);
    effects(visit, record, of(Kind::StepCompleted) + of(Kind::StepWaiting) + of(Kind::StepCheckpointed))?;
    Ok(all)
}

/// The effects of each run that was not a failure are there once.
fn effects(visit: &StepExecution, record: &Record, settled: usize) -> Checked {
    let written = || record.effects.iter().filter(|(id, _)| *id == visit.id).map(|(_, run)| *run);
    ensure!(written().count() == settled, "{settled} runs were settled with effects, {:?} written", record.effects);
    let mut runs: Vec<_> = written().collect();
    runs.sort_unstable();
    runs.dedup();
    ensure!(runs.len() == settled, "effects of one run were written twice: {:?}", record.effects);
    Ok(())
}

/// No contact is in a definition more often than the rules allow.
pub(crate) fn entry<'e>(one: &Execution, all: impl Iterator<Item = &'e Execution>) -> Checked {
    let Some(contact) = one.contact_id else { return Ok(()) };
    let counts = |execution: &Execution| match one.reentry {
        Reentry::Once => true,
        Reentry::OnceUnlessFailed => !matches!(execution.status, ExecutionStatus::Failed | ExecutionStatus::Cancelled),
        Reentry::OneActive => !execution.status.is_terminal(),
        Reentry::Always => false,
    };
    let same = |other: &&Execution| {
        other.definition_id == one.definition_id && other.contact_id == Some(contact) && other.reentry == one.reentry
    };
    let inside = all.filter(same).filter(|other| counts(other)).count();
    ensure!(inside <= 1, "{inside} executions of one contact under the rule {:?}", one.reentry);
    Ok(())
}
