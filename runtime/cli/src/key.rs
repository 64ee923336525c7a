//! `stepwell key`: API keys, through a running server or in the database.

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;
use stepwell_core::{ApiKeyId, Clock as _};
use stepwell_engine::SystemClock;
use stepwell_store::key::{self as keys, ApiKey, KeyKind};
use stepwell_store::{Store, StoreError};

use crate::bootstrap::{self, KeyWish};
use crate::client::Client;
use crate::config::Config;
use crate::print::say;
use crate::target::{ServerArguments, Target};
use crate::workspace;

/// All that a key may do that can be in a browser.
const PUBLIC_SCOPE: &str = "events:write";

/// Without --server the database of the settings is changed directly; a server that runs on it notices within a second.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerArguments,
    /// Whose keys, by name or id, without --server: there a key belongs to the workspace of the one that asks. [default: the first]
    #[arg(long, value_name = "WORKSPACE", global = true, conflicts_with = "server")]
    workspace: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a key and prints it. It cannot be shown again.
    Create {
        /// What people call it.
        #[arg(long, default_value = "command line")]
        name: String,
        /// What it is for.
        #[arg(long, value_enum, default_value_t = Kind::Secret)]
        kind: Kind,
        /// What it may do: resource:action, resource:* or *. May be given often. [default: *, or events:write for a public key]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
    },
    /// Lists the keys, newest first.
    List,
    /// Revokes a key for good.
    Revoke {
        /// The key's id, as `list` shows it.
        id: ApiKeyId,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// For servers: everything its scopes allow.
    Secret,
    /// For browsers: sending events.
    Public,
}

/// A key as `list` shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    prefix: String,
    kind: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    revoked_at: Option<String>,
}

pub(crate) async fn run(options: Options, config: &Config) -> Result<()> {
    let mut target = Target::of(&options.server, config).await?;
    if let (Target::Database(store, home), Some(workspace)) = (&mut target, &options.workspace) {
        *home = workspace::find(store, workspace.trim()).await?;
    }
    match options.command {
        Command::Create { name, kind, scopes } => create(&target, wish(name, kind, scopes)?).await,
        Command::List => list(&target).await,
        Command::Revoke { id } => revoke(&target, id).await,
    }
}

fn wish(name: String, kind: Kind, scopes: Vec<String>) -> Result<KeyWish> {
    if let Some(unknown) = scopes.iter().find(|scope| !stepwell_api::is_known_scope(scope)) {
        bail!("{unknown:?} is no scope; there are *, resource:* and {}", stepwell_api::SCOPES.join(", "));
    }
    let (kind, default) = match kind {
        Kind::Secret => (KeyKind::Secret, "*"),
        Kind::Public => (KeyKind::Public, PUBLIC_SCOPE),
    };
    let scopes = if scopes.is_empty() { vec![default.to_owned()] } else { scopes };
    if kind == KeyKind::Public && scopes.iter().any(|scope| scope != PUBLIC_SCOPE) {
        bail!("a public key can only have the scope {PUBLIC_SCOPE}");
    }
    Ok(KeyWish { name, kind, scopes })
}

async fn create(target: &Target, wish: KeyWish) -> Result<()> {
    let secret = match target {
        Target::Server(client) => ask_for_key(client, &wish).await?,
        Target::Database(store, home) => bootstrap::new_key(store, *home, wish).await?.0,
    };
    say!("{secret}");
    Ok(())
}

async fn ask_for_key(client: &Client, wish: &KeyWish) -> Result<String> {
    #[derive(Deserialize)]
    struct Made {
        key: String,
    }
    let body = json!({ "name": wish.name, "kind": wish.kind, "scopes": wish.scopes });
    Ok(client.post::<Made>("/v1/keys", &body).await?.key)
}

async fn list(target: &Target) -> Result<()> {
    let lines = match target {
        Target::Server(client) => client.get_all::<Line>("/v1/keys").await?,
        Target::Database(store, home) => {
            let all = keys::list(&mut store.reader().await?, *home).await?;
            all.into_iter().map(Line::from).collect()
        }
    };
    say!("{:<38}{:<14}{:<8}{:<26}{:<10}{:<24}SCOPES", "ID", "KEY", "KIND", "CREATED", "STATE", "NAME");
    for line in lines {
        let state = if line.revoked_at.is_some() { "revoked" } else { "valid" };
        let (id, prefix) = (line.id, format!("{}…", line.prefix));
        let scopes = line.scopes.join(" ");
        say!("{id:<38}{prefix:<14}{:<8}{:<26}{state:<10}{:<24}{scopes}", line.kind, line.created_at, line.name);
    }
    Ok(())
}

impl From<ApiKey> for Line {
    fn from(key: ApiKey) -> Self {
        let kind = match key.kind {
            KeyKind::Secret => "secret",
            KeyKind::Public => "public",
        };
        Self {
            id: key.id.to_string(),
            prefix: key.prefix,
            kind: kind.to_owned(),
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at.to_rfc3339(),
            revoked_at: key.revoked_at.map(|time| time.to_rfc3339()),
        }
    }
}

async fn revoke(target: &Target, id: ApiKeyId) -> Result<()> {
    match target {
        Target::Server(client) => client.delete(&format!("/v1/keys/{id}")).await?,
        Target::Database(store, home) => revoke_stored(store, *home, id).await?,
    }
    say!("revoked {id}");
    Ok(())
}

async fn revoke_stored(store: &Store, home: stepwell_core::WorkspaceId, id: ApiKeyId) -> Result<()> {
    let now = SystemClock.now();
    let revoked: Result<_, StoreError> =
        store.write(move |conn| Box::pin(async move { keys::revoke(conn, home, id, now).await })).await;
    match revoked? {
        Some(_) => Ok(()),
        None => bail!("there is no key {id}; `stepwell key list` shows those there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_may_only_send_events() {
        let public = wish("x".into(), Kind::Public, vec![]).expect("wish");
        assert_eq!((public.kind, public.scopes), (KeyKind::Public, vec!["events:write".to_owned()]));
        assert!(wish("x".into(), Kind::Public, vec!["contacts:read".into()]).is_err());
        assert_eq!(wish("x".into(), Kind::Secret, vec![]).expect("wish").scopes, ["*"]);
    }

    #[test]
    fn a_scope_that_does_not_exist_is_refused_with_those_that_do() {
        let error = wish("x".into(), Kind::Secret, vec!["contacts:fly".into()]).expect_err("unknown").to_string();
        assert!(error.starts_with("\"contacts:fly\" is no scope") && error.contains("contacts:read"), "{error}");
    }
}
