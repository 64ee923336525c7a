//! What one workspace has too much of, and the batches in which it goes.

use std::time::{Duration, Instant};

use stepwell_core::{Timestamp, WorkspaceId};
use stepwell_store::prune::Beyond;
use stepwell_store::workspace::{self, Retention as Own};
use stepwell_store::{Conn, StoreError, prune};

use super::Retention;

/// A workspace with more than this part of its bound beyond it, and so many executions at least, is far beyond it.
const FAR_PART: u64 = 8;
const FAR: u64 = 10_000;

/// What is deleted next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Executions beyond the bound.
    Beyond,
    /// Executions past their age.
    Aged,
    Events,
    Messages,
    Done,
}

/// What a workspace is to give up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    workspace: WorkspaceId,
    /// What ended before goes for its age.
    aged: Option<Timestamp>,
    /// What is beyond the bound of executions; none if nothing is.
    beyond: Option<Beyond>,
    stage: Stage,
    /// So many rows are gone.
    pub(super) deleted: u64,
}

impl Share {
    fn new(workspace: WorkspaceId, aged: Option<Timestamp>, beyond: Option<Beyond>) -> Self {
        Self { workspace, aged, beyond, stage: Stage::Beyond, deleted: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether the bound matters more than the pace of live writes.
    pub(super) fn is_far_beyond(&self) -> bool {
        self.beyond.is_some_and(|beyond| beyond.over > FAR.max(beyond.most / FAR_PART))
    }

    /// Deletes one batch, and says what is left.
    pub(super) async fn batch(mut self, conn: &mut Conn, batch: prune::Batch) -> Result<Self, StoreError> {
        let began = Instant::now();
        while !self.is_done() && began.elapsed() < batch.time {
            let left = prune::Batch { time: batch.time.saturating_sub(began.elapsed()), ..batch };
            let pruned = self.delete(conn, left).await?;
            self.deleted += pruned.deleted;
            if !pruned.more {
                self.stage = self.stage.next();
            }
        }
        Ok(self)
    }

    async fn delete(&mut self, conn: &mut Conn, batch: prune::Batch) -> Result<prune::Pruned, StoreError> {
        let nothing = prune::Pruned::default();
        match self.stage {
            Stage::Beyond => match &mut self.beyond {
                Some(beyond) if beyond.over > 0 => {
                    let batch = prune::Batch { rows: batch.rows.min(beyond.over), ..batch };
                    let pruned = prune::executions(conn, self.workspace, beyond.until.plus_millis(1), batch).await?;
                    beyond.over = beyond.over.saturating_sub(pruned.deleted);
                    Ok(prune::Pruned { more: pruned.more && beyond.over > 0, ..pruned })
                }
                _ => Ok(nothing),
            },
            Stage::Aged => match self.aged {
                Some(aged) => prune::executions(conn, self.workspace, aged, batch).await,
                None => Ok(nothing),
            },
            Stage::Events => match self.along(conn).await? {
                Some(before) => prune::events(conn, self.workspace, before, batch).await,
                None => Ok(nothing),
            },
            Stage::Messages => match self.along(conn).await? {
                Some(before) => prune::messages(conn, self.workspace, before, batch).await,
                None => Ok(nothing),
            },
            Stage::Done => Ok(nothing),
        }
    }

    /// What is older than this goes along: it is past its age, or older than the executions that are kept when the number of
    /// those is at its bound.
    async fn along(&self, conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
        let oldest = match self.beyond {
            Some(_) => prune::oldest(conn, self.workspace).await?,
            None => None,
        };
        Ok(oldest.max(self.aged))
    }
}

impl Stage {
    fn next(self) -> Self {
        match self {
            Self::Beyond => Self::Aged,
            Self::Aged => Self::Events,
            Self::Events => Self::Messages,
            Self::Messages | Self::Done => Self::Done,
        }
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)))
}

/// What each workspace keeps: what it was told, else what holds for all.
async fn kept(conn: &mut Conn, all: Retention) -> Result<Vec<(WorkspaceId, Retention)>, StoreError> {
    let own = workspace::retention(conn).await?;
    Ok(own.into_iter().map(|(workspace, own)| (workspace, settled(all, own))).collect())
}

fn settled(all: Retention, own: Own) -> Retention {
    let days = |days: u32| (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    Retention {
        age: own.days.map_or(all.age, days),
        executions: own.executions.map_or(all.executions, |most| (most > 0).then_some(most)),
    }
}

/// The workspaces that may have something to give up.
pub(super) async fn look(conn: &mut Conn, all: Retention, now: Timestamp) -> Result<Vec<Share>, StoreError> {
    let mut shares = Vec::new();
    for (workspace, kept) in kept(conn, all).await? {
        let beyond = match kept.executions {
            Some(most) => prune::beyond(conn, workspace, most).await?,
            None => None,
        };
        let aged = kept.age.map(|age| before(now, age));
        if beyond.is_some() || aged.is_some() {
            shares.push(Share::new(workspace, aged, beyond));
        }
    }
    Ok(shares)
}

/// The workspaces that do not keep everything, and when another version must have followed one for that to go.
pub(super) async fn versions_before(
    conn: &mut Conn,
    all: Retention,
    least: Duration,
    now: Timestamp,
) -> Result<Vec<(WorkspaceId, Timestamp)>, StoreError> {
    let kept = kept(conn, all).await?.into_iter();
    let bounded = kept.filter(|(_, kept)| *kept != Retention::default());
    Ok(bounded.map(|(workspace, kept)| (workspace, before(now, kept.age.unwrap_or(least).max(least)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Retention = Retention { age: Some(Duration::from_secs(60)), executions: Some(10) };

    #[test]
    fn a_workspace_keeps_what_it_was_told_and_otherwise_what_all_keep() {
        assert_eq!(settled(ALL, Own::default()), ALL);
        let own = Own { days: Some(2), executions: Some(5) };
        assert_eq!(settled(ALL, own), Retention { age: Some(Duration::from_secs(172_800)), executions: Some(5) });
        assert_eq!(settled(ALL, Own { days: Some(0), executions: Some(0) }), Retention::default());
    }

    #[test]
    fn a_workspace_a_little_beyond_its_bound_is_not_far_beyond_it() {
        let far = |over, most| {
            let beyond = Beyond { most, over, until: Timestamp(0) };
            Share::new(uuid::Uuid::nil().into(), None, Some(beyond)).is_far_beyond()
        };
        assert!(!far(10_000, 100) && far(10_001, 100));
        assert!(!far(125_000, 1_000_000) && far(125_001, 1_000_000));
    }
}
