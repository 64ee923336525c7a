//! What became of a message: the end of an attempt, opens and clicks.

use stepwell_core::{Message, MessageId, MessageStatus, Timestamp, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::counter::{Count, CounterKey};
use crate::error::StoreError;
use crate::row::{Read, word};
use crate::sql;

/// How an attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The mail server took it.
    Sent,
    /// It did not, and is to be tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// The mail server refused it for good.
    Bounced {
        /// What the mail server said.
        error: String,
    },
    /// It is given up, or must not be sent.
    Failed {
        /// Why.
        error: String,
    },
}

impl Settled {
    fn status(&self) -> MessageStatus {
        match self {
            Self::Sent => MessageStatus::Sent,
            Self::Retry { .. } => MessageStatus::Pending,
            Self::Bounced { .. } => MessageStatus::Bounced,
            Self::Failed { .. } => MessageStatus::Failed,
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Retry { error, .. } | Self::Bounced { error } | Self::Failed { error } => Some(error),
        }
    }

    fn counted(&self) -> Option<Count> {
        match self {
            Self::Sent => Some(Count { sent: 1, ..Count::default() }),
            Self::Bounced { .. } => Some(Count { bounced: 1, ..Count::default() }),
            Self::Retry { .. } | Self::Failed { .. } => None,
        }
    }
}

/// Stores how the attempt ended for which `message` was claimed, and answers with the message as it is now. `None`, and
/// nothing changes, if the lease has run out and the message was taken for another attempt.
pub async fn settle(
    conn: &mut Conn,
    message: &Message,
    end: &Settled,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    let next = if let Settled::Retry { at, .. } = end { Some(at.0) } else { None };
    let sent = (*end == Settled::Sent).then_some(now.0);
    // An open may be reported before the mail server's answer has been stored: the status does not go back.
    let row = sql::query(
        "update outbox_message set status = case when status in ('OPENED', 'CLICKED') and $3 = 'SENT' then status else $3 end,
         next_at = $4, error = $5, sent_at = $6, updated_at = $7
         where id = $1 and workspace_id = $2 and attempts = $8 and next_at is not null returning *",
    )
    .bind(message.id.to_string())
    .bind(message.workspace_id.to_string())
    .bind(word(&end.status())?)
    .bind(next)
    .bind(end.error())
    .bind(sent)
    .bind(now.0)
    .bind(i64::from(message.attempts))
    .fetch_optional(conn.db())
    .await?;
    let Some(message) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    if let Some(count) = end.counted() {
        count_at_step(conn, &message, count).await?;
    }
    Ok(Some(message))
}

/// Counts an open and answers with the message as it is now; `opens` is 1 the first time.
pub async fn record_open(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    let query = sql::query(
        "update outbox_message set opens = opens + 1, updated_at = $3,
         status = case when status in ('SENDING', 'SENT') then 'OPENED' else status end
         where id = $1 and workspace_id = $2 returning *",
    );
    let row = query.bind(id.to_string()).bind(workspace.to_string()).bind(now.0).fetch_optional(conn.db()).await?;
    let Some(message) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    if message.opens == 1 {
        count_at_step(conn, &message, Count { opened: 1, ..Count::default() }).await?;
    }
    Ok(Some(message))
}

/// Counts a click and answers with the message as it is now; `clicks` is 1 the first time.
pub async fn record_click(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    let query = sql::query(
        "update outbox_message set clicks = clicks + 1, updated_at = $3,
         status = case when status in ('SENDING', 'SENT', 'OPENED') then 'CLICKED' else status end
         where id = $1 and workspace_id = $2 returning *",
    );
    let row = query.bind(id.to_string()).bind(workspace.to_string()).bind(now.0).fetch_optional(conn.db()).await?;
    let Some(message) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    if message.clicks == 1 {
        count_at_step(conn, &message, Count { clicked: 1, ..Count::default() }).await?;
    }
    Ok(Some(message))
}

/// Adds to the counters of the step that queued the message, if a step did and its execution is still known.
async fn count_at_step(conn: &mut Conn, message: &Message, count: Count) -> Result<(), StoreError> {
    let (Some(execution), Some(step_id)) = (message.execution_id, message.step_id) else { return Ok(()) };
    let query =
        sql::query("select definition_id, definition_version from execution where id = $1 and workspace_id = $2");
    let query = query.bind(execution.to_string()).bind(message.workspace_id.to_string());
    if let Some(row) = query.fetch_optional(conn.db()).await? {
        let key = CounterKey {
            workspace_id: message.workspace_id,
            definition_id: row.parsed("definition_id")?,
            version: row.number("definition_version")?,
            step_id,
        };
        conn.count(key, count);
    }
    Ok(())
}
