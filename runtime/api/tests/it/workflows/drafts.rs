//! Unfinished workflows: what may be saved, and what keeps one from being enabled.

use serde_json::{Value, json};

use super::{OURS, Server, text};

#[tokio::test]
async fn a_draft_may_lack_what_a_live_workflow_may_not() {
    let server = Server::start().await;
    let made = server
        .workflow(json!({}), &[("SEND_EMAIL", "mail", json!({})), ("DELAY", "wait", json!({ "amount": 1 }))])
        .await;
    let wrong = json!({ "config": { "amount": "soon" } });
    assert_eq!(server.patch(&made.step(2), wrong).await.field(), "config.amount");
    let refused = server.patch(&made.at(""), json!({ "enabled": true })).await.expect(422);
    let errors = refused["error"]["errors"].as_array().expect("errors").clone();
    let fields: Vec<_> = errors.iter().map(|error| text(&error["field"])).collect();
    let expected = [(1, "config.templateId"), (2, "config.unit")];
    assert_eq!(fields, expected.map(|(n, field)| format!("steps.{}.{field}", made.steps[n])));
    assert!(text(&errors[0]["message"]).contains("\"mail\" (SEND_EMAIL)"), "{errors:?}");
    assert_eq!(server.get(&made.at("")).await.expect(200)["enabled"], false);
}

#[tokio::test]
async fn a_step_may_be_added_to_a_draft_before_it_is_configured() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("UPDATE_CONTACT", "write", json!({}))]).await;
    let refused = server.patch(&made.at(""), json!({ "enabled": true })).await.field();
    assert_eq!(refused, format!("steps.{}.config", made.steps[1]));
}

#[tokio::test]
async fn a_finished_draft_can_be_enabled() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("SEND_EMAIL", "mail", json!({}))]).await;
    server.patch(&made.step(1), json!({ "templateId": server.template(OURS).await })).await.expect(200);
    assert_eq!(server.patch(&made.at(""), json!({ "enabled": true })).await.expect(200)["enabled"], true);
    assert_eq!(server.patch(&made.step(1), json!({ "templateId": null })).await.field(), "config.templateId");
    let kept = server.get(&made.at("")).await.expect(200);
    assert_ne!(kept["steps"][1]["templateId"], Value::Null);
}
