//! `stepwell workspace`: tenants, in the database. What a key can do ends at its own workspace, so no route makes another.

use anyhow::{Result, bail};
use clap::Subcommand;
use stepwell_core::{Clock as _, WorkspaceId};
use stepwell_engine::SystemClock;
use stepwell_store::workspace::{self as stored, Workspace};
use stepwell_store::{Store, StoreError};

use crate::assemble::open_store;
use crate::bootstrap;
use crate::config::{self, Config};
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
    /// Says how much of what has ended a workspace keeps, and shows it. A server looks at it within a minute.
    Retention {
        /// Its name or id.
        workspace: String,
        /// Days that ended executions, events and messages are kept; 0: for ever; default: as the server's settings say.
        #[arg(long, value_name = "DAYS|default", value_parser = bound::<u32>(config::retention_days))]
        days: Option<Bound<u32>>,
        /// The most ended executions that are kept; 0: any number; default: as the server's settings say.
        #[arg(long, value_name = "NUMBER|default", value_parser = bound::<u64>(config::retention_executions))]
        executions: Option<Bound<u64>>,
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
        Command::Retention { workspace, days, executions } => retention(&store, &workspace, days, executions).await,
    };
    store.close().await;
    done
}

/// A bound of a workspace, or that it is the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound<T>(Option<T>);

/// Reads one, for an argument.
fn bound<T>(read: fn(&str) -> Option<T>) -> impl Fn(&str) -> Result<Bound<T>, String> + Clone {
    move |text| match (text, read(text)) {
        ("default", _) => Ok(Bound(None)),
        (_, Some(bound)) => Ok(Bound(Some(bound))),
        (_, None) => Err("expected a number in the bounds of the setting of the server, or default".to_owned()),
    }
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

async fn retention(
    store: &Store,
    wanted: &str,
    days: Option<Bound<u32>>,
    executions: Option<Bound<u64>>,
) -> Result<()> {
    let (id, now) = (find(store, wanted).await?, SystemClock.now());
    let all = stored::retention(&mut store.reader().await?).await?;
    let mut kept = all.into_iter().find(|(known, _)| *known == id).map(|(_, kept)| kept).unwrap_or_default();
    kept.days = days.map_or(kept.days, |Bound(days)| days);
    kept.executions = executions.map_or(kept.executions, |Bound(executions)| executions);
    if days.is_some() || executions.is_some() {
        let done: Result<bool, StoreError> =
            store.write(move |conn| Box::pin(async move { stored::set_retention(conn, id, kept, now).await })).await;
        done?;
    }
    say!("days        {}", shown(kept.days.map(u64::from), "for ever"));
    say!("executions  {}", shown(kept.executions, "any number"));
    Ok(())
}

fn shown(bound: Option<u64>, unbound: &str) -> String {
    match bound {
        None => "as the server's settings say".to_owned(),
        Some(0) => unbound.to_owned(),
        Some(bound) => bound.to_string(),
    }
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

    #[tokio::test]
    async fn what_a_workspace_keeps_is_said_bit_by_bit_and_taken_back() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(&folder).await;
        let home = bootstrap::workspace(&store).await.expect("workspace");
        let cases = [
            (Some(Bound(Some(7))), None, (Some(7), None)),
            (None, Some(Bound(Some(100))), (Some(7), Some(100))),
            (Some(Bound(None)), None, (None, Some(100))),
            (None, None, (None, Some(100))),
        ];
        for (days, executions, expected) in cases {
            retention(&store, "Default", days, executions).await.expect("said");
            let kept = stored::retention(&mut store.reader().await.expect("reader")).await.expect("read");
            assert_eq!(kept.len(), 1);
            assert_eq!((kept[0].0, (kept[0].1.days, kept[0].1.executions)), (home, expected));
        }
    }

    #[test]
    fn a_bound_is_a_number_or_the_servers() {
        let read = bound::<u32>(config::retention_days);
        assert_eq!(
            (read("default"), read("0"), read("12")),
            (Ok(Bound(None)), Ok(Bound(Some(0))), Ok(Bound(Some(12))))
        );
        assert!(["", "-1", "1.5", "99999"].iter().all(|text| read(text).is_err()));
    }
}
