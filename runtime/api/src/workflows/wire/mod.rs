//! Types named and shaped as on the wire of the workflows surface (spec plunk-workflows, 2 and 3).

pub(super) mod dry_run;
pub(super) mod execution;
pub(super) mod journal;
pub(super) mod stats;
mod step;
mod version;
mod workflow;

pub(super) use dry_run::{Arrival, DryRunRequest, DryRunResult, StepOutcome, Visited, WouldSend};
pub(super) use execution::{
    CancelledAll, ContactRef, Execution, ExecutionDetail, ExecutionPage, ListedExecution, StartExecution,
    StepExecution, StepFailure, StepRef,
};
pub(super) use journal::{Journal, JournalEntry};
pub(super) use stats::{Counts, StepStats, VersionCounts, WorkflowStats};
pub(super) use step::{
    AddStep, CreateTransition, DetailedStep, InsertStep, PatchStep, Position, RemovedStep, RemovedSteps, Retry, Step,
    TemplateRef, Transition,
};
pub(super) use version::{Version, VersionDetail};
pub(super) use workflow::{
    CreateWorkflow, Field, FieldCategory, FieldType, Fields, ListedWorkflow, PatchWorkflow, PatchedWorkflow,
    ProjectRef, ReentryPolicy, Workflow, WorkflowCount, WorkflowDetail,
};
