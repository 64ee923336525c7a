//! Plugins as the rest of the server sees them: digests, what a component offers and asks for, and what it was granted.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::WorkspaceId;
use crate::retry::RetryPolicy;

/// The SHA-256 of a component, as 64 hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, thiserror::Error)]
#[error("a digest is 64 hex digits")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 64 || !text.is_ascii() {
            return Err(BadDigest);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| BadDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One step type that a component offers (`wit/types.wit`, `step-descriptor`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDescriptor {
    /// The name definitions use, in kebab-case.
    pub step_type: String,
    /// `major.minor.patch`.
    pub version: String,
    /// A title for people.
    pub title: String,
    /// A paragraph for people.
    pub description: String,
    /// An icon's name or `data:` URL.
    pub icon: String,
    /// JSON Schema (2020-12) of the configuration.
    pub config_schema: Value,
    /// JSON Schema (2020-12) of the output.
    pub output_schema: Value,
    /// Branches a completion may name.
    pub branches: Vec<String>,
    /// The retry policy where a step brings none.
    pub retry: Option<RetryPolicy>,
}

/// What a plugin may use: one import, and how far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The import without its version: `stepwell:plugin/contacts`, `wasi:http/outgoing-handler`.
    pub import: String,
    /// For HTTP: host names that may be reached, `*` for any, `*.example.org` for subdomains. For connections: their names.
    #[serde(default)]
    pub scope: Vec<String>,
}

/// A plugin: a component and everything known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginInfo {
    /// Which component.
    pub digest: Digest,
    /// Whose; none for one that every workspace may use.
    pub workspace_id: Option<WorkspaceId>,
    /// Where it came from.
    pub source: PluginSource,
    /// The step types it offers.
    pub steps: Vec<StepDescriptor>,
    /// The imports it asks for beyond the WASI that every guest gets empty, without versions.
    pub imports: Vec<String>,
    /// What it was granted.
    pub grants: Vec<Grant>,
    /// Its size in bytes.
    pub size: u64,
}

/// Where a plugin came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginSource {
    /// Embedded in the binary.
    Builtin,
    /// Installed from a file or an upload.
    Installed,
}

/// Something wrong in a step's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901) into the configuration.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Why a component was refused.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The component cannot be used; the text says why and what to do.
    #[error("{message}")]
    Refused {
        /// A stable word: `too-large`, `invalid-component`, `wrong-world`, `compile-failed`, `describe-failed`, `not-granted`, …
        code: &'static str,
        /// What to do.
        message: String,
    },
    /// The host could not do it now.
    #[error("preparing the component")]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the server asks of the plugin host beyond running steps. Implemented by `stepwell-host`, scripted in tests.
#[async_trait]
pub trait PluginHost: Send + Sync {
    /// Checks, compiles and describes a component without making it usable. Long work: seconds for a large one.
    async fn inspect(&self, component: &[u8]) -> Result<PluginInfo, PluginError>;

    /// Makes a component usable under the workspace, source and grants that `plugin` names. Doing it again replaces the grants.
    async fn activate(&self, plugin: &PluginInfo, component: &[u8]) -> Result<(), PluginError>;

    /// Takes a plugin's step types away from new definitions. Executions pinned to the digest still run until restart.
    fn deactivate(&self, workspace: Option<WorkspaceId>, digest: Digest);

    /// The plugins that are active and visible to a workspace: its own and the shared ones.
    fn list(&self, workspace: WorkspaceId) -> Vec<PluginInfo>;

    /// The newest active component and descriptor for a step type, the workspace's own before the shared.
    fn lookup(&self, workspace: WorkspaceId, step_type: &str) -> Option<(Digest, StepDescriptor)>;

    /// Asks the component what is wrong with a configuration that fits its schema.
    async fn validate(&self, digest: Digest, step_type: &str, config: &Value) -> Result<Vec<Problem>, PluginError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_what_it_writes_and_nothing_else() {
        let digest = Digest([0xab; 32]);
        assert_eq!(digest.to_string().parse::<Digest>().ok(), Some(digest));
        assert!("ab".parse::<Digest>().is_err());
        assert!("zz".repeat(32).parse::<Digest>().is_err());
    }
}
