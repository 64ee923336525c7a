//! Compiled code: kept, checked before it is loaded, and made in a child process with little time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_core::PluginHost;
use stepwell_host::{Compiler, Host};

use crate::guest::Guest;
use crate::support::{Bench, Memory, options, output, refusal};

fn plain(number: u32) -> Vec<u8> {
    let more = format!("(global $number i32 (i32.const {number}))");
    Guest { more: &more, ..Guest::default() }.build()
}

/// The files with an ending in the folder of compiled components.
fn files(bench: &Bench, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.folder.path().join("compiled")).expect("the folder").flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|own| own == ending));
    paths.sort();
    paths
}

/// Another host over the same folder, which has nothing in memory.
fn restarted(bench: &Bench, key: u8) -> Host {
    let mut options = options(bench.folder.path(), Arc::new(Memory::default()));
    options.server_key = [key; 32];
    Host::new(options).expect("a host")
}

/// A program that a test writes.
fn script(folder: &Path, text: &str) -> Compiler {
    let program = folder.join("compiler.sh");
    fs::write(&program, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    Compiler::Child { program }
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_kept_for_the_owner_alone_and_loaded_again_after_a_restart() {
    let bench = Bench::new();
    bench.host.inspect(&plain(1)).await.expect("compiled");
    let [code] = &files(&bench, "cwasm")[..] else { panic!("one file") };
    let metadata = fs::metadata(code).expect("the file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    restarted(&bench, 7).inspect(&plain(1)).await.expect("loaded");
    assert_eq!(fs::metadata(code).expect("the file").modified().ok(), metadata.modified().ok(), "nothing was compiled");
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_code_is_not_loaded_but_compiled_again() {
    let bench = Bench::new();
    bench.host.inspect(&plain(1)).await.expect("compiled");
    let [code] = &files(&bench, "cwasm")[..] else { panic!("one file") };
    let good = fs::read(code).expect("the file");
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for bad in [&damaged[..], &good[..middle], b"", b"no code at all"] {
        fs::write(code, bad).expect("damage");
        restarted(&bench, 7).inspect(&plain(1)).await.expect("compiled again");
        assert_eq!(fs::read(code).expect("the file"), good);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_under_another_key_or_of_another_component_is_not_loaded() {
    let bench = Bench::new();
    let first = bench.host.inspect(&plain(1)).await.expect("compiled");
    bench.host.inspect(&plain(2)).await.expect("compiled");
    let is_first = |path: &PathBuf| path.to_string_lossy().contains(&first.digest.to_string());
    let (mut one, mut two) = files(&bench, "cwasm").into_iter().partition::<Vec<_>, _>(is_first);
    let (one, two) = (one.remove(0), two.remove(0));
    let (code_one, tag_one) = (fs::read(&one).expect("code"), fs::read(one.with_extension("tag")).expect("its tag"));
    // A whole and tagged file under another component's name is foreign there.
    fs::copy(&two, &one).expect("foreign code");
    fs::copy(two.with_extension("tag"), one.with_extension("tag")).expect("its tag");
    restarted(&bench, 7).inspect(&plain(1)).await.expect("compiled again");
    restarted(&bench, 7).inspect(&plain(2)).await.expect("loaded");
    let now = (fs::read(&one).expect("code"), fs::read(one.with_extension("tag")).expect("its tag"));
    assert_eq!(now, (code_one, tag_one.clone()));
    // Another key makes other tags.
    restarted(&bench, 8).inspect(&plain(1)).await.expect("compiled again");
    assert_ne!(fs::read(one.with_extension("tag")).expect("its tag"), tag_one);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_refused_before_it_is_compiled() {
    let bench = Bench::with(|options| options.limits.component = 100_000);
    let module = wat::parse_str("(module)").expect("valid text");
    let (code, message) = refusal(bench.host.inspect(&module).await);
    assert!(code == "invalid-component" && message.contains("wasm32-wasip2"), "{message}");
    assert_eq!(refusal(bench.host.inspect(b"GIF89a, no WebAssembly").await).0, "invalid-component");
    assert_eq!(refusal(bench.host.inspect(&vec![0; 100_001]).await).0, "too-large");
    let mut broken = plain(1);
    broken.truncate(broken.len() - 20);
    assert_eq!(refusal(bench.host.inspect(&broken).await).0, "invalid-component");
    assert!(files(&bench, "cwasm").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn machine_code_is_refused_as_an_upload() {
    let bench = Bench::new();
    bench.host.inspect(&plain(1)).await.expect("compiled");
    let code = fs::read(&files(&bench, "cwasm")[0]).expect("code");
    let (code, message) = refusal(bench.host.inspect(&code).await);
    assert!(code == "invalid-component" && message.contains("machine code"), "{message}");
}

/// The example `compile-child`, which cargo builds beside the tests.
fn child() -> Compiler {
    let test = std::env::current_exe().expect("this test");
    let program = test.ancestors().nth(2).expect("the profile's folder").join("examples/compile-child");
    assert!(
        program.exists(),
        "{}: build the examples first (`cargo build -p stepwell-host --examples`)",
        program.display()
    );
    Compiler::Child { program }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_compiles_what_this_process_loads_and_runs() {
    let bench = Bench::with(|options| options.compiler = child());
    bench.install_builtin(&plain(1)).await;
    assert_eq!(output(&bench.run("hand-made", json!({})).await), &json!({"fine": true}));
    let mut broken = plain(2);
    broken.truncate(broken.len() - 20);
    let (code, message) = refusal(bench.host.inspect(&broken).await);
    assert!(code == "invalid-component" && message.contains("unexpected end"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_components_are_compiled_by_one_child() {
    let bench = Bench::with(|options| options.compiler = child());
    let components = [plain(1), plain(2), plain(3)];
    let components: Vec<_> = components.iter().map(Vec::as_slice).collect();
    bench.host.warm(&components).await.expect("compiled");
    assert_eq!(files(&bench, "cwasm").len(), 3);
    // What is there is not compiled again, so a compiler that cannot work does no harm.
    let folder = bench.folder.path();
    let mut broken = options(folder, Arc::new(Memory::default()));
    broken.compiler = Compiler::Child { program: folder.join("missing") };
    Host::new(broken).expect("a host").warm(&components).await.expect("all is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_takes_too_long_is_ended() {
    let bench = Bench::with(|options| {
        options.limits.compile = Duration::from_millis(100);
        let folder = options.cache_dir.parent().expect("a folder");
        options.compiler = script(folder, &format!("echo $$ > {}/pid; exec sleep 600", folder.display()));
    });
    let began = Instant::now();
    let (code, message) = refusal(bench.host.inspect(&plain(1)).await);
    assert!(code == "compile-failed" && message.contains("longer than"), "{message}");
    assert!(began.elapsed() < Duration::from_secs(5));
    let pid = fs::read_to_string(bench.folder.path().join("pid")).expect("it was started");
    let still_sleeps = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| stat.contains(") S "));
    assert!(!still_sleeps, "the child was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_dies_fails_the_component_and_nothing_else() {
    for (text, expected) in [("kill -ABRT $$", "needed more than 1024 MiB"), ("echo no disk >&2; exit 73", "no disk")] {
        let bench = Bench::with(|options| {
            options.compiler = script(options.cache_dir.parent().expect("a folder"), text);
        });
        let (code, message) = refusal(bench.host.inspect(&plain(1)).await);
        assert!(code == "compile-failed" && message.contains(expected), "{message}");
        assert!(files(&bench, "cwasm").is_empty());
    }
}
