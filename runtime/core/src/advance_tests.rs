use serde_json::{Value, json};

use super::*;
use crate::clock::SequentialIds;
use crate::definition::{Guard, Reentry};
use crate::end::releases;
use crate::execution::{ExecutionStatus, Wait};
use crate::journal::JournalKind;
use crate::outcome::{Completion, EventWait, WaitRequest};
use crate::start::{Start, start};
use crate::testing::{definition, edge, graph, step};
use crate::time::Timestamp;

/// An execution in memory: applies changes as the store does.
struct Run {
    graph: Graph,
    execution: Execution,
    visits: Vec<StepExecution>,
    waits: Vec<Wait>,
    journal: Vec<(i64, JournalKind)>,
    ids: SequentialIds,
    now: Timestamp,
}

impl Run {
    /// trigger → first → second, and first → rescue on an error if `catching`.
    fn started(reentry: Reentry, catching: bool) -> Self {
        let steps: Vec<_> = ["trigger", "first", "second", "rescue"].map(step).into();
        let mut edges =
            vec![edge(&steps, "trigger", "first", Guard::Always, 0), edge(&steps, "first", "second", Guard::Always, 0)];
        if catching {
            edges.push(edge(&steps, "first", "rescue", Guard::Branch(ERROR_BRANCH.into()), 0));
        }
        let graph = graph(steps, edges);
        let (ids, now) = (SequentialIds::default(), Timestamp(1_000));
        let given = Given::new(now, &ids);
        let with = Start {
            contact_id: Some(given.id()),
            event_name: Some("signed_up".into()),
            event: json!({"a": 1}),
            ..Start::default()
        };
        let changes = start(&definition(reentry), &graph, with, &given).expect("trigger");
        let execution = changes.execution.clone();
        let mut run = Self { graph, execution, visits: vec![], waits: vec![], journal: vec![], ids, now };
        run.apply(changes);
        run
    }

    fn apply(&mut self, changes: Changes) {
        self.execution = changes.execution;
        for visit in changes.visits {
            self.visits.retain(|known| known.id != visit.id);
            self.visits.push(visit);
        }
        self.waits.retain(|wait| !changes.waits_over.contains(&wait.step_execution_id));
        self.waits.extend(changes.waits);
        self.journal.extend(changes.journal.iter().map(|entry| (entry.number, entry.kind)));
    }

    fn input(&mut self, input: Input) -> Result<Changes, Refused> {
        self.now = self.now.plus_millis(10);
        let state = State { graph: &self.graph, execution: &self.execution, visits: &self.visits, people: None };
        let changes = advance(state, input, &Given::new(self.now, &self.ids))?;
        assert_eq!(changes.expected, Some(self.execution.row_version));
        self.apply(changes.clone());
        Ok(changes)
    }

    fn settle(&mut self, outcome: Outcome) -> Result<Changes, Refused> {
        let retry = RetryPolicy { max_attempts: 2, initial_delay_ms: 100, max_delay_ms: 100, multiplier: 1.0 };
        let (visit, run) = (self.last().id, self.last().run());
        self.input(Input::Settled { visit, run, outcome, plugin: None, retry, spread: 1.0 })
    }

    fn last(&self) -> &StepExecution {
        self.visits.last().expect("a visit")
    }

    fn name_of_current(&self) -> Option<&str> {
        self.graph.step(self.execution.current_step_id?).map(|step| step.name.as_str())
    }
}

fn completed() -> Outcome {
    Outcome::Completed(Completion { output: json!({"n": 1}), ..Completion::default() })
}

fn waiting() -> Outcome {
    let event = Some(EventWait { name: "opened".into(), filter: None });
    Outcome::Waiting(WaitRequest { until: Some(Timestamp(1_020)), event, state: json!(7), ..WaitRequest::default() })
}

/// What a runner says that was handed this visit.
fn answer_of(visit: &StepExecution) -> Input {
    let (visit, run, retry) = (visit.id, visit.run(), RetryPolicy::NONE);
    Input::Settled { visit, run, outcome: completed(), plugin: None, retry, spread: 0.0 }
}

#[test]
fn an_execution_goes_along_its_edges_and_completes_where_there_is_none() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(completed()).expect("first");
    assert_eq!(run.name_of_current(), Some("second"));
    run.settle(completed()).expect("second");
    assert_eq!((run.execution.status, run.execution.current_step_id), (ExecutionStatus::Completed, None));
    assert!(run.execution.completed_at.is_some() && run.execution.reentry_key.is_some());
}

#[test]
fn a_wait_keeps_the_state_and_is_over_once_it_is_woken() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(waiting()).expect("wait");
    assert_eq!((run.execution.status, run.waits.len()), (ExecutionStatus::Waiting, 1));
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Timer }).expect("wake");
    assert_eq!((run.last().status, run.waits.len()), (StepStatus::Running, 0));
    assert_eq!((run.last().state.clone(), run.last().wake.clone()), (Some(json!(7)), Some(Wake::Timer)));
}

#[test]
fn a_wait_can_be_woken_only_once() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(waiting()).expect("wait");
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Timer }).expect("wake");
    assert_eq!(run.input(Input::Woken { visit, wake: Wake::Timer }), Err(Refused::NotActive));
}

#[test]
fn a_wait_that_nothing_can_end_fails_and_its_effects_are_dropped() {
    let mut run = Run::started(Reentry::Once, false);
    run.execution.contact_id = None;
    let event = Some(EventWait { name: "opened".into(), filter: None });
    let changes = run.settle(Outcome::Waiting(WaitRequest { event, ..WaitRequest::default() })).expect("settled");
    assert_eq!((run.execution.status, run.waits.len()), (ExecutionStatus::Failed, 0));
    assert_eq!(run.last().failure.as_ref().map(|f| f.code.as_str()), Some("endless-wait"));
    assert!(!changes.keeps_effects(run.last().id));
}

#[test]
fn without_a_contact_an_event_is_waited_for_until_the_time_comes() {
    let mut run = Run::started(Reentry::Once, false);
    run.execution.contact_id = None;
    let changes = run.settle(waiting()).expect("wait");
    assert_eq!((run.execution.status, run.waits.len()), (ExecutionStatus::Waiting, 1));
    assert!(changes.keeps_effects(run.last().id));
}

#[test]
fn a_timer_ends_no_wait_before_its_time() {
    let mut run = Run::started(Reentry::Once, false);
    let until = |at| Outcome::Waiting(WaitRequest { until: at, task: Some(json!("call")), ..WaitRequest::default() });
    run.settle(until(Some(Timestamp(1_020)))).expect("wait");
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Task(json!("later")) }).expect("wake");
    run.settle(until(Some(Timestamp(9_000)))).expect("the visit waits again, for longer");
    assert_eq!(run.input(Input::Woken { visit, wake: Wake::Timer }), Err(Refused::NotActive));
    run.now = Timestamp(8_990);
    run.input(Input::Woken { visit, wake: Wake::Timer }).expect("its time has come");
    run.settle(until(None)).expect("the visit waits without a time");
    assert_eq!(run.input(Input::Woken { visit, wake: Wake::Timer }), Err(Refused::NotActive));
}

#[test]
fn data_that_a_step_merges_is_seen_by_later_steps() {
    let mut run = Run::started(Reentry::Once, false);
    let done = Completion { merge_event: json!({"b": 2}), ..Completion::default() };
    run.settle(Outcome::Completed(done)).expect("first");
    assert_eq!(run.execution.event, json!({"a": 1, "b": 2}));
}

#[test]
fn a_checkpoint_runs_the_same_visit_again_with_its_state() {
    let mut run = Run::started(Reentry::Once, false);
    let visit = run.last().id;
    run.settle(Outcome::Checkpoint { state: json!({"page": 3}) }).expect("checkpoint");
    assert_eq!((run.last().id, run.last().attempt, run.last().resumes), (visit, 1, 1));
    assert_eq!(run.last().state, Some(json!({"page": 3})));
}

#[test]
fn a_visit_that_checkpoints_for_ever_fails() {
    let mut run = Run::started(Reentry::Once, false);
    let last = run.visits.len() - 1;
    run.visits[last].resumes = MAX_RESUMES;
    run.settle(Outcome::Checkpoint { state: Value::Null }).expect("settled");
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    assert_eq!(run.last().failure.as_ref().map(|f| f.code.as_str()), Some("too-many-checkpoints"));
}

#[test]
fn a_failure_is_tried_again_and_then_fails_the_execution() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(Outcome::Failed(Failure::passing("busy", "busy"))).expect("first try");
    assert_eq!((run.last().status, run.last().attempt), (StepStatus::Pending, 2));
    assert_eq!(run.last().run_at, Some(run.now.plus_millis(100)));
    let last = run.visits.len() - 1;
    run.visits[last].status = StepStatus::Running; // claimed
    run.settle(Outcome::Failed(Failure::passing("busy", "busy"))).expect("second try");
    assert_eq!((run.last().status, run.execution.status), (StepStatus::Failed, ExecutionStatus::Failed));
}

#[test]
fn a_failure_with_an_error_branch_goes_on_there() {
    let mut run = Run::started(Reentry::Once, true);
    run.settle(Outcome::Failed(Failure::fatal("bad", "bad"))).expect("settled");
    assert_eq!((run.execution.status, run.name_of_current()), (ExecutionStatus::Running, Some("rescue")));
}

#[test]
fn an_exit_ends_the_execution_with_its_reason() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(Outcome::Exited { reason: None }).expect("settled");
    assert_eq!(run.execution.status, ExecutionStatus::Exited);
    assert_eq!(run.execution.exit_reason.as_deref(), Some("exit_step"));
    assert_eq!(run.last().output, Some(json!({"exited": true, "reason": "exit_step"})));
}

#[test]
fn a_cancelled_execution_is_not_woken_by_its_wait() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(waiting()).expect("wait");
    let visit = run.last().id;
    run.input(Input::Cancelled { reason: "Cancelled by user".into() }).expect("cancel");
    assert_eq!((run.last().status, run.waits.len()), (StepStatus::Skipped, 0));
    assert_eq!(run.input(Input::Woken { visit, wake: Wake::Timer }), Err(Refused::Ended));
}

#[test]
fn cancelling_an_ended_execution_changes_nothing() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(Outcome::Exited { reason: None }).expect("exit");
    assert_eq!(run.input(Input::Cancelled { reason: "late".into() }), Err(Refused::Ended));
}

#[test]
fn an_answer_that_comes_after_the_end_is_refused() {
    let mut run = Run::started(Reentry::Once, false);
    let late = answer_of(run.last());
    run.input(Input::Cancelled { reason: "Cancelled by user".into() }).expect("cancel");
    assert_eq!(run.input(late), Err(Refused::Ended));
}

#[test]
fn an_answer_of_an_earlier_run_of_the_visit_is_refused() {
    let mut run = Run::started(Reentry::Once, false);
    let late = answer_of(run.last());
    run.settle(waiting()).expect("the same run, on another node");
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Task(json!("yes")) }).expect("wake");
    assert_eq!(run.input(late), Err(Refused::NotActive));
    run.settle(completed()).expect("the run after the wait");
}

#[test]
fn a_failed_execution_is_taken_up_at_the_step_that_failed() {
    let mut run = Run::started(Reentry::OnceUnlessFailed, false);
    run.settle(Outcome::Failed(Failure::fatal("bad", "bad"))).expect("settled");
    assert_eq!(run.execution.reentry_key, None);
    run.input(Input::Retried).expect("retry");
    assert_eq!((run.execution.status, run.name_of_current()), (ExecutionStatus::Running, Some("first")));
    assert!(run.execution.reentry_key.is_some() && run.execution.completed_at.is_none());
    assert_eq!(run.input(Input::Retried), Err(Refused::NotFailed));
}

#[test]
fn a_retry_goes_on_where_the_execution_stands_whichever_failure_the_clocks_call_the_last() {
    let mut run = Run::started(Reentry::Always, false);
    run.settle(Outcome::Failed(Failure::fatal("bad", "bad"))).expect("first fails");
    let earlier = run.last().clone();
    run.input(Input::Retried).expect("retry");
    run.settle(completed()).expect("first");
    run.settle(Outcome::Failed(Failure::fatal("bad", "bad"))).expect("second fails");
    run.visits.push(earlier);
    run.input(Input::Retried).expect("retry");
    assert_eq!(run.name_of_current(), Some("second"));
}

#[test]
fn who_may_enter_again_depends_on_the_rule_and_the_end() {
    use ExecutionStatus::{Cancelled, Completed, Failed};
    let free = |rule| [Completed, Failed, Cancelled].map(|end| releases(rule, end));
    assert_eq!(free(Reentry::Once), [false, false, false]);
    assert_eq!(free(Reentry::OnceUnlessFailed), [false, true, true]);
    assert_eq!(free(Reentry::OneActive), [true, true, true]);
}

#[test]
fn the_journal_is_numbered_without_gaps() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(waiting()).expect("wait");
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Timer }).expect("wake");
    run.settle(completed()).expect("first");
    run.settle(completed()).expect("second");
    let numbers: Vec<_> = run.journal.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=run.execution.journal_length).collect::<Vec<_>>());
}

#[test]
fn a_resumption_that_fails_is_tried_again_with_what_ended_the_wait() {
    let mut run = Run::started(Reentry::Once, false);
    run.settle(waiting()).expect("wait");
    let visit = run.last().id;
    run.input(Input::Woken { visit, wake: Wake::Timer }).expect("wake");
    run.settle(Outcome::Failed(Failure::passing("busy", "busy"))).expect("retry");
    assert_eq!((run.last().status, run.last().wake.clone()), (StepStatus::Pending, Some(Wake::Timer)));
}
