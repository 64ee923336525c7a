//! Step type `decision`: follows the branches whose conditions are met, or the one that a person chooses (spec epilot-flows, 11.3
//! and 12).

mod config;
mod date;
mod decimal;
mod facts;
mod operator;
mod output;
mod statement;
mod value;

use serde_json::{Value, json};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step, TaskStatus, Wait, Wake};

pub use crate::config::Config;
use crate::config::Mode;
use crate::facts::Facts;
use crate::output::{Evaluated, Output};

/// The step type.
pub struct Decision;

impl Step for Decision {
    type Config = Config;
    const TYPE: &'static str = "decision";

    fn describe() -> Description {
        Description::new(
            "Decision",
            "Follows the branches whose conditions an entity meets, or the branch that a person chooses.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .icon("split")
        .output::<Output>()
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        Ok(match config.mode {
            Mode::Manual => Wait::for_person(json!({})).into(),
            Mode::Automatic => evaluate(&config, context),
        })
    }

    fn resume(config: Config, context: &Context, _: Value, wake: Wake) -> Result<Outcome, Failure> {
        match (wake, config.mode) {
            (Wake::Task(entered), _) if config.knows(branch(&entered)) => Ok(chosen(entered)),
            (Wake::Task(entered), Mode::Manual) if config.otherwise && branch(&entered).is_none() => {
                Ok(chosen(entered))
            }
            _ => Self::run(config, context),
        }
    }
}

/// Follows what is met; waits for the entity to change, or for a person, where nothing is and nothing stands in for it.
fn evaluate(config: &Config, context: &Context) -> Outcome {
    let facts = Facts::of(context);
    let evaluated: Vec<_> = config
        .conditions
        .iter()
        .map(|condition| Evaluated { id: condition.id.clone(), met: condition.is_met(&facts) })
        .collect();
    let met = evaluated.iter().filter(|one| one.met).map(|one| one.id.clone());
    let followed: Vec<_> = met.take(if config.parallel { usize::MAX } else { 1 }).collect();
    let output = Output { conditions: evaluated, evaluated_at: context.now };
    if followed.is_empty() && !config.otherwise {
        return Wait::for_person(json!({})).with_status(TaskStatus::ConditionPending).with_output(output).into();
    }
    Outcome::completed(output).on_all(followed)
}

/// What a person chose goes before what is met. Without a branch the edges are followed that stand in for all others.
fn chosen(entered: Value) -> Outcome {
    let branch = branch(&entered).map(str::to_owned);
    let outcome = Outcome::completed(entered);
    match branch {
        Some(branch) => outcome.on(branch),
        None => outcome,
    }
}

fn branch(entered: &Value) -> Option<&str> {
    entered.get("branch").and_then(Value::as_str)
}

stepwell_plugin::export!(Decision);

#[cfg(test)]
mod tests;
