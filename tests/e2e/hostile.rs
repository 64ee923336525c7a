//! Guests that misbehave (`tests/fixtures/plugins`): each fails its own step with its code and within its limit, and disturbs
//! nothing else.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, HttpPeer, Server, ServerOptions, Workflow, eventually, eventually_within, fixture};

use crate::plugins::{Grant, install, try_install};

/// How many honest executions run beside each guest.
const HONEST: usize = 100;

/// How long a step may compute, and how long it may take altogether, in these tests: far apart, since on a busy machine an endless
/// loop gets little CPU time in a second.
const CPU: Duration = Duration::from_millis(200);
const WALL: Duration = Duration::from_secs(8);

/// What the machine may add to a limit: it has other things to do.
const SLACK: Duration = Duration::from_secs(15);

async fn start() -> Server {
    ServerOptions::default()
        .set("STEPWELL_STEP_CPU_MS", CPU.as_millis())
        .set("STEPWELL_STEP_WALL_MS", WALL.as_millis())
        .start()
        .await
}

/// A workflow of one step of a guest, which is not tried again.
async fn guest(client: &Client, name: &str, config: Value, event: &str) -> Workflow {
    let workflow = Workflow::create(client, event, json!({ "allowReentry": true })).await;
    let body = json!({
        "type": name.to_uppercase().replace('-', "_"), "name": "guest", "position": {"x": 0, "y": 0}, "config": config,
        "retry": { "maxAttempts": 1 },
    });
    client.post(&workflow.path("/steps"), body).await.expect(201);
    workflow
}

/// A workflow that decides, writes and ends.
async fn honest(client: &Client) -> Workflow {
    let workflow = Workflow::create(client, "honest", json!({ "allowReentry": true })).await;
    workflow
        .chain(&[
            ("CONDITION", "check", json!({ "field": "event.n", "operator": "exists" })),
            ("UPDATE_CONTACT", "mark", json!({ "data": { "seen": "{{ event.n }}" } })),
            ("EXIT", "end", json!({})),
        ])
        .await;
    workflow
}

/// Tracks so many events at once.
async fn flood(client: &Client, event: &str, count: usize) {
    let lanes = (0..10).map(|lane| {
        let (client, event) = (client.clone(), event.to_owned());
        tokio::spawn(async move {
            for n in (lane..count).step_by(10) {
                client.track(&event, &format!("{event}{n}@example.org"), json!({ "n": n })).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("tracking");
    }
}

async fn ended(client: &Client, workflow: &Workflow, status: &str) -> u64 {
    let path = workflow.path(&format!("/executions?pageSize=1&status={status}"));
    client.get(&path).await.expect(200)["total"].as_u64().expect("a total")
}

/// How a guest's step is to end.
struct Expected {
    guest: &'static str,
    config: Value,
    grants: &'static [Grant<'static>],
    code: &'static str,
    /// How long it may take by itself.
    limit: Duration,
}

fn expected() -> Vec<Expected> {
    let of = |guest, config, code, limit| Expected { guest, config, grants: &[], code, limit };
    vec![
        of("endless-loop", json!({}), "cpu-limit", CPU),
        of("memory-bomb", json!({}), "memory-limit", CPU),
        of("stack-overflow", json!({}), "stack-overflow", CPU),
        of("stack-overflow", json!({ "shadow": true }), "stack-overflow", CPU),
        of("trap", json!({}), "trap", CPU),
        of("huge-output", json!({}), "output-limit", CPU),
        of("sleeper", json!({}), "timeout", WALL),
        Expected {
            grants: &[("wasi:http/outgoing-handler", &["example.org"]), ("wasi:keyvalue/store", &[])],
            ..of("ungranted", json!({ "url": "http://elsewhere.example.net/" }), "capability-denied", WALL)
        },
    ]
}

#[tokio::test]
async fn each_guest_fails_with_its_code_while_a_hundred_honest_executions_complete() {
    let server = start().await;
    let client = server.client();
    let honest = honest(&client).await;
    for (number, expected) in expected().into_iter().enumerate() {
        let what = format!("{} {}", expected.guest, expected.config);
        install(&client, fixture(expected.guest), expected.grants).await;
        let hostile = guest(&client, expected.guest, expected.config, &format!("hostile{number}")).await;
        let began = Instant::now();
        // Three of them at once, amid the honest ones.
        flood(&client, &format!("hostile{number}"), 3).await;
        flood(&client, "honest", HONEST).await;
        eventually(&format!("the end of {what}"), || async {
            (ended(&client, &hostile, "FAILED").await == 3).then_some(())
        })
        .await;
        assert!(began.elapsed() < expected.limit + SLACK, "{what} took {:?}", began.elapsed());
        for execution in hostile.executions().await {
            let execution = hostile.execution(execution["id"].as_str().expect("an id")).await;
            let visit = Workflow::visit(&execution, "guest");
            assert_eq!(
                (&visit["status"], &visit["failure"]["code"]),
                (&json!("FAILED"), &json!(expected.code)),
                "{what}: {visit:#}"
            );
            assert!(visit["error"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {visit:#}");
        }
        let wanted = (HONEST * (number + 1)) as u64;
        eventually(&format!("{wanted} honest executions beside {what}"), || async {
            (ended(&client, &honest, "EXITED").await == wanted).then_some(())
        })
        .await;
        assert_eq!(ended(&client, &honest, "FAILED").await, 0, "{what}");
        client.get("/ready").await.expect(200);
    }
}

#[tokio::test]
async fn a_trap_shows_the_guests_last_words_and_a_denial_the_command_that_grants() {
    let server = start().await;
    let client = server.client();
    let trap = install(&client, fixture("trap"), &[]).await;
    assert_eq!(trap["imports"], json!([]));
    let http: Grant<'_> = ("wasi:http/outgoing-handler", &["example.org"]);
    let plugin = install(&client, fixture("ungranted"), &[http, ("wasi:keyvalue/store", &[])]).await;
    let trap = guest(&client, "trap", json!({}), "trap").await;
    let denied = guest(&client, "ungranted", json!({ "url": "http://other.example.net/" }), "denied").await;
    client.track("trap", "ada@example.org", json!({})).await;
    client.track("denied", "ada@example.org", json!({})).await;
    let error = |execution: Value| Workflow::visit(&execution, "guest")["error"].as_str().expect("an error").to_owned();
    let last_words = error(trap.finished().await);
    assert!(last_words.contains("the fixture panics on purpose"), "{last_words}");
    let denial = error(denied.finished().await);
    let digest = plugin["digest"].as_str().expect("a digest");
    assert!(denial.contains("other.example.net") && denial.contains("wasi:http/outgoing-handler"), "{denial}");
    assert!(denial.contains(&format!("stepwell plugin grant {}", &digest[..12])), "{denial}");
}

#[tokio::test]
async fn a_guest_without_its_grants_is_refused_with_what_is_missing_and_the_command() {
    let server = start().await;
    let client = server.client();
    for (granted, missing) in [
        (&[][..], &["wasi:http/outgoing-handler", "wasi:keyvalue/store"][..]),
        (&[("wasi:keyvalue/store", &[][..])][..], &["wasi:http/outgoing-handler"]),
    ] {
        let refused = try_install(&client, fixture("ungranted"), granted).await;
        assert_eq!(refused.status, 422, "{:#}", refused.body);
        let text = refused.body["error"].to_string();
        assert!(text.contains("not-granted") && text.contains("stepwell plugin"), "{text}");
        assert!(missing.iter().all(|import| text.contains(import)), "{text}");
    }
    assert!(!client.get("/v1/plugins").await.expect(200).to_string().contains("ungranted"));
    // The command that is printed does it, with the blanks filled in.
    let refused = try_install(&client, fixture("ungranted"), &[]).await;
    let file = server.data().join("ungranted.wasm");
    std::fs::write(&file, fixture("ungranted")).expect("a file");
    let command = printed(&refused.body["error"]["errors"][0]["message"], "stepwell plugin install");
    let command = command.replace("FILE", file.to_str().expect("a path")).replace("<host>", "example.org");
    let body = json!({ "type": "UNGRANTED", "name": "x", "position": {"x": 0, "y": 0}, "config": {} });
    let workflow = Workflow::create(&client, "x", json!({})).await;
    assert_eq!(client.post(&workflow.path("/steps"), body.clone()).await.status, 422);
    run(&server, &command).await;
    client.post(&workflow.path("/steps"), body).await.expect(201);
}

/// The command in a text, up to the next punctuation.
fn printed(text: &Value, beginning: &str) -> String {
    let text = text.as_str().expect("a text");
    let start = text.find(beginning).unwrap_or_else(|| panic!("{beginning} in {text}"));
    text[start..].split(';').next().unwrap_or_default().trim().to_owned()
}

/// Runs a command as a person would type it, against the running server.
async fn run(server: &Server, command: &str) {
    let words = command.strip_prefix("stepwell ").expect("a command of stepwell").split_whitespace();
    let arguments: Vec<_> = words.chain(["--server", server.address(), "--key", server.key()]).collect();
    let output = server.command(&arguments).await;
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn grants_can_be_changed_later_and_count_at_once() {
    let (server, peer) = (start().await, HttpPeer::start().await);
    let client = server.client();
    let http: Grant<'_> = ("wasi:http/outgoing-handler", &["example.org"]);
    let plugin = install(&client, fixture("ungranted"), &[http, ("wasi:keyvalue/store", &[])]).await;
    let workflow = guest(&client, "ungranted", json!({ "url": peer.url("/x") }), "go").await;
    client.track("go", "ada@example.org", json!({})).await;
    let failed = workflow.newest_in(&["FAILED"]).await;
    let visit = Workflow::visit(&failed, "guest");
    assert_eq!(visit["failure"]["code"], "capability-denied");
    // The command that is printed adds what was missing, and keeps the rest.
    run(&server, &printed(&visit["error"], "stepwell plugin grant")).await;
    client.track("go", "ada@example.org", json!({})).await;
    let done = workflow.newest_in(&["COMPLETED"]).await;
    assert_eq!(Workflow::visit(&done, "guest")["output"], 200);
    assert_eq!(peer.received().len(), 1);
    let path = format!("/v1/plugins/{}", plugin["digest"].as_str().expect("a digest"));
    let grants = client.get(&path).await.expect(200)["grants"].clone();
    assert_eq!(grants.as_array().map(Vec::len), Some(2), "{grants:#}");
    assert!(grants.to_string().contains("example.org"), "{grants:#}");
    // What lacks a grant is refused, and then the grants are as they were.
    let put = client.request(Method::PUT, &format!("{path}/grants")).json(&json!({ "grants": [] }));
    assert_eq!(client.send(put).await.status, 422);
    assert_eq!(client.get(&path).await.expect(200)["grants"], grants);
    client.track("go", "ada@example.org", json!({})).await;
    peer.wait_for(2).await;
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_is_no_failure() {
    let options = ServerOptions::default().set("STEPWELL_LOG", "debug").keep_log();
    let server = options.start().await;
    let client = server.client();
    install(&client, fixture("log-flood"), &[("wasi:logging/logging", &[])]).await;
    let workflow = guest(&client, "log-flood", json!({}), "flood").await;
    client.track("flood", "ada@example.org", json!({})).await;
    let done = workflow.finished().await;
    assert_eq!(done["status"], "COMPLETED", "{done:#}");
    let size: usize = server.log().iter().map(String::len).sum();
    assert!(size < 4 * 1024 * 1024, "the log of 16 MiB took {size} bytes");
}

#[tokio::test]
async fn a_step_that_fails_at_first_is_tried_again_as_its_policy_says() {
    let server = start().await;
    let client = server.client();
    install(&client, fixture("flaky"), &[]).await;
    for (failures, status) in [(2, "COMPLETED"), (3, "FAILED")] {
        let event = format!("flaky{failures}");
        let workflow = Workflow::create(&client, &event, json!({})).await;
        workflow.chain(&[("FLAKY", "flaky", json!({ "failures": failures }))]).await;
        client.track(&event, "ada@example.org", json!({})).await;
        let execution = workflow.finished().await;
        let visit = Workflow::visit(&execution, "flaky");
        assert_eq!((&execution["status"], &visit["attempt"]), (&json!(status), &json!(3)), "{execution:#}");
        let shown = if status == "COMPLETED" { &visit["output"]["attempt"] } else { &visit["failure"]["code"] };
        assert_eq!(*shown, if status == "COMPLETED" { json!(3) } else { json!("flaky") });
    }
}

/// Transactional: what a failed step wrote is not stored.
#[tokio::test]
async fn a_counter_counts_each_completed_visit_once_and_a_failed_one_not_at_all() {
    let server = start().await;
    let client = server.client();
    install(&client, fixture("keyvalue-counter"), &[("wasi:keyvalue/store", &[])]).await;
    let counts = guest(&client, "keyvalue-counter", json!({ "key": "visits" }), "count").await;
    let fails = guest(&client, "keyvalue-counter", json!({ "key": "visits", "fail": true }), "fail").await;
    for n in 1..=5 {
        client.track("count", "ada@example.org", json!({})).await;
        eventually("one more", || async { (ended(&client, &counts, "COMPLETED").await == n).then_some(()) }).await;
        client.track("fail", "ada@example.org", json!({})).await;
        eventually("one more failure", || async { (ended(&client, &fails, "FAILED").await == n).then_some(()) }).await;
    }
    let last = counts.newest_in(&["COMPLETED"]).await;
    assert_eq!(Workflow::visit(&last, "guest")["output"]["count"], 5);
}

/// The host keeps some slots warm, a bounded number with a bounded memory each; what it keeps does not grow with what was run.
#[tokio::test]
async fn many_memory_bombs_leave_little_memory_behind() {
    const BOMBS: usize = 100;
    const WARM: u64 = 768 * 1024;
    let server = start().await;
    let client = server.client();
    install(&client, fixture("memory-bomb"), &[]).await;
    let workflow = guest(&client, "memory-bomb", json!({}), "bomb").await;
    let mut kept = Vec::new();
    for round in 1..=3 {
        flood(&client, "bomb", BOMBS).await;
        eventually_within(Duration::from_secs(120), "all bombs", || async {
            (ended(&client, &workflow, "FAILED").await == (BOMBS * round) as u64).then_some(())
        })
        .await;
        kept.push(resident(&server));
    }
    assert!(kept.iter().all(|kept| *kept < WARM), "{kept:?} kB resident");
    assert!(kept[2] < kept[1] + 128 * 1024, "{kept:?} kB resident: it grows");
}

/// The memory of the server's process in kB.
fn resident(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.process_id().expect("a process"));
    let status = std::fs::read_to_string(path).expect("the process's status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
