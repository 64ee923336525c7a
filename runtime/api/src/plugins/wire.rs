//! Plugins as on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_core::{Digest, Grant, PluginInfo, PluginSource, RetryPolicy, StepDescriptor, WorkspaceId};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::state::ApiState;
use crate::wire::{ImportName, ScopeEntry};

/// A component, the step types it offers and what it may use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plugin)]
pub(crate) struct PluginBody {
    /// The SHA-256 of the component.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
    source: Source,
    /// Whether every workspace may use it.
    shared: bool,
    /// Its size in bytes.
    size: u64,
    /// What it asks for, beyond what every component gets empty.
    imports: Vec<String>,
    /// What it was granted.
    grants: Vec<GrantBody>,
    /// What it asks for and was not granted. Steps that need it fail until it is.
    missing: Vec<String>,
    steps: Vec<StepBody>,
}

/// Where a plugin came from: with the server, or from an upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PluginSource)]
enum Source {
    Builtin,
    Installed,
}

/// One step type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StepType)]
struct StepBody {
    /// As plugins name it: `send-email`.
    step_type: String,
    version: String,
    title: String,
    description: String,
    /// An icon's name or `data:` URL.
    icon: String,
    /// JSON Schema of the configuration: an object, or `true` for anything.
    #[schema(value_type = Value)]
    config_schema: Value,
    /// JSON Schema of the output: an object, or `true` for anything.
    #[schema(value_type = Value)]
    output_schema: Value,
    /// Branches that it may take.
    branches: Vec<String>,
    /// How failures are tried again where a step brings no policy of its own.
    retry: Option<RetryBody>,
}

/// A retry policy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RetryPolicy)]
struct RetryBody {
    /// All tries together.
    max_attempts: u32,
    /// The pause before the second try.
    initial_delay_ms: i64,
    /// The longest pause.
    max_delay_ms: i64,
    /// What each pause is multiplied by.
    multiplier: f64,
}

/// What a plugin may use: one import, and how far.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Grant)]
pub(super) struct GrantBody {
    pub(super) import: ImportName,
    /// For HTTP: host names, `*.example.org` or `*`. For connections: their names. Others need none.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(super) scope: Vec<ScopeEntry>,
}

impl From<PluginInfo> for PluginBody {
    fn from(info: PluginInfo) -> Self {
        let granted = |import: &String| info.grants.iter().any(|grant| grant.import == *import);
        Self {
            digest: info.digest.to_string(),
            source: match info.source {
                PluginSource::Builtin => Source::Builtin,
                PluginSource::Installed => Source::Installed,
            },
            shared: info.workspace_id.is_none(),
            size: info.size,
            missing: info.imports.iter().filter(|import| !granted(import)).cloned().collect(),
            grants: info.grants.into_iter().map(Into::into).collect(),
            imports: info.imports,
            steps: info.steps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<StepDescriptor> for StepBody {
    fn from(step: StepDescriptor) -> Self {
        Self {
            step_type: step.step_type,
            version: step.version,
            title: step.title,
            description: step.description,
            icon: step.icon,
            config_schema: step.config_schema,
            output_schema: step.output_schema,
            branches: step.branches,
            retry: step.retry.map(Into::into),
        }
    }
}

impl From<RetryPolicy> for RetryBody {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            max_attempts: policy.max_attempts,
            initial_delay_ms: policy.initial_delay_ms,
            max_delay_ms: policy.max_delay_ms,
            multiplier: policy.multiplier,
        }
    }
}

impl From<Grant> for GrantBody {
    fn from(grant: Grant) -> Self {
        Self { import: ImportName(grant.import), scope: grant.scope.into_iter().map(ScopeEntry).collect() }
    }
}

impl From<GrantBody> for Grant {
    fn from(grant: GrantBody) -> Self {
        Self { import: grant.import.0, scope: grant.scope.into_iter().map(|entry| entry.0).collect() }
    }
}

/// The plugin of a digest that a workspace sees: its own, or a shared one.
pub(super) fn find(state: &ApiState, workspace: WorkspaceId, digest: &str) -> Result<PluginInfo, ApiError> {
    let digest: Digest = digest.parse().map_err(|_| not_found())?;
    let mut seen: Vec<PluginInfo> = state.plugins().list(workspace);
    seen.retain(|info| info.digest == digest);
    seen.sort_by_key(|info| info.workspace_id.is_none());
    seen.into_iter().next().ok_or_else(not_found)
}

/// As [`find`], and refuses one that belongs to all workspaces: only the operator changes it.
pub(super) fn find_own(state: &ApiState, workspace: WorkspaceId, digest: &str) -> Result<PluginInfo, ApiError> {
    let found = find(state, workspace, digest)?;
    if found.workspace_id == Some(workspace) {
        return Ok(found);
    }
    Err(ApiError::conflict("The plugin belongs to all workspaces")
        .suggest("Only the operator of the server changes it"))
}

pub(super) fn not_found() -> ApiError {
    ApiError::not_found("RESOURCE_NOT_FOUND", "Plugin not found")
}
