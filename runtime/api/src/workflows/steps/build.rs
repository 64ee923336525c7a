//! Making a step out of a request: its type, configuration, template and retry policy, all checked.

use serde_json::{Map, Value};
use stepwell_core::{Digest, Follow, Given, Join, Position, RetryPolicy, Step, StepDescriptor, TRIGGER, TemplateId};

use crate::error::{ApiError, FieldError};
use crate::extract::fits;
use crate::wire::JsonObject;
use crate::workflows::config::{self, Catalogue, MAX_CONFIG, Strictness, TemplateGiven, settle_template};
use crate::workflows::step_type::to_core;
use crate::workflows::wire;

/// A step as it was asked for.
pub(crate) struct NewStep<'a> {
    pub(crate) step_type: &'a str,
    pub(crate) name: &'a str,
    pub(crate) position: wire::Position,
    pub(crate) config: &'a JsonObject,
    pub(crate) template: TemplateGiven,
    pub(crate) retry: Option<wire::Retry>,
}

/// Makes a new step.
pub(crate) async fn new_step(
    catalogue: &Catalogue,
    new: NewStep<'_>,
    strictness: Strictness,
    given: &Given<'_>,
) -> Result<Step, ApiError> {
    let step_type = to_core(new.step_type);
    if step_type == TRIGGER {
        return Err(ApiError::bad_request("A workflow has one TRIGGER step, which is made with it"));
    }
    let (digest, descriptor) = catalogue.newest(&step_type)?;
    let checked =
        check(catalogue, (digest, &descriptor), new.config.0.clone(), (new.template, None), strictness).await?;
    Ok(Step {
        id: given.id(),
        step_type,
        name: new.name.to_owned(),
        position: position(new.position),
        config: checked.config,
        template_id: checked.template,
        retry: new.retry.map(retry).transpose()?,
        plugin: Some(digest),
        follow: Follow::First,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: given.now,
        updated_at: given.now,
    })
}

/// A configuration that may be stored.
pub(crate) struct Checked {
    pub(crate) config: Value,
    pub(crate) template: Option<TemplateId>,
}

/// Checks a configuration with the component that will run it. `template` is what is said beside it, and what the step has.
pub(crate) async fn check(
    catalogue: &Catalogue,
    (digest, descriptor): (Digest, &StepDescriptor),
    mut config: Map<String, Value>,
    (given, current): (TemplateGiven, Option<TemplateId>),
    strictness: Strictness,
) -> Result<Checked, ApiError> {
    fits("config", &config, MAX_CONFIG)?;
    let template = settle_template(descriptor, &mut config, given, current)?;
    let config = Value::Object(config);
    let problems = config::problems(catalogue, digest, descriptor, &config, strictness).await?;
    if problems.is_empty() { Ok(Checked { config, template }) } else { Err(ApiError::validation(problems)) }
}

/// Where an editor draws a step.
pub(crate) fn position(wire: wire::Position) -> Position {
    Position { x: wire.x, y: wire.y }
}

/// A retry policy, with what was left open filled in.
pub(crate) fn retry(wire: wire::Retry) -> Result<RetryPolicy, ApiError> {
    let policy: RetryPolicy =
        serde_json::to_value(wire).and_then(serde_json::from_value).map_err(ApiError::internal)?;
    let problems = policy.problems();
    if problems.is_empty() {
        return Ok(policy);
    }
    let problems = problems.into_iter();
    Err(ApiError::validation(
        problems.map(|(field, message)| FieldError::new(format!("retry.{field}"), "invalid", message)).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_policy_is_filled_up_with_what_is_usual() {
        let wire = wire::Retry { max_attempts: 4, initial_delay_ms: None, max_delay_ms: None, multiplier: Some(3.0) };
        let policy = retry(wire).expect("policy");
        assert_eq!((policy.max_attempts, policy.initial_delay_ms, policy.multiplier), (4, 2_000, 3.0));
    }

    #[test]
    fn a_retry_policy_out_of_bounds_is_named() {
        let wire = wire::Retry { max_attempts: 0, initial_delay_ms: None, max_delay_ms: None, multiplier: None };
        assert_eq!(retry(wire).expect_err("refused").errors()[0].field, "retry.maxAttempts");
    }
}
