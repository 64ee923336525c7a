use serde_json::json;

use crate::advance::{ERROR_BRANCH, Input, Refused, State, advance};
use crate::changes::Changes;
use crate::clock::{Given, SequentialIds};
use crate::definition::{Follow, Graph, Guard, Join, Looping, Reentry, Step, Transition};
use crate::execution::{Execution, ExecutionStatus, StepExecution, StepStatus, Wait};
use crate::journal::JournalKind;
use crate::outcome::{Completion, Failure, Outcome, WaitRequest, Wake};
use crate::retry::RetryPolicy;
use crate::start::{Start, start};
use crate::testing::{definition, edge, graph, step};
use crate::time::Timestamp;

/// A graph written as edges, `a>b` or `a>b:branch`. A step whose name begins with `f` follows all its edges, one whose name begins
/// with `j` is a join of all; the first is the trigger.
fn drawn(edges: &[&str]) -> Graph {
    let mut steps: Vec<Step> = vec![];
    let mut name = |name: &str| {
        if steps.iter().all(|step| step.name != name) {
            let follow = if name.starts_with('f') { Follow::All } else { Follow::First };
            let join = if name.starts_with('j') { Join::All } else { Join::Any };
            let step_type = if steps.is_empty() { "trigger" } else { "work" }.to_owned();
            steps.push(Step { follow, join, step_type, ..step(name) });
        }
    };
    let parts: Vec<_> = edges
        .iter()
        .map(|text| {
            let (ends, branch) = text.split_once(':').map_or((*text, None), |(ends, branch)| (ends, Some(branch)));
            let (from, to) = ends.split_once('>').expect("an edge");
            name(from);
            name(to);
            (from, to, branch.map_or(Guard::Always, |branch| Guard::Branch(branch.into())))
        })
        .collect();
    let priority = |at| i32::try_from(at).expect("a small graph");
    let edges = parts.into_iter().enumerate();
    let edges = edges.map(|(at, (from, to, guard))| edge(&steps, from, to, guard, priority(at))).collect();
    graph(steps, edges)
}

/// The same graph, in which one edge has a part in a loop.
fn looping(mut graph: Graph, edge: &str, looping: Looping) -> Graph {
    let (from, to) = edge.split_once('>').expect("an edge");
    let find = |name: &str| graph.steps.iter().find(|step| step.name == name).expect("a step").id;
    let (from, to) = (find(from), find(to));
    let edge = graph.transitions.iter_mut().find(|edge| edge.from == from && edge.to == to).expect("an edge");
    edge.looping = Some(looping);
    graph
}

/// An execution in memory.
struct Run {
    graph: Graph,
    execution: Execution,
    visits: Vec<StepExecution>,
    waits: Vec<Wait>,
    journal: Vec<JournalKind>,
    ids: SequentialIds,
}

const NOW: Timestamp = Timestamp(1_000);

impl Run {
    fn started(graph: Graph) -> Self {
        let ids = SequentialIds::default();
        let given = Given::new(NOW, &ids);
        let with = Start { contact_id: Some(given.id()), ..Start::default() };
        let changes = start(&definition(Reentry::Once), &graph, with, &given).expect("a trigger");
        let execution = changes.execution.clone();
        let mut run = Self { graph, execution, visits: vec![], waits: vec![], journal: vec![], ids };
        run.apply(changes);
        run
    }

    fn apply(&mut self, changes: Changes) {
        self.execution = changes.execution;
        for visit in changes.visits {
            match self.visits.iter_mut().find(|known| known.id == visit.id) {
                Some(known) => *known = visit,
                None => self.visits.push(visit),
            }
        }
        self.waits.retain(|wait| !changes.waits_over.contains(&wait.step_execution_id));
        self.waits.extend(changes.waits);
        self.journal.extend(changes.journal.iter().map(|entry| entry.kind));
    }

    fn input(&mut self, input: Input) -> Result<(), Refused> {
        let active: Vec<_> = match input {
            Input::Retried => self.visits.iter().filter(|visit| visit.status == StepStatus::Failed).cloned().collect(),
            _ => self.visits.iter().filter(|visit| !visit.status.is_done()).cloned().collect(),
        };
        let state = State { graph: &self.graph, execution: &self.execution, visits: &active, people: None };
        let changes = advance(state, input, &Given::new(NOW, &self.ids))?;
        self.apply(changes);
        Ok(())
    }

    fn name(&self, visit: &StepExecution) -> &str {
        self.graph.step(visit.step_id).map_or("?", |step| &step.name)
    }

    /// The active visit to a step.
    fn at(&self, name: &str) -> &StepExecution {
        let found = self.visits.iter().filter(|visit| !visit.status.is_done() && self.name(visit) == name);
        found.last().unwrap_or_else(|| panic!("no visit to {name}"))
    }

    fn answer(&mut self, name: &str, outcome: Outcome) -> &mut Self {
        let (visit, run) = (self.at(name).id, self.at(name).run());
        let input = Input::Settled { visit, run, outcome, plugin: None, retry: RetryPolicy::NONE, spread: 0.0 };
        self.input(input).expect("settled");
        self
    }

    fn done(&mut self, name: &str) -> &mut Self {
        self.answer(name, Outcome::Completed(Completion::default()))
    }

    fn on(&mut self, name: &str, branch: &str) -> &mut Self {
        self.answer(name, Outcome::Completed(Completion { branch: Some(branch.into()), ..Completion::default() }))
    }

    fn waits(&mut self, name: &str) -> &mut Self {
        let wait = WaitRequest { task: Some(json!("sign")), ..WaitRequest::default() };
        self.answer(name, Outcome::Waiting(wait))
    }

    fn fails(&mut self, name: &str) -> &mut Self {
        self.answer(name, Outcome::Failed(Failure::fatal("bad", "bad")))
    }

    /// The steps that run, wait (`~`) or are held (`*`), by name.
    fn active(&self) -> String {
        let mark = |visit: &StepExecution| match visit.status {
            StepStatus::Waiting => "~",
            _ if visit.is_held() => "*",
            _ => "",
        };
        let active = self.visits.iter().filter(|visit| !visit.status.is_done());
        active.map(|visit| format!("{}{}", self.name(visit), mark(visit))).collect::<Vec<_>>().join(" ")
    }

    /// How often a step was visited.
    fn times(&self, name: &str) -> usize {
        self.visits.iter().filter(|visit| self.name(visit) == name).count()
    }

    fn status(&self) -> ExecutionStatus {
        self.execution.status
    }

    fn current(&self) -> Option<&str> {
        self.graph.step(self.execution.current_step_id?).map(|step| step.name.as_str())
    }
}

#[test]
fn a_fork_makes_every_step_behind_it_due() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "f>c:rare"]));
    assert_eq!(run.done("f").active(), "a b");
    assert_eq!((run.status(), run.current()), (ExecutionStatus::Running, Some("b")));
}

#[test]
fn a_trigger_may_fork_as_well() {
    assert_eq!(Run::started(drawn(&["ft>a", "ft>b"])).active(), "a b");
}

#[test]
fn an_execution_completes_when_its_last_path_has_come_to_an_end() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b"]));
    run.done("f").done("b");
    assert_eq!((run.active().as_str(), run.status(), run.current()), ("a", ExecutionStatus::Running, Some("a")));
    run.done("a");
    assert_eq!((run.active().as_str(), run.status(), run.current()), ("", ExecutionStatus::Completed, None));
}

#[test]
fn an_execution_waits_only_while_all_its_paths_wait() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b"]));
    assert_eq!(run.done("f").waits("a").status(), ExecutionStatus::Running);
    assert_eq!(run.waits("b").status(), ExecutionStatus::Waiting);
    let visit = run.at("a").id;
    run.input(Input::Woken { visit, wake: Wake::Task(json!(1)) }).expect("woken");
    assert_eq!((run.active().as_str(), run.status()), ("a b~", ExecutionStatus::Running));
    assert_eq!((run.done("a").status(), run.current()), (ExecutionStatus::Waiting, Some("b")));
}

#[test]
fn the_first_path_that_arrives_enters_a_step_and_the_others_end_there() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>c", "b>c"]));
    assert_eq!(run.done("f").done("a").active(), "b c");
    run.done("c").done("b");
    assert_eq!((run.times("c"), run.status()), (1, ExecutionStatus::Completed));
}

#[test]
fn a_join_is_held_until_all_paths_have_arrived() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>j", "b>j"]));
    assert_eq!(run.done("f").done("a").active(), "b j*");
    assert_eq!(run.at("j").started_at, None);
    assert_eq!(run.done("b").active(), "j");
    assert_eq!((run.at("j").run_at, run.at("j").started_at), (Some(NOW), Some(NOW)));
    run.done("j");
    assert_eq!((run.times("j"), run.status()), (1, ExecutionStatus::Completed));
    let of_joins = [JournalKind::StepHeld, JournalKind::StepScheduled];
    assert_eq!(of_joins.map(|kind| run.journal.iter().filter(|entry| **entry == kind).count()), [1, 4]);
}

#[test]
fn an_execution_whose_other_paths_wait_waits_at_the_join_too() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>j", "b>j"]));
    run.done("f").waits("b").done("a");
    assert_eq!((run.active().as_str(), run.status(), run.current()), ("b~ j*", ExecutionStatus::Waiting, Some("b")));
}

#[test]
fn a_join_does_not_wait_for_a_path_that_goes_elsewhere() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>j", "b>j:yes", "b>c:no"]));
    run.done("f").done("a");
    assert_eq!(run.on("b", "no").active(), "j c");
}

#[test]
fn a_join_does_not_wait_for_a_path_that_cannot_come_to_it() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>j"]));
    assert_eq!(run.done("f").done("a").active(), "b j");
}

#[test]
fn a_join_is_not_entered_before_the_paths_that_begin_with_it() {
    let mut run = Run::started(drawn(&["t>f", "f>j", "f>a", "a>j"]));
    assert_eq!(run.done("f").active(), "a j*");
    assert_eq!(run.done("a").active(), "j");
}

#[test]
fn a_join_waits_for_a_join_before_it() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "f>c", "a>j1", "b>j1", "j1>j2", "c>j2"]));
    assert_eq!(run.done("f").done("c").done("a").active(), "b j2* j1*");
    assert_eq!(run.done("b").active(), "j2* j1");
    assert_eq!(run.done("j1").active(), "j2");
}

#[test]
fn joins_that_wait_for_each_other_are_not_waited_for_for_ever() {
    let mut run = Run::started(drawn(&["t>f", "f>j1", "f>j2", "j1>a:never", "a>j2", "j2>b:never", "b>j1"]));
    assert_eq!(run.done("f").active(), "j1 j2*");
    assert_eq!(run.done("j1").active(), "j2");
    assert_eq!(run.done("j2").status(), ExecutionStatus::Completed);
}

#[test]
fn a_failure_ends_all_paths_with_their_waits() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "f>c", "c>j", "a>j"]));
    run.done("f").waits("a").done("c").fails("b");
    assert_eq!((run.active().as_str(), run.status(), run.waits.len()), ("", ExecutionStatus::Failed, 0));
    assert_eq!((run.current(), run.times("j")), (Some("b"), 1));
    assert_eq!(run.journal.iter().filter(|kind| **kind == JournalKind::StepSkipped).count(), 2);
}

#[test]
fn a_failure_that_an_edge_catches_leaves_the_other_paths_alone() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", &format!("b>c:{ERROR_BRANCH}")]));
    assert_eq!(run.done("f").waits("a").fails("b").active(), "a~ c");
}

#[test]
fn a_retry_takes_up_every_path_that_the_failure_cut_off() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "f>c", "a>j", "b>j", "c>j", "j>d"]));
    run.done("f").done("a").waits("c").fails("b");
    run.input(Input::Retried).expect("retried");
    assert_eq!((run.active().as_str(), run.current()), ("c b j*", Some("b")));
    run.done("b").done("c").done("j").done("d");
    assert_eq!((run.status(), run.times("d")), (ExecutionStatus::Completed, 1));
}

#[test]
fn an_exit_ends_all_paths() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b"]));
    run.done("f").waits("b").answer("a", Outcome::Exited { reason: None });
    assert_eq!((run.active().as_str(), run.status(), run.waits.len()), ("", ExecutionStatus::Exited, 0));
}

#[test]
fn a_cancel_ends_a_path_that_is_held_too() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b", "a>j", "b>j"]));
    run.done("f").done("a").waits("b");
    run.input(Input::Cancelled { reason: "enough".into() }).expect("cancelled");
    assert_eq!((run.active().as_str(), run.status(), run.waits.len()), ("", ExecutionStatus::Cancelled, 0));
}

#[test]
fn an_answer_that_comes_after_another_path_has_ended_the_execution_is_refused() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "f>b"]));
    run.done("f");
    let (visit, retry) = (run.at("a").id, RetryPolicy::NONE);
    let outcome = Outcome::Completed(Completion::default());
    run.fails("b");
    let late = Input::Settled { visit, run: 1, outcome, plugin: None, retry, spread: 0.0 };
    assert_eq!(run.input(late), Err(Refused::Ended));
}

#[test]
fn an_execution_on_a_single_path_has_nothing_to_remember() {
    let mut run = Run::started(drawn(&["t>a", "a>b"]));
    run.done("a");
    assert!(run.execution.marking.is_empty());
}

#[test]
fn what_was_stored_before_there_were_forks_reads_as_it_did() {
    let graph = drawn(&["t>a"]);
    let text = serde_json::to_value(&graph).expect("JSON");
    assert!(text["steps"][0].get("follow").is_none() && text["transitions"][0].get("looping").is_none());
    assert_eq!(serde_json::from_value::<Graph>(text).expect("a graph"), graph);
    let forked = looping(drawn(&["t>f", "f>j"]), "f>j", Looping::Back { max: 3 });
    let text = serde_json::to_value(&forked).expect("JSON");
    assert_eq!((&text["steps"][1]["follow"], &text["steps"][2]["join"]), (&json!("all"), &json!("all")));
    assert_eq!(text["transitions"][1]["looping"], json!({ "back": { "max": 3 } }));
    assert_eq!(serde_json::from_value::<Graph>(text).expect("a graph"), forked);
}

#[path = "walk_loop_tests.rs"]
mod loops;
