//! What is due happens once, however many nodes see that it is.

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Server, ServerOptions, SmtpPeer, Workflow, eventually};

use super::{nodes, tally, workflow};

#[tokio::test]
async fn each_of_many_waits_ends_once_among_four_nodes() {
    const WAITS: usize = 60;
    let nodes = nodes(4, ServerOptions::default()).await;
    let pause = workflow(
        &nodes[0],
        "go",
        &[
            ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "never", "timeout": 3 })),
            ("UPDATE_CONTACT", "count", json!({ "data": { "woken": true } })),
        ],
    )
    .await;
    for n in 0..WAITS {
        nodes[n % 4].client().track("go", &format!("c{n}@example.org"), json!({})).await;
    }
    eventually("all executions completed", || async {
        let all = pause.executions().await;
        (all.len() == WAITS && all.iter().all(|one| one["status"] == "COMPLETED")).then_some(())
    })
    .await;
    let stats = nodes[1].client().get(&pause.path("/stats")).await.expect(200);
    let counted = stats["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "count").cloned();
    assert_eq!(counted.expect("the step")["entered"], WAITS);
}

#[tokio::test]
async fn a_schedule_fires_once_among_four_nodes() {
    let nodes = nodes(4, ServerOptions::default()).await;
    let schedule = json!({ "triggerType": "SCHEDULE", "triggerConfig": { "cron": "* * * * * *" } });
    let every_second = Workflow::create(&nodes[0].client(), "unused", schedule).await;
    every_second.chain(&[("EXIT", "end", json!({}))]).await;
    eventually("five firings", || async { (every_second.executions().await.len() >= 5).then_some(()) }).await;
    nodes[2].client().patch(&every_second.path(""), json!({ "enabled": false })).await.expect(200);
    let mut times = Vec::new();
    for execution in every_second.executions().await {
        let execution = every_second.execution(execution["id"].as_str().expect("an id")).await;
        times.push(execution["context"]["scheduledFor"].as_str().expect("a time").to_owned());
    }
    let times = tally(times);
    assert!(times.len() >= 5 && times.values().all(|&count| count == 1), "{times:?}");
}

#[tokio::test]
async fn each_email_is_delivered_once_by_four_nodes() {
    const MAILS: usize = 40;
    let smtp = SmtpPeer::start().await;
    let nodes = nodes(4, ServerOptions::default().set("STEPWELL_SMTP_URL", smtp.url())).await;
    for n in 0..MAILS {
        let mail = json!({
            "to": format!("c{n}@example.org"), "from": "team@example.org", "subject": "Hello", "body": "<p>Hello</p>",
        });
        nodes[n % 2].client().post("/v1/send", mail).await.expect(200);
    }
    smtp.wait_for(MAILS).await;
    eventually("all of them known to be sent", || async {
        let left = nodes[3].schema()?.sql("select count(*) from outbox_message where status <> 'SENT'").expect("asked");
        (left.trim() == "0").then_some(())
    })
    .await;
    let to = tally(smtp.mails().iter().map(|mail| mail.rcpt_tos.clone()));
    assert_eq!((to.len(), to.values().max()), (MAILS, Some(&1)), "{to:?}");
}

async fn track(client: Client, key: Option<&'static str>) -> u16 {
    let request = client.request(Method::POST, "/v1/track");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    let reply = client.send(request.json(&json!({ "event": "paid", "email": "ada@example.org" }))).await;
    if reply.status != 200 {
        assert!(reply.code() == "IDEMPOTENCY_KEY_REUSED", "{:#}", reply.body);
    }
    reply.status
}

/// Sends the same event a hundred times at once, spread over the nodes, and gives how often each status was answered.
async fn at_once(nodes: &[Server], key: Option<&'static str>) -> std::collections::BTreeMap<u16, usize> {
    let calls: Vec<_> = (0..100).map(|n| tokio::spawn(track(nodes[n % nodes.len()].client(), key))).collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.expect("a call"));
    }
    tally(statuses)
}

#[tokio::test]
async fn an_event_under_one_key_starts_one_execution_however_often_it_comes_to_four_nodes() {
    let nodes = nodes(4, ServerOptions::default()).await;
    let paid = workflow(&nodes[0], "paid", &[("EXIT", "end", json!({}))]).await;
    let client = nodes[3].client();
    assert_eq!(at_once(&nodes, Some("order 1")).await, [(200, 1), (409, 99)].into());
    let stored = |page: Value| page["events"].as_array().map(Vec::len);
    assert_eq!(stored(client.get("/events?eventName=paid&limit=1000").await.expect(200)), Some(1));
    assert_eq!(paid.executions().await.len(), 1);
    // Without a key each request is an event of its own.
    assert_eq!(at_once(&nodes, None).await, [(200, 100)].into());
    assert_eq!(stored(client.get("/events?eventName=paid&limit=1000").await.expect(200)), Some(101));
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 1);
    eventually("all of them ended", || async {
        let stats = client.get(&paid.path("/stats")).await.expect(200);
        let end = stats["steps"].as_array()?.iter().find(|step| step["name"] == "end").cloned();
        (end?["entered"] == 101).then_some(())
    })
    .await;
}
