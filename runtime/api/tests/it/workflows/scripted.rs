//! Step types without WebAssembly: what the components would say, scripted.

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Call, Completion, ContactChange, Digest, Effect, EventWait, Failure, MergeRule, Outcome, PluginError, PluginHost,
    PluginInfo, PluginSource, Problem, RetryPolicy, StepDescriptor, StepReport, StepRequest, StepRunner, WaitRequest,
    Wake, WorkspaceId,
};

/// The component that offers every scripted step type.
pub(crate) const DIGEST: Digest = Digest([0xcd; 32]);

/// Plays the plugin host and the runner.
pub(crate) struct Scripted;

fn descriptor(step_type: &str, config_schema: Value, branches: &[&str]) -> StepDescriptor {
    StepDescriptor {
        step_type: step_type.to_owned(),
        version: "1.0.0".into(),
        title: step_type.to_owned(),
        description: String::new(),
        icon: String::new(),
        config_schema,
        output_schema: Value::Bool(true),
        branches: branches.iter().map(|name| (*name).to_owned()).collect(),
        retry: None,
    }
}

fn descriptors() -> Vec<StepDescriptor> {
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false });
    vec![
        descriptor("send-email", object(&[], json!({ "templateId": { "type": "string", "format": "uuid" } })), &[]),
        descriptor(
            "delay",
            object(
                &["amount", "unit"],
                json!({ "amount": { "type": "number" }, "unit": { "enum": ["hours", "days"] } }),
            ),
            &[],
        ),
        descriptor(
            "wait-for-event",
            object(&["eventName"], json!({ "eventName": { "type": "string" }, "timeout": { "type": "integer" } })),
            &["event", "timeout"],
        ),
        descriptor("condition", json!({ "type": "object" }), &[]),
        descriptor("webhook", object(&["url"], json!({ "url": { "type": "string" } })), &[]),
        descriptor("update-contact", object(&[], json!({ "data": { "type": "object" } })), &[]),
        descriptor("exit", object(&[], json!({ "reason": { "type": "string" } })), &[]),
        descriptor("manual-task", object(&[], json!({ "title": {}, "assignees": {}, "dueDate": {} })), &["yes", "no"]),
        descriptor("triage", object(&[], json!({})), &["urgent", "calm"]),
    ]
}

#[async_trait]
impl PluginHost for Scripted {
    async fn inspect(&self, _: &[u8]) -> Result<PluginInfo, PluginError> {
        Err(PluginError::Refused { code: "invalid-component", message: "scripted".into() })
    }

    async fn activate(&self, _: &PluginInfo, _: &[u8]) -> Result<(), PluginError> {
        Ok(())
    }

    fn deactivate(&self, _: Option<WorkspaceId>, _: Digest) {}

    fn list(&self, _: WorkspaceId) -> Vec<PluginInfo> {
        vec![PluginInfo {
            digest: DIGEST,
            workspace_id: None,
            source: PluginSource::Builtin,
            steps: descriptors(),
            imports: vec![],
            grants: vec![],
            size: 0,
        }]
    }

    fn lookup(&self, _: WorkspaceId, step_type: &str) -> Option<(Digest, StepDescriptor)> {
        let found = descriptors().into_iter().find(|known| known.step_type == step_type)?;
        Some((DIGEST, found))
    }

    async fn validate(&self, _: Digest, step_type: &str, config: &Value) -> Result<Vec<Problem>, PluginError> {
        let problem = |pointer: &str, message: &str| vec![Problem { pointer: pointer.into(), message: message.into() }];
        Ok(match step_type {
            "send-email" if config["templateId"].is_null() => problem("/templateId", "no template is configured"),
            "update-contact" if config["data"].is_null() => problem("", "one of data and updates must be there"),
            "delay" if config["amount"].as_f64().is_some_and(|amount| amount > 8_760.0) => {
                problem("/amount", "must be a year at most")
            }
            _ => vec![],
        })
    }
}

#[async_trait]
impl StepRunner for Scripted {
    async fn run(&self, request: StepRequest) -> StepReport {
        let mut report = StepReport::of(outcome(&request));
        report.plugin = Some(DIGEST);
        if request.step_type == "webhook" {
            report.requests = vec![format!("POST {}", request.context.config["url"].as_str().unwrap_or_default())];
        }
        if let (Some(contact), "update-contact") = (&request.context.contact, request.step_type.as_str()) {
            let data = request.context.config["data"].as_object().cloned().unwrap_or_default();
            let change = ContactChange { data, merge: MergeRule::Literal, subscribed: None };
            report.effects = vec![Effect::UpdateContact { contact_id: contact.id, change }];
        }
        report
    }

    fn default_retry(&self, _: Option<Digest>, _: WorkspaceId, _: &str) -> RetryPolicy {
        RetryPolicy::NONE
    }
}

/// A condition answers `config.take`; a webhook to `…/down` fails until its contact's data says otherwise.
fn outcome(request: &StepRequest) -> Outcome {
    let config = &request.context.config;
    let done = |branch: Option<&str>| {
        let (output, branch) = (json!({ "done": true }), branch.map(str::to_owned));
        Outcome::Completed(Completion { output, branch, ..Completion::default() })
    };
    match (request.step_type.as_str(), &request.call) {
        ("delay", Call::Run) => Outcome::Waiting(WaitRequest {
            until: Some(request.context.now.plus_millis(3_600_000)),
            state: json!(1),
            ..WaitRequest::default()
        }),
        ("wait-for-event", Call::Run) => {
            let until = config["timeout"].as_i64().map(|seconds| request.context.now.plus_millis(seconds * 1_000));
            let name = config["eventName"].as_str().unwrap_or_default().to_owned();
            let event = Some(EventWait { name, filter: None });
            Outcome::Waiting(WaitRequest { until, event, state: json!(1), ..WaitRequest::default() })
        }
        ("wait-for-event", Call::Resume { wake: Wake::Timer, .. }) => done(Some("timeout")),
        ("wait-for-event", Call::Resume { .. }) => done(Some("event")),
        ("manual-task", Call::Run) => {
            Outcome::Waiting(WaitRequest { task: Some(config.clone()), state: json!(1), ..WaitRequest::default() })
        }
        ("manual-task", Call::Resume { wake: Wake::Task(entered), .. }) => {
            let branch = entered["branch"].as_str().map(str::to_owned);
            Outcome::Completed(Completion { output: entered.clone(), branch, ..Completion::default() })
        }
        ("condition", _) => done(Some(config["take"].as_str().unwrap_or("yes"))),
        ("exit", _) => Outcome::Exited { reason: config["reason"].as_str().map(str::to_owned) },
        ("webhook", _) if config["url"].as_str().is_some_and(|url| url.ends_with("/down")) => {
            Outcome::Failed(Failure::fatal("connection-refused", "nobody listens there"))
        }
        _ => done(None),
    }
}
