//! Plugins.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use stepwell_api::ApiOptions;
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::{Answer, Server};

async fn upload(server: &Server, query: &str, kind: &str, bytes: &'static [u8]) -> Answer {
    let request = Request::post(format!("/v1/plugins{query}"))
        .header("authorization", format!("Bearer {}", server.key))
        .header("content-type", kind);
    server.call(request.body(Body::from(bytes)).expect("request")).await
}

const COMPONENT: &[u8] = b"\0asm component";

#[tokio::test]
async fn the_plugins_of_the_server_are_listed_and_not_changed() {
    let server = Server::start().await;
    let list = server.get("/v1/plugins").await.ok();
    let builtin = &list["data"][0];
    assert_eq!(
        (&builtin["source"], &builtin["shared"], &builtin["steps"][0]["stepType"]),
        (&json!("builtin"), &json!(true), &json!("exit"))
    );
    let path = format!("/v1/plugins/{}", builtin["digest"].as_str().expect("digest"));
    assert_eq!(server.get(&path).await.ok(), *builtin);
    assert_eq!(server.delete(&path).await.refusal(), (409, "CONFLICT".into()));
    assert_eq!(server.put(&format!("{path}/grants"), json!({ "grants": [] })).await.refusal().0, 409);
}

#[tokio::test]
async fn an_upload_is_installed_for_its_workspace_and_granted_nothing() {
    let server = Server::start().await;
    let made = upload(&server, "", "application/wasm", COMPONENT).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!((&made["grants"], &made["missing"]), (&json!([]), &json!(["wasi:http/outgoing-handler"])));
    let path = format!("/v1/plugins/{}", made["digest"].as_str().expect("digest"));
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let stranger = server.add_key(other, KeyKind::Secret, &["*"]).await;
    assert_eq!(server.ask_as(&stranger, Method::GET, &path, None).await.status, 404);
    assert_eq!(server.ask_as(&stranger, Method::DELETE, &path, None).await.status, 404);

    let grants = json!({ "grants": [{ "import": "wasi:http/outgoing-handler", "scope": ["api.example.org"] }] });
    let granted = server.put(&format!("{path}/grants"), grants.clone()).await.ok();
    assert_eq!((&granted["grants"], &granted["missing"]), (&grants["grants"], &json!([])));
    let again = upload(&server, "", "application/wasm", COMPONENT).await.ok();
    assert_eq!(again["grants"], grants["grants"]);

    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.get(&path).await.refusal().0, 404);
}

#[tokio::test]
async fn what_an_upload_may_use_can_be_said_with_it() {
    let server = Server::start().await;
    let query = |grants: &str| {
        format!("?grants={}", url::form_urlencoded::byte_serialize(grants.as_bytes()).collect::<String>())
    };
    let grants = r#"[{"import":"wasi:http/outgoing-handler","scope":["api.example.org"]}]"#;
    let made = upload(&server, &query(grants), "application/wasm", COMPONENT).await.ok();
    assert_eq!(made["grants"], json!([{ "import": "wasi:http/outgoing-handler", "scope": ["api.example.org"] }]));
    for (grants, field) in [("x", "grants"), ("{}", "grants"), (r#"[{"scope":[]}]"#, "grants.0.import")] {
        let refused = upload(&server, &query(grants), "application/wasm", COMPONENT).await;
        assert_eq!(refused.wrong().0, field, "{grants}");
    }
}

#[tokio::test]
async fn only_what_a_plugin_asks_for_can_be_granted() {
    let server = Server::start().await;
    let made = upload(&server, "", "application/wasm", COMPONENT).await.ok();
    let path = format!("/v1/plugins/{}/grants", made["digest"].as_str().expect("digest"));
    let unknown = json!({ "grants": [{ "import": "wasi:keyvalue/store" }] });
    assert_eq!(server.put(&path, unknown).await.wrong(), ("grants.0.import".into(), "unknown_import".into()));
    let twice =
        json!({ "grants": [{ "import": "wasi:http/outgoing-handler" }, { "import": "wasi:http/outgoing-handler" }] });
    assert_eq!(server.put(&path, twice).await.wrong(), ("grants.1.import".into(), "duplicate".into()));
}

#[tokio::test]
async fn an_upload_can_be_looked_at_before_it_is_installed() {
    let server = Server::start().await;
    let seen = upload(&server, "?dryRun=true", "application/wasm", COMPONENT).await;
    assert_eq!((seen.status.as_u16(), &seen.json()["steps"][0]["stepType"]), (200, &json!("shout")));
    assert_eq!(server.get("/v1/plugins").await.ok()["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    let server = Server::start_with(ApiOptions { plugin_limit: 100, ..ApiOptions::default() }).await;
    let refused = upload(&server, "", "application/wasm", b"text").await;
    assert_eq!(refused.refusal(), (422, "VALIDATION_ERROR".into()));
    assert_eq!(refused.json()["error"]["errors"][0]["code"], "invalid-component");
    assert_eq!(upload(&server, "", "application/json", COMPONENT).await.refusal().0, 415);
    assert_eq!(upload(&server, "", "application/wasm", &[0; 101]).await.refusal().0, 413);
    assert_eq!(server.get("/v1/plugins/xyz").await.refusal().0, 404);
}
