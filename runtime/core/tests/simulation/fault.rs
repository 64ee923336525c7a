//! The rules of a world, and the ways to break them: the simulator must notice each.

/// What is deliberately wrong with a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A commit overwrites what was changed since it was decided on.
    NoCompareAndSet,
    /// A commit that fails leaves the outcome there, but not its effects.
    TornCommit,
    /// Effects are written when the step ran, before its outcome is.
    EffectsBeforeCommit,
    /// The row of a wait stays when it is over.
    WakeKeepsWait,
    /// A contact may enter whatever its other executions.
    NoReentryIndex,
    /// A due visit runs without a look at whether it still should.
    NoLook,
    /// An answer is taken for whatever run the visit is at.
    AnyRun,
    /// The store keeps nothing of the paths that an execution went.
    ForgetsWay,
    /// Paths that another path ended stay as they are.
    SkipsNobody,
    /// A join is read as a step that any path enters.
    JoinsAny,
    /// A fork is read as a step that follows one edge.
    ForksNot,
    /// Running executions see edits of their definition.
    NewestGraph,
    /// Nobody takes over what a crashed node ran.
    NoTakeOver,
    /// Nobody looks for waits whose time has come.
    NoTimer,
    /// A task that is done stays current.
    StaysCurrent,
    /// Of a flow only its end is written, not how its phases stand.
    StalePhases,
    /// What started an execution never hears of its end.
    ForgetsParent,
}

/// How a world behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) fault: Option<Fault>,
    /// Whether the store refuses a commit from a node that has lost its lease. Everything must hold without it too.
    pub(crate) leases_fence: bool,
}

impl Rules {
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}
