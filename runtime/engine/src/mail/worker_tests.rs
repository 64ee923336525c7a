use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use stepwell_core::{
    Clock, Contact, Digest, MessageStatus, PluginError, PluginHost, PluginInfo, Problem, RetryPolicy, SequentialIds,
    StepDescriptor, StepReport, StepRequest, StepRunner, WorkspaceId,
};
use stepwell_store::{Store, contact, event, workspace};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::engine::EngineOptions;
use crate::links::{Claim, LinkKind};
use crate::mail::SmtpUrl;
use crate::mail::compose::tests::{links, message};
use crate::prune::Retention;

/// A clock that only moves when it is told to.
#[derive(Default)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// No step runs in these tests.
struct Nobody;

#[async_trait]
impl StepRunner for Nobody {
    async fn run(&self, _: StepRequest) -> StepReport {
        StepReport::of(stepwell_core::Outcome::Exited { reason: None })
    }
    fn default_retry(&self, _: Option<Digest>, _: WorkspaceId, _: &str) -> RetryPolicy {
        RetryPolicy::NONE
    }
}

#[async_trait]
impl PluginHost for Nobody {
    async fn inspect(&self, _: &[u8]) -> Result<PluginInfo, PluginError> {
        Err(PluginError::Refused { code: "none", message: "none".into() })
    }
    async fn activate(&self, _: &PluginInfo, _: &[u8]) -> Result<(), PluginError> {
        Ok(())
    }
    fn deactivate(&self, _: Option<WorkspaceId>, _: Digest) {}
    fn list(&self, _: WorkspaceId) -> Vec<PluginInfo> {
        Vec::new()
    }
    fn lookup(&self, _: WorkspaceId, _: &str) -> Option<(Digest, StepDescriptor)> {
        None
    }
    async fn validate(&self, _: Digest, _: &str, _: &serde_json::Value) -> Result<Vec<Problem>, PluginError> {
        Ok(Vec::new())
    }
}

/// An engine with one message in its outbox, and its clock.
struct Scene {
    engine: Engine,
    clock: Arc<ManualClock>,
    message: Message,
    _folder: TempDir,
}

impl Scene {
    async fn of(message: Message, subscribed: bool) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.expect("store");
        let clock = Arc::new(ManualClock(message.created_at.0.into()));
        let engine = Engine::new(EngineOptions {
            store,
            runner: Arc::new(Nobody),
            plugins: Arc::new(Nobody),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
            links: links(),
            concurrency: 1,
            queue_limit: 1,
            retention: Retention::default(),
        });
        let scene = Self { engine, clock, message, _folder: folder };
        scene.fill(subscribed).await;
        scene
    }

    async fn fill(&self, subscribed: bool) {
        let message = self.message.clone();
        let filled: Result<(), StoreError> = self
            .engine
            .store()
            .write(move |conn| {
                Box::pin(async move {
                    let (id, now) = (message.workspace_id, message.created_at);
                    let home = workspace::Workspace {
                        id,
                        name: "w".into(),
                        disabled: false,
                        created_at: now,
                        updated_at: now,
                    };
                    workspace::insert(conn, &home, b"secret").await?;
                    if let Some(contact_id) = message.email.contact_id {
                        let change = stepwell_core::ContactChange::default();
                        contact::upsert(conn, id, &message.email.to, &change, subscribed, contact_id, now).await?;
                    }
                    outbox::insert(conn, &message).await
                })
            })
            .await;
        filled.expect("filled");
    }

    /// The message once `done` holds for it.
    async fn once(&self, done: impl Fn(&Message) -> bool) -> Message {
        loop {
            let mut conn = self.engine.store().reader().await.expect("reader");
            let found = outbox::get(&mut conn, self.message.workspace_id, self.message.id).await.expect("read");
            drop(conn);
            let found = found.expect("the message");
            if done(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn events(&self) -> Vec<String> {
        let mut conn = self.engine.store().reader().await.expect("reader");
        event::names(&mut conn, self.message.workspace_id).await.expect("names")
    }

    async fn is_suppressed(&self) -> bool {
        let mut conn = self.engine.store().reader().await.expect("reader");
        suppression::contains(&mut conn, self.message.workspace_id, &self.message.email.to).await.expect("read")
    }

    fn deliver(&self, mailer: Mailer) -> MailWorker {
        self.engine.start_mail(MailOptions { mailer, style: Style::default(), at_once: 2 })
    }

    fn claim(&self, target: Option<&str>) -> Claim {
        Claim {
            workspace_id: self.message.workspace_id,
            contact_id: self.message.email.contact_id,
            message_id: Some(self.message.id),
            target: target.map(str::to_owned),
        }
    }
}

fn due_message() -> Message {
    let message = message(serde_json::Value::Null);
    Message { next_at: Some(message.created_at), ..message }
}

/// A mail server that answers each RCPT with the next of these, and then 250.
async fn server(answers: &'static [&'static str]) -> Mailer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("smtp://{}?tls=none", listener.local_addr().expect("address"));
    let answers = Arc::new(std::sync::Mutex::new(answers.iter()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answers = answers.clone();
            let next = move || answers.lock().ok().and_then(|mut answers| answers.next().copied()).unwrap_or("250 ok");
            tokio::spawn(talk(stream, next));
        }
    });
    Mailer::new(&url.parse::<SmtpUrl>().expect("url"), "localhost", 2).expect("mailer")
}

async fn talk(stream: TcpStream, next: impl Fn() -> &'static str) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut in_data = false;
    write.write_all(b"220 peer\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.get(..4).unwrap_or(&line) {
            "." => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => continue,
            "RCPT" => next(),
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_due_message_is_handed_over_once_and_its_event_is_stored() {
    let scene = Scene::of(due_message(), true).await;
    let worker = scene.deliver(server(&[]).await);
    let sent = scene.once(|message| message.sent_at.is_some()).await;
    assert_eq!((sent.status, sent.attempts, sent.next_at), (MessageStatus::Sent, 1, None));
    assert_eq!(scene.events().await, ["email.sent"]);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_passing_refusal_is_tried_again_when_its_time_has_come() {
    let scene = Scene::of(due_message(), true).await;
    let worker = scene.deliver(server(&["451 4.3.0 not now"]).await);
    let waiting = scene.once(|message| message.error.is_some()).await;
    assert_eq!((waiting.status, waiting.attempts), (MessageStatus::Pending, 1));
    assert!(waiting.error.is_some_and(|error| error.contains("not now")));
    scene.clock.0.store(waiting.next_at.expect("a next attempt").0, Ordering::Relaxed);
    scene.engine.0.mail.notify_one();
    let sent = scene.once(|message| message.sent_at.is_some()).await;
    assert_eq!((sent.attempts, sent.error), (2, None));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_unknown_recipient_bounces_and_gets_no_more_marketing() {
    let scene = Scene::of(due_message(), true).await;
    let worker = scene.deliver(server(&["550 5.1.1 no such user"]).await);
    let bounced = scene.once(|message| message.next_at.is_none()).await;
    assert_eq!(bounced.status, MessageStatus::Bounced);
    assert_eq!(scene.events().await, ["email.bounce"]);
    assert!(scene.is_suppressed().await);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_refusal_of_the_content_bounces_and_blames_no_address() {
    let scene = Scene::of(due_message(), true).await;
    let worker = scene.deliver(server(&["554 5.7.1 looks like spam"]).await);
    assert_eq!(scene.once(|message| message.next_at.is_none()).await.status, MessageStatus::Bounced);
    assert!(!scene.is_suppressed().await);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_contact_that_unsubscribed_since_the_message_was_queued_gets_nothing() {
    let scene = Scene::of(due_message(), false).await;
    let worker = scene.deliver(server(&[]).await);
    let failed = scene.once(|message| message.next_at.is_none()).await;
    assert_eq!((failed.status, failed.error.as_deref()), (MessageStatus::Failed, Some(UNSUBSCRIBED)));
    assert!(scene.events().await.is_empty());
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn without_a_mail_server_a_message_waits_and_says_why() {
    let scene = Scene::of(due_message(), true).await;
    let worker = scene.deliver(Mailer::none());
    let waiting = scene.once(|message| message.error.is_some()).await;
    assert_eq!((waiting.status, waiting.attempts), (MessageStatus::Pending, 0));
    assert_eq!(waiting.error.as_deref(), Some(NO_SERVER));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_composed_fails_with_the_reason() {
    let mut bad = due_message();
    bad.email.from = "nobody".into();
    let scene = Scene::of(bad, true).await;
    let worker = scene.deliver(server(&[]).await);
    let failed = scene.once(|message| message.next_at.is_none()).await;
    assert_eq!(failed.status, MessageStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("the sender \"nobody\" is not an email address"));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_open_and_click_is_counted_and_an_event() {
    let scene = Scene::of(due_message(), true).await;
    assert!(scene.engine.opened(&scene.claim(None)).await.expect("open"));
    assert!(scene.engine.opened(&scene.claim(None)).await.expect("open"));
    assert!(scene.engine.clicked(&scene.claim(Some("https://a.example/"))).await.expect("click"));
    let message = scene.once(|_| true).await;
    assert_eq!((message.opens, message.clicks), (2, 1));
    let mut names = scene.events().await;
    names.sort();
    assert_eq!(names, ["email.click", "email.open"]);
}

#[tokio::test]
async fn a_link_about_a_message_that_is_gone_changes_nothing() {
    let scene = Scene::of(due_message(), true).await;
    let claim = Claim { message_id: Some(uuid::Uuid::from_u128(99).into()), ..scene.claim(None) };
    assert!(!scene.engine.opened(&claim).await.expect("open"));
    assert!(scene.events().await.is_empty());
}

#[tokio::test]
async fn unsubscribing_twice_is_one_event() {
    let scene = Scene::of(due_message(), true).await;
    let url = links().unsubscribe_url(scene.message.workspace_id, scene.message.email.contact_id.expect("contact"));
    let token = url.rsplit('/').next().unwrap_or_default();
    let claim = links().verify(LinkKind::Unsubscribe, token).expect("claim");
    for _ in 0..2 {
        let contact: Contact = scene.engine.unsubscribe(&claim).await.expect("contact");
        assert!(!contact.subscribed);
    }
    assert_eq!(scene.events().await, ["contact.unsubscribed"]);
    assert!(scene.engine.subscribe(&claim).await.expect("contact").subscribed);
}

fn judged(delivery: Delivery, attempts: u32) -> Ended {
    let message = Message { attempts, ..message(serde_json::Value::Null) };
    let now = message.created_at;
    judge(delivery, &message, now)
}

#[test]
fn a_message_is_given_up_after_its_last_attempt() {
    let delivery = || Delivery::Later("try later".into());
    assert!(matches!(judged(delivery(), 1).end, End::Retry { .. }));
    let last = judged(delivery(), MAX_ATTEMPTS).end;
    assert_eq!(last, End::Failed { error: "given up after 8 attempts: try later".into() });
}
