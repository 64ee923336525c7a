//! People.

use serde_json::json;
use stepwell_core::{ContactChange, MergeRule};
use stepwell_store::contact::{self, ContactQuery, ContactSort};
use stepwell_store::{Direction, StoreError};

use crate::support::{Bed, NOW, workspace, write};

fn change(data: serde_json::Value) -> ContactChange {
    ContactChange { data: data.as_object().cloned().expect("object"), merge: MergeRule::Intake, subscribed: None }
}

#[tokio::test]
async fn concurrent_first_upserts_of_one_address_make_one_contact() {
    let bed = Bed::new().await;
    let upsert = |email: &'static str, key: &'static str| {
        let id = bed.id();
        let store = bed.store.clone();
        async move {
            let change = change(json!({ key: 1 }));
            let upserted: Result<_, StoreError> = store
                .write(move |conn| {
                    Box::pin(async move { contact::upsert(conn, workspace(), email, &change, true, id, NOW).await })
                })
                .await;
            upserted.expect("upserted")
        }
    };
    let (one, other) = tokio::join!(upsert("Ada@Example.org", "a"), upsert("ada@example.org ", "b"));
    assert_eq!(one.contact.id, other.contact.id);
    assert_eq!([one.is_new, other.is_new].iter().filter(|new| **new).count(), 1);
    let stored = contact::get_by_email(&mut bed.read().await, workspace(), "ADA@example.org").await.expect("read");
    assert_eq!(stored.map(|contact| json!(contact.data)), Some(json!({"a": 1, "b": 1})));
}

#[tokio::test]
async fn an_upsert_says_whether_the_subscription_changed() {
    let bed = Bed::new().await;
    bed.contact(workspace(), "ada@example.org").await;
    let id = bed.id();
    let off = ContactChange { subscribed: Some(false), ..ContactChange::default() };
    let again = off.clone();
    let first = write!(bed, |conn| contact::upsert(conn, workspace(), "ada@example.org", &off, true, id, NOW).await);
    let second = write!(bed, |conn| contact::upsert(conn, workspace(), "ada@example.org", &again, true, id, NOW).await);
    let flips = [first, second].map(|result: Result<_, StoreError>| result.expect("upserted"));
    assert_eq!(
        flips.map(|upserted| (upserted.is_new, upserted.flipped, upserted.contact.subscribed)),
        [(false, true, false), (false, false, false)]
    );
}

#[tokio::test]
async fn a_change_merges_into_the_stored_data() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    for data in [json!({"plan": "pro", "city": "Ulm"}), json!({"city": null})] {
        let change = change(data);
        let changed: Result<_, StoreError> =
            write!(bed, |conn| contact::apply_change(conn, workspace(), ada, &change, NOW).await);
        assert!(changed.expect("changed").is_some());
    }
    let stored = contact::get(&mut bed.read().await, workspace(), ada).await.expect("read").expect("there");
    assert_eq!(json!(stored.data), json!({"plan": "pro"}));
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_and_one_that_is_free_is_not() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    bed.contact(workspace(), "bob@example.org").await;
    let taken = write!(bed, |conn| contact::update_email(conn, workspace(), ada, "BOB@example.org", NOW).await);
    assert!(matches!(taken, Err(StoreError::EmailTaken(_))));
    let free: Result<bool, StoreError> =
        write!(bed, |conn| contact::update_email(conn, workspace(), ada, "eva@example.org", NOW).await);
    assert!(free.expect("free"));
    let own: Result<bool, StoreError> =
        write!(bed, |conn| contact::update_email(conn, workspace(), ada, "eva@example.org", NOW).await);
    assert!(own.expect("her own"));
}

#[tokio::test]
async fn pages_stay_in_step_while_contacts_come_and_go() {
    let bed = Bed::new().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(bed.contact(workspace(), &format!("c{number}@example.org")).await);
    }
    for sort in [ContactSort::Email, ContactSort::CreatedAt] {
        let mut query = ContactQuery { sort, direction: Direction::Asc, ..ContactQuery::default() };
        let (first, next) = contact::page(&mut bed.read().await, workspace(), &query, 3).await.expect("page");
        assert_eq!(first.iter().map(|contact| contact.id).collect::<Vec<_>>(), ids[..3]);
        query.after = next;
        let (second, next) = contact::page(&mut bed.read().await, workspace(), &query, 3).await.expect("page");
        assert_eq!(second.iter().map(|contact| contact.id).collect::<Vec<_>>(), ids[3..6]);
        query.after = next;
        let (third, next) = contact::page(&mut bed.read().await, workspace(), &query, 3).await.expect("page");
        assert_eq!((third.len(), next), (1, None));
    }
    // The contact a cursor was made from goes: the next page is the same.
    let query = ContactQuery { sort: ContactSort::Email, direction: Direction::Asc, ..ContactQuery::default() };
    let (_, next) = contact::page(&mut bed.read().await, workspace(), &query, 3).await.expect("page");
    let gone = ids[2];
    let _: Result<bool, StoreError> = write!(bed, |conn| contact::delete(conn, workspace(), gone).await);
    let (page, _) = contact::page(&mut bed.read().await, workspace(), &ContactQuery { after: next, ..query }, 3)
        .await
        .expect("page");
    assert_eq!(page[0].id, ids[3]);
}

#[tokio::test]
async fn a_search_finds_its_text_literally_and_in_any_case() {
    let bed = Bed::new().await;
    for email in ["a_b@example.org", "axb@example.org", "zed@example.org"] {
        bed.contact(workspace(), email).await;
    }
    let query = ContactQuery { search: Some("A_B".into()), ..ContactQuery::default() };
    let mut conn = bed.read().await;
    let (found, _) = contact::page(&mut conn, workspace(), &query, 10).await.expect("page");
    assert_eq!(found.iter().map(|contact| contact.email.as_str()).collect::<Vec<_>>(), ["a_b@example.org"]);
    assert_eq!(contact::count(&mut conn, workspace(), &query).await.expect("count"), 1);
    let long = ContactQuery { search: Some("%".repeat(200_000)), ..ContactQuery::default() };
    assert_eq!(contact::count(&mut conn, workspace(), &long).await.expect("count"), 0);
}

#[tokio::test]
async fn a_lookup_finds_what_is_there_however_it_is_written() {
    let bed = Bed::new().await;
    bed.contact(workspace(), "ada@example.org").await;
    let asked: Vec<String> = (0..600).map(|n| format!("x{n}@example.org")).chain(["ADA@example.org".into()]).collect();
    let found = contact::lookup(&mut bed.read().await, workspace(), &asked).await.expect("lookup");
    assert_eq!(found.len(), 1);
    assert!(contact::lookup(&mut bed.read().await, workspace(), &[]).await.expect("lookup").is_empty());
}

#[tokio::test]
async fn going_through_everybody_meets_each_contact_once() {
    let bed = Bed::new().await;
    for number in 0..5 {
        bed.contact(workspace(), &format!("c{number}@example.org")).await;
    }
    let (mut after, mut met) = (None, 0);
    loop {
        let page = contact::after(&mut bed.read().await, workspace(), after, Some(true), 2).await.expect("page");
        let Some(last) = page.last() else { break };
        met += page.len();
        after = Some(last.id);
    }
    assert_eq!(met, 5);
    assert!(contact::after(&mut bed.read().await, workspace(), None, Some(false), 2).await.expect("page").is_empty());
}
