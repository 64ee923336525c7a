//! The settings, typed. Read once, at the start; a bad value is named with its source and with what is expected.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use stepwell_engine::Retention;
use stepwell_engine::mail::{Mailbox, SmtpUrl};
use url::Url;

use crate::settings::{Given, SETTINGS, Source};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// None for `http://` and the address that is really listened on.
    pub(crate) public_url: Option<Url>,
    pub(crate) data: PathBuf,
    pub(crate) database_url: String,
    pub(crate) database_notify: bool,
    pub(crate) bootstrap_key: Option<SecretKey>,
    pub(crate) smtp_url: Option<SmtpUrl>,
    pub(crate) smtp_from: Option<Mailbox>,
    pub(crate) smtp_connections: u32,
    pub(crate) tracking: bool,
    pub(crate) allow_network: Vec<IpNet>,
    pub(crate) rate_limits: bool,
    pub(crate) max_body: usize,
    pub(crate) concurrency: usize,
    pub(crate) step_slots: u32,
    pub(crate) step_cpu_ms: u64,
    pub(crate) step_wall: Duration,
    pub(crate) step_memory: usize,
    pub(crate) steps_memory: usize,
    pub(crate) retention: Retention,
    pub(crate) lease: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) log: LogSettings,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Human,
    Json,
}

/// An API key in the clear. Never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretKey(pub(crate) String);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// A setting has a value that it cannot have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {name}, from {origin}, is {value}: expected {expected}")]
pub(crate) struct BadSetting {
    name: &'static str,
    origin: Source,
    /// As it was given, or a description where it may be a secret.
    value: String,
    expected: String,
}

impl Config {
    /// Whether the database is one that several servers may use at once.
    pub(crate) fn is_shared(&self) -> bool {
        !self.database_url.starts_with("sqlite:")
    }

    /// Types what was given.
    pub(crate) fn read(given: &Given) -> Result<Self, BadSetting> {
        let reader = Reader(given);
        let data: PathBuf = reader.given("data", "a folder", parse)?.unwrap_or_else(|| "stepwell-data".into());
        let database = || format!("sqlite:{}", data.join("stepwell.db").display());
        Ok(Self {
            listen: reader.get("listen", "an address and a port, such as 127.0.0.1:8787", parse)?,
            public_url: reader.given(
                "public_url",
                "an http:// or https:// URL without query, such as https://mail.example.org",
                web_url,
            )?,
            database_url: reader
                .secret("database_url", "sqlite:<path> or postgres://<user>:<password>@<host>/<name>", database_url)?
                .unwrap_or_else(database),
            database_notify: reader.get("database_notify", "on or off", switch)?,
            bootstrap_key: reader.secret("bootstrap_key", "sk_ and 64 lower-case hex digits", secret_key)?,
            smtp_url: reader.secret(
                "smtp_url",
                "smtp://[user:password@]host[:port][?tls=none|opportunistic|required] or smtps://…",
                parse,
            )?,
            smtp_from: reader.given(
                "smtp_from",
                "an email address, such as a@example.org or Name <a@example.org>",
                parse,
            )?,
            smtp_connections: reader.get("smtp_connections", "a number from 1 to 100", |text| between(text, 1, 100))?,
            tracking: reader.get("tracking", "on or off", switch)?,
            allow_network: reader
                .given("allow_network", "networks such as 127.0.0.0/8 with commas between", networks)?
                .unwrap_or_default(),
            rate_limits: reader.get("rate_limits", "on or off", switch)?,
            max_body: reader.get("max_body_kib", "a number from 64 to 1048576", |text| between(text, 64, 1_048_576))?
                * 1024,
            concurrency: reader.get("concurrency", "a number from 1 to 10000", |text| between(text, 1, 10_000))?,
            step_slots: reader.get("step_slots", "a number from 1 to 10000", |text| between(text, 1, 10_000))?,
            step_cpu_ms: reader.get("step_cpu_ms", "a number from 10 to 600000", |text| between(text, 10, 600_000))?,
            step_wall: reader
                .get("step_wall_ms", "a number from 100 to 3600000", |text| between(text, 100, 3_600_000))
                .map(Duration::from_millis)?,
            step_memory: reader.get("step_memory_mib", "a number from 2 to 256", |text| between(text, 2, 256))?
                * 1024
                * 1024,
            steps_memory: reader
                .get("steps_memory_mib", "a number from 64 to 1048576", |text| between(text, 64, 1_048_576))?
                * 1024
                * 1024,
            retention: retention(&reader)?,
            lease: reader
                .get("lease_seconds", "a number from 2 to 3600", |text| between(text, 2, 3_600))
                .map(Duration::from_secs)?,
            shutdown: reader
                .get("shutdown_seconds", "a number from 1 to 3600", |text| between(text, 1, 3_600))
                .map(Duration::from_secs)?,
            log: log(given)?,
            data,
        })
    }
}

/// What is logged; read apart because logging begins first.
pub(crate) fn log(given: &Given) -> Result<LogSettings, BadSetting> {
    let reader = Reader(given);
    Ok(LogSettings {
        filter: reader.get("log", "a filter such as info or info,stepwell_host=debug", log_filter)?,
        format: reader.get("log_format", "human or json", |text| match text {
            "human" => Some(LogFormat::Human),
            "json" => Some(LogFormat::Json),
            _ => None,
        })?,
    })
}

struct Reader<'a>(&'a Given);

impl Reader<'_> {
    /// A setting whose default in the table is a value (up to an explanation behind a colon).
    fn get<T>(&self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, BadSetting> {
        if let Some(value) = self.given(name, expected, &read)? {
            return Ok(value);
        }
        let default = SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        let default = default.split_once(": ").map_or(default, |(value, _)| value);
        read(default).ok_or_else(|| {
            let origin = Source::Flag("its default".to_owned());
            BadSetting { name, origin, value: format!("{default:?}"), expected: expected.to_owned() }
        })
    }

    /// A setting that may be missing.
    fn given<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, BadSetting> {
        self.read(name, expected, read, |value| format!("{value:?}"))
    }

    /// A setting that may be missing, and whose value is not shown.
    fn secret<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, BadSetting> {
        self.read(name, expected, read, |value| format!("a text of {} characters", value.chars().count()))
    }

    fn read<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
        show: impl Fn(&str) -> String,
    ) -> Result<Option<T>, BadSetting> {
        let Some((value, origin)) = self.0.get(name) else { return Ok(None) };
        let bad = || BadSetting { name, origin: origin.clone(), value: show(value), expected: expected.to_owned() };
        read(value).map(Some).ok_or_else(bad)
    }
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() { None } else { text.parse().ok() }
}

fn between<T: FromStr + PartialOrd>(text: &str, least: T, most: T) -> Option<T> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    }
}

fn retention(reader: &Reader<'_>) -> Result<Retention, BadSetting> {
    let age = reader.get("retention_days", "a number of days up to 36500, 0 for ever", retention_days).map(days)?;
    let expected = "a number up to 1000000000, 0 for any number";
    let executions = reader.get("retention_executions", expected, retention_executions)?;
    Ok(Retention { age, executions: (executions > 0).then_some(executions) })
}

/// Days that executions are kept, 0 for ever.
pub(crate) fn retention_days(text: &str) -> Option<u32> {
    between(text, 0, 36_500)
}

/// The most executions that are kept, 0 for any number.
pub(crate) fn retention_executions(text: &str) -> Option<u64> {
    between(text, 0, 1_000_000_000)
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fine = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    fine.then_some(url)
}

fn database_url(text: &str) -> Option<String> {
    let fine = match text.strip_prefix("sqlite:") {
        Some(path) => !path.trim_start_matches('/').is_empty(),
        None => text.starts_with("postgres") && is_postgres(&Url::parse(text).ok()?),
    };
    fine.then(|| text.to_owned())
}

fn is_postgres(url: &Url) -> bool {
    matches!(url.scheme(), "postgres" | "postgresql") && !url.cannot_be_a_base()
}

fn networks(text: &str) -> Option<Vec<IpNet>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok()).collect()
}

fn log_filter(text: &str) -> Option<String> {
    tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned())
}

/// `sk_` and 64 lower-case hex digits.
pub(crate) fn secret_key(text: &str) -> Option<SecretKey> {
    let hex = text.strip_prefix("sk_")?;
    let fine = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fine.then(|| SecretKey(text.to_owned()))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
