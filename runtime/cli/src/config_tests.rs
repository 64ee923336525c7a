use std::collections::BTreeMap;
use std::fs;

use clap::{Args as _, Command, FromArgMatches as _};

use super::*;

/// What is given by these arguments and this file. No test reads the environment: the variables are other people's.
fn given(arguments: &[&str], file: &str) -> anyhow::Result<Given> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stepwell.toml");
    fs::write(&path, file)?;
    let mut all = vec!["stepwell", "--config", path.to_str().unwrap_or_default()];
    all.extend(arguments);
    let command = without_variables(Given::augment_args(Command::new("stepwell")));
    Given::from_arg_matches(&command.try_get_matches_from(all)?)?.with_file()
}

fn without_variables(command: Command) -> Command {
    command.mut_args(|argument| argument.env(None::<&str>))
}

fn config(arguments: &[&str], file: &str) -> Result<Config, String> {
    let given = given(arguments, file).map_err(|error| format!("{error:#}"))?;
    Config::read(&given).map_err(|error| error.to_string())
}

#[test]
fn a_flag_wins_over_a_file_and_a_file_over_the_default() {
    let listen = |arguments: &[&str], file| config(arguments, file).map(|config| config.listen.to_string());
    assert_eq!(listen(&[], ""), Ok("127.0.0.1:8787".into()));
    assert_eq!(listen(&[], "listen = '127.0.0.1:1'"), Ok("127.0.0.1:1".into()));
    assert_eq!(listen(&["--listen", "127.0.0.1:2"], "listen = '127.0.0.1:1'"), Ok("127.0.0.1:2".into()));
}

#[test]
fn a_variable_stands_between_flag_and_file() {
    let mut given = Given::default();
    given.insert_for_test("listen", "127.0.0.1:3", Source::Variable("STEPWELL_LISTEN"));
    let file = std::path::Path::new("a.toml");
    given.merge("listen = '127.0.0.1:1'\nconcurrency = 9", file).expect("file");
    let config = Config::read(&given).expect("config");
    assert_eq!((config.listen.port(), config.concurrency), (3, 9));
}

#[test]
fn every_default_in_the_help_is_one_that_can_be_read() {
    let config = config(&[], "").expect("defaults");
    assert_eq!(config.database_url, "sqlite:stepwell-data/stepwell.db");
    assert_eq!(config.step_wall, Duration::from_secs(60));
    assert_eq!((config.retention, config.tracking, config.rate_limits), (Retention::default(), true, false));
    assert_eq!(config.log, LogSettings { filter: "info".into(), format: LogFormat::Human });
}

#[test]
fn the_database_lies_in_the_data_folder_unless_it_is_named() {
    let url = |arguments: &[&str]| config(arguments, "").map(|config| config.database_url);
    assert_eq!(url(&["--data", "/var/lib/x"]), Ok("sqlite:/var/lib/x/stepwell.db".into()));
    assert_eq!(url(&["--data", "/var/lib/x", "--database-url", "sqlite:/y.db"]), Ok("sqlite:/y.db".into()));
    for postgres in ["postgres://me:secret@db:5432/x", "postgresql://db/x?sslmode=require", "postgres:///x?host=/run"] {
        assert_eq!(url(&["--database-url", postgres]), Ok(postgres.into()));
    }
}

#[test]
fn a_bad_value_is_named_with_its_source_and_what_is_expected() {
    let wanted =
        "the setting listen, from --listen, is \"here\": expected an address and a port, such as 127.0.0.1:8787";
    assert_eq!(config(&["--listen", "here"], "").err().as_deref(), Some(wanted));
    let error = config(&[], "step_memory_mib = 1000").expect_err("too much");
    assert!(error.starts_with("the setting step_memory_mib, from the file "), "{error}");
    assert!(error.ends_with("is \"1000\": expected a number from 2 to 256"), "{error}");
}

#[test]
fn every_kind_of_setting_refuses_nonsense() {
    let nonsense: BTreeMap<&str, &str> = [
        ("public_url", "ftp://x"),
        ("database_url", "mysql://x/y"),
        ("database_notify", "loud"),
        ("bootstrap_key", "sk_ABC"),
        ("smtp_url", "http://mail"),
        ("smtp_from", "nobody"),
        ("smtp_connections", "0"),
        ("tracking", "maybe"),
        ("allow_network", "127.0.0.1/8/9"),
        ("rate_limits", "2"),
        ("max_body_kib", "-1"),
        ("concurrency", "many"),
        ("retention_days", "1.5"),
        ("retention_executions", "-1"),
        ("log_format", "xml"),
    ]
    .into();
    for (name, value) in nonsense {
        let error = config(&[], &format!("{name} = '{value}'")).expect_err(name);
        assert!(error.starts_with(&format!("the setting {name}, from the file ")), "{error}");
    }
}

#[test]
fn the_value_of_a_secret_is_not_shown() {
    let error = config(&["--bootstrap-key", "sk_secret"], "").expect_err("too short");
    assert_eq!(
        error,
        "the setting bootstrap_key, from --bootstrap-key, is a text of 9 characters: expected sk_ and 64 lower-case hex digits"
    );
    let error = config(&["--smtp-url", "smtp://me:secret@"], "").expect_err("no host");
    assert!(!error.contains("secret"), "{error}");
    for unusable in ["mysql://me:secret@db/x", "postgres://me:secret/@db/x", "postgres:me:secret"] {
        let error = config(&["--database-url", unusable], "").map(|config| config.database_url);
        assert!(error.as_ref().is_err_and(|error| !error.contains("secret")), "{error:?}");
    }
    let key = secret_key(&format!("sk_{}", "0a".repeat(32))).expect("key");
    assert_eq!(format!("{key:?}"), "SecretKey(…)");
}

#[test]
fn networks_and_switches_are_read_as_people_write_them() {
    let config = config(
        &["--allow-network", "127.0.0.0/8, ::1/128"],
        "tracking = false\nretention_days = 2\nretention_executions = 9",
    )
    .expect("config");
    assert_eq!(config.allow_network.len(), 2);
    assert!(!config.tracking);
    let age = Some(Duration::from_secs(2 * 24 * 60 * 60));
    assert_eq!(config.retention, Retention { age, executions: Some(9) });
}

#[test]
fn a_file_that_is_named_and_not_there_is_an_error() {
    let command = without_variables(Given::augment_args(Command::new("stepwell")));
    let matches = command.try_get_matches_from(["stepwell", "--config", "/no/such/file.toml"]).expect("arguments");
    let error = Given::from_arg_matches(&matches).expect("given").with_file().expect_err("no file");
    assert_eq!(error.to_string(), "reading the settings in /no/such/file.toml");
}
