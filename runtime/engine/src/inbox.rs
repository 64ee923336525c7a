//! The inbox: what people do to tasks of every surface, by the task's id alone.
//!
//! A task that is drawn as one is acted on like any of a flow. Any other is a visit that waits for a person: doing it ends the wait with
//! what was entered, and the component goes on from there.

use serde_json::{Value, json};
use stepwell_core::flow::{Act, ActRefused, Assignee, Deed, Surface, TaskStatus, noted};
use stepwell_core::{Completion, Input, JournalKind, State, StepExecutionId, TaskId, Wake, WorkspaceId, advance};
use stepwell_store::task::{self, Comment, InboxTask};
use stepwell_store::{Conn, execution};

use crate::commit::Settled;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::route::{self, Routed, Stamp};

/// How many comments a task has at most.
const MOST_COMMENTS: u64 = 1_000;

/// What somebody does to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskDeed {
    /// It is done.
    Complete {
        /// What was entered: an object if there is a branch.
        output: Value,
        /// Where to go on.
        branch: Option<String>,
    },
    /// It is left out.
    Skip {
        /// Why, in words.
        reason: Option<String>,
    },
    /// It is for others to do.
    Assign(Vec<String>),
}

impl Engine {
    /// Does something to a task, wherever it is, and answers with the task as it is then; all of it is durable.
    /// [`EngineError::UnknownTask`] if there is none of this id, [`ActRefused::TaskDone`] if somebody was faster.
    pub async fn act_on_task(
        &self,
        workspace: WorkspaceId,
        id: TaskId,
        by: &str,
        deed: TaskDeed,
    ) -> Result<InboxTask, EngineError> {
        let found = self.task(workspace, id).await?;
        if is_drawn(&found) {
            let act = Act { by: by.to_owned(), does: drawn(id, deed) };
            let acted = self.act(workspace, found.task.execution_id, act).await;
            acted.map_err(|error| unknown(error, id))?;
        } else {
            let (stamp, by) = (self.stamp(), by.to_owned());
            let routed = self.0.store.write_for(workspace, move |conn| {
                Box::pin(async move { act_on_visit(conn, workspace, id, &by, deed, &stamp).await })
            });
            let routed = routed.await?;
            self.0.announce(Settled { routed, ..Settled::default() });
        }
        self.task(workspace, id).await
    }

    /// Stores what somebody says about a task.
    pub async fn comment(
        &self,
        workspace: WorkspaceId,
        id: TaskId,
        by: &str,
        text: String,
    ) -> Result<Comment, EngineError> {
        let (stamp, by) = (self.stamp(), by.to_owned());
        let commented = self.0.store.write_for(workspace, move |conn| {
            Box::pin(async move { comment(conn, workspace, id, by, text, &stamp).await })
        });
        commented.await
    }

    async fn task(&self, workspace: WorkspaceId, id: TaskId) -> Result<InboxTask, EngineError> {
        let mut conn = self.0.store.reader().await?;
        task::find(&mut conn, workspace, id).await?.ok_or(EngineError::UnknownTask(id))
    }
}

/// Whether a task was drawn as one, and is not just a step that waits for a person.
fn is_drawn(found: &InboxTask) -> bool {
    match found.task.surface {
        Surface::Flow | Surface::Checklist => true,
        Surface::Workflow | Surface::Sequence => false,
    }
}

fn drawn(id: TaskId, deed: TaskDeed) -> Deed {
    match deed {
        TaskDeed::Complete { output, branch } => {
            Deed::Complete(id, Completion { output, branch, ..Completion::default() })
        }
        TaskDeed::Skip { reason } => Deed::Skip(id, reason),
        TaskDeed::Assign(people) => Deed::Assign(id, assigned(people)),
    }
}

fn assigned(people: Vec<String>) -> Vec<Assignee> {
    people.into_iter().map(Assignee::Person).collect()
}

/// The execution or its task went away meanwhile.
fn unknown(error: EngineError, id: TaskId) -> EngineError {
    match error {
        EngineError::UnknownExecution(_) | EngineError::Act(ActRefused::UnknownTask(_)) => EngineError::UnknownTask(id),
        other => other,
    }
}

async fn act_on_visit(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: TaskId,
    by: &str,
    deed: TaskDeed,
    stamp: &Stamp,
) -> Result<Routed, EngineError> {
    let given = stamp.given();
    let (found, stored, visits) = to_change(conn, workspace, id).await?;
    if found.task.current_since.is_none() {
        return Err(ActRefused::TaskDone { status: found.task.status }.into());
    }
    let (status, entered) = match deed {
        TaskDeed::Complete { output, branch } => (TaskStatus::Completed, with_branch(output, branch)),
        TaskDeed::Skip { reason } => (TaskStatus::Skipped, json!({ "skipped": true, "reason": reason })),
        TaskDeed::Assign(people) => {
            let data = json!({ "taskId": id, "name": found.task.name, "to": people, "by": by });
            let mut task = found.task;
            task.data.assignees = Some(assigned(people));
            let changes = noted(&stored, JournalKind::TaskAssigned, task, data, &given);
            execution::apply(conn, &changes).await?;
            return Ok(Routed::default());
        }
    };
    let graph = execution::graph(conn, &stored).await?.unwrap_or_default();
    let state = State { graph: &graph, execution: &stored, visits: &visits, people: None };
    let wake = Input::Woken { visit: StepExecutionId(id.0), wake: Wake::Task(entered.clone()) };
    let mut changes = advance(state, wake, &given).map_err(|_| ActRefused::NotCurrent)?;
    changes.people.get_or_insert_default().tasks.push(found.task.ended(status, by, &entered, &given));
    route::apply(conn, &changes).await?;
    Ok(Routed { due: route::due(&changes).collect(), ..Routed::default() })
}

/// What a component is told: what was entered, with the branch as a member of it.
fn with_branch(output: Value, branch: Option<String>) -> Value {
    let Some(branch) = branch else { return output };
    let mut members = match output {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    members.insert("branch".to_owned(), branch.into());
    Value::Object(members)
}

/// A task and its execution, which nobody else changes until the write has ended.
async fn to_change(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: TaskId,
) -> Result<(InboxTask, stepwell_core::Execution, Vec<stepwell_core::StepExecution>), EngineError> {
    let unknown = || EngineError::UnknownTask(id);
    let found = task::find(conn, workspace, id).await?.ok_or_else(unknown)?;
    let (stored, visits) = execution::state(conn, workspace, found.task.execution_id).await?.ok_or_else(unknown)?;
    // Again, now that it stays as it is.
    let found = if conn.is_shared() { task::find(conn, workspace, id).await?.ok_or_else(unknown)? } else { found };
    Ok((found, stored, visits))
}

async fn comment(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: TaskId,
    author: String,
    text: String,
    stamp: &Stamp,
) -> Result<Comment, EngineError> {
    let given = stamp.given();
    let (found, stored, _) = to_change(conn, workspace, id).await?;
    let new = Comment { id: given.id(), execution_id: stored.id, task_id: id, author, text, created_at: given.now };
    if task::comment_count(conn, workspace, stored.id, id).await? >= MOST_COMMENTS {
        let (what, most) = ("comments", usize::try_from(MOST_COMMENTS).unwrap_or(usize::MAX));
        return Err(ActRefused::TooMany { what, most }.into());
    }
    let data = json!({ "taskId": id, "name": found.task.name, "commentId": new.id, "by": new.author });
    let changes = noted(&stored, JournalKind::TaskCommented, found.task, data, &given);
    execution::apply(conn, &changes).await?;
    task::comment(conn, workspace, &new).await?;
    Ok(new)
}
