//! Whether a configuration fits the JSON Schema of its step type. Compiled schemas are kept by the component's digest; they
//! cannot refer to anything outside themselves.

use std::sync::{Arc, LazyLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use moka::future::Cache;
use serde_json::Value;
use stepwell_core::{Digest, StepDescriptor};

use crate::error::{ApiError, FieldError, MAX_FIELD_ERRORS};
use crate::extract::describe;

/// How many compiled schemas are kept.
const KEPT: u64 = 512;

static COMPILED: LazyLock<Cache<(Digest, String), Arc<Validator>>> = LazyLock::new(|| Cache::new(KEPT));

/// In which ways a configuration does not fit.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// What is not as it should be.
    pub(super) wrong: Vec<FieldError>,
    /// What is not there yet.
    pub(super) missing: Vec<FieldError>,
}

/// Compares a configuration with the schema of its step type.
pub(super) async fn fit(digest: Digest, descriptor: &StepDescriptor, config: &Value) -> Result<Fit, ApiError> {
    let validator = compiled(digest, descriptor).await?;
    let mut fit = Fit::default();
    if validator.is_valid(config) {
        return Ok(fit);
    }
    for error in validator.iter_errors(config).take(MAX_FIELD_ERRORS) {
        let into = if is_missing(&error) { &mut fit.missing } else { &mut fit.wrong };
        let first = into.len();
        describe(&error, into);
        into[first..].iter_mut().for_each(below_config);
    }
    Ok(fit)
}

async fn compiled(digest: Digest, descriptor: &StepDescriptor) -> Result<Arc<Validator>, ApiError> {
    let key = (digest, descriptor.step_type.clone());
    if let Some(known) = COMPILED.get(&key).await {
        return Ok(known);
    }
    let options = jsonschema::draft202012::options().with_pattern_options(PatternOptions::regex());
    let validator = options.should_validate_formats(true).build(&descriptor.config_schema).map_err(|error| {
        let text: String = error.to_string().chars().take(300).collect();
        ApiError::field(
            "type",
            "invalid",
            format!("the component's schema of its configuration cannot be used: {text}"),
        )
    })?;
    let validator = Arc::new(validator);
    COMPILED.insert(key, Arc::clone(&validator)).await;
    Ok(validator)
}

/// Whether adding members alone could mend it: a member is required, or one of the alternatives only lacks members.
fn is_missing(error: &ValidationError<'_>) -> bool {
    match error.kind() {
        ValidationErrorKind::Required { .. } => true,
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().any(|errors| errors.iter().all(is_missing))
        }
        _ => false,
    }
}

fn below_config(error: &mut FieldError) {
    let below = !error.field.is_empty();
    error.field.insert_str(0, if below { "config." } else { "config" });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn descriptor(schema: Value) -> StepDescriptor {
        StepDescriptor {
            step_type: "test".into(),
            version: "1.0.0".into(),
            title: String::new(),
            description: String::new(),
            icon: String::new(),
            config_schema: schema,
            output_schema: Value::Bool(true),
            branches: vec![],
            retry: None,
        }
    }

    /// The fields that are wrong and those that are missing. `n` stands for the component.
    async fn fields(n: u8, schema: Value, config: &Value) -> (Vec<String>, Vec<String>) {
        let fit = fit(Digest([n; 32]), &descriptor(schema), config).await.expect("schema");
        let names = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.field).collect();
        (names(fit.wrong), names(fit.missing))
    }

    fn delay() -> Value {
        json!({
            "type": "object", "required": ["amount", "unit"], "additionalProperties": false,
            "properties": { "amount": { "type": "number", "exclusiveMinimum": 0 }, "unit": { "enum": ["hours"] } },
        })
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_by_its_path_below_config() {
        let (wrong, missing) = fields(1, delay(), &json!({ "amount": 0, "unit": "moons" })).await;
        assert_eq!((wrong, missing), (vec!["config.amount".into(), "config.unit".into()], vec![]));
        assert_eq!(fields(1, delay(), &json!([])).await.0, ["config"]);
    }

    #[tokio::test]
    async fn what_is_missing_is_told_from_what_is_wrong() {
        let (wrong, missing) = fields(1, delay(), &json!({ "amont": 1 })).await;
        assert_eq!(wrong, ["config.amont"]);
        assert_eq!(missing, ["config.amount", "config.unit"]);
    }

    #[tokio::test]
    async fn an_alternative_that_only_lacks_members_counts_as_missing() {
        let schema = json!({ "anyOf": [
            { "required": ["data"] },
            { "properties": { "mode": { "const": "multi" } }, "required": ["mode"] },
        ] });
        assert_eq!(fields(2, schema.clone(), &json!({})).await.1.len(), 1);
        assert_eq!(fields(2, schema, &json!({ "data": 1 })).await, (vec![], vec![]));
    }

    #[tokio::test]
    async fn a_schema_that_refers_to_elsewhere_is_the_components_fault() {
        for (n, schema) in [(3, json!({ "$ref": "https://example.org/x" })), (4, json!({ "type": "no such type" }))] {
            let error = fit(Digest([n; 32]), &descriptor(schema), &json!({})).await.expect_err("refused");
            assert_eq!((error.status().as_u16(), error.errors()[0].field.as_str()), (422, "type"));
        }
    }

    #[tokio::test]
    async fn a_schema_that_refers_to_itself_comes_to_an_end() {
        assert_eq!(fields(5, json!({ "anyOf": [{ "$ref": "#" }, { "type": "object" }] }), &json!({})).await.0, [""; 0]);
    }
}
