//! Effect boundaries: steps whose components touch nothing outside run one after the other in memory and are stored in one
//! commit, just before the next outside effect, wait or end. A crash before it loses nothing but work: none of them could act.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepwell_core::{
    Changes, Effect, Execution, Graph, Input, RetryPolicy, State, StepExecution, StepReport, StepStatus, Touches,
    advance, flow::People,
};
use stepwell_store::{Seen, StoreError, claim, contact, execution, flow};

use crate::commit::Settled;
use crate::decided::{self, Decided, Ran};
use crate::engine::Inner;
use crate::heads::Head;
use crate::known::Known;
use crate::queue::Ticket;
use crate::step::{self, Due, Surroundings};

/// The most steps in one commit, and the longest time they may take together: a commit stays small, and a crash repeats little.
const MAX_STEPS: usize = 32;
const MAX_TIME: Duration = Duration::from_millis(50);

/// The same for a flow: each further commit would read and decide about all of its tasks again.
const MAX_FLOW_STEPS: usize = 1_024;
const MAX_FLOW_TIME: Duration = Duration::from_secs(1);

/// How long to wait before a commit that the database does not take is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Steps of one execution that ran and are not stored yet.
pub(crate) struct Chain {
    pub(crate) around: Surroundings,
    /// How the contact's row stood when it was read, where that says something.
    contact_seen: Option<Seen>,
    execution: Arc<Execution>,
    /// The step executions that are not done, as the steps so far left them.
    visits: Vec<StepExecution>,
    /// The visit that is to run now.
    current: StepExecution,
    /// Others that are due, and may run as well before anything is stored.
    queue: VecDeque<StepExecution>,
    changes: Option<Changes>,
    ran: Vec<Ran>,
    began: Instant,
}

impl Chain {
    /// Loads what a due visit needs; `None` if it is not to be run any more.
    pub(crate) async fn load(inner: &Inner, ticket: &Ticket) -> Result<Option<Self>, StoreError> {
        match inner.known.take(ticket.visit).filter(|known| known.is_fresh(&inner.store)) {
            Some(known) => Self::known(inner, known, ticket).await,
            None => Self::read(inner, ticket).await,
        }
    }

    /// From what the commit that made the visit due has left in memory.
    async fn known(inner: &Inner, mut known: Known, ticket: &Ticket) -> Result<Option<Self>, StoreError> {
        let Some((head, graph)) = pinned(inner, &known.execution).await? else { return Ok(None) };
        let (contact, contact_seen) = match (known.execution.contact_id, known.take_contact(&inner.store)) {
            (_, Some((contact, seen))) => (Some(contact), Some(seen)),
            (Some(id), None) => {
                let seen = inner.store.seen(id.0);
                (contact::get(&mut inner.store.glance().await?, ticket.workspace, id).await?, seen)
            }
            (None, None) => (None, None),
        };
        let Known { execution, visits, outputs, .. } = known;
        let around = Surroundings { head, graph, contact, outputs, people: None };
        Ok(Self::begin(ticket, execution, visits, around, contact_seen))
    }

    /// From the database.
    async fn read(inner: &Inner, ticket: &Ticket) -> Result<Option<Self>, StoreError> {
        let mut conn = inner.store.quick_reader().await?;
        let stored = execution::state(&mut conn, ticket.workspace, ticket.execution).await?;
        let Some((execution, visits)) = stored else { return Ok(None) };
        // It may have run along with another.
        if !visits.iter().any(|visit| runs(visit, ticket)) {
            return Ok(None);
        }
        if !claim::holds(&mut conn, ticket.visit).await? {
            return Ok(None);
        }
        let contact = match execution.contact_id {
            Some(id) => contact::get(&mut conn, ticket.workspace, id).await?,
            None => None,
        };
        let outputs = execution::outputs(&mut conn, ticket.workspace, execution.id).await?;
        // Before others are asked for: who holds one and waits for another may wait for itself.
        drop(conn);
        let Some((head, graph)) = pinned(inner, &execution).await? else { return Ok(None) };
        let people = match graph.has_tasks() {
            true => flow::people(&mut inner.store.quick_reader().await?, &execution, &graph).await?,
            false => None,
        };
        let around = Surroundings { head, graph, contact, outputs, people };
        // Its row may have changed between the moment that was read and now.
        Ok(Self::begin(ticket, Arc::new(execution), visits, around, None))
    }

    /// `None` if the visit is not to be run any more.
    fn begin(
        ticket: &Ticket,
        execution: Arc<Execution>,
        visits: Vec<StepExecution>,
        around: Surroundings,
        contact_seen: Option<Seen>,
    ) -> Option<Self> {
        let current = visits.iter().find(|visit| runs(visit, ticket)).cloned()?;
        Some(Self {
            around,
            contact_seen,
            execution,
            visits,
            current,
            queue: VecDeque::new(),
            changes: None,
            ran: Vec::new(),
            began: Instant::now(),
        })
    }

    /// From what a person has done: `changes` are decided and not stored. `None` if nothing can run before that.
    pub(crate) fn of_act(
        inner: &Inner,
        around: Surroundings,
        visits: Vec<StepExecution>,
        changes: Changes,
    ) -> Result<Self, Box<(Surroundings, Changes)>> {
        let Some(current) = changes.ready().next().cloned() else {
            let mut around = around;
            take_over(&mut around, &changes);
            return Err(Box::new((around, changes)));
        };
        let mut chain = Self {
            around,
            contact_seen: None,
            execution: Arc::new(changes.execution.clone()),
            visits,
            current,
            queue: VecDeque::new(),
            changes: None,
            ran: Vec::new(),
            began: Instant::now(),
        };
        chain.queue = chain.follow(&changes).into();
        let begins = chain.next(inner);
        match begins {
            true => {
                chain.changes = Some(changes);
                Ok(chain)
            }
            false => Err(Box::new((chain.around, changes))),
        }
    }

    /// What was decided, what ran, and how things stand with it.
    pub(crate) fn into_parts(self) -> (Surroundings, Option<Changes>, Vec<Ran>) {
        (self.around, self.changes, self.ran)
    }

    /// The visit to run now.
    pub(crate) fn due(&self) -> Due {
        Due { execution: self.execution.clone(), visit: self.current.clone() }
    }

    /// Whether there is nothing to store yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_none()
    }

    /// Takes a step's answer. `true` if the step behind it can run before anything is stored.
    pub(crate) fn settle(&mut self, inner: &Inner, report: StepReport, retry: RetryPolicy) -> bool {
        let (due, stamp, spread) = (self.due(), inner.stamp(), rand::random::<f64>());
        let input = Input::Settled {
            visit: due.visit.id,
            run: due.visit.run(),
            outcome: report.outcome.clone(),
            plugin: report.plugin,
            retry,
            spread,
        };
        let state = State {
            graph: &self.around.graph,
            execution: &self.execution,
            visits: &self.visits,
            people: self.around.people.as_ref(),
        };
        let changes = match advance(state, input, &stamp.given()) {
            Ok(changes) => changes,
            Err(refused) => {
                tracing::warn!(visit = %due.visit.id, %refused, "an answer that its own state refuses");
                return false;
            }
        };
        self.ran.push(Ran { due, report, retry, spread, stamp });
        let due = self.follow(&changes);
        // Paths that go on side by side are the dispatcher's, but for those of a flow.
        if self.is_flow() || due.len() == 1 {
            self.queue.extend(due);
        }
        self.changes = Some(match self.changes.take() {
            Some(before) => before.then(changes),
            None => changes,
        });
        self.next(inner)
    }

    /// Takes the next due visit that may run before anything is stored. The others are left for the dispatcher.
    fn next(&mut self, inner: &Inner) -> bool {
        while let Some(next) = self.queue.pop_front() {
            if self.may_go_on(inner, &next) {
                self.current = next;
                return true;
            }
        }
        false
    }

    /// Moves the state in memory on, and gives the visits that are due by it.
    fn follow(&mut self, changes: &Changes) -> Vec<StepExecution> {
        self.execution = Arc::new(changes.execution.clone());
        for visit in &changes.visits {
            self.visits.retain(|known| known.id != visit.id);
            match (visit.status, &visit.output) {
                (StepStatus::Completed, Some(output)) => self.around.outputs.push((visit.step_id, output.clone())),
                (status, _) if !status.is_done() => self.visits.push(visit.clone()),
                _ => {}
            }
        }
        self.apply_to_contact();
        take_over(&mut self.around, changes);
        changes.ready().cloned().collect()
    }

    /// The next step sees the contact as the last one left it.
    fn apply_to_contact(&mut self) {
        let (Some(ran), Some(contact)) = (self.ran.last(), &mut self.around.contact) else { return };
        for effect in &ran.report.effects {
            if let Effect::UpdateContact { contact_id, change } = effect
                && *contact_id == contact.id
            {
                contact.apply(change, ran.stamp.now);
            }
        }
    }

    fn may_go_on(&self, inner: &Inner, next: &StepExecution) -> bool {
        // A checkpoint asks to be stored.
        if self.ran.last().is_some_and(|ran| ran.due.visit.id == next.id) {
            return false;
        }
        if self.around.head.definition.commit_every_step {
            return false;
        }
        let Some(step) = self.around.graph.step(next.step_id) else { return false };
        let touches = inner.runner.touches(step.plugin, next.workspace_id, &step.step_type);
        let effects = self.ran.iter().flat_map(|ran| &ran.report.effects);
        let (steps, time) = if self.is_flow() { (MAX_FLOW_STEPS, MAX_FLOW_TIME) } else { (MAX_STEPS, MAX_TIME) };
        self.ran.len() < steps && self.began.elapsed() < time && may_share(touches, effects)
    }

    /// Whether people work on it.
    fn is_flow(&self) -> bool {
        self.around.people.is_some()
    }

    /// Stores everything in one commit.
    ///
    /// While the database takes no writes, what the steps did is kept and tried again: to run them again would repeat what they
    /// did outside.
    pub(crate) async fn commit(self, inner: &Inner) -> Result<Settled, StoreError> {
        let Self { around, contact_seen, execution, visits, changes, ran, .. } = self;
        let Some(changes) = changes else { return Ok(Settled::default()) };
        let entities = around.people.as_ref().map(|people| people.entities.clone()).unwrap_or_default();
        let decided = Arc::new(Decided { changes, ran, entities });
        let mut pause = FIRST_PAUSE;
        let mut settled = loop {
            let decided = Arc::clone(&decided);
            let stored = inner.store.write_for(decided.changes.execution.workspace_id, move |conn| {
                Box::pin(async move { decided::store(conn, &decided).await })
            });
            match stored.await {
                Err(error) if error.may_pass() && !inner.stopping() => {
                    // The committer has logged it, once for all that it was to store.
                    tracing::debug!(error = &error as &dyn std::error::Error, "steps that ran wait to be stored");
                }
                settled => break settled?,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        if let (Some(seen), &[due]) = (settled.seen, settled.routed.due.as_slice())
            && due.execution == execution.id
            && around.people.is_none()
        {
            let changes = |ran: &Ran| ran.report.effects.iter().any(|e| matches!(e, Effect::UpdateContact { .. }));
            let unchanged = contact_seen.filter(|_| !decided.ran.iter().any(changes));
            let contact = settled.contact.take().or_else(|| around.contact.zip(unchanged));
            let known = Known { visit: due.visit, execution, visits, outputs: around.outputs, seen, contact };
            settled.routed.known.push(known);
        }
        Ok(settled)
    }
}

/// Whether this is the visit that is to run.
fn runs(visit: &StepExecution, ticket: &Ticket) -> bool {
    visit.id == ticket.visit && visit.status == StepStatus::Running
}

/// What people see, as it is with these changes.
fn take_over(around: &mut Surroundings, changes: &Changes) {
    let Some(changes) = &changes.people else { return };
    if let Some(graph) = &changes.graph {
        around.graph = Arc::new(graph.clone());
    }
    match &mut around.people {
        Some(people) => people.take_over(changes),
        none => *none = People::begun(changes),
    }
}

/// The head of an execution's definition and the graph of its version.
async fn pinned(inner: &Inner, of: &Execution) -> Result<Option<(Arc<Head>, Arc<Graph>)>, StoreError> {
    let head = inner.heads.find(&inner.store, of.workspace_id, of.definition_id).await?;
    Ok(head.zip(step::graph(&inner.store, of).await?))
}

/// Whether a step may run while these effects are not stored: it must touch nothing outside, and nothing that they change.
fn may_share<'e>(next: Touches, mut effects: impl Iterator<Item = &'e Effect>) -> bool {
    !next.outside
        && effects.all(|effect| match effect {
            Effect::UpdateContact { .. } => !next.contacts,
            Effect::EmitEvent { .. } => false,
            Effect::QueueEmail { .. } => true,
            Effect::SetValue { .. } | Effect::DeleteValue { .. } => !next.keyvalue,
            Effect::StartChild { .. } => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stepwell_core::{ContactChange, ContactId};
    use uuid::Uuid;

    const INSIDE: Touches = Touches { outside: false, contacts: false, events: false, keyvalue: false };

    fn update() -> Effect {
        Effect::UpdateContact { contact_id: ContactId(Uuid::from_u128(1)), change: ContactChange::default() }
    }

    fn emit() -> Effect {
        Effect::EmitEvent { name: "e".into(), contact_id: None, data: json!({}) }
    }

    #[test]
    fn a_step_that_touches_the_outside_never_runs_before_the_commit() {
        assert!(!may_share(Touches { outside: true, ..INSIDE }, [].iter()));
        assert!(may_share(INSIDE, [update()].iter()));
    }

    #[test]
    fn a_step_that_reads_what_is_not_stored_yet_waits_for_the_commit() {
        assert!(!may_share(Touches { contacts: true, ..INSIDE }, [update()].iter()));
        let set = Effect::SetValue { bucket: "a/b".into(), key: "k".into(), value: vec![] };
        assert!(!may_share(Touches { keyvalue: true, ..INSIDE }, [set.clone()].iter()));
        assert!(may_share(INSIDE, [set].iter()));
    }

    #[test]
    fn an_event_is_stored_before_anything_else_runs() {
        assert!(!may_share(INSIDE, [emit()].iter()));
    }
}
