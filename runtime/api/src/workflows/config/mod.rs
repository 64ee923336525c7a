//! Checking a step's configuration when it is written: first against the JSON Schema that the component published, then by
//! the component itself.
//!
//! While a workflow is disabled it may be unfinished: what is missing is let pass, what is wrong is not.

mod catalogue;
mod schema;
mod template;

pub(super) use catalogue::Catalogue;
pub(super) use template::{TemplateGiven, settle_template};

use serde_json::{Map, Value};
use stepwell_core::{Digest, PluginError, Problem, StepDescriptor};

use crate::error::{ApiError, FieldError};

/// The most bytes of a configuration as JSON.
pub(super) const MAX_CONFIG: usize = 256 * 1024;

/// How much may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Nothing: the workflow is live, or about to be.
    Complete,
    /// Anything: somebody is still at work on it.
    Draft,
}

impl Strictness {
    /// How strict the steps of a workflow are checked.
    pub(super) fn of(enabled: bool) -> Self {
        if enabled { Self::Complete } else { Self::Draft }
    }
}

/// What is wrong with a configuration; each field begins with `config`.
pub(super) async fn problems(
    catalogue: &Catalogue,
    digest: Digest,
    descriptor: &StepDescriptor,
    config: &Value,
    strictness: Strictness,
) -> Result<Vec<FieldError>, ApiError> {
    let fit = schema::fit(digest, descriptor, config).await?;
    if !fit.wrong.is_empty() {
        return Ok(fit.wrong);
    }
    if !fit.missing.is_empty() {
        return Ok(if strictness == Strictness::Complete { fit.missing } else { Vec::new() });
    }
    if strictness == Strictness::Draft && config.as_object().is_some_and(Map::is_empty) {
        return Ok(Vec::new());
    }
    let own = catalogue.validate(digest, &descriptor.step_type, config).await.map_err(unusable)?;
    let counts = |problem: &Problem| strictness == Strictness::Complete || !is_missing(config, &problem.pointer);
    Ok(own.into_iter().filter(counts).map(|problem| field_error(&problem)).collect())
}

/// A component that cannot say what is wrong is at fault itself; whoever configures it can only use another.
fn unusable(error: PluginError) -> ApiError {
    match error {
        PluginError::Refused { code, message } => ApiError::field("type", code, message),
        PluginError::Host(cause) => ApiError::unavailable("The component could not be asked").caused_by(cause),
    }
}

/// Whether a problem is about a place where nothing is.
fn is_missing(config: &Value, pointer: &str) -> bool {
    !pointer.is_empty() && config.pointer(pointer).is_none_or(Value::is_null)
}

fn field_error(problem: &Problem) -> FieldError {
    let path = problem.pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let field = std::iter::once("config".to_owned()).chain(path).collect::<Vec<_>>().join(".");
    FieldError::new(field, "invalid", problem.message.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_of_a_component_becomes_a_path_of_the_request() {
        let field = |pointer: &str| field_error(&Problem { pointer: pointer.into(), message: "x".into() }).field;
        assert_eq!(field(""), "config");
        assert_eq!(field("/branches/0/a~1b~0c"), "config.branches.0.a/b~c");
    }

    #[test]
    fn a_problem_where_nothing_is_means_that_something_is_missing() {
        let config = json!({ "templateId": null, "url": "x" });
        assert!(is_missing(&config, "/templateId") && is_missing(&config, "/recipient"));
        assert!(!is_missing(&config, "/url") && !is_missing(&config, ""));
    }
}
