//! Several servers on one PostgreSQL: what one has no room for another does, what is due happens once, and what is changed
//! through one is known to all.

mod changes;
mod live;
mod once;
mod work;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepwell_tests::{Server, ServerOptions, Workflow};

/// So many servers on one database, all started alike.
async fn nodes(count: usize, options: ServerOptions) -> Vec<Server> {
    let mut nodes = vec![options.clone().start().await];
    while nodes.len() < count {
        nodes.push(options.clone().start_beside(&nodes[0]).await);
    }
    nodes
}

/// A workflow on an event that goes through these steps each time.
async fn workflow(node: &Server, event: &str, steps: &[(&str, &str, Value)]) -> Workflow {
    let workflow = Workflow::create(&node.client(), event, json!({ "allowReentry": true })).await;
    workflow.chain(steps).await;
    workflow
}

/// How often each of these occurs.
fn tally<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    all.into_iter().for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}
