//! Components as files: how they are called, and putting them where the server's build finds them.
//!
//! A file is written only when its content changed. The server embeds these files, so a fresh
//! modification time alone would build it again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Which packages of a folder are components, and where they go.
pub(crate) struct Family {
    /// The folder of their crates, from the root of the workspace.
    pub(crate) folder: &'static str,
    /// How each package's name begins; what follows names the component.
    pub(crate) prefix: &'static str,
    /// The folder of the finished files, from `target/components`.
    pub(crate) output: &'static str,
}

/// The step types that come with the server, and the guests that the tests need.
pub(crate) const FAMILIES: [Family; 2] = [
    Family { folder: "plugins", prefix: "stepwell-step-", output: "" },
    Family { folder: "tests/fixtures/plugins", prefix: "stepwell-fixture-", output: "fixtures" },
];

impl Family {
    /// `stepwell-step-send-email` gives `send-email.wasm`.
    pub(crate) fn file_name(&self, package: &str) -> Result<String> {
        match package.strip_prefix(self.prefix) {
            Some(name) if !name.is_empty() => Ok(format!("{name}.wasm")),
            _ => bail!("package {package} in {}/ must be called {}<name>", self.folder, self.prefix),
        }
    }
}

/// What cargo calls the file of a package's library: `stepwell_step_send_email.wasm`.
pub(crate) fn built_file_name(package: &str) -> String {
    format!("{}.wasm", package.replace('-', "_"))
}

/// Copies a component unless the same content is there already; tells whether it had to.
pub(crate) fn publish(built: &Path, published: &Path) -> Result<bool> {
    let bytes = fs::read(built).with_context(|| format!("reading {}", built.display()))?;
    if !is_component(&bytes) {
        bail!("{} is not a WebAssembly component", built.display());
    }
    if fs::read(published).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    replace(published, &bytes).with_context(|| format!("writing {}", published.display()))?;
    Ok(true)
}

/// Removes the components that no package gives any more, and answers with their paths.
pub(crate) fn remove_others(folder: &Path, keep: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>()?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("listing {}", folder.display())),
    };
    let paths = entries.into_iter().map(|entry| entry.path());
    let old: Vec<_> = paths.filter(|path| is_wasm(path) && !keep.contains(path)).collect();
    for path in &old {
        fs::remove_file(path).with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(old)
}

fn is_wasm(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}

/// The header tells a component (layer 1) from a plain module (layer 0).
fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0])
}

/// Puts the new content there in one step, so that nobody reads half of it.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().context("a component lies in a folder")?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().permissions(readable_by_all()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

fn readable_by_all() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_component_is_called_like_its_package_without_the_prefix() {
        let name = FAMILIES[0].file_name("stepwell-step-send-email").expect("a good name");
        assert_eq!(name, "send-email.wasm");
        assert_eq!(built_file_name("stepwell-step-send-email"), "stepwell_step_send_email.wasm");
    }

    #[test]
    fn a_package_without_the_prefix_is_refused_with_the_rule() {
        let error = FAMILIES[0].file_name("send-email").expect_err("a bad name");
        let text = "package send-email in plugins/ must be called stepwell-step-<name>";
        assert_eq!(error.to_string(), text);
        assert!(FAMILIES[0].file_name("stepwell-step-").is_err());
    }

    #[test]
    fn an_unchanged_component_keeps_its_modification_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let (built, published) = (folder.path().join("a"), folder.path().join("out/a.wasm"));
        fs::write(&built, COMPONENT).expect("a file");
        assert!(publish(&built, &published).expect("the first copy"));
        let written = fs::metadata(&published).and_then(|it| it.modified()).expect("a time");
        assert!(!publish(&built, &published).expect("nothing to copy"));
        let kept = fs::metadata(&published).and_then(|it| it.modified()).expect("a time");
        assert_eq!(kept, written);
    }

    #[test]
    fn a_plain_module_is_not_published() {
        let folder = tempfile::tempdir().expect("a folder");
        let (built, published) = (folder.path().join("a"), folder.path().join("a.wasm"));
        fs::write(&built, MODULE).expect("a file");
        let error = publish(&built, &published).expect_err("a module");
        assert!(error.to_string().ends_with("is not a WebAssembly component"));
        assert!(!published.exists());
    }

    #[test]
    fn a_component_whose_package_is_gone_is_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let [kept, old, other] = ["kept.wasm", "old.wasm", "note.txt"].map(|name| {
            let path = folder.path().join(name);
            fs::write(&path, COMPONENT).expect("a file");
            path
        });
        let removed = remove_others(folder.path(), &BTreeSet::from([kept.clone()]));
        assert_eq!(removed.expect("a list"), [old]);
        assert!(kept.exists() && other.exists());
    }
}
