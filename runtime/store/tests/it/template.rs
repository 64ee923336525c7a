//! Definitions that are made from documents, and those that are deleted while executions run on them.

use serde_json::{Value, json};
use stepwell_core::{Definition, DefinitionId, DefinitionKind, Outcome, Reentry, Timestamp, TriggerKind};
use stepwell_store::definition::{self, DefinitionQuery, DrawnQuery, DrawnSort};
use stepwell_store::prune::Pruned;
use stepwell_store::{Direction, StoreError, execution, flow, prune, workflow_admin};

use crate::people::drawn;
use crate::prune::{batch, pruned};
use crate::support::{Bed, NOW, graph, stranger, workspace, write};

const LATER: Timestamp = Timestamp(NOW.0 + 5);

async fn document(bed: &Bed, id: DefinitionId, version: u32) -> Option<Value> {
    definition::document(&mut bed.read().await, workspace(), id, version).await.expect("read")
}

async fn set_deleted(bed: &Bed, id: DefinitionId) -> bool {
    let done: Result<bool, StoreError> = write!(bed, |conn| definition::set_deleted(conn, workspace(), id, NOW).await);
    done.expect("answered")
}

async fn hidden(bed: &Bed, before: Timestamp, rows: u64) -> Pruned {
    let done: Result<Pruned, StoreError> =
        write!(bed, |conn| prune::hidden_definitions(conn, before, batch(rows)).await);
    done.expect("pruned")
}

#[tokio::test]
async fn each_version_keeps_the_document_it_was_made_from() {
    let bed = Bed::new().await;
    let template = bed.template(DefinitionKind::Flow).await;
    let (id, first) = (template.id, json!({"n": 1}));
    let saved: Result<[u32; 2], StoreError> = write!(bed, |conn| {
        let newer = json!({"name": "Żółw", "unknown": [null]});
        let second =
            definition::save_with_document(conn, (workspace(), id), 1, (&drawn(), Some(&newer)), LATER).await?;
        Ok([second, definition::save_graph(conn, workspace(), id, second, &graph(), LATER).await?])
    });
    assert_eq!(saved.ok(), Some([2, 3]));
    let all = [document(&bed, id, 1).await, document(&bed, id, 2).await, document(&bed, id, 3).await];
    assert_eq!(all, [Some(first), Some(json!({"name": "Żółw", "unknown": [null]})), None]);
    assert_eq!(definition::document(&mut bed.read().await, stranger(), id, 1).await.expect("read"), None);
    let newest = definition::newest(&mut bed.read().await, workspace(), DefinitionKind::Flow, id).await.expect("read");
    let newest = newest.expect("there");
    assert_eq!((newest.definition.version, newest.document), (3, Value::Null));
}

#[tokio::test]
async fn only_the_newest_document_can_be_replaced() {
    let bed = Bed::new().await;
    let template = bed.template(DefinitionKind::Checklist).await;
    let id = template.id;
    let set: Result<[bool; 3], StoreError> = write!(bed, |conn| {
        let new = json!({"closingReasons": []});
        let foreign = definition::set_document(conn, (stranger(), id), 1, &new, LATER).await?;
        let older = definition::set_document(conn, (workspace(), id), 2, &new, LATER).await?;
        Ok([foreign, older, definition::set_document(conn, (workspace(), id), 1, &new, LATER).await?])
    });
    assert_eq!(set.ok(), Some([false, false, true]));
    assert_eq!(document(&bed, id, 1).await, Some(json!({"closingReasons": []})));
    let head = definition::get(&mut bed.read().await, workspace(), id).await.expect("read").expect("there");
    assert_eq!((head.version, head.updated_at), (1, LATER));
}

#[tokio::test]
async fn definitions_are_listed_by_kind_with_their_documents() {
    let bed = Bed::new().await;
    let mut ids = Vec::new();
    for (name, after, enabled) in [("Order 5%", 3, true), ("order 50", 2, false), ("Ticket", 1, true)] {
        let template = bed.template(DefinitionKind::Flow).await;
        let updated_at = NOW.plus_millis(after);
        let head = Definition { name: name.into(), enabled, updated_at, ..template.clone() };
        let done: Result<bool, StoreError> = write!(bed, |conn| definition::update(conn, &head).await);
        assert_eq!(done.ok(), Some(true));
        ids.push(template.id);
    }
    bed.template(DefinitionKind::Checklist).await;
    bed.definition(Reentry::Once).await;
    let base = DrawnQuery::of(DefinitionKind::Flow, 9);
    let listed = async |query: DrawnQuery| {
        let page = definition::drawn(&mut bed.read().await, workspace(), &query).await.expect("read");
        assert!(page.items.iter().all(|item| item.document == json!({"n": 1})));
        let places = page.items.iter().filter_map(|item| ids.iter().position(|id| *id == item.definition.id));
        (page.total, places.collect::<Vec<_>>())
    };
    assert_eq!(listed(base.clone()).await, (3, vec![0, 1, 2]));
    assert_eq!(listed(DrawnQuery { from: 1, size: 1, ..base.clone() }).await, (3, vec![1]));
    let oldest = DrawnQuery { sort: DrawnSort::CreatedAt, direction: Direction::Asc, ..base.clone() };
    assert_eq!(listed(oldest).await, (3, vec![0, 1, 2]));
    assert_eq!(listed(DrawnQuery { name: Some("ORDER 5".into()), ..base.clone() }).await, (2, vec![0, 1]));
    assert_eq!(listed(DrawnQuery { name: Some("5%".into()), ..base.clone() }).await, (1, vec![0]));
    assert_eq!(listed(DrawnQuery { enabled: Some(false), ..base.clone() }).await, (1, vec![1]));
    assert_eq!(listed(DrawnQuery { id: Some(ids[2]), ..base.clone() }).await, (1, vec![2]));
    let mut conn = bed.read().await;
    let count = async |conn: &mut _, kinds: &[_]| definition::count(conn, workspace(), kinds).await.expect("read");
    assert_eq!(count(&mut conn, &[DefinitionKind::Flow, DefinitionKind::Checklist]).await, 4);
    assert_eq!((count(&mut conn, &[DefinitionKind::Workflow]).await, count(&mut conn, &[]).await), (1, 0));
    assert_eq!(definition::drawn(&mut conn, stranger(), &base).await.expect("read").total, 0);
    let other = definition::newest(&mut conn, workspace(), DefinitionKind::Checklist, ids[0]).await.expect("read");
    assert!(other.is_none());
    let workflows = DefinitionQuery { kind: Some(DefinitionKind::Workflow), ..DefinitionQuery::default() };
    assert_eq!(definition::page(&mut conn, workspace(), &workflows, 1, 9).await.expect("read").total, 1);
    assert_eq!(workflow_admin::existing(&mut conn, workspace(), &ids).await.expect("read"), 0);
}

#[tokio::test]
async fn nothing_finds_a_deleted_definition_or_changes_it_and_its_executions_go_on() {
    let bed = Bed::new().await;
    let template = bed.template(DefinitionKind::Flow).await;
    let id = template.id;
    let run = bed.begun(bed.begin(&template, "One", vec![])).await.execution.id;
    let foreign: Result<bool, StoreError> =
        write!(bed, |conn| definition::set_deleted(conn, stranger(), id, NOW).await);
    assert_eq!(foreign.ok(), Some(false));
    assert!(set_deleted(&bed, id).await && !set_deleted(&bed, id).await);
    let mut conn = bed.read().await;
    assert!(definition::get(&mut conn, workspace(), id).await.expect("read").is_none());
    let query = DrawnQuery::of(DefinitionKind::Flow, 9);
    assert_eq!(definition::drawn(&mut conn, workspace(), &query).await.expect("read").total, 0);
    assert_eq!(definition::count(&mut conn, workspace(), &[DefinitionKind::Flow]).await.expect("read"), 0);
    let page = definition::page(&mut conn, workspace(), &DefinitionQuery::default(), 1, 9).await.expect("read");
    assert_eq!(page.total, 0);
    assert!(flow::load(&mut conn, workspace(), run).await.expect("read").is_some());
    drop(conn);
    let bed = bed.reopened().await;
    let found = definition::graph(&mut bed.read().await, workspace(), id, 1).await.expect("read");
    assert_eq!(found.as_deref(), Some(&drawn()));
    let head = template.clone();
    let updated: Result<bool, StoreError> = write!(bed, |conn| definition::update(conn, &head).await);
    assert_eq!(updated.ok(), Some(false));
    let saved: Result<u32, StoreError> =
        write!(bed, |conn| definition::save_graph(conn, workspace(), id, 1, &graph(), NOW).await);
    assert!(matches!(saved, Err(StoreError::VersionConflict(_))));
}

#[tokio::test]
async fn an_event_starts_no_definition_that_was_deleted() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    assert_eq!(stored.trigger, TriggerKind::Event);
    assert!(set_deleted(&bed, stored.id).await);
    let mut conn = bed.read().await;
    let found = definition::enabled_for_event(&mut conn, workspace(), &["signed_up"]).await.expect("read");
    assert!(found.is_empty());
}

#[tokio::test]
async fn a_deleted_definition_goes_with_the_last_of_its_executions() {
    let bed = Bed::new().await;
    let template = bed.template(DefinitionKind::Flow).await;
    let other = bed.template(DefinitionKind::Flow).await;
    let run = bed.begun(bed.begin(&template, "One", vec![])).await.execution.id;
    assert!(set_deleted(&bed, template.id).await);
    assert_eq!(hidden(&bed, LATER, 9).await, Pruned::default(), "an execution is left");
    bed.settle(run, Outcome::Exited { reason: None }).await;
    assert_eq!(hidden(&bed, LATER, 9).await.deleted, 0, "its execution is shown with it");
    assert_eq!(pruned(&bed, LATER, 9).await, 1);
    assert_eq!(hidden(&bed, NOW, 9).await.deleted, 0, "it was deleted a moment ago");
    assert_eq!(hidden(&bed, LATER, 9).await, Pruned { deleted: 1, more: false });
    let mut conn = bed.read().await;
    assert!(execution::get(&mut conn, workspace(), run).await.expect("read").is_none());
    assert_eq!(document(&bed, template.id, 1).await, None);
    assert!(definition::get(&mut conn, workspace(), other.id).await.expect("read").is_some());
}

#[tokio::test]
async fn deleted_definitions_go_in_bounded_batches() {
    let bed = Bed::new().await;
    for _ in 0..3 {
        let template = bed.template(DefinitionKind::Flow).await;
        assert!(set_deleted(&bed, template.id).await);
    }
    assert_eq!(hidden(&bed, LATER, 2).await, Pruned { deleted: 2, more: true });
    assert_eq!(hidden(&bed, LATER, 2).await, Pruned { deleted: 1, more: false });
}
