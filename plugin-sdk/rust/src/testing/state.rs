//! What the fakes know and record. One state a thread: tests on other threads do not see it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::http::{Error, Request, Response};
use crate::outbox::Email;
use crate::templates::Template;
use crate::{Failure, Outcome, Timestamp};

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::new());
}

/// One buffered write of a step, in the order of the calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// `contacts::update`: the contact and the change as it went to the host.
    UpdateContact(String, Value),
    /// `events::emit`: the name and the data.
    EmitEvent(String, Value),
    /// `outbox::queue_email`.
    QueueEmail(Email),
    /// A write to the key-value store: bucket, key, and the value, `None` when it was deleted.
    SetValue(String, String, Option<Vec<u8>>),
    /// `runs::start`: what was started and with which input.
    StartRun(String, Value),
}

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) contacts: BTreeMap<String, Value>,
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) events: Vec<(String, Timestamp)>,
    pub(super) connections: BTreeMap<String, Vec<u8>>,
    pub(super) values: BTreeMap<(String, String), Vec<u8>>,
    pub(super) answers: VecDeque<Result<Response, Error>>,
    pub(super) requests: Vec<Request>,
    pub(super) effects: Vec<Effect>,
    pub(super) log: Vec<String>,
    pub(super) branches: Vec<String>,
    pub(super) startable: BTreeSet<String>,
    pub(super) runs: BTreeMap<String, Value>,
    denied: BTreeSet<String>,
}

impl State {
    fn new() -> Self {
        let signing = (crate::connections::WEBHOOK_SIGNING.to_owned(), b"webhook-secret".to_vec());
        Self { connections: BTreeMap::from([signing]), ..Self::default() }
    }

    /// Whether the test denies a capability, by the name of its face.
    pub(super) fn denies(&self, face: &str) -> bool {
        self.denied.contains(face)
    }
}

/// Reads or changes the state of this thread.
pub(super) fn with<T>(act: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(act)
}

/// Runs a step and drops what it wrote if it fails; requests and the log stay.
pub(super) fn transaction(step: impl FnOnce() -> Result<Outcome, Failure>) -> Result<Outcome, Failure> {
    let before = with(|state| {
        state.branches.clear();
        state.clone()
    });
    let outcome = step();
    if !matches!(outcome, Ok(Outcome::Completed(_))) {
        with(|state| state.branches.clear());
    }
    if matches!(outcome, Err(_) | Ok(Outcome::Failed(_))) {
        with(|state| {
            state.contacts = before.contacts;
            state.values = before.values;
            state.effects = before.effects;
        });
    }
    outcome
}

/// The fakes of this thread: set them up before a step runs, look at them afterwards.
pub struct TestHost(());

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHost {
    /// An empty host, with only the connection `webhook-signing` (its secret is `webhook-secret`).
    pub fn new() -> Self {
        with(|state| *state = State::new());
        Self(())
    }

    /// Adds a contact: an object with an `id`.
    pub fn contact(&self, contact: Value) {
        let id = contact.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        with(|state| state.contacts.insert(id, contact));
    }

    /// Adds a template.
    pub fn template(&self, template: Template) {
        with(|state| state.templates.insert(template.id.clone(), template));
    }

    /// Adds an event of the contact, to be counted.
    pub fn event(&self, name: &str, time: Timestamp) {
        with(|state| state.events.push((name.to_owned(), time)));
    }

    /// Adds a stored credential.
    pub fn connection(&self, name: &str, secret: &[u8]) {
        with(|state| state.connections.insert(name.to_owned(), secret.to_vec()));
    }

    /// Adds a workflow by its id, or a step type by its name, that can be started.
    pub fn startable(&self, what: &str) {
        with(|state| state.startable.insert(what.to_owned()));
    }

    /// Says how a run stands: `{executionId, status, output, reason}`.
    pub fn run(&self, id: &str, standing: Value) {
        with(|state| state.runs.insert(id.to_owned(), standing));
    }

    /// Scripts what the next request without an answer gets. Requests beyond the script find no connection.
    pub fn answer(&self, answer: Result<Response, Error>) {
        with(|state| state.answers.push_back(answer));
    }

    /// Denies every further call of a capability, by the name of its face: `contacts`, `outbox`, …
    pub fn deny(&self, face: &str) {
        with(|state| state.denied.insert(face.to_owned()));
    }

    /// What steps wrote through transactional capabilities.
    pub fn effects(&self) -> Vec<Effect> {
        with(|state| state.effects.clone())
    }

    /// What the last call followed with [`Outcome::on_all`], if it completed.
    pub fn branches(&self) -> Vec<String> {
        with(|state| state.branches.clone())
    }

    /// The requests that were sent.
    pub fn requests(&self) -> Vec<Request> {
        with(|state| state.requests.clone())
    }

    /// What was logged.
    pub fn log(&self) -> Vec<String> {
        with(|state| state.log.clone())
    }
}
