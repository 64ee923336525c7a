//! What steps answer: by their type, and by chance. Every step comes to an end: what could go on for ever is counted.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Chance;
use serde_json::{Value, json};
use stepwell_core::{
    Completion, EventWait, ExecutionId, Failure, Outcome, Step, StepExecution, Timestamp, WaitRequest, Wake,
};

/// The names of events that happen. The last is emitted by the server and has an alias.
pub(crate) const HAPPENS: [&str; 4] = ["signed_up", "paid", "left", "email.click"];
/// The names that steps wait for, among them the alias.
const AWAITED: [&str; 4] = ["signed_up", "paid", "left", "email.clicked"];
/// How often one visit is resumed at most.
const MOST_RESUMES: u32 = 4;

/// What one run of a step brought.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) outcome: Outcome,
    /// Events it emits in the commit of its outcome.
    pub(crate) events: Vec<&'static str>,
    /// The execution that it starts in that commit and waits for.
    pub(crate) child: Option<ExecutionId>,
}

impl Report {
    /// Starts nothing any more.
    pub(crate) fn bounded(&mut self) {
        self.events.clear();
        self.child = None;
    }
}

/// How steps answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it comes.
    Any,
    /// Without new executions and, since the visits of this one are many, with an end.
    Ending,
}

/// What a run of a visit answers. A failed run brings no effects: the plugin host drops them.
pub(crate) fn answer(step: &Step, visit: &StepExecution, now: Timestamp, mood: Mood, chance: &mut Chance) -> Report {
    let outcome = match mood {
        Mood::Any if chance.random_bool(0.04) => odd(now, chance),
        Mood::Any => usual(&step.step_type, visit, now, chance),
        Mood::Ending => Outcome::Exited { reason: None },
    };
    let emits = mood == Mood::Any && !matches!(outcome, Outcome::Failed(_)) && chance.random_bool(0.1);
    Report { outcome, events: if emits { vec![one_of(&HAPPENS, chance)] } else { vec![] }, child: None }
}

fn usual(step_type: &str, visit: &StepExecution, now: Timestamp, chance: &mut Chance) -> Outcome {
    let fresh = visit.state.is_none();
    match step_type {
        "condition" => completed(Some(one_of(&["yes", "no", "maybe"], chance))),
        "wait" if fresh || again(visit, chance) => Outcome::Waiting(wait_for_event(now, chance)),
        "wait" => completed(Some(if matches!(visit.wake, Some(Wake::Event(_))) { "event" } else { "timeout" })),
        "delay" if fresh => {
            Outcome::Waiting(WaitRequest { until: Some(soon(now, chance)), state: json!(1), ..WaitRequest::default() })
        }
        "task" if fresh || again(visit, chance) => Outcome::Waiting(WaitRequest {
            task: Some(json!("call them")),
            until: chance.random_bool(0.5).then(|| soon(now, chance)),
            state: json!(1),
            ..WaitRequest::default()
        }),
        "pages" if fresh || again(visit, chance) => Outcome::Checkpoint { state: json!(visit.resumes) },
        "exit" => Outcome::Exited { reason: None },
        "work" if chance.random_bool(0.3) => failed(chance),
        _ => completed(None),
    }
}

/// Any answer at all, whatever the step is for.
fn odd(now: Timestamp, chance: &mut Chance) -> Outcome {
    match chance.random_range(0..4) {
        0 => failed(chance),
        1 => Outcome::Exited { reason: Some("enough".into()) },
        2 => completed(Some("error")),
        _ => Outcome::Waiting(WaitRequest { until: Some(now), state: Value::Null, ..WaitRequest::default() }),
    }
}

fn again(visit: &StepExecution, chance: &mut Chance) -> bool {
    visit.resumes < MOST_RESUMES && chance.random_bool(0.4)
}

fn completed(branch: Option<&str>) -> Outcome {
    let merge_event = json!({ "seen": 1 });
    Outcome::Completed(Completion {
        output: json!({ "n": 1 }),
        branch: branch.map(str::to_owned),
        merge_event,
        ..Completion::default()
    })
}

pub(crate) fn failed(chance: &mut Chance) -> Outcome {
    let mut failure = Failure::passing("busy", "busy");
    failure.retryable = chance.random_bool(0.8);
    failure.retry_after_ms = chance.random_bool(0.2).then(|| chance.random_range(0..50_000));
    Outcome::Failed(failure)
}

fn wait_for_event(now: Timestamp, chance: &mut Chance) -> WaitRequest {
    WaitRequest {
        until: chance.random_bool(0.6).then(|| soon(now, chance)),
        event: Some(EventWait { name: one_of(&AWAITED, chance).to_owned(), filter: None }),
        task: None,
        state: json!("waits"),
        output: Value::Null,
    }
}

/// Sometimes over already.
fn soon(now: Timestamp, chance: &mut Chance) -> Timestamp {
    now.plus_millis(chance.random_range(-1_000..200_000))
}

fn one_of(names: &[&'static str], chance: &mut Chance) -> &'static str {
    names[chance.random_range(0..names.len())]
}
