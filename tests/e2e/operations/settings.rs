//! Settings by flag, variable and file; what a bad one is answered with; one server to a data folder.

use std::path::Path;
use std::process::{Output, Stdio};

use stepwell_tests::{Server, binary};
use tokio::process::Command;

type Variables<'a> = &'a [(&'a str, &'a str)];
type Arguments<'a> = &'a [&'a str];

/// Runs the binary in a folder with these variables and no other settings.
async fn run(folder: &Path, variables: Variables<'_>, arguments: Arguments<'_>) -> Output {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STEPWELL_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().copied()).current_dir(folder);
    command.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("running the binary")
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_flag_goes_before_a_variable_and_a_variable_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("stepwell.toml"), "data = 'by-file'\n").expect("a file");
    let variable = ("STEPWELL_DATA", "by-variable");
    let cases: [(Variables<'_>, Arguments<'_>, &str); 3] = [
        (&[], &["key", "list"], "by-file"),
        (&[variable], &["key", "list"], "by-variable"),
        (&[variable], &["key", "list", "--data", "by-flag"], "by-flag"),
    ];
    for (variables, arguments, created) in cases {
        let output = run(folder.path(), variables, arguments).await;
        assert!(output.status.success(), "{}", error(&output));
        assert!(folder.path().join(created).join("stepwell.db").exists(), "{created}");
        std::fs::remove_dir_all(folder.path().join(created)).expect("removing it");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["stepwell.toml"]);
}

#[tokio::test]
async fn a_bad_setting_ends_with_2_and_is_named_with_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("other.toml"), "concurrency = 'many'\n").expect("a file");
    std::fs::write(folder.path().join("unknown.toml"), "concurency = 5\n").expect("a file");
    let key = format!("sk_{}", "g".repeat(64));
    let cases: [(Variables<'_>, Arguments<'_>, &[&str]); 6] = [
        (&[], &["serve", "--listen", "here"], &["listen", "--listen", "here"]),
        (&[("STEPWELL_STEP_MEMORY_MIB", "9999")], &["serve"], &["step_memory_mib", "STEPWELL_STEP_MEMORY_MIB", "9999"]),
        (&[], &["serve", "--config", "other.toml"], &["concurrency", "other.toml", "many"]),
        (&[], &["serve", "--config", "unknown.toml"], &["unknown.toml", "concurency", "known are"]),
        (&[("STEPWELL_SMTP_URL", "http://mail")], &["serve"], &["smtp_url", "STEPWELL_SMTP_URL"]),
        (&[("STEPWELL_BOOTSTRAP_KEY", &key)], &["serve"], &["bootstrap_key", "STEPWELL_BOOTSTRAP_KEY"]),
    ];
    for (variables, arguments, words) in cases {
        let output = run(folder.path(), variables, arguments).await;
        let said = error(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(!said.contains(&key), "a secret is shown: {said}");
    }
    let unknown = run(folder.path(), &[], &["serve", "--no-such-flag"]).await;
    assert_eq!(unknown.status.code(), Some(2));
}

#[tokio::test]
async fn every_setting_is_in_the_help() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = run(folder.path(), &[], &["serve", "--help"]).await;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let variables = [
        "LISTEN",
        "DATABASE_URL",
        "DATA",
        "BOOTSTRAP_KEY",
        "SMTP_URL",
        "PUBLIC_URL",
        "ALLOW_NETWORK",
        "LOG",
        "RATE_LIMITS",
    ];
    for variable in variables {
        assert!(help.contains(&format!("STEPWELL_{variable}")), "{variable}: {help}");
    }
    assert!(help.contains("127.0.0.1:8787") && help.contains("--listen"), "{help}");
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_disturbs_nothing() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let data = server.data().to_str().expect("a path");
    let second = run(folder.path(), &[("STEPWELL_DATA", data)], &["serve", "--listen", "127.0.0.1:0"]).await;
    let said = error(&second);
    assert_eq!(second.status.code(), Some(1), "{said}");
    let process = server.process_id().expect("a process").to_string();
    assert!(said.contains(data) && said.contains(&process) && said.contains("another stepwell"), "{said}");
    server.client().get("/ready").await.expect(200);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &[], &["serve", "--listen", &address]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).contains(&address), "{}", error(&output));
}
