//! The invariants: of a change as it is written, and of an execution as it is stored.

use stepwell_core::{
    Changes, ERROR_BRANCH, Execution, ExecutionStatus, Graph, Guard, JournalEntry, JournalKind, Reentry, StepExecution,
    StepId, StepStatus, Transition, Wait, kept_bytes,
};

use crate::flows;
use crate::map::Map;
use crate::tally;
use crate::world::Record;

/// What does not hold, in words.
pub(crate) type Checked = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => { if !$holds { return Err(format!($($text)+)); } };
}
pub(crate) use ensure;

/// What must be true of a change of a stored execution.
pub(crate) fn transition(before: &Record, changes: &Changes, graph: &Map) -> Checked {
    let (old, new) = (&before.execution, &changes.execution);
    ensure!(new.row_version > old.row_version, "the row version went from {} to {}", old.row_version, new.row_version);
    ensure!(pinned(old) == pinned(new), "what is fixed at the start changed: {:?} to {:?}", pinned(old), pinned(new));
    let retried = changes.journal.iter().any(|entry| entry.kind == JournalKind::ExecutionRetried);
    let reopened = old.status == ExecutionStatus::Failed && retried;
    if before.is_flow() {
        flows::check::transition(before, changes, graph)?;
    }
    ensure!(
        before.is_flow() || !old.status.is_terminal() || reopened,
        "an execution that was {:?} changed to {:?}",
        old.status,
        new.status
    );
    let new = changes.visits.iter().filter(|visit| before.row(visit.id).is_none());
    for visit in &changes.visits {
        if let Some(row) = before.row(visit.id) {
            stays_done(&row.visit, visit)?;
        }
    }
    // Where there are several paths, `way` judges all of them once the execution has ended.
    match (retried, graph.is_single_path()) {
        (true, _) => taken_up(before, new.map(|visit| visit.step_id).collect())?,
        _ if before.is_flow() => {}
        (false, true) => {
            new.into_iter().try_for_each(|visit| follows_an_edge(visit, changes, graph))?;
            leads_nowhere(changes, graph)?;
        }
        (false, false) => {}
    }
    changes.journal.iter().try_for_each(|entry| in_time(before, entry, changes))
}

/// A journal, for the reader of a failure.
pub(crate) fn told(journal: &[JournalEntry]) -> String {
    let entry = |entry: &JournalEntry| {
        let data = if entry.data.is_null() { String::new() } else { format!(" {}", entry.data) };
        format!("\n    {:?} {}{data}", entry.kind, entry.step_id.map(name).unwrap_or_default())
    };
    journal.iter().map(entry).collect()
}

/// The edges of a graph, for the same reader.
pub(crate) fn drawn(graph: &Graph) -> String {
    let edge = |edge: &Transition| {
        let (from, to) = (graph.step(edge.from), graph.step(edge.to));
        let (follow, join) = (from.map(|step| step.follow), to.map(|step| step.join));
        let ends = format!("{} {follow:?} > {} {join:?}", name(edge.from), name(edge.to));
        format!("\n    {ends} {:?} {} {:?} {}", edge.guard, edge.priority, edge.looping, edge.id)
    };
    graph.transitions.iter().map(edge).collect()
}

/// The name that a step's id was made from.
fn name(id: StepId) -> String {
    String::from_utf8_lossy(&id.0.as_bytes()[..3]).replace('\0', "")
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

/// A retry goes on at the step that failed last, and at those that the failure cut off.
fn taken_up(before: &Record, mut steps: Vec<StepId>) -> Checked {
    let at = before.journal.iter().rposition(|entry| entry.kind == JournalKind::StepFailed);
    let ended = at.map_or(&[][..], |at| &before.journal[at..]);
    let mut stood: Vec<_> = ended.iter().filter_map(|entry| entry.step_id).collect();
    stood.sort_unstable();
    steps.sort_unstable();
    ensure!(steps == stood, "a retry went on at {steps:?}, but the failure ended {stood:?}");
    Ok(())
}

/// A new visit is one that an edge of the pinned graph leads to, from a step that ended in the same change.
fn follows_an_edge(visit: &StepExecution, changes: &Changes, graph: &Graph) -> Checked {
    let led = changes.journal.iter().any(|entry| targets(entry, graph).any(|to| to == visit.step_id));
    ensure!(led, "no edge of its version leads to {:?}: {}", visit.step_id, told(&changes.journal));
    Ok(())
}

/// An execution completes or fails only where no edge leads on.
fn leads_nowhere(changes: &Changes, graph: &Graph) -> Checked {
    let kind = match changes.execution.status {
        ExecutionStatus::Completed => JournalKind::StepCompleted,
        ExecutionStatus::Failed => JournalKind::StepFailed,
        _ => return Ok(()),
    };
    let last = changes.journal.iter().rev().find(|entry| entry.kind == kind);
    let ends = last.is_some_and(|entry| targets(entry, graph).next().is_none());
    ensure!(ends, "{:?} where an edge leads on: {}", changes.execution.status, told(&changes.journal));
    Ok(())
}

/// Where an execution may go on after what an entry says: along the edges that come first of those that may be followed.
fn targets(entry: &JournalEntry, graph: &Graph) -> impl Iterator<Item = StepId> {
    let may = |edge: &Transition| match (entry.kind, &edge.guard) {
        _ if Some(edge.from) != entry.step_id => false,
        (JournalKind::StepCompleted, Guard::Branch(name)) => entry.data["branch"] == name.as_str(),
        (JournalKind::StepCompleted, guard) => *guard != Guard::Never,
        (JournalKind::StepFailed, guard) => *guard == Guard::Branch(ERROR_BRANCH.into()),
        _ => false,
    };
    let rank = |edge: &Transition| (edge.guard == Guard::Otherwise, edge.priority);
    let edges: Vec<_> = graph.transitions.iter().filter(|edge| may(edge)).collect();
    let first = edges.iter().map(|edge| rank(edge)).min();
    edges.into_iter().filter(move |edge| Some(rank(edge)) == first).map(|edge| edge.to)
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
    numbered(record)?;
    weighed(record)?;
    begun_and_ended(record)?;
    alive(record)?;
    apart(record, graph)?;
    for wait in &record.waits {
        can_end(wait, record)?;
    }
    for row in &record.rows {
        ensure!(graph.step(row.visit.step_id).is_some(), "{:?} is no step of its version", row.visit.step_id);
    }
    if record.is_flow() { Ok(()) } else { tally::visits(record, graph) }
}

fn numbered(record: &Record) -> Checked {
    let numbers = record.journal.iter().map(|entry| entry.number);
    let length = record.execution.journal_length;
    ensure!(numbers.eq(1..=length), "the journal is not numbered from 1 to {length}: {}", told(&record.journal));
    Ok(())
}

/// The execution says how much its step executions keep.
fn weighed(record: &Record) -> Checked {
    let kept: usize = record.rows.iter().map(|row| kept_bytes(&row.visit)).sum();
    let says = record.execution.output_bytes;
    ensure!(says == i64::try_from(kept).unwrap_or(i64::MAX), "{kept} bytes are kept, and the execution says {says}");
    Ok(())
}

/// The journal begins with the start, and ends with the end of an execution that has ended.
fn begun_and_ended(record: &Record) -> Checked {
    let kind = |entry: Option<&JournalEntry>| entry.map(|entry| entry.kind);
    ensure!(kind(record.journal.first()) == Some(JournalKind::ExecutionStarted), "a journal without a start");
    let end = match record.execution.status {
        ExecutionStatus::Completed => Some(JournalKind::ExecutionCompleted),
        ExecutionStatus::Exited => Some(JournalKind::ExecutionExited),
        ExecutionStatus::Failed => Some(JournalKind::ExecutionFailed),
        ExecutionStatus::Cancelled => Some(JournalKind::ExecutionCancelled),
        _ => return Ok(()),
    };
    if record.is_flow() {
        // People may go on noting things in a flow that has ended.
        let of_flow = [JournalKind::ExecutionCompleted, JournalKind::ExecutionCancelled, JournalKind::FlowReopened];
        let last = record.journal.iter().rev().find(|entry| of_flow.contains(&entry.kind));
        ensure!(kind(last) == end, "a journal without {end:?}: {}", told(&record.journal));
        return Ok(());
    }
    ensure!(kind(record.journal.last()) == end, "a journal without {end:?}: {}", told(&record.journal));
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
            ensure!(active().count() > 0 || stands_still(record), "{:?}, and no visit goes on", execution.status);
            let held = record.rows.iter().filter(|row| row.visit.is_held()).count();
            let says = execution.status == ExecutionStatus::Waiting;
            ensure!(says == (waiting + held == active().count()), "{:?}, and {waiting} visits wait", execution.status);
            ensure!(held < active().count() || active().count() == 0, "all paths are held: {}", told(&record.journal));
        }
    }
    Ok(())
}

/// Whether a flow was opened again where nothing of it was current.
fn stands_still(record: &Record) -> bool {
    record.is_flow() && serde_json::to_value(&record.execution.marking).is_ok_and(|it| it["open_by_hand"] == true)
}

/// Nobody is at one step twice at a time, and on a single path nobody is at two.
fn apart(record: &Record, graph: &Graph) -> Checked {
    let active = || record.rows.iter().map(|row| &row.visit).filter(|visit| !visit.status.is_done());
    let most = if graph.is_single_path() { 1 } else { record.rows.len() };
    ensure!(active().count() <= most, "two visits at a time on a single path: {}", told(&record.journal));
    for (at, visit) in active().enumerate() {
        let twin = active().take(at).any(|other| other.step_id == visit.step_id);
        ensure!(!twin, "two visits at a time to {:?}: {}", visit.step_id, told(&record.journal));
    }
    Ok(())
}

/// A wait is that of a visit that waits, and something can end it.
fn can_end(wait: &Wait, record: &Record) -> Checked {
    let row = record.row(wait.step_execution_id);
    ensure!(row.is_some_and(|row| row.visit.status == StepStatus::Waiting), "a wait of a visit that does not wait");
    let nudged = wait.ended_by.is_some();
    ensure!(
        nudged || row.is_some_and(|row| row.visit.due_at == wait.due_at),
        "a wait and its visit end at different times"
    );
    ensure!(comes(wait) || wait.due_at.is_some(), "nothing can end a wait: {wait:?}");
    Ok(())
}

/// Whether an event or a person can end the wait.
pub(crate) fn comes(wait: &Wait) -> bool {
    (wait.event.is_some() && wait.contact_id.is_some()) || wait.task.is_some()
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
    let key = one.reentry_key.is_some();
    ensure!(key == counts(one), "{:?} under the rule {:?}, keeps others out: {key}", one.status, one.reentry);
    let same = |other: &&Execution| {
        other.definition_id == one.definition_id && other.contact_id == Some(contact) && other.reentry == one.reentry
    };
    let inside = all.filter(same).filter(|other| counts(other)).count();
    ensure!(inside <= 1, "{inside} executions of one contact under the rule {:?}", one.reentry);
    Ok(())
}
