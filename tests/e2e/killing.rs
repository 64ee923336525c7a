//! The server is killed while it works, again and again: SIGKILL at instants that a seed picks, during its start as well. Events
//! come in all the time. At the end everything that was accepted has happened, and happened once.
//!
//! `STEPWELL_FULL=1` kills 30 times in place of 7; `STEPWELL_KILL_SEED=…` picks the instants of another run, whose seed it
//! printed.

mod audit;
mod flow;
mod flows;
mod hands;
mod load;
mod seed;

use std::time::Duration;

use stepwell_tests::{HttpPeer, ServerOptions};

pub(crate) use audit::Database;
pub(crate) use flow::Flow;
pub(crate) use load::{Load, Sent};
use seed::Seed;

/// Whether tests run at their full length.
fn is_full() -> bool {
    std::env::var_os("STEPWELL_FULL").is_some_and(|value| value != "0")
}

#[tokio::test]
async fn a_server_that_is_killed_at_random_instants_loses_and_doubles_nothing() {
    let rounds = if is_full() { 30 } else { 7 };
    let mut seed = Seed::from_environment();
    // On PostgreSQL a server that starts again is another node, and takes over what the one before held.
    let options = ServerOptions::default().set("STEPWELL_LEASE_SECONDS", 2);
    let (mut server, http) = (options.start().await, HttpPeer::start().await);
    let flow = Flow::create(&server.client(), &http).await;
    let mut load = Load::start(&[&server]);
    for _ in 0..rounds {
        load.wait_for_more(20).await;
        tokio::time::sleep(seed.between(0, 900)).await;
        server.kill().await;
        if seed.one_in(4) {
            server.restart_and_kill(seed.between(5, 400)).await;
        }
        server.restart().await;
        load.use_servers(&[&server]);
    }
    println!("{rounds} rounds, {} requests that were refused for the moment", load.refused());
    let sent = load.finish().await;
    flow.wait_for_the_end(&server.client(), &sent).await;
    assert_eq!(server.terminate().await, Some(0));
    println!("{} events, {} webhooks", sent.len(), http.received().len());
    let database = Database::of(&server);
    database.is_sound().await;
    flow.check(&database, &sent, &http).await;
}

/// How long the work that is left may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
