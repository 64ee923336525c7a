//! What a workflow would do, did and was: dry run, counters, versions, fields.

use serde_json::{Value, json};

use super::{Server, text};

#[tokio::test]
async fn a_dry_run_walks_the_graph_with_its_own_time_and_no_effect() {
    let server = Server::start().await;
    let steps = [
        ("UPDATE_CONTACT", "tag", json!({ "data": { "tier": "gold" } })),
        ("DELAY", "pause", json!({ "amount": 1, "unit": "hours" })),
        ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid", "timeout": 60 })),
        ("WEBHOOK", "hook", json!({ "url": "https://example.org/hook" })),
    ];
    let made = server.workflow(json!({}), &steps).await;
    let contact = server.contact("ada@example.org").await;
    let body = json!({ "contactId": contact, "event": { "a": 1 }, "arrivals": [{ "eventName": "paid" }] });
    let run = server.post(&made.at("/dry-run"), body).await.expect(200);
    assert_eq!((&run["status"], &run["version"]), (&json!("COMPLETED"), &json!(5)));
    let steps = run["steps"].as_array().expect("steps");
    let shown: Vec<_> = steps.iter().map(|step| (text(&step["name"]), text(&step["outcome"]))).collect();
    let expected = [
        ("tag", "completed"),
        ("pause", "waiting"),
        ("pause", "completed"),
        ("wait", "waiting"),
        ("wait", "completed"),
        ("hook", "completed"),
    ];
    assert_eq!(shown, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
    assert_eq!(
        (&steps[4]["branch"], &steps[5]["requests"]),
        (&json!("event"), &json!(["POST https://example.org/hook"]))
    );
    assert!(text(&steps[2]["at"]) >= text(&steps[1]["waitUntil"]));
    assert_eq!(run["contactData"]["tier"], "gold");
    assert_eq!(server.get(&made.at("/executions")).await.expect(200)["total"], 0);
}

#[tokio::test]
async fn a_dry_run_takes_a_contact_that_is_made_up_and_refuses_nonsense() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("WAIT_FOR_EVENT", "w", json!({ "eventName": "go" }))]).await;
    let path = made.at("/dry-run");
    let run = server.post(&path, json!({ "contact": { "data": { "plan": "pro" } } })).await.expect(200);
    assert_eq!((&run["status"], &run["contactData"]["plan"]), (&json!("WAITING"), &json!("pro")));
    let nobody = json!({ "contactId": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(server.post(&path, nobody).await.code(404), "CONTACT_NOT_FOUND");
    let both = json!({ "contactId": "00000000-0000-4000-8000-000000000000", "contact": {} });
    assert_eq!(server.post(&path, both).await.field(), "contact");
    assert_eq!(server.post(&path, json!({ "contact": { "email": "x" } })).await.field(), "contact.email");
    assert_eq!(server.post(&path, json!({ "version": 9 })).await.code(404), "RESOURCE_NOT_FOUND");
    let arrivals = vec![json!({ "eventName": "x" }); 101];
    assert_eq!(server.post(&path, json!({ "arrivals": arrivals })).await.field(), "arrivals");
}

#[tokio::test]
async fn what_happened_at_each_step_is_counted_by_version() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true, "allowReentry": true }), &[("EXIT", "end", json!({}))]).await;
    let contact = server.contact("ada@example.org").await;
    server.run(&made, contact, "EXITED").await;
    server.patch(&made.step(1), json!({ "config": { "reason": "x" } })).await.expect(200);
    for _ in 0..2 {
        server.run(&made, contact, "EXITED").await;
    }
    let stats = server.get(&made.at("/stats")).await.expect(200);
    let end = &stats["steps"][1];
    assert_eq!((&stats["version"], &end["name"], &end["type"]), (&json!(3), &json!("end"), &json!("EXIT")));
    assert_eq!((&end["entered"], &end["completed"], &end["failed"]), (&json!(3), &json!(3), &json!(0)));
    let versions: Vec<_> =
        end["versions"].as_array().expect("versions").iter().map(|v| (&v["version"], &v["entered"])).collect();
    assert_eq!(versions, [(&json!(3), &json!(2)), (&json!(2), &json!(1))]);
    let old = server.get(&made.at("/stats?version=2")).await.expect(200);
    assert_eq!((&old["version"], &old["steps"][1]["entered"]), (&json!(2), &json!(1)));
    assert_eq!(server.get(&made.at("/stats?version=9")).await.code(404), "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn every_edit_makes_a_version_that_stays() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("EXIT", "end", json!({}))]).await;
    server.patch(&made.step(1), json!({ "name": "end" })).await.expect(200);
    server.patch(&made.step(1), json!({ "name": "finish" })).await.expect(200);
    let page = server.get(&made.at("/versions?pageSize=2")).await.expect(200);
    assert_eq!((&page["total"], &page["totalPages"]), (&json!(3), &json!(2)));
    let shown: Vec<_> = page["data"].as_array().expect("data").iter().map(|v| (&v["version"], &v["current"])).collect();
    assert_eq!(shown, [(&json!(3), &json!(true)), (&json!(2), &json!(false))]);
    let first = server.get(&made.at("/versions/1")).await.expect(200);
    assert_eq!((first["steps"].as_array().map(Vec::len), &first["current"]), (Some(1), &json!(false)));
    for unknown in ["/versions/4", "/versions/0", "/versions/x", "/versions/99999999999"] {
        assert_eq!(server.get(&made.at(unknown)).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn fields_are_discovered_in_contacts_and_known_of_system_events() {
    let server = Server::start().await;
    server.contact("ada@example.org").await;
    let fields = server.get("/workflows/fields?eventName=email.clicked").await.expect(200);
    let typed = fields["typedFields"].as_array().expect("fields");
    let of = |name: &str| typed.iter().find(|field| field["field"] == name).cloned().unwrap_or(Value::Null);
    assert_eq!(of("contact.createdAt")["type"], "date");
    assert_eq!(
        of("contact.data.plan"),
        json!({ "field": "contact.data.plan", "type": "string", "category": "Custom Data" })
    );
    assert_eq!(of("event.link")["category"], "Event Data");
    assert_eq!(fields["count"], json!(typed.len()));
    assert_eq!(fields["fields"].as_array().map(Vec::len), Some(typed.len()));
    assert_eq!(server.get("/workflows/fields?eventName=").await.field(), "eventName");
}
