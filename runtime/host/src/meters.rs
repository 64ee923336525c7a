//! What runs report to Prometheus. Handles are kept, because looking one up costs as much as a good part of a run.

use std::time::Duration;

use metrics::{Counter, Histogram};
use stepwell_core::Outcome;

/// The meters of one step type.
pub(crate) struct StepMeters {
    step_type: String,
    completed: Counter,
    waiting: Counter,
    checkpoint: Counter,
    exited: Counter,
    failed: Counter,
    seconds: Histogram,
}

impl StepMeters {
    pub(crate) fn new(step_type: &str) -> Self {
        let counter = |outcome: &'static str| metrics::counter!("stepwell_step_runs_total", "step_type" => step_type.to_owned(), "outcome" => outcome);
        Self {
            completed: counter("completed"),
            waiting: counter("waiting"),
            checkpoint: counter("checkpoint"),
            exited: counter("exited"),
            failed: counter("failed"),
            seconds: metrics::histogram!("stepwell_step_run_seconds", "step_type" => step_type.to_owned()),
            step_type: step_type.to_owned(),
        }
    }

    /// A run that came to an answer of the plugin's own.
    pub(crate) fn answered(&self, outcome: &Outcome, took: Duration) {
        let counter = match outcome {
            Outcome::Completed(_) => &self.completed,
            Outcome::Waiting(_) => &self.waiting,
            Outcome::Checkpoint { .. } => &self.checkpoint,
            Outcome::Exited { .. } => &self.exited,
            Outcome::Failed(_) => &self.failed,
        };
        counter.increment(1);
        self.seconds.record(took.as_secs_f64());
    }

    /// A run that the host ended. `code` is one of the host's own.
    pub(crate) fn stopped(&self, code: &str, took: Duration) {
        let (step_type, outcome) = (self.step_type.clone(), code.to_owned());
        metrics::counter!("stepwell_step_runs_total", "step_type" => step_type, "outcome" => outcome).increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

/// A run for which there was no room.
pub(crate) fn no_room() {
    metrics::counter!("stepwell_step_runs_put_back_total").increment(1);
}
