//! Outputs and states that are too large for the hot rows of step executions, in a table of their own.
//!
//! A row whose output or state is kept apart holds [`APART`] in its place, and is read together with it, by one statement. One
//! that is replaced leaves nothing behind because the decision names it ([`Changes::large_over`](stepwell_core::Changes)).

use stepwell_core::{LARGE_VALUE, StepExecution, StepExecutionId, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row;
use crate::sql::{self, QueryBuilder};

/// What stands in a hot row for a value that is kept apart. It is no JSON.
pub(crate) const APART: &str = "@";

/// All columns of a step execution, for [`step_execution::read`](crate::step_execution::read), before whatever chooses the rows.
/// Nothing is looked for where nothing is kept apart.
macro_rules! visit_columns {
    () => {
        "*, case when output = '@' then (select v.value from step_value v where v.step_execution_id = step_execution.id
         and v.kind = 'output') end as large_output, case when state = '@' then (select v.value from step_value v
         where v.step_execution_id = step_execution.id and v.kind = 'state') end as large_state"
    };
}
pub(crate) use visit_columns;

/// `select <all columns> from step_execution <rest>`.
macro_rules! select_visits {
    ($rest:literal) => {
        concat!("select ", crate::step_value::visit_columns!(), " from step_execution ", $rest)
    };
}
pub(crate) use select_visits;

/// Step executions of one statement.
const ROWS: usize = 100;

/// Which value of a step execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Output,
    State,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::State => "state",
        }
    }
}

/// A value on its way to the table.
pub(crate) struct Large<'v> {
    visit: &'v StepExecution,
    kind: Kind,
    text: String,
}

/// What the hot row is to hold of a value. One that is too large for it is added to `large`.
pub(crate) fn hot<'v>(
    visit: &'v StepExecution,
    kind: Kind,
    text: Option<String>,
    large: &mut Vec<Large<'v>>,
) -> Option<String> {
    let text = text?;
    if text.len() <= LARGE_VALUE {
        return Some(text);
    }
    large.push(Large { visit, kind, text });
    Some(APART.to_owned())
}

/// Stores values of visits that are stored. One statement each: together they could be more than a statement may hold.
pub(crate) async fn insert(conn: &mut Conn, values: Vec<Large<'_>>) -> Result<(), StoreError> {
    for Large { visit, kind, text } in values {
        let query = sql::query(
            "insert into step_value (step_execution_id, workspace_id, kind, value) values ($1, $2, $3, $4)
             on conflict (step_execution_id, kind) do update set value = excluded.value",
        );
        let query = query.bind(visit.id.to_string()).bind(visit.workspace_id.to_string());
        query.bind(kind.as_str()).bind(text).execute(conn.db()).await?;
    }
    Ok(())
}

/// Drops what is kept apart of these visits.
pub(crate) async fn remove(
    conn: &mut Conn,
    workspace: WorkspaceId,
    visits: &[StepExecutionId],
) -> Result<(), StoreError> {
    for part in visits.chunks(ROWS) {
        let mut query = QueryBuilder::new("delete from step_value where workspace_id = ");
        query.push_bind(workspace.to_string());
        row::push_in(&mut query, " and step_execution_id in ", part.iter().map(StepExecutionId::to_string));
        query.build().execute(conn.db()).await?;
    }
    Ok(())
}
