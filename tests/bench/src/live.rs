//! A component in bare wasmtime, without Stepwell's host: a fresh instance for each call, and one that lives on. No plugin host
//! can be faster than the first and isolate, or faster than the second at all.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use serde_json::{Value, json};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::quantiles::Times;
use crate::sandbox;

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    wasmtime::component::bindgen!({
        inline: "package stepwell:bench; world guest { export stepwell:plugin/step@0.1.0; }",
        path: "../../wit",
        world: "stepwell:bench/guest",
        exports: { default: async },
        require_store_data_send: true,
    });
}

use bindings::exports::stepwell::plugin::step::StepContext;
use bindings::{Guest, GuestPre};

/// What bare wasmtime needs for a call.
pub(crate) struct Bare {
    pub(crate) fresh: Times,
    pub(crate) live: Times,
}

/// What WASI needs, all of it empty.
struct Empty {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Empty {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Calls a built-in component's step so many times each way.
pub(crate) async fn measure(step_type: &str, config: &Value, calls: usize) -> anyhow::Result<Bare> {
    both(step_type, config, calls).await.map_err(|error| anyhow!("in bare wasmtime: {error:?}"))
}

async fn both(step_type: &str, config: &Value, calls: usize) -> Result<Bare> {
    let engine = Engine::new(&settings())?;
    let component = Component::new(&engine, stepwell_tests::component(step_type))?;
    let pre = GuestPre::new(linked(&engine, &component)?)?;
    let context = context(config);
    let mut fresh = Vec::with_capacity(calls);
    for _ in 0..calls {
        let began = Instant::now();
        let mut store = store(&engine);
        let guest = pre.instantiate_async(&mut store).await?;
        call(&guest, &mut store, step_type, &context).await?;
        drop(store);
        fresh.push(began.elapsed());
    }
    let mut store = store(&engine);
    let guest = pre.instantiate_async(&mut store).await?;
    let mut live = Vec::with_capacity(calls);
    for _ in 0..calls {
        live.push(call(&guest, &mut store, step_type, &context).await?);
    }
    Ok(Bare { fresh: Times::new(fresh), live: Times::new(live) })
}

async fn call(guest: &Guest, store: &mut Store<Empty>, step_type: &str, context: &StepContext) -> Result<Duration> {
    let began = Instant::now();
    let answer = guest.stepwell_plugin_step().call_run(store, step_type, context).await;
    answer?;
    Ok(began.elapsed())
}

/// The settings of the host that decide about speed.
fn settings() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(100).linear_memory_keep_resident(4 * 1024 * 1024).table_keep_resident(512 * 1024);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Auto);
    }
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .gc_support(false)
        .wasm_gc(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Linked with WASI; what else it imports is there but must not be called.
fn linked(engine: &Engine, component: &Component) -> Result<InstancePre<Empty>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let ty = component.component_type();
    for (name, import) in ty.imports(engine).filter(|(name, _)| !name.starts_with("wasi:")) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        let functions = instance.exports(engine).filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)));
        for (function, _) in functions {
            linker.instance(name)?.func_new(function, |_, _, _, _| wasmtime::bail!("not part of this measurement"))?;
        }
    }
    linker.instantiate_pre(component)
}

fn store(engine: &Engine) -> Store<Empty> {
    let mut store = Store::new(engine, Empty { wasi: WasiCtx::builder().build(), table: ResourceTable::new() });
    store.set_epoch_deadline(1);
    store
}

fn context(config: &Value) -> StepContext {
    let request = sandbox::request("", config.clone()).context;
    StepContext {
        workspace_id: request.workspace_id.to_string(),
        execution_id: request.execution_id.to_string(),
        step_id: request.step_id.to_string(),
        step_execution_id: request.step_execution_id.to_string(),
        attempt: 1,
        idempotency_key: request.idempotency_key,
        now: request.now.0.unsigned_abs(),
        config: request.config.to_string(),
        contact: request.contact.map_or(json!(null), |contact| contact.document()).to_string(),
        event: request.event.to_string(),
        variables: request.variables.to_string(),
        outputs: request.outputs.to_string(),
        about: request.about.to_string(),
    }
}
