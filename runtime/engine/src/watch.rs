//! Tasks that depend on what is known of an entity. If that changed while they were decided about, they are decided about again.

use serde_json::Value;
use stepwell_core::flow::{ENTITY_CHANGED, Entity, Task};
use stepwell_core::{Changes, ReceivedEvent, StepStatus, Wake};
use stepwell_store::{Conn, StoreError, flow, wait};

/// Ends the waits of tasks that this commit leaves watching entities which are others by now than they were read as. Whether there
/// are any.
pub(crate) async fn look_again(conn: &mut Conn, changes: &Changes, read: &[Entity]) -> Result<bool, StoreError> {
    let Some(people) = &changes.people else { return Ok(false) };
    let Some(flow) = &people.flow else { return Ok(false) };
    let watching: Vec<&Task> = people.tasks.iter().filter(|task| task.watches(true)).collect();
    if watching.is_empty() || flow::is_current(conn, &changes.execution, &flow.contexts, read).await? {
        return Ok(false);
    }
    let now = changes.execution.updated_at;
    let wake = Wake::Event(ReceivedEvent {
        id: changes.execution.id.0.into(),
        name: ENTITY_CHANGED.to_owned(),
        data: Value::Null,
        received_at: now,
    });
    let waits =
        |task: &Task| changes.visits.iter().find(|v| v.step_id == task.step_id && v.status == StepStatus::Waiting);
    for visit in watching.into_iter().filter_map(waits) {
        wait::nudge(conn, visit.workspace_id, visit.id, &wake, now).await?;
    }
    Ok(true)
}
