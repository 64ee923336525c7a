//! The server that ran on a data folder before. Where servers share a database, what a killed one held is its own until its lease
//! has run out. Whoever holds its folder now knows that it is gone, and says so: then nothing has to wait.

use std::path::Path;

use anyhow::{Context as _, Result};
use stepwell_store::{Store, StoreError, claim};

/// Where a server notes under which name it holds what it takes.
const FILE: &str = "node";

/// Says that the last server on this folder is gone, and notes the name of this one, which holds the folder. Does nothing where no
/// other server can use the database.
pub(crate) async fn follow(folder: &Path, store: &Store) -> Result<()> {
    if !store.is_shared() {
        return Ok(());
    }
    let path = folder.join(FILE);
    if let Ok(before) = std::fs::read_to_string(&path) {
        let gone: Result<(), StoreError> =
            store.write(move |conn| Box::pin(async move { claim::gone(conn, before.trim()).await })).await;
        gone.context("saying that the last server on the data folder is gone")?;
    }
    std::fs::write(&path, store.node()).with_context(|| format!("writing {}", path.display()))
}
