//! The compiling child alone, for the tests: what the server's binary does for its hidden subcommand.

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let known = arguments.next().is_some_and(|name| name == stepwell_host::COMPILE_SUBCOMMAND);
    let paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    std::process::exit(if known { stepwell_host::compile_child_main(&paths) } else { 64 });
}
