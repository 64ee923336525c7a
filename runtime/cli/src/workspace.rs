//! `stepwell workspace`: tenants, in the database. What a key can do ends at its own workspace, so no route makes another.

use anyhow::{Result, bail};
use clap::Subcommand;
use stepwell_core::{Clock as _, WorkspaceId};
use stepwell_engine::SystemClock;
use stepwell_store::workspace::{self as stored, Workspace};
use stepwell_store::{Store, StoreError};

use crate::assemble::open_store;
use crate::bootstrap;
use crate::config::Config;
use crate::print::say;

/// The database of the settings is changed directly; a server that runs on it notices within a second.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a workspace and prints its id. `stepwell key create --workspace NAME` makes a key to it.
    Create {
        /// What people call it. No other workspace may be called so.
        name: String,
    },
    /// Lists the workspaces, oldest first.
    List,
    /// Lets a workspace be read and not changed: nothing starts there, and what runs is cancelled.
    Disable {
        /// Its name or id.
        workspace: String,
    },
    /// Ends that.
    Enable {
        /// Its name or id.
        workspace: String,
    },
}

pub(crate) async fn run(options: Options, config: &Config) -> Result<()> {
    let store = open_store(config).await?;
    bootstrap::workspace(&store).await?;
    let done = match options.command {
        Command::Create { name } => create(&store, name.trim()).await,
        Command::List => list(&store).await,
        Command::Disable { workspace } => switch(&store, &workspace, true).await,
        Command::Enable { workspace } => switch(&store, &workspace, false).await,
    };
    store.close().await;
    done
}

/// The workspace of a name or id.
pub(crate) async fn find(store: &Store, wanted: &str) -> Result<WorkspaceId> {
    let all = stored::list(&mut store.reader().await?).await?;
    match named(&all, wanted)[..] {
        [one] => Ok(one.id),
        [] => bail!("there is no workspace {wanted:?}; `stepwell workspace list` shows those there are"),
        _ => bail!("several workspaces are called {wanted:?}: name one by its id"),
    }
}

fn named<'a>(all: &'a [Workspace], wanted: &str) -> Vec<&'a Workspace> {
    all.iter().filter(|known| known.name == wanted || known.id.to_string() == wanted).collect()
}

async fn create(store: &Store, name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
        bail!("a workspace's name has 1 to 100 characters");
    }
    if !named(&stored::list(&mut store.reader().await?).await?, name).is_empty() {
        bail!("there is a workspace {name:?} already");
    }
    say!("{}", bootstrap::new_workspace(store, name).await?);
    Ok(())
}

async fn list(store: &Store) -> Result<()> {
    say!("{:<38}{:<26}{:<10}NAME", "ID", "CREATED", "STATE");
    for known in stored::list(&mut store.reader().await?).await? {
        let state = if known.disabled { "disabled" } else { "enabled" };
        say!("{:<38}{:<26}{state:<10}{}", known.id.to_string(), known.created_at.to_rfc3339(), known.name);
    }
    Ok(())
}

async fn switch(store: &Store, wanted: &str, disabled: bool) -> Result<()> {
    let (id, now) = (find(store, wanted).await?, SystemClock.now());
    let done: Result<bool, StoreError> =
        store.write(move |conn| Box::pin(async move { stored::set_disabled(conn, id, disabled, now).await })).await;
    done?;
    say!("{} {id}", if disabled { "disabled" } else { "enabled" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.expect("store")
    }

    #[tokio::test]
    async fn a_workspace_is_found_by_name_and_by_id_and_no_two_are_called_the_same() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(&folder).await;
        bootstrap::workspace(&store).await.expect("workspace");
        create(&store, "Other").await.expect("made");
        let other = find(&store, "Other").await.expect("found");
        assert_eq!(find(&store, &other.to_string()).await.expect("found"), other);
        assert_ne!(find(&store, "Default").await.expect("found"), other);
        assert!(create(&store, "Other").await.is_err() && create(&store, "").await.is_err());
        let unknown = find(&store, "Nowhere").await.expect_err("unknown").to_string();
        assert!(unknown.contains("stepwell workspace list"), "{unknown}");
    }

    #[tokio::test]
    async fn a_workspace_is_switched_off_and_on() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(&folder).await;
        let home = bootstrap::workspace(&store).await.expect("workspace");
        for disabled in [true, false] {
            switch(&store, "Default", disabled).await.expect("switched");
            let found = stored::get(&mut store.reader().await.expect("reader"), home).await.expect("read");
            assert_eq!(found.map(|found| found.disabled), Some(disabled));
        }
    }
}
