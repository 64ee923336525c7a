//! Bad inputs, and the field that the answer must name.

use serde_json::{Value, json};

/// One bad request.
pub(super) struct Case {
    pub(super) method: &'static str,
    /// As `World::path` reads it.
    pub(super) path: &'static str,
    /// Null for none.
    pub(super) body: Value,
    pub(super) field: &'static str,
}

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let mut cases = queries();
    cases.extend(workflows());
    cases.extend(steps());
    cases.extend(executions());
    cases.extend(people());
    cases.extend(templates());
    cases.extend(events());
    cases.extend(messages());
    cases.extend(workspace());
    cases
}

fn of(method: &'static str, path: &'static str, cases: Vec<(Value, &'static str)>) -> Vec<Case> {
    cases.into_iter().map(|(body, field)| Case { method, path, body, field }).collect()
}

fn post(path: &'static str, cases: Vec<(Value, &'static str)>) -> Vec<Case> {
    of("POST", path, cases)
}

/// A copy with one member replaced.
fn with(body: &Value, member: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[member] = value;
    body
}

fn without(body: &Value, member: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").remove(member);
    body
}

fn queries() -> Vec<Case> {
    let bad = [
        ("/workflows?page=0", "page"),
        ("/workflows?page=x", "page"),
        ("/workflows?pageSize=-1", "pageSize"),
        ("/workflows?sort=colour", "sort"),
        ("/workflows?dir=up", "dir"),
        ("/workflows?status=asleep", "status"),
        ("/workflows?search=%00", "search"),
        ("/workflows?page=1&page=2", "page"),
        ("/workflows/{w}/executions?status=DANCING", "status"),
        ("/workflows/{w}/executions?pageSize=0", "pageSize"),
        ("/workflows/{w}/executions/{e}/journal?after=-1", "after"),
        ("/workflows/{w}/stats?version=0", "version"),
        ("/contacts?limit=0", "limit"),
        ("/contacts?cursor=zzz", "cursor"),
        ("/contacts?subscribed=maybe", "subscribed"),
        ("/contacts?sort=age", "sort"),
        ("/events?limit=many", "limit"),
        ("/events/stats?startDate=yesterday", "startDate"),
        ("/events/contact/{c}?limit=0", "limit"),
        ("/templates?type=SPAM", "type"),
    ];
    let cases = bad.into_iter().map(|(path, field)| Case { method: "GET", path, body: Value::Null, field });
    cases.collect()
}

fn workflows() -> Vec<Case> {
    let good = json!({ "name": "x", "eventName": "y" });
    let schedule = |config: Value| json!({ "name": "x", "triggerType": "SCHEDULE", "triggerConfig": config });
    let mut cases = post(
        "/workflows",
        vec![
            (json!({}), "name"),
            (without(&good, "eventName"), "eventName"),
            (with(&good, "name", json!(5)), "name"),
            (with(&good, "name", json!("  ")), "name"),
            (with(&good, "name", json!("x".repeat(256))), "name"),
            (with(&good, "name", json!("a\u{0}")), "name"),
            (with(&good, "eventName", json!("")), "eventName"),
            (with(&good, "eventName", json!("x".repeat(256))), "eventName"),
            (with(&good, "enabled", json!("yes")), "enabled"),
            (with(&good, "surprise", json!(1)), "surprise"),
            (with(&good, "reentry", json!("sometimes")), "reentry"),
            (with(&good, "triggerType", json!("MOON")), "triggerType"),
            (json!({ "name": "x", "triggerConfig": { "eventName": 7 } }), "triggerConfig.eventName"),
            (schedule(json!({})), "triggerConfig.cron"),
            (schedule(json!({ "cron": "whenever" })), "triggerConfig.cron"),
            (schedule(json!({ "cron": "0 9 * * *", "timeZone": "Mars/Base" })), "triggerConfig.timeZone"),
        ],
    );
    cases.extend(of(
        "PATCH",
        "/workflows/{w}",
        vec![
            (json!({ "name": "" }), "name"),
            (json!({ "enabled": 1 }), "enabled"),
            (json!({ "id": "x" }), "id"),
            (json!({ "triggerConfig": [] }), "triggerConfig"),
        ],
    ));
    for path in ["/workflows/bulk-update", "/templates/bulk-update"] {
        let many: Vec<_> = (0..1_001).map(|_| "00000000-0000-4000-8000-000000000000").collect();
        cases.extend(post(
            path,
            vec![
                (json!({}), "ids"),
                (json!({ "ids": [] }), "ids"),
                (json!({ "ids": ["x"] }), "ids.0"),
                (json!({ "ids": many }), "ids"),
                (json!({ "ids": ["00000000-0000-4000-8000-000000000000"], "delete": "yes" }), "delete"),
            ],
        ));
    }
    cases
}

fn steps() -> Vec<Case> {
    let good = json!({
        "type": "DELAY", "name": "x", "position": { "x": 0, "y": 0 }, "config": { "amount": 1, "unit": "hours" },
    });
    let config = |kind: &str, config: Value| with(&with(&good, "type", json!(kind)), "config", config);
    let mut cases = post(
        "/workflows/{w}/steps",
        vec![
            (json!({}), "type"),
            (json!({}), "config"),
            (without(&good, "position"), "position"),
            (with(&good, "type", json!("TELEPORT")), "type"),
            (with(&good, "type", json!("../x")), "type"),
            (with(&good, "name", json!("x\u{0}")), "name"),
            (with(&good, "position", json!({ "x": "left", "y": 0 })), "position.x"),
            (with(&good, "position", json!({ "x": 0 })), "position.y"),
            (with(&good, "position", json!({ "x": 1e300, "y": 0 })), "position.x"),
            (with(&good, "config", json!([])), "config"),
            (with(&good, "retry", json!({ "maxAttempts": 0 })), "retry.maxAttempts"),
            (with(&good, "templateId", json!("x")), "templateId"),
            (config("DELAY", json!({ "amount": "soon", "unit": "hours" })), "config.amount"),
            (config("DELAY", json!({ "amount": 1, "unit": "moons" })), "config.unit"),
            (config("DELAY", json!({ "amount": -1, "unit": "hours" })), "config.amount"),
            (config("WAIT_FOR_EVENT", json!({ "eventName": "x", "timeout": "long" })), "config.timeout"),
            (config("WAIT_FOR_EVENT", json!({ "eventName": "x", "timeout": -5 })), "config.timeout"),
            (config("WEBHOOK", json!({ "url": 5 })), "config.url"),
            (config("WEBHOOK", json!({ "url": "https://example.org", "method": "FETCH" })), "config.method"),
            (config("UPDATE_CONTACT", json!({ "subscriptionAction": "maybe" })), "config.subscriptionAction"),
            (config("EXIT", json!({ "reason": 5 })), "config.reason"),
        ],
    );
    cases.extend(of(
        "PATCH",
        "/workflows/{w}/steps/{s}",
        vec![
            (json!({ "config": 5 }), "config"),
            (json!({ "config": { "eventName": 5 } }), "config.eventName"),
            (json!({ "type": "EXIT" }), "type"),
            (json!({ "name": "" }), "name"),
        ],
    ));
    cases.extend(post(
        "/workflows/{w}/transitions",
        vec![
            (json!({}), "fromStepId"),
            (json!({ "fromStepId": "x", "toStepId": "y" }), "toStepId"),
            (json!({ "fromStepId": "00000000-0000-4000-8000-000000000000", "toStepId": 1 }), "toStepId"),
        ],
    ));
    cases.extend(post(
        "/workflows/{w}/transitions/{t}/insert-step",
        vec![
            (json!({}), "name"),
            (json!({ "type": "DELAY", "name": "x", "config": { "amount": "x", "unit": "hours" } }), "config.amount"),
        ],
    ));
    cases
}

fn executions() -> Vec<Case> {
    let mut cases = post(
        "/workflows/{w}/executions",
        vec![
            (json!({}), "contactId"),
            (json!({ "contactId": "ada" }), "contactId"),
            (json!({ "contactId": "00000000-0000-4000-8000-000000000000", "context": [] }), "context"),
        ],
    );
    cases.extend(post(
        "/workflows/{w}/dry-run",
        vec![
            (json!({ "contactId": 1 }), "contactId"),
            (json!({ "contact": { "email": "nobody" } }), "contact.email"),
            (json!({ "arrivals": [{ "data": {} }] }), "arrivals.0.eventName"),
            (json!({ "version": 0 }), "version"),
        ],
    ));
    cases
}

fn people() -> Vec<Case> {
    let mut cases = post(
        "/contacts",
        vec![
            (json!({}), "email"),
            (json!({ "email": "nobody" }), "email"),
            (json!({ "email": "a@b" }), "email"),
            (json!({ "email": "a@example.org\nbcc: b@example.org" }), "email"),
            (json!({ "email": "new@example.org", "data": [] }), "data"),
            (json!({ "email": "new@example.org", "subscribed": "no" }), "subscribed"),
            (json!({ "email": "new@example.org", "data": { "x": "x".repeat(70_000) } }), "data"),
            (json!({ "email": "new@example.org", "data": { "x": { "y": "\u{0}" } } }), "data.x.y"),
        ],
    );
    cases.extend(of(
        "PATCH",
        "/contacts/{c}",
        vec![
            (json!({ "email": "nobody" }), "email"),
            (json!({ "subscribed": 1 }), "subscribed"),
            (json!({ "id": "x" }), "id"),
        ],
    ));
    let many: Vec<_> = (0..501).map(|n| format!("a{n}@example.org")).collect();
    cases.extend(post(
        "/contacts/lookup",
        vec![(json!({}), "emails"), (json!({ "emails": [5] }), "emails.0"), (json!({ "emails": many }), "emails")],
    ));
    cases
}

fn templates() -> Vec<Case> {
    let good = json!({ "name": "x", "subject": "x", "body": "x", "from": "a@example.org" });
    let mut cases = post(
        "/templates",
        vec![
            (json!({}), "name"),
            (json!({}), "from"),
            (with(&good, "from", json!("nobody")), "from"),
            (with(&good, "type", json!("SPAM")), "type"),
            (with(&good, "replyTo", json!("x")), "replyTo"),
            (with(&good, "body", json!("")), "body"),
        ],
    );
    cases.extend(of(
        "PATCH",
        "/templates/{p}",
        vec![(json!({ "from": "nobody" }), "from"), (json!({ "subject": 1 }), "subject")],
    ));
    cases
}

fn events() -> Vec<Case> {
    let good = json!({ "event": "x", "email": "ada@example.org" });
    let mut cases = post(
        "/v1/track",
        vec![
            (json!({}), "event"),
            (json!({}), "email"),
            (with(&good, "event", json!(" ")), "event"),
            (with(&good, "event", json!("email.open")), "event"),
            (with(&good, "event", json!("x".repeat(256))), "event"),
            (with(&good, "email", json!("ada@")), "email"),
            (with(&good, "data", json!("x")), "data"),
            (with(&good, "data", json!({ "x": "x".repeat(70_000) })), "data"),
            (with(&good, "subscribed", json!("x")), "subscribed"),
            (with(&good, "preserveExistingSubscription", json!(1)), "preserveExistingSubscription"),
        ],
    );
    cases.extend(post(
        "/events/track",
        vec![
            (json!({}), "name"),
            (json!({ "name": "" }), "name"),
            (json!({ "name": "x", "contactId": "ada" }), "contactId"),
        ],
    ));
    cases
}

fn messages() -> Vec<Case> {
    let good = json!({ "to": "ada@example.org", "subject": "x", "body": "x", "from": "a@example.org" });
    let file = |content: &str| json!([{ "filename": "a.txt", "content": content }]);
    post(
        "/v1/send",
        vec![
            (json!({}), "to"),
            (without(&good, "subject"), "subject"),
            (without(&good, "body"), "body"),
            (with(&good, "to", json!("nobody")), "to"),
            (with(&good, "to", json!([])), "to"),
            (with(&good, "to", json!(["ada@example.org", 5])), "to"),
            (with(&good, "from", json!(5)), "from"),
            (with(&good, "attachments", file("not base64!")), "attachments.0.content"),
            (with(&good, "headers", json!({ "Bcc": "x@example.org" })), "headers.Bcc"),
            (with(&good, "headers", json!({ "X-A": "a\r\nBcc: x@example.org" })), "headers.X-A"),
            (with(&good, "template", json!("x")), "template"),
        ],
    )
}

fn workspace() -> Vec<Case> {
    let key = json!({ "name": "x", "kind": "secret", "scopes": ["*"] });
    let connection = json!({ "name": "crm", "secret": "s", "hosts": ["example.org"] });
    let mut cases = post(
        "/v1/keys",
        vec![
            (json!({}), "name"),
            (with(&key, "kind", json!("master")), "kind"),
            (with(&key, "scopes", json!(["contacts:fly"])), "scopes.0"),
            (with(&key, "scopes", json!([])), "scopes"),
            (json!({ "name": "x", "kind": "public", "scopes": ["*"] }), "scopes"),
        ],
    );
    cases.extend(post(
        "/v1/connections",
        vec![
            (json!({}), "secret"),
            (with(&connection, "hosts", json!([])), "hosts"),
            (with(&connection, "hosts", json!(["https://example.org/"])), "hosts.0"),
            (with(&connection, "name", json!("two words")), "name"),
            (with(&connection, "secret", json!("")), "secret"),
        ],
    ));
    cases.extend(post("/v1/suppressions", vec![(json!({}), "email"), (json!({ "email": "nobody" }), "email")]));
    cases
}
