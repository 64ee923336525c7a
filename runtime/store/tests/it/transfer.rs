//! Moving a database through a file: from SQLite to this kind of database, and back.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use stepwell_core::flow::{Entity, PeopleChanges};
use stepwell_core::{Digest, PluginInfo, PluginSource, Reentry, Timestamp, WorkspaceId};
use stepwell_store::transfer::{Progress, Summary, Transfer, TransferError};
use stepwell_store::workspace::Workspace;
use stepwell_store::{
    Store, StoreError, StoreOptions, backlog, claim, entity, keyvalue, plugin, setting, workspace as tenant,
};
use stepwell_test_database::{Database, Kind};

use crate::people::{about, drawn};
use crate::support::{Bed, NOW, stranger, workspace, write};

/// Databases that were exported long after the last sign of life of any node.
const LATER: Timestamp = Timestamp(NOW.0 + 1_000_000_000);

fn empty(kind: Kind) -> Database {
    Database::new(kind).expect("a database")
}

async fn export(url: &str) -> Vec<u8> {
    let (mut file, source) = (Vec::new(), Transfer::source(url).await.expect("a database"));
    source.export(&mut file, LATER, |_| {}).await.expect("exported");
    source.close().await;
    file
}

async fn import(url: &str, file: &[u8]) -> Result<Summary, TransferError> {
    let target = Transfer::target(url).await.expect("a database");
    let done = target.import(file, |_| {}).await;
    target.close().await;
    done
}

fn text(file: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip over UTF-8");
    text
}

fn zipped(text: &str) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(text.as_bytes()).expect("memory");
    to.finish().expect("memory")
}

fn trailer(file: &[u8]) -> Vec<Value> {
    let last: Value = serde_json::from_str(text(file).lines().last().expect("a line")).expect("JSON");
    last["trailer"].as_array().expect("a trailer").clone()
}

/// A bit of everything: bytes, nulls, numbers, odd texts, rows that others refer to, and more rows than go into one statement.
async fn fill(bed: &Bed) {
    let shop =
        Workspace {
            id: workspace(), name: "Shop \"\\ ü 🙂".into(), disabled: false, created_at: NOW, updated_at: NOW
        };
    let info = |workspace_id| PluginInfo {
        digest: Digest([7; 32]),
        workspace_id,
        source: PluginSource::Installed,
        steps: vec![],
        imports: vec![],
        grants: vec![],
        size: 3,
    };
    let (own, common) = (info(Some(workspace())), info(None));
    let done: Result<(), StoreError> = write!(bed, |conn| {
        tenant::insert(conn, &shop, &[0, 255, 10]).await?;
        setting::get_or_create(conn, "server-key", || (0..=255).collect()).await?;
        plugin::insert(conn, &own, &vec![9; 3 * 1024 * 1024], NOW).await?;
        plugin::insert(conn, &common, b"common", NOW).await?;
        for n in 0..2_500 {
            keyvalue::set(conn, workspace(), "type/bucket", &format!("key {n}"), &[1, 2, 3]).await?;
        }
        keyvalue::set(conn, stranger(), "type/bucket", "large", &vec![7; 2 * 1024 * 1024]).await
    });
    done.expect("filled");
    let stored = bed.definition(Reentry::OneActive).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    bed.contact(workspace(), "żółw@example.org").await;
    bed.started(&stored, Some(ada)).await;
    let other = bed.definition(Reentry::Always).await;
    let waits = bed.started(&other, Some(ada)).await;
    bed.wait(waits, Some("paid"), Some(NOW.plus_millis(i64::from(i32::MAX)))).await;
    let flow = bed.flow("Żółw", vec![about("order", "o1")]).await;
    let edited = PeopleChanges { graph: Some(drawn()), ..PeopleChanges::default() };
    bed.change(flow.execution.id, edited).await.expect("stored");
    bed.wait(flow.execution.id, None, Some(NOW.plus_millis(1))).await;
    let order = Entity {
        id: "o1".into(),
        schema: "order".into(),
        data: serde_json::Map::new(),
        created_at: NOW,
        updated_at: NOW,
    };
    let done: Result<(), StoreError> = write!(bed, |conn| entity::insert(conn, workspace(), &order).await);
    done.expect("filled");
}

async fn filled() -> (Bed, Vec<u8>) {
    let bed = Bed::on(Kind::Sqlite).await;
    fill(&bed).await;
    bed.store.close().await;
    let file = export(&bed.url()).await;
    (bed, file)
}

#[tokio::test]
async fn a_database_comes_back_as_it_was() {
    let (_bed, first) = filled().await;
    let (there, back) = (empty(crate::KIND), empty(Kind::Sqlite));
    let summary = import(&there.url(), &first).await.expect("imported");
    assert_eq!((summary.marked, summary.tables), (0, trailer(&first).len()));
    let second = export(&there.url()).await;
    import(&back.url(), &second).await.expect("imported");
    assert!(first == second && second == export(&back.url()).await, "the files are not identical");
    let keys = trailer(&first).into_iter().find(|seal| seal["table"] == "keyvalue").expect("a table");
    assert_eq!(keys["rows"], 2_501);
    for table in ["flow", "flow_context", "task", "task_assignee", "execution_graph", "entity"] {
        let rows = trailer(&first).into_iter().find(|seal| seal["table"] == table).expect("a table")["rows"].clone();
        assert_ne!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn every_table_that_a_migration_makes_is_in_the_file() {
    let database = empty(crate::KIND);
    Store::open(&database.url()).await.expect("a new database").close().await;
    let found: Vec<_> = trailer(&export(&database.url()).await).iter().map(|seal| seal["table"].clone()).collect();
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).expect("migrations");
    let mut made = std::collections::BTreeSet::new();
    for migration in migrations {
        let sql = std::fs::read_to_string(migration.expect("a file").path()).expect("a migration");
        for name in sql.lines().filter_map(|line| line.strip_prefix("create table ")?.split([' ', '(']).next()) {
            // Who is running is no data.
            assert!(name == "node" || found.iter().any(|table| table == name), "{name} is missing");
            made.insert(name.to_owned());
        }
    }
    let made = made.len();
    assert!(made > 20 && found.len() == made - 1, "{made} tables are made, {} exported", found.len());
}

#[tokio::test]
async fn what_ran_is_taken_up_by_the_other_kind_of_database() {
    let (_bed, file) = filled().await;
    let there = empty(crate::KIND);
    import(&there.url(), &file).await.expect("imported");
    let store = Store::open(&there.url()).await.expect("the database");
    let taken: Result<_, StoreError> = store
        .write(|conn| {
            Box::pin(async move {
                let mine = backlog::of(conn, workspace(), None, 10).await?.len();
                Ok(mine + claim::take_over(conn, LATER, 10).await?.len())
            })
        })
        .await;
    assert_eq!(taken.expect("visits"), 1);
}

#[tokio::test]
async fn what_a_node_held_is_taken_up_in_a_file() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    bed.started(&stored, None).await;
    let back = empty(Kind::Sqlite);
    import(&back.url(), &export(&bed.url()).await).await.expect("imported");
    let store = Store::open(&back.url()).await.expect("the database");
    let mut conn = store.reader().await.expect("a connection");
    assert_eq!(backlog::of(&mut conn, workspace(), None, 10).await.expect("visits").len(), 1);
}

#[tokio::test]
async fn a_database_with_rows_takes_no_import_and_stays_as_it_is() {
    let (_bed, file) = filled().await;
    let other = Bed::new().await;
    other.contact(workspace(), "ada@example.org").await;
    let before = export(&other.url()).await;
    let refused = import(&other.url(), &file).await;
    assert!(matches!(&refused, Err(TransferError::NotEmpty(table)) if table == "contact"), "{refused:?}");
    assert!(before == export(&other.url()).await);
}

/// Imports a file that is not as it should be, makes sure that nothing of it is stored, and gives the error.
async fn refused(file: &[u8]) -> String {
    let database = empty(crate::KIND);
    let error = import(&database.url(), file).await.expect_err("a bad file");
    assert!(trailer(&export(&database.url()).await).iter().all(|seal| seal["rows"] == 0), "something was stored");
    error.to_string()
}

#[tokio::test]
async fn a_file_that_was_cut_is_refused_wherever_it_was_cut() {
    let (_bed, file) = filled().await;
    let whole = text(&file);
    let without_trailer = &whole[..whole.rfind("{\"trailer\"").expect("a trailer")];
    for cut in [&file[..file.len() / 2], &file[..20], &[], &zipped(without_trailer)] {
        assert!(refused(cut).await.starts_with("the file ends before its trailer"));
    }
}

#[tokio::test]
async fn a_file_that_was_changed_is_refused() {
    let (_bed, file) = filled().await;
    let whole = text(&file);
    let changed = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        zipped(&whole.replacen(from, to, 1))
    };
    let damaged = "the rows of the table keyvalue in the file are not those that were exported";
    assert_eq!(refused(&changed("\"key 17\"", "\"key x\"")).await, damaged);
    let row = whole.lines().find(|line| line.contains("\"key 18\"")).expect("a row");
    assert_eq!(refused(&changed(&format!("{row}\n"), "")).await, damaged);
    assert!(refused(&changed("\"key 17\"", "17")).await.ends_with("key: a number in place of a text"));
    assert!(refused(&changed("{\"table\":\"keyvalue\"", "{\"table\":\"keys\"")).await.contains("no table \"keys\""));
    assert!(refused(&changed("-export\":1,", "-export\":2,")).await.contains("the file has format 2"));
    assert!(refused(&changed("\"schema\":", "\"schema\":9")).await.contains("the file has schema 9"));
    assert!(refused(b"SQLite format 3\0").await.contains("it is not compressed with gzip"));
    assert!(refused(&zipped("{}\n")).await.contains("line 1 of the file: this is no export of stepwell"));
}

#[tokio::test]
async fn a_database_with_a_running_node_is_not_exported() {
    let bed = Bed::new().await;
    let done: Result<(), StoreError> = write!(bed, |conn| claim::alive(conn, NOW, StoreOptions::default().lease).await);
    done.expect("alive");
    let source = Transfer::source(&bed.url()).await.expect("the database");
    let refused = source.export(std::io::sink(), NOW, |_| {}).await;
    assert!(matches!(refused, Err(TransferError::Running(1))), "{refused:?}");
    assert!(source.export(std::io::sink(), LATER, |_| {}).await.is_ok());
}

#[tokio::test]
async fn a_character_that_one_database_lacks_is_marked_and_counted() {
    let bed = Bed::on(Kind::Sqlite).await;
    let done: Result<(), StoreError> =
        write!(bed, |conn| keyvalue::set(conn, WorkspaceId::from(uuid::Uuid::nil()), "b", "a\0b", b"v").await);
    done.expect("stored");
    let there = empty(crate::KIND);
    let summary = import(&there.url(), &export(&bed.url()).await).await.expect("imported");
    assert_eq!(summary.marked, u64::from(crate::KIND == Kind::Postgres));
}

#[tokio::test]
async fn progress_is_told_table_by_table() {
    let (_bed, file) = filled().await;
    let there = empty(crate::KIND);
    let target = Transfer::target(&there.url()).await.expect("a database");
    let mut told = Vec::new();
    let note = |progress: Progress<'_>| {
        told.push(match progress {
            Progress::Rows(table, rows) => format!("… {table} {rows}"),
            Progress::Table(table, rows) => format!("stored {table} {rows}"),
            Progress::Verified(table, rows) => format!("verified {table} {rows}"),
        });
    };
    target.import(&file[..], note).await.expect("imported");
    for line in ["stored keyvalue 2501", "verified keyvalue 2501", "stored contact 2", "verified execution 3"] {
        assert!(told.iter().any(|known| known == line), "{line}: {told:?}");
    }
}
