//! The whole way out of a guest: the built-in `webhook` step, `wasi:http`, and a server on this machine.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use stepwell_core::{Connection, Mode, Outcome, StepReport, StepRequest};

use crate::support::{Bench, Names, WORKSPACE, code, component, output, request};

/// A server that answers each connection's first request with 200 and hands over what it got.
fn peer() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (got, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut buffer = [0; 16 * 1024];
            let mut text = String::new();
            while !is_whole(&text) {
                let length = stream.read(&mut buffer).expect("bytes");
                text.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"got\":\"it\"}";
            let _ = stream.write_all(answer);
            let _ = got.send(text);
        }
    });
    (port, requests)
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().and_then(|digits| digits.trim().parse().ok()).unwrap_or(0));
    body.len() >= length
}

async fn bench(allowed: &[&str]) -> Bench {
    let mut names = Names::default();
    names.0.insert("hooks.example", vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    names.0.insert("metadata.example", vec![IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))]);
    let allowed = allowed.iter().map(|network| network.parse().expect("a network")).collect();
    let bench = Bench::with_names(|options| options.allow_network = allowed, names);
    let signing = Connection { name: "webhook-signing".into(), secret: b"key".to_vec(), hosts: Vec::new() };
    bench.data.connections.lock().expect("connections").insert((WORKSPACE, signing.name.clone()), signing);
    bench.install_builtin(&component("webhook")).await;
    bench
}

fn config(port: u16, host: &str) -> Value {
    json!({"url": format!("http://{host}:{port}/in?plan={{{{ data.plan }}}}"), "body": {"to": "{{ contact.email }}"}})
}

async fn send(bench: &Bench, config: Value, mode: Mode) -> StepReport {
    bench.run_request(StepRequest { mode, ..request("webhook", config) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_arrives_signed_and_with_an_idempotency_key() {
    let (port, requests) = peer();
    let bench = bench(&["127.0.0.0/8"]).await;
    let report = send(&bench, config(port, "hooks.example"), Mode::Live).await;
    assert_eq!(output(&report)["statusCode"], json!(200));
    let got = requests.recv().expect("a request").to_lowercase();
    assert!(got.starts_with("post /in?plan=free http/1.1\r\n"), "{got}");
    for part in ["idempotency-key: ", "webhook-signature: v1,", "host: hooks.example:", r#"{"to":"ada@example.org"}"#] {
        assert!(got.contains(part), "{part} in {got}");
    }
    assert_eq!(report.requests, [format!("POST http://hooks.example:{port}/in")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_webhook_sends_nothing() {
    let (port, requests) = peer();
    let bench = bench(&["127.0.0.0/8"]).await;
    let report = send(&bench, config(port, "hooks.example"), Mode::DryRun).await;
    assert_eq!(output(&report)["statusCode"], json!(200));
    assert_eq!(report.requests, [format!("POST http://hooks.example:{port}/in")]);
    assert!(requests.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_into_a_private_network_fails_and_says_how_to_allow_it() {
    let (port, requests) = peer();
    let bench = bench(&[]).await;
    for host in ["hooks.example", "metadata.example", "127.0.0.1", "[::ffff:10.0.0.1]"] {
        let report = send(&bench, config(port, host), Mode::Live).await;
        let Outcome::Failed(failure) = &report.outcome else { panic!("{host}: {:?}", report.outcome) };
        assert!(!failure.code.is_empty(), "{}", code(&report));
        assert!(report.log.iter().any(|line| line.message.contains("STEPWELL_ALLOW_NETWORK=")), "{:?}", report.log);
    }
    assert!(requests.try_recv().is_err());
}
