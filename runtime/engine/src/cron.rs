//! Schedules: fires cron triggers, each firing once. A firing for an audience goes through its contacts in bounded commits and
//! remembers how far it came, so that a crash in the middle neither skips nor doubles anybody.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell_core::{Contact, ContactId, CronSchedule, Definition, Start, Timestamp, TriggerKind};
use stepwell_rules::{Documents, Rule};
use stepwell_store::{Conn, StoreError, contact, definition, schedule};

use crate::commit::Settled;
use crate::engine::Inner;
use crate::route::{self, Routed, Stamp};

/// How many due schedules one pass takes, and how many contacts one commit.
const BATCH: i64 = 100;
/// The longest sleep between two looks.
const LONGEST: Duration = Duration::from_secs(30);
/// The same where other nodes write schedules: the one that did may be gone.
const LONGEST_SHARED: Duration = Duration::from_secs(1);
/// How long to wait while another node fires what is due.
const BUSY_MS: i64 = 100;
/// A firing this late was missed, for a schedule that skips missed firings.
const LATE_MS: i64 = 60_000;

/// The settings of a `SCHEDULE` trigger: `triggerConfig`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduleConfig {
    /// A cron expression of five fields, or six with seconds first.
    pub cron: String,
    /// An IANA time zone.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// What happens with firings missed while the server was down.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// For which contacts; without it one execution without a contact is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// What happens with firings missed while the server was down.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// All of them together fire once.
    #[default]
    Once,
    /// They are left out.
    Skip,
}

/// Which contacts a schedule is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audience {
    /// Only those whose subscription is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribed: Option<bool>,
    /// Only those for whom this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Rule>,
}

/// How far a firing for an audience came.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    fired_at: Timestamp,
    after: Option<ContactId>,
}

/// The next firing of a definition after a time; `None` if it has no schedule, or one that is over.
pub fn next_firing(definition: &Definition, after: Timestamp) -> Option<Timestamp> {
    let config = config_of(definition)?;
    CronSchedule::parse(&config.cron, &config.time_zone).ok()?.next_after(after)
}

/// Writes, or takes away, the row that makes a definition fire. Part of every commit that changes a definition's head.
pub async fn arm(conn: &mut Conn, definition: &Definition, now: Timestamp) -> Result<(), StoreError> {
    match next_firing(definition, now).filter(|_| definition.enabled) {
        Some(at) => schedule::set(conn, definition.workspace_id, definition.id, at).await,
        None => schedule::remove(conn, definition.workspace_id, definition.id).await,
    }
}

fn config_of(definition: &Definition) -> Option<ScheduleConfig> {
    let scheduled = definition.trigger == TriggerKind::Schedule;
    scheduled.then(|| serde_json::from_value(definition.trigger_config.clone()).ok()).flatten()
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let longest = if inner.store.is_shared() { LONGEST_SHARED } else { LONGEST };
    while !inner.stopping() {
        let pause = match pass(&inner).await {
            Ok(next) => pause(inner.clock.now(), next).min(longest),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "firing schedules");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = inner.schedules.notified() => {}
        }
    }
}

fn pause(now: Timestamp, next: Option<Timestamp>) -> Duration {
    let left = next.map_or(i64::MAX, |next| next.millis_since(now)).max(0);
    Duration::from_millis(left.unsigned_abs()).min(LONGEST)
}

/// Fires what is due, and says when the next is.
async fn pass(inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let due = schedule::due(&mut inner.store.reader().await?, inner.clock.now(), BATCH).await?;
        if due.is_empty() {
            return schedule::next(&mut inner.store.reader().await?).await;
        }
        let mut fired = false;
        for entry in due {
            let stamp = inner.stamp();
            let done = inner.store.write(move |conn| Box::pin(async move { fire(conn, &entry, &stamp).await })).await?;
            fired |= done.is_some();
            inner.announce(Settled { routed: done.unwrap_or_default(), ..Settled::default() });
        }
        if !fired {
            return Ok(Some(inner.clock.now().plus_millis(BUSY_MS)));
        }
    }
}

/// One commit of one firing, unless another node fires it, or has: the row is read again inside it.
async fn fire(conn: &mut Conn, entry: &schedule::Entry, stamp: &Stamp) -> Result<Option<Routed>, StoreError> {
    let stored = schedule::take(conn, entry.workspace_id, entry.definition_id).await?;
    match stored.filter(|stored| stored.next_at <= stamp.now) {
        Some(entry) => advance(conn, entry, stamp).await.map(Some),
        None => Ok(None),
    }
}

async fn advance(conn: &mut Conn, entry: schedule::Entry, stamp: &Stamp) -> Result<Routed, StoreError> {
    let mut routed = Routed::default();
    let found = definition::get(conn, entry.workspace_id, entry.definition_id).await?;
    let Some((found, config)) = found.and_then(|found| config_of(&found).map(|config| (found, config))) else {
        schedule::remove(conn, entry.workspace_id, entry.definition_id).await?;
        return Ok(routed);
    };
    let progress: Option<Progress> = serde_json::from_value(entry.progress.clone()).ok();
    let missed = progress.is_none() && stamp.now.millis_since(entry.next_at) > LATE_MS;
    if !found.enabled || (missed && config.catch_up == CatchUp::Skip) {
        return arm(conn, &found, stamp.now).await.map(|()| routed);
    }
    let fired_at = progress.as_ref().map_or(entry.next_at, |progress| progress.fired_at);
    match &config.audience {
        None => {
            let with = Start { event: event(fired_at), ..Start::default() };
            route::begin(conn, &found, with, stamp, &mut routed).await?;
        }
        Some(audience) => {
            let after = progress.and_then(|progress| progress.after);
            let last = start_page(conn, &found, audience, (fired_at, after), stamp, &mut routed).await?;
            if let Some(last) = last {
                let progress = json!(Progress { fired_at, after: Some(last) });
                schedule::set_progress(conn, entry.workspace_id, entry.definition_id, &progress).await?;
                return Ok(routed);
            }
        }
    }
    arm(conn, &found, stamp.now).await?;
    Ok(routed)
}

/// Starts the next contacts of an audience; gives the last one looked at, or `None` when there are no more.
async fn start_page(
    conn: &mut Conn,
    found: &Definition,
    audience: &Audience,
    (fired_at, after): (Timestamp, Option<ContactId>),
    stamp: &Stamp,
    routed: &mut Routed,
) -> Result<Option<ContactId>, StoreError> {
    let page = contact::after(conn, found.workspace_id, after, audience.subscribed, BATCH).await?;
    for contact in page.iter().filter(|contact| includes(audience, contact, stamp.now)) {
        let with = Start { contact_id: Some(contact.id), event: event(fired_at), ..Start::default() };
        route::begin(conn, found, with, stamp, routed).await?;
    }
    Ok(page.last().map(|contact| contact.id))
}

fn event(fired_at: Timestamp) -> Value {
    json!({ "scheduledFor": fired_at.to_rfc3339() })
}

fn includes(audience: &Audience, contact: &Contact, now: Timestamp) -> bool {
    let Some(filter) = &audience.filter else { return true };
    let (document, nothing) = (contact.document(), Value::Null);
    let documents = Documents { contact: &document, event: &nothing, steps: &nothing, variables: &nothing };
    filter.holds(&documents, now.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_core::{Reentry, testing};

    fn scheduled(config: Value) -> Definition {
        Definition { trigger: TriggerKind::Schedule, trigger_config: config, ..testing::definition(Reentry::Always) }
    }

    #[test]
    fn a_schedule_fires_at_its_next_time_and_other_triggers_never_do() {
        let daily = scheduled(json!({ "cron": "0 9 * * *" }));
        assert_eq!(next_firing(&daily, Timestamp(0)), Some(Timestamp(9 * 3_600_000)));
        assert_eq!(next_firing(&testing::definition(Reentry::Always), Timestamp(0)), None);
        assert_eq!(next_firing(&scheduled(json!({ "cron": "never" })), Timestamp(0)), None);
    }

    #[test]
    fn the_pause_ends_with_the_next_firing() {
        assert_eq!(pause(Timestamp(1_000), Some(Timestamp(1_500))), Duration::from_millis(500));
        assert_eq!(pause(Timestamp(1_000), Some(Timestamp(500))), Duration::ZERO);
        assert_eq!(pause(Timestamp(1_000), None), LONGEST);
    }
}
