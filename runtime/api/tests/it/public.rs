//! Links in messages.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use stepwell_core::{ContactId, MessageId};

use crate::server::{Answer, Server};

/// The path of a link under the public URL.
fn path(url: &str) -> &str {
    url.strip_prefix("https://stepwell.example.org").expect("own link")
}

async fn visit(server: &Server, method: &str, url: &str) -> Answer {
    server.call(Request::builder().method(method).uri(path(url)).body(Body::empty()).expect("request")).await
}

async fn contact(server: &Server) -> (ContactId, String) {
    let made = server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    let id = made["id"].as_str().expect("id").to_owned();
    (id.parse().expect("id"), format!("/contacts/{id}"))
}

#[tokio::test]
async fn opening_an_unsubscribe_link_changes_nothing_and_its_one_click_does() {
    let server = Server::start().await;
    let (id, about) = contact(&server).await;
    let url = server.state.engine().links().unsubscribe_url(server.workspace, id);
    let page = visit(&server, "GET", &url).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-security-policy"].to_str().expect("text").contains("default-src 'none'"));
    assert_eq!(server.get(&about).await.ok()["subscribed"], true);
    let click = Request::post(path(&url)).header("content-type", "application/x-www-form-urlencoded");
    let done = server.call(click.body(Body::from("List-Unsubscribe=One-Click")).expect("request")).await;
    assert_eq!(done.status, 200);
    assert_eq!(server.get(&about).await.ok()["subscribed"], false);
    let events = server.get("/events?eventName=contact.unsubscribed").await.ok();
    assert_eq!(events["events"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_subscribe_link_subscribes_and_a_manage_link_shows() {
    let server = Server::start().await;
    let (id, about) = contact(&server).await;
    server.patch(&about, json!({ "subscribed": false })).await.ok();
    let links = server.state.engine().links();
    let shown = visit(&server, "GET", &links.manage_url(server.workspace, id)).await.text();
    assert!(shown.contains("ada@example.org is not subscribed") && shown.contains("../subscribe/"), "{shown}");
    assert_eq!(visit(&server, "GET", &links.subscribe_url(server.workspace, id)).await.status, 200);
    assert_eq!(visit(&server, "POST", &links.subscribe_url(server.workspace, id)).await.status, 200);
    assert_eq!(server.get(&about).await.ok()["subscribed"], true);
}

#[tokio::test]
async fn a_token_of_another_kind_or_of_nobody_is_not_valid() {
    let server = Server::start().await;
    let (id, about) = contact(&server).await;
    let manage = server.state.engine().links().manage_url(server.workspace, id);
    let forged = manage.replace("/manage/", "/unsubscribe/");
    assert_eq!(visit(&server, "POST", &forged).await.status, 404);
    assert_eq!(server.get(&about).await.ok()["subscribed"], true);
    let gone = server.state.engine().links().unsubscribe_url(server.workspace, uuid::Uuid::nil().into());
    assert_eq!(visit(&server, "POST", &gone).await.status, 404);
    assert_eq!(visit(&server, "GET", "https://stepwell.example.org/manage/x").await.status, 404);
}

async fn message(server: &Server) -> (MessageId, String) {
    let body = json!({ "to": "ada@example.org", "subject": "Hi", "body": "<p>Hi</p>" });
    let sent = server.post("/v1/send", body).await.ok();
    let id = sent["data"]["emails"][0]["email"].as_str().expect("id").to_owned();
    (id.parse().expect("id"), format!("/v1/messages/{id}"))
}

#[tokio::test]
async fn an_opened_message_is_counted_and_the_picture_is_always_there() {
    let server = Server::start().await;
    let (id, about) = message(&server).await;
    let url = server.state.engine().links().open_url(server.workspace, id);
    let picture = visit(&server, "GET", &url).await;
    assert_eq!((picture.status.as_u16(), &picture.headers["content-type"]), (200, &"image/gif".parse().expect("type")));
    assert_eq!(server.get(&about).await.ok()["opens"], 1);
    let forged = visit(&server, "GET", "https://stepwell.example.org/t/open/x").await;
    assert_eq!((forged.status, forged.bytes), (picture.status, picture.bytes));
}

#[tokio::test]
async fn a_followed_link_leads_to_the_signed_address_only() {
    let server = Server::start().await;
    let (id, about) = message(&server).await;
    let links = server.state.engine().links();
    let followed = visit(&server, "GET", &links.click_url(server.workspace, id, "https://example.com/ü?a=1")).await;
    assert_eq!(
        (followed.status.as_u16(), &followed.headers["location"]),
        (302, &"https://example.com/%C3%BC?a=1".parse().expect("url"))
    );
    assert_eq!(server.get(&about).await.ok()["clicks"], 1);
    let script = visit(&server, "GET", &links.click_url(server.workspace, id, "javascript:alert(1)")).await;
    assert_eq!(script.status, 404);
    assert_eq!(visit(&server, "GET", "https://stepwell.example.org/t/click/x").await.status, 404);
    let events: Value = server.get("/events?eventName=email.click").await.ok();
    assert_eq!(events["events"][0]["data"]["link"], "https://example.com/ü?a=1");
}
