//! Whether answers are as the OpenAPI document says: the status is documented, and the body fits its schema.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document.
pub(crate) struct Document {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Document {
    pub(crate) fn new(document: Value) -> Self {
        Self { document, compiled: Mutex::default() }
    }

    /// Panics if an answer is not as documented. A path that the document does not have is answered with 404.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let path = path.split('?').next().unwrap_or_default();
        let Some((template, operation)) = self.operation(method, path) else {
            assert_eq!(status, 404, "{method} {path} is not documented");
            return;
        };
        let name = format!("{method} {template} {status}");
        let response = self.resolved(&operation["responses"][status.to_string()]);
        assert!(response.is_object(), "{name} is not documented");
        let schema = &response["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert_eq!(*body, Value::Null, "{name} has a body that is not documented");
            return;
        }
        let validator = self.validator(&name, schema);
        let errors: Vec<_> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name} does not fit its schema: {errors:#?}\n{body:#}");
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let paths = self.document["paths"].as_object()?;
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        let (template, item) = fitting.first()?;
        Some((template, item.get(method.to_lowercase())?))
    }

    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().expect("lock");
        let make = || {
            let root = json!({ "allOf": [schema], "components": self.document["components"] });
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Arc::new(options.build(&root).unwrap_or_else(|error| panic!("{name}: {error}")))
        };
        compiled.entry(name.to_owned()).or_insert_with(make).clone()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(of, is): (&&str, &&str)| of.starts_with('{') || of == is;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}
