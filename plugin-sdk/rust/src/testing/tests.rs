//! The kind faces against their fakes.

use serde_json::json;

use super::*;
use crate::contacts::Change;
use crate::{Description, Timestamp, Wait, connections, contacts, events, keyvalue, runs, templates};

/// Writes through every transactional capability, and fails if its configuration says so.
struct Writer;

impl Step for Writer {
    type Config = bool;
    const TYPE: &'static str = "writer";

    fn describe() -> Description {
        Description::new("Writer", "Writes.")
    }

    fn run(fail: bool, context: &Context) -> Result<Outcome, Failure> {
        let change = Change { subscribed: Some(false), ..Change::default() };
        contacts::update(context.contact_id().unwrap_or_default(), &change)?;
        events::emit("written", &json!({ "n": 1 }))?;
        keyvalue::open("default")?.set("key", b"value")?;
        if fail { Err(Failure::passing("asked", "for a failure")) } else { Ok(Outcome::completed(())) }
    }
}

fn contact() -> Context {
    context().contact(json!({ "id": "c1", "subscribed": true, "data": { "a": 1 } })).build()
}

#[test]
fn what_a_completed_step_wrote_is_recorded_in_order() {
    let host = TestHost::new();
    run::<Writer>(&json!(false), &contact()).expect("a completed step");
    let expected = [
        Effect::UpdateContact("c1".to_owned(), json!({ "deleteNulls": false, "subscribed": false })),
        Effect::EmitEvent("written".to_owned(), json!({ "n": 1 })),
        Effect::SetValue("default".to_owned(), "key".to_owned(), Some(b"value".to_vec())),
    ];
    assert_eq!(host.effects(), expected);
}

#[test]
fn what_a_failed_step_wrote_is_dropped() {
    let host = TestHost::new();
    run::<Writer>(&json!(true), &contact()).expect_err("a failure");
    assert_eq!(host.effects(), []);
    assert_eq!(contacts::get("c1").expect("a contact")["subscribed"], true);
    assert_eq!(keyvalue::open("default").and_then(|bucket| bucket.exists("key")).ok(), Some(false));
}

/// Follows two branches, and then answers as its configuration says.
struct Parallel;

impl Step for Parallel {
    type Config = String;
    const TYPE: &'static str = "parallel";

    fn describe() -> Description {
        Description::new("Parallel", "Follows two branches.")
    }

    fn run(answer: String, _: &Context) -> Result<Outcome, Failure> {
        let done = Outcome::completed(()).on_all(["a", "b", "a"]);
        match answer.as_str() {
            "wait" => Ok(Wait::for_person(json!({})).into()),
            "nameless" => Ok(done.on_all([""])),
            _ => Ok(done),
        }
    }
}

#[test]
fn the_branches_of_the_last_call_are_known_if_it_completed() {
    let host = TestHost::new();
    run::<Parallel>(&json!("complete"), &context().build()).expect("a completed step");
    assert_eq!(host.branches(), ["a", "b"]);
    run::<Parallel>(&json!("wait"), &context().build()).expect("a wait");
    assert_eq!(host.branches(), [""; 0]);
    let failed = run::<Parallel>(&json!("nameless"), &context().build());
    assert!(matches!(failed, Ok(Outcome::Failed(failure)) if failure.code == "invalid-branch"));
    assert_eq!(host.branches(), [""; 0]);
    assert_eq!(Outcome::exited(None).on_all(["a"]), Outcome::Exited(None));
    assert_eq!(host.branches(), [""; 0]);
}

#[test]
fn a_contact_is_read_with_the_changes_made() {
    let _host = TestHost::new();
    contact();
    let data = json!({ "a": null, "b": 2 }).as_object().cloned().unwrap_or_default();
    let changed = contacts::update("c1", &Change { data, delete_nulls: true, subscribed: None }).expect("a contact");
    assert_eq!(changed["data"], json!({ "b": 2 }));
    assert_eq!(contacts::get("c1").expect("a contact"), changed);
}

#[test]
fn values_are_kept_by_bucket_and_key() {
    let _host = TestHost::new();
    let bucket = keyvalue::open("default").expect("a bucket");
    for key in ["a", "b", "c"] {
        bucket.set(key, key.as_bytes()).expect("a write");
    }
    bucket.delete("a").expect("a deletion");
    assert_eq!(bucket.get("b").ok(), Some(Some(b"b".to_vec())));
    assert_eq!(bucket.keys(1).ok(), Some(vec!["b".to_owned()]));
    assert_eq!(keyvalue::open("other").and_then(|other| other.get("b")).ok(), Some(None));
}

#[test]
fn events_are_counted_from_a_time_on() {
    let host = TestHost::new();
    host.event("seen", Timestamp::from_millis(5));
    host.event("seen", Timestamp::from_millis(9));
    assert_eq!(events::count("seen", None).ok(), Some(2));
    assert_eq!(events::count("seen", Some(Timestamp::from_millis(6))).ok(), Some(1));
}

#[test]
fn what_was_started_is_recorded_and_can_be_looked_at() {
    let host = TestHost::new();
    host.startable("webhook");
    let input = json!({ "config": {}, "event": {} });
    assert_eq!(runs::start("webhook", &input).ok().as_deref(), Some("run-1"));
    assert_eq!(runs::start("unheard-of", &input).map_err(|error| Failure::from(error).code), Err("unknown-run".into()));
    assert_eq!(host.effects(), [Effect::StartRun("webhook".to_owned(), input)]);
    host.run("run-1", json!({ "executionId": "run-1", "status": "success" }));
    assert_eq!(runs::look("run-1").map(|run| run["status"].clone()).ok(), Some(json!("success")));
    assert_eq!(runs::look("run-2").map_err(|error| Failure::from(error).code), Err("no-run".into()));
}

#[test]
fn a_signature_is_hmac_sha256() {
    let host = TestHost::new();
    host.connection("key", b"Jefe");
    let signature = connections::sign("key", b"what do ya want for nothing?").expect("a signature");
    assert_eq!(signature[..4], [0x5b, 0xdc, 0xc1, 0x46]); // RFC 4231, test case 2
}

#[test]
fn what_is_missing_or_denied_becomes_a_failure_with_a_code() {
    let host = TestHost::new();
    let code = |failure: Failure| failure.code;
    assert_eq!(contacts::get("none").map_err(|error| code(error.into())).err().as_deref(), Some("no-contact"));
    assert_eq!(templates::get("none").map_err(|error| code(error.into())).err().as_deref(), Some("no-template"));
    assert_eq!(connections::placeholder("no").map_err(|e| code(e.into())).err().as_deref(), Some("no-connection"));
    host.deny("events");
    assert_eq!(events::count("x", None).map_err(|e| code(e.into())).err().as_deref(), Some("capability-denied"));
}
