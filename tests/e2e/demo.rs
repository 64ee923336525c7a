//! `stepwell demo --once` shows what the README says it shows. In the README `…` stands for what differs from run to run.

use std::path::Path;

use stepwell_tests::binary;
use tokio::process::Command;

#[tokio::test]
async fn the_demo_completes_and_shows_what_the_readme_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(binary());
    command.args(["demo", "--once", "--listen", "127.0.0.1:0"]).current_dir(folder.path());
    let ran = command.output().await.expect("running the demo");
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{shown}");
    for step in ["CONDITION", "UPDATE_CONTACT", "WEBHOOK", "SEND_EMAIL", "DELAY", "WAIT_FOR_EVENT", "EXIT"] {
        let completed = shown.lines().any(|line| line.contains(step) && line.contains("COMPLETED"));
        assert!(completed, "{step} in:\n{shown}");
    }
    let mut lines = shown.lines().map(str::trim);
    for expected in promised() {
        assert!(lines.any(|line| fits(&expected, line)), "{expected:?}, in this order, in:\n{shown}");
    }
}

/// The lines of the README between the marks of the demo.
fn promised() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let (_, after) = readme.split_once("<!-- demo:begin -->").expect("the beginning");
    let (shown, _) = after.split_once("<!-- demo:end -->").expect("the end");
    let lines = shown.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("```"));
    let lines: Vec<_> = lines.map(str::to_owned).collect();
    assert!(lines.len() > 20, "the README shows the demo's output: {lines:?}");
    lines
}

/// Whether a line is as the pattern says: its parts between the `…` follow one another.
fn fits(pattern: &str, line: &str) -> bool {
    let parts: Vec<_> = pattern.split('…').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return pattern == line;
    }
    let mut rest = match line.strip_prefix(first) {
        Some(rest) if rest.ends_with(last) => rest,
        _ => return false,
    };
    for part in &parts[1..parts.len() - 1] {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[test]
fn a_pattern_fits_lines_that_differ_only_where_it_says_so() {
    assert!(fits("webhook-id: …", "webhook-id: 0192"));
    assert!(fits("… POST …: 200", "0.05 s POST http://x: 200"));
    assert!(!fits("webhook-id: …", "webhook-timestamp: 1"));
    assert!(!fits("… PUT …", "0.05 s POST x"));
}
