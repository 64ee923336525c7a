//! Why an act changes nothing, in the words of the second version (spec epilot-flows, 2).

use stepwell_core::flow::{ActRefused, Deed};
use stepwell_engine::EngineError;
use stepwell_store::StoreError;

use super::error::{Absent, invalid};
use crate::error::ApiError;

/// What is refused: a bad request that names the member; a task that went away meanwhile is answered as the deed's route answers for
/// one that was never there.
pub(crate) fn refused(error: EngineError, absent: Absent) -> ApiError {
    let refused = match error {
        EngineError::Act(refused) => refused,
        EngineError::UnknownExecution(id) => return absent.error("flow execution", &id.to_string()),
        // Only an added task brings an id of its own; this one is of another execution.
        EngineError::Store(StoreError::AlreadyExists) => ActRefused::IdTaken,
        // Deleted in the meantime.
        EngineError::UnknownDefinition(id) => return absent.error("flow template", &id.to_string()),
        other => return other.into(),
    };
    match &refused {
        ActRefused::UnknownTask(id) => absent.error("task", id),
        ActRefused::UnknownPhase(id) => absent.error("phase", id),
        wrong => match field(wrong) {
            Some(field) => invalid(field, without(field, &refused.to_string())),
            None => ApiError::bad_request(refused.to_string()),
        },
    }
}

/// How the route of a deed answers for what is not there.
pub(super) fn absent(does: &Deed) -> Absent {
    match does {
        Deed::PatchTask(..)
        | Deed::PatchFlow(_)
        | Deed::CancelSchedule(_)
        | Deed::RunScheduleNow(_)
        | Deed::Reconcile(..)
        | Deed::Complete(..)
        | Deed::Skip(..)
        | Deed::Assign(..) => Absent::NotFound,
        Deed::Execute(_)
        | Deed::RunAutomation(_)
        | Deed::PatchPhase(..)
        | Deed::AddTask(_)
        | Deed::InsertItem(_)
        | Deed::MoveItem { .. }
        | Deed::RemoveItem(_)
        | Deed::Several(_) => Absent::BadRequest,
    }
}

/// The member that is wrong, if it is one.
fn field(refused: &ActRefused) -> Option<&str> {
    match refused {
        ActRefused::Invalid { field, .. } => Some(field),
        ActRefused::UnknownCondition(_) | ActRefused::NotDecision | ActRefused::NeedsBranch => {
            Some("next_condition_id")
        }
        ActRefused::Status { .. } | ActRefused::Disabled | ActRefused::FlowStatus { .. } => Some("status"),
        ActRefused::OneReason => Some("closing_reason.selected_reasons"),
        ActRefused::NoSuchEdge => Some("next_task_id"),
        ActRefused::IdTaken => Some("task.id"),
        ActRefused::UnknownTask(_)
        | ActRefused::UnknownPhase(_)
        | ActRefused::NotScheduled
        | ActRefused::NotAutomation
        | ActRefused::NotCurrent
        | ActRefused::FlowNotStarted
        | ActRefused::TaskDone { .. }
        | ActRefused::TooMany { .. } => None,
    }
}

/// The words behind the member's name.
fn without(field: &str, text: &str) -> String {
    text.strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use stepwell_core::flow::TaskStatus;

    use super::*;

    fn sent(refused: ActRefused, absent: Absent) -> (StatusCode, Option<(String, String)>) {
        let error = super::refused(EngineError::Act(refused), absent);
        let named = error.errors().first().map(|wrong| (wrong.field.clone(), wrong.message.clone()));
        (crate::flows::error::status(error.status()), named)
    }

    #[test]
    fn a_wrong_member_is_named_once() {
        let change = ActRefused::Status { from: TaskStatus::Completed, to: TaskStatus::InProgress };
        let (status, named) = sent(change, Absent::NotFound);
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let (field, message) = named.expect("a field");
        assert_eq!(field, "status");
        assert!(message.starts_with("a task that is"), "{message}");
        let wrong = ActRefused::Invalid { field: "contexts".into(), message: "is empty".into() };
        assert_eq!(sent(wrong, Absent::NotFound).1, Some(("contexts".to_owned(), "is empty".to_owned())));
    }

    #[test]
    fn what_is_not_there_is_answered_as_the_route_says() {
        let gone = || ActRefused::UnknownTask("t".into());
        assert_eq!(sent(gone(), absent(&Deed::RemoveItem(stepwell_core::TaskId(uuid::Uuid::nil())))).0, 400);
        assert_eq!(sent(gone(), absent(&Deed::CancelSchedule(stepwell_core::TaskId(uuid::Uuid::nil())))).0, 404);
        assert_eq!(sent(ActRefused::NotScheduled, Absent::NotFound), (StatusCode::BAD_REQUEST, None));
    }
}
