//! What people do to flows: anything, to any task, allowed or not.

use std::fmt;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Chance;
use rand::seq::IndexedRandom;
use stepwell_core::flow::{
    AddTask, Assignee, Deed, DrawnEdge, FlowPatch, FlowStatus, InsertItem, People, PhasePatch, RunResult, TaskKind,
    TaskPatch, TaskStatus,
};
use stepwell_core::testing::Sketch;
use stepwell_core::{Completion, Graph, TaskId};

/// The most tasks of a flow: the checks count them in the bits of a word.
const MOST_TASKS: usize = 40;
const BRANCHES: [&str; 3] = ["x", "y", "again"];

/// What somebody does to a flow.
pub(super) fn deed(chance: &mut Chance, people: &People, graph: &Graph) -> Deed {
    let current: Vec<TaskId> = people.current().map(|task| task.id).collect();
    let any = || people.tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let pool = if current.is_empty() || chance.random_bool(0.3) { any() } else { current };
    let task = *pool.choose(chance).unwrap_or(&uuid::Uuid::nil().into());
    match chance.random_range(0..27) {
        0..12 => Deed::PatchTask(task, Box::new(patch(chance))),
        12 | 13 => Deed::Execute(task),
        14 => Deed::RunAutomation(task),
        15 => scheduled(people).map_or(Deed::RunScheduleNow(task), Deed::RunScheduleNow),
        16 => scheduled(people).map_or(Deed::CancelSchedule(task), Deed::CancelSchedule),
        17 => {
            let status = ["success", "failed", "skipped", "in_progress"].choose(chance).map(|word| (*word).to_owned());
            Deed::Reconcile(task, RunResult { status, ..RunResult::default() })
        }
        18 => Deed::Skip(task, None),
        19 | 20 => {
            let to = [FlowStatus::Started, FlowStatus::Started, FlowStatus::Done, FlowStatus::Closed];
            let status = to.choose(chance).copied();
            Deed::PatchFlow(Box::new(FlowPatch { status, ..FlowPatch::default() }))
        }
        21 | 22 => add(chance, people, graph),
        23 if chance.random_bool(0.5) => Deed::RemoveItem(task),
        23 => Deed::MoveItem { task, section: None, index: chance.random_range(0..5) },
        24 => Deed::Assign(task, vec![Assignee::Person(format!("p{}", chance.random_range(0..3)))]),
        25 => {
            let name = Some(format!("name {}", chance.random_range(0..3)));
            let phase = people.flow.data.phases.choose(chance).map(|phase| phase.id.clone()).unwrap_or_default();
            Deed::PatchPhase(phase, PhasePatch { name, ..PhasePatch::default() })
        }
        _ => Deed::Complete(task, Completion::default()),
    }
}

fn scheduled(people: &People) -> Option<TaskId> {
    people.tasks.iter().find(|task| task.status == TaskStatus::Scheduled).map(|task| task.id)
}

fn patch(chance: &mut Chance) -> TaskPatch {
    let done = [TaskStatus::Completed; 6];
    let to: Vec<_> = done.into_iter().chain(TaskStatus::ALL).collect();
    TaskPatch {
        status: to.choose(chance).copied(),
        enabled: chance.random_bool(0.2).then(|| chance.random_bool(0.65)),
        next_condition: chance.random_bool(0.3).then(|| (*BRANCHES.choose(chance).expect("some")).into()),
        revert: chance.random_bool(0.3),
        ..TaskPatch::default()
    }
}

fn add(chance: &mut Chance, people: &People, graph: &Graph) -> Deed {
    let patch = TaskPatch { status: chance.random_bool(0.1).then_some(TaskStatus::Completed), ..TaskPatch::default() };
    let step = Box::new(Sketch::of(&["new"], &[]).steps.remove(0));
    let nobody = uuid::Uuid::nil().into();
    let drawn = graph.drawn.as_ref().expect("drawn");
    let ends = |edge: &DrawnEdge| {
        let of = |key: &str| people.tasks.iter().find(|task| task.key == key).map(|task| task.id);
        Some((of(&edge.from)?, of(edge.to.as_deref()?)?))
    };
    let pairs: Vec<_> = drawn.edges.iter().filter_map(ends).collect();
    if people.tasks.len() >= MOST_TASKS {
        return Deed::AddTask(Box::new(AddTask { previous: nobody, next: nobody, id: None, step, patch }));
    }
    match pairs.choose(chance) {
        Some((previous, next)) => {
            Deed::AddTask(Box::new(AddTask { previous: *previous, next: *next, id: None, step, patch }))
        }
        None => {
            let section = people.flow.data.phases.choose(chance).map(|phase| phase.id.clone());
            let index = chance.random_range(0..4);
            Deed::InsertItem(Box::new(InsertItem { section, index, id: None, step, patch }))
        }
    }
}

/// What brings a flow nearer to its end: its first current task is done, on a branch that does not repeat. None if it has ended.
pub(super) fn last_deed(people: &People, graph: &Graph) -> Option<Deed> {
    if people.flow.status != FlowStatus::Started {
        return None;
    }
    let Some(task) = people.current().next() else {
        let status = Some(FlowStatus::Done);
        return Some(Deed::PatchFlow(Box::new(FlowPatch { status, ..FlowPatch::default() })));
    };
    let drawn = graph.drawn.as_ref().expect("drawn");
    let leads_on = |edge: &&DrawnEdge| edge.from == task.key && edge.condition.as_deref() != Some("again");
    let next_condition = drawn.edges.iter().filter(leads_on).find_map(|edge| edge.condition.clone());
    let skipped = task.kind == TaskKind::Decision && next_condition.is_none();
    let status = Some(if skipped { TaskStatus::Skipped } else { TaskStatus::Completed });
    let enabled = Some(true);
    Some(Deed::PatchTask(task.id, Box::new(TaskPatch { status, enabled, next_condition, ..TaskPatch::default() })))
}

/// A deed as a failure shows it.
#[derive(Clone)]
pub(crate) struct Told {
    /// The task's key.
    task: String,
    deed: Deed,
}

impl Told {
    pub(super) fn of(deed: Deed, people: Option<&People>) -> Self {
        let id = match &deed {
            Deed::PatchTask(task, _) | Deed::Complete(task, _) | Deed::Skip(task, _) | Deed::Reconcile(task, _) => task,
            Deed::Execute(task) | Deed::RunAutomation(task) | Deed::RunScheduleNow(task) => task,
            Deed::CancelSchedule(task) | Deed::Assign(task, _) | Deed::RemoveItem(task) => task,
            _ => return Self { task: String::new(), deed },
        };
        let task = people.and_then(|people| people.task(*id)).map(|task| task.key.clone()).unwrap_or_default();
        Self { task, deed }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        match &self.deed {
            Deed::PatchTask(_, patch) => {
                let TaskPatch { status, enabled, next_condition, revert, .. } = &**patch;
                write!(f, "patch {task} {status:?} enabled {enabled:?} branch {next_condition:?} revert {revert}")
            }
            Deed::AddTask(add) => write!(f, "add between {} and {} {:?}", add.previous, add.next, add.patch.status),
            Deed::InsertItem(item) => write!(f, "insert at {} of {:?}", item.index, item.section),
            Deed::PatchFlow(patch) => write!(f, "patch flow {:?}", patch.status),
            Deed::Reconcile(_, result) => write!(f, "reconcile {task} {:?}", result.status),
            other => write!(f, "{task} {other:?}"),
        }
    }
}
