use serde_json::json;

use super::*;
use crate::advance::{ERROR_BRANCH, Input, State, advance};
use crate::clock::{Given, SequentialIds};
use crate::definition::{Graph, Guard, Reentry};
use crate::execution::{ExecutionStatus, StepStatus};
use crate::outcome::Wake;
use crate::retry::RetryPolicy;
use crate::start::{Start, start};
use crate::testing::{definition, edge, graph, step};
use crate::time::Timestamp;

/// An execution in memory whose first step is on a loop.
struct Run {
    graph: Graph,
    execution: Execution,
    visits: Vec<StepExecution>,
    ids: SequentialIds,
}

impl Run {
    fn started() -> Self {
        let steps: Vec<_> = ["trigger", "first", "rescue"].map(step).into();
        let edges = vec![
            edge(&steps, "trigger", "first", Guard::Always, 0),
            edge(&steps, "first", "first", Guard::Branch("again".into()), 0),
            edge(&steps, "first", "rescue", Guard::Branch(ERROR_BRANCH.into()), 0),
        ];
        let graph = graph(steps, edges);
        let ids = SequentialIds::default();
        let with = Start { contact_id: None, event_name: None, event: json!({"a": 1}), ..Start::default() };
        let changes =
            start(&definition(Reentry::Always), &graph, with, &Given::new(Timestamp(1), &ids)).expect("trigger");
        Self { graph, execution: changes.execution, visits: changes.visits, ids }
    }

    fn input(&mut self, input: Input) -> Changes {
        let state = State { graph: &self.graph, execution: &self.execution, visits: &self.visits, people: None };
        let changes = advance(state, input, &Given::new(Timestamp(9), &self.ids)).expect("accepted");
        self.execution = changes.execution.clone();
        for visit in &changes.visits {
            self.visits.retain(|known| known.id != visit.id);
            self.visits.push(visit.clone());
        }
        let kept: usize = self.visits.iter().map(kept_bytes).sum();
        assert_eq!(self.execution.output_bytes, bytes(kept), "the sum is that of what is kept");
        changes
    }

    fn settle(&mut self, outcome: Outcome) -> Changes {
        let last = self.visits.last().expect("a visit");
        let (visit, run) = (last.id, last.run());
        self.input(Input::Settled { visit, run, outcome, plugin: None, retry: RetryPolicy::NONE, spread: 0.0 })
    }

    fn failure(&self) -> Option<&str> {
        let failed = self.visits.iter().rev().find(|visit| visit.status == StepStatus::Failed);
        failed.and_then(|visit| visit.failure.as_ref()).map(|failure| failure.code.as_str())
    }
}

fn done(output: Value, branch: Option<&str>) -> Outcome {
    Outcome::Completed(Completion { output, branch: branch.map(str::to_owned), ..Completion::default() })
}

/// JSON of so many bytes.
fn text(size: usize) -> Value {
    json!("x".repeat(size - 2))
}

#[test]
fn a_size_is_that_of_the_text() {
    for value in [json!(null), json!({"a": [1, 2.5, "x\"y", true]}), json!("ü\u{1}"), json!(1e300)] {
        assert_eq!(size(&value), value.to_string().len(), "{value}");
    }
}

#[test]
fn an_answer_of_a_mebibyte_is_kept_and_a_byte_more_fails_the_step() {
    let mut run = Run::started();
    run.settle(done(text(MAX_VALUE), Some("again")));
    assert_eq!(run.failure(), None);
    run.settle(done(text(MAX_VALUE + 1), Some("again")));
    assert_eq!(run.failure(), Some("output-limit"));
    assert_eq!(run.execution.status, ExecutionStatus::Running, "the error branch is followed");
}

#[test]
fn states_and_tasks_are_bounded_like_outputs() {
    let wait = |state, task| Outcome::Waiting(WaitRequest { state, task, ..WaitRequest::default() });
    let large = || text(MAX_VALUE + 1);
    let of = [wait(large(), Some(json!(1))), wait(json!(1), Some(large())), Outcome::Checkpoint { state: large() }];
    for outcome in of {
        let mut run = Run::started();
        run.settle(outcome);
        assert_eq!(run.failure(), Some("output-limit"));
    }
}

#[test]
fn a_loop_whose_outputs_are_too_much_together_fails_with_what_to_do() {
    let mut run = Run::started();
    let mut visits = 0;
    while run.failure().is_none() {
        run.settle(done(text(MAX_VALUE), Some("again")));
        visits += 1;
    }
    // The trigger has a small output of its own.
    assert_eq!((visits, run.failure()), (32, Some("run-output-limit")));
    assert!(run.execution.output_bytes <= bytes(MAX_KEPT));
    run.settle(done(json!("rescued"), None));
    assert_eq!(run.execution.status, ExecutionStatus::Completed, "the error branch has room");
}

#[test]
fn a_state_counts_until_the_visit_is_done() {
    let mut run = Run::started();
    let before = run.execution.output_bytes;
    run.settle(Outcome::Checkpoint { state: text(50_000) });
    assert_eq!(run.execution.output_bytes, before + 50_000);
    run.settle(Outcome::Checkpoint { state: text(100) });
    assert_eq!(run.execution.output_bytes, before + 100);
    run.settle(done(text(10), None));
    assert_eq!(run.execution.output_bytes, before + 10);
}

#[test]
fn changes_name_the_visits_whose_large_values_are_over() {
    let mut run = Run::started();
    let state = text(LARGE_VALUE + 1);
    let changes = run.settle(Outcome::Waiting(WaitRequest { task: Some(json!(1)), state, ..WaitRequest::default() }));
    assert!(changes.large_over.is_empty(), "nothing was stored before");
    let visit = run.visits.last().expect("a visit").id;
    run.input(Input::Woken { visit, wake: Wake::Task(json!(1)) });
    assert_eq!(run.settle(done(json!(1), Some("again"))).large_over, [visit]);
    assert!(run.settle(done(json!(1), None)).large_over.is_empty());
}

#[test]
fn an_event_that_steps_let_grow_without_end_fails_them() {
    let mut run = Run::started();
    let merging = |name: &str| {
        let merge_event = json!({ name: text(600_000) });
        Outcome::Completed(Completion {
            output: json!(1),
            branch: Some("again".into()),
            merge_event,
            ..Completion::default()
        })
    };
    run.settle(merging("b"));
    run.settle(merging("b"));
    assert_eq!(run.failure(), None, "the same member takes the place of the last");
    run.settle(merging("c"));
    assert_eq!(run.failure(), Some("event-limit"));
    assert!(size(&run.execution.event) <= MAX_VALUE);
}
