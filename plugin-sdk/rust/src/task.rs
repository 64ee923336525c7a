//! How a step that people see as a task says where the task stands while it waits.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Wait;

/// Where a task stands while its step waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Somebody has to begin it.
    Pending,
    /// It is worked on.
    InProgress,
    /// It stands still for a while.
    OnHold,
    /// Somebody has to confirm it.
    WaitingForConfirmation,
    /// None of its conditions is met yet.
    ConditionPending,
}

impl Wait {
    /// Waits for a person, with a task that nobody has begun yet. `task` is an object: what is shown of it.
    pub fn for_person(task: Value) -> Self {
        Self::for_task(task).with_status(TaskStatus::Pending)
    }

    /// Says where the task stands. Without a task to wait for, one comes to be.
    pub fn with_status(self, status: TaskStatus) -> Self {
        self.with_member("status", json!(status))
    }

    /// Says what the task runs elsewhere, by its id, and how that stands in the words of who runs it.
    pub fn with_run(self, id: &str, status: &str) -> Self {
        self.with_member("execution", json!({ "id": id, "status": status }))
    }

    /// Says that the task runs what [`runs::start`](crate::runs::start) gave this id.
    pub fn with_child(self, id: &str) -> Self {
        self.with_member("execution", json!({ "id": id, "status": "in_progress", "child": true }))
    }

    fn with_member(self, name: &str, value: Value) -> Self {
        let mut task = match self.task {
            Some(Value::Object(task)) => task,
            _ => Map::new(),
        };
        task.insert(name.to_owned(), value);
        Self { task: Some(task.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_says_where_it_stands_and_what_it_runs() {
        let wait = Wait::for_person(json!({ "title": "Call" }));
        assert_eq!(wait.task, Some(json!({ "title": "Call", "status": "pending" })));
        let wait = wait.with_status(TaskStatus::WaitingForConfirmation).with_run("run-1", "in_progress");
        let expected = json!({
            "title": "Call", "status": "waiting_for_confirmation", "execution": { "id": "run-1", "status": "in_progress" },
        });
        assert_eq!(wait.task, Some(expected));
        let child = json!({ "id": "e1", "status": "in_progress", "child": true });
        assert_eq!(wait.with_child("e1").task.map(|task| task["execution"].clone()), Some(child));
    }

    #[test]
    fn a_task_that_is_no_object_becomes_one() {
        assert_eq!(Wait::for_person(json!(3)).task, Some(json!({ "status": "pending" })));
    }
}
