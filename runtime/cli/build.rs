//! Embeds the components that `cargo xtask plugins` builds: every `*.wasm` in the folder `STEPWELL_COMPONENTS`, or else in
//! `target/components` of the workspace. With none there the build succeeds, and the server says what is missing.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=STEPWELL_COMPONENTS");
    let folder = folder()?;
    // A watched path that is not there would make every build run this again.
    fs::create_dir_all(&folder)?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let components = components(&folder)?;
    if components.is_empty() {
        let folder = folder.display();
        println!(
            "cargo::warning=no components in {folder}: `stepwell serve` will not start; run `cargo xtask plugins` first"
        );
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("builtin.rs");
    fs::write(target, table(&components)?)?;
    Ok(())
}

fn folder() -> Result<PathBuf, Box<dyn Error>> {
    if let Some(folder) = env::var_os("STEPWELL_COMPONENTS").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    let root = package.ancestors().nth(2).ok_or("the package lies in no workspace")?;
    Ok(root.join("target/components"))
}

/// The components of the folder itself, in the order of their names; those of the tests lie in a folder below.
fn components(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn table(components: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("pub(crate) const COMPONENTS: &[Component] = &[\n");
    for path in components {
        let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a component's name is not UTF-8")?;
        let path = path.canonicalize()?;
        let path = path.to_str().ok_or("a component's path is not UTF-8")?;
        writeln!(text, "    Component {{ name: {name:?}, bytes: include_bytes!({path:?}) }},")?;
    }
    text.push_str("];\n");
    Ok(text)
}
