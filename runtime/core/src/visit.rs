//! What becomes of one visit to a step: it is done, waits, is resumed, is tried again.

use serde_json::{Value, json};

use crate::branch;
use crate::decision::Decision;
use crate::event::canonical_name;
use crate::execution::{StepExecution, StepStatus, Wait};
use crate::flow;
use crate::journal::JournalKind;
use crate::outcome::{Completion, EventWait, Failure, WaitRequest, Wake};
use crate::time::Timestamp;
use crate::walk;

/// Ends a visit and follows the edges behind it.
pub(crate) fn complete(decision: &mut Decision<'_>, visit: StepExecution, done: Completion) {
    merge_event(&mut decision.changes.execution.event, &done.merge_event);
    let visit = decision.finished(visit, StepStatus::Completed);
    let data = branches_noted(&done);
    decision.note(JournalKind::StepCompleted, Some(&visit), data);
    let edges = branch::choose(decision.graph, &decision.changes.execution.marking, visit.step_id, &done.followed());
    decision.put(StepExecution { output: Some(done.output), failure: None, ..visit });
    walk::follow(decision, &edges);
}

/// What the journal says of the branches: one as `branch`, several as `branches`.
fn branches_noted(done: &Completion) -> Value {
    match done.followed()[..] {
        [] => Value::Null,
        [branch] => json!({ "branch": branch }),
        ref branches => json!({ "branches": branches }),
    }
}

pub(crate) fn wait(decision: &mut Decision<'_>, visit: StepExecution, request: WaitRequest) {
    let visit = StepExecution {
        status: StepStatus::Waiting,
        run_at: None,
        due_at: request.until,
        wake: None,
        state: Some(request.state),
        output: Some(request.output).filter(|output| !output.is_null()),
        updated_at: decision.given.now,
        ..visit
    };
    let data = json!({
        "until": request.until.map(|time| time.to_rfc3339()),
        "eventName": request.event.as_ref().map(|event| &event.name),
    });
    decision.note(JournalKind::StepWaiting, Some(&visit), data);
    if let Some(about) = &request.task {
        flow::asks(decision, &visit, about);
    }
    decision.changes.waits.push(Wait {
        workspace_id: visit.workspace_id,
        execution_id: visit.execution_id,
        step_execution_id: visit.id,
        contact_id: decision.changes.execution.contact_id,
        due_at: request.until,
        event: request.event.map(canonical),
        task: request.task,
        ended_by: None,
        created_at: decision.given.now,
    });
    decision.put(visit);
}

/// The wait as the router matches it: an alias of a system event stands for the event.
fn canonical(event: EventWait) -> EventWait {
    EventWait { name: canonical_name(&event.name).to_owned(), ..event }
}

pub(crate) fn woken(decision: &mut Decision<'_>, visit: StepExecution, wake: Wake) {
    let data = match &wake {
        Wake::Event(event) => json!({ "by": "event", "eventName": event.name }),
        Wake::Timer => json!({ "by": "timer" }),
        Wake::Task(_) => json!({ "by": "task" }),
        Wake::Checkpoint => Value::Null,
    };
    decision.note(JournalKind::StepWoken, Some(&visit), data);
    decision.end_wait(visit.id);
    let visit = resumed(visit, wake, decision.given.now);
    decision.put(visit);
}

pub(crate) fn checkpoint(decision: &mut Decision<'_>, visit: StepExecution, state: Value) {
    decision.note(JournalKind::StepCheckpointed, Some(&visit), Value::Null);
    let visit = resumed(visit, Wake::Checkpoint, decision.given.now);
    decision.put(StepExecution { state: Some(state), ..visit });
}

fn resumed(visit: StepExecution, wake: Wake, now: Timestamp) -> StepExecution {
    StepExecution {
        status: StepStatus::Running,
        run_at: Some(now),
        resumes: visit.resumes + 1,
        wake: Some(wake),
        updated_at: now,
        ..visit
    }
}

pub(crate) fn try_again(decision: &mut Decision<'_>, visit: StepExecution, failure: Failure, at: Timestamp) {
    let data = json!({
        "code": failure.code, "message": failure.message, "attempt": visit.attempt, "nextAt": at.to_rfc3339(),
    });
    decision.note(JournalKind::StepRetrying, Some(&visit), data);
    let updated_at = decision.given.now;
    decision.put(StepExecution {
        status: StepStatus::Pending,
        attempt: visit.attempt + 1,
        run_at: Some(at),
        failure: Some(failure),
        updated_at,
        ..visit
    });
}

/// Adds members to the event's data.
pub(crate) fn merge_event(event: &mut Value, members: &Value) {
    let Value::Object(members) = members else { return };
    if !event.is_object() {
        *event = json!({});
    }
    if let Value::Object(event) = event {
        event.extend(members.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}
