//! Every setting once: its name in a file, its variable, its flag, and what it is for. `--help` and the errors are made from
//! this table.
//!
//! A value is looked for in the flags, then in the environment, then in the file; what is typed in it is `config`'s business.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// One setting.
pub(crate) struct Setting {
    /// Its name in a file; the flag has dashes in place of underscores.
    pub(crate) name: &'static str,
    /// Its variable.
    pub(crate) variable: &'static str,
    /// What a value looks like, for the help.
    shape: &'static str,
    help: &'static str,
    /// What holds where nothing is given, in words where it is not a value.
    pub(crate) default: &'static str,
}

macro_rules! settings {
    ($($name:literal $variable:literal $shape:literal [$default:literal] $help:literal)*) => {
        &[$(Setting { name: $name, variable: $variable, shape: $shape, help: $help, default: $default }),*]
    };
}

/// All settings, in the order of the help.
pub(crate) const SETTINGS: &[Setting] = settings! {
    "listen" "STEPWELL_LISTEN" "ADDRESS:PORT" ["127.0.0.1:8787"] "Where the HTTP API listens; port 0 takes a free one"
    "public_url" "STEPWELL_PUBLIC_URL" "URL" ["http://<listen>"] "Under which address people reach this server, for links in emails"
    "data" "STEPWELL_DATA" "FOLDER" ["./stepwell-data"] "Where compiled components are kept, and the database unless it is another. Each server has its own"
    "database_url" "STEPWELL_DATABASE_URL" "URL" ["sqlite:<data>/stepwell.db"] "The database: sqlite:<path>, or postgres://<user>:<password>@<host>/<name>, which several servers may share"
    "database_notify" "STEPWELL_DATABASE_NOTIFY" "on|off" ["on"] "Whether servers that share PostgreSQL tell each other at once what they change (LISTEN/NOTIFY). Off for a pooler or a database that cannot: then they look every second"
    "bootstrap_key" "STEPWELL_BOOTSTRAP_KEY" "KEY" ["made and printed at the first start"] "A secret API key that exists from the first start on: sk_ and 64 hex digits"
    "smtp_url" "STEPWELL_SMTP_URL" "URL" ["none: messages wait"] "The mail server: smtp://[user:password@]host[:port][?tls=none|opportunistic|required] or smtps://…"
    "smtp_from" "STEPWELL_SMTP_FROM" "ADDRESS" ["none"] "Who sends emails that name no sender: a@example.org or Name <a@example.org>"
    "smtp_connections" "STEPWELL_SMTP_CONNECTIONS" "NUMBER" ["4"] "How many emails may be handed over at once"
    "tracking" "STEPWELL_TRACKING" "on|off" ["on"] "Whether opened emails and followed links are made known"
    "allow_network" "STEPWELL_ALLOW_NETWORK" "CIDR,…" ["none"] "Private networks that steps may reach, such as 127.0.0.0/8"
    "rate_limits" "STEPWELL_RATE_LIMITS" "on|off" ["off"] "Whether requests are limited for each workspace"
    "max_body_kib" "STEPWELL_MAX_BODY_KIB" "KIBIBYTES" ["1024"] "The largest request body"
    "concurrency" "STEPWELL_CONCURRENCY" "NUMBER" ["256"] "How many steps may run at once"
    "step_slots" "STEPWELL_STEP_SLOTS" "NUMBER" ["1000"] "How many sandboxes there is room for"
    "step_cpu_ms" "STEPWELL_STEP_CPU_MS" "MILLISECONDS" ["500"] "How long one run of a step may compute"
    "step_wall_ms" "STEPWELL_STEP_WALL_MS" "MILLISECONDS" ["60000"] "How long one run of a step may take altogether"
    "steps_memory_mib" "STEPWELL_STEPS_MEMORY_MIB" "MEBIBYTES" ["1024"] "How much memory all running steps may take together"
    "step_memory_mib" "STEPWELL_STEP_MEMORY_MIB" "MEBIBYTES" ["64"] "How much memory one run of a step may take, at most 256"
    "retention_days" "STEPWELL_RETENTION_DAYS" "DAYS" ["0: for ever"] "How long ended executions are kept, and events and messages"
    "retention_executions" "STEPWELL_RETENTION_EXECUTIONS" "NUMBER" ["0: any number"] "How many ended executions each workspace keeps; older events and messages go with those that do not stay"
    "lease_seconds" "STEPWELL_LEASE_SECONDS" "SECONDS" ["30"] "After how long of silence other nodes on the same PostgreSQL take over what a node runs"
    "shutdown_seconds" "STEPWELL_SHUTDOWN_SECONDS" "SECONDS" ["30"] "How long running steps and requests may take to end at a shutdown"
    "log" "STEPWELL_LOG" "FILTER" ["info"] "What is logged: error, warn, info, debug, trace, or a filter such as info,stepwell_host=debug"
    "log_format" "STEPWELL_LOG_FORMAT" "human|json" ["human"] "How it is logged, to standard error"
};

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "stepwell.toml";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Flag(String),
    Variable(&'static str),
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Variable(variable) => write!(f, "the variable {variable}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// The values that were given, as text, with where each came from. What was not given is not here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<&'static str, (String, Source)>,
    file: Option<PathBuf>,
}

impl Given {
    /// The value of a setting and where it came from.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, &Source)> {
        self.values.get(name).map(|(value, source)| (value.as_str(), source))
    }

    /// Gives a setting where nothing else does.
    pub(crate) fn suggest(&mut self, name: &'static str, value: impl Into<String>) {
        let source = Source::Flag(format!("--{}", flag(name)));
        self.values.entry(name).or_insert_with(|| (value.into(), source));
    }

    #[cfg(test)]
    pub(crate) fn insert_for_test(&mut self, name: &'static str, value: &str, source: Source) {
        self.values.insert(name, (value.to_owned(), source));
    }

    /// Adds what the file says where neither a flag nor a variable does.
    pub(crate) fn with_file(mut self) -> Result<Self> {
        let named = self.file.clone();
        let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        match std::fs::read_to_string(&path) {
            Ok(text) => self.merge(&text, &path)?,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("reading the settings in {}", path.display())),
        }
        Ok(self)
    }

    pub(crate) fn merge(&mut self, text: &str, path: &Path) -> Result<()> {
        let table: toml::Table = text.parse().with_context(|| format!("reading the settings in {}", path.display()))?;
        for (name, value) in table {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
                let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
                bail!("{} has an unknown setting {name:?}; known are {}", path.display(), names.join(", "));
            };
            let value = text_of(&value).with_context(|| format!("the setting {name} in {}", path.display()))?;
            self.values.entry(setting.name).or_insert_with(|| (value, Source::File(path.to_owned())));
        }
        Ok(())
    }
}

/// A value of a file as it would be written in a flag.
fn text_of(value: &toml::Value) -> Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
        toml::Value::Array(items) => Ok(items.iter().map(text_of).collect::<Result<Vec<_>>>()?.join(",")),
        other => bail!("expected a text, a number, true or false, or a list of texts, found {}", other.type_str()),
    }
}

fn flag(name: &str) -> String {
    name.replace('_', "-")
}

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        let file = argument(
            "config",
            "STEPWELL_CONFIG",
            "FILE",
            "A TOML file with settings [default: ./stepwell.toml, if it is there]",
        );
        SETTINGS.iter().fold(command.arg(file), |command, setting| {
            let help = format!("{} [default: {}]", setting.help, setting.default);
            command.arg(argument(setting.name, setting.variable, setting.shape, &help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(name: &'static str, variable: &'static str, shape: &'static str, help: &str) -> Arg {
    Arg::new(name)
        .long(flag(name))
        .env(variable)
        .hide_env_values(true)
        .value_name(shape)
        .help(help.to_owned())
        .help_heading("Settings (flag, then variable, then file)")
        .hide_short_help(true)
        .action(ArgAction::Set)
        .global(true)
}

impl clap::FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let read = |name: &str| {
            let value = matches.get_one::<String>(name)?.trim().to_owned();
            let source = matches.value_source(name)?;
            // An empty variable is how a service file says that there is none.
            (source == ValueSource::CommandLine || !value.is_empty()).then_some((value, source))
        };
        self.file = read("config").map(|(path, _)| path.into());
        for setting in SETTINGS {
            if let Some((value, source)) = read(setting.name) {
                let source = match source {
                    ValueSource::CommandLine => Source::Flag(format!("--{}", flag(setting.name))),
                    _ => Source::Variable(setting.variable),
                };
                self.values.insert(setting.name, (value, source));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_called_like_their_settings() {
        for setting in SETTINGS {
            assert_eq!(setting.variable, format!("STEPWELL_{}", setting.name.to_uppercase()));
        }
    }

    #[test]
    fn a_value_in_a_file_may_have_the_type_that_suits_it() {
        let mut given = Given::default();
        given
            .merge("concurrency = 8\ntracking = false\nallow_network = ['10.0.0.0/8', '::1/128']", Path::new("a.toml"))
            .expect("file");
        let values: Vec<_> =
            ["concurrency", "tracking", "allow_network"].map(|name| given.get(name).map(|(value, _)| value)).into();
        assert_eq!(values, [Some("8"), Some("off"), Some("10.0.0.0/8,::1/128")]);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named_with_those_that_do() {
        let error = Given::default().merge("listn = 'x'", Path::new("a.toml")).expect_err("unknown").to_string();
        assert!(error.starts_with("a.toml has an unknown setting \"listn\"; known are listen, public_url,"), "{error}");
    }

    #[test]
    fn a_value_of_a_useless_type_is_named() {
        let error = Given::default().merge("listen = 1.5", Path::new("a.toml")).expect_err("float");
        assert_eq!(
            format!("{error:#}"),
            "the setting listen in a.toml: expected a text, a number, true or false, or a list of texts, found float"
        );
    }
}
