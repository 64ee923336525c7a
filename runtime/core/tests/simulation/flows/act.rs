//! A node's part in what people do: what they do is decided with what components do about it at once, and stored in one commit.

use rand::RngExt;
use stepwell_core::flow::{Act, Deed, FlowStatus, People, Task};
use stepwell_core::{Changes, ExecutionId, ExecutionStatus, Input, advance};

use crate::count::Count;
use crate::loaded::Loaded;
use crate::nodes::{Ask, Job, Moment, Ran};

/// The most steps in the commit of an act.
const MOST_STEPS: usize = 8;

/// Somebody does something to a flow.
#[derive(Clone, Debug)]
pub(crate) struct Acting {
    pub(crate) id: ExecutionId,
    pub(crate) deed: Deed,
    /// The components that ran before anything was stored.
    pub(crate) ran: Vec<Ran>,
    /// The children that nobody waits for any more once it is stored.
    pub(crate) orphans: Vec<ExecutionId>,
}

impl Acting {
    pub(crate) fn new(id: ExecutionId, deed: Deed) -> Self {
        Self { id, deed, ran: vec![], orphans: vec![] }
    }

    /// The same to be decided on what is there then.
    pub(crate) fn anew(self) -> Self {
        Self::new(self.id, self.deed)
    }
}

impl Moment<'_> {
    pub(crate) fn act(&mut self, acting: Acting) -> Vec<Job> {
        let Acting { id, deed, .. } = acting;
        // One that was cancelled was deleted: nobody finds it any more.
        let loaded = self.world.load(id).filter(|it| it.execution.status != ExecutionStatus::Cancelled);
        let Some(mut loaded) = loaded else { return vec![] };
        let act = Input::Acted(Box::new(Act { by: "grace".into(), does: deed.clone() }));
        let Ok(changes) = advance(loaded.state(), act, &self.world.given(self.now)) else {
            self.world.seen.add(Count::ActsRefused);
            return vec![];
        };
        if is_nothing(&changes) {
            self.world.seen.add(Count::ActsOfNothing);
            return vec![];
        }
        let before = loaded.people.clone();
        let Some((ran, changes)) = self.at_once(&mut loaded, changes) else { return vec![] };
        let orphans = before.zip(loaded.people).map(|(before, after)| orphans(&before, &after)).unwrap_or_default();
        vec![Job::Apply(Ask::Act(Box::new(Acting { id, deed, ran, orphans })), Box::new(changes))]
    }

    /// Runs what an act makes due before anything is stored, as far as there is room.
    fn at_once(&mut self, loaded: &mut Loaded, mut changes: Changes) -> Option<(Vec<Ran>, Changes)> {
        let mut queue = loaded.follow(&changes);
        let mut ran = vec![];
        while ran.len() < MOST_STEPS && !queue.is_empty() && self.chance.random_bool(0.8) {
            let visit = queue.remove(0);
            if !loaded.visits.contains(&visit) {
                continue;
            }
            let (one, more) = self.answered(loaded, &visit)?;
            queue.extend(loaded.follow(&more));
            ran.push(one);
            changes = changes.then(more);
        }
        if !ran.is_empty() {
            self.world.seen.add(Count::ActsWithSteps);
        }
        Some((ran, changes))
    }
}

/// Whether an act leaves everything as it is.
fn is_nothing(changes: &Changes) -> bool {
    let nothing = changes.people.as_deref().is_none_or(|people| {
        people.flow.is_none() && people.tasks.is_empty() && people.removed.is_empty() && people.graph.is_none()
    });
    nothing && changes.visits.is_empty() && changes.waits_over.is_empty() && changes.journal.is_empty()
}

/// The children that were waited for before, and are not any more.
fn orphans(before: &People, after: &People) -> Vec<ExecutionId> {
    let goes_on = |people: &People| people.flow.status == FlowStatus::Started;
    if !goes_on(before) {
        return vec![];
    }
    let running = |task: &Task| {
        let run = task.data.run.as_ref().filter(|run| run.is_child && run.status.as_deref() == Some("in_progress"))?;
        run.id.as_ref()?.parse::<uuid::Uuid>().ok().filter(|_| !task.status.is_done()).map(ExecutionId::from)
    };
    let waited_for: Vec<_> = after.tasks.iter().filter(|_| goes_on(after)).filter_map(running).collect();
    before.tasks.iter().filter_map(running).filter(|id| !waited_for.contains(id)).collect()
}
