//! Who may call what: every route of `/openapi.json` without a key, with a wrong one, with one that lacks the scope, and with one of
//! another workspace (spec plunk-workflows, 1.1, 14 number 18).

mod foreign;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use stepwell_tests::{Client, Server};

use super::routes::{self, Route, nothing};

/// The routes that anybody may call: for those who run the server, and the signed links in emails.
const PUBLIC: &[&str] = &[
    "GET /docs",
    "GET /docs/{file}",
    "GET /health",
    "GET /manage/{token}",
    "GET /metrics",
    "GET /openapi.json",
    "GET /ready",
    "GET /subscribe/{token}",
    "GET /t/click/{token}",
    "GET /t/open/{token}",
    "GET /unsubscribe/{token}",
    "POST /subscribe/{token}",
    "POST /unsubscribe/{token}",
];

/// Makes a key and gives a client with it.
async fn key(server: &Server, kind: &str, scopes: &[String]) -> Client {
    let body = json!({ "name": format!("{kind} of a test"), "kind": kind, "scopes": scopes });
    let made = server.client().post("/v1/keys", body).await.expect(201);
    server.client_with(made["key"].as_str())
}

#[tokio::test]
async fn only_the_routes_that_are_meant_to_be_public_are() {
    let server = Server::start().await;
    let public: BTreeSet<_> =
        routes::all(&server.client()).await.iter().filter(|route| route.is_public()).map(Route::name).collect();
    assert_eq!(public.iter().map(String::as_str).collect::<Vec<_>>(), PUBLIC);
}

#[tokio::test]
async fn no_other_route_works_without_a_valid_key() {
    let server = Server::start().await;
    let unknown = format!("sk_{}", "0".repeat(64));
    let malformed = server.key().to_uppercase();
    let mut checked = 0;
    for route in routes::all(&server.client()).await.into_iter().filter(|route| !route.is_public()) {
        for (key, code) in
            [(None, "MISSING_AUTH"), (Some(unknown.as_str()), "INVALID_API_KEY"), (Some(&malformed), "INVALID_API_KEY")]
        {
            let reply = route.call(&server.client_with(key), &route.nowhere(), &nothing()).await;
            assert_eq!((reply.status, reply.code()), (401, code), "{} with {key:?}", route.name());
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} calls");
}

#[tokio::test]
async fn a_public_key_is_good_for_sending_events_and_for_nothing_else() {
    let server = Server::start().await;
    let public = key(&server, "public", &["events:write".to_owned()]).await;
    let routes = routes::all(&server.client()).await;
    for route in routes.iter().filter(|route| !route.is_public()) {
        let reply = route.call(&public, &route.nowhere(), &nothing()).await;
        let expected = if route.path == "/v1/track" { (422, "VALIDATION_ERROR") } else { (401, "INVALID_API_KEY") };
        assert_eq!((reply.status, reply.code()), expected, "{}", route.name());
    }
    let taking: Vec<_> = routes.iter().filter(|route| route.takes_public_key).map(Route::name).collect();
    assert_eq!(taking, ["POST /v1/track"]);
    public.track("signed_up", "ada@example.org", json!({})).await;
    server.client().track("signed_up", "ada@example.org", json!({})).await;
}

#[tokio::test]
async fn a_key_without_the_scope_of_a_route_is_refused_and_one_with_it_is_not() {
    let server = Server::start().await;
    let routes = routes::all(&server.client()).await;
    let all: BTreeSet<String> = routes.iter().flat_map(|route| route.scopes.clone()).collect();
    assert!(all.len() >= 15, "{all:?}");
    let mut clients: BTreeMap<&str, (Client, Client)> = BTreeMap::new();
    for scope in &all {
        let others: Vec<_> = all.iter().filter(|other| *other != scope).cloned().collect();
        let own = key(&server, "secret", std::slice::from_ref(scope)).await;
        clients.insert(scope, (key(&server, "secret", &others).await, own));
    }
    for route in routes.iter().filter(|route| !route.is_public()) {
        let scope = route.scopes.first().expect("a scope");
        assert_eq!(route.scopes.len(), 1, "{}", route.name());
        let (without, with) = &clients[scope.as_str()];
        let refused = route.call(without, &route.nowhere(), &nothing()).await;
        assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"), "{} without {scope}", route.name());
        let allowed = route.call(with, &route.nowhere(), &nothing()).await;
        assert!(![401, 403].contains(&allowed.status), "{} with {scope}: {:#}", route.name(), allowed.body);
        assert!(allowed.status < 500, "{} with {scope}: {:#}", route.name(), allowed.body);
    }
}

#[tokio::test]
async fn a_key_cannot_make_one_that_may_do_more_than_itself() {
    let server = Server::start().await;
    let scopes = ["keys:write", "keys:read", "contacts:read"].map(str::to_owned);
    let weak = key(&server, "secret", &scopes).await;
    for wanted in [json!(["*"]), json!(["contacts:*"]), json!(["workflows:read"]), json!(["keys:*", "contacts:write"])]
    {
        let body = json!({ "name": "stronger", "kind": "secret", "scopes": wanted });
        let reply = weak.post("/v1/keys", body).await;
        assert_eq!(reply.status, 403, "{wanted}: {:#}", reply.body);
    }
    let body = json!({ "name": "as strong", "kind": "secret", "scopes": ["contacts:read"] });
    weak.post("/v1/keys", body).await.expect(201);
}

#[tokio::test]
async fn a_revoked_key_stops_working() {
    let server = Server::start().await;
    let body = json!({ "name": "short-lived", "kind": "secret", "scopes": ["*"] });
    let made = server.client().post("/v1/keys", body).await.expect(201);
    let client = server.client_with(made["key"].as_str());
    client.get("/contacts").await.expect(200);
    let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
    let gone = server.client().delete(&path).await;
    assert!([200, 204].contains(&gone.status), "{:#}", gone.body);
    assert_eq!(client.get("/contacts").await.code(), "INVALID_API_KEY");
    let listed = server.client().get("/v1/keys").await.expect(200).to_string();
    let secret = made["key"].as_str().expect("a key");
    assert!(!listed.contains(secret) && !listed.contains(&secret[12..]), "a key is shown once");
}

#[tokio::test]
async fn a_disabled_project_can_be_read_and_not_changed() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = stepwell_tests::Workflow::create(&client, "signed_up", json!({})).await;
    let workspace = client.get("/v1/workspace").await.expect(200)["id"].clone();
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go", "timeout": 3 }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    let disable = server.command(&["workspace", "disable", workspace.as_str().expect("an id")]).await;
    assert!(disable.status.success(), "{}", String::from_utf8_lossy(&disable.stderr));
    stepwell_tests::eventually("a disabled project", || async {
        (client.post("/contacts/lookup", json!({ "emails": [] })).await.status == 403).then_some(())
    })
    .await;
    for route in routes::all(&client).await.into_iter().filter(|route| !route.is_public()) {
        let reply = route.call(&client, &route.nowhere(), &nothing()).await;
        match route.method == reqwest::Method::GET {
            true => assert!(reply.status != 403 && reply.status < 500, "{}: {:#}", route.name(), reply.body),
            false => assert_eq!((reply.status, reply.code()), (403, "PROJECT_DISABLED"), "{}", route.name()),
        }
    }
    assert_eq!(client.get(&workflow.path("")).await.expect(200)["enabled"], true);
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 1);
    // Spec plunk-workflows, 7 number 4: what was under way ends.
    let ended = workflow.newest_in(&["CANCELLED"]).await;
    assert_eq!(ended["exitReason"], "Project disabled");
    server.command(&["workspace", "enable", workspace.as_str().expect("an id")]).await;
    stepwell_tests::eventually("an enabled project", || async {
        (client.post("/contacts", json!({ "email": "a@example.org" })).await.status == 201).then_some(())
    })
    .await;
}
