//! What requests for executions say, read and checked.

use stepwell_core::WorkspaceId;
use stepwell_core::flow::{Closing, Context, DueRule, DueWhen, Entity, People};
use stepwell_store::Conn;

use crate::error::ApiError;
use crate::flows::error::invalid;
use crate::flows::template::check::{Problems, people};
use crate::flows::wire::common::DueDateConfig;
use crate::flows::wire::execution::{FlowClosingReason, FlowContext};
use crate::flows::{closing, contexts};

/// The most characters of what is said beside a closing reason.
const MAX_DESCRIPTION: usize = 10_000;

/// What an execution is about, which has to be something; with what is known of it.
pub(super) async fn contexts(
    conn: &mut Conn,
    workspace: WorkspaceId,
    sent: Vec<FlowContext>,
) -> Result<(Vec<Context>, Vec<Entity>), ApiError> {
    if sent.is_empty() {
        return Err(ApiError::field("contexts", "too_small", "must have at least 1 item"));
    }
    let about =
        sent.into_iter().enumerate().map(|(place, sent)| context(place, sent)).collect::<Result<Vec<_>, _>>()?;
    contexts::check(&about, ("entity_id", "entity_schema"))?;
    let known = contexts::known(conn, workspace, &about).await?;
    Ok((about, known))
}

fn context(place: usize, sent: FlowContext) -> Result<Context, ApiError> {
    let needed = |text: Option<String>, name: &str| {
        let missing = || ApiError::field(format!("contexts.{place}.{name}"), "required", "is required");
        text.ok_or_else(missing)
    };
    Ok(Context {
        entity_id: needed(sent.entity_id, "entity_id")?,
        schema: needed(sent.entity_schema, "entity_schema")?,
        is_primary: sent.is_primary == Some(true),
        data: None,
    })
}

/// The rule for a due date of something in this execution; `field` is where it stands in the request.
pub(crate) fn due(config: DueDateConfig, field: &str, of: &People) -> Result<DueRule, ApiError> {
    let mut problems = Problems::default();
    people::due_rule(field, &config, &mut problems);
    problems.done()?;
    let rule = DueRule::from(config);
    let (member, is_there) = match &rule.when {
        DueWhen::TaskFinished(key) => ("task_id", of.tasks.iter().any(|task| task.key == *key)),
        DueWhen::PhaseFinished(key) => ("phase_id", of.flow.data.phases.iter().any(|phase| phase.key == *key)),
        DueWhen::FlowStarted | DueWhen::APreceding | DueWhen::AllPreceding => ("", true),
    };
    if !is_there {
        return Err(invalid(format!("{field}.{member}"), "must be the template's id of what has to be finished"));
    }
    Ok(rule)
}

/// Why an execution is closed.
pub(super) fn closing(sent: FlowClosingReason) -> Result<Closing, ApiError> {
    let reasons = |sent: Option<_>, name: &str| {
        sent.map(|sent| closing::reasons(sent, &format!("closing_reason.{name}"))).transpose()
    };
    let description = sent.extra_description;
    if description.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        let message = format!("must have at most {MAX_DESCRIPTION} characters");
        return Err(ApiError::field("closing_reason.extra_description", "too_big", message));
    }
    Ok(Closing {
        configured: reasons(sent.configured_reasons, "configured_reasons")?,
        selected: reasons(sent.selected_reasons, "selected_reasons")?,
        description,
        single: None,
    })
}
