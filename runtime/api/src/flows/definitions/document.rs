//! Definitions as documents: kept as they were sent, filled up, with what the server knows of them.

use serde_json::{Map, Value, json};
use stepwell_core::flow::compile;
use stepwell_core::{Definition, DefinitionId, DefinitionKind, Given, Graph, Reentry, TriggerKind, WorkspaceId};

use super::{check, draft, fill};
use crate::error::{ApiError, FieldError};
use crate::extract::from_value;
use crate::flows::short::short;
use crate::flows::wire::definition::WorkflowDefinition;

/// Members that are the server's to say; what was sent of them is not kept.
const SERVERS: [&str; 3] = ["id", "creationTime", "lastUpdateTime"];

/// A definition that may be stored.
#[derive(Clone)]
pub(super) struct Prepared {
    /// What is kept.
    pub(super) document: Value,
    /// What is run.
    pub(super) graph: Graph,
    /// Its name.
    pub(super) name: String,
    /// What it is for.
    pub(super) description: Option<String>,
    /// Whether it can be started.
    pub(super) enabled: bool,
}

/// Fills up, checks and compiles what was sent as the definition `id`.
pub(super) fn prepare(id: DefinitionId, mut sent: Map<String, Value>, given: &Given<'_>) -> Result<Prepared, ApiError> {
    sent.retain(|name, _| !SERVERS.contains(&name.as_str()));
    fill::fill(&mut sent, || short(given.id()));
    let document = Value::Object(sent);
    let read: WorkflowDefinition = from_value(document.clone())?;
    check::check(&read)?;
    let graph = compile(draft::draft(id, &read, given.now)?, given).map_err(|problems| {
        let errors = problems.into_iter().map(|problem| FieldError::new(problem.path, "invalid", problem.message));
        ApiError::validation(errors.collect())
    })?;
    let enabled = read.enabled.unwrap_or(true);
    Ok(Prepared { document, graph, name: read.name, description: read.description, enabled })
}

impl Prepared {
    /// The head of a new definition.
    pub(super) fn head(&self, workspace: WorkspaceId, id: DefinitionId, given: &Given<'_>) -> Definition {
        Definition {
            id,
            workspace_id: workspace,
            kind: DefinitionKind::Checklist,
            name: self.name.clone(),
            description: self.description.clone(),
            enabled: self.enabled,
            trigger: TriggerKind::Manual,
            trigger_config: Value::Null,
            reentry: Reentry::Always,
            commit_every_step: false,
            version: 1,
            created_at: given.now,
            updated_at: given.now,
        }
    }
}

/// A definition as it is answered.
pub(super) fn shown(definition: &Definition, document: Value) -> Value {
    let mut members = match document {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    members.insert("id".to_owned(), json!(definition.id));
    members.insert("creationTime".to_owned(), json!(definition.created_at.to_rfc3339()));
    members.insert("lastUpdateTime".to_owned(), json!(definition.updated_at.to_rfc3339()));
    members.insert("enabled".to_owned(), json!(definition.enabled));
    Value::Object(members)
}
