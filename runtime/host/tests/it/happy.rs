//! What works: taking components in, and running them.

use serde_json::json;
use stepwell_core::{Outcome, PluginHost, PluginSource, StepRunner};

use crate::support::{Bench, WORKSPACE, component, output};

#[tokio::test(flavor = "multi_thread")]
async fn every_built_in_component_is_taken_in_and_says_what_it_offers() {
    let bench = Bench::new();
    for name in ["condition", "delay", "exit", "send-email", "update-contact", "wait-for-event", "webhook"] {
        let info = bench.install_builtin(&component(name)).await;
        assert!(info.steps.iter().any(|step| step.step_type == name), "{name}");
    }
    assert_eq!(bench.host.list(WORKSPACE).len(), 7);
    assert!(bench.host.list(WORKSPACE).iter().all(|info| info.source == PluginSource::Builtin));
}
