//! `stepwell key` and `stepwell plugin`, in the database and through a running server.

use std::path::Path;
use std::process::Output;

use serde_json::json;
use stepwell_tests::{Server, Workflow, component, eventually, fixture, on_postgres};

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The first word of the first line that contains this.
fn first_word(text: &str, with: &str) -> String {
    let line = text.lines().find(|line| line.contains(with)).unwrap_or_else(|| panic!("{with} in {text}"));
    line.split_whitespace().next().expect("a word").to_owned()
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path.to_str().expect("a path").to_owned()
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_while_the_server_runs() {
    let server = Server::start().await;
    let own = ["--server", server.address(), "--key", server.key()];
    for through in [&[][..], &own] {
        let run = |arguments: &[&str]| {
            let all: Vec<_> =
                ["key"].into_iter().chain(arguments.iter().copied()).chain(through.iter().copied()).collect();
            let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
            let server = &server;
            async move { server.command(&all.iter().map(String::as_str).collect::<Vec<_>>()).await }
        };
        let key = said(&run(&["create", "--name", "reporting", "--scope", "contacts:read"]).await).trim().to_owned();
        assert!(key.starts_with("sk_") && key.len() == 67, "{key}");
        let client = server.client_with(Some(&key));
        client.get("/contacts").await.expect(200);
        assert_eq!(client.get("/workflows").await.status, 403);
        let list = said(&run(&["list"]).await);
        assert!(list.contains("reporting") && list.contains("contacts:read") && !list.contains(&key), "{list}");
        let id = first_word(&list, &key[..11]);
        said(&run(&["revoke", &id]).await);
        eventually("the key refused", || async { (client.get("/contacts").await.status == 401).then_some(()) }).await;
        let public = said(&run(&["create", "--kind", "public"]).await).trim().to_owned();
        assert!(public.starts_with("pk_"), "{public}");
        server.client_with(Some(&public)).track("x", "ada@example.org", json!({})).await;
        let missing = complaint(&run(&["revoke", "00000000-0000-4000-8000-000000000000"]).await);
        assert!(missing.starts_with("error: "), "{missing}");
        let unknown = complaint(&run(&["create", "--scope", "contacts:fly"]).await);
        assert!(unknown.contains("contacts:fly") && unknown.contains("contacts:read"), "{unknown}");
    }
}

#[tokio::test]
async fn the_first_start_prints_a_key_once() {
    let mut server =
        stepwell_tests::ServerOptions::default().from_nothing().set("STEPWELL_BOOTSTRAP_KEY", "").start().await;
    let printed: Vec<_> = server.printed().iter().filter(|line| line.contains("sk_")).cloned().collect();
    assert_eq!(printed.len(), 1, "{:?}", server.printed());
    let key = printed[0].split_whitespace().last().expect("a key").to_owned();
    server.client_with(Some(&key)).get("/workflows").await.expect(200);
    server.terminate().await;
    server.restart().await;
    assert!(!server.printed().iter().any(|line| line.contains("sk_")), "{:?}", server.printed());
    server.client_with(Some(&key)).get("/workflows").await.expect(200);
}

#[tokio::test]
async fn a_plugin_is_inspected_installed_used_and_removed_through_a_running_server() {
    let server = Server::start().await;
    let client = server.client();
    let path = file(server.data(), "counter.wasm", &fixture("keyvalue-counter"));
    let own = ["--server", server.address(), "--key", server.key()];
    let run = |arguments: &[&str]| {
        let all: Vec<String> = ["plugin"].iter().chain(arguments).chain(&own).map(|text| (*text).to_owned()).collect();
        let server = &server;
        async move { server.command(&all.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let shown = said(&run(&["inspect", &path]).await);
    assert!(shown.contains("keyvalue-counter") && shown.contains("wasi:keyvalue/store"), "{shown}");
    let refused = complaint(&run(&["install", &path]).await);
    assert!(refused.contains("wasi:keyvalue/store") && refused.contains("--grant"), "{refused}");
    said(&run(&["install", &path, "--grant", "wasi:keyvalue/store"]).await);
    let list = said(&run(&["list"]).await);
    let digest = first_word(&list, "keyvalue-counter");
    for builtin in [
        "ai-agent",
        "automation",
        "condition",
        "decision",
        "delay",
        "exit",
        "manual-task",
        "send-email",
        "update-contact",
        "wait-for-event",
        "webhook",
    ] {
        assert!(list.contains(builtin), "{builtin}: {list}");
    }
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("KEYVALUE_COUNTER", "count", json!({ "key": "k" }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "COMPLETED", "{execution:#}");
    assert_eq!(Workflow::visit(&execution, "count")["pluginDigest"], digest);
    said(&run(&["remove", &digest]).await);
    assert!(!said(&run(&["list"]).await).contains("keyvalue-counter"));
    let body =
        json!({ "type": "KEYVALUE_COUNTER", "name": "x", "position": {"x": 0, "y": 0}, "config": { "key": "k" } });
    assert_eq!(client.post(&workflow.path("/steps"), body).await.status, 422);
}

#[tokio::test]
async fn a_plugin_is_installed_for_all_workspaces_while_the_server_is_stopped() {
    let mut server = Server::start().await;
    let path = file(server.data(), "counter.wasm", &fixture("keyvalue-counter"));
    let install = ["plugin", "install", &path, "--grant", "wasi:keyvalue/store"];
    // Servers that share a database look for what others changed in it.
    if on_postgres() {
        said(&server.command(&install).await);
        let client = server.client();
        eventually("the plugin in use", || async {
            client.get("/v1/plugins").await.expect(200).to_string().contains("keyvalue-counter").then_some(())
        })
        .await;
    } else {
        let running = complaint(&server.command(&install).await);
        assert!(running.contains("--server"), "{running}");
    }
    server.terminate().await;
    said(&server.command(&install).await);
    let list = said(&server.command(&["plugin", "list"]).await);
    let digest = first_word(&list, "keyvalue-counter");
    server.restart().await;
    let plugins = server.client().get("/v1/plugins").await.expect(200).to_string();
    assert!(plugins.contains(&digest), "{plugins}");
    server.terminate().await;
    said(&server.command(&["plugin", "remove", &digest]).await);
    assert!(!said(&server.command(&["plugin", "list"]).await).contains("keyvalue-counter"));
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_the_reason() {
    let server = Server::start().await;
    let exit = component("exit");
    let cut = &exit[..exit.len() / 2];
    let module = [&b"\0asm\x01\0\0\0"[..], &[0; 16]].concat();
    for (name, bytes) in [("text", &b"hello"[..]), ("empty", b""), ("cut", cut), ("module", &module)] {
        let reply = crate::plugins::try_install(&server.client(), bytes.to_vec(), &[]).await;
        assert_eq!(reply.status, 422, "{name}: {:#}", reply.body);
        assert!(reply.body["error"]["message"].is_string(), "{name}: {:#}", reply.body);
        let path = file(server.data(), &format!("{name}.wasm"), bytes);
        complaint(&server.command(&["plugin", "inspect", &path]).await);
    }
    let large = crate::plugins::try_install(&server.client(), vec![0; 33 * 1024 * 1024], &[]).await;
    assert_eq!(large.status, 413, "{:#}", large.body);
    let listed = server.client().get("/v1/plugins").await.expect(200);
    assert!(!listed.to_string().contains("\"installed\""), "{listed:#}");
}
