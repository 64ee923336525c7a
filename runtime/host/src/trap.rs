//! What wasmtime's errors mean for a step: the one place where they become codes.

use std::collections::HashSet;

use stepwell_core::Failure;
use wasmtime::{FrameInfo, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limits::Stop;
use crate::log::cut;
use crate::options::Limits;

/// What wasmtime says when a guest hands over more than it may; the type is private.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// What precedes the address of a memory fault; that type is private too.
const FAULT: &str = "memory fault at wasm address 0x";

/// The longest explanation taken from wasmtime, in bytes.
const MAX_DETAIL: usize = 1_000;

/// Whether there was no room for the run, in the pool or in memory: it is to be put back.
pub(crate) fn is_no_room(error: &wasmtime::Error) -> bool {
    error.downcast_ref::<PoolConcurrencyLimitError>().is_some()
        || matches!(error.downcast_ref::<Stop>(), Some(Stop::Crowded))
}

/// The failure that a trap, a limit or a denial becomes. `last_words` is the last line on standard error.
pub(crate) fn failure(error: &wasmtime::Error, limits: &Limits, last_words: Option<&str>) -> Failure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return of_stop(stop, limits);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return of_trap(*trap, error, limits, last_words);
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return trapped(&format!("it called exit({})", exit.0), last_words);
    }
    let detail = format!("{error:#}");
    if detail.contains(TOO_MUCH_DATA) {
        return too_much_data(limits);
    }
    Failure::fatal("trap", format!("the plugin broke the rules of the component model: {}", cut(&detail, MAX_DETAIL)))
}

/// The run took longer than it may altogether.
pub(crate) fn timed_out(limits: &Limits) -> Failure {
    let message = format!(
        "the step took longer than {} s: split long work with checkpoints, or shorten the plugin's own time limits",
        limits.wall.as_secs_f32()
    );
    Failure::passing("timeout", message)
}

fn of_stop(stop: &Stop, limits: &Limits) -> Failure {
    match stop {
        Stop::Memory { .. } => Failure::fatal(
            "memory-limit",
            format!(
                "the step needs more than {} MiB of memory: let it work on less at a time",
                limits.memory / 1024 / 1024
            ),
        ),
        Stop::Crowded => {
            Failure::passing("no-room", "the memory for all runs together is used up; raise STEPWELL_STEPS_MEMORY_MIB")
        }
        Stop::Tables { limit } => {
            Failure::fatal("memory-limit", format!("the step needs more than {limit} table elements"))
        }
        Stop::Denied { import } => Failure::fatal(
            "capability-denied",
            format!("`describe` and `validate` may not use `{import}`: use it in `run` or `resume` only"),
        ),
        Stop::Unavailable => {
            Failure::passing("unavailable", "the server could not read what the step asked for; it is tried again")
        }
    }
}

fn of_trap(trap: Trap, error: &wasmtime::Error, limits: &Limits, last_words: Option<&str>) -> Failure {
    match trap {
        Trap::Interrupt => Failure::fatal(
            "cpu-limit",
            format!(
                "the step computed for more than {} ms: let it do less, or split it with checkpoints",
                limits.cpu_ms
            ),
        ),
        Trap::StackOverflow => stack_overflow(),
        Trap::MemoryOutOfBounds if fell_below_memory(error) || recursed(error) => stack_overflow(),
        Trap::UnreachableCodeReached => trapped("a panic", last_words),
        other => trapped(&other.to_string(), last_words),
    }
}

fn trapped(what: &str, last_words: Option<&str>) -> Failure {
    let words = last_words.map_or_else(String::new, |words| format!(": {words}"));
    Failure::fatal("trap", format!("the plugin stopped with an error of its own ({what}){words}"))
}

fn stack_overflow() -> Failure {
    Failure::fatal("stack-overflow", "the step needs more stack than there is: its recursion is too deep or has no end")
}

fn too_much_data(limits: &Limits) -> Failure {
    let most = limits.hostcall / 1024 / 1024;
    Failure::fatal("output-limit", format!("the step handed over more than {most} MiB at once: return less"))
}

/// A compiled language keeps a second stack at the beginning of its memory. When that is used up, addresses go below zero, which
/// are the last ones before 4 GiB.
fn fell_below_memory(error: &wasmtime::Error) -> bool {
    const END: u64 = 1 << 32;
    const NEAR: u64 = 16 << 20;
    let text = format!("{error:#}");
    let digits = text.split_once(FAULT).map(|(_, rest)| rest.split(|c: char| !c.is_ascii_hexdigit()).next());
    let address = digits.flatten().and_then(|digits| u64::from_str_radix(digits, 16).ok());
    address.is_some_and(|address| (END - NEAR..END + NEAR).contains(&address))
}

/// Whether the trap came at the bottom of a recursion: wasmtime keeps the last 20 calls, and these are few functions again and
/// again. Bulk memory instructions say no address, so this is what a second stack that ran out shows then.
fn recursed(error: &wasmtime::Error) -> bool {
    const DEEP: usize = 20;
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return false };
    let distinct = trace.frames().iter().map(FrameInfo::func_index).collect::<HashSet<_>>().len();
    trace.frames().len() >= DEEP && distinct <= DEEP / 2
}

/// A plugin that the server knows but that lacks a grant.
pub(crate) fn denied(missing: &str) -> Failure {
    Failure::fatal("capability-denied", missing)
}

/// No plugin for a step.
pub(crate) fn no_such_step(step_type: &str) -> Failure {
    let message = format!(
        "no plugin of this workspace offers the step type `{step_type}`: install one with `stepwell plugin install FILE`"
    );
    Failure::fatal("no-such-step", message)
}
