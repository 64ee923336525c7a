//! One call of one plugin: a fresh store, a fresh instance, one call, and everything dropped.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use stepwell_core::{Call, Completion, Digest, Failure, Mode, Outcome, StepReport, StepRequest};
use tokio::time::timeout;
use wasmtime::component::Instance;
use wasmtime::{Engine, Store};

use crate::bindings::stepwell::plugin::types as wit;
use crate::entry::Entry;
use crate::limits::CpuMeter;
use crate::registry::Loaded;
use crate::state::{Facts, Run, RunState, Services};
use crate::{convert, meters, trap};

/// A call of one export, as [`in_fresh_instance`] wants it.
pub(crate) type Answering<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;

/// How a call ended, and what it left behind.
pub(crate) struct Ended<T> {
    pub(crate) answer: Result<T, Stopped>,
    pub(crate) run: Run,
    pub(crate) cpu_ms: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The pool was full: the call did not happen.
    NoRoom,
    /// The host ended it.
    Failed(Failure),
}

/// Makes one call in an instance of its own, within the limits.
///
/// This and what calls it begin before they are awaited: what they prepare then is no part of the future. And the future is boxed:
/// each that awaits another has it twice, which made ten kilobytes that were moved several times.
pub(crate) fn in_fresh_instance<'a, T: Send>(
    engine: &Engine,
    entry: &'a Entry,
    state: RunState,
    call: impl for<'b> FnOnce(&'b Entry, Instance, &'b mut Store<RunState>) -> Answering<'b, T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Ended<T>> + Send + 'a>> {
    let services = state.run.services.clone();
    let meter = CpuMeter::new(services.limits.cpu_ms);
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(services.limits.hostcall);
    store.set_epoch_deadline(1);
    let ticks = meter.clone();
    store.epoch_deadline_callback(move |_| Ok(ticks.at_tick()));
    Box::pin(async move {
        let ended = {
            let work = pin!(async {
                let instance = entry.instantiate(&mut store).await?;
                call(entry, instance, &mut store).await
            });
            timeout(services.limits.wall, meter.measure(work)).await
        };
        let run = store.into_data().into_run();
        let answer = match ended {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(stopped(&error, &run)),
            Err(_) => Err(Stopped::Failed(trap::timed_out(&services.limits))),
        };
        Ended { answer, run, cpu_ms: meter.spent_ms() }
    })
}

fn stopped(error: &wasmtime::Error, run: &Run) -> Stopped {
    if trap::is_no_room(error) {
        return Stopped::NoRoom;
    }
    tracing::debug!(step_type = run.facts.step_type, error = format!("{error:?}"), "a plugin was stopped");
    Stopped::Failed(trap::failure(error, &run.services.limits, run.log.last_error().as_deref()))
}

/// Runs a step and reports what it did.
pub(crate) fn step<'a>(
    engine: &'a Engine,
    services: &'a Arc<Services>,
    plugin: Digest,
    loaded: &'a Loaded,
    request: StepRequest,
) -> impl Future<Output = StepReport> + Send + use<'a> {
    let began = Instant::now();
    let attempt = Input::of(&request, services.limits.input)
        .map(|input| attempt(engine, services, plugin, loaded, &request, input));
    let step_type = request.step_type;
    async move {
        let (report, stopped) = match attempt {
            Ok(attempt) => attempt.await,
            Err(failure) => (StepReport::of(Outcome::Failed(failure)), true),
        };
        if let Some(meters) = loaded.meters(&step_type) {
            match &report.outcome {
                _ if report.no_room => meters::no_room(),
                Outcome::Failed(failure) if stopped => meters.stopped(&failure.code, began.elapsed()),
                outcome => meters.answered(outcome, began.elapsed()),
            }
        }
        StepReport { plugin: Some(plugin), ..report }
    }
}

/// The report, and whether it was the host that ended the run.
fn attempt<'a>(
    engine: &'a Engine,
    services: &'a Arc<Services>,
    plugin: Digest,
    loaded: &'a Loaded,
    request: &StepRequest,
    input: Input,
) -> impl Future<Output = (StepReport, bool)> + Send + use<'a> {
    let facts = Facts {
        workspace: request.context.workspace_id,
        digest: plugin,
        step_type: request.step_type.clone(),
        execution: request.context.execution_id,
        step_execution: request.context.step_execution_id,
        contact: request.context.contact.as_ref().map(|contact| contact.id),
        call_key: input.call_key.clone(),
        message_key: input.message_key.clone(),
        now: request.context.now,
        purpose: request.mode.into(),
    };
    let mut state = RunState::new(services.clone(), facts, loaded.grants.clone());
    if let (Mode::DryRun, Some(contact)) = (request.mode, &request.context.contact) {
        state.run.effects.assume(contact.clone());
    }
    let (input, step_type) = (Box::new(input), request.step_type.clone());
    let call = in_fresh_instance(engine, &loaded.entry, state, |entry, instance, store| {
        Box::pin(async move { input.call(entry, instance, store, &step_type).await })
    });
    async move { report(call.await, services.limits.output) }
}

fn report(ended: Ended<wit::Outcome>, most: usize) -> (StepReport, bool) {
    let Ended { answer, run, cpu_ms } = ended;
    let Run { log, effects, branches, mut outgoing, .. } = run;
    let read = answer.and_then(|answer| convert::outcome(answer, most).map_err(Stopped::Failed));
    let (outcome, stopped, no_room) = match read {
        Ok(outcome) => (explained(following(outcome, branches), log.refusal()), false, false),
        Err(Stopped::Failed(failure)) => (Outcome::Failed(failure), true, false),
        Err(Stopped::NoRoom) => (Outcome::Failed(no_room_failure()), true, true),
    };
    let effects = if matches!(outcome, Outcome::Failed(_)) { Vec::new() } else { effects.into_list() };
    let report =
        StepReport { outcome, effects, plugin: None, log: log.take(), requests: outgoing.take_made(), cpu_ms, no_room };
    (report, stopped)
}

/// A completion with what the run followed beside its branch; another outcome follows nothing.
fn following(outcome: Outcome, branches: Vec<String>) -> Outcome {
    match outcome {
        Outcome::Completed(done) => {
            let more = branches.into_iter().filter(|branch| done.branch.as_ref() != Some(branch)).collect();
            Outcome::Completed(Completion { branches: more, ..done })
        }
        other => other,
    }
}

/// A failure with the reason for which the host refused something: interfaces such as HTTP cannot hand it to the guest.
fn explained(outcome: Outcome, refusal: Option<String>) -> Outcome {
    match (outcome, refusal) {
        (Outcome::Failed(failure), Some(reason)) if !failure.message.contains(&reason) => {
            let message = format!("{}: {reason}", failure.message.trim_end_matches('.'));
            Outcome::Failed(Failure { message, ..failure })
        }
        (outcome, _) => outcome,
    }
}

/// The report of a call that did not happen because there was no room for it.
pub(crate) fn put_back() -> StepReport {
    StepReport { no_room: true, ..StepReport::of(Outcome::Failed(no_room_failure())) }
}

fn no_room_failure() -> Failure {
    Failure::passing("no-room", "all places for running steps are taken; the step is put back and runs later")
}

/// What goes into one call.
struct Input {
    context: wit::StepContext,
    resume: Option<(String, wit::Wake)>,
    call_key: String,
    message_key: String,
}

impl Input {
    fn of(request: &StepRequest, most: usize) -> Result<Self, Failure> {
        let context = convert::context(&request.context, most)?;
        let key = context.idempotency_key.clone();
        let Call::Resume { state, wake } = &request.call else {
            return Ok(Self { call_key: key.clone(), message_key: key, resume: None, context });
        };
        let state = state.to_string();
        let (wake, size) = convert::wake(wake);
        convert::bound_input(state.len().saturating_add(size), most)?;
        let number = request.context.about["step"]["resumes"].as_u64();
        let (call_key, message_key) = keys(&key, number, &state, &wake, context.now);
        Ok(Self { call_key, message_key, resume: Some((state, wake)), context })
    }

    async fn call(
        &self,
        entry: &Entry,
        instance: Instance,
        store: &mut Store<RunState>,
        step_type: &str,
    ) -> wasmtime::Result<wit::Outcome> {
        match &self.resume {
            None => entry.run(store, &instance, step_type, &self.context).await,
            Some((state, wake)) => entry.resume(store, &instance, step_type, &self.context, (state, wake)).await,
        }
    }
}

/// The keys of a resumption's requests and messages: the same when it is made again after a crash.
///
/// Where the engine does not number resumptions, state and wake tell them apart. Two timers may end waits with the same state, and
/// ids of messages must never meet: they take the time in as well.
fn keys(visit: &str, number: Option<u64>, state: &str, wake: &wit::Wake, now: u64) -> (String, String) {
    if let Some(number) = number {
        let key = format!("{visit}-{number}");
        return (key.clone(), key);
    }
    let key = format!("{visit}-{}", resumption(state, wake));
    let message_key = format!("{key}-{now}");
    (key, message_key)
}

fn resumption(state: &str, wake: &wit::Wake) -> String {
    let mut hash = Sha256::new();
    hash.update(state.as_bytes());
    match wake {
        wit::Wake::Timer => hash.update(b"\0timer"),
        wit::Wake::Event(event) => hash.update(format!("\0event\0{}", event.id)),
        wit::Wake::Task(entered) => hash.update(format!("\0task\0{entered}")),
        wit::Wake::Checkpoint => hash.update(b"\0checkpoint"),
    }
    hex::encode(&hash.finalize()[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_why_the_host_refused_what_the_step_asked_for() {
        let failed = |message: &str| Outcome::Failed(Failure::fatal("capability-denied", message));
        let explained = |message, reason: Option<&str>| match explained(failed(message), reason.map(str::to_owned)) {
            Outcome::Failed(failure) => failure.message,
            other => format!("{other:?}"),
        };
        assert_eq!(explained("not allowed.", Some("grant it")), "not allowed: grant it");
        assert_eq!(explained("not allowed: grant it", Some("grant it")), "not allowed: grant it");
        assert_eq!(explained("not allowed", None), "not allowed");
    }

    #[test]
    fn only_a_completion_follows_branches_and_each_once() {
        let done = Completion { branch: Some("a".into()), ..Completion::default() };
        let Outcome::Completed(done) = following(Outcome::Completed(done), vec!["b".into(), "a".into()]) else {
            panic!("a completion")
        };
        assert_eq!(done.followed(), ["a", "b"]);
        let exited = Outcome::Exited { reason: None };
        assert_eq!(following(exited.clone(), vec!["b".into()]), exited);
    }

    #[test]
    fn each_resumption_of_a_visit_has_a_key_of_its_own() {
        let keys = [
            resumption("1", &wit::Wake::Timer),
            resumption("2", &wit::Wake::Timer),
            resumption("1", &wit::Wake::Checkpoint),
            resumption("1", &wit::Wake::Task("null".into())),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key), "{keys:?}");
        }
        assert_eq!(keys[0], resumption("1", &wit::Wake::Timer));
    }

    #[test]
    fn numbered_resumptions_have_the_same_keys_again_and_others_never_the_same_ids_of_messages() {
        let keys = |number, now| keys("visit", number, "{}", &wit::Wake::Timer, now);
        assert_eq!(keys(Some(3), 1), ("visit-3".into(), "visit-3".into()));
        assert_eq!(keys(Some(3), 1), keys(Some(3), 2));
        assert_ne!(keys(Some(3), 1), keys(Some(4), 1));
        let (first, second) = (keys(None, 1), keys(None, 2));
        assert_eq!(first.0, second.0);
        assert_ne!(first.1, second.1);
    }
}
