//! Two nodes on one PostgreSQL: one is killed, or frozen for longer than its lease. The other takes over what it held, and what
//! the frozen one still does with it is refused.

use std::time::{Duration, Instant};

use stepwell_tests::{HttpPeer, Server, ServerOptions, Signal, eventually};

use crate::killing::{Database, Flow, Load, Sent};

/// After so many seconds of silence a node's work is taken over.
const LEASE: u64 = 3;

/// How long that may take until all of it has ended, on a busy machine. The usual lease alone is longer.
const TAKEN_OVER: Duration = Duration::from_secs(LEASE + 15);

struct World {
    one: Server,
    other: Server,
    http: HttpPeer,
    flow: Flow,
}

impl World {
    async fn start() -> Self {
        let options = || ServerOptions::default().set("STEPWELL_LEASE_SECONDS", LEASE).set("STEPWELL_LOG", "info");
        let one = options().keep_log().start().await;
        let (other, http) = (options().start_beside(&one).await, HttpPeer::start().await);
        let flow = Flow::create(&one.client(), &http).await;
        Self { one, other, http, flow }
    }

    /// Sends events to both nodes until each has webhooks under way that are not answered.
    async fn load_both(&self) -> Load {
        self.http.hold();
        let load = Load::start(&[&self.one, &self.other]);
        load.wait_for_more(100).await;
        self.http.wait_for(60).await;
        load
    }

    async fn check(&self, server: &Server, sent: &[Sent]) {
        self.flow.wait_for_the_end(&server.client(), sent).await;
        self.flow.check(&Database::of(server), sent, &self.http).await;
    }

    /// How many webhooks came again.
    fn repeated(&self, sent: &[Sent]) -> usize {
        self.http.received().len() - sent.iter().filter(|sent| sent.is_wanted()).count()
    }
}

#[tokio::test]
async fn what_a_killed_node_ran_is_taken_over_within_its_lease() {
    let mut world = World::start().await;
    let mut load = world.load_both().await;
    load.use_servers(&[&world.other]);
    world.one.kill().await;
    let killed = Instant::now();
    world.http.release();
    let sent = load.finish().await;
    world.flow.wait_for_the_end(&world.other.client(), &sent).await;
    assert!(killed.elapsed() < TAKEN_OVER, "{:?}", killed.elapsed());
    world.check(&world.other, &sent).await;
    assert!(world.repeated(&sent) > 0, "the kill came too late to show anything");
}

#[tokio::test]
async fn nodes_that_are_killed_in_turn_under_load_lose_and_double_nothing() {
    let mut world = World::start().await;
    let mut load = Load::start(&[&world.one, &world.other]);
    for round in 0..4 {
        load.wait_for_more(60).await;
        let (killed, alive) = match round % 2 {
            0 => (&mut world.one, &world.other),
            _ => (&mut world.other, &world.one),
        };
        load.use_servers(&[alive]);
        killed.kill().await;
        load.wait_for_more(60).await;
        killed.restart().await;
        load.use_servers(&[&world.one, &world.other]);
    }
    let sent = load.finish().await;
    world.check(&world.one, &sent).await;
}

#[tokio::test]
async fn what_a_frozen_node_writes_after_its_lease_is_refused_and_it_works_on() {
    let world = World::start().await;
    let mut load = world.load_both().await;
    load.use_servers(&[&world.other]);
    world.one.signal(Signal::STOP);
    // The answers come to a node that cannot take them.
    world.http.release();
    let database = Database::of(&world.other);
    let held = "select count(*) from step_execution where status = 'running' and lease_owner not in
        (select id from node where lease_until > (extract(epoch from now()) * 1000)::bigint)";
    eventually("a lease that has run out", || async { (database.number(held).await > 0).then_some(()) }).await;
    eventually("all that the frozen node held taken over", || async {
        (database.number(held).await == 0).then_some(())
    })
    .await;
    load.wait_for_more(40).await;
    world.one.signal(Signal::CONT);
    eventually("a late write that is refused", || async { refused(&world.one.log()).then_some(()) }).await;
    load.use_servers(&[&world.one]);
    load.wait_for_more(40).await;
    let sent = load.finish().await;
    world.check(&world.one, &sent).await;
    assert!(world.repeated(&sent) > 0, "the node was frozen too late to show anything");
}

/// Whether a node has found out that what it did came too late.
fn refused(log: &[String]) -> bool {
    let words = ["another node has taken over the step", "a step's outcome came too late"];
    log.iter().any(|line| words.iter().any(|words| line.contains(words)))
}
