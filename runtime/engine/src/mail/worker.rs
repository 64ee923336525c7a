//! Delivers what is due in the outbox: a bounded number at once, each under a lease. Whatever the outcome of an attempt sets off
//! is stored with it in one commit.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_core::{Message, Timestamp};
use stepwell_store::outbox::{self, Settled as End};
use stepwell_store::{Conn, StoreError, suppression};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

use super::compose::{Style, compose};
use super::deliver::{self, ATTEMPT_TIMEOUT, Delivery, MAX_ATTEMPTS, Mailer, NO_SERVER};
use super::feedback;
use crate::commit::{self, Settled, UNSUBSCRIBED};
use crate::engine::{Engine, Inner};
use crate::route::{Routed, Stamp};

/// How long an attempt may hold a message. A message whose holder died is taken again after it.
const LEASE_MS: i64 = ATTEMPT_TIMEOUT.as_millis() as i64 + 15_000;

/// The longest sleep: the database is asked again even if nobody told of something earlier.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// The same where other nodes queue messages: the one that did may have no room, or be gone.
const LONGEST_SLEEP_SHARED: Duration = Duration::from_secs(1);
/// How long to wait while other nodes are taking what is due.
const BUSY_MS: i64 = 50;
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// How long messages are put off while there is no mail server.
const WITHOUT_SERVER_MS: i64 = 60_000;
const WITHOUT_SERVER_BATCH: i64 = 200;

/// How emails are delivered.
pub struct MailOptions {
    /// The mail server.
    pub mailer: Mailer,
    /// What all emails have in common.
    pub style: Style,
    /// How many are delivered at once.
    pub at_once: usize,
}

/// The running delivery.
pub struct MailWorker {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl MailWorker {
    /// Takes no more messages and waits until the attempts under way are stored, or the deadline is over. What is left is tried
    /// again when its lease has run out.
    pub async fn stop(mut self, deadline: Duration) {
        self.stop.notify_one();
        if tokio::time::timeout(deadline, &mut self.task).await.is_err() {
            tracing::warn!("some emails were not handed over in time; they are tried again");
            self.task.abort();
        }
    }
}

impl Engine {
    /// Begins to deliver what is in the outbox.
    pub fn start_mail(&self, options: MailOptions) -> MailWorker {
        if !options.mailer.is_configured() {
            tracing::warn!("{NO_SERVER}; until then emails wait in the outbox");
        }
        let stop = Arc::new(Notify::new());
        let post = Post { inner: self.0.clone(), mailer: options.mailer, style: Arc::new(options.style) };
        let slots = Arc::new(Semaphore::new(options.at_once.max(1)));
        let task = tokio::spawn(run(post, slots, stop.clone()));
        MailWorker { stop, task }
    }
}

#[derive(Clone)]
struct Post {
    inner: Arc<Inner>,
    mailer: Mailer,
    style: Arc<Style>,
}

async fn run(post: Post, slots: Arc<Semaphore>, stop: Arc<Notify>) {
    let mut attempts = JoinSet::new();
    if let Err(error) = release(&post.inner).await {
        complain("looking for emails that a crash left behind", &error);
    }
    loop {
        let round = tokio::select! {
            () = stop.notified() => break,
            round = round(&post, &slots, &mut attempts) => round,
        };
        while attempts.try_join_next().is_some() {}
        let pause = match round {
            Ok(0) => sleep_until_due(&post.inner).await.unwrap_or(AFTER_ERROR),
            Ok(_) => Duration::ZERO,
            Err(error) => complain("taking emails from the outbox", &error),
        };
        if pause.is_zero() {
            continue;
        }
        tokio::select! {
            () = stop.notified() => break,
            () = post.inner.mail.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    while attempts.join_next().await.is_some() {}
    post.mailer.shutdown().await;
}

/// Takes up at once what was being delivered when the server was killed, if nobody else delivers from the same database.
async fn release(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let found = inner.store.write(move |conn| Box::pin(async move { outbox::release(conn, now).await })).await?;
    if found > 0 {
        tracing::info!(found, "taking up emails that were being delivered when the server stopped");
    }
    Ok(())
}

fn complain(what: &'static str, error: &StoreError) -> Duration {
    tracing::error!(error = error as &dyn Error, "{what}");
    AFTER_ERROR
}

/// How long nothing is due; an error to ask again soon.
async fn sleep_until_due(inner: &Inner) -> Result<Duration, StoreError> {
    let next = outbox::next_at(&mut inner.store.reader().await?).await?;
    let (least, longest) = if inner.store.is_shared() { (BUSY_MS, LONGEST_SLEEP_SHARED) } else { (1, LONGEST_SLEEP) };
    let left = next.map_or(i64::MAX, |at| at.millis_since(inner.clock.now()).max(least));
    Ok(Duration::from_millis(left.unsigned_abs()).min(longest))
}

/// Takes up as many messages as there is room for, and says how many that were. May be dropped at any point: a message that
/// was claimed and not begun comes back when its lease has run out.
async fn round(post: &Post, slots: &Arc<Semaphore>, attempts: &mut JoinSet<()>) -> Result<usize, StoreError> {
    if !post.mailer.is_configured() {
        return put_off(&post.inner).await;
    }
    let Ok(first) = slots.clone().acquire_owned().await else { return Ok(0) };
    let mut permits = vec![first];
    while let Ok(permit) = slots.clone().try_acquire_owned() {
        permits.push(permit);
    }
    let claimed = claim(&post.inner, i64::try_from(permits.len()).unwrap_or(i64::MAX)).await?;
    let count = claimed.len();
    for (message, permit) in claimed.into_iter().zip(permits) {
        attempts.spawn(attempt(post.clone(), message, permit));
    }
    Ok(count)
}

async fn claim(inner: &Inner, limit: i64) -> Result<Vec<Message>, StoreError> {
    let now = inner.clock.now();
    let next = outbox::next_at(&mut inner.store.reader().await?).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    let until = now.plus_millis(LEASE_MS);
    inner.store.write(move |conn| Box::pin(async move { outbox::claim_due(conn, now, until, limit).await })).await
}

/// Says in due messages why they wait. No attempt is counted.
async fn put_off(inner: &Inner) -> Result<usize, StoreError> {
    let now = inner.clock.now();
    let due = outbox::due(&mut inner.store.reader().await?, now, WITHOUT_SERVER_BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let end = End::Retry { at: now.plus_millis(WITHOUT_SERVER_MS), error: NO_SERVER.to_owned() };
    let count = due.len();
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                for message in &due {
                    outbox::settle(conn, message, &end, now).await?;
                }
                Ok(count)
            })
        })
        .await
}

/// How an attempt ended, and whether the recipient's address is to be kept from marketing messages.
#[derive(Clone)]
struct Ended {
    end: End,
    bad_address: bool,
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        Self { end, bad_address: false }
    }
}

async fn attempt(post: Post, message: Message, _slot: OwnedSemaphorePermit) {
    let ended = match hand_over(&post, &message).await {
        Ok(ended) => ended,
        Err(error) => {
            complain("checking the consent to an email", &error);
            return;
        }
    };
    let (id, attempt) = (message.id, message.attempts);
    match &ended.end {
        End::Sent => tracing::debug!(message = %id, "an email was sent"),
        End::Retry { at, error } => {
            tracing::warn!(message = %id, attempt, next = %at, error, "an email was not sent yet")
        }
        End::Bounced { error } | End::Failed { error } => tracing::warn!(message = %id, error, "an email was not sent"),
    }
    metrics::counter!("stepwell_emails_total", "result" => word(&ended.end)).increment(1);
    match settle(&post.inner, message, ended).await {
        Ok(routed) => post.inner.announce(Settled { routed, ..Settled::default() }),
        Err(error) => drop(complain("storing what became of an email", &error)),
    }
}

fn word(end: &End) -> &'static str {
    match end {
        End::Sent => "sent",
        End::Retry { .. } => "retry",
        End::Bounced { .. } => "bounced",
        End::Failed { .. } => "failed",
    }
}

async fn hand_over(post: &Post, message: &Message) -> Result<Ended, StoreError> {
    let now = post.inner.clock.now();
    if deliver::is_too_old(message.created_at, now) {
        return Ok(failed("it waited too long to be sent"));
    }
    if message.attempts > MAX_ATTEMPTS {
        return Ok(failed("the server stopped during each attempt"));
    }
    let mut conn = post.inner.store.reader().await?;
    let allowed = commit::may_send(&mut conn, message).await?;
    drop(conn);
    if !allowed {
        return Ok(failed(UNSUBSCRIBED));
    }
    let (message_of, links, style) = (message.clone(), post.inner.links.clone(), post.style.clone());
    let mail = tokio::task::spawn_blocking(move || compose(&message_of, &links, &style)).await;
    Ok(match mail {
        Ok(Ok(mail)) => judge(post.mailer.send(mail).await, message, post.inner.clock.now()),
        Ok(Err(unsendable)) => failed(&unsendable.to_string()),
        Err(_) => failed("the email could not be composed"),
    })
}

fn failed(error: &str) -> Ended {
    End::Failed { error: error.to_owned() }.into()
}

/// What the mail server's answer means for the message.
fn judge(delivery: Delivery, message: &Message, now: Timestamp) -> Ended {
    match delivery {
        Delivery::Sent => End::Sent.into(),
        Delivery::Later(error) => {
            match deliver::next_attempt(message.attempts, message.created_at, now, rand::random()) {
                Some(at) => End::Retry { at, error }.into(),
                None => End::Failed { error: format!("given up after {} attempts: {error}", message.attempts) }.into(),
            }
        }
        Delivery::Bounced { answer, bad_address } => Ended { end: End::Bounced { error: answer }, bad_address },
        Delivery::Impossible(error) => End::Failed { error }.into(),
    }
}

/// Stores the end of an attempt with its event, what that sets off, and the suppression of a bad address.
async fn settle(inner: &Inner, message: Message, ended: Ended) -> Result<Routed, StoreError> {
    let (stamp, links) = (inner.stamp(), inner.links.clone());
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let Some(stored) = outbox::settle(conn, &message, &ended.end, stamp.now).await? else {
                    return Ok(Routed::default());
                };
                suppress(conn, &stored, &ended, stamp.now).await?;
                match event(&ended.end, &stamp) {
                    Some((name, more)) => feedback::emit(conn, name, &stored, more, &links, &stamp).await,
                    None => Ok(Routed::default()),
                }
            })
        })
        .await
}

async fn suppress(conn: &mut Conn, message: &Message, ended: &Ended, now: Timestamp) -> Result<(), StoreError> {
    match ended.bad_address {
        true => suppression::add(conn, message.workspace_id, &message.email.to, "bounce", now).await,
        false => Ok(()),
    }
}

/// The event that the end of an attempt is, and its own data.
fn event(end: &End, stamp: &Stamp) -> Option<(&'static str, Value)> {
    let now = stamp.now.to_rfc3339();
    match end {
        End::Sent => Some(("email.sent", json!({ "sentAt": now }))),
        End::Bounced { .. } => {
            Some(("email.bounce", json!({ "bounceType": "Permanent", "transientBounce": false, "bouncedAt": now })))
        }
        End::Retry { .. } | End::Failed { .. } => None,
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
