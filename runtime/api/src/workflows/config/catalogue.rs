//! The step types that a workspace can use.

use std::sync::Arc;

use serde_json::Value;
use stepwell_core::{Digest, PluginError, PluginHost, PluginInfo, Problem, Step, StepDescriptor, WorkspaceId};

use crate::error::ApiError;
use crate::workflows::step_type;

/// The most step types that an error lists.
const LISTED: usize = 50;

/// The step types that a workspace can use, as they were when this was made.
pub(crate) struct Catalogue {
    host: Arc<dyn PluginHost>,
    workspace: WorkspaceId,
    plugins: Vec<PluginInfo>,
}

impl Catalogue {
    /// What `workspace` can use now.
    pub(crate) fn new(host: &Arc<dyn PluginHost>, workspace: WorkspaceId) -> Self {
        Self { host: Arc::clone(host), workspace, plugins: host.list(workspace) }
    }

    /// The newest component of a step type, or a refusal that lists those there are.
    pub(crate) fn newest(&self, step_type: &str) -> Result<(Digest, StepDescriptor), ApiError> {
        self.host.lookup(self.workspace, step_type).ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> ApiError {
        let steps = self.plugins.iter().flat_map(|plugin| &plugin.steps);
        let mut names: Vec<_> = steps.map(|step| step_type::to_wire(&step.step_type)).collect();
        names.sort();
        names.dedup();
        names.truncate(LISTED);
        ApiError::field("type", "invalid_enum_value", format!("no installed step type; there are {}", names.join(", ")))
    }

    /// The component that a step is pinned to if it is still there, else the newest of its type.
    pub(crate) fn of_step(&self, step: &Step) -> Option<(Digest, StepDescriptor)> {
        let pinned = self.plugins.iter().filter(|plugin| Some(plugin.digest) == step.plugin);
        let pinned = pinned.flat_map(|plugin| plugin.steps.iter().map(|known| (plugin.digest, known)));
        let mut pinned = pinned.filter(|(_, known)| known.step_type == step.step_type);
        match pinned.next() {
            Some((digest, known)) => Some((digest, known.clone())),
            None => self.host.lookup(self.workspace, &step.step_type),
        }
    }

    /// The branches that a step's type declares.
    pub(crate) fn branches(&self, step: &Step) -> Vec<String> {
        self.of_step(step).map(|(_, descriptor)| descriptor.branches).unwrap_or_default()
    }

    /// Asks a component what is wrong with a configuration.
    pub(crate) async fn validate(
        &self,
        digest: Digest,
        step_type: &str,
        config: &Value,
    ) -> Result<Vec<Problem>, PluginError> {
        self.host.validate(digest, step_type, config).await
    }
}
