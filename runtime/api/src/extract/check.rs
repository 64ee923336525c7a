//! Validation against the schemas of the OpenAPI document, with errors in the words of the envelope.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::error::{ApiError, FieldError, MAX_FIELD_ERRORS};

/// The most characters of a received value that are sent back.
const MAX_RECEIVED: usize = 64;

/// One compiled schema.
pub(super) struct Checker {
    validator: Validator,
    schema: Value,
}

impl Checker {
    /// Compiles a schema; its own mistakes are the server's, not the client's.
    pub(super) fn compile(schema: Value) -> Result<Self, ApiError> {
        let options = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true);
        let validator = options.build(&schema).map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(Self { validator, schema })
    }

    /// The schema as it is published.
    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    /// Every way in which `value` does not fit, up to the most that are sent.
    pub(super) fn check(&self, value: &Value) -> Result<(), ApiError> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let mut found = Vec::new();
        for error in self.validator.iter_errors(value).take(MAX_FIELD_ERRORS) {
            describe(&error, &mut found);
        }
        Err(ApiError::validation(found))
    }
}

/// Compiled schemas by the type they are of. Types are few and fixed, so it does not grow.
static COMPILED: RwLock<Option<HashMap<TypeId, Arc<Checker>>>> = RwLock::new(None);

/// The schema of `T` compiled by `make`, once.
pub(super) fn compiled<T: 'static>(make: impl FnOnce() -> Value) -> Result<Arc<Checker>, ApiError> {
    let key = TypeId::of::<T>();
    let known = COMPILED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(checker) = known.as_ref().and_then(|known| known.get(&key)) {
        return Ok(Arc::clone(checker));
    }
    drop(known);
    let checker = Arc::new(Checker::compile(make())?);
    let mut known = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(known.get_or_insert_default().entry(key).or_insert(checker)))
}

/// The published schema of a body, with everything that it refers to.
pub(super) fn schema_of<T: ToSchema>() -> Value {
    let mut components = Vec::new();
    T::schemas(&mut components);
    let components: serde_json::Map<_, _> =
        components.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect();
    let mut root = serde_json::to_value(T::schema()).unwrap_or_default();
    root["components"] = json!({ "schemas": components });
    root
}

/// Adds what one error of the validator means, field by field.
pub(crate) fn describe(error: &ValidationError<'_>, found: &mut Vec<FieldError>) {
    let at = dotted(error.instance_path());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            found.push(FieldError::new(join(&at, name), "required", format!("{name} is required")));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            found.extend(unexpected.iter().take(MAX_FIELD_ERRORS).map(|name| {
                let name = shorten(name);
                FieldError::new(join(&at, &name), "unrecognized_keys", format!("{name} is not a field of this request"))
            }));
        }
        ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::OneOfMultipleValid { context } => alternatives(&at, context, found),
        _ => found.push(simple(at, error)),
    }
}

/// The errors of the one form that the value could have meant; else what all forms have in common.
fn alternatives(at: &str, context: &[Vec<ValidationError<'static>>], found: &mut Vec<FieldError>) {
    let mut meant = context.iter().filter(|errors| !errors.iter().any(|error| wanted_type(error, at).is_some()));
    match (meant.next(), meant.next()) {
        (Some(errors), None) => errors.iter().for_each(|error| describe(error, found)),
        (Some(_), Some(_)) => found.push(FieldError::new(at, "invalid_union", "has none of the accepted forms")),
        (None, _) => {
            let mut wanted: Vec<String> = context.iter().flatten().filter_map(|error| wanted_type(error, at)).collect();
            wanted.dedup();
            found.push(FieldError::new(at, "invalid_type", format!("must be {}", wanted.join(" or "))));
        }
    }
}

/// The type that is missing at this place, if that is the error.
fn wanted_type(error: &ValidationError<'_>, at: &str) -> Option<String> {
    match error.kind() {
        ValidationErrorKind::Type { kind } if dotted(error.instance_path()) == at => Some(types(kind)),
        _ => None,
    }
}

fn simple(at: String, error: &ValidationError<'_>) -> FieldError {
    use ValidationErrorKind as Kind;
    let echo = || Some(shorten(error.instance().as_str()?));
    let (code, message, received) = match error.kind() {
        Kind::Type { kind } => ("invalid_type", format!("must be {}", types(kind)), Some(type_of(error.instance()))),
        Kind::MinLength { limit: 1 } => ("too_small", "must not be empty".to_owned(), None),
        Kind::MinLength { limit } => ("too_small", format!("must have at least {limit} characters"), None),
        Kind::MaxLength { limit } => ("too_big", format!("must have at most {limit} characters"), None),
        Kind::MinItems { limit } => ("too_small", format!("must have at least {limit} items"), None),
        Kind::MaxItems { limit } => ("too_big", format!("must have at most {limit} items"), None),
        Kind::MinProperties { limit } => ("too_small", format!("must have at least {limit} members"), None),
        Kind::MaxProperties { limit } => ("too_big", format!("must have at most {limit} members"), None),
        Kind::Minimum { limit } => ("too_small", format!("must be at least {limit}"), None),
        Kind::ExclusiveMinimum { limit } => ("too_small", format!("must be more than {limit}"), None),
        Kind::Maximum { limit } => ("too_big", format!("must be at most {limit}"), None),
        Kind::ExclusiveMaximum { limit } => ("too_big", format!("must be less than {limit}"), None),
        Kind::Format { format } => ("invalid_string", format!("is not of the format {format}"), echo()),
        Kind::Pattern { .. } => ("invalid_string", "does not have the form that is asked for".to_owned(), echo()),
        Kind::Enum { options } => ("invalid_enum_value", format!("must be one of {options}"), echo()),
        Kind::Constant { expected_value } => ("invalid_literal", format!("must be {expected_value}"), echo()),
        _ => ("invalid", error.masked().to_string(), None),
    };
    FieldError { received, ..FieldError::new(at, code, message) }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

fn type_of(value: &Value) -> String {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    name.to_owned()
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_RECEIVED).collect()
}

fn dotted(location: &Location) -> String {
    location.into_iter().map(|segment| segment.to_string()).collect::<Vec<_>>().join(".")
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(value: &Value) -> Vec<(String, String)> {
        let schema = json!({
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 3},
                "position": {"oneOf": [{"type": "null"}, {"type": "object", "required": ["x"]}]},
            },
        });
        let checker = Checker::compile(schema).expect("schema");
        let Err(error) = checker.check(value) else { return vec![] };
        error.errors().iter().map(|error| (error.field.clone(), error.code.to_string())).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn what_fits_passes() {
        assert_eq!(errors(&json!({"name": "a", "position": null})), []);
    }

    #[test]
    fn a_missing_and_an_unknown_member_are_named() {
        assert_eq!(errors(&json!({"nmae": "a"})), owned(&[("nmae", "unrecognized_keys"), ("name", "required")]));
    }

    #[test]
    fn of_alternatives_the_one_that_was_meant_is_explained() {
        assert_eq!(errors(&json!({"name": "a", "position": {}})), owned(&[("position.x", "required")]));
        assert_eq!(errors(&json!({"name": "a", "position": 1})), owned(&[("position", "invalid_type")]));
    }

    #[test]
    fn what_is_no_object_is_refused_as_a_whole() {
        assert_eq!(errors(&json!([1])), owned(&[("", "invalid_type")]));
    }
}
