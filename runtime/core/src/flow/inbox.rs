//! Steps that are no tasks and wait for a person: while they do, people find them among the tasks of all surfaces.

use serde_json::{Map, Value};

use super::assignee::Assignee;
use super::due::Due;
use super::people::PeopleChanges;
use super::run::small;
use super::spec::TaskKind;
use super::status::{Surface, TaskStatus};
use super::task::{Task, TaskData, Times};
use crate::changes::Changes;
use crate::clock::Given;
use crate::decision::Decision;
use crate::execution::{Execution, StepExecution};
use crate::id::TaskId;
use crate::journal::JournalKind;

/// The most characters of a name.
const MAX_NAME: usize = 1_000;

/// The most people that a component can name, and the most characters of each.
const MAX_PEOPLE: usize = 100;
const MAX_PERSON: usize = 200;

/// A visit waits for a person: so that people find it, it is a task from now on, with the visit's id. `about` is what its component
/// says of it: `title`, `assignees`, `dueDate`, and whatever is to be shown. A step that is a task has one already.
pub(crate) fn asks(decision: &mut Decision<'_>, visit: &StepExecution, about: &Value) {
    if !decision.graph.has_tasks() {
        let task = of(decision, visit, about);
        decision.put_task(task);
    }
}

fn of(decision: &Decision<'_>, visit: &StepExecution, about: &Value) -> Task {
    let now = decision.given.now;
    let steps = &decision.graph.steps;
    let at = steps.iter().position(|step| step.id == visit.step_id);
    let named = about["title"].as_str().or_else(|| at.and_then(|at| steps.get(at)).map(|step| step.name.as_str()));
    Task {
        id: TaskId(visit.id.0),
        workspace_id: visit.workspace_id,
        execution_id: visit.execution_id,
        definition_id: decision.changes.execution.definition_id,
        surface: Surface::Workflow,
        step_id: visit.step_id,
        key: visit.step_id.to_string(),
        kind: TaskKind::Manual,
        name: named.unwrap_or_default().chars().take(MAX_NAME).collect(),
        status: TaskStatus::Pending,
        enabled: true,
        phase: None,
        position: at.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX),
        current_since: Some(now),
        due: about["dueDate"].as_str().filter(|text| text.len() <= MAX_PERSON).map(Due::sent),
        data: TaskData { assignees: Some(people(&about["assignees"])), shown: shown(about), ..TaskData::default() },
        created_at: now,
        updated_at: now,
    }
}

fn people(named: &Value) -> Vec<Assignee> {
    let named = named.as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = named.filter(|id| !id.is_empty() && id.chars().count() <= MAX_PERSON);
    named.take(MAX_PEOPLE).map(|id| Assignee::Person(id.to_owned())).collect()
}

/// What is shown of it, if it is small.
fn shown(about: &Value) -> Map<String, Value> {
    small(about).and_then(|about| about.as_object().cloned()).unwrap_or_default()
}

impl Task {
    /// The task as it is when somebody has done it, or left it out.
    #[must_use]
    pub fn ended(self, status: TaskStatus, by: &str, result: &Value, given: &Given<'_>) -> Self {
        let mut times: Times = self.data.times.clone();
        times.stamp(status, Some(by), given.now);
        let data = TaskData { times, result: small(result), ..self.data };
        Self { status, current_since: None, updated_at: given.now, data, ..self }
    }
}

/// What is stored where something is said or changed about a task, and its execution stays where it is.
pub fn noted(execution: &Execution, kind: JournalKind, task: Task, data: Value, given: &Given<'_>) -> Changes {
    let mut changes = Changes::of(execution, given);
    changes.note_of(kind, task.step_id, data, given);
    changes.people = Some(Box::new(PeopleChanges { tasks: vec![task], ..PeopleChanges::default() }));
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::advance::{Input, State, advance};
    use crate::clock::SequentialIds;
    use crate::definition::Guard;
    use crate::outcome::{Outcome, WaitRequest};
    use crate::retry::RetryPolicy;
    use crate::testing::{definition, edge, graph, step};
    use crate::time::Timestamp;
    use crate::{Reentry, Start, start};

    /// What changes when the first step of an execution waits for a person with this.
    fn asked(about: Value) -> Changes {
        let steps = vec![step("trigger"), step("ask")];
        let edges = vec![edge(&steps, "trigger", "ask", Guard::Always, 0)];
        let graph = graph(steps, edges);
        let ids = SequentialIds::default();
        let given = Given { now: Timestamp(5), ids: &ids };
        let begun = start(&definition(Reentry::Always), &graph, Start::default(), &given).expect("a start");
        let visits: Vec<_> = begun.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect();
        let state = State { graph: &graph, execution: &begun.execution, visits: &visits, people: None };
        let outcome = Outcome::Waiting(WaitRequest { task: Some(about), ..WaitRequest::default() });
        let (visit, run) = (visits[0].id, visits[0].run());
        let retry = RetryPolicy::NONE;
        let input = Input::Settled { visit, run, outcome, plugin: None, retry, spread: 0.0 };
        advance(state, input, &given).expect("decided")
    }

    fn task(changes: &Changes) -> &Task {
        let people = changes.people.as_ref().expect("something for people");
        assert_eq!((people.tasks.len(), &people.flow), (1, &None));
        &people.tasks[0]
    }

    #[test]
    fn a_step_that_waits_for_a_person_is_a_task_with_the_visits_id() {
        let changes = asked(json!({ "title": "Call", "assignees": ["ada", 7, ""], "dueDate": "2026-02-03", "x": 1 }));
        let task = task(&changes);
        assert_eq!(task.id.0, changes.waits[0].step_execution_id.0);
        assert_eq!((task.name.as_str(), task.status, task.surface), ("Call", TaskStatus::Pending, Surface::Workflow));
        assert_eq!(task.data.assignees, Some(vec![Assignee::Person("ada".into())]));
        assert_eq!(task.due.as_ref().map(|due| due.text.as_str()), Some("2026-02-03"));
        assert_eq!((task.current_since, &task.data.shown["x"]), (Some(Timestamp(5)), &json!(1)));
    }

    #[test]
    fn a_task_without_a_title_has_the_name_of_its_step_and_one_that_says_too_much_is_cut() {
        assert_eq!(task(&asked(json!({}))).name, "ask");
        let changes = asked(json!({ "title": "x".repeat(100_000), "assignees": vec!["a"; 1_000] }));
        let task = task(&changes);
        assert_eq!((task.name.len(), task.data.assignees.as_ref().map(Vec::len)), (MAX_NAME, Some(MAX_PEOPLE)));
        assert!(task.data.shown.is_empty());
    }

    #[test]
    fn who_has_ended_a_task_is_remembered() {
        let ids = SequentialIds::default();
        let given = Given { now: Timestamp(9), ids: &ids };
        let done = task(&asked(json!({}))).clone().ended(TaskStatus::Completed, "ada", &json!({ "ok": true }), &given);
        assert_eq!((done.current_since, done.data.result), (None, Some(json!({ "ok": true }))));
        assert_eq!(
            (done.data.times.completed_at, done.data.times.completed_by.as_deref()),
            (Some(given.now), Some("ada"))
        );
    }
}
