//! The compiler for components: rustup's where it has the target, else Debian's.
//!
//! Debian's `rustc-web` has no precompiled std for the target either, but comes with the source of
//! std, which cargo then builds; rustup's toolchain has the linker in any case. So components can be
//! built where rustup can fetch nothing.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{apt, process};

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// A closed network may leave rustup waiting instead of refusing.
const RUSTUP_LIMIT: Duration = Duration::from_secs(20);
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "wasi-libc"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBC: &str = "/usr/lib/wasm32-wasi";

/// The shadow stack of a guest is part of the memory that each fresh instance has to set up.
const STACK: &str = "-Clink-arg=-zstack-size=262144";

/// Room for what a step allocates. To grow costs each instance two changes of the memory's protection, which interrupt the other
/// cores as well; pages that are not touched cost nothing.
const HEAP: &str = "-Clink-arg=--initial-heap=131072";

pub(crate) enum Compiler {
    Rustup,
    Debian { linkers: PathBuf },
}

impl Compiler {
    /// Finds a compiler, and installs one if need be.
    pub(crate) fn find() -> Result<Self> {
        let sysroot = PathBuf::from(process::read(Command::new("rustc").args(["--print", "sysroot"]))?);
        if has_target(&sysroot) {
            return Ok(Self::Rustup);
        }
        if apt::has(&DEBIAN_PACKAGES) {
            process::heading(format_args!("{TARGET} is not installed: using Debian's rustc-web"));
            return Self::debian(&sysroot);
        }
        process::heading(format_args!("rustup target add {TARGET}"));
        if rustup_adds_target() && has_target(&sysroot) {
            return Ok(Self::Rustup);
        }
        process::heading(format_args!("rustup cannot fetch {TARGET}: using Debian's rustc-web"));
        apt::install(&DEBIAN_PACKAGES).with_context(way_out)?;
        Self::debian(&sysroot)
    }

    fn debian(sysroot: &Path) -> Result<Self> {
        let host = process::read(Command::new("rustc").args(["--print", "host-tuple"]))?;
        let linkers = sysroot.join("lib/rustlib").join(host).join("bin");
        ensure!(
            linkers.join("wasm-component-ld").exists(),
            "no wasm-component-ld in {}: {}",
            linkers.display(),
            way_out()
        );
        Ok(Self::Debian { linkers })
    }

    /// Makes a `cargo build` use this compiler. `prefixes` are the folders that the components
    /// shall not mention, each with the name to use instead.
    pub(crate) fn configure(&self, cargo: &mut Command, prefixes: &[(&Path, &str)]) -> Result<()> {
        let mut flags = vec![STACK.to_owned(), HEAP.to_owned()];
        flags.extend(prefixes.iter().map(|(path, name)| remap(path, name)));
        if let Self::Debian { linkers } = self {
            flags.push(format!("-Lnative={DEBIAN_LIBC}"));
            use_debian(cargo, linkers)?;
        }
        cargo.args(["--target", TARGET]).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        Ok(())
    }
}

fn has_target(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").exists()
}

fn rustup_adds_target() -> bool {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).env_remove("RUST_BACKTRACE");
    process::succeeds_within(&mut rustup, RUSTUP_LIMIT)
}

fn use_debian(cargo: &mut Command, linkers: &Path) -> Result<()> {
    cargo
        .arg("-Zbuild-std=std,panic_abort")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_WASIP2_LINKER", linkers.join("wasm-component-ld"))
        .env("PATH", path_with(&[linkers.join("gcc-ld"), linkers.to_owned()])?);
    Ok(())
}

fn path_with(first: &[PathBuf]) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = first.iter().cloned().chain(env::split_paths(&path));
    env::join_paths(folders).context("extending PATH")
}

fn remap(path: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", path.display())
}

fn way_out() -> String {
    format!(
        "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian `apt-get install {}`",
        DEBIAN_PACKAGES.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(command: &Command, name: &str) -> Option<String> {
        let value = command.get_envs().find(|(key, _)| *key == name)?.1?;
        Some(value.to_string_lossy().into_owned())
    }

    fn configured(compiler: &Compiler) -> Command {
        let mut cargo = Command::new("cargo");
        let prefixes = [(Path::new("/home/ada/stepwell"), "stepwell")];
        compiler.configure(&mut cargo, &prefixes).expect("a sound PATH");
        cargo
    }

    #[test]
    fn components_get_a_small_stack_and_do_not_mention_the_folder_they_were_built_in() {
        let flags = variable(&configured(&Compiler::Rustup), "CARGO_ENCODED_RUSTFLAGS");
        let flags = flags.expect("flags");
        let expected = [STACK, HEAP, "--remap-path-prefix=/home/ada/stepwell=stepwell"];
        assert_eq!(flags.split('\x1f').collect::<Vec<_>>(), expected);
    }

    #[test]
    fn rustups_compiler_is_left_to_cargo() {
        let cargo = configured(&Compiler::Rustup);
        assert_eq!(process::line(&cargo), "cargo --target wasm32-wasip2");
        assert_eq!(variable(&cargo, "RUSTC"), None);
    }

    #[test]
    fn debians_compiler_builds_std_and_links_with_rustups_linker() {
        let cargo = configured(&Compiler::Debian { linkers: "/toolchain/bin".into() });
        let line = process::line(&cargo);
        assert_eq!(line, "cargo -Zbuild-std=std,panic_abort --target wasm32-wasip2");
        assert_eq!(variable(&cargo, "RUSTC").as_deref(), Some("/usr/bin/rustc"));
        let linker = variable(&cargo, "CARGO_TARGET_WASM32_WASIP2_LINKER");
        assert_eq!(linker.as_deref(), Some("/toolchain/bin/wasm-component-ld"));
        let path = variable(&cargo, "PATH").expect("a PATH");
        assert!(path.starts_with("/toolchain/bin/gcc-ld:/toolchain/bin"));
    }
}
