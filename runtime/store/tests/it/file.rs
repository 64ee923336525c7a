//! What only a database in a file can do.

use serde_json::json;
use stepwell_core::Reentry;
use stepwell_store::{StoreError, keyvalue, prune, setting};

use crate::prune::pruned;
use crate::support::{Bed, NOW, completed, workspace, write};

const SPARE: prune::Spare = prune::Spare { pages: 100_000, one_in: 1_000 };
const NONE: prune::Spare = prune::Spare { pages: 0, one_in: 1_000 };

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::new().await;
    let written: Result<_, StoreError> = write!(bed, |conn| setting::get_or_create(conn, "secret", || vec![1]).await);
    assert!(written.is_ok());
    let files =
        std::fs::read_dir(bed.database.folder().expect("a file")).expect("a folder").map(|file| file.expect("a file"));
    let modes: Vec<_> = files.map(|file| file.metadata().expect("a mode").permissions().mode() & 0o777).collect();
    assert_eq!(modes, [0o600; 3], "the database, its log and the log's index");
}

#[tokio::test]
async fn pruning_gives_the_disk_back() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    for _ in 0..30 {
        let run = bed.started(&stored, None).await;
        bed.settle(run, completed(json!({"much": "x".repeat(100_000)}))).await;
        bed.settle(run, completed(json!({}))).await;
    }
    bed.store.close().await;
    let path = bed.database.folder().expect("a file").join("stepwell.db");
    let before = std::fs::metadata(&path).expect("a file").len();
    let bed = bed.reopened().await;
    assert_eq!(pruned(&bed, NOW.plus_millis(1), 99).await, 30);
    let kept: Result<bool, StoreError> = write!(bed, |conn| prune::give_back(conn, SPARE, 100_000).await);
    assert_eq!(kept.ok(), Some(false), "so few free pages may stay");
    let mut given = 0;
    while given < 100 {
        given += 1;
        let more: Result<bool, StoreError> = write!(bed, |conn| prune::give_back(conn, NONE, 50).await);
        if !more.expect("given back") {
            break;
        }
    }
    assert!((5..100).contains(&given), "{given} times");
    bed.store.close().await;
    let after = std::fs::metadata(&path).expect("a file").len();
    assert!(after * 4 < before, "{before} bytes became {after}");
}

#[tokio::test]
async fn the_log_is_cut_back_once_a_long_read_is_over() {
    const LIMIT: u64 = 33_554_432;
    let bed = Bed::new().await;
    let log = bed.database.folder().expect("a file").join("stepwell.db-wal");
    let length = || std::fs::metadata(&log).expect("a file").len();
    let fill = |bytes: std::ops::Range<u8>| {
        let bed = &bed;
        async move {
            for byte in bytes {
                let key = format!("key {}", byte % 4);
                let done: Result<(), StoreError> = write!(bed, |conn| {
                    keyvalue::set(conn, workspace(), "bucket", &key, &vec![byte; 1_000_000]).await
                });
                done.expect("stored");
            }
        }
    };
    let mut long = bed.store.quick_reader().await.expect("a reader");
    assert_eq!(setting::get(&mut long, "none").await.expect("read"), None);
    fill(0..60).await;
    let grown = length();
    assert!(grown > LIMIT, "{grown}");
    drop(long);
    fill(60..100).await;
    assert!(length() <= LIMIT, "{}", length());
}
