//! Events.

use serde_json::json;
use stepwell_core::{ContactId, Event, Timestamp};
use stepwell_store::{StoreError, event};

use crate::support::{Bed, NOW, workspace, write};

async fn track(bed: &Bed, name: &str, contact: Option<ContactId>, at: Timestamp) {
    let stored = Event {
        id: bed.id(),
        workspace_id: workspace(),
        name: name.to_owned(),
        contact_id: contact,
        message_id: None,
        data: json!({ "at": at.0 - NOW.0 }),
        created_at: at,
    };
    let done: Result<(), StoreError> = write!(bed, |conn| event::insert(conn, &stored).await);
    assert!(done.is_ok());
}

async fn some_events(bed: &Bed) -> ContactId {
    let ada = bed.contact(workspace(), "ada@example.org").await;
    for (name, contact, after) in [
        ("signed_up", Some(ada), 0),
        ("email.click", Some(ada), 10),
        ("email.clicked", Some(ada), 20),
        ("signed_up", None, 30),
    ] {
        track(bed, name, contact, NOW.plus_millis(after)).await;
    }
    ada
}

#[tokio::test]
async fn events_are_counted_under_all_their_names_and_since_a_time() {
    let bed = Bed::new().await;
    let ada = some_events(&bed).await;
    let mut conn = bed.read().await;
    for (names, since, count) in [
        (&["email.click", "email.clicked"][..], None, 2),
        (&["email.click", "email.clicked"], Some(NOW.plus_millis(20)), 1),
        (&["signed_up"], None, 1),
        (&[], None, 0),
    ] {
        assert_eq!(event::count(&mut conn, workspace(), ada, names, since).await.expect("count"), count, "{names:?}");
    }
}

#[tokio::test]
async fn the_last_events_come_newest_first() {
    let bed = Bed::new().await;
    let ada = some_events(&bed).await;
    let mut conn = bed.read().await;
    let after = |events: Vec<Event>| events.iter().map(|event| event.created_at.millis_since(NOW)).collect::<Vec<_>>();
    assert_eq!(after(event::recent(&mut conn, workspace(), None, 3).await.expect("read")), [30, 20, 10]);
    assert_eq!(after(event::recent(&mut conn, workspace(), Some("signed_up"), 9).await.expect("read")), [30, 0]);
    assert_eq!(after(event::of_contact(&mut conn, workspace(), ada, 9).await.expect("read")), [20, 10, 0]);
    let samples = event::samples(&mut conn, workspace(), "signed_up", 1).await.expect("read");
    assert_eq!(samples, [json!({ "at": 30 })]);
}

#[tokio::test]
async fn names_and_statistics_cover_what_happened() {
    let bed = Bed::new().await;
    assert!(event::names(&mut bed.read().await, workspace()).await.expect("names").is_empty());
    some_events(&bed).await;
    let mut conn = bed.read().await;
    let names = event::names(&mut conn, workspace()).await.expect("names");
    assert_eq!(names, ["email.click", "email.clicked", "signed_up"]);
    let all = event::stats(&mut conn, workspace(), None, None).await.expect("stats");
    assert_eq!(all[0], ("signed_up".to_owned(), 2));
    let (start, end) = (Some(NOW.plus_millis(10)), Some(NOW.plus_millis(30)));
    assert_eq!(event::stats(&mut conn, workspace(), start, end).await.expect("stats").len(), 2);
    let usage = event::usage(&mut conn, workspace(), "signed_up").await.expect("usage");
    assert_eq!((usage.events, usage.contacts), (2, 1));
}

#[tokio::test]
async fn events_of_a_name_are_deleted_in_bounded_batches() {
    let bed = Bed::new().await;
    some_events(&bed).await;
    let mut deleted = Vec::new();
    for _ in 0..3 {
        let batch: Result<u64, StoreError> =
            write!(bed, |conn| event::delete_by_name(conn, workspace(), "signed_up", 1).await);
        deleted.push(batch.expect("deleted"));
    }
    assert_eq!(deleted, [1, 1, 0]);
    let names = event::names(&mut bed.read().await, workspace()).await.expect("names");
    assert_eq!(names, ["email.click", "email.clicked"]);
}
