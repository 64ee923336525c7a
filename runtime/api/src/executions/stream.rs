//! The journal as server-sent events.
//!
//! The entries are read from the database in order, by number: what wakes the stream only says that it is time to look.

use std::convert::Infallible;
use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::Stream;
use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_engine::Follower;
use stepwell_store::{Conn, StoreError, execution, flow, journal};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::auth::Pass;
use crate::state::ApiState;
use crate::workflows;

/// How many entries are in memory at once.
const PAGE: i64 = 200;

/// How long a client is asked to wait before it comes back, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// Whose journal is sent to whom.
pub(super) struct Feed {
    pub(super) state: ApiState,
    pub(super) pass: Pass,
    pub(super) workspace: WorkspaceId,
    pub(super) execution: ExecutionId,
}

/// How an execution stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unknown,
    Running,
    Ended,
    Gone,
}

/// How an execution stands. A flow that was deleted softly is gone.
pub(super) async fn standing(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<Standing, StoreError> {
    let Some(found) = execution::get(conn, workspace, id).await? else { return Ok(Standing::Gone) };
    if found.status.is_terminal() {
        // Only one that has ended can be deleted so.
        let gone = flow::is_deleted(conn, workspace, id).await?;
        return Ok(if gone { Standing::Gone } else { Standing::Ended });
    }
    Ok(Standing::Running)
}

struct Sending {
    feed: Feed,
    follower: Follower,
    /// The number of the last entry that was sent.
    after: i64,
    standing: Standing,
    /// When something was sent last that happened.
    sent: Instant,
    beat: Interval,
    begun: bool,
}

/// The events behind entry number `after`, for as long as there may be more.
pub(super) fn stream(feed: Feed, follower: Follower, after: i64) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let (sent, every) = (Instant::now(), feed.state.options().stream_beat);
    let mut beat = tokio::time::interval_at(sent + every, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sending = Sending { feed, follower, after, standing: Standing::Unknown, sent, beat, begun: false };
    futures_util::stream::unfold(sending, |mut sending| async move {
        let text = sending.next().await?;
        Some((Ok(Bytes::from(text)), sending))
    })
}

impl Sending {
    /// What to send next; `None` at the end. A client that is cut off by an error comes back and is answered with it.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(RETRY.to_owned());
        }
        loop {
            let found = self.look().await;
            match found {
                Ok(Some(events)) => return Some(events),
                Ok(None) => {}
                Err(error) => {
                    tracing::info!(%error, execution = %self.feed.execution, "a live stream was ended");
                    return None;
                }
            }
            let ends = match self.standing {
                Standing::Gone => return None,
                Standing::Ended => Some(self.sent + self.feed.state.options().stream_linger),
                Standing::Unknown | Standing::Running => None,
            };
            tokio::select! {
                goes_on = self.follower.next() => if !goes_on { return None },
                _ = self.beat.tick() => return self.alive().await,
                () = until(ends) => return None,
            }
        }
    }

    /// The entries that were not sent yet. If there are none, it is known afterwards how the execution stands.
    async fn look(&mut self) -> Result<Option<String>, StoreError> {
        let Feed { workspace, execution: id, .. } = self.feed;
        let mut conn = self.feed.state.store().reader().await?;
        let entries = journal::page(&mut conn, workspace, id, self.after, PAGE).await?;
        if let Some(last) = entries.last() {
            (self.after, self.sent, self.standing) = (last.number, Instant::now(), Standing::Unknown);
            return Ok(Some(entries.into_iter().map(|entry| event(&workflows::journal_entry(entry))).collect()));
        }
        if self.standing == Standing::Unknown {
            self.standing = standing(&mut conn, workspace, id).await?;
        }
        Ok(None)
    }

    /// A comment, unless the key is not valid any more.
    async fn alive(&mut self) -> Option<String> {
        self.standing = Standing::Unknown;
        let valid = self.feed.pass.is_valid(&self.feed.state).await;
        valid.then(|| ":\n\n".to_owned())
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// One entry as an event. JSON has no line breaks outside of its texts, and escapes them there.
fn event(entry: &workflows::JournalEntry) -> String {
    let data = serde_json::to_string(entry).unwrap_or_default();
    let mut text = String::with_capacity(data.len() + 64);
    // Writing to memory does not fail.
    let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", entry.number, entry.kind);
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell_core::Timestamp;

    use super::*;
    use crate::wire::Time;

    #[test]
    fn an_entry_is_one_event_whatever_is_in_it() {
        let entry = workflows::JournalEntry {
            number: 7,
            at: Time(Timestamp(0)),
            kind: "step-failed",
            step_id: None,
            step_execution_id: None,
            data: json!({ "message": "one\n\nid: 9\r\n" }),
        };
        let text = event(&entry);
        assert!(text.starts_with("id: 7\nevent: step-failed\ndata: {"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.ends_with("}\n\n"), "{text}");
    }
}
