//! Follows the sample's execution and shows each step as it happens.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell_core::Timestamp;

use super::sample::{self, AWAITED, STARTS, STEPS};
use super::show;
use crate::client::Client;

/// How often the server is asked.
const EVERY: Duration = Duration::from_millis(40);

#[derive(Deserialize)]
struct Page {
    executions: Vec<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    status: String,
    exit_reason: Option<String>,
    started_at: String,
    step_executions: Vec<Visit>,
}

/// One visit to one step, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visit {
    id: String,
    pub(super) status: String,
    pub(super) step: StepName,
    pub(super) output: Option<Value>,
    pub(super) error: Option<String>,
    updated_at: String,
    completed_at: Option<String>,
}

/// Which step it is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StepName {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// Tracks the event, shows what happens, answers the wait, and checks the end.
pub(super) async fn run(client: &Client, workflow: &str) -> Result<()> {
    sample::track(client, STARTS, json!({ "plan": "pro", "name": "Ada" })).await?;
    let execution = find(client, workflow).await?;
    let path = format!("/workflows/{workflow}/executions/{execution}");
    let mut shown = HashMap::new();
    let mut answered = false;
    loop {
        let execution: Execution = client.get(&path).await?;
        show_news(&execution, &mut shown);
        if !answered && waits_for_event(&execution.step_executions) {
            sample::track(client, AWAITED, json!({ "tour": "finished" })).await?;
            show::remark(&format!("tracked the event {AWAITED}"));
            answered = true;
        }
        if !matches!(execution.status.as_str(), "RUNNING" | "WAITING") {
            return check(&execution);
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn find(client: &Client, workflow: &str) -> Result<String> {
    let page: Page = client.get(&format!("/workflows/{workflow}/executions")).await?;
    match page.executions.into_iter().next() {
        Some(found) => Ok(found.id),
        None => bail!("the event started no execution"),
    }
}

fn waits_for_event(visits: &[Visit]) -> bool {
    visits.iter().any(|visit| visit.step.kind == "WAIT_FOR_EVENT" && visit.status == "WAITING")
}

/// Shows the visits whose status is another than when they were last shown.
fn show_news(execution: &Execution, shown: &mut HashMap<String, String>) {
    for visit in &execution.step_executions {
        let news = shown.get(&visit.id) != Some(&visit.status);
        if news && !matches!(visit.status.as_str(), "RUNNING" | "PENDING") {
            show::visit(since(&execution.started_at, visit), visit);
            shown.insert(visit.id.clone(), visit.status.clone());
        }
    }
}

/// Seconds from the execution's start to the visit's last change.
fn since(start: &str, visit: &Visit) -> Option<f64> {
    let end = visit.completed_at.as_ref().unwrap_or(&visit.updated_at);
    let (start, end) = (Timestamp::from_rfc3339(start)?, Timestamp::from_rfc3339(end)?);
    Some(end.millis_since(start) as f64 / 1000.0)
}

/// Whether it went as it should.
fn check(execution: &Execution) -> Result<()> {
    let problems = problems(&execution.status, execution.exit_reason.as_deref(), &execution.step_executions);
    if problems.is_empty() {
        show::done(&format!("the execution {} ({})", execution.status, execution.exit_reason.as_deref().unwrap_or("")));
        return Ok(());
    }
    bail!("the sample did not run as it should: {}", problems.join("; "))
}

fn problems(status: &str, reason: Option<&str>, visits: &[Visit]) -> Vec<String> {
    let mut problems = Vec::new();
    if status != "EXITED" || reason != Some(AWAITED) {
        problems.push(format!("the execution is {status} ({})", reason.unwrap_or("no reason")));
    }
    for kind in STEPS {
        match visits.iter().find(|visit| visit.step.kind == kind) {
            Some(visit) if visit.status == "COMPLETED" => {}
            Some(visit) => {
                problems.push(format!("{kind} is {}: {}", visit.status, visit.error.as_deref().unwrap_or("no error")));
            }
            None => problems.push(format!("{kind} did not run")),
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(kinds: &[&str], status: &str) -> Vec<Visit> {
        let visit = |kind: &&str| Visit {
            id: (*kind).to_owned(),
            status: status.to_owned(),
            step: StepName { name: (*kind).to_owned(), kind: (*kind).to_owned() },
            output: None,
            error: None,
            updated_at: "2026-01-02T03:04:06.500Z".to_owned(),
            completed_at: None,
        };
        kinds.iter().map(visit).collect()
    }

    #[test]
    fn a_run_through_every_step_has_no_problems() {
        assert!(problems("EXITED", Some("onboarded"), &visits(&STEPS, "COMPLETED")).is_empty());
    }

    #[test]
    fn a_step_that_is_missing_or_failed_and_a_wrong_end_are_named() {
        let found = problems("FAILED", None, &visits(&STEPS[..6], "COMPLETED"));
        assert_eq!(found, ["the execution is FAILED (no reason)", "EXIT did not run"]);
        let found = problems("EXITED", Some("onboarded"), &visits(&STEPS, "FAILED"));
        assert_eq!(found.len(), STEPS.len());
        assert_eq!(found[0], "CONDITION is FAILED: no error");
    }

    #[test]
    fn times_are_counted_from_the_start_of_the_execution() {
        let visit = visits(&["DELAY"], "WAITING").remove(0);
        assert_eq!(since("2026-01-02T03:04:05.000Z", &visit), Some(1.5));
    }
}
