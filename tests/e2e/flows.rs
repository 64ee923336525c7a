//! The flows surface, driven by the vendor's own JavaScript clients (`tests/flows-js`): a server for each file of tests. Every answer
//! is checked there against the OpenAPI documents in the clients' package.

use stepwell_tests::{Server, run_in_node};

/// Runs a file of tests against a server of its own.
async fn drive(file: &str) {
    let server = Server::start().await;
    run_in_node(file, &server).await;
}

#[tokio::test]
async fn templates_are_kept_found_and_checked() {
    drive("operations-templates.test.mjs").await;
}

#[tokio::test]
async fn definitions_of_checklists_are_kept_and_checked() {
    drive("operations-definitions.test.mjs").await;
}

#[tokio::test]
async fn checklists_are_worked_on_and_found() {
    drive("operations-v1.test.mjs").await;
}

#[tokio::test]
async fn closing_reasons_are_kept_and_offered() {
    drive("closing-reasons.test.mjs").await;
}

#[tokio::test]
async fn entities_are_kept_and_patched() {
    drive("entities.test.mjs").await;
}

#[tokio::test]
async fn what_clients_really_send_is_understood() {
    drive("wire.test.mjs").await;
}
