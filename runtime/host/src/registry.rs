//! The plugins that are in use: by digest for executions pinned to one, by step type for new definitions.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use stepwell_core::{Digest, PluginInfo, StepDescriptor, WorkspaceId};

use crate::entry::Entry;
use crate::grant::Grants;
use crate::meters::StepMeters;

/// A plugin as one workspace, or all, may use it.
pub(crate) struct Active {
    pub(crate) info: PluginInfo,
    pub(crate) usable: Usable,
    /// Later ones come before earlier ones where both offer a step type.
    order: u64,
    /// Whether its step types were taken away from new definitions.
    retired: bool,
}

/// Whether a plugin can run.
#[derive(Clone)]
pub(crate) enum Usable {
    /// It can.
    Ready(Arc<Loaded>),
    /// It lacks a grant; the text says which and how to give it.
    Denied(String),
}

/// A plugin that can run: checked, linked to what it was granted, and ready to be instantiated.
pub(crate) struct Loaded {
    pub(crate) entry: Entry,
    pub(crate) grants: Arc<Grants>,
    meters: HashMap<String, OnceLock<StepMeters>>,
}

impl Loaded {
    pub(crate) fn new(entry: Entry, grants: Grants, steps: &[StepDescriptor]) -> Self {
        let meters = steps.iter().map(|step| (step.step_type.clone(), OnceLock::new())).collect();
        Self { entry, grants: Arc::new(grants), meters }
    }

    /// The meters of a step type; none if it is not one of this plugin's.
    pub(crate) fn meters(&self, step_type: &str) -> Option<&StepMeters> {
        self.meters.get(step_type).map(|meters| meters.get_or_init(|| StepMeters::new(step_type)))
    }
}

/// All plugins in use.
#[derive(Default)]
pub(crate) struct Registry(RwLock<Plugins>);

#[derive(Default)]
struct Plugins {
    by_digest: HashMap<(Option<WorkspaceId>, Digest), Arc<Active>>,
    /// The newest plugin for each step type.
    by_step: HashMap<Option<WorkspaceId>, HashMap<String, Arc<Active>>>,
    activated: u64,
}

impl Registry {
    /// Takes a plugin up, or replaces what was known about it.
    pub(crate) fn put(&self, info: PluginInfo, usable: Usable) {
        let mut plugins = self.write();
        plugins.activated += 1;
        let place = (info.workspace_id, info.digest);
        let order = plugins.by_digest.get(&place).map_or(plugins.activated, |known| known.order);
        plugins.by_digest.insert(place, Arc::new(Active { info, usable, order, retired: false }));
        plugins.index();
    }

    /// Takes a plugin's step types away from new definitions.
    pub(crate) fn retire(&self, workspace: Option<WorkspaceId>, digest: Digest) {
        let mut plugins = self.write();
        let Some(known) = plugins.by_digest.get(&(workspace, digest)) else { return };
        let retired =
            Active { info: known.info.clone(), usable: known.usable.clone(), order: known.order, retired: true };
        plugins.by_digest.insert((workspace, digest), Arc::new(retired));
        plugins.index();
    }

    /// The plugin that a step is pinned to, or the newest that offers its type: the workspace's own before the shared.
    pub(crate) fn find(&self, workspace: WorkspaceId, digest: Option<Digest>, step_type: &str) -> Option<Arc<Active>> {
        let plugins = self.read();
        let mut places = [Some(workspace), None].into_iter();
        match digest {
            Some(digest) => places.find_map(|place| plugins.by_digest.get(&(place, digest)).cloned()),
            None => places.find_map(|place| plugins.by_step.get(&place)?.get(step_type).cloned()),
        }
    }

    /// A plugin of this digest that can run, whoever may use it: for what depends on the component alone.
    pub(crate) fn any(&self, digest: Digest) -> Option<Arc<Loaded>> {
        self.read().by_digest.values().find_map(|known| match &known.usable {
            Usable::Ready(loaded) if known.info.digest == digest => Some(loaded.clone()),
            Usable::Ready(_) | Usable::Denied(_) => None,
        })
    }

    /// The plugins in use that a workspace sees, in the order they were taken up.
    pub(crate) fn list(&self, workspace: WorkspaceId) -> Vec<PluginInfo> {
        let plugins = self.read();
        let mut seen: Vec<_> = plugins
            .by_digest
            .values()
            .filter(|known| known.info.workspace_id.is_none_or(|owner| owner == workspace) && known.is_offered())
            .collect();
        seen.sort_by_key(|known| known.order);
        seen.into_iter().map(|known| known.info.clone()).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Plugins> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Plugins> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plugins {
    fn index(&mut self) {
        let mut offered: Vec<_> = self.by_digest.values().filter(|known| known.is_offered()).cloned().collect();
        offered.sort_by_key(|known| known.order);
        self.by_step.clear();
        for known in offered {
            let steps = self.by_step.entry(known.info.workspace_id).or_default();
            for step in &known.info.steps {
                steps.insert(step.step_type.clone(), known.clone());
            }
        }
    }
}

impl Active {
    /// Whether new definitions may use it.
    fn is_offered(&self) -> bool {
        !self.retired && matches!(self.usable, Usable::Ready(_))
    }

    /// What it says about one of its step types.
    pub(crate) fn descriptor(&self, step_type: &str) -> Option<&StepDescriptor> {
        self.info.steps.iter().find(|step| step.step_type == step_type)
    }
}
