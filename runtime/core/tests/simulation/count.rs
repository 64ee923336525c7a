//! What happened in a simulation, counted: a simulator in which nothing happens proves nothing.

use std::fmt;

use stepwell_core::flow::{HappeningKind, TaskStatus};
use stepwell_core::{Changes, JournalKind};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Something worth counting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Count { $($(#[$doc])* $name),* }

        impl Count {
            pub(crate) const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];
        }
    };
}

counts! {
    /// Whole schedules.
    Schedules,
    /// Operations of schedules.
    Operations,
    /// Executions.
    Started,
    /// Executions that ended.
    Ended,
    /// Runs of steps.
    Runs,
    /// Commits of several steps of one execution.
    Chains,
    /// Decisions that core refused: late answers, wake-ups that came twice.
    Refused,
    /// Commits refused because the execution had changed.
    Fenced,
    /// Commits refused because the lease was lost.
    LeasesLost,
    /// Entries that the re-entry rule refused.
    EntriesRefused,
    /// Commits that failed as a whole.
    CommitsFailed,
    /// Commits whose node never heard of them.
    AnswersLost,
    /// Nodes that lost their memory.
    Crashes,
    /// Visits taken over from a node that lost its lease.
    TakenOver,
    /// Jobs that came twice.
    Doubled,
    /// Commits that made several visits of one execution due.
    Forks,
    /// Paths that were held at a join.
    Held,
    /// Joins that were entered after paths were held there.
    Joined,
    /// New passes of loops.
    Passes,
    /// Runs of a step while another node ran another step of the same execution.
    Beside,
    /// Outcomes that were decided anew, without another run, because the execution had changed meanwhile.
    DecidedAnew,
    /// Clock jumps.
    Jumps,
    /// New versions.
    Edits,
    /// Failed executions that were taken up again.
    Retried,
    /// Executions that were cancelled.
    Cancelled,
    /// Flows that people started.
    Flows,
    /// What people did to them.
    Acts,
    /// Acts in whose commit components ran.
    ActsWithSteps,
    /// Acts that are not allowed.
    ActsRefused,
    /// Acts that changed nothing.
    ActsOfNothing,
    /// Flows that were done or closed by an act.
    FlowsEnded,
    /// Flows that were opened again.
    FlowsReopened,
    /// Times that a flow went back.
    Reverts,
    /// Tasks that were added.
    TasksAdded,
    /// Schedules that were armed.
    Armed,
    /// Decisions that wait until a condition is met.
    Stuck,
    /// Phases that were completed.
    PhasesCompleted,
    /// Executions that automations started.
    Children,
    /// Waits that were ended from outside.
    Nudges,
    /// Changes of the entity that flows are about.
    EntityChanges,
}

/// How often each was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen([u64; Count::ALL.len()]);

impl Default for Seen {
    fn default() -> Self {
        Self([0; Count::ALL.len()])
    }
}

impl Seen {
    pub(crate) fn add(&mut self, count: Count) {
        self.0[count as usize] += 1;
    }

    /// Counts what a change does to the paths of an execution.
    pub(crate) fn of_paths(&mut self, changes: &Changes) {
        let times = |kind| changes.journal.iter().filter(|entry| entry.kind == kind).count() as u64;
        self.0[Count::Held as usize] += times(JournalKind::StepHeld);
        self.0[Count::Passes as usize] += times(JournalKind::PassBegun);
        self.0[Count::Forks as usize] += u64::from(changes.ready().count() > 1);
    }

    /// Counts what a change does to what people see.
    pub(crate) fn of_people(&mut self, changes: &Changes) {
        let Some(people) = changes.people.as_deref() else { return };
        let times = |kind| changes.journal.iter().filter(|entry| entry.kind == kind).count() as u64;
        self.0[Count::Reverts as usize] += times(JournalKind::TaskReverted);
        self.0[Count::TasksAdded as usize] += times(JournalKind::TaskAdded);
        self.0[Count::FlowsReopened as usize] += times(JournalKind::FlowReopened);
        let now = |status| people.tasks.iter().filter(|task| task.status == status).count() as u64;
        self.0[Count::Armed as usize] += now(TaskStatus::Scheduled);
        self.0[Count::Stuck as usize] += now(TaskStatus::ConditionPending);
        let completed = people.happened.iter().filter(|it| it.kind == HappeningKind::PhaseCompleted).count();
        self.0[Count::PhasesCompleted as usize] += completed as u64;
    }

    /// Counts what somebody did.
    pub(crate) fn of_act(&mut self, ended: bool) {
        self.add(Count::Acts);
        if ended {
            self.add(Count::FlowsEnded);
        }
    }

    pub(crate) fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for count in Count::ALL {
            let name = format!("{count:?}");
            writeln!(f, "  {name:<16}{:>12}", self.of(count))?;
        }
        Ok(())
    }
}
