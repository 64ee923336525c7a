//! Definitions and their graphs.

use serde_json::json;
use stepwell_core::{Definition, Reentry, testing};
use stepwell_store::definition::{self, DefinitionQuery, DefinitionSort};
use stepwell_store::{Direction, StoreError, counter, execution, schedule};

use crate::support::{Bed, NOW, graph, workspace, write};

#[tokio::test]
async fn a_saved_graph_is_a_new_version_and_the_old_one_stays_as_it_was() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let mut edited = graph();
    edited.steps.push(testing::step("third"));
    let copy = edited.clone();
    let version = write!(bed, |conn| definition::save_graph(conn, workspace(), stored.id, 1, &copy, NOW).await);
    assert_eq!(version.ok(), Some(2));
    let bed = bed.reopened().await;
    let mut conn = bed.read().await;
    let first = definition::graph(&mut conn, workspace(), stored.id, 1).await.expect("read");
    let second = definition::graph(&mut conn, workspace(), stored.id, 2).await.expect("read");
    assert_eq!((first.as_deref(), second.as_deref()), (Some(&graph()), Some(&edited)));
    let head = definition::get(&mut conn, workspace(), stored.id).await.expect("read");
    assert_eq!(head.map(|head| head.version), Some(2));
}

#[tokio::test]
async fn of_two_edits_of_one_version_the_second_is_refused() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let save = || {
        let store = bed.store.clone();
        async move {
            store
                .write(move |conn| {
                    Box::pin(
                        async move { definition::save_graph(conn, workspace(), stored.id, 1, &graph(), NOW).await },
                    )
                })
                .await
        }
    };
    let (one, other) = tokio::join!(save(), save());
    let refused = [one, other].into_iter().filter(|end| matches!(end, Err(StoreError::VersionConflict(_)))).count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn a_graph_whose_save_was_rolled_back_is_not_remembered() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let mut dropped = graph();
    dropped.steps.push(testing::step("dropped"));
    let failed: Result<(), StoreError> = write!(bed, |conn| {
        definition::save_graph(conn, workspace(), stored.id, 1, &dropped, NOW).await?;
        assert!(definition::graph(conn, workspace(), stored.id, 2).await?.is_some());
        Err(StoreError::AlreadyExists)
    });
    assert!(failed.is_err());
    let none = definition::graph(&mut bed.read().await, workspace(), stored.id, 2).await.expect("read");
    assert_eq!(none, None);
    let saved = write!(bed, |conn| definition::save_graph(conn, workspace(), stored.id, 1, &graph(), NOW).await);
    assert_eq!(saved.ok(), Some(2));
    let found = definition::graph(&mut bed.read().await, workspace(), stored.id, 2).await.expect("read");
    assert_eq!(found.as_deref(), Some(&graph()));
}

#[tokio::test]
async fn an_event_finds_the_enabled_definitions_it_starts_by_any_alias() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let change =
        |enabled, name: &str| Definition { enabled, trigger_config: json!({ "eventName": name }), ..stored.clone() };
    for (enabled, name, asked, found) in [
        (true, "email.clicked", "email.click", 1),
        (true, "email.click", "email.clicked", 1),
        (true, "signed_up", "Signed_up", 0),
        (false, "email.click", "email.click", 0),
    ] {
        let head = change(enabled, name);
        let updated: Result<bool, StoreError> = write!(bed, |conn| definition::update(conn, &head).await);
        assert!(updated.expect("updated"));
        let starts = definition::enabled_for_event(&mut bed.read().await, workspace(), &[asked]).await.expect("read");
        assert_eq!(starts.len(), found, "{name} asked as {asked}");
    }
}

#[tokio::test]
async fn a_deleted_definition_takes_everything_with_it() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let run = bed.started(&stored, Some(ada)).await;
    let visit = bed.wait(run, Some("opened"), None).await;
    let armed: Result<(), StoreError> = write!(bed, |conn| schedule::set(conn, workspace(), stored.id, NOW).await);
    assert!(armed.is_ok());
    let deleted: Result<bool, StoreError> =
        write!(bed, |conn| definition::delete(conn, workspace(), stored.id, NOW).await);
    assert!(deleted.expect("deleted"));
    let mut conn = bed.read().await;
    assert_eq!(definition::get(&mut conn, workspace(), stored.id).await.expect("read"), None);
    assert_eq!(execution::get(&mut conn, workspace(), run).await.expect("read"), None);
    assert!(execution::visits(&mut conn, workspace(), run).await.expect("read").is_empty());
    assert_eq!(stepwell_store::wait::get(&mut conn, workspace(), visit).await.expect("read"), None);
    assert!(stepwell_store::journal::page(&mut conn, workspace(), run, 0, 9).await.expect("read").is_empty());
    assert!(counter::of(&mut conn, workspace(), stored.id, None).await.expect("read").is_empty());
    assert_eq!(schedule::next(&mut conn).await.expect("read"), None);
    let again: Result<u64, StoreError> =
        write!(bed, |conn| definition::delete_many(conn, workspace(), &[stored.id], NOW).await);
    assert_eq!(again.ok(), Some(0));
}

#[tokio::test]
async fn a_page_counts_steps_and_executions_and_is_sorted_as_asked() {
    let bed = Bed::new().await;
    let busy = bed.definition(Reentry::Always).await;
    let idle = bed.definition(Reentry::Always).await;
    let renamed = Definition { name: "a first one".into(), description: Some("100% Sure".into()), ..idle.clone() };
    let _: Result<bool, StoreError> = write!(bed, |conn| definition::update(conn, &renamed).await);
    bed.started(&busy, None).await;
    bed.started(&busy, None).await;
    let mut conn = bed.read().await;
    let by_name =
        DefinitionQuery { sort: DefinitionSort::Name, direction: Direction::Asc, ..DefinitionQuery::default() };
    let page = definition::page(&mut conn, workspace(), &by_name, 1, 20).await.expect("page");
    let listed: Vec<_> = page.items.iter().map(|item| (item.definition.id, item.steps, item.executions)).collect();
    assert_eq!((page.total, listed), (2, vec![(idle.id, 3, 0), (busy.id, 3, 2)]));
    let search = DefinitionQuery { search: Some("100% s".into()), ..DefinitionQuery::default() };
    assert_eq!(definition::page(&mut conn, workspace(), &search, 1, 20).await.expect("page").total, 1);
    let second = definition::page(&mut conn, workspace(), &by_name, 2, 1).await.expect("page");
    assert_eq!((second.total, second.items[0].definition.id), (2, busy.id));
    let disabled = DefinitionQuery { enabled: Some(false), ..DefinitionQuery::default() };
    assert_eq!(definition::page(&mut conn, workspace(), &disabled, 1, 20).await.expect("page").total, 0);
}

#[tokio::test]
async fn a_head_that_is_not_there_is_not_updated() {
    let bed = Bed::new().await;
    let unknown = Definition { id: bed.id(), ..testing::definition(Reentry::Once) };
    let updated: Result<bool, StoreError> = write!(bed, |conn| definition::update(conn, &unknown).await);
    assert_eq!(updated.ok(), Some(false));
}
