//! Compiling, in a child process with little memory and little time: a component is foreign code that the compiler reads, and
//! wasmtime does not promise that compiling is quick or small.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use stepwell_core::Digest;
use tokio::process::Command;
use tokio::sync::Mutex;
use wasmtime::component::Component;
use wasmtime::{Engine, Precompiled};

use crate::cache::CodeCache;
use crate::engine::{Allocation, config};
use crate::error::HostError;
use crate::log::cut;
use crate::options::Compiler;

/// The subcommand that a server's binary answers with [`compile_child_main`].
pub const COMPILE_SUBCOMMAND: &str = "compile-component";

/// The address space of the compiling child.
const CHILD_MEMORY: u64 = 1024 * 1024 * 1024;

/// How the child says that the component is at fault, and not the machine.
const INVALID: i32 = 65;

/// How much of the child's complaint is kept, in bytes.
const MAX_COMPLAINT: usize = 2_000;

/// Compiles components, one call at a time.
pub(crate) struct CompileQueue {
    compiler: Compiler,
    time: Duration,
    size: usize,
    cache: CodeCache,
    engine: Engine,
    one: Mutex<()>,
}

impl CompileQueue {
    pub(crate) fn new(compiler: Compiler, time: Duration, size: usize, cache: CodeCache, engine: Engine) -> Self {
        Self { compiler, time, size, cache, engine, one: Mutex::new(()) }
    }

    /// The component, from the cache or compiled now. Each refusal says what to do.
    pub(crate) async fn component(&self, digest: Digest, bytes: &[u8]) -> Result<Component, HostError> {
        self.check(bytes)?;
        if let Some(component) = self.load(digest).await? {
            return Ok(component);
        }
        let _one = self.one.lock().await;
        if let Some(component) = self.load(digest).await? {
            return Ok(component);
        }
        self.compile(&[(digest, bytes)]).await?;
        let failed =
            || HostError::refused("compile-failed", "the compiled component does not load; see the server's log");
        self.load(digest).await?.ok_or_else(failed)
    }

    /// Compiles all that are not in the cache, in one go.
    pub(crate) async fn warm(&self, components: &[(Digest, &[u8])]) -> Result<(), HostError> {
        let _one = self.one.lock().await;
        let mut missing = Vec::new();
        for &(digest, bytes) in components {
            self.check(bytes)?;
            if self.load(digest).await?.is_none() {
                missing.push((digest, bytes));
            }
        }
        if missing.is_empty() { Ok(()) } else { self.compile(&missing).await }
    }

    fn check(&self, bytes: &[u8]) -> Result<(), HostError> {
        if bytes.len() > self.size {
            let message = format!(
                "the component has {} bytes, {} are allowed: build it with `opt-level = \"s\"`, `lto` and `strip`",
                bytes.len(),
                self.size
            );
            return Err(HostError::refused("too-large", message));
        }
        if matches!(Engine::detect_precompiled(bytes), Some(Precompiled::Module | Precompiled::Component)) {
            let message =
                "this is machine code made by wasmtime, which is not accepted: install the component itself (.wasm)";
            return Err(HostError::refused("invalid-component", message));
        }
        match bytes.get(..8) {
            Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(()),
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                let message = "this is a core WebAssembly module and no component: build it for `wasm32-wasip2`";
                Err(HostError::refused("invalid-component", message))
            }
            _ => Err(HostError::refused("invalid-component", "this is not a WebAssembly component")),
        }
    }

    async fn load(&self, digest: Digest) -> Result<Option<Component>, HostError> {
        let cache = self.cache.clone();
        tokio::task::spawn_blocking(move || cache.load(digest)).await.map_err(HostError::Background)
    }

    async fn compile(&self, components: &[(Digest, &[u8])]) -> Result<(), HostError> {
        match &self.compiler {
            Compiler::InProcess => self.compile_here(components).await,
            Compiler::Child { program } => self.compile_in_child(program, components).await,
        }
    }

    async fn compile_here(&self, components: &[(Digest, &[u8])]) -> Result<(), HostError> {
        for (digest, bytes) in components {
            let (engine, bytes) = (self.engine.clone(), bytes.to_vec());
            let code = tokio::task::spawn_blocking(move || engine.precompile_component(&bytes)).await;
            let code = code.map_err(HostError::Background)?.map_err(|error| invalid(&format!("{error:#}")))?;
            self.cache.store(*digest, &code)?;
        }
        Ok(())
    }

    async fn compile_in_child(&self, program: &Path, components: &[(Digest, &[u8])]) -> Result<(), HostError> {
        let folder = self.cache.folder();
        let desk = tempfile::Builder::new().prefix(".compile-").tempdir_in(folder).map_err(at(folder))?;
        let jobs = components.iter().map(|(digest, bytes)| Job::lay_out(desk.path(), *digest, bytes));
        let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
        let time = self.time.saturating_mul(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        let ended = tokio::time::timeout(time, command(program, &jobs).output()).await.map_err(|_| too_slow(time))?;
        judge(&ended.map_err(at(program))?)?;
        for job in &jobs {
            self.cache.store(job.digest, &fs::read(&job.output).map_err(at(&job.output))?)?;
        }
        Ok(())
    }
}

/// One component for the child.
struct Job {
    digest: Digest,
    input: PathBuf,
    output: PathBuf,
}

impl Job {
    /// Writes the component where the child finds it.
    fn lay_out(desk: &Path, digest: Digest, bytes: &[u8]) -> Result<Self, HostError> {
        let input = desk.join(format!("{digest}.wasm"));
        fs::write(&input, bytes).map_err(at(&input))?;
        Ok(Self { digest, output: input.with_extension("cwasm"), input })
    }
}

/// The child: nothing of this process's environment, which may hold secrets, and nothing to read or write but its files.
fn command(program: &Path, jobs: &[Job]) -> Command {
    let mut command = Command::new(program);
    command
        .arg(COMPILE_SUBCOMMAND)
        .args(jobs.iter().flat_map(|job| [&job.input, &job.output]))
        .env_clear()
        // The server's allocator would take all the memory that the child may have at its first allocation.
        .env("MIMALLOC_ARENA_RESERVE", "32MiB")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> HostError {
    let path = path.to_owned();
    move |cause| HostError::Compiling { path, cause }
}

fn invalid(reason: &str) -> HostError {
    HostError::refused("invalid-component", format!("the component is not valid WebAssembly for this server: {reason}"))
}

fn too_slow(time: Duration) -> HostError {
    let message = format!(
        "compiling took longer than {} s and was given up: make the component smaller, or try again when the machine has less \
         to do",
        time.as_secs_f32()
    );
    HostError::refused("compile-failed", message)
}

/// What the end of the child means.
fn judge(ended: &Output) -> Result<(), HostError> {
    if ended.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&ended.stderr);
    let complaint = cut(complaint.trim(), MAX_COMPLAINT);
    if ended.status.code() == Some(INVALID) {
        return Err(invalid(complaint));
    }
    let message = match ended_by_signal(ended.status) {
        Some(_) => format!(
            "the compiler was ended, most likely because it needed more than {} MiB: make the component smaller",
            CHILD_MEMORY / 1024 / 1024
        ),
        None => format!("the compiler ended with {}: {complaint}", ended.status),
    };
    tracing::warn!(status = %ended.status, complaint, "compiling a component failed");
    Err(HostError::refused("compile-failed", message))
}

/// The signal that ended the child; a shell in between shows it as a code above 128.
fn ended_by_signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128))
}

/// What the compiling child does: `paths` are pairs of a component to read and a file to write. Gives the exit code.
///
/// Call it before anything else is started: it bounds the memory of the whole process.
pub fn compile_child_main(paths: &[PathBuf]) -> i32 {
    let memory = Rlimit { current: Some(CHILD_MEMORY), maximum: Some(CHILD_MEMORY) };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let bounded = setrlimit(Resource::As, memory).and_then(|()| setrlimit(Resource::Core, none));
    if let Err(error) = bounded {
        complain(&format!("cannot bound the compiler's memory: {error}"));
        return 70;
    }
    let engine = match Engine::new(&config(Allocation::OnDemand)) {
        Ok(engine) => engine,
        Err(error) => {
            complain(&format!("{error:#}"));
            return 70;
        }
    };
    paths.chunks(2).map(|pair| compile_file(&engine, pair)).find(|&code| code != 0).unwrap_or(0)
}

fn compile_file(engine: &Engine, pair: &[PathBuf]) -> i32 {
    let [input, output] = pair else {
        complain("expected pairs of a component to read and a file to write");
        return 64;
    };
    let Ok(bytes) = fs::read(input) else {
        complain("cannot read the component");
        return 66;
    };
    match engine.precompile_component(&bytes) {
        Ok(code) => fs::write(output, code).map_or_else(
            |error| {
                complain(&format!("cannot write the compiled component: {error}"));
                73
            },
            |()| 0,
        ),
        Err(error) => {
            complain(&format!("{error:#}"));
            INVALID
        }
    }
}

/// Standard error is how the child answers: there is no log in it.
fn complain(reason: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{reason}");
}
