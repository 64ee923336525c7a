//! Wasmtime's settings, the same for the process that compiles and the one that runs, and the ticks that bound CPU time.
//!
//! A compiled component loads only where these settings match, so both sides must come from [`config`].

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    PoolingAllocatorMetrics,
};

use crate::error::HostError;

/// How often guest code is asked whether it may go on.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// The most one linear memory may have: what a slot of the pool reserves address space for.
pub(crate) const MAX_MEMORY: usize = 256 * 1024 * 1024;

/// The most tables elements one table may have in the pool.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 50_000;

/// The most memories and tables one component may have in the pool: Python needs some, Rust one each.
pub(crate) const MAX_MEMORIES: u32 = 4;
pub(crate) const MAX_TABLES: u32 = 32;
pub(crate) const MAX_CORE_INSTANCES: u32 = 200;

/// Ticks between two looks at the pool's metrics: one second.
const TICKS_PER_LOOK: u32 = 200;

/// Where instances live.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allocation {
    /// Made and unmapped for each run: for compiling, and where the pool does not fit.
    OnDemand,
    /// From a pool with room for so many runs.
    Pool(u32),
}

/// The engine that runs components: with a pool, or without where the machine has no address space for one.
pub(crate) fn start(slots: u32) -> Result<Engine, HostError> {
    let engine = Engine::new(&config(Allocation::Pool(slots.max(1)))).or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "no pool of instances; runs will be slower. Is `ulimit -v` set?");
        Engine::new(&config(Allocation::OnDemand)).map_err(HostError::engine)
    })?;
    tick(&engine).map_err(HostError::Ticker)?;
    Ok(engine)
}

/// The one place where an engine is configured. Exceptions and function references are off as well: wasmtime is built without
/// the `gc` feature they need.
pub(crate) fn config(allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        .shared_memory(false)
        .gc_support(false)
        .wasm_gc(false)
        .max_wasm_stack(512 * 1024)
        .async_stack_size(2 * 1024 * 1024)
        .allocation_strategy(match allocation {
            Allocation::OnDemand => InstanceAllocationStrategy::OnDemand,
            Allocation::Pool(slots) => InstanceAllocationStrategy::Pooling(pool(slots)),
        });
    if matches!(allocation, Allocation::OnDemand) {
        config.parallel_compilation(false);
    }
    config
}

fn pool(slots: u32) -> PoolingAllocationConfig {
    // With swap, a dirty page that was swapped out is not reset (wasmtime#14357): the next run could read it.
    let scan = !swaps() && PoolingAllocationConfig::is_pagemap_scan_available();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_memories(slots.max(MAX_MEMORIES))
        .total_stacks(slots)
        .total_tables(slots.saturating_mul(2).max(MAX_TABLES))
        .total_core_instances(slots.saturating_mul(4).max(MAX_CORE_INSTANCES))
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_core_instance_size(8 * 1024 * 1024)
        .max_component_instance_size(16 * 1024 * 1024)
        .max_memory_size(MAX_MEMORY)
        .linear_memory_keep_resident(if scan { 4 } else { 16 } * 1024 * 1024)
        .table_keep_resident(512 * 1024)
        .max_unused_warm_slots(32)
        .decommit_batch_size(1)
        .pagemap_scan(if scan { Enabled::Auto } else { Enabled::No });
    pool
}

/// Whether the machine swaps. Where that cannot be read there is no page-map scan either.
fn swaps() -> bool {
    fs::read_to_string("/proc/swaps").map_or(true, |text| text.lines().count() > 1)
}

/// Starts the thread that moves the engine's epoch on. It ends with the engine.
fn tick(engine: &Engine) -> io::Result<()> {
    let weak = engine.weak();
    thread::Builder::new().name("wasm-ticks".into()).spawn(move || while ticks_for_a_second(&weak) {})?;
    Ok(())
}

/// False once the engine is gone.
fn ticks_for_a_second(weak: &EngineWeak) -> bool {
    for _ in 0..TICKS_PER_LOOK {
        thread::sleep(TICK);
        let Some(engine) = weak.upgrade() else { return false };
        engine.increment_epoch();
    }
    if let Some(pool) = weak.upgrade().and_then(|engine| engine.pooling_allocator_metrics()) {
        report(&pool);
    }
    true
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn report(pool: &PoolingAllocatorMetrics) {
    metrics::gauge!("stepwell_pool_component_instances").set(pool.component_instances() as f64);
    metrics::gauge!("stepwell_pool_core_instances").set(pool.core_instances() as f64);
    metrics::gauge!("stepwell_pool_memories").set(pool.memories() as f64);
    metrics::gauge!("stepwell_pool_stacks").set(pool.stacks() as f64);
    metrics::gauge!("stepwell_pool_unused_warm_memories").set(f64::from(pool.unused_warm_memories()));
    metrics::gauge!("stepwell_pool_unused_resident_bytes")
        .set((pool.unused_memory_bytes_resident() + pool.unused_table_bytes_resident()) as f64);
}
