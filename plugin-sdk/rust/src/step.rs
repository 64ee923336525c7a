//! The one trait a plugin implements for each of its step types, and how it introduces itself.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, Failure, Outcome, Wake};

/// A step type.
///
/// Each call comes into a fresh instance: nothing is kept in memory from one to the next. What must last goes into the state
/// of a wait or a checkpoint, or into a capability.
pub trait Step {
    /// The configuration. Its JSON Schema is shown to users and checked before the step runs; the SDK then parses it, and
    /// reports a mismatch by its JSON Pointer.
    type Config: DeserializeOwned + JsonSchema;

    /// The name definitions use, in kebab-case: `send-email`.
    const TYPE: &'static str;

    /// Introduces the step type. Called once, at installation.
    fn describe() -> Description;

    /// What is wrong with a configuration beyond what its schema and type say; empty when it is fine.
    ///
    /// Called when a definition is written. It must answer the same for the same input and call no capability. It may be
    /// stricter than [`run`](Self::run), which is called with every configuration that parses.
    fn validate(config: &Self::Config) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Runs the step from its beginning.
    fn run(config: Self::Config, context: &Context) -> Result<Outcome, Failure>;

    /// Goes on after a wait or a checkpoint, with the state that was stored then. A step that never waits need not have it.
    fn resume(config: Self::Config, context: &Context, state: Value, wake: Wake) -> Result<Outcome, Failure> {
        let _ = (config, context, state, wake);
        Err(Failure::fatal("not-resumable", format!("the step type {} never waits, so nothing resumes it", Self::TYPE)))
    }
}

/// How a step type introduces itself to people and to the engine.
#[derive(Clone, Debug)]
pub struct Description {
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) icon: String,
    pub(crate) output_schema: Value,
    pub(crate) branches: Vec<String>,
    pub(crate) retry: Option<Retry>,
}

impl Description {
    /// A title of a few words and a description of a sentence or two.
    pub fn new(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            version: "1.0.0".to_owned(),
            title: title.into(),
            description: description.into(),
            icon: "puzzle".to_owned(),
            output_schema: Value::Bool(true),
            branches: Vec::new(),
            retry: None,
        }
    }

    /// The version of the step type, `major.minor.patch`; `1.0.0` if not given.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: version.into(), ..self }
    }

    /// A name from the console's icon set, or a `data:` URL of an SVG.
    pub fn icon(self, icon: impl Into<String>) -> Self {
        Self { icon: icon.into(), ..self }
    }

    /// The type of the output, whose schema is shown to users.
    pub fn output<T: JsonSchema>(self) -> Self {
        Self { output_schema: schema_of::<T>(), ..self }
    }

    /// The branches a completion may name. Leave it out where the configuration decides them.
    pub fn branches<T: Into<String>>(self, branches: impl IntoIterator<Item = T>) -> Self {
        Self { branches: branches.into_iter().map(Into::into).collect(), ..self }
    }

    /// The retry policy used where a step brings none; no retries if not given.
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry: Some(retry), ..self }
    }
}

/// How a step's retryable failures are tried again: pauses grow by a factor from the initial to the longest delay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// All tries together, the first included.
    pub max_attempts: u32,
    /// The pause before the second try, in milliseconds.
    pub initial_delay_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_delay_ms: u64,
    /// What each pause is multiplied by.
    pub multiplier: f64,
}

/// Something wrong in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901) into the configuration; empty for the whole.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Problem {
    /// Names what is wrong at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let place = if problem.pointer.is_empty() { String::new() } else { format!("{}: ", problem.pointer) };
        Self::fatal("invalid-config", format!("the configuration is wrong: {place}{}", problem.message))
    }
}

/// The JSON Schema (2020-12) of a type, without the title that is only the type's name in Rust.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    if schema.get("title").is_some_and(|title| *title == *T::schema_name()) {
        schema.remove("title");
    }
    schema.to_value()
}
