//! Another workspace's id finds nothing and changes nothing.

use stepwell_core::{ContactChange, Definition, Reentry, testing};
use stepwell_store::{
    StoreError, claim, contact, counter, definition, event, execution, journal, outbox, schedule, wait,
};

use crate::support::{Bed, NOW, graph, stranger, workspace, write};

#[tokio::test]
async fn nothing_of_a_workspace_is_read_by_another() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let run = bed.started(&stored, Some(ada)).await;
    let visit = bed.wait(run, Some("opened"), None).await;
    let mut conn = bed.read().await;
    let conn = &mut conn;
    // Cached by its owner, and still not found by the other.
    assert!(definition::graph(conn, workspace(), stored.id, 1).await.expect("read").is_some());
    let other = stranger();
    assert_eq!(contact::get(conn, other, ada).await.expect("read"), None);
    assert_eq!(contact::get_by_email(conn, other, "ada@example.org").await.expect("read"), None);
    assert_eq!(contact::count(conn, other, &Default::default()).await.expect("read"), 0);
    assert!(contact::lookup(conn, other, &["ada@example.org".into()]).await.expect("read").is_empty());
    assert_eq!(definition::get(conn, other, stored.id).await.expect("read"), None);
    assert_eq!(definition::graph(conn, other, stored.id, 1).await.expect("read"), None);
    assert!(definition::enabled_for_event(conn, other, &["signed_up"]).await.expect("read").is_empty());
    assert_eq!(definition::page(conn, other, &Default::default(), 1, 20).await.expect("read").total, 0);
    assert_eq!(execution::get(conn, other, run).await.expect("read"), None);
    assert_eq!(execution::state(conn, other, run).await.expect("read"), None);
    assert!(execution::visits(conn, other, run).await.expect("read").is_empty());
    assert!(execution::outputs(conn, other, run).await.expect("read").is_empty());
    assert_eq!(execution::page(conn, other, stored.id, &[], 1, 20).await.expect("read").total, 0);
    assert_eq!(execution::active_count(conn, other, stored.id).await.expect("read"), 0);
    assert!(execution::active_ids(conn, other, stored.id, 9).await.expect("read").is_empty());
    assert_eq!(stepwell_store::step_execution::get(conn, other, visit).await.expect("read"), None);
    assert_eq!(wait::get(conn, other, visit).await.expect("read"), None);
    assert!(wait::for_event(conn, other, ada, &["opened"]).await.expect("read").is_empty());
    assert!(journal::page(conn, other, run, 0, 9).await.expect("read").is_empty());
    assert!(counter::of(conn, other, stored.id, None).await.expect("read").is_empty());
    assert!(event::of_contact(conn, other, ada, 9).await.expect("read").is_empty());
    assert_eq!(outbox::get(conn, other, bed.id()).await.expect("read"), None);
    assert_eq!(schedule::get(conn, other, stored.id).await.expect("read"), None);
    assert!(claim::ready(conn, NOW, 9).await.expect("read").is_empty());
}

#[tokio::test]
async fn nothing_of_a_workspace_is_changed_by_another() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let run = bed.started(&stored, Some(ada)).await;
    let before = bed.state(run).await;
    let mut foreign = bed.decide(run, stepwell_core::Outcome::Exited { reason: None }).await;
    foreign.execution.workspace_id = stranger();
    assert!(matches!(bed.apply(foreign).await, Err(StoreError::Fenced(_))));
    assert_eq!(bed.state(run).await, before);
    let head = Definition { workspace_id: stranger(), ..stored.clone() };
    let id = stored.id;
    let done: Result<_, StoreError> = write!(bed, |conn| {
        let off = ContactChange { subscribed: Some(false), ..ContactChange::default() };
        Ok((
            definition::update(conn, &head).await?,
            definition::delete(conn, stranger(), id, NOW).await?,
            contact::delete(conn, stranger(), ada).await?,
            contact::update_email(conn, stranger(), ada, "x@example.org", NOW).await?,
            contact::apply_change(conn, stranger(), ada, &off, NOW).await?.is_some(),
        ))
    });
    assert_eq!(done.ok(), Some((false, false, false, false, false)));
    let saved = write!(bed, |conn| definition::save_graph(conn, stranger(), id, 1, &graph(), NOW).await);
    assert!(matches!(saved, Err(StoreError::VersionConflict(_))));
    let mut conn = bed.read().await;
    assert_eq!(definition::get(&mut conn, workspace(), id).await.expect("read"), Some(stored));
    assert!(contact::get(&mut conn, workspace(), ada).await.expect("read").is_some_and(|ada| ada.subscribed));
}

#[tokio::test]
async fn one_address_is_a_contact_of_each_workspace() {
    let bed = Bed::new().await;
    let here = bed.contact(workspace(), "ada@example.org").await;
    let there = bed.contact(stranger(), "ada@example.org").await;
    assert_ne!(here, there);
    assert_ne!(testing::definition(Reentry::Once).workspace_id, stranger());
}
