//! `stepwell plugin`: what a component is, installing it, and what it may use.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use stepwell_core::{Grant, PluginInfo, PluginSource};
use stepwell_store::plugin as stored;

use crate::assemble::{Assembly, assemble};
use crate::builtin::COMPONENTS;
use crate::client::Client;
use crate::config::Config;
use crate::lock::DataLock;
use crate::print::say;
use crate::target::{ServerArguments, Target};

/// With --server a running server is asked, and the plugin belongs to the workspace of the key. Without it the database of the
/// settings is changed directly, for all workspaces; with SQLite that needs the server to be stopped.
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
    /// Lets an installed plugin use something more: another import, or one further than before.
    Grant {
        /// The plugin's digest, as `list` shows it, or its beginning.
        digest: String,
        /// The import, such as wasi:http/outgoing-handler
        #[arg(value_parser = parse_grant)]
        import: Grant,
        /// How far: host names for HTTP, names of connections. May be given often
        #[arg(long = "scope", value_name = "SCOPE,…", value_delimiter = ',')]
        scope: Vec<String>,
    },
    /// Takes an installed plugin away.
    Remove {
        /// The plugin's digest, as `list` shows it, or its beginning.
        digest: String,
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
    let list = || client.get_all::<PluginInfo>("/v1/plugins");
    match command {
        Command::List => list().await?.iter().for_each(line),
        Command::Install { file, grants } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let path = format!("/v1/plugins?grants={}", encoded(&grants)?);
            describe(&client.upload::<PluginInfo>(&path, "application/wasm", bytes).await?);
        }
        Command::Grant { digest, import, scope } => {
            let found = find(list().await?, &digest)?;
            let grants = json!({ "grants": more(&found, import, scope) });
            describe(&client.put::<PluginInfo>(&format!("/v1/plugins/{}/grants", found.digest), &grants).await?);
        }
        Command::Remove { digest } => {
            let digest = find(list().await?, &digest)?.digest;
            client.delete(&format!("/v1/plugins/{digest}")).await?;
            say!("removed {digest}");
        }
        Command::Inspect { .. } => {}
    }
    Ok(())
}

fn encoded(grants: &[Grant]) -> Result<String> {
    let text = serde_json::to_string(grants).context("writing the grants")?;
    Ok(url::form_urlencoded::byte_serialize(text.as_bytes()).collect())
}

/// The one plugin whose digest begins like this.
fn find(all: Vec<PluginInfo>, beginning: &str) -> Result<PluginInfo> {
    let begins = |info: &PluginInfo| !beginning.is_empty() && info.digest.to_string().starts_with(beginning);
    let mut found: Vec<_> = all.into_iter().filter(begins).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => bail!("several plugins begin with {beginning}: give more of the digest"),
        (None, _) => bail!("no plugin {beginning} is installed; `stepwell plugin list` shows those there are"),
    }
}

/// What the plugin may use with this as well.
fn more(info: &PluginInfo, mut import: Grant, scope: Vec<String>) -> Vec<Grant> {
    import.scope.extend(scope);
    let mut grants = info.grants.clone();
    match grants.iter_mut().find(|grant| grant.import == import.import) {
        Some(grant) => {
            import.scope.retain(|entry| !grant.scope.contains(entry));
            grant.scope.extend(import.scope);
        }
        None => grants.push(import),
    }
    grants
}

/// On SQLite a server knows only of plugins that it was there to see installed. Those that share a database look for others'.
fn alone(config: &Config) -> Result<Option<DataLock>> {
    if config.is_shared() {
        return Ok(None);
    }
    if DataLock::is_taken(&config.data) {
        bail!("a server is running on {}: stop it, or ask it with --server and --key", config.data.display());
    }
    DataLock::take(&config.data).map(Some)
}

async fn change(config: &Config, store: stepwell_store::Store, command: Command) -> Result<()> {
    let installed = stored::list(&mut store.reader().await?).await?;
    if let Command::List = command {
        say!("built in: {}", COMPONENTS.iter().map(|component| component.name).collect::<Vec<_>>().join(", "));
        installed.iter().for_each(line);
        return Ok(());
    }
    let _lock = alone(config)?;
    let shared = installed.into_iter().filter(|info| info.workspace_id.is_none()).collect();
    let engine = offline(config, store).await?.engine;
    match command {
        Command::Install { file, grants } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            describe(&engine.install_plugin(None, bytes, grants).await?);
        }
        Command::Grant { digest, import, scope } => {
            let found = find(shared, &digest)?;
            let changed = engine.grant_plugin(None, found.digest, more(&found, import, scope)).await?;
            changed.iter().for_each(describe);
        }
        Command::Remove { digest } => {
            let digest = find(shared, &digest)?.digest;
            engine.remove_plugin(None, digest).await?;
            say!("removed {digest}");
        }
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
    say!("{}  {source:<10}{}", info.digest, steps.join(", "));
}

fn describe(info: &PluginInfo) {
    say!("digest   {}", info.digest);
    say!("size     {} KiB", info.size.div_ceil(1024));
    for step in &info.steps {
        say!("step     {} {}: {}", step.step_type, step.version, step.title);
    }
    if info.imports.is_empty() {
        say!("imports  nothing");
    }
    for import in &info.imports {
        let grant = info.grants.iter().find(|grant| grant.import == *import);
        say!("imports  {import}{}", grant.map_or(String::new(), granted));
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
    use stepwell_core::Digest;

    use super::*;

    fn info(digest: u8, grants: &[&str]) -> PluginInfo {
        PluginInfo {
            digest: Digest([digest; 32]),
            workspace_id: None,
            source: PluginSource::Installed,
            steps: vec![],
            imports: vec![],
            grants: grants.iter().map(|text| parse_grant(text).expect("grant")).collect(),
            size: 1,
        }
    }

    #[test]
    fn a_plugin_is_named_by_the_beginning_of_its_digest_if_no_other_begins_so() {
        let all = || vec![info(0xab, &[]), info(0xac, &[])];
        assert_eq!(find(all(), "ab").expect("one").digest, Digest([0xab; 32]));
        assert_eq!(find(all(), &"ac".repeat(32)).expect("one").digest, Digest([0xac; 32]));
        assert!(find(all(), "a").is_err() && find(all(), "ff").is_err() && find(all(), "").is_err());
    }

    #[test]
    fn a_grant_is_added_to_those_there_are() {
        let known = info(1, &["stepwell:plugin/contacts", "wasi:http/outgoing-handler=a.example"]);
        let http = parse_grant("wasi:http/outgoing-handler").expect("grant");
        let grants = more(&known, http, vec!["b.example".into(), "a.example".into()]);
        assert_eq!(grants.len(), 2);
        assert_eq!(grants[1].scope, ["a.example", "b.example"]);
        assert_eq!(more(&known, parse_grant("wasi:keyvalue/store").expect("grant"), vec![]).len(), 3);
    }

    #[test]
    fn a_grant_is_an_import_with_or_without_a_scope() {
        let grant = parse_grant("wasi:http/outgoing-handler=api.example.org, *.example.com").expect("grant");
        assert_eq!(grant.import, "wasi:http/outgoing-handler");
        assert_eq!(grant.scope, ["api.example.org", "*.example.com"]);
        assert_eq!(parse_grant("stepwell:plugin/contacts").expect("grant").scope, Vec::<String>::new());
        assert!(parse_grant("contacts").is_err() && parse_grant("=x").is_err());
    }
}
