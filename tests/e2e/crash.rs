//! The server is killed in the middle of its work, and started again: nothing accepted is lost, nothing transactional is doubled,
//! nothing hangs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, HttpPeer, Server, ServerOptions, SmtpPeer, Workflow, eventually_within, fixture};

/// How long a thousand executions may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How many requests are under way at once.
const AT_ONCE: usize = 32;

/// A server, its peers, and a workflow of an update, a webhook and an email.
struct World {
    server: Server,
    http: HttpPeer,
    smtp: SmtpPeer,
    workflow: Workflow,
    template: String,
}

impl World {
    async fn start() -> Self {
        let (smtp, http) = (SmtpPeer::start().await, HttpPeer::start().await);
        let server = ServerOptions::default().set("STEPWELL_SMTP_URL", smtp.url()).start().await;
        let client = server.client();
        let template = json!({
            "name": "Hi", "subject": "Hi {{ email }}", "body": "<p>Hi</p>", "from": "team@example.org", "type": "MARKETING",
        });
        let template = client.post("/templates", template).await.expect(201)["id"].as_str().expect("an id").to_owned();
        let workflow = Workflow::create(&client, "signed_up", json!({})).await;
        workflow
            .chain(&[
                // Done twice, it would leave two letters.
                ("UPDATE_CONTACT", "mark", json!({ "data": { "trail": "{{ data.trail }}x" } })),
                ("WEBHOOK", "hook", json!({ "url": http.url("/hook"), "timeoutMs": 30_000 })),
                ("SEND_EMAIL", "mail", json!({ "templateId": template })),
            ])
            .await;
        Self { server, http, smtp, workflow, template }
    }

    async fn kill_and_restart(&mut self) {
        self.server.kill_and_restart().await;
        self.workflow = self.workflow.on(&self.server.client());
    }

    async fn total(&self, status: &str) -> u64 {
        let path = self.workflow.path(&format!("/executions?pageSize=1&status={status}"));
        self.server.client().get(&path).await.expect(200)["total"].as_u64().expect("a total")
    }

    /// Waits until nothing runs any more, and checks that everything happened and nothing happened twice.
    async fn check(&self, count: usize) {
        let client = self.server.client();
        eventually_within(LIMIT, "no running execution", || async {
            (self.total("RUNNING").await + self.total("WAITING").await == 0).then_some(())
        })
        .await;
        assert_eq!(self.total("COMPLETED").await, count as u64, "every execution completed");
        assert_eq!(tracked(&client).await, count as u64, "every accepted event is stored once");
        self.check_contacts(count).await;
        self.check_webhooks(count);
        self.check_mail(count).await;
    }

    async fn check_contacts(&self, count: usize) {
        let contacts = contacts(&self.server.client()).await;
        assert_eq!(contacts.len(), count);
        for contact in contacts {
            assert_eq!(contact["data"]["trail"], "x", "an update is missing or doubled: {contact:#}");
        }
    }

    fn check_webhooks(&self, count: usize) {
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for received in self.http.received() {
            let contact = received.body["contact"]["email"].as_str().expect("a contact").to_owned();
            ids.entry(contact).or_default().insert(received.header("webhook-id").to_owned());
        }
        assert_eq!(ids.len(), count, "a webhook for each contact");
        let repeated: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() != 1).collect();
        assert!(repeated.is_empty(), "webhooks that were repeated under another id: {repeated:?}");
    }

    async fn check_mail(&self, count: usize) {
        let client = self.server.client();
        let sent = || async {
            let stats = client.get(&self.workflow.path("/stats")).await.expect(200);
            let steps = stats["steps"].as_array().expect("steps").clone();
            steps.iter().find(|step| step["name"] == "mail").and_then(|step| step["sent"].as_u64())
        };
        eventually_within(LIMIT, "every message sent", || async { sent().await.filter(|sent| *sent >= count as u64) })
            .await;
        let usage = client.get(&format!("/templates/{}/usage", self.template)).await.expect(200);
        assert_eq!((sent().await, usage["emailsSent"].as_u64()), (Some(count as u64), Some(count as u64)));
        let mails = self.smtp.mails();
        let ids: BTreeSet<_> = mails.iter().map(|mail| mail.header("message-id").to_owned()).collect();
        let to: BTreeSet<_> = mails.iter().flat_map(|mail| mail.rcpt_tos.clone()).collect();
        assert_eq!((ids.len(), to.len()), (count, count), "no second message to anybody");
    }
}

fn email(n: usize) -> String {
    format!("c{n}@example.org")
}

/// Tracks an event for each of these contacts under a key of its own, and gives the contacts whose event was not answered.
async fn track_each(client: &Client, contacts: Vec<usize>) -> Vec<usize> {
    let lanes = (0..AT_ONCE).map(|lane| {
        let client = client.clone();
        let mine: Vec<_> = contacts.iter().copied().skip(lane).step_by(AT_ONCE).collect();
        tokio::spawn(async move {
            let mut unanswered = Vec::new();
            for n in mine {
                let body = json!({ "event": "signed_up", "email": email(n) });
                let request = client.request(Method::POST, "/v1/track").json(&body);
                match client.try_send(request.header("idempotency-key", email(n))).await {
                    // 409: the event was stored, and the answer to the first try was lost.
                    Ok(reply) => assert!([200, 409].contains(&reply.status), "{} {:#}", reply.status, reply.body),
                    Err(_) => unanswered.push(n),
                }
            }
            unanswered
        })
    });
    let mut unanswered = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        unanswered.extend(lane.await.expect("a lane"));
    }
    unanswered
}

/// How many `signed_up` events are stored.
async fn tracked(client: &Client) -> u64 {
    let stats = client.get("/events/stats").await.expect(200);
    let found = stats.as_array().expect("counts").iter().find(|entry| entry["name"] == "signed_up").cloned();
    found.and_then(|entry| entry["count"].as_u64()).unwrap_or(0)
}

/// All contacts of the executions.
async fn contacts(client: &Client) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/contacts?limit=100{cursor}")).await.expect(200);
        found.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found
}

#[tokio::test]
async fn a_kill_amid_a_thousand_running_executions_loses_and_doubles_nothing() {
    let mut world = World::start().await;
    // No webhook is answered, so no execution can end before all have begun.
    world.http.hold();
    assert!(track_each(&world.server.client(), (0..1_000).collect()).await.is_empty());
    assert_eq!(world.total("RUNNING").await, 1_000);
    world.http.release();
    world.http.wait_for(500).await;
    world.kill_and_restart().await;
    let done = world.total("COMPLETED").await;
    assert!(done < 1_000, "the kill came too late to show anything");
    world.check(1_000).await;
}

#[tokio::test]
async fn kills_one_after_another_lose_and_double_nothing() {
    let mut world = World::start().await;
    world.http.hold();
    assert!(track_each(&world.server.client(), (0..300).collect()).await.is_empty());
    world.http.release();
    for round in 1..=4 {
        let before = world.http.received().len();
        world.http.wait_for((before + 20).min(300)).await;
        world.kill_and_restart().await;
        assert_eq!(tracked(&world.server.client()).await, 300, "after kill {round}");
    }
    world.check(300).await;
}

#[tokio::test]
async fn an_event_that_was_answered_is_there_after_a_kill_and_one_that_was_not_can_be_sent_again() {
    let mut world = World::start().await;
    let client = world.server.client();
    let tracking = tokio::spawn(async move { track_each(&client, (0..600).collect()).await });
    world.http.wait_for(100).await;
    world.kill_and_restart().await;
    let unanswered = tracking.await.expect("the tracking");
    assert!(!unanswered.is_empty() && unanswered.len() < 600, "the kill came too early or too late");
    let client = world.server.client();
    let stored = tracked(&client).await;
    assert!(stored >= (600 - unanswered.len()) as u64, "{stored} stored, {} unanswered", unanswered.len());
    assert!(track_each(&client, unanswered).await.is_empty());
    world.check(600).await;
}

#[tokio::test]
async fn a_stopped_server_ends_what_it_runs_exits_with_0_and_repeats_nothing() {
    let mut world = World::start().await;
    world.http.hold();
    assert!(track_each(&world.server.client(), (0..300).collect()).await.is_empty());
    world.http.release();
    world.http.wait_for(100).await;
    assert_eq!(world.server.terminate().await, Some(0));
    world.server.restart().await;
    world.workflow = world.workflow.on(&world.server.client());
    world.check(300).await;
    assert_eq!(world.http.received().len(), 300, "a clean stop repeats no webhook");
    assert_eq!(world.smtp.mails().len(), 300, "a clean stop repeats no email");
}

/// A step that does not end in time is made again after the start, under the same id.
#[tokio::test]
async fn a_stop_waits_for_running_steps_only_so_long() {
    let http = HttpPeer::start().await;
    let mut server = ServerOptions::default().set("STEPWELL_SHUTDOWN_SECONDS", 1).start().await;
    let workflow = Workflow::create(&server.client(), "go", json!({})).await;
    workflow.chain(&[("WEBHOOK", "hook", json!({ "url": http.url("/hook"), "timeoutMs": 30_000 }))]).await;
    http.hold();
    server.client().track("go", "ada@example.org", json!({})).await;
    http.wait_for(1).await;
    let stopping = std::time::Instant::now();
    assert_eq!(server.terminate().await, Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(10), "{:?}", stopping.elapsed());
    http.release();
    server.restart().await;
    assert_eq!(workflow.on(&server.client()).finished().await["status"], "COMPLETED");
    let ids: BTreeSet<_> = http.received().iter().map(|received| received.header("webhook-id").to_owned()).collect();
    assert_eq!((http.received().len(), ids.len()), (2, 1));
}

/// counter → webhook → counter → webhook … : killed during each webhook.
#[tokio::test]
async fn counters_count_exactly_through_a_kill_at_each_step() {
    const ROUNDS: usize = 4;
    let (mut server, http) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    super::plugins::install(&client, fixture("keyvalue-counter"), &[("wasi:keyvalue/store", &[])]).await;
    let mut workflow = Workflow::create(&client, "go", json!({})).await;
    let names: Vec<_> = (0..ROUNDS).map(|n| (format!("count{n}"), format!("hook{n}"))).collect();
    let steps = names.iter().flat_map(|(count, hook)| {
        let config = json!({ "url": http.url(&format!("/{hook}")), "timeoutMs": 30_000 });
        [("KEYVALUE_COUNTER", count.as_str(), json!({ "key": "k" })), ("WEBHOOK", hook.as_str(), config)]
    });
    workflow.chain(&steps.collect::<Vec<_>>()).await;
    http.hold();
    client.track("go", "ada@example.org", json!({})).await;
    for round in 0..ROUNDS {
        let path = format!("/hook{round}");
        let arrived = || http.received().iter().filter(|received| received.path == path).count();
        eventually_within(LIMIT, &path, || async { (arrived() == 1).then_some(()) }).await;
        server.kill_and_restart().await;
        workflow = workflow.on(&server.client());
        eventually_within(LIMIT, &path, || async { (arrived() == 2).then_some(()) }).await;
        // Only the next one is held back now; behind the last there is none.
        http.hold_only(&format!("/hook{}", round + 1));
    }
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "COMPLETED", "{execution:#}");
    for (n, (count, _)) in names.iter().enumerate() {
        assert_eq!(Workflow::visit(&execution, count)["output"]["count"], n + 1, "{execution:#}");
    }
    for (_, hook) in &names {
        let ids: BTreeSet<_> = http
            .received()
            .iter()
            .filter(|received| received.path == format!("/{hook}"))
            .map(|received| received.header("webhook-id").to_owned())
            .collect();
        assert_eq!(ids.len(), 1, "{hook}");
    }
}

#[tokio::test]
async fn a_long_step_goes_on_from_its_last_checkpoint_after_a_kill() {
    const CHECKPOINTS: u64 = 1_500;
    let mut server = Server::start().await;
    let client = server.client();
    super::plugins::install(&client, fixture("checkpointer"), &[]).await;
    let workflow = Workflow::create(&client, "go", json!({})).await;
    workflow.chain(&[("CHECKPOINTER", "count", json!({ "checkpoints": CHECKPOINTS }))]).await;
    client.track("go", "ada@example.org", json!({})).await;
    let running = workflow.newest_in(&["RUNNING"]).await;
    let path = workflow.path(&format!("/executions/{}/journal", running["id"].as_str().expect("an id")));
    for round in 1..=2 {
        let client = server.client();
        eventually_within(LIMIT, "some checkpoints", || async {
            let behind = client.get(&format!("{path}?after={}", round * 300)).await.expect(200);
            (behind["entries"] != json!([])).then_some(())
        })
        .await;
        server.kill_and_restart().await;
    }
    let workflow = workflow.on(&server.client());
    let execution = workflow.finished().await;
    assert_eq!(Workflow::visit(&execution, "count")["output"]["count"], CHECKPOINTS, "{execution:#}");
    let (mut stored, mut after) = (0, 0);
    loop {
        let page = server.client().get(&format!("{path}?after={after}&limit=500")).await.expect(200);
        let entries = page["entries"].as_array().cloned().unwrap_or_default();
        stored += entries
            .iter()
            .filter(|entry| entry["kind"].as_str().is_some_and(|kind| kind.contains("checkpoint")))
            .count();
        after = entries.last().map_or(after, |entry| entry["number"].as_u64().expect("a number"));
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(stored as u64, CHECKPOINTS, "each checkpoint is stored once");
}
