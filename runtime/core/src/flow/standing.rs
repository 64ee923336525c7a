//! The people's side of a decision on its way: tasks and the flow as they stand so far.

use super::happening::{Happening, HappeningKind};
use super::people::{Flow, PeopleChanges};
use super::task::Task;
use crate::decision::Decision;
use crate::id::{StepId, TaskId};

impl Decision<'_> {
    /// Whether the execution has tasks.
    pub(crate) fn has_people(&self) -> bool {
        self.people.is_some() || self.changes.people.as_ref().is_some_and(|people| people.flow.is_some())
    }

    /// What changes for people.
    pub(crate) fn people_changes(&mut self) -> &mut PeopleChanges {
        self.changes.people.get_or_insert_with(Box::default)
    }

    /// All tasks as they stand, by position.
    pub(crate) fn tasks(&self) -> Vec<&Task> {
        let changes = self.changes.people.as_deref();
        let changed = changes.map_or(&[][..], |changes| &changes.tasks);
        let removed = changes.map_or(&[][..], |changes| &changes.removed);
        let before = self.people.map_or(&[][..], |people| &people.tasks);
        let untouched = |task: &&Task| !removed.contains(&task.id) && changed.iter().all(|known| known.id != task.id);
        let mut all: Vec<_> = before.iter().filter(untouched).chain(changed).collect();
        all.sort_by_key(|task| (task.position, task.id));
        all
    }

    /// A task as it stands.
    pub(crate) fn task(&self, id: TaskId) -> Option<&Task> {
        self.find_task(|task| task.id == id)
    }

    /// The task of a step as it stands.
    pub(crate) fn task_of(&self, step: StepId) -> Option<&Task> {
        self.find_task(|task| task.step_id == step)
    }

    fn find_task(&self, which: impl Fn(&Task) -> bool) -> Option<&Task> {
        let changes = self.changes.people.as_deref();
        let changed = changes.and_then(|changes| changes.tasks.iter().find(|task| which(task)));
        changed.or_else(|| {
            let found = self.people?.tasks.iter().find(|task| which(task))?;
            let gone = changes.is_some_and(|changes| changes.removed.contains(&found.id));
            (!gone).then_some(found)
        })
    }

    /// Changes a task, or adds one.
    pub(crate) fn put_task(&mut self, task: Task) {
        let changes = self.people_changes();
        match changes.tasks.iter_mut().find(|known| known.id == task.id) {
            Some(known) => *known = task,
            None => changes.tasks.push(task),
        }
    }

    /// The flow as it stands.
    pub(crate) fn flow(&self) -> Option<&Flow> {
        let changed = self.changes.people.as_ref().and_then(|changes| changes.flow.as_ref());
        changed.or_else(|| self.people.map(|people| &people.flow))
    }

    /// Changes the flow.
    pub(crate) fn put_flow(&mut self, flow: Flow) {
        self.people_changes().flow = Some(flow);
    }

    /// Notes something that entity sync may listen to, once.
    pub(crate) fn happened(&mut self, kind: HappeningKind, task: Option<TaskId>, phase: Option<String>) {
        let happening = Happening { kind, task, phase };
        let changes = self.people_changes();
        if !changes.happened.contains(&happening) {
            changes.happened.push(happening);
        }
    }
}
