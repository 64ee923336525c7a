//! `GET /workflows/:id/stats`

use std::collections::HashMap;

use axum::extract::State;
use stepwell_core::{DefinitionId, Graph, StepId};
use stepwell_store::counter::{self, Count};
use stepwell_store::{definition, workflow_admin};

use super::step_type::to_wire;
use super::versions::no_version;
use super::wire::stats::StatsQuery;
use super::{edit, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;

/// How many versions are told apart.
const VERSIONS: u32 = 20;

/// Counts what happened at each step: how many executions entered it and how it ended, and what became of its messages.
#[utoipa::path(
    get, path = "/workflows/{id}/stats", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(("id" = Uuid, Path, description = "The workflow"), StatsQuery),
    responses((status = 200, description = "The counts", body = wire::WorkflowStats))
)]
pub(crate) async fn stats(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Query(query): Query<StatsQuery>,
) -> Result<Json<wire::WorkflowStats>, ApiError> {
    let mut conn = state.store().reader().await?;
    let head = edit::head(&mut conn, access.workspace, id).await?;
    let version = query.version.unwrap_or(head.version);
    let graph = definition::graph(&mut conn, access.workspace, head.id, version).await?.ok_or_else(no_version)?;
    let counted = match query.version {
        Some(one) => vec![one],
        None => workflow_admin::counted_versions(&mut conn, access.workspace, head.id, VERSIONS).await?,
    };
    let mut by_version = Vec::new();
    for version in counted {
        let counts = counter::of(&mut conn, access.workspace, head.id, Some(version)).await?;
        by_version.push((version, counts.into_iter().map(|counted| (counted.step_id, counted.count)).collect()));
    }
    let totals = match (query.version, by_version.first()) {
        (Some(_), Some((_, counts))) => HashMap::clone(counts),
        _ => {
            let ids: Vec<_> = graph.steps.iter().map(|step| step.id).collect();
            workflow_admin::totals(&mut conn, access.workspace, head.id, &ids).await?
        }
    };
    Ok(Json(wire::WorkflowStats { workflow_id: head.id.0, version, steps: steps(&graph, &totals, &by_version) }))
}

type Counted = HashMap<StepId, Count>;

fn steps(graph: &Graph, totals: &Counted, by_version: &[(u32, Counted)]) -> Vec<wire::StepStats> {
    let steps = graph.steps.iter().map(|step| {
        let versions = by_version.iter().filter_map(|(version, counted)| {
            Some(wire::VersionCounts { version: *version, counts: counts(counted.get(&step.id)?) })
        });
        wire::StepStats {
            step_id: step.id.0,
            name: step.name.clone(),
            step_type: to_wire(&step.step_type),
            counts: totals.get(&step.id).map(counts).unwrap_or_default(),
            versions: versions.collect(),
        }
    });
    steps.collect()
}

fn counts(count: &Count) -> wire::Counts {
    wire::Counts {
        entered: count.entered,
        completed: count.completed,
        failed: count.failed,
        skipped: count.skipped,
        sent: count.sent,
        opened: count.opened,
        clicked: count.clicked,
        bounced: count.bounced,
    }
}
