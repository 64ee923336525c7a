//! Counters: what became of the visits to each step, by version of the graph. They outlive the executions they count.
//!
//! Where nodes share a database each counts in rows of its own, its lane: else the commits of all would wait for each other.

use std::ops::AddAssign;

use stepwell_core::{DefinitionId, StepId, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, QueryBuilder};

/// Which counter: the step of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CounterKey {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) definition_id: DefinitionId,
    pub(crate) version: u32,
    pub(crate) step_id: StepId,
}

/// How often what happened at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Visits begun.
    pub entered: u64,
    /// Visits completed.
    pub completed: u64,
    /// Visits failed for good.
    pub failed: u64,
    /// Visits given up because their execution ended.
    pub skipped: u64,
    /// Messages that the mail server took.
    pub sent: u64,
    /// Messages opened at least once.
    pub opened: u64,
    /// Messages with at least one click.
    pub clicked: u64,
    /// Messages refused for good.
    pub bounced: u64,
}

impl Count {
    fn columns(&self) -> [i64; 8] {
        [self.entered, self.completed, self.failed, self.skipped, self.sent, self.opened, self.clicked, self.bounced]
            .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.entered += other.entered;
        self.completed += other.completed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.sent += other.sent;
        self.opened += other.opened;
        self.clicked += other.clicked;
        self.bounced += other.bounced;
    }
}

/// The counts of one step of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepCount {
    /// The version of the graph.
    pub version: u32,
    /// The step.
    pub step_id: StepId,
    /// Its counts.
    pub count: Count,
}

/// The counts of a definition's steps, of one version or of all.
pub async fn of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    version: Option<u32>,
) -> Result<Vec<StepCount>, StoreError> {
    let rows = sql::query(
        "select version, step_id, cast(sum(entered) as bigint) as entered, cast(sum(completed) as bigint) as completed,
         cast(sum(failed) as bigint) as failed, cast(sum(skipped) as bigint) as skipped,
         cast(sum(sent) as bigint) as sent, cast(sum(opened) as bigint) as opened,
         cast(sum(clicked) as bigint) as clicked, cast(sum(bounced) as bigint) as bounced
         from step_counter where workspace_id = $1 and definition_id = $2 and ($3 is null or version = $3)
         group by version, step_id order by version, step_id",
    )
    .bind(workspace.to_string())
    .bind(definition.to_string())
    .bind(version.map(i64::from))
    .fetch_all(conn.db())
    .await?;
    row::all(rows, |row| {
        let count = Count {
            entered: row.number("entered")?,
            completed: row.number("completed")?,
            failed: row.number("failed")?,
            skipped: row.number("skipped")?,
            sent: row.number("sent")?,
            opened: row.number("opened")?,
            clicked: row.number("clicked")?,
            bounced: row.number("bounced")?,
        };
        Ok(StepCount { version: row.number("version")?, step_id: row.parsed("step_id")?, count })
    })
}

/// The counters of one statement; a statement has a bound on parameters.
const ROWS: usize = 64;

/// How many lanes there are at most.
const LANES: u64 = 64;

/// The lane of the node of this name. The nodes of PostgreSQL have random names; two in one lane do no harm.
fn lane(conn: &Conn) -> i64 {
    if !conn.is_shared() {
        return 0;
    }
    let number = conn.node().bytes().fold(0_u64, |number, byte| number.wrapping_mul(31).wrapping_add(u64::from(byte)));
    i64::try_from(number % LANES).unwrap_or_default()
}

/// Writes what the transaction has counted, each counter once.
pub(crate) async fn flush(conn: &mut Conn) -> Result<(), sqlx::Error> {
    let mut counts: Vec<(CounterKey, Count)> = conn.take_counts().into_iter().collect();
    counts.sort_by_key(|(key, _)| (key.definition_id, key.version, key.step_id));
    let lane = lane(conn);
    for part in counts.chunks(ROWS) {
        let mut query = QueryBuilder::new(
            "insert into step_counter (workspace_id, definition_id, version, step_id, lane, entered, completed, failed,
             skipped, sent, opened, clicked, bounced) ",
        );
        query.push_values(part, |values, (key, count)| {
            values.push_bind(key.workspace_id.to_string()).push_bind(key.definition_id.to_string());
            values.push_bind(i64::from(key.version)).push_bind(key.step_id.to_string()).push_bind(lane);
            for column in count.columns() {
                values.push_bind(column);
            }
        });
        query.push(
            " on conflict (definition_id, version, step_id, lane) do update set
             entered = step_counter.entered + excluded.entered, completed = step_counter.completed + excluded.completed,
             failed = step_counter.failed + excluded.failed, skipped = step_counter.skipped + excluded.skipped,
             sent = step_counter.sent + excluded.sent, opened = step_counter.opened + excluded.opened,
             clicked = step_counter.clicked + excluded.clicked, bounced = step_counter.bounced + excluded.bounced",
        );
        query.build().execute(conn.db()).await?;
    }
    Ok(())
}
