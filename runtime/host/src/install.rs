//! Taking a component in. In this order: size, compiling, loading, imports, resources, linking (which checks the exports), and
//! what it says about itself. Each refusal says what to do.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use stepwell_core::{Digest, ExecutionId, Problem, StepDescriptor, StepExecutionId, WorkspaceId};
use uuid::Uuid;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::bindings::stepwell::plugin::types as wit;
use crate::compile::CompileQueue;
use crate::convert;
use crate::engine::{MAX_MEMORIES, MAX_TABLES};
use crate::entry::Entry;
use crate::error::HostError;
use crate::grant::{self, Grants, Import};
use crate::log::cut;
use crate::options::Limits;
use crate::run::{Ended, Stopped, in_fresh_instance};
use crate::state::{Facts, Purpose, RunState, Services};

/// The most step types of one component, and the most problems it may name.
const MAX_STEPS: usize = 100;
const MAX_PROBLEMS: usize = 100;

/// The longest text of a problem, in bytes.
const MAX_PROBLEM: usize = 2_000;

/// The size of a page of linear memory.
const PAGE: u64 = 64 * 1024;

/// The SHA-256 of a component.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// A component that was compiled and whose imports are known to this server.
pub(crate) struct Checked {
    pub(crate) component: Component,
    pub(crate) imports: Vec<Import>,
}

/// Compiles and loads a component, and checks what can be checked without running it.
pub(crate) async fn check(
    queue: &CompileQueue,
    engine: &Engine,
    limits: &Limits,
    digest: Digest,
    bytes: &[u8],
) -> Result<Checked, HostError> {
    let component = queue.component(digest, bytes).await?;
    let imports = grant::imports_of(&component, engine)?;
    check_resources(&component, limits)?;
    Ok(Checked { component, imports })
}

fn check_resources(component: &Component, limits: &Limits) -> Result<(), HostError> {
    let Some(needed) = component.resources_required() else {
        return Err(HostError::refused(
            "wrong-world",
            "the component imports modules, which this server does not offer",
        ));
    };
    let memory = needed.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
    let elements = needed.max_initial_table_size.unwrap_or(0);
    let bounds = [
        ("memories", u64::from(needed.num_memories), u64::from(MAX_MEMORIES)),
        ("tables", u64::from(needed.num_tables), u64::from(MAX_TABLES)),
        ("bytes of memory at the start", memory, limits.memory as u64),
        ("table elements at the start", elements, limits.table_elements as u64),
    ];
    match bounds.into_iter().find(|(_, needs, most)| needs > most) {
        Some((what, needs, most)) => {
            Err(HostError::refused("too-large", format!("the component needs {needs} {what}, {most} are allowed")))
        }
        None => Ok(()),
    }
}

/// Links a component to these imports, and finds its exports.
pub(crate) fn link(engine: &Engine, component: &Component, imports: &[Import]) -> Result<Entry, HostError> {
    let linker = grant::linker(engine, imports).map_err(HostError::engine)?;
    let entry = linker.instantiate_pre(component).and_then(Entry::new).map_err(|error| {
        let reason = format!("{error:#}");
        let message = format!(
            "the component does not fit the world `stepwell:plugin/step-plugin`: {}. Build it with an SDK of this contract",
            cut(&reason, MAX_PROBLEM)
        );
        HostError::refused("wrong-world", message)
    })?;
    component.initialize_copy_on_write_image().map_err(HostError::engine)?;
    Ok(entry)
}

/// Asks a component for its step types.
pub(crate) async fn describe(
    engine: &Engine,
    services: &Arc<Services>,
    entry: &Entry,
    digest: Digest,
) -> Result<Vec<StepDescriptor>, HostError> {
    let state = asking(services, digest, "describe");
    let ended = in_fresh_instance(engine, entry, state, |_, instance, store| {
        Box::pin(async move { Entry::all(store, &instance)?.stepwell_plugin_step().call_describe(store).await })
    })
    .await;
    let failed = |reason: String| {
        HostError::refused("describe-failed", format!("the component describes itself wrongly: {reason}"))
    };
    read_steps(answer_of(ended, "describe-failed")?).map_err(failed)
}

fn read_steps(given: Vec<wit::StepDescriptor>) -> Result<Vec<StepDescriptor>, String> {
    if given.is_empty() || given.len() > MAX_STEPS {
        return Err(format!("it offers {} step types, from 1 to {MAX_STEPS} are allowed", given.len()));
    }
    let steps = given.into_iter().map(convert::descriptor).collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    match steps.iter().find(|step| !names.insert(step.step_type.as_str())) {
        Some(twice) => Err(format!("it offers the step type {} twice", twice.step_type)),
        None => Ok(steps),
    }
}

/// Asks a component what is wrong with a configuration.
pub(crate) async fn validate(
    engine: &Engine,
    services: &Arc<Services>,
    entry: &Entry,
    digest: Digest,
    step_type: &str,
    config: String,
) -> Result<Vec<Problem>, HostError> {
    if let Err(failure) = convert::bound_input(config.len(), services.limits.input) {
        return Ok(vec![Problem { pointer: String::new(), message: failure.message }]);
    }
    let state = asking(services, digest, step_type);
    let step_type = step_type.to_owned();
    let ended = in_fresh_instance(engine, entry, state, |_, instance, store| {
        Box::pin(async move {
            Entry::all(store, &instance)?.stepwell_plugin_step().call_validate(store, &step_type, &config).await
        })
    })
    .await;
    let found = answer_of(ended, "validate-failed")?;
    let problem = |found: wit::Problem| Problem {
        pointer: cut(&found.pointer, MAX_PROBLEM).to_owned(),
        message: cut(&found.message, MAX_PROBLEM).to_owned(),
    };
    Ok(found.into_iter().take(MAX_PROBLEMS).map(problem).collect())
}

fn answer_of<T>(ended: Ended<T>, code: &'static str) -> Result<T, HostError> {
    ended.answer.map_err(|stopped| match stopped {
        Stopped::Failed(failure) => HostError::refused(code, format!("{} ({})", failure.message, failure.code)),
        Stopped::NoRoom => HostError::Engine("all places for running plugins are taken".into()),
    })
}

/// The state of a guest that is asked something and may use nothing.
fn asking(services: &Arc<Services>, digest: Digest, step_type: &str) -> RunState {
    let facts = Facts {
        workspace: WorkspaceId(Uuid::nil()),
        digest,
        step_type: step_type.to_owned(),
        execution: ExecutionId(Uuid::nil()),
        step_execution: StepExecutionId(Uuid::nil()),
        contact: None,
        call_key: String::new(),
        message_key: String::new(),
        now: services.clock.now(),
        purpose: Purpose::Ask,
    };
    RunState::new(services.clone(), facts, Arc::new(Grants::default()))
}
