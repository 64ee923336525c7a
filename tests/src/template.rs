//! A data folder that a server has been started on once. Each test begins with a copy of it: the built-in components are
//! compiled then, which takes seconds in a debug build.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::python::workspace;
use crate::server::binary;

/// Copies the template into `data`, after `make` has made it if there is none for this binary yet. Of many test processes one
/// makes it and the others wait.
pub(crate) async fn copy_into<F: Future<Output = ()>>(data: &Path, make: impl FnOnce(PathBuf) -> F) {
    let folder = workspace().join("target/e2e-template").join(fingerprint());
    let ready = folder.join("ready");
    fs::create_dir_all(&folder).expect("a folder for the template");
    let lock = File::create(folder.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if !ready.exists() {
        make(folder.join("data")).await;
        File::create(&ready).expect("a marker");
    }
    lock.unlock().expect("unlocking");
    copy(&folder.join("data"), data);
}

/// Names the binary under test: another build makes another template.
fn fingerprint() -> String {
    let about = fs::metadata(binary()).expect("the binary");
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{}-{}", about.len(), changed.map_or(0, |time| time.as_nanos()))
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the template") {
        let entry = entry.expect("an entry of the template");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
