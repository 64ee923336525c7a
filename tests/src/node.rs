//! Tests in JavaScript, run by Node against a server, with the packages that `cargo xtask test` has installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::python::workspace;
use crate::server::Server;

/// How long the tests of one file may take: long, since only hanging ones take that long.
const LIMIT: Duration = Duration::from_secs(240);

/// Runs a file of `tests/flows-js` against a server; panics with what it printed if one of its tests fails, or none ran.
pub async fn run_in_node(file: &str, server: &Server) {
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(folder.path());
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap", file]).current_dir(folder.path()).kill_on_drop(true);
    node.env("STEPWELL_URL", server.address()).env("STEPWELL_KEY", server.key());
    let output =
        tokio::time::timeout(LIMIT, node.output()).await.expect("a run within its time").expect("running node");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{file}:\n{text}");
    let passed = text.lines().find_map(|line| line.strip_prefix("# pass ")?.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed > 0), "{file} has no tests:\n{text}");
}

/// Copies the files to where their packages are: an import is looked for beside the file itself, links followed.
fn lay_out(folder: &Path) {
    let source = workspace().join("tests/flows-js");
    for entry in std::fs::read_dir(&source).expect("tests/flows-js") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "mjs") {
            std::fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("copying a test");
        }
    }
    std::os::unix::fs::symlink(modules(), folder.join("node_modules")).expect("a link to the packages");
}

/// The packages: `STEPWELL_TEST_NODE_MODULES`, else those in the target folder.
fn modules() -> PathBuf {
    if let Some(given) = std::env::var_os("STEPWELL_TEST_NODE_MODULES") {
        return given.into();
    }
    let installed = std::fs::read_dir(workspace().join("target/node")).ok().and_then(|mut folders| folders.next());
    let folder = installed.expect("no packages: run `cargo xtask test` once, it installs them").expect("a folder");
    folder.path().join("node_modules")
}
