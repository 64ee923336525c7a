//! Core's words in the contract's, and back. What comes back is foreign: each text is bounded before it is read as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use stepwell_core::{
    Completion, Contact, ContactId, EventWait, Failure, Outcome, RetryPolicy, StepContext, StepDescriptor, Timestamp,
    WaitRequest, Wake,
};

use crate::bindings::stepwell::plugin::types as wit;
use crate::log::cut;

/// The longest reason, message, branch and name, in bytes.
const MAX_TEXT: usize = 4 * 1024;
const MAX_NAME: usize = 200;
const MAX_CODE: usize = 64;

/// An absent value.
const NULL: &str = "null";

/// What a step knows, as it goes in. Fails when it is larger than `most` bytes altogether.
pub(crate) fn context(context: &StepContext, most: usize) -> Result<wit::StepContext, Failure> {
    let given = wit::StepContext {
        workspace_id: context.workspace_id.to_string(),
        execution_id: context.execution_id.to_string(),
        step_id: context.step_id.to_string(),
        step_execution_id: context.step_execution_id.to_string(),
        attempt: context.attempt,
        idempotency_key: context.idempotency_key.clone(),
        now: timestamp(context.now),
        config: text(&context.config),
        contact: context.contact.as_ref().map_or_else(|| NULL.to_owned(), contact),
        event: text(&context.event),
        variables: text(&context.variables),
        outputs: text(&context.outputs),
        about: text(&context.about),
    };
    let texts = [&given.config, &given.contact, &given.event, &given.variables, &given.outputs, &given.about];
    bound_input(texts.iter().map(|text| text.len()).sum(), most)?;
    Ok(given)
}

/// A value as JSON. Like `to_string`, which takes several times as long.
fn text(value: &Value) -> String {
    match value {
        Value::Null => NULL.to_owned(),
        value => serde_json::to_string(value).unwrap_or_else(|_| value.to_string()),
    }
}

/// A contact's document, as [`Contact::document`] makes it, without making it first.
fn contact(contact: &Contact) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        id: ContactId,
        email: &'a str,
        subscribed: bool,
        data: &'a Map<String, Value>,
        created_at: String,
        updated_at: String,
    }
    let document = Document {
        id: contact.id,
        email: &contact.email,
        subscribed: contact.subscribed,
        data: &contact.data,
        created_at: contact.created_at.to_rfc3339(),
        updated_at: contact.updated_at.to_rfc3339(),
    };
    serde_json::to_string(&document).unwrap_or_else(|_| contact.document().to_string())
}

/// Refuses input that is too large for a guest.
pub(crate) fn bound_input(size: usize, most: usize) -> Result<(), Failure> {
    if size <= most {
        return Ok(());
    }
    let message = format!(
        "what the step would get has {size} bytes, {most} are allowed: keep the outputs of earlier steps and the event's data \
         small"
    );
    Err(Failure::fatal("input-limit", message))
}

/// What ended a wait, as it goes in, and the bytes of JSON in it.
pub(crate) fn wake(wake: &Wake) -> (wit::Wake, usize) {
    match wake {
        Wake::Timer => (wit::Wake::Timer, 0),
        Wake::Event(event) => {
            let data = event.data.to_string();
            let size = data.len();
            let event = wit::ReceivedEvent {
                id: event.id.to_string(),
                name: event.name.clone(),
                data,
                received_at: timestamp(event.received_at),
            };
            (wit::Wake::Event(event), size)
        }
        Wake::Task(entered) => {
            let entered = entered.to_string();
            let size = entered.len();
            (wit::Wake::Task(entered), size)
        }
        Wake::Checkpoint => (wit::Wake::Checkpoint, 0),
    }
}

/// A step's answer, or the failure that it is too large or malformed. `most` bounds each JSON text.
pub(crate) fn outcome(answer: wit::Outcome, most: usize) -> Result<Outcome, Failure> {
    let read = Reader { most };
    match answer {
        wit::Outcome::Completed(done) => read.completion(done).map(Outcome::Completed),
        wit::Outcome::Waiting(wait) => read.wait(wait).map(Outcome::Waiting),
        wit::Outcome::Checkpoint(state) => Ok(Outcome::Checkpoint { state: read.json("state", &state)? }),
        wit::Outcome::Exited(reason) => {
            Ok(Outcome::Exited { reason: reason.map(|reason| cut(&reason, MAX_TEXT).to_owned()) })
        }
        wit::Outcome::Failed(failed) => Ok(Outcome::Failed(failure(&failed))),
    }
}

fn failure(failed: &wit::Failure) -> Failure {
    let fine = !failed.code.is_empty() && failed.code.len() <= MAX_CODE && is_kebab(&failed.code);
    Failure {
        code: if fine { failed.code.clone() } else { "step-failed".to_owned() },
        message: cut(&failed.message, MAX_TEXT).to_owned(),
        retryable: failed.retryable,
        retry_after_ms: failed.retry_after.map(|wait| i64::try_from(wait).unwrap_or(i64::MAX)),
    }
}

struct Reader {
    most: usize,
}

impl Reader {
    fn completion(&self, done: wit::Completion) -> Result<Completion, Failure> {
        let merge_event: Value = self.json("merge-event", &done.merge_event)?;
        if !(merge_event.is_null() || merge_event.is_object()) {
            return Err(invalid("merge-event must be an object or null"));
        }
        if done.branch.as_ref().is_some_and(|branch| branch.len() > MAX_NAME) {
            return Err(invalid(&format!("the branch is longer than {MAX_NAME} bytes")));
        }
        Ok(Completion {
            output: self.json("output", &done.output)?,
            branch: done.branch,
            branches: Vec::new(),
            merge_event,
        })
    }

    fn wait(&self, wait: wit::Wait) -> Result<WaitRequest, Failure> {
        if wait.until.is_none() && wait.event.is_none() && wait.task.is_none() {
            return Err(invalid("a wait needs a time, an event or a task"));
        }
        Ok(WaitRequest {
            until: wait.until.map(|time| Timestamp(i64::try_from(time).unwrap_or(i64::MAX))),
            event: wait.event.map(|event| self.event_wait(event)).transpose()?,
            task: wait.task.map(|task| self.json("task", &task)).transpose()?,
            state: self.json("state", &wait.state)?,
            output: self.json("output", &wait.output)?,
        })
    }

    fn event_wait(&self, event: wit::EventWait) -> Result<EventWait, Failure> {
        if event.name.trim().is_empty() || event.name.len() > MAX_NAME {
            return Err(invalid(&format!("the event's name must have from 1 to {MAX_NAME} bytes")));
        }
        Ok(EventWait { name: event.name, filter: self.json("filter", &event.filter)? })
    }

    fn json<T: DeserializeOwned>(&self, what: &str, text: &str) -> Result<T, Failure> {
        if text.len() > self.most {
            let message = format!("the {what} has {} bytes, {} are allowed: return less", text.len(), self.most);
            return Err(Failure::fatal("output-limit", message));
        }
        serde_json::from_str(text).map_err(|error| invalid(&format!("the {what} is not what it should be: {error}")))
    }
}

fn invalid(reason: &str) -> Failure {
    Failure::fatal(
        "invalid-output",
        format!("the plugin answered against the contract: {reason}. Its author has to mend it"),
    )
}

/// What a plugin says about one of its step types, or what is wrong with it.
pub(crate) fn descriptor(given: wit::StepDescriptor) -> Result<StepDescriptor, String> {
    let step_type = given.step_type;
    if step_type.is_empty()
        || step_type.len() > MAX_CODE
        || !is_kebab(&step_type)
        || step_type == stepwell_core::TRIGGER
    {
        return Err(format!("`{}` is no name for a step type: use kebab-case", cut(&step_type, MAX_CODE)));
    }
    let wrong = |what: &str| format!("step type {step_type}: {what}");
    if !is_version(&given.version) {
        return Err(wrong("the version must be major.minor.patch"));
    }
    let bounds = [
        ("title", given.title.len(), MAX_NAME),
        ("description", given.description.len(), 4 * MAX_TEXT),
        ("icon", given.icon.len(), 64 * 1024),
        ("branches", given.branches.iter().map(String::len).sum(), MAX_TEXT),
        ("config schema", given.config_schema.len(), 256 * 1024),
        ("output schema", given.output_schema.len(), 256 * 1024),
    ];
    if let Some((what, size, most)) = bounds.into_iter().find(|(_, size, most)| size > most) {
        return Err(wrong(&format!("the {what} has {size} bytes, {most} are allowed")));
    }
    Ok(StepDescriptor {
        config_schema: schema(&given.config_schema).map_err(|reason| wrong(&format!("the config schema {reason}")))?,
        output_schema: schema(&given.output_schema).map_err(|reason| wrong(&format!("the output schema {reason}")))?,
        retry: retry(&given.retry).map_err(|reason| wrong(&format!("the retry policy {reason}")))?,
        step_type,
        version: given.version,
        title: given.title,
        description: given.description,
        icon: given.icon,
        branches: given.branches,
    })
}

fn schema(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(schema @ (Value::Object(_) | Value::Bool(_))) => Ok(schema),
        Ok(_) => Err("must be an object or a boolean".into()),
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

fn retry(text: &str) -> Result<Option<RetryPolicy>, String> {
    let policy: Option<RetryPolicy> = serde_json::from_str(text).map_err(|error| format!("is malformed: {error}"))?;
    match policy.and_then(|policy| policy.problems().into_iter().next()) {
        Some((field, problem)) => Err(format!("is out of bounds: {field} {problem}")),
        None => Ok(policy),
    }
}

fn is_kebab(text: &str) -> bool {
    text.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    text.len() <= MAX_CODE && core.split('.').count() == 3 && core.split('.').all(|part| part.parse::<u64>().is_ok())
}

fn timestamp(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_goes_in_as_its_document() {
        let contact = Contact {
            id: ContactId(uuid::Uuid::from_u128(5)),
            workspace_id: stepwell_core::WorkspaceId(uuid::Uuid::from_u128(1)),
            email: "ada@example.org".into(),
            subscribed: true,
            data: Map::from_iter([("plan".to_owned(), Value::from("free"))]),
            created_at: Timestamp(1_767_323_045_000),
            updated_at: Timestamp(1_767_323_045_678),
        };
        let read: Value = serde_json::from_str(&super::contact(&contact)).expect("JSON");
        assert_eq!(read, contact.document());
    }

    fn completed(output: &str, merge_event: &str) -> wit::Outcome {
        wit::Outcome::Completed(wit::Completion {
            output: output.into(),
            branch: None,
            merge_event: merge_event.into(),
        })
    }

    fn code(answer: wit::Outcome) -> String {
        outcome(answer, 100).expect_err("a failure").code
    }

    #[test]
    fn an_answer_against_the_contract_is_a_failure_with_a_code() {
        assert_eq!(code(completed("{", "null")), "invalid-output");
        assert_eq!(code(completed("", "null")), "invalid-output");
        assert_eq!(code(completed("{}", "[]")), "invalid-output");
        assert_eq!(code(completed(&"[".repeat(99), "null")), "invalid-output");
        assert_eq!(code(completed(&format!("\"{}\"", "x".repeat(100)), "null")), "output-limit");
        let wait = wit::Wait { until: None, event: None, task: None, state: "null".into(), output: "null".into() };
        assert_eq!(code(wit::Outcome::Waiting(wait.clone())), "invalid-output");
        let event = Some(wit::EventWait { name: "paid".into(), filter: "{\"nonsense\":1}".into() });
        assert_eq!(code(wit::Outcome::Waiting(wit::Wait { event, ..wait })), "invalid-output");
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
        let deep = completed(&"[".repeat(200_000), "null");
        assert_eq!(outcome(deep, 1_000_000).expect_err("a failure").code, "invalid-output");
    }

    #[test]
    fn a_time_past_all_times_is_the_last_one() {
        let wait =
            wit::Wait { until: Some(u64::MAX), event: None, task: None, state: "1".into(), output: "null".into() };
        let Ok(Outcome::Waiting(wait)) = outcome(wit::Outcome::Waiting(wait), 100) else { panic!("a wait") };
        assert_eq!(wait.until, Some(Timestamp(i64::MAX)));
    }

    #[test]
    fn a_failure_keeps_a_code_in_kebab_case_only() {
        let failed = |code: &str| wit::Failure {
            code: code.into(),
            message: "x".repeat(10_000),
            retryable: true,
            retry_after: Some(u64::MAX),
        };
        assert_eq!(failure(&failed("connection-refused")).code, "connection-refused");
        assert_eq!(failure(&failed("Connection Refused")).code, "step-failed");
        assert_eq!(failure(&failed("")).code, "step-failed");
        let failed = failure(&failed("x"));
        assert_eq!((failed.message.len(), failed.retry_after_ms), (MAX_TEXT, Some(i64::MAX)));
    }

    fn described(step_type: &str, version: &str, retry: &str) -> Result<StepDescriptor, String> {
        descriptor(wit::StepDescriptor {
            step_type: step_type.into(),
            version: version.into(),
            title: "Title".into(),
            description: String::new(),
            icon: "bolt".into(),
            config_schema: "{\"type\":\"object\"}".into(),
            output_schema: "true".into(),
            branches: Vec::new(),
            retry: retry.into(),
        })
    }

    #[test]
    fn a_descriptor_is_checked() {
        assert!(described("send-email", "1.0.0", "null").is_ok());
        assert!(described("send-email", "1.0.0-rc.1", "{\"maxAttempts\":3}").is_ok());
        assert!(described("SendEmail", "1.0.0", "null").is_err());
        assert!(described("trigger", "1.0.0", "null").is_err());
        assert!(described("send-email", "1.0", "null").is_err());
        assert!(described("send-email", "1.0.0", "{\"maxAttempts\":0}").is_err());
        assert!(described("send-email", "1.0.0", "").is_err());
    }
}
