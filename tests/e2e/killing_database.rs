//! PostgreSQL is stopped in the middle of what it does, and started again, under load.

use std::sync::Arc;
use std::time::Duration;

use stepwell_test_database::OwnServer;
use stepwell_tests::{HttpPeer, Server, ServerOptions, eventually};

use crate::killing::{Database, Flow, Load};

/// Runs what waits for a program elsewhere: the load goes on meanwhile.
async fn apart(own: &Arc<OwnServer>, act: impl FnOnce(&OwnServer) + Send + 'static) {
    let own = Arc::clone(own);
    tokio::task::spawn_blocking(move || act(&own)).await.expect("a thread");
}

/// Waits for an answer of `/ready`: 200, or 503 with this code.
async fn wait_for(server: &Server, status: u16, code: &str) {
    eventually(&format!("{status} {code} of /ready"), || async {
        let reply = server.client_with(None).get("/ready").await;
        (reply.status == status && reply.code() == code).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_stopped_at_once_and_started_again_loses_nothing_and_its_node_goes_on_by_itself() {
    let own = Arc::new(OwnServer::start().expect("a PostgreSQL"));
    let server = ServerOptions::default().start_on_own(&own).await;
    let http = HttpPeer::start().await;
    let flow = Flow::create(&server.client(), &http).await;
    let load = Load::start(&[&server]);
    for outage in [Duration::ZERO, Duration::from_secs(3), Duration::ZERO] {
        load.wait_for_more(60).await;
        apart(&own, |own| own.stop_at_once().expect("stopping it")).await;
        wait_for(&server, 503, "DATABASE_UNREACHABLE").await;
        tokio::time::sleep(outage).await;
        assert_eq!(server.client_with(None).get("/health").await.status, 200);
        apart(&own, |own| own.start_again().expect("starting it")).await;
        wait_for(&server, 200, "").await;
    }
    load.wait_for_more(60).await;
    let sent = load.finish().await;
    flow.wait_for_the_end(&server.client(), &sent).await;
    flow.check(&Database::of(&server), &sent, &http).await;
}
