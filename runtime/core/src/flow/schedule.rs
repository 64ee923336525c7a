//! When a task begins by itself (spec epilot-flows, 11.5).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calendar::Span;
use super::due::reading;
use super::facts::Facts;
use crate::time::Timestamp;

/// When a task begins, once it is current.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// At once.
    Immediate,
    /// So long after it has become current.
    Delayed(Span),
    /// So long before or after something.
    Relative {
        /// Before it, else after.
        before: bool,
        /// How long.
        span: Span,
        /// What.
        to: Reference,
    },
}

/// What a schedule counts from. Tasks are named by the template's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The start of the flow.
    FlowStarted,
    /// The completion of a task.
    TaskCompleted(String),
    /// A date of an entity: of this schema, or of the primary one.
    Attribute {
        /// Of which schema.
        schema: Option<String>,
        /// Which of its attributes.
        attribute: String,
    },
    /// All direct predecessors are done.
    AllPreceding,
}

/// A schedule that is armed, or could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// Its id; none if it is not armed, or if its time came while nobody could work on the task.
    pub id: Option<String>,
    /// When it fires.
    pub at: Option<Timestamp>,
    /// Why it could not be armed.
    pub error: Option<ArmError>,
}

/// Why a schedule cannot be armed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmError {
    /// A stable word, in the vendor's spelling.
    pub code: String,
    /// A sentence for people.
    pub reason: String,
    /// What it was computed from.
    pub info: Value,
}

impl Armed {
    /// Whether its time came while nobody could work on the task.
    pub(crate) fn is_overdue(&self) -> bool {
        self.id.is_none() && self.at.is_some() && self.error.is_none()
    }
}

impl ArmError {
    fn new(code: &str, reason: impl Into<String>, info: Value) -> Self {
        Self { code: code.to_owned(), reason: reason.into(), info }
    }

    /// The text in which surfaces show it.
    pub fn shown(&self) -> String {
        json!({ "error_code": self.code, "error_reason": self.reason, "error_info": self.info }).to_string()
    }
}

impl Schedule {
    /// Whether it counts from a date of an entity, so that a change of the entity changes it.
    pub fn watches(&self) -> bool {
        matches!(self, Self::Relative { to: Reference::Attribute { .. }, .. })
    }

    /// When it fires if it is armed at `now`; none while what it counts from is not there yet.
    pub fn fire_time(&self, facts: &Facts<'_>, now: Timestamp) -> Result<Option<Timestamp>, ArmError> {
        match self {
            Self::Immediate => Ok(Some(now)),
            Self::Delayed(span) => checked(*span, now, false).map(Some),
            Self::Relative { before, span, to } => {
                let Some(from) = moment(to, facts)? else { return Ok(None) };
                let at = checked(*span, from, *before)?;
                if at < now {
                    let info = json!({ "scheduled_at": at.to_rfc3339() });
                    return Err(ArmError::new("SCHEDULE_IN_PAST", "the time of the schedule has passed", info));
                }
                Ok(Some(at))
            }
        }
    }
}

fn checked(span: Span, from: Timestamp, before: bool) -> Result<Timestamp, ArmError> {
    let wrong = || {
        let info = json!({ "duration": span.amount });
        ArmError::new("INVALID_SCHEDULE_CONFIG", "the duration must be more than 0 and at most 1000 years", info)
    };
    if span.amount <= 0.0 {
        return Err(wrong());
    }
    span.from(from, before).ok_or_else(wrong)
}

fn moment(to: &Reference, facts: &Facts<'_>) -> Result<Option<Timestamp>, ArmError> {
    match to {
        Reference::FlowStarted => Ok(Some(facts.started_at)),
        Reference::TaskCompleted(key) => Ok(facts.completed(key)),
        Reference::AllPreceding => Ok(facts.all_preceding),
        Reference::Attribute { schema, attribute } => date_of(schema.as_deref(), attribute, facts).map(Some),
    }
}

fn date_of(schema: Option<&str>, attribute: &str, facts: &Facts<'_>) -> Result<Timestamp, ArmError> {
    let info = || json!({ "schema": schema, "attribute": attribute });
    let value = facts.attribute(schema, attribute);
    let missing = || ArmError::new("INVALID_SCHEDULE_CONFIG", format!("the date {attribute:?} is empty"), info());
    let unreadable = || ArmError::new("INVALID_SCHEDULE_CONFIG", format!("{attribute:?} is no date"), info());
    match value {
        None | Some(Value::Null) => Err(missing()),
        Some(Value::String(text)) if text.trim().is_empty() => Err(missing()),
        Some(Value::String(text)) => reading(text).ok_or_else(unreadable),
        Some(_) => Err(unreadable()),
    }
}
