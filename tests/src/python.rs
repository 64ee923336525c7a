//! The Python that `cargo xtask test` prepared, with the peers that are written in it.

use std::path::{Path, PathBuf};

/// The interpreter: `STEPWELL_TEST_PYTHON`, else the one in the target folder.
pub fn python() -> PathBuf {
    let prepared = std::env::var_os("STEPWELL_TEST_PYTHON").map(PathBuf::from);
    let python = prepared.unwrap_or_else(|| workspace().join("target/python/bin/python"));
    assert!(python.exists(), "no test peers at {}: run `cargo xtask test` once, it prepares them", python.display());
    python
}

/// The workspace's root.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}
