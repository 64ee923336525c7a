//! `stepwell`: arguments in, exit code out. 0 is success, 1 a failure, 2 a bad argument or setting.

mod allocator;
mod assemble;
mod bootstrap;
mod builtin;
mod client;
mod config;
mod demo;
mod key;
mod lock;
mod plugin;
mod predecessor;
mod print;
mod serve;
mod settings;
mod signal;
mod target;
mod telemetry;
mod transfer;
mod workspace;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Config;
use crate::settings::Given;

/// Runs automation workflows durably; every step type is a sandboxed WebAssembly component.
#[derive(Parser)]
#[command(name = "stepwell", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "`--help` also lists every setting, with its flag and its variable.")]
#[command(
    after_long_help = "Settings can be given by flag, by variable and in a TOML file, under their flags' names with \
    underscores (listen = \"0.0.0.0:8787\"). A flag goes before a variable, a variable before the file."
)]
struct Arguments {
    #[command(flatten)]
    settings: Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server.
    Serve,
    /// Runs a sample workflow on a local server, with a mail sink and a webhook sink.
    Demo(demo::Options),
    /// Makes, lists and revokes API keys.
    Key(key::Options),
    /// Makes and lists workspaces, and switches them off and on.
    Workspace(workspace::Options),
    /// Inspects, installs, grants, lists and removes plugins.
    Plugin(plugin::Options),
    /// Writes the whole database to a file.
    Export(transfer::Export),
    /// Reads such a file into an empty database, of either kind.
    Import(transfer::Import),
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
    /// Compiles components: what a server runs in a child process.
    #[command(hide = true)]
    CompileComponent {
        /// Pairs of a component to read and a file to write.
        paths: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    // Before anything else: the child bounds the memory of its whole process.
    let mut given = std::env::args_os().skip(1);
    if given.next().is_some_and(|first| first == stepwell_host::COMPILE_SUBCOMMAND) {
        let paths: Vec<PathBuf> = given.map(PathBuf::from).collect();
        let code = stepwell_host::compile_child_main(&paths);
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let arguments = Arguments::parse();
    match read(arguments) {
        Ok((command, given, config)) => end(run(command, given, &config)),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The settings, checked, before anything is done.
fn read(arguments: Arguments) -> Result<(Command, Given, Config)> {
    let mut given = arguments.settings.with_file()?;
    match &arguments.command {
        Command::Serve => {}
        Command::Demo(_) => demo::settle(&mut given),
        _ => given.suggest("log", "error"),
    }
    let config = Config::read(&given)?;
    telemetry::start(&config.log);
    Ok((arguments.command, given, config))
}

fn run(command: Command, given: Given, config: &Config) -> Result<()> {
    match command {
        Command::Serve => block_on(serve::run(config)),
        Command::Demo(options) => block_on(demo::run(&options, given)),
        Command::Key(options) => block_on(key::run(options, config)),
        Command::Workspace(options) => block_on(workspace::run(options, config)),
        Command::Plugin(options) => block_on(plugin::run(options, config)),
        Command::Export(options) => block_on(transfer::export(options, config)),
        Command::Import(options) => block_on(transfer::import(options, config)),
        Command::Openapi => {
            print::say!("{}", stepwell_api::openapi_json());
            Ok(())
        }
        // Answered at the very beginning of `main`; with a setting before it, it is no command of the server's.
        Command::CompileComponent { .. } => {
            Arguments::command().error(clap::error::ErrorKind::InvalidSubcommand, "it takes no settings").exit()
        }
    }
}

fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let ended = runtime.block_on(async {
        signal::outlive_file_limit()?;
        work.await
    });
    // Whatever still blocks a thread has had its time.
    runtime.shutdown_background();
    ended
}

fn end(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_long_help_lists_every_setting_with_its_flag_and_variable() {
        let help = Arguments::command().render_long_help().to_string();
        for setting in settings::SETTINGS {
            assert!(help.contains(&format!("--{}", setting.name.replace('_', "-"))), "{}", setting.name);
            assert!(help.contains(setting.variable), "{}", setting.variable);
        }
        assert!(help.contains("STEPWELL_CONFIG"));
    }

    #[test]
    fn a_setting_may_stand_before_or_behind_the_command() {
        for arguments in
            [["stepwell", "--listen", "1.2.3.4:5", "serve"], ["stepwell", "serve", "--listen", "1.2.3.4:5"]]
        {
            let parsed = Arguments::try_parse_from(arguments).expect("arguments");
            assert_eq!(parsed.settings.get("listen").map(|(value, _)| value), Some("1.2.3.4:5"), "{arguments:?}");
        }
    }
}
