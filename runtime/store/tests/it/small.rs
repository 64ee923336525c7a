//! The small nouns: workspaces, settings, values, idempotency keys, suppressed addresses.

use stepwell_core::WorkspaceId;
use stepwell_store::idempotency::{self, Begun};
use stepwell_store::workspace::{self, Workspace};
use stepwell_store::{StoreError, keyvalue, setting, suppression};

use crate::support::{Bed, NOW, stranger, workspace, write};

#[tokio::test]
async fn a_workspace_is_stored_once_and_switched_off_and_on() {
    let bed = Bed::new().await;
    let shop = Workspace { id: workspace(), name: "Shop".into(), disabled: false, created_at: NOW, updated_at: NOW };
    let (copy, again) = (shop.clone(), shop.clone());
    let done: Result<(), StoreError> = write!(bed, |conn| workspace::insert(conn, &copy, b"secret").await);
    assert!(done.is_ok());
    let done = write!(bed, |conn| workspace::insert(conn, &again, b"other").await);
    assert!(matches!(done, Err(StoreError::AlreadyExists)));
    let done: Result<bool, StoreError> =
        write!(bed, |conn| workspace::set_disabled(conn, workspace(), true, NOW).await);
    assert_eq!(done.ok(), Some(true));
    let mut conn = bed.read().await;
    let stored = Workspace { disabled: true, ..shop };
    assert_eq!(workspace::get(&mut conn, workspace()).await.expect("read"), Some(stored.clone()));
    assert_eq!(workspace::list(&mut conn).await.expect("read"), [stored]);
    let secret = workspace::webhook_secret(&mut conn, workspace()).await.expect("read");
    assert_eq!(secret.as_deref(), Some(&b"secret"[..]));
    assert_eq!(workspace::webhook_secret(&mut conn, stranger()).await.expect("read"), None);
}

#[tokio::test]
async fn a_setting_is_made_once() {
    let bed = Bed::new().await;
    let first: Result<_, StoreError> =
        write!(bed, |conn| setting::get_or_create(conn, "link-key", || vec![1, 2]).await);
    let bed = bed.reopened().await;
    let second: Result<_, StoreError> =
        write!(bed, |conn| setting::get_or_create(conn, "link-key", || vec![9, 9]).await);
    assert_eq!((first.ok(), second.ok()), (Some(vec![1, 2]), Some(vec![1, 2])));
}

#[tokio::test]
async fn values_are_kept_by_bucket_and_keys_come_in_order() {
    let bed = Bed::new().await;
    let done: Result<(), StoreError> = write!(bed, |conn| {
        for (bucket, key, value) in [("a", "2", b"x"), ("a", "1", b"y"), ("b", "1", b"z"), ("a", "2", b"w")] {
            keyvalue::set(conn, workspace(), bucket, key, value).await?;
        }
        keyvalue::delete(conn, workspace(), "b", "1").await?;
        keyvalue::delete(conn, workspace(), "b", "unknown").await
    });
    assert!(done.is_ok());
    let mut conn = bed.read().await;
    assert_eq!(keyvalue::keys(&mut conn, workspace(), "a", None, 9).await.expect("keys"), ["1", "2"]);
    assert_eq!(keyvalue::keys(&mut conn, workspace(), "a", Some("1"), 9).await.expect("keys"), ["2"]);
    assert_eq!(keyvalue::keys(&mut conn, workspace(), "a", None, 1).await.expect("keys"), ["1"]);
    assert_eq!(keyvalue::get(&mut conn, workspace(), "a", "2").await.expect("get").as_deref(), Some(&b"w"[..]));
    assert_eq!(keyvalue::get(&mut conn, workspace(), "b", "1").await.expect("get"), None);
    assert_eq!(keyvalue::get(&mut conn, stranger(), "a", "2").await.expect("get"), None);
}

async fn begin(bed: &Bed, owner: WorkspaceId, after: i64) -> Begun {
    let now = NOW.plus_millis(after);
    let begun: Result<_, StoreError> =
        write!(bed, |conn| idempotency::begin(conn, owner, "k", "POST /v1/track", now, 1_000).await);
    begun.expect("answered")
}

#[tokio::test]
async fn a_key_is_used_once_until_it_is_freed_or_runs_out() {
    let bed = Bed::new().await;
    assert_eq!(begin(&bed, workspace(), 0).await, Begun::Fresh);
    let reused = |status| Begun::Reused { request: "POST /v1/track".into(), at: NOW, status };
    assert_eq!(begin(&bed, workspace(), 1).await, reused(None));
    let done: Result<(), StoreError> = write!(bed, |conn| idempotency::finish(conn, workspace(), "k", 200).await);
    assert!(done.is_ok());
    assert_eq!(begin(&bed, workspace(), 999).await, reused(Some(200)));
    assert_eq!(begin(&bed, stranger(), 1).await, Begun::Fresh);
    assert_eq!(begin(&bed, workspace(), 1_000).await, Begun::Fresh);
    let done: Result<(), StoreError> = write!(bed, |conn| idempotency::free(conn, workspace(), "k").await);
    assert!(done.is_ok());
    assert_eq!(begin(&bed, workspace(), 1_001).await, Begun::Fresh);
}

#[tokio::test]
async fn keys_that_ran_out_are_purged_in_bounded_batches() {
    let bed = Bed::new().await;
    begin(&bed, workspace(), 0).await;
    begin(&bed, stranger(), 500).await;
    let mut purged = Vec::new();
    for after in [999, 2_000, 2_000, 2_000] {
        let batch: Result<u64, StoreError> =
            write!(bed, |conn| idempotency::purge(conn, NOW.plus_millis(after), 1).await);
        purged.push(batch.expect("purged"));
    }
    assert_eq!(purged, [0, 1, 1, 0]);
}

#[tokio::test]
async fn a_suppressed_address_is_found_however_it_is_written() {
    let bed = Bed::new().await;
    let done: Result<(), StoreError> = write!(bed, |conn| {
        suppression::add(conn, workspace(), "Ada@Example.org", "bounce", NOW).await?;
        suppression::add(conn, workspace(), "ada@example.org", "manual", NOW).await
    });
    assert!(done.is_ok());
    let mut conn = bed.read().await;
    assert!(suppression::contains(&mut conn, workspace(), " ADA@example.org").await.expect("read"));
    assert!(!suppression::contains(&mut conn, stranger(), "ada@example.org").await.expect("read"));
    let gone: Result<bool, StoreError> =
        write!(bed, |conn| suppression::remove(conn, workspace(), "ada@example.org").await);
    assert_eq!(gone.ok(), Some(true));
    assert!(!suppression::contains(&mut conn, workspace(), "ada@example.org").await.expect("read"));
}
