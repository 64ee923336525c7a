//! The `export!` macro and what it expands to: the decoding and encoding between the contract and the [`Step`] trait.

mod convert;

use std::mem::ManuallyDrop;

use serde_json::Value;

use crate::bindings::stepwell::plugin::types as wire;
use crate::step::schema_of;
use crate::{Context, Failure, Outcome, Problem, Step, Timestamp, config};

/// Makes a component of one or more types that implement [`Step`].
///
/// ```
/// stepwell_plugin::export!(Greet);
/// ```
///
/// Elsewhere than on `wasm32` it expands to nothing, so that plugins can be unit-tested natively.
#[macro_export]
macro_rules! export {
    ($($step:ty),+ $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            use $crate::__export::wire;

            struct Component;

            impl $crate::__export::Guest for Component {
                fn describe() -> Vec<wire::StepDescriptor> {
                    vec![$($crate::__export::describe::<$step>()),+]
                }

                fn validate(step_type: String, config: String) -> Vec<wire::Problem> {
                    match step_type.as_str() {
                        $(<$step as $crate::Step>::TYPE => $crate::__export::validate::<$step>(&config),)+
                        unknown => $crate::__export::unknown_type_problem(unknown),
                    }
                }

                fn run(step_type: String, context: wire::StepContext) -> wire::Outcome {
                    match step_type.as_str() {
                        $(<$step as $crate::Step>::TYPE => $crate::__export::run::<$step>(context),)+
                        unknown => $crate::__export::unknown_type(unknown),
                    }
                }

                fn resume(step_type: String, context: wire::StepContext, state: String, wake: wire::Wake) -> wire::Outcome {
                    match step_type.as_str() {
                        $(<$step as $crate::Step>::TYPE => $crate::__export::resume::<$step>(context, &state, wake),)+
                        unknown => $crate::__export::unknown_type(unknown),
                    }
                }
            }

            $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        };
    };
}

/// `describe` of one step type.
pub fn describe<S: Step>() -> wire::StepDescriptor {
    let description = S::describe();
    wire::StepDescriptor {
        step_type: S::TYPE.to_owned(),
        version: description.version,
        title: description.title,
        description: description.description,
        icon: description.icon,
        config_schema: schema_of::<S::Config>().to_string(),
        output_schema: description.output_schema.to_string(),
        branches: description.branches,
        retry: text(&description.retry),
    }
}

/// `validate` of one step type.
pub fn validate<S: Step>(config: &str) -> Vec<wire::Problem> {
    config::problems::<S>(config).into_iter().map(Into::into).collect()
}

/// `run` of one step type.
pub fn run<S: Step>(context: wire::StepContext) -> wire::Outcome {
    let (config, context) = split(context);
    let context = kept(context);
    config::parse(&config)
        .map_err(Failure::from)
        .and_then(|config| S::run(config, &context))
        .unwrap_or_else(Outcome::Failed)
        .into()
}

/// `resume` of one step type.
pub fn resume<S: Step>(context: wire::StepContext, state: &str, wake: wire::Wake) -> wire::Outcome {
    let (config, context) = split(context);
    let context = kept(context);
    config::parse(&config)
        .map_err(Failure::from)
        .and_then(|config| S::resume(config, &context, value(state), wake.into()))
        .unwrap_or_else(Outcome::Failed)
        .into()
}

/// The answer to a step type that the component does not have.
pub fn unknown_type(name: &str) -> wire::Outcome {
    wire::Outcome::Failed(Failure::fatal("unknown-step-type", no_such(name)).into())
}

/// The same for `validate`.
pub fn unknown_type_problem(name: &str) -> Vec<wire::Problem> {
    vec![Problem::new("", no_such(name)).into()]
}

fn no_such(name: &str) -> String {
    format!("this component has no step type {name}")
}

/// The instance ends with the call, and its memory with it: taking large values apart first would only cost time.
fn kept<T>(value: T) -> ManuallyDrop<T> {
    ManuallyDrop::new(value)
}

fn split(context: wire::StepContext) -> (String, Context) {
    let rest = Context {
        workspace_id: context.workspace_id,
        execution_id: context.execution_id,
        step_id: context.step_id,
        step_execution_id: context.step_execution_id,
        attempt: context.attempt,
        idempotency_key: context.idempotency_key,
        now: Timestamp::from_millis(context.now),
        contact: context.contact.into(),
        event: context.event.into(),
        variables: context.variables.into(),
        outputs: context.outputs.into(),
        about: context.about.into(),
    };
    (context.config, rest)
}

/// JSON text as a value; text that is no JSON as `Null`.
pub(crate) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A value as JSON text; what cannot be written as `null`.
pub(crate) fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests;
