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
async fn flows_are_started_worked_on_and_found() {
    drive("operations-v2.test.mjs").await;
}

#[tokio::test]
async fn every_operation_answers_with_all_that_is_documented() {
    drive("coverage.test.mjs").await;
}

#[tokio::test]
async fn graphs_of_tasks_are_walked() {
    drive("graphs-plain.test.mjs").await;
}

#[tokio::test]
async fn graphs_of_the_builder_are_walked() {
    drive("graphs-builder.test.mjs").await;
}

#[tokio::test]
async fn decisions_take_the_branches_they_should() {
    drive("decisions.test.mjs").await;
}

#[tokio::test]
async fn loops_repeat_as_often_as_they_may() {
    drive("loops.test.mjs").await;
}

#[tokio::test]
async fn flows_go_back() {
    drive("revert.test.mjs").await;
}

#[tokio::test]
async fn tasks_are_added_to_running_flows() {
    drive("added-tasks.test.mjs").await;
}

#[tokio::test]
async fn schedules_are_kept_cancelled_and_armed_anew() {
    drive("schedules.test.mjs").await;
}

#[tokio::test]
async fn requirements_hold_tasks_back_and_due_dates_are_worked_out() {
    drive("requirements-due-dates.test.mjs").await;
}

#[tokio::test]
async fn tasks_for_other_purposes_are_left_out() {
    drive("purposes.test.mjs").await;
}

#[tokio::test]
async fn linear_flows_wait_for_all() {
    drive("linear.test.mjs").await;
}

#[tokio::test]
async fn phases_count_what_can_be_reached() {
    drive("phases.test.mjs").await;
}

#[tokio::test]
async fn automations_run_here_and_elsewhere() {
    drive("automation.test.mjs").await;
}

#[tokio::test]
async fn agents_wait_for_a_report() {
    drive("ai-agent.test.mjs").await;
}

#[tokio::test]
async fn flows_write_where_they_stand_to_what_they_are_about() {
    drive("entities-sync.test.mjs").await;
}

#[tokio::test]
async fn flows_are_closed_with_reasons_and_opened_where_they_stood() {
    drive("closing-reopen.test.mjs").await;
}

#[tokio::test]
async fn what_is_wrong_with_flows_is_named_and_changes_nothing() {
    drive("bad-input.test.mjs").await;
}

#[tokio::test]
async fn tasks_of_flows_are_done_in_the_inbox() {
    drive("inbox.test.mjs").await;
}

#[tokio::test]
async fn flows_are_followed_live() {
    drive("events.test.mjs").await;
}

#[tokio::test]
async fn the_older_client_works_as_well() {
    drive("old-client.test.mjs").await;
}

#[tokio::test]
async fn assignees_are_people_and_variables() {
    drive("assignees.test.mjs").await;
}

#[tokio::test]
async fn several_people_work_on_one_flow_at_once() {
    drive("at-once.test.mjs").await;
}

#[tokio::test]
async fn what_came_of_a_task_is_seen_behind_it() {
    drive("outputs.test.mjs").await;
}

#[tokio::test]
async fn what_clients_really_send_is_understood() {
    drive("wire.test.mjs").await;
}
