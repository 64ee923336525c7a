//! The host as the rest of the server sees it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use stepwell_core::{
    Digest, Outcome, PluginError, PluginHost, PluginInfo, PluginSource, Problem, RetryPolicy, StepDescriptor,
    StepReport, StepRequest, StepRunner, Touches, WorkspaceId,
};
use wasmtime::Engine;

use crate::admission::Admission;
use crate::cache::CodeCache;
use crate::client::HttpClient;
use crate::compile::CompileQueue;
use crate::egress::{AddressPolicy, Resolve, SystemResolver};
use crate::error::HostError;
use crate::grant::{self, Grants, Import};
use crate::install::{self, Checked};
use crate::limits::MemoryBudget;
use crate::options::HostOptions;
use crate::registry::{Loaded, Registry, Usable};
use crate::state::Services;
use crate::{engine, meters, run, trap};

/// Runs plugins. Clones share everything.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    services: Arc<Services>,
    queue: CompileQueue,
    admission: Arc<Admission>,
}

impl Host {
    /// Starts the engine and opens the folder of compiled components. Call it inside a tokio runtime.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        Self::with_resolver(options, Arc::new(SystemResolver))
    }

    /// As [`Host::new`], with another way to turn host names into addresses.
    pub fn with_resolver(options: HostOptions, resolver: Arc<dyn Resolve>) -> Result<Self, HostError> {
        let HostOptions { cache_dir, server_key, data, allow_network, mut limits, slots, compiler, clock, ids } =
            options;
        limits.memory = limits.memory.min(engine::MAX_MEMORY);
        limits.table_elements = limits.table_elements.min(engine::MAX_TABLE_ELEMENTS);
        let engine = engine::start(slots)?;
        let cache = CodeCache::open(&cache_dir, server_key, &engine)?;
        let queue = CompileQueue::new(compiler, limits.compile, limits.component, cache, engine.clone());
        let http = HttpClient::new(AddressPolicy::new(allow_network), resolver, limits.http_at_once)?;
        let admission = Admission::new(slots, limits.runs_at_once, limits.workspace_runs);
        let memory = Arc::new(MemoryBudget::new(limits.all_memory.max(limits.memory)));
        let registry = Registry::default();
        let services = Arc::new(Services { data, clock, ids, server_key, limits, memory, http, registry });
        Ok(Self { shared: Arc::new(Shared { engine, services, queue, admission }) })
    }

    /// Compiles all of these that are not compiled yet, in one child process: for built-in components at a server's first start.
    pub async fn warm(&self, components: &[&[u8]]) -> Result<(), PluginError> {
        let components: Vec<_> = components.iter().map(|&bytes| (install::digest_of(bytes), bytes)).collect();
        Ok(self.shared.queue.warm(&components).await?)
    }

    async fn check(&self, digest: Digest, bytes: &[u8]) -> Result<Checked, HostError> {
        let Shared { engine, services, queue, .. } = &*self.shared;
        install::check(queue, engine, &services.limits, digest, bytes).await
    }

    async fn take_up(&self, plugin: &PluginInfo, bytes: &[u8]) -> Result<(), HostError> {
        let (engine, registry) = (&self.shared.engine, &self.shared.services.registry);
        if install::digest_of(bytes) != plugin.digest {
            let message = format!("the component is not the one with the digest {}: install it again", plugin.digest);
            return Err(HostError::refused("digest-mismatch", message));
        }
        let Checked { component, imports } = self.check(plugin.digest, bytes).await?;
        match Grants::settle(plugin.digest, plugin.source, &imports, &plugin.grants) {
            Ok(grants) => {
                let entry = install::link(engine, &component, &imports)?;
                let info = PluginInfo { grants: grants.list(), imports: names(&imports), ..plugin.clone() };
                let loaded = Loaded::new(entry, grants, &info.steps);
                registry.put(info, Usable::Ready(Arc::new(loaded)));
                Ok(())
            }
            Err(error) => {
                // What was granted before is void, and pinned executions are told what is missing.
                registry.put(plugin.clone(), Usable::Denied(error.to_string()));
                Err(error)
            }
        }
    }
}

fn names(imports: &[Import]) -> Vec<String> {
    imports.iter().map(|import| import.name().to_owned()).collect()
}

#[async_trait]
impl StepRunner for Host {
    async fn run(&self, request: StepRequest) -> StepReport {
        let Shared { engine, services, admission, .. } = &*self.shared;
        let registry = &services.registry;
        let workspace = request.context.workspace_id;
        let failed = |failure| StepReport::of(Outcome::Failed(failure));
        let Some(active) = registry.find(workspace, request.plugin, &request.step_type) else {
            return failed(trap::no_such_step(&request.step_type));
        };
        let loaded = match &active.usable {
            Usable::Ready(loaded) => loaded,
            Usable::Denied(missing) => return failed(trap::denied(missing)),
        };
        if active.descriptor(&request.step_type).is_none() {
            return failed(trap::no_such_step(&request.step_type));
        }
        let Some(_room) = admission.enter(workspace) else {
            meters::no_room();
            return run::put_back();
        };
        run::step(engine, services, active.info.digest, loaded, request).await
    }

    fn touches(&self, plugin: Option<Digest>, workspace: WorkspaceId, step_type: &str) -> Touches {
        let active = self.shared.services.registry.find(workspace, plugin, step_type);
        active.map_or(Touches::EVERYTHING, |active| grant::touches(&active.info.imports))
    }

    fn default_retry(&self, plugin: Option<Digest>, workspace: WorkspaceId, step_type: &str) -> RetryPolicy {
        let active = self.shared.services.registry.find(workspace, plugin, step_type);
        active.and_then(|active| active.descriptor(step_type)?.retry).unwrap_or(RetryPolicy::NONE)
    }
}

#[async_trait]
impl PluginHost for Host {
    async fn inspect(&self, component: &[u8]) -> Result<PluginInfo, PluginError> {
        let Shared { engine, services, .. } = &*self.shared;
        let digest = install::digest_of(component);
        let checked = self.check(digest, component).await?;
        let entry = install::link(engine, &checked.component, &checked.imports)?;
        Ok(PluginInfo {
            digest,
            workspace_id: None,
            source: PluginSource::Installed,
            steps: install::describe(engine, services, &entry, digest).await?,
            imports: names(&checked.imports),
            grants: Vec::new(),
            size: component.len() as u64,
        })
    }

    async fn activate(&self, plugin: &PluginInfo, component: &[u8]) -> Result<(), PluginError> {
        Ok(self.take_up(plugin, component).await?)
    }

    fn deactivate(&self, workspace: Option<WorkspaceId>, digest: Digest) {
        self.shared.services.registry.retire(workspace, digest);
    }

    fn list(&self, workspace: WorkspaceId) -> Vec<PluginInfo> {
        self.shared.services.registry.list(workspace)
    }

    fn lookup(&self, workspace: WorkspaceId, step_type: &str) -> Option<(Digest, StepDescriptor)> {
        let active = self.shared.services.registry.find(workspace, None, step_type)?;
        let descriptor = active.descriptor(step_type)?.clone();
        Some((active.info.digest, descriptor))
    }

    async fn validate(&self, digest: Digest, step_type: &str, config: &Value) -> Result<Vec<Problem>, PluginError> {
        let Shared { engine, services, .. } = &*self.shared;
        let registry = &services.registry;
        let Some(loaded) = registry.any(digest) else {
            let message = format!("no active plugin has the digest {digest}: install it again");
            return Err(HostError::refused("no-such-plugin", message).into());
        };
        Ok(install::validate(engine, services, &loaded.entry, digest, step_type, config.to_string()).await?)
    }
}
