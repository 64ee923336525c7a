//! The form with a CEL expression: `{"expression": "contact.data.age > 18 && event.source == 'web'"}`.
//!
//! Bounded in every direction, since anybody may write one: its length and depth when it is read, its work before it is
//! evaluated.

mod bounds;
mod values;

use cel::parser::{ParseErrors, PrattParser};
use cel::{Context, ExecutionError, IdedExpr, Value as CelValue};
use serde_json::{Map, Value};
use stepwell_plugin::{Outcome, Problem};
use stepwell_rules::Documents;

use self::bounds::Size;
use crate::output::{Evaluated, branch};

/// What an expression may speak of.
pub(crate) const NAMES: [&str; 7] = ["contact", "data", "event", "workflow", "steps", "variables", "now"];

#[derive(Debug)]
pub(crate) struct Expression {
    text: String,
    tree: IdedExpr,
    size: Size,
}

impl Expression {
    /// Reads an expression from its configuration.
    pub(crate) fn read(config: &Map<String, Value>) -> Result<Self, Problem> {
        if let Some(other) = config.keys().find(|key| *key != "expression" && *key != "mode") {
            let escaped = other.replace('~', "~0").replace('/', "~1");
            return Err(Problem::new(format!("/{escaped}"), "does not go together with an expression"));
        }
        let text = config.get("expression").and_then(Value::as_str);
        let text = text.ok_or_else(|| Problem::new("/expression", "must be a text"))?;
        Self::parse(text).map_err(|message| Problem::new("/expression", message))
    }

    fn parse(text: &str) -> Result<Self, String> {
        bounds::check_text(text)?;
        let parser = PrattParser::new().max_recursion_depth(bounds::MAX_DEPTH);
        let tree = parser.parse(text).map_err(|errors| first(&errors))?;
        let size = bounds::measure(&tree)?;
        Ok(Self { text: text.to_owned(), tree, size })
    }

    /// Whether it speaks of a document.
    pub(crate) fn reads(&self, name: &str) -> bool {
        self.size.uses(name)
    }

    /// Evaluates the expression. What cannot be evaluated, most often because a member is missing, counts as no: as a test of a
    /// missing field does.
    pub(crate) fn run(self, documents: &Documents<'_>, now_ms: i64) -> Outcome {
        let result = self.evaluate(documents, now_ms);
        let (result, error) = result.map_or_else(|error| (false, Some(error)), |result| (result, None));
        let output = Evaluated { expression: self.text, result, branch: branch(result), error };
        Outcome::completed(output).on(branch(result))
    }

    fn evaluate(&self, documents: &Documents<'_>, now_ms: i64) -> Result<bool, String> {
        let roots = values::roots(documents);
        let used = roots.iter().filter(|(name, _)| self.size.uses(name));
        self.size.check_work(used.clone().map(|(_, value)| *value))?;
        let mut scope = Context::default();
        for (name, value) in used {
            scope.add_variable_from_value(*name, values::to_cel(value));
        }
        scope.add_variable_from_value("now", CelValue::Int(now_ms));
        scope.add_function("millis", values::millis).map_err(|error| error.to_string())?;
        match scope.resolve(&self.tree) {
            Ok(CelValue::Bool(result)) => Ok(result),
            Ok(_) => Err("the expression is neither true nor false".to_owned()),
            Err(error) => Err(says(&error)),
        }
    }
}

/// Where the text stops being an expression, or why it cannot be one.
fn first(errors: &ParseErrors) -> String {
    match errors.errors.iter().find(|error| error.pos.0 > 0).or(errors.errors.first()) {
        Some(error) if error.pos.0 > 0 => {
            format!("is no expression (line {}, column {}): {}", error.pos.0, error.pos.1, error.msg)
        }
        Some(error) => format!("is no expression: {}", error.msg),
        None => "is no expression".to_owned(),
    }
}

/// Why an expression could not be evaluated. The library shows whole values in some messages; people need the kind.
fn says(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no `{key}`"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is unknown"),
        ExecutionError::UnexpectedType { got, want } => format!("{want} was expected, not {got}"),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "a division by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list is shorter than the index".to_owned(),
        ExecutionError::ValuesNotComparable(..) => "two values cannot be compared".to_owned(),
        _ => "the values do not fit the operators".to_owned(),
    }
}
