//! Lists what components import: `cargo run -p stepwell-plugin --example imports -- target/components/*.wasm`.
//!
//! For the built-in step types it also checks that they import exactly what they are known to need, since an operator has to
//! grant each import.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use wasmparser::{Parser, Payload};

/// What the standard library brings into every component, which the host leaves empty, and interfaces of types alone.
const BASE: [&str; 7] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
    "wasi:http/types",
    "stepwell:plugin/types",
];

/// The built-in step types and their imports.
const KNOWN: [(&str, &[&str]); 11] = [
    ("ai-agent", &[]),
    ("automation", &["stepwell:plugin/runs"]),
    ("condition", &["stepwell:plugin/events"]),
    ("decision", &["stepwell:plugin/branches"]),
    ("delay", &[]),
    ("exit", &[]),
    ("manual-task", &[]),
    ("send-email", &["stepwell:plugin/outbox", "stepwell:plugin/templates"]),
    ("update-contact", &["stepwell:plugin/contacts"]),
    ("wait-for-event", &[]),
    ("webhook", &["stepwell:plugin/connections", "wasi:http/outgoing-handler"]),
];

fn main() -> ExitCode {
    let mut fine = true;
    for path in std::env::args().skip(1) {
        match report(Path::new(&path)) {
            Ok(as_known) => fine &= as_known,
            Err(error) => {
                eprintln!("{path}: {error}");
                fine = false;
            }
        }
    }
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a component's size and imports; whether they are as known.
fn report(path: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let (bytes, name) = (std::fs::read(path)?, path.file_stem().unwrap_or_default().to_string_lossy());
    let imports = imports(&bytes)?;
    println!("{name}: {} KiB, imports {:?}", bytes.len() / 1024, imports);
    let known = KNOWN.iter().find(|(step_type, _)| *step_type == name);
    let as_known = known.is_none_or(|(_, known)| imports.iter().map(String::as_str).eq(known.iter().copied()));
    if !as_known {
        println!("  expected {:?}", known.map(|(_, known)| known));
    }
    Ok(as_known)
}

/// The imports of the outermost component, without versions and without the base.
fn imports(bytes: &[u8]) -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
    let (mut imports, mut depth) = (BTreeSet::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.insert(without_version(import?.name.name).to_owned());
                }
            }
            _ => {}
        }
    }
    imports.retain(|import| !BASE.iter().any(|base| import == base || import.starts_with(&format!("{base}/"))));
    Ok(imports)
}

fn without_version(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}
