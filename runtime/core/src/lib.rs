//! Stepwell's domain: the nouns, and the pure state machine that moves them. No I/O, no clock, no chance.
#![deny(missing_docs)]

mod advance;
mod branch;
mod changes;
mod clock;
mod contact;
mod decision;
mod definition;
mod effect;
mod end;
mod event;
mod execution;
pub mod flow;
mod id;
mod journal;
mod marking;
mod message;
mod outcome;
mod paths;
mod plugin;
mod retry;
mod runner;
mod schedule;
mod start;
mod template;
pub mod testing;
mod time;
mod visit;
mod volume;
mod walk;

pub use advance::{ERROR_BRANCH, Input, MAX_RESUMES, Refused, State, advance};
pub use changes::Changes;
pub use clock::{Clock, Given, IdSource, SequentialIds};
pub use contact::{Contact, ContactChange, MAX_CONTACT_DATA, MergeRule, RESERVED_KEYS, merge, normalise_email};
pub use definition::{
    Definition, DefinitionKind, Follow, Graph, Guard, Join, Looping, Position, Reentry, Step, TRIGGER, Transition,
    TriggerKind,
};
pub use effect::{ChildTarget, Effect};
pub use event::{Event, SYSTEM_EVENTS, canonical_name, is_reserved};
pub use execution::{Execution, ExecutionStatus, StepExecution, StepStatus, Wait};
pub use id::{
    ApiKeyId, ConnectionId, ContactId, DefinitionId, EventId, ExecutionId, MessageId, StepExecutionId, StepId, TaskId,
    TemplateId, TransitionId, WorkspaceId,
};
pub use journal::{JournalEntry, JournalKind};
pub use marking::Marking;
pub use message::{Consent, Email, Message, MessageStatus};
pub use outcome::{Completion, EventWait, Failure, Outcome, ReceivedEvent, WaitRequest, Wake};
pub use plugin::{
    BadDigest, Digest, Grant, PluginError, PluginHost, PluginInfo, PluginSource, Problem, StepDescriptor,
};
pub use retry::RetryPolicy;
pub use runner::{
    Call, Connection, DataUnavailable, LogLine, Mode, PluginData, Runnable, StepContext, StepReport, StepRequest,
    StepRunner, Touches,
};
pub use schedule::{BadSchedule, CronSchedule};
pub use start::{NoTrigger, Start, start};
pub use template::{Template, TemplateKind};
pub use time::Timestamp;
pub use volume::{LARGE_VALUE, MAX_KEPT, MAX_VALUE, kept_bytes};
