//! What follows from where the tasks stand: how phases stand, who can be worked on, what is due when, what begins by itself.
//!
//! Everything is computed anew from the statuses, so settling twice changes nothing.

use super::board::{Board, Preceding, Reach};
use super::due::{Due, DueRule, DueWhen};
use super::happening::HappeningKind;
use super::people::{Flow, PeopleChanges};
use super::phase::{self, Phase, PhaseStatus};
use super::requirement;
use super::run;
use super::spec::{TaskKind, TaskSpec};
use super::status::{FlowStatus, TaskStatus};
use super::task::Task;
use super::{enter, list};
use crate::decision::Decision;
use crate::execution::StepStatus;
use crate::id::{StepId, TaskId};
use crate::time::Timestamp;

/// Works out what follows from where the tasks stand, until nothing follows any more.
pub(crate) fn all(decision: &mut Decision<'_>) {
    if decision.flow().is_none() {
        return;
    }
    // What begins may be done at once, and so let others begin.
    for _ in 0..=decision.tasks().len() {
        stand(decision);
        list::keep(decision);
        computed(decision);
        if !begun(decision) {
            return;
        }
    }
}

/// Settles, and leaves out of the changes what is as it was.
pub(crate) fn finish(decision: &mut Decision<'_>) {
    all(decision);
    if decision.active().next().is_some() {
        decision.changes.execution.marking.open_by_hand = false;
    }
    let before = decision.people;
    let Some(mut changes) = decision.changes.people.take() else { return };
    changes.tasks.retain(|task| {
        let known = before.and_then(|people| people.task(task.id));
        known.is_none_or(|known| Task { updated_at: known.updated_at, ..task.clone() } != *known)
    });
    let known = before.map(|people| &people.flow);
    changes.flow = changes.flow.filter(|flow| known.is_none_or(|known| flow != known));
    decision.changes.people = Some(changes);
    told(decision);
}

/// Tells of the tasks that changed, and that the flow did.
fn told(decision: &mut Decision<'_>) {
    let now = decision.given.now;
    let changes = decision.people_changes();
    changes.tasks.iter_mut().for_each(|task| task.updated_at = now);
    let changed: Vec<(TaskId, Option<String>)> =
        changes.tasks.iter().map(|task| (task.id, task.phase.clone())).collect();
    let any = !changed.is_empty() || !changes.removed.is_empty() || changes.flow.is_some() || changes.graph.is_some();
    if decision.people.is_some() {
        for (task, phase) in changed {
            decision.happened(HappeningKind::TaskUpdated, Some(task), phase);
        }
    }
    match decision.flow().cloned().filter(|_| any) {
        Some(flow) => decision.put_flow(Flow { updated_at: now, ..flow }),
        None if *decision.people_changes() == PeopleChanges::default() => decision.changes.people = None,
        None => {}
    }
}

/// A task is current exactly while a path stands on it; where none does, nothing is scheduled.
fn stand(decision: &mut Decision<'_>) {
    let on: Vec<StepId> = decision.active().filter(|visit| !visit.is_held()).map(|visit| visit.step_id).collect();
    let wrong = |task: &&Task| {
        let current = on.contains(&task.step_id);
        current != task.current_since.is_some() || (!current && task.status == TaskStatus::Scheduled)
    };
    let tasks: Vec<Task> = decision.tasks().into_iter().filter(wrong).cloned().collect();
    let now = decision.given.now;
    for mut task in tasks {
        let current = on.contains(&task.step_id);
        decision.happened(HappeningKind::CurrTaskChanged, Some(task.id), task.phase.clone());
        task.current_since = current.then(|| task.current_since.unwrap_or(now));
        if !current && task.status == TaskStatus::Scheduled {
            task.data.armed = None;
            task = run::with_status(decision, task, TaskStatus::Pending);
        }
        decision.put_task(task);
    }
}

/// What is found out about an execution.
struct Found {
    tasks: Vec<Task>,
    phases: Vec<Phase>,
    due: Option<Due>,
}

fn computed(decision: &mut Decision<'_>) {
    let Some(flow) = decision.flow().cloned() else { return };
    let found = found(decision, &flow);
    for task in found.tasks {
        decision.put_task(task);
    }
    let changed: Vec<Phase> = found
        .phases
        .iter()
        .zip(&flow.data.phases)
        .filter(|(now, before)| now != before)
        .map(|(now, _)| now.clone())
        .collect();
    for (phase, before) in
        changed.iter().zip(flow.data.phases.iter().filter(|before| changed.iter().any(|phase| phase.key == before.key)))
    {
        if phase.status != before.status {
            phase_happened(decision, phase);
        }
    }
    if !changed.is_empty() || found.due != flow.due {
        let mut flow = Flow { due: found.due, ..flow };
        flow.data.phases = found.phases;
        decision.put_flow(flow);
    }
}

fn phase_happened(decision: &mut Decision<'_>, phase: &Phase) {
    let skipped = || {
        let mut inside = decision.tasks().into_iter().filter(|task| task.phase.as_ref() == Some(&phase.key));
        inside.all(|task| task.status == TaskStatus::Skipped)
    };
    let kind = match phase.status {
        PhaseStatus::Open => HappeningKind::PhaseUpdated,
        PhaseStatus::InProgress => HappeningKind::PhaseMarkedInProgress,
        PhaseStatus::Completed if skipped() => HappeningKind::PhaseSkipped,
        PhaseStatus::Completed => HappeningKind::PhaseCompleted,
    };
    decision.happened(kind, None, Some(phase.key.clone()));
}

fn found(decision: &Decision<'_>, flow: &Flow) -> Found {
    let marking = &decision.changes.execution.marking;
    let on: Vec<(StepId, bool)> = match flow.status {
        FlowStatus::Started => decision.active().map(|visit| (visit.step_id, visit.is_held())).collect(),
        // Where it was closed; it may be opened again there. Not at what was done since.
        FlowStatus::Closed => {
            let open = |step: &&StepId| decision.task_of(**step).is_some_and(|task| !task.status.is_done());
            marking.cut.iter().filter(open).map(|step| (*step, false)).collect()
        }
        FlowStatus::Done => Vec::new(),
    };
    let tasks = decision.tasks();
    let board = Board::of(decision.graph, marking, tasks.iter().copied(), on);
    let reach = board.reach();
    let phases = phases(decision, flow, &board, &reach);
    let rules = Rules { decision, flow, board: &board, reach: &reach, phases: &phases, tasks: &tasks };
    let changed = tasks.iter().filter_map(|task| rules.settled(task)).collect();
    let due =
        rules.due(flow.due.as_ref(), flow.data.due_rule.as_ref(), flow.data.due_by_hand, |_| Preceding::default());
    let phases = phases.iter().map(|phase| rules.due_phase(phase)).collect();
    Found { tasks: changed, phases, due }
}

fn phases(decision: &Decision<'_>, flow: &Flow, board: &Board<'_>, reach: &Reach) -> Vec<Phase> {
    let list = decision.graph.drawn.as_ref().is_some_and(|drawn| drawn.list);
    let started = flow.status == FlowStatus::Started;
    let stand = |(at, phase): (usize, &Phase)| {
        let status = phase::status(phase, board, reach, at == 0 && started, list);
        let mut phase = phase.clone();
        if status != phase.status {
            phase.moved(status, decision.by.as_deref(), decision.given.now);
        }
        phase
    };
    flow.data.phases.iter().enumerate().map(stand).collect()
}

/// What is looked at to settle one thing.
struct Rules<'r, 'a> {
    decision: &'r Decision<'a>,
    flow: &'r Flow,
    board: &'r Board<'r>,
    reach: &'r Reach,
    phases: &'r [Phase],
    tasks: &'r [&'r Task],
}

impl Rules<'_, '_> {
    /// The task with what changes in it; none if nothing does.
    fn settled(&self, task: &Task) -> Option<Task> {
        let spec = self.board.spec(task.step_id)?;
        let enabled = self.enabled(spec, task);
        let due = self.due_task(spec, task);
        (enabled != task.enabled || due != task.due).then(|| Task { enabled, due, ..task.clone() })
    }

    fn enabled(&self, spec: &TaskSpec, task: &Task) -> bool {
        let linear = self.decision.graph.drawn.as_ref().is_some_and(|drawn| drawn.linear);
        match (linear, task.data.enabled_by_hand) {
            (true, None) => task.status.is_done() || self.board.linear_enabled(task.step_id, self.reach),
            (_, by_hand) => requirement::enabled(spec, by_hand, self.tasks, self.phases),
        }
    }

    fn due_task(&self, spec: &TaskSpec, task: &Task) -> Option<Due> {
        if task.status.is_done() {
            return task.due.clone();
        }
        let rule = task.data.due_rule.as_ref().or(spec.due.as_ref().filter(|_| spec.due_date.is_none()));
        self.due(task.due.as_ref(), rule, task.data.due_by_hand, |started| {
            self.board.preceding(task.step_id, self.reach, started)
        })
    }

    fn due_phase(&self, phase: &Phase) -> Phase {
        let drawn = self.decision.graph.drawn.as_deref();
        let spec = drawn.and_then(|drawn| drawn.phases.iter().find(|spec| spec.key == phase.key));
        let of_spec = spec.filter(|spec| spec.due_date.is_none()).and_then(|spec| spec.due.as_ref());
        let rule = phase.due_rule.as_ref().or(of_spec);
        let due = self.due(phase.due.as_ref(), rule, phase.due_by_hand, |started| {
            self.board.preceding_phase(&phase.key, self.reach, started)
        });
        Phase { due, ..phase.clone() }
    }

    /// A due date as its rule says; as it is without a rule, or where somebody set it.
    fn due(
        &self,
        known: Option<&Due>,
        rule: Option<&DueRule>,
        by_hand: bool,
        preceding: impl FnOnce(Timestamp) -> Preceding,
    ) -> Option<Due> {
        let Some(rule) = rule.filter(|_| !by_hand) else { return known.cloned() };
        let started = self.flow.created_at;
        let at = match &rule.when {
            DueWhen::FlowStarted => Some(started),
            DueWhen::TaskFinished(key) => self.finished(key),
            DueWhen::PhaseFinished(key) => {
                let phase = self.phases.iter().find(|phase| phase.key == *key);
                let done = phase.filter(|phase| phase.status == PhaseStatus::Completed);
                done.and_then(|phase| phase.times.completed_at)
            }
            DueWhen::APreceding => preceding(started).first,
            DueWhen::AllPreceding => preceding(started).all,
        };
        Due::by(rule, at?)
    }

    fn finished(&self, key: &str) -> Option<Timestamp> {
        let done = self.tasks.iter().find(|task| task.key == key && task.status.is_done())?;
        done.data.times.completed_at
    }
}

/// Lets tasks begin that could not when their paths came to them: they were disabled, or what their schedule counts from was not there.
/// Whether there was one.
fn begun(decision: &mut Decision<'_>) -> bool {
    if decision.flow().is_none_or(|flow| flow.status != FlowStatus::Started) {
        return false;
    }
    let idle: Vec<_> = decision
        .active()
        .filter(|visit| visit.status == StepStatus::Waiting && visit.state.is_none())
        .filter_map(|visit| Some((decision.task_of(visit.step_id)?, visit)))
        .filter(|(task, _)| task.status == TaskStatus::Pending && task.enabled && task.kind != TaskKind::Manual)
        .filter(|(task, _)| enter::begins_itself(decision, task))
        .map(|(task, visit)| (task.clone(), visit.clone()))
        .collect();
    let any = !idle.is_empty();
    for (task, visit) in idle {
        let visit = run::again(decision, visit);
        enter::begin(decision, task, visit);
    }
    any
}
