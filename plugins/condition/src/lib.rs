//! Step type `condition`: follows a branch by the contact, the event, earlier outputs and event counts.

mod bounded;
mod config;
mod counts;
mod expression;
mod multi;
mod output;
mod schema;

use serde_json::Value;
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step};
use stepwell_rules::{Documents, Rule};

use crate::config::{Config, Kind};
use crate::counts::Counts;
use crate::output::{Composite, Counted, Tested};

/// The step type.
pub struct Condition;

impl Step for Condition {
    type Config = Config;
    const TYPE: &'static str = "condition";

    fn describe() -> Description {
        Description::new(
            "Condition",
            "Branches by the contact, the event, the outputs of earlier steps and how often something happened.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .icon("split")
        .output::<output::Output>()
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let kind = config.kind()?;
        let documents = documents(context, &kind);
        match kind {
            Kind::Rule(rule) => run_rule(&rule, &documents, context),
            Kind::Multi(multi) => Ok(multi.run(&documents, now(context))),
            Kind::Expression(expression) => Ok(expression.run(&documents, now(context))),
        }
    }
}

fn run_rule(rule: &Rule, documents: &Documents<'_>, context: &Context) -> Result<Outcome, Failure> {
    let (counts, now) = (Counts::default(), now(context));
    let result = rule.holds_counting(documents, now, &|name, since| counts.count(name, since));
    counts.failure()?;
    let outcome = match rule {
        Rule::Test(test) => Outcome::completed(Tested::new(test, documents, result)),
        Rule::EventCount(count) => Outcome::completed(Counted::new(count, counts.last(), result)),
        Rule::All { .. } | Rule::Any { .. } | Rule::Not { .. } => Outcome::completed(Composite::new(result)),
    };
    Ok(outcome.on(output::branch(result)))
}

/// The documents that the condition speaks of. Others are not parsed, which is most of the work.
fn documents<'a>(context: &'a Context, kind: &Kind) -> Documents<'a> {
    let read = |roots: &[&str], document: fn(&'a Context) -> &'a Value| {
        if roots.iter().any(|root| kind.reads(root)) { document(context) } else { &Value::Null }
    };
    Documents {
        contact: read(&["contact", "data"], Context::contact),
        event: read(&["event", "workflow"], Context::event),
        steps: read(&["steps"], Context::outputs),
        variables: read(&["variables"], Context::variables),
    }
}

fn now(context: &Context) -> i64 {
    i64::try_from(context.now.millis()).unwrap_or(i64::MAX)
}

stepwell_plugin::export!(Condition);

#[cfg(test)]
mod tests;
