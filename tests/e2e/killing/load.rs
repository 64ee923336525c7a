//! Events that come in without end, whatever becomes of the servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use stepwell_tests::{Client, Reply, Server, eventually};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many requests are under way at once.
const AT_ONCE: usize = 16;

/// Between two requests of one lane, and before a request is made again.
const PAUSE: Duration = Duration::from_millis(25);

/// How long an answer may take. A frozen server gives none.
const LIMIT: Duration = Duration::from_secs(15);

/// An event that was accepted.
pub(crate) struct Sent {
    /// Which.
    pub(crate) n: usize,
    /// Its id; none if the answer was lost, and the next was that the key was used before.
    pub(crate) event: Option<String>,
}

impl Sent {
    /// Whether the condition of the flow holds for it.
    pub(crate) fn is_wanted(&self) -> bool {
        is_wanted(self.n)
    }
}

fn is_wanted(n: usize) -> bool {
    !n.is_multiple_of(5)
}

/// The address of a contact.
pub(crate) fn email(n: usize) -> String {
    format!("c{n}@example.org")
}

/// Clients that send events until they are told to stop. One that is not answered, or not now (503), is sent again under the
/// same key until it is accepted, to whichever server is there.
pub(crate) struct Load {
    servers: watch::Sender<Vec<Client>>,
    lanes: JoinSet<Vec<Sent>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    next: AtomicUsize,
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

impl Load {
    /// Begins to send events to these servers in turn.
    pub(crate) fn start(servers: &[&Server]) -> Self {
        let (servers, _) = watch::channel(clients(servers));
        let (mut lanes, shared) = (JoinSet::new(), Arc::<Shared>::default());
        for _ in 0..AT_ONCE {
            lanes.spawn(lane(servers.subscribe(), Arc::clone(&shared)));
        }
        Self { servers, lanes, shared }
    }

    /// The servers are others from now on.
    pub(crate) fn use_servers(&mut self, servers: &[&Server]) {
        self.servers.send_replace(clients(servers));
    }

    /// Waits until so many more events are accepted.
    pub(crate) async fn wait_for_more(&self, count: usize) {
        let wanted = self.accepted() + count;
        eventually("events that are accepted", || async { (self.accepted() >= wanted).then_some(()) }).await;
    }

    /// How many were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// How many requests were answered with 503 so far.
    pub(crate) fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Sends no new events, and gives all there were: each of them is accepted.
    pub(crate) async fn finish(self) -> Vec<Sent> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut sent: Vec<_> = self.lanes.join_all().await.into_iter().flatten().collect();
        sent.sort_by_key(|sent| sent.n);
        sent
    }
}

fn clients(servers: &[&Server]) -> Vec<Client> {
    servers.iter().map(|server| server.client()).collect()
}

async fn lane(servers: watch::Receiver<Vec<Client>>, shared: Arc<Shared>) -> Vec<Sent> {
    let mut sent = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        let n = shared.next.fetch_add(1, Ordering::Relaxed);
        let reply = until_accepted(&servers, &shared, "signed_up", n).await;
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        sent.push(Sent { n, event: reply.body["data"]["event"].as_str().map(str::to_owned) });
        // Ends the wait of an execution that has come so far; others go on by time.
        if let Some(earlier) = sent.len().checked_sub(8).and_then(|at| sent.get(at))
            && n.is_multiple_of(2)
        {
            until_accepted(&servers, &shared, "confirmed", earlier.n).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
    sent
}

async fn until_accepted(servers: &watch::Receiver<Vec<Client>>, shared: &Shared, event: &str, n: usize) -> Reply {
    let body = json!({ "event": event, "email": email(n), "data": { "wanted": is_wanted(n) } });
    for attempt in 0.. {
        let client = {
            let servers = servers.borrow();
            servers[(n + attempt) % servers.len()].clone()
        };
        let request = client.request(Method::POST, "/v1/track").json(&body).timeout(LIMIT);
        match client.try_send(request.header("idempotency-key", format!("{event}-{n}"))).await {
            // 409: it was stored, and the answer was lost.
            Ok(reply) if [200, 409].contains(&reply.status) => return reply,
            Ok(reply) => {
                assert_eq!(reply.status, 503, "{:#}", reply.body);
                assert_ne!(reply.header("retry-after"), "", "{:#}", reply.body);
                shared.refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    unreachable!("it is tried without end")
}
