//! `stepwell plugin`: what a component is, installing it, and what it may use.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use stepwell_core::{Digest, Grant, PluginInfo, PluginSource};
use stepwell_store::plugin as stored;

use crate::assemble::{Assembly, assemble};
use crate::builtin::COMPONENTS;
use crate::client::Client;
use crate::config::Config;
use crate::lock::DataLock;
use crate::target::{ServerArguments, Target};

/// With --server a running server is asked, and the plugin belongs to the workspace of the key. Without it the database of the
/// settings is changed directly, for all workspaces; that needs the server to be stopped.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the plugins: those that came with the server and those that were installed.
    List,
    /// Shows what a component offers and what it asks for, without installing it.
    Inspect {
        /// The component.
        file: PathBuf,
    },
    /// Installs a component. What it imports must be granted.
    Install {
        /// The component.
        file: PathBuf,
        /// An import that it may use, such as stepwell:plugin/contacts, or with a scope
        /// wasi:http/outgoing-handler=api.example.org,*.example.com. May be given often
        #[arg(long = "grant", value_name = "IMPORT[=SCOPE,…]", value_parser = parse_grant)]
        grants: Vec<Grant>,
    },
    /// Replaces what an installed plugin may use.
    Grant {
        /// The plugin's digest, as `list` shows it.
        digest: Digest,
        /// As for `install`. Without any, the plugin may use nothing
        #[arg(long = "grant", value_name = "IMPORT[=SCOPE,…]", value_parser = parse_grant)]
        grants: Vec<Grant>,
    },
    /// Takes an installed plugin away.
    Remove {
        /// The plugin's digest, as `list` shows it.
        digest: Digest,
    },
}

fn parse_grant(text: &str) -> Result<Grant, String> {
    let (import, scope) = text.split_once('=').map_or((text, ""), |(import, scope)| (import, scope));
    let import = import.trim();
    if import.is_empty() || !import.contains('/') {
        return Err(
            "expected an import such as stepwell:plugin/contacts or wasi:http/outgoing-handler=api.example.org".into(),
        );
    }
    let scope = scope.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    Ok(Grant { import: import.to_owned(), scope })
}

pub(crate) async fn run(options: Options, config: &Config) -> Result<()> {
    match options.command {
        Command::Inspect { file } => {
            let info = inspect(&file, config).await?;
            describe(&info);
            Ok(())
        }
        command => match Target::of(&options.server, config).await? {
            Target::Server(client) => ask(&client, command).await,
            Target::Database(store, _) => change(config, store, command).await,
        },
    }
}

/// A component described by a host of its own, whose files go when it is done.
async fn inspect(file: &PathBuf, config: &Config) -> Result<PluginInfo> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let folder = tempfile::tempdir().context("making a folder for the compiled component")?;
    let config = Config {
        data: folder.path().to_owned(),
        database_url: format!("sqlite:{}", folder.path().join("inspect.db").display()),
        ..config.clone()
    };
    let assembly = offline(&config, crate::assemble::open_store(&config).await?).await?;
    let info = assembly.engine.plugins().inspect(&bytes).await;
    assembly.engine.store().close().await;
    info.with_context(|| format!("inspecting {}", file.display()))
}

/// The parts of a server that does not run.
async fn offline(config: &Config, store: stepwell_store::Store) -> Result<Assembly> {
    let nowhere = "http://localhost".parse().context("making a URL")?;
    assemble(config, store, &nowhere).await
}

async fn ask(client: &Client, command: Command) -> Result<()> {
    match command {
        Command::List => client.get_all::<PluginInfo>("/v1/plugins").await?.iter().for_each(line),
        Command::Install { file, grants } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let installed: PluginInfo = client.upload("/v1/plugins", "application/wasm", bytes).await?;
            match grants.is_empty() {
                true => describe(&installed),
                false => describe(&grant(client, installed.digest, &grants).await?),
            }
        }
        Command::Grant { digest, grants } => describe(&grant(client, digest, &grants).await?),
        Command::Remove { digest } => {
            client.delete(&format!("/v1/plugins/{digest}")).await?;
            println!("removed {digest}");
        }
        Command::Inspect { .. } => {}
    }
    Ok(())
}

async fn grant(client: &Client, digest: Digest, grants: &[Grant]) -> Result<PluginInfo> {
    client.put(&format!("/v1/plugins/{digest}/grants"), &json!({ "grants": grants })).await
}

async fn change(config: &Config, store: stepwell_store::Store, command: Command) -> Result<()> {
    if let Command::List = command {
        println!("built in: {}", COMPONENTS.iter().map(|component| component.name).collect::<Vec<_>>().join(", "));
        stored::list(&mut store.reader().await?).await?.iter().for_each(line);
        return Ok(());
    }
    if DataLock::is_taken(&config.data) {
        bail!("a server is running on {}: stop it, or ask it with --server and --key", config.data.display());
    }
    let _lock = DataLock::take(&config.data)?;
    let engine = offline(config, store).await?.engine;
    match command {
        Command::Install { file, grants } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            describe(&engine.install_plugin(None, bytes, grants).await?);
        }
        Command::Grant { digest, grants } => match engine.grant_plugin(None, digest, grants).await? {
            Some(info) => describe(&info),
            None => bail!("no plugin {digest} is installed for all workspaces"),
        },
        Command::Remove { digest } => match engine.remove_plugin(None, digest).await? {
            true => println!("removed {digest}"),
            false => bail!("no plugin {digest} is installed for all workspaces"),
        },
        Command::List | Command::Inspect { .. } => {}
    }
    engine.store().close().await;
    Ok(())
}

fn line(info: &PluginInfo) {
    let source = match info.source {
        PluginSource::Builtin => "builtin",
        PluginSource::Installed => "installed",
    };
    let steps: Vec<_> = info.steps.iter().map(|step| format!("{} {}", step.step_type, step.version)).collect();
    println!("{}  {source:<10}{}", info.digest, steps.join(", "));
}

fn describe(info: &PluginInfo) {
    println!("digest   {}", info.digest);
    println!("size     {} KiB", info.size.div_ceil(1024));
    for step in &info.steps {
        println!("step     {} {}: {}", step.step_type, step.version, step.title);
    }
    if info.imports.is_empty() {
        println!("imports  nothing");
    }
    for import in &info.imports {
        let grant = info.grants.iter().find(|grant| grant.import == *import);
        println!("imports  {import}{}", grant.map_or(String::new(), granted));
    }
}

fn granted(grant: &Grant) -> String {
    match grant.scope.is_empty() {
        true => " (granted)".to_owned(),
        false => format!(" (granted for {})", grant.scope.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_an_import_with_or_without_a_scope() {
        let grant = parse_grant("wasi:http/outgoing-handler=api.example.org, *.example.com").expect("grant");
        assert_eq!(grant.import, "wasi:http/outgoing-handler");
        assert_eq!(grant.scope, ["api.example.org", "*.example.com"]);
        assert_eq!(parse_grant("stepwell:plugin/contacts").expect("grant").scope, Vec::<String>::new());
        assert!(parse_grant("contacts").is_err() && parse_grant("=x").is_err());
    }
}
