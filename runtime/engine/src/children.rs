//! Executions that a step starts and waits for. Neither's commit touches the other: a child's end only marks the wait of its parent's
//! visit as due, and the timer does the rest.

use serde_json::{Value, json};
use stepwell_core::flow::{CHILD_ENDED, FlowStatus, Parent, People, PeopleChanges, Task};
use stepwell_core::{
    Changes, ChildTarget, Execution, ExecutionId, ExecutionStatus, Follow, Given, Graph, Guard, Input, Join, Position,
    ReceivedEvent, Start, Step, StepStatus, TRIGGER, Timestamp, Transition, Wait, Wake, WorkspaceId, start,
};
use stepwell_store::{Conn, StoreError, definition, execution, wait};

use crate::control;
use crate::engine::Inner;
use crate::route::{self, Routed, Stamp};
use crate::step::Due;

/// How many executions may stand above another (spec epilot-flows, 11.1 rule 6).
pub(crate) const MAX_DEPTH: u32 = 10;

/// Starts a child. What cannot be started has failed at once, as its parent sees it.
pub(crate) async fn begin(
    conn: &mut Conn,
    parent: &Due,
    (id, target, input): (ExecutionId, ChildTarget, Value),
    stamp: &Stamp,
) -> Result<Routed, StoreError> {
    let above = parent.execution.parent.map_or(0, |parent| parent.depth);
    let begun = match above < MAX_DEPTH {
        true => try_begin(conn, parent, (id, target, input), above + 1, stamp).await?,
        false => None,
    };
    let Some(routed) = begun else {
        let wake = ended(id, "failed", &Value::Null, Some("it could not be started"), stamp.now);
        wait::nudge(conn, parent.visit.workspace_id, parent.visit.id, &wake, stamp.now).await?;
        return Ok(Routed::default());
    };
    Ok(routed)
}

async fn try_begin(
    conn: &mut Conn,
    parent: &Due,
    (id, target, input): (ExecutionId, ChildTarget, Value),
    depth: u32,
    stamp: &Stamp,
) -> Result<Option<Routed>, StoreError> {
    let Execution { workspace_id, contact_id, id: execution_id, .. } = *parent.execution;
    let step_execution_id = parent.visit.id;
    let above = Parent { execution_id, step_execution_id, task_id: None, depth };
    let with = Start { id: Some(id), contact_id, event: input, parent: Some(above), ..Start::default() };
    let mut routed = Routed::default();
    match target {
        ChildTarget::Definition(of) => {
            let found = definition::get(conn, workspace_id, of).await?;
            let Some(found) = found.filter(|found| found.enabled) else { return Ok(None) };
            let begun = route::begin(conn, &found, with, stamp, &mut routed).await?;
            Ok(begun.map(|_| routed))
        }
        ChildTarget::Step { step_type, config } => {
            let of = definition::even_deleted(conn, workspace_id, parent.execution.definition_id).await?;
            let Some((of, _)) = of else { return Ok(None) };
            let graph = graph_of(step_type, config, &stamp.given());
            let Ok(mut changes) = start(&of, &graph, with, &stamp.given()) else { return Ok(None) };
            changes.execution.graph_revision = 1;
            changes.people = Some(Box::new(PeopleChanges { graph: Some(graph), ..PeopleChanges::default() }));
            if !execution::insert(conn, &changes).await? {
                return Ok(None);
            }
            routed.started += 1;
            routed.due.extend(route::due(&changes));
            Ok(Some(routed))
        }
    }
}

/// A trigger and one step.
fn graph_of(step_type: String, config: Value, given: &Given<'_>) -> Graph {
    let step = |step_type: &str, config: Value| Step {
        id: given.id(),
        step_type: step_type.to_owned(),
        name: step_type.to_owned(),
        position: Position::default(),
        config,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::First,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: given.now,
        updated_at: given.now,
    };
    let steps = vec![step(TRIGGER, json!({})), step(&step_type, config)];
    let edge = Transition {
        id: given.id(),
        from: steps[0].id,
        to: steps[1].id,
        guard: Guard::Always,
        priority: 0,
        condition: None,
        looping: None,
        created_at: given.now,
        updated_at: given.now,
    };
    Graph { steps, transitions: vec![edge], drawn: None }
}

/// Tells the visit that started an execution that it has ended, if it has.
pub(crate) async fn tell_parent(conn: &mut Conn, changes: &Changes) -> Result<(), StoreError> {
    let execution = &changes.execution;
    let Some(parent) = execution.parent.filter(|_| execution.status.is_terminal()) else { return Ok(()) };
    let waits = wait::get(conn, execution.workspace_id, parent.step_execution_id).await?;
    if waits.is_none_or(|wait| is_for_another(&wait, execution.id)) {
        return Ok(());
    }
    let last = changes.visits.iter().rev().find(|visit| visit.status == StepStatus::Completed);
    let output = last.and_then(|visit| visit.output.as_ref()).unwrap_or(&Value::Null);
    let now = execution.updated_at;
    let failed = changes.visits.iter().rev().find_map(|visit| visit.failure.as_ref());
    let failed = failed.filter(|_| execution.status == ExecutionStatus::Failed).map(|failure| failure.message.as_str());
    let reason = execution.exit_reason.as_deref().or(failed);
    let wake = ended(execution.id, word(execution.status), output, reason, now);
    wait::nudge(conn, execution.workspace_id, parent.step_execution_id, &wake, now).await.map(drop)
}

/// Whether a visit that started an execution waits for the end of another: it has begun anew since.
fn is_for_another(wait: &Wait, child: ExecutionId) -> bool {
    let waits_for = wait.task.as_ref().and_then(|task| task["execution"]["id"].as_str());
    waits_for.is_some_and(|id| id != child.to_string())
}

/// The children that nobody waits for any more: their tasks are done or begin anew, or the flow was ended.
pub(crate) fn orphans(before: &People, after: &People) -> Vec<ExecutionId> {
    if before.flow.status != FlowStatus::Started {
        return Vec::new();
    }
    let running = |task: &Task| {
        let run = task.data.run.as_ref().filter(|run| run.is_child && run.status.as_deref() == Some("in_progress"))?;
        run.id.as_ref()?.parse().ok().filter(|_| !task.status.is_done())
    };
    let goes_on = after.flow.status == FlowStatus::Started;
    let waited_for: Vec<ExecutionId> = after.tasks.iter().filter(|_| goes_on).filter_map(running).collect();
    before.tasks.iter().filter_map(running).filter(|id| !waited_for.contains(id)).collect()
}

/// Cancels children, each in a commit of its own.
pub(crate) async fn cancel(
    inner: &Inner,
    workspace: WorkspaceId,
    children: Vec<ExecutionId>,
) -> Result<(), StoreError> {
    for id in children {
        let stamp = inner.stamp();
        let cancelled = inner.store.write_for(workspace, move |conn| {
            Box::pin(async move {
                let reason = "nobody waits for its end any more".to_owned();
                control::change(conn, workspace, id, Input::Cancelled { reason }, &stamp).await
            })
        });
        cancelled.await?;
    }
    Ok(())
}

/// How a child's end is told to its parent (spec epilot-flows, 11.7).
pub(crate) fn word(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Completed | ExecutionStatus::Exited => "success",
        ExecutionStatus::Failed => "failed",
        ExecutionStatus::Stopped | ExecutionStatus::Cancelled => "cancelled",
        ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Waiting | ExecutionStatus::Paused => {
            "in_progress"
        }
    }
}

fn ended(id: ExecutionId, status: &str, output: &Value, reason: Option<&str>, now: Timestamp) -> Wake {
    let data = json!({ "executionId": id, "status": status, "output": output, "reason": reason });
    Wake::Event(ReceivedEvent { id: id.0.into(), name: CHILD_ENDED.to_owned(), data, received_at: now })
}
