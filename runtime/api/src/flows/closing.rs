//! Closing reasons of executions, of both versions.

use stepwell_core::WorkspaceId;
use stepwell_core::flow::{Closing, Reason};
use stepwell_store::{Conn, closing_reason};

use super::wire::common::ClosingReason;
use crate::error::ApiError;

/// The most reasons of one execution.
const MAX_REASONS: usize = 100;

/// The most characters of a reason's id or title.
const MAX_TEXT: usize = 1_000;

/// The reasons of these ids to choose from, as the catalogue has them now. `single`: whether only one may be chosen.
pub(crate) async fn configured(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: Option<Vec<String>>,
    single: Option<bool>,
) -> Result<Closing, ApiError> {
    let configured = match ids {
        Some(ids) => Some(closing_reason::titles(conn, workspace, &ids).await?),
        None => None,
    };
    Ok(Closing { configured, single, ..Closing::default() })
}

/// Reasons as they were sent. They need not be of the catalogue, since they bring their titles.
pub(crate) fn reasons(sent: Vec<ClosingReason>, field: &str) -> Result<Vec<Reason>, ApiError> {
    if sent.len() > MAX_REASONS {
        return Err(ApiError::field(field, "too_big", format!("must have at most {MAX_REASONS} items")));
    }
    for (place, reason) in sent.iter().enumerate() {
        for (name, text) in [("id", &reason.id), ("title", &reason.title)] {
            if text.chars().count() > MAX_TEXT {
                let message = format!("must have at most {MAX_TEXT} characters");
                return Err(ApiError::field(format!("{field}.{place}.{name}"), "too_big", message));
            }
        }
    }
    Ok(sent.into_iter().map(|reason| Reason { id: reason.id, title: reason.title }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_taken_as_they_are_up_to_a_bound() {
        let one = |id: &str| ClosingReason { id: id.to_owned(), title: "Lost".into() };
        let read = reasons(vec![one("a"), one("b")], "selected").expect("reasons");
        assert_eq!(read.iter().map(|reason| reason.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let field = |sent| reasons(sent, "selected").expect_err("refused").errors()[0].field.clone();
        assert_eq!(field(vec![one("a"); 101]), "selected");
        assert_eq!(field(vec![one(&"x".repeat(1_001))]), "selected.0.id");
    }
}
