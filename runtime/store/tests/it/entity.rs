//! Entities, and closing reasons: what flows are about and why they are closed.

use serde_json::{Map, Value, json};
use stepwell_core::Timestamp;
use stepwell_core::flow::{Context, Entity, Reason};
use stepwell_store::closing_reason::{self, ClosingReason, ReasonChange};
use stepwell_store::{StoreError, contact, entity};

use crate::support::{Bed, NOW, stranger, workspace, write};

const LATER: Timestamp = Timestamp(NOW.0 + 5);

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn made(schema: &str, id: &str, data: &Value) -> Entity {
    Entity { id: id.into(), schema: schema.into(), data: object(data), created_at: NOW, updated_at: NOW }
}

fn about(schema: &str, id: &str) -> Context {
    Context { entity_id: id.into(), schema: schema.into(), is_primary: false, data: None }
}

async fn insert(bed: &Bed, made: Entity) -> Result<(), StoreError> {
    write!(bed, |conn| entity::insert(conn, workspace(), &made).await)
}

async fn merge(bed: &Bed, schema: &'static str, id: &str, change: &Value) -> Option<(Entity, bool)> {
    let (id, change) = (id.to_owned(), object(change));
    let merged: Result<_, StoreError> =
        write!(bed, |conn| entity::merge(conn, workspace(), schema, &id, &change, LATER).await);
    merged.expect("merged")
}

#[tokio::test]
async fn an_entity_is_read_as_it_was_stored_and_its_id_is_taken_in_its_schema_alone() {
    let bed = Bed::new().await;
    let order = made("order", "o1", &json!({"_title": "Żółw\u{1f422}", "lines": [1, {"n": null}]}));
    assert!(insert(&bed, order.clone()).await.is_ok());
    assert!(matches!(insert(&bed, order.clone()).await, Err(StoreError::AlreadyExists)));
    assert!(insert(&bed, made("ticket", "o1", &json!({}))).await.is_ok());
    let mut conn = bed.read().await;
    assert_eq!(entity::get(&mut conn, workspace(), "order", "o1").await.expect("read"), Some(order));
    assert_eq!(entity::get(&mut conn, workspace(), "order", "o2").await.expect("read"), None);
    assert_eq!(entity::get(&mut conn, stranger(), "order", "o1").await.expect("read"), None);
}

#[tokio::test]
async fn a_merge_replaces_members_removes_those_that_are_null_and_says_whether_it_changed_anything() {
    let bed = Bed::new().await;
    insert(&bed, made("order", "o1", &json!({"a": 1, "b": {"c": 2}, "d": 3}))).await.expect("stored");
    let (after, changed) = merge(&bed, "order", "o1", &json!({"b": {"e": 4}, "d": null, "f": 5})).await.expect("there");
    assert_eq!((json!(after.data), changed), (json!({"a": 1, "b": {"e": 4}, "f": 5}), true));
    assert_eq!((after.created_at, after.updated_at), (NOW, LATER));
    let stored = entity::get(&mut bed.read().await, workspace(), "order", "o1").await.expect("read");
    assert_eq!(stored, Some(after.clone()));
    assert_eq!(merge(&bed, "order", "o1", &json!({"a": 1, "x": null})).await, Some((after, false)));
    assert_eq!(merge(&bed, "order", "o2", &json!({"a": 1})).await, None);
}

#[tokio::test]
async fn a_contact_is_an_entity_with_its_address_that_a_merge_leaves_alone() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let change = json!({"plan": "pro", "email": "eve@example.org"});
    let (after, changed) = merge(&bed, "contact", &ada.to_string(), &change).await.expect("there");
    assert_eq!((json!(after.data), changed), (json!({"plan": "pro", "email": "ada@example.org"}), true));
    let stored = contact::get(&mut bed.read().await, workspace(), ada).await.expect("read").expect("there");
    assert_eq!((json!(stored.data), stored.updated_at), (json!({"plan": "pro"}), LATER));
    assert_eq!(merge(&bed, "contact", &ada.to_string(), &json!({"plan": "pro"})).await, Some((after, false)));
    assert_eq!(merge(&bed, "contact", "no id", &json!({})).await, None);
    let found = entity::get(&mut bed.read().await, workspace(), "contact", &ada.to_string()).await.expect("read");
    assert_eq!(found.map(|entity| entity.data["email"].clone()), Some(json!("ada@example.org")));
}

#[tokio::test]
async fn what_is_known_of_contexts_comes_in_their_order_without_what_is_not_known() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await.to_string();
    insert(&bed, made("order", "o1", &json!({"n": 1}))).await.expect("stored");
    insert(&bed, made("ticket", "t1", &json!({"n": 2}))).await.expect("stored");
    let contexts =
        [about("ticket", "t1"), about("order", "t1"), about("contact", &ada), about("order", "o1"), about("x", "y")];
    let mut conn = bed.read().await;
    let found = entity::known(&mut conn, workspace(), &contexts).await.expect("read");
    let ids: Vec<_> = found.iter().map(|entity| entity.id.as_str()).collect();
    assert_eq!(ids, ["t1", &ada, "o1"]);
    assert!(entity::known(&mut conn, stranger(), &contexts).await.expect("read").is_empty());
    assert!(entity::known(&mut conn, workspace(), &[]).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_workspace_keeps_a_schema_once_it_has_one_entity_of_it() {
    let bed = Bed::new().await;
    for schema in ["order", "contact"] {
        assert!(!entity::keeps(&mut bed.read().await, workspace(), schema).await.expect("read"), "{schema}");
    }
    bed.contact(workspace(), "ada@example.org").await;
    insert(&bed, made("order", "o1", &json!({}))).await.expect("stored");
    let mut conn = bed.read().await;
    for (of, schema, kept) in [
        (workspace(), "order", true),
        (workspace(), "contact", true),
        (workspace(), "ticket", false),
        (stranger(), "order", false),
        (stranger(), "contact", false),
    ] {
        assert_eq!(entity::keeps(&mut conn, of, schema).await.expect("read"), kept, "{schema}");
    }
}

#[tokio::test]
async fn closing_reasons_are_listed_changed_and_deleted_in_their_workspace() {
    let bed = Bed::new().await;
    for (id, active) in [("won", true), ("old", false), ("lost", true)] {
        let reason = ClosingReason { id: id.into(), title: format!("{id}!"), active, created_at: NOW, updated_at: NOW };
        let (one, other) = (reason.clone(), ClosingReason { title: "theirs".into(), ..reason });
        let stored: Result<(), StoreError> = write!(bed, |conn| {
            closing_reason::insert(conn, workspace(), &one).await?;
            closing_reason::insert(conn, stranger(), &other).await
        });
        assert!(stored.is_ok());
        let again = ClosingReason { id: id.into(), title: "again".into(), active, created_at: NOW, updated_at: NOW };
        let taken: Result<(), StoreError> = write!(bed, |conn| closing_reason::insert(conn, workspace(), &again).await);
        assert!(matches!(taken, Err(StoreError::AlreadyExists)));
    }
    let listed = async |all: bool, limit: i64| {
        let found = closing_reason::list(&mut bed.read().await, workspace(), all, limit).await.expect("read");
        found.into_iter().map(|reason| reason.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(false, 9).await, ["lost", "won"]);
    assert_eq!(listed(true, 9).await, ["lost", "old", "won"]);
    assert_eq!(listed(true, 1).await, ["lost"]);
    let change = ReasonChange { title: Some("Lost to another".into()), active: None };
    let changed: Result<_, StoreError> =
        write!(bed, |conn| closing_reason::update(conn, workspace(), "lost", &change, LATER).await);
    let changed = changed.expect("changed").expect("there");
    assert_eq!((&*changed.title, changed.active, changed.updated_at), ("Lost to another", true, LATER));
    let off = ReasonChange { active: Some(false), ..ReasonChange::default() };
    let unknown: Result<_, StoreError> = write!(bed, |conn| {
        closing_reason::update(conn, workspace(), "won", &off, LATER).await?;
        closing_reason::update(conn, workspace(), "none", &off, LATER).await
    });
    assert_eq!(unknown.expect("answered"), None);
    assert_eq!(listed(false, 9).await, ["lost"]);
    let ids = ["won", "none", "lost"].map(str::to_owned);
    let titles = closing_reason::titles(&mut bed.read().await, workspace(), &ids).await.expect("read");
    let expected = [("won", "won!"), ("lost", "Lost to another")];
    assert_eq!(titles, expected.map(|(id, title)| Reason { id: id.into(), title: title.into() }));
    let gone: Result<[bool; 2], StoreError> = write!(bed, |conn| {
        let first = closing_reason::delete(conn, workspace(), "old").await?;
        Ok([first, closing_reason::delete(conn, workspace(), "old").await?])
    });
    assert_eq!(gone.ok(), Some([true, false]));
    let mut conn = bed.read().await;
    assert_eq!(closing_reason::count(&mut conn, workspace()).await.expect("read"), 2);
    assert_eq!(closing_reason::count(&mut conn, stranger()).await.expect("read"), 3);
    let theirs = closing_reason::get(&mut conn, stranger(), "lost").await.expect("read");
    assert_eq!(theirs.map(|reason| reason.title), Some("theirs".to_owned()));
}
