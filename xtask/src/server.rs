//! The server's binary, as the dev profile builds it.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds the server and answers with its path.
///
/// `--workspace` chooses the features of dependencies as the build of the tests does. Without it the
/// two differ in a macro that wasmtime uses, and each build would compile wasmtime once more.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    process::part("building the server", || {
        process::run(workspace.cargo().args(["build", "--workspace", "--bin", "stepwell"]))
    })?;
    let file_name = format!("stepwell{}", env::consts::EXE_SUFFIX);
    Ok(workspace.target.join("debug").join(file_name))
}
