use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stepwell_plugin::http::{Error, Method, Response};
use stepwell_plugin::testing::{ContextBuilder, TestHost, context, run, validate};
use stepwell_plugin::{Timestamp, connections};

use super::*;

const URL: &str = "https://hooks.example.org/in";

fn subject() -> ContextBuilder {
    let contact = json!({
        "id": "c1", "email": "ada@example.org", "subscribed": true, "data": { "plan": "pro" },
        "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
    });
    let about = json!({
        "workflow": { "id": "w1", "name": "Welcome", "version": 3 },
        "execution": { "id": "execution-1", "startedAt": "2026-01-02T03:04:00.000Z" },
        "step": { "id": "step-1", "name": "Tell the CRM", "type": "webhook", "retry": null },
        "eventName": "signed_up",
    });
    context().contact(contact).event(json!({ "source": "web" })).about(about)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, Error> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Response { status, headers, body: body.into(), truncated: false })
}

fn send(config: &Value) -> Result<Value, Failure> {
    match run::<Webhook>(config, &subject().build())? {
        Outcome::Completed(completion) => Ok(completion.output),
        other => panic!("not completed: {other:?}"),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn the_default_body_says_what_happened() {
    let host = TestHost::new();
    host.answer(answer(200, &[], "ok"));
    send(&json!({ "url": URL })).expect("a completed step");
    let [request] = &host.requests()[..] else { panic!("one request") };
    let expected = json!({
        "contact": { "id": "c1", "email": "ada@example.org", "subscribed": true, "data": { "plan": "pro" } },
        "workflow": { "id": "w1", "name": "Welcome" },
        "execution": { "id": "execution-1", "startedAt": "2026-01-02T03:04:00.000Z" },
        "event": { "source": "web" },
        "eventName": "signed_up",
        "step": { "id": "step-1", "name": "Tell the CRM" },
        "deliveryId": "visit-1-key",
    });
    assert_eq!((request.method, body(request)), (Method::Post, expected));
    assert_eq!(header(request, "Content-Type"), Some("application/json"));
    assert_eq!(request.timeout, Duration::from_secs(10));
}

#[test]
fn an_execution_without_a_contact_sends_null() {
    let host = TestHost::new();
    host.answer(answer(200, &[], ""));
    run::<Webhook>(&json!({ "url": URL }), &context().build()).expect("a completed step");
    assert_eq!(body(&host.requests()[0])["contact"], Value::Null);
}

#[test]
fn the_output_tells_what_was_answered() {
    let host = TestHost::new();
    host.answer(answer(201, &[], r#"{"id":7}"#));
    let output = send(&json!({ "url": URL, "method": "PUT" })).expect("a completed step");
    let expected = json!({ "url": URL, "method": "PUT", "statusCode": 201, "success": true, "response": { "id": 7 } });
    assert_eq!(output, expected);
}

#[test]
fn url_headers_and_body_are_templates() {
    let host = TestHost::new();
    host.answer(answer(200, &[], ""));
    let config = json!({
        "url": "https://hooks.example.org/{{ plan }}", "method": "PATCH",
        "headers": { "X-Plan": "is {{ contact.data.plan }}\r\nX-Evil: 1" },
        "body": { "who": ["{{ email }}"], "n": 1 },
    });
    let output = send(&config).expect("a completed step");
    let request = &host.requests()[0];
    assert_eq!(output["url"], "https://hooks.example.org/pro");
    assert_eq!(request.url.path_and_query(), "/pro");
    assert_eq!(header(request, "X-Plan"), Some("is pro  X-Evil: 1"));
    assert_eq!(body(request), json!({ "who": ["ada@example.org"], "n": 1 }));
}

#[test]
fn get_carries_no_body() {
    let host = TestHost::new();
    host.answer(answer(200, &[], ""));
    send(&json!({ "url": URL, "method": "GET", "body": { "a": 1 } })).expect("a completed step");
    assert_eq!((host.requests()[0].method, host.requests()[0].body.len()), (Method::Get, 0));
}

#[test]
fn a_text_under_another_content_type_is_sent_as_it_is() {
    let host = TestHost::new();
    host.answer(answer(200, &[], ""));
    host.answer(answer(200, &[], ""));
    let form = json!({ "content-type": "application/x-www-form-urlencoded" });
    send(&json!({ "url": URL, "headers": form, "body": "email={{ email }}" })).expect("a completed step");
    send(&json!({ "url": URL, "body": "plain" })).expect("a completed step");
    let [form, json] = &host.requests()[..] else { panic!("two requests") };
    assert_eq!(form.body, b"email=ada@example.org");
    assert_eq!(header(form, "Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(form, "content-type"), None);
    assert_eq!(json.body, br#""plain""#);
}

#[test]
fn the_signature_covers_the_id_the_time_and_the_body() {
    let host = TestHost::new();
    host.answer(answer(200, &[], ""));
    send(&json!({ "url": URL })).expect("a completed step");
    let request = &host.requests()[0];
    assert_eq!(header(request, "webhook-id"), Some("visit-1-key"));
    assert_eq!(header(request, "webhook-timestamp"), Some("1767323045"));
    let signed = format!("visit-1-key.1767323045.{}", String::from_utf8_lossy(&request.body));
    let signature = connections::sign("webhook-signing", signed.as_bytes()).expect("a signature");
    assert_eq!(header(request, "webhook-signature"), Some(format!("v1,{}", STANDARD.encode(signature)).as_str()));
}

#[test]
fn a_redirect_is_a_new_request_with_the_same_method_and_body() {
    let host = TestHost::new();
    host.answer(answer(302, &[("location", "/other")], ""));
    host.answer(answer(200, &[], "there"));
    let output = send(&json!({ "url": URL, "headers": { "Authorization": "secret" } })).expect("a completed step");
    let [first, second] = &host.requests()[..] else { panic!("two requests") };
    assert_eq!(second.url.to_string(), "https://hooks.example.org/other");
    assert_eq!((second.method, &second.body, &second.headers), (first.method, &first.body, &first.headers));
    assert_eq!((output["url"].as_str(), output["response"].as_str()), (Some(URL), Some("there")));
}

#[test]
fn configured_headers_are_dropped_where_the_host_changes_and_stay_dropped() {
    let host = TestHost::new();
    host.answer(answer(307, &[("location", "https://evil.example.net/")], ""));
    host.answer(answer(307, &[("location", URL)], ""));
    host.answer(answer(200, &[], ""));
    send(&json!({ "url": URL, "headers": { "Authorization": "secret" } })).expect("a completed step");
    let secrets: Vec<_> = host.requests().iter().map(|request| header(request, "Authorization").is_some()).collect();
    assert_eq!(secrets, [true, false, false]);
    assert_eq!(header(&host.requests()[1], "Content-Type"), Some("application/json"));
}

#[test]
fn five_redirects_are_followed_and_no_more() {
    let host = TestHost::new();
    for _ in 0..6 {
        host.answer(answer(301, &[("location", "/next")], ""));
    }
    assert_eq!(send(&json!({ "url": URL })).expect_err("a failure").code, "too-many-redirects");
    assert_eq!(host.requests().len(), 6);
}

#[test]
fn a_redirect_to_nowhere_fails() {
    let host = TestHost::new();
    host.answer(answer(302, &[], ""));
    assert_eq!(send(&json!({ "url": URL })).expect_err("a failure").code, "redirect-without-location");
    host.answer(answer(302, &[("location", "file:///etc/passwd")], ""));
    assert_eq!(send(&json!({ "url": URL })).expect_err("a failure").code, "invalid-request");
}

#[test]
fn an_error_status_completes_the_step_without_success() {
    let host = TestHost::new();
    for status in [404, 500, 502] {
        host.answer(answer(status, &[], "oh"));
        let output = send(&json!({ "url": URL })).expect("a completed step");
        assert_eq!((&output["success"], &output["statusCode"]), (&json!(false), &json!(status)));
    }
}

#[test]
fn an_error_status_fails_the_step_if_that_is_configured() {
    let host = TestHost::new();
    host.answer(answer(404, &[], ""));
    let failure = send(&json!({ "url": URL, "failOnError": true })).expect_err("a failure");
    assert_eq!((failure.code.as_str(), failure.retryable), ("http-404", false));
}

#[test]
fn a_busy_server_is_asked_again_after_the_pause_it_names() {
    let host = TestHost::new();
    host.answer(answer(429, &[("retry-after", "7")], ""));
    let failure = send(&json!({ "url": URL })).expect_err("a failure");
    assert_eq!((failure.code.as_str(), failure.retryable), ("http-429", true));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    host.answer(answer(500, &[], ""));
    assert!(send(&json!({ "url": URL, "retryOn5xx": true })).expect_err("a failure").retryable);
}

#[test]
fn after_the_last_try_a_busy_server_is_a_completed_step() {
    let host = TestHost::new();
    host.answer(answer(503, &[], ""));
    let outcome = run::<Webhook>(&json!({ "url": URL }), &subject().attempt(3).build());
    let Ok(Outcome::Completed(done)) = outcome else { panic!("not completed") };
    assert_eq!(done.output["success"], false);
}

#[test]
fn without_an_answer_the_step_fails_and_may_be_tried_again() {
    let host = TestHost::new();
    let failures = [
        (Error::Timeout, "request-timeout", true),
        (Error::Connection("it was refused".to_owned()), "connection-failed", true),
        (Error::AddressRefused, "address-refused", false),
        (Error::Denied, "capability-denied", false),
    ];
    for (error, code, retryable) in failures {
        host.answer(Err(error));
        let failure = send(&json!({ "url": URL })).expect_err("a failure");
        assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable));
        assert!(failure.message.ends_with("(hooks.example.org)"));
    }
}

#[test]
fn retries_are_equal_apart_from_the_time() {
    let host = TestHost::new();
    for attempt in [1, 2] {
        host.answer(answer(200, &[], ""));
        let now = Timestamp::from_millis(1_767_323_045_678 + u64::from(attempt) * 60_000);
        run::<Webhook>(&json!({ "url": URL }), &subject().attempt(attempt).now(now).build()).expect("a completed step");
    }
    let [first, second] = &host.requests()[..] else { panic!("two requests") };
    assert_eq!((&first.body, header(first, "webhook-id")), (&second.body, header(second, "webhook-id")));
    assert_ne!(header(first, "webhook-timestamp"), header(second, "webhook-timestamp"));
}

#[test]
fn a_wrong_member_is_named_by_its_place() {
    let problem = |config: &Value| validate::<Webhook>(config).first().map(|problem| problem.pointer.clone());
    let cases = [
        (json!({ "url": "ftp://a/" }), "/url"),
        (json!({ "url": "https://{% if %}" }), "/url"),
        (json!({ "url": URL, "method": "TRACE" }), "/method"),
        (json!({ "url": URL, "headers": { "a b": "1" } }), "/headers/a b"),
        (json!({ "url": URL, "headers": { "Host": "x" } }), "/headers/Host"),
        (json!({ "url": URL, "headers": { "Webhook-Id": "x" } }), "/headers/Webhook-Id"),
        (json!({ "url": URL, "headers": { "a": 1 } }), "/headers/a"),
        (json!({ "url": URL, "body": { "a": "{{ x | nosuch }}" } }), "/body/a"),
        (json!({ "url": URL, "timeoutMs": 30_001 }), "/timeoutMs"),
        (json!({ "url": URL, "retries": 3 }), "/retries"),
    ];
    for (config, pointer) in cases {
        assert_eq!(problem(&config).as_deref(), Some(pointer), "{config}");
    }
    assert_eq!(problem(&json!({ "url": "{{ event.url }}", "method": "GET", "headers": {} })), None);
}

#[test]
fn a_url_that_renders_to_nonsense_fails_the_step() {
    let failure = send(&json!({ "url": "{{ event.none }}" })).expect_err("a failure");
    assert_eq!((failure.code.as_str(), failure.retryable), ("invalid-request", false));
}
