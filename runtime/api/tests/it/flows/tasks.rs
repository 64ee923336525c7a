//! Tasks and phases of executions: changed, set to work, and refused.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use stepwell_core::{JournalKind, WorkspaceId};
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use super::executions::{PATH, task, templated};
use crate::server::{Answer, Server};

const LATER: &str = "2026-01-02T03:04:06.678Z";

/// A call, a decision by hand, a scheduled and a waiting automation, and a signature that needs one of them.
fn template() -> Value {
    let branch = |id: &str| json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []});
    json!({
        "name": "Sale", "phases": [{"id": "p1", "name": "First"}, {"id": "p2", "name": "Second"}],
        "tasks": [
            {"id": "call", "name": "Call", "task_type": "MANUAL", "phase_id": "p1"},
            {"id": "choose", "name": "Choose", "task_type": "DECISION", "trigger_mode": "manual", "phase_id": "p1",
                "conditions": [branch("later"), branch("now")]},
            {"id": "remind", "name": "Remind", "task_type": "AUTOMATION", "trigger_mode": "automatic",
                "automation_config": {"flow_id": "f2"}, "schedule": {"mode": "delayed", "duration": 2, "unit": "hours"}},
            {"id": "sync", "name": "Sync", "task_type": "AUTOMATION", "phase_id": "p2",
                "automation_config": {"flow_id": "f1", "config": {"a": 1}}},
            {"id": "sign", "name": "Sign", "task_type": "MANUAL", "phase_id": "p2",
                "requirements": [{"when": "TASK_FINISHED", "task_id": "sync"}]},
        ],
        "edges": [
            {"id": "e1", "from_id": "call", "to_id": "choose"},
            {"id": "e2", "from_id": "choose", "to_id": "remind", "condition_id": "later"},
            {"id": "e3", "from_id": "choose", "to_id": "sync", "condition_id": "now"},
            {"id": "e4", "from_id": "remind", "to_id": "sign"},
            {"id": "e5", "from_id": "sync", "to_id": "sign"},
        ],
    })
}

/// An execution that tests work on.
pub(super) struct Flow<'s> {
    pub(super) server: &'s Server,
    id: String,
}

impl<'s> Flow<'s> {
    pub(super) async fn start(server: &'s Server) -> Self {
        Self::of(server, template()).await
    }

    pub(super) async fn of(server: &'s Server, template: Value) -> Self {
        let template = templated(server, template).await;
        let contexts = json!([{"entity_id": "o1", "entity_schema": "order"}]);
        let started = server.post(PATH, json!({"flow_template_id": template, "contexts": contexts})).await.ok();
        Self { server, id: started["id"].as_str().expect("id").to_owned() }
    }

    pub(super) fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }

    pub(super) async fn get(&self) -> Value {
        self.server.get(&self.path()).await.ok()
    }

    /// The id of the task with this template id.
    pub(super) async fn id(&self, key: &str) -> String {
        task(&self.get().await, key)["id"].as_str().expect("id").to_owned()
    }

    pub(super) async fn path_of(&self, key: &str) -> String {
        format!("{}/tasks/{}", self.path(), self.id(key).await)
    }

    pub(super) async fn patch(&self, key: &str, change: Value) -> Answer {
        self.server.patch(&self.path_of(key).await, change).await
    }

    pub(super) async fn done(&self, key: &str) -> Value {
        self.patch(key, json!({"status": "COMPLETED"})).await.ok()
    }

    /// Chooses a branch, once the call is done.
    async fn chosen(server: &'s Server, branch: &str) -> Self {
        let flow = Self::start(server).await;
        flow.done("call").await;
        flow.patch("choose", json!({"status": "COMPLETED", "next_condition_id": branch})).await.ok();
        flow
    }

    /// Asks for something that has no body, as clients send it.
    async fn ask(&self, key: &str, what: &str) -> Answer {
        let path = format!("{}/{what}", self.path_of(key).await);
        bare(self.server, &path).await
    }

    /// The template ids of the current tasks.
    pub(super) async fn current(&self) -> Vec<String> {
        let all = self.get().await;
        let keys = all["tasks"].as_array().expect("tasks");
        let key = |id: &Value| keys.iter().find(|task| task["id"] == *id).expect("a task")["template_id"].clone();
        let ids = all["crt_tasks"].as_array().expect("current tasks").iter().map(|current| key(&current["id"]));
        ids.map(|key| key.as_str().expect("key").to_owned()).collect()
    }

    pub(super) async fn status(&self, key: &str) -> Value {
        task(&self.get().await, key)["status"].clone()
    }
}

/// A POST without a body, of the content type that the clients send.
async fn bare(server: &Server, path: &str) -> Answer {
    posted(server, path, "").await
}

async fn posted(server: &Server, path: &str, body: &'static str) -> Answer {
    let request = Request::builder().method(Method::POST).uri(path);
    let request = request.header("authorization", format!("Bearer {}", server.key)).header("x-stepwell-user", "u5");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    server.call(request.body(Body::from(body)).expect("request")).await
}

/// Checks that an answer is 400 with a message that begins so.
#[track_caller]
pub(super) fn assert_bad(answer: &Answer, begins: &str, what: &Value) {
    let (status, message) = answer.declined();
    assert_eq!(status, 400, "{what} {message}");
    assert!(message.starts_with(begins), "{what}: {message}");
}

#[tokio::test]
async fn a_task_is_changed_as_it_is_asked() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    server.tick(1_000);
    let rule = json!({"duration": 1.5, "unit": "hours", "type": "TASK_FINISHED", "task_id": "call"});
    let change = json!({
        "name": "Phone", "due_date": "2026-05-28T00:00:00.000", "due_date_config": rule, "enabled": false,
        "assigned_to": ["u1", {"variable": "{{order.owner}}"}], "description": {"enabled": true, "value": "Ring"},
        "ecp": {"label": "Yours", "journey": {"journeyId": "j"}}, "installer": {"enabled": false},
        "partner": {"label": "Theirs"}, "completed_via_journey": true, "something": "else",
    });
    let now = flow.patch("sign", change.clone()).await.ok();
    for name in ["name", "due_date", "due_date_config", "enabled", "description", "ecp", "installer", "partner"] {
        assert_eq!(now[name], change[name], "{name}");
    }
    assert_eq!(now["assigned_to"], json!(["u1", {"variable": "{{order.owner}}", "value": []}]));
    assert_eq!((&now["status"], &now["updated_at"]), (&json!("PENDING"), &json!(LATER)));
    assert_eq!(now.get("something"), None);
    assert_eq!(&now, task(&flow.get().await, "sign"));
    let before = flow.get().await;
    assert_eq!(flow.patch("sign", json!({})).await.ok(), now);
    assert_eq!(flow.get().await, before);
}

#[tokio::test]
async fn a_due_date_is_cleared_by_null_and_by_an_empty_text_and_a_rule_counts_again() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    for none in [json!(""), json!(null)] {
        let now = flow.patch("call", json!({"due_date": "2026-05-28"})).await.ok();
        assert_eq!(now["due_date"], "2026-05-28");
        let now = flow.patch("call", json!({"due_date": none})).await.ok();
        assert_eq!(now.get("due_date"), None);
    }
    let rule = json!({"duration": 2, "unit": "days", "type": "WORKFLOW_STARTED"});
    let now = flow.patch("call", json!({"due_date_config": rule})).await.ok();
    assert_eq!(now["due_date"], "2026-01-04T03:04:05.678");
}

#[tokio::test]
async fn a_change_of_a_task_that_cannot_be_is_refused_by_its_member_and_changes_nothing() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    flow.done("call").await;
    let before = flow.get().await;
    let long = "x".repeat(70_000);
    let rule = |more: Value| {
        let mut rule = json!({"duration": 1, "unit": "days", "type": "TASK_FINISHED"});
        rule.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        json!({"due_date_config": rule, "name": "New"})
    };
    for (key, change, begins) in [
        ("call", json!({"status": "IN_PROGRESS", "name": "New"}), "status: a task that is completed cannot become"),
        ("call", json!({"status": "ON_HOLD"}), "status: "),
        ("sync", json!({"status": "SCHEDULED"}), "status: "),
        ("sync", json!({"status": "SLEEPING", "name": "New"}), "status: "),
        ("sync", json!({"status": 7}), "status: "),
        ("sign", json!({"status": "COMPLETED"}), "status: the task is disabled"),
        ("sign", json!({"status": "IN_PROGRESS", "name": "New"}), "status: the task is disabled"),
        ("choose", json!({"status": "COMPLETED", "name": "New"}), "next_condition_id: is required"),
        ("choose", json!({"status": "COMPLETED", "next_condition_id": "never"}), "next_condition_id: "),
        ("sync", json!({"status": "COMPLETED", "next_condition_id": "now"}), "next_condition_id: "),
        ("call", json!({"name": "  "}), "name: "),
        ("call", json!({"name": long}), "name: "),
        ("call", json!({"due_date": "soon", "name": "New"}), "due_date: "),
        ("call", json!({"due_date": 7}), "due_date: "),
        ("call", json!({"assigned_to": ["u1", ""]}), "assigned_to.1: "),
        ("call", json!({"assigned_to": [{"variable": " "}]}), "assigned_to.0.variable: "),
        ("call", json!({"assigned_to": [7]}), "assigned_to.0"),
        ("call", json!({"assigned_to": "u1"}), "assigned_to: "),
        ("call", json!({"assigned_to": vec!["u"; 101]}), "assigned_to: "),
        ("call", json!({"enabled": "no"}), "enabled: "),
        ("call", json!({"revert_execution": "yes"}), "revert_execution: "),
        ("call", rule(json!({})), "due_date_config.task_id: "),
        ("call", rule(json!({"task_id": "nothing"})), "due_date_config.task_id: "),
        ("call", rule(json!({"type": "PHASE_FINISHED", "phase_id": "call"})), "due_date_config.phase_id: "),
        ("call", rule(json!({"task_id": "sign", "duration": -1})), "due_date_config.duration: "),
        ("call", rule(json!({"unit": "decades"})), "due_date_config.unit: "),
        ("call", json!({"description": {"value": "x".repeat(10_001)}}), "description.value: "),
        ("call", json!({"ecp": {"description": long}}), "ecp: "),
        ("call", json!({"automation_config": {"flow_id": "f"}}), "automation_config: the task is no automation"),
        ("sync", json!({"automation_config": {"execution_id": "e"}}), "automation_config.flow_id: "),
        ("sync", json!({"automation_config": {"flow_id": "x".repeat(201)}}), "automation_config.flow_id: "),
        ("sync", json!({"automation_config": {"flow_id": "f", "config": 7}}), "automation_config.config: "),
        ("sync", json!({"automation_config": {"flow_id": "f", "config": {"a": long}}}), "automation_config: "),
        (
            "sync",
            json!({"automation_config": {"flow_id": "f", "input_context": {"source": "task"}}}),
            "automation_config.input_context.task_id: is required",
        ),
        (
            "sync",
            json!({"automation_config": {"flow_id": "f", "input_context": {"source": "task", "task_id": "sync"}}}),
            "automation_config.input_context.task_id: ",
        ),
    ] {
        let mut shown = change.clone().to_string();
        shown.truncate(100);
        assert_bad(&flow.patch(key, change).await, begins, &json!([key, shown]));
    }
    assert_eq!(flow.get().await, before);
}

#[tokio::test]
async fn the_deprecated_statuses_mean_pending() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    for status in ["UNASSIGNED", "ASSIGNED"] {
        flow.patch("call", json!({"status": "IN_PROGRESS"})).await.ok();
        assert_eq!(flow.patch("call", json!({"status": status})).await.ok()["status"], "PENDING");
    }
}

#[tokio::test]
async fn a_disabled_task_keeps_its_status_until_it_is_enabled() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    flow.patch("call", json!({"enabled": false})).await.ok();
    assert_bad(&flow.patch("call", json!({"status": "SKIPPED"})).await, "status: the task is disabled", &json!(0));
    assert_bad(&flow.ask("call", "execute").await, "status: the task is disabled", &json!(0));
    let done = flow.patch("call", json!({"enabled": true, "status": "COMPLETED"})).await.ok();
    assert_eq!((&done["status"], flow.current().await), (&json!("COMPLETED"), vec!["choose".to_owned()]));
}

#[tokio::test]
async fn who_does_a_task_is_who_asks() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    server.tick(1_000);
    let done = flow.ask("call", "execute").await.ok();
    let expected = json!({"completed_at": LATER, "completed_by": "u5", "status_updated_at": LATER});
    assert_eq!((&done["status"], &done["analytics"]), (&json!("COMPLETED"), &expected));
    assert_eq!(flow.ask("call", "execute").await.ok(), done);
}

#[tokio::test]
async fn that_a_form_completed_a_task_is_only_in_the_journal() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    let done = flow.patch("call", json!({"status": "COMPLETED", "completed_via_journey": true})).await.ok();
    assert_eq!(done.get("completed_via_journey"), None);
    let id = flow.id.parse().expect("an id");
    let mut conn = server.store().reader().await.expect("a connection");
    let journal = stepwell_store::journal::page(&mut conn, server.workspace, id, 0, 100).await.expect("read");
    let changed = journal.iter().find(|entry| entry.kind == JournalKind::TaskChanged).expect("an entry");
    assert_eq!((&changed.data["to"], &changed.data["viaForm"]), (&json!("completed"), &json!(true)));
}

#[tokio::test]
async fn a_decision_by_hand_takes_the_branch_that_is_named() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    flow.done("call").await;
    assert_bad(&flow.ask("choose", "execute").await, "next_condition_id: is required", &json!(0));
    flow.patch("choose", json!({"status": "COMPLETED", "next_condition_id": "now"})).await.ok();
    assert_eq!(flow.current().await, ["sync"]);
}

#[tokio::test]
async fn a_flow_goes_back_to_a_task_that_is_done() {
    let server = Server::start().await;
    let flow = Flow::chosen(&server, "now").await;
    // Without the flag, nothing moves.
    flow.patch("call", json!({"status": "PENDING"})).await.ok();
    assert_eq!(flow.current().await, ["sync"]);
    flow.done("call").await;
    let back = flow.patch("call", json!({"status": "IN_PROGRESS", "revert_execution": true})).await.ok();
    assert_eq!((&back["status"], flow.current().await), (&json!("IN_PROGRESS"), vec!["call".to_owned()]));
    assert_eq!(flow.status("choose").await, "PENDING");
    // Of the current task, the flag says nothing.
    flow.patch("call", json!({"status": "COMPLETED", "revert_execution": true})).await.ok();
    assert_eq!(flow.current().await, ["choose"]);
}

#[tokio::test]
async fn an_automation_is_started_however_its_path_is_written_and_no_body_is_read() {
    let server = Server::start().await;
    for (colon, body) in [(":", ""), ("%3A", "a=b&c"), ("%3a", "{\"name\": "), (":", "[]")] {
        let flow = Flow::chosen(&server, "now").await;
        let path = format!("{}/automation{colon}run", flow.path_of("sync").await);
        let now = posted(&server, &path, body).await.ok();
        assert_eq!((&now["status"], &now["task_type"]), (&json!("IN_PROGRESS"), &json!("AUTOMATION")), "{path}");
        assert_eq!(now["analytics"]["in_progress_by"], "u5");
        assert_eq!(bare(&server, &path).await.ok(), now);
    }
}

#[tokio::test]
async fn what_cannot_be_set_to_work_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    let before = flow.get().await;
    for (key, what, begins) in [
        ("call", "automation:run", "the task is no automation"),
        ("sync", "automation:run", "the task is not a current one"),
        ("sync", "execute", "the task is not a current one"),
        ("call", "schedule/run-now", "the task is not scheduled"),
        ("remind", "schedule/run-now", "the task is not scheduled"),
        ("call", "reconcile-automation", "the task is no automation"),
    ] {
        assert_bad(&flow.ask(key, what).await, begins, &json!([key, what]));
    }
    let path = format!("{}/schedule", flow.path_of("call").await);
    assert_bad(&server.delete(&path).await, "the task is not scheduled", &json!(path));
    assert_eq!(flow.get().await, before);
    server.patch(&flow.path(), json!({"status": "CLOSED"})).await.ok();
    assert_bad(&flow.ask("call", "execute").await, "the flow is not started", &json!(0));
    assert_bad(&flow.patch("call", json!({"status": "COMPLETED"})).await, "the flow is not started", &json!(0));
}

#[tokio::test]
async fn what_a_runner_elsewhere_reports_is_kept_and_taken_over_when_it_is_asked_for() {
    let server = Server::start().await;
    let flow = Flow::chosen(&server, "now").await;
    flow.ask("sync", "automation:run").await.ok();
    let unchanged = flow.ask("sync", "reconcile-automation").await.ok();
    assert_eq!(task(&unchanged, "sync")["status"], "IN_PROGRESS");
    let config = json!({
        "flow_id": "f9", "execution_id": "e7", "execution_status": "success", "heal_attempts": 2,
        "last_heal_attempted_at": "2026-01-01T00:00:00Z", "input_context": {"source": "task", "task_id": "call"},
    });
    let now = flow.patch("sync", json!({"automation_config": config})).await.ok();
    assert_eq!((&now["status"], &now["automation_execution_id"]), (&json!("IN_PROGRESS"), &json!("e7")));
    for (name, value) in config.as_object().expect("object") {
        assert_eq!(&now["automation_config"][name], value, "{name}");
    }
    let whole = flow.ask("sync", "reconcile-automation").await.ok();
    assert_eq!(task(&whole, "sync")["status"], "COMPLETED");
    assert_eq!((flow.get().await, flow.current().await), (whole, vec!["sign".to_owned()]));
}

#[tokio::test]
async fn an_error_that_was_reported_goes_with_the_next_report() {
    let server = Server::start().await;
    let flow = Flow::chosen(&server, "now").await;
    let report = |status: &str, error: Value| json!({"automation_config": {"flow_id": "f1", "execution_status": status, "error_reason": error}});
    let now = flow.patch("sync", report("failed", json!("no line"))).await.ok();
    assert_eq!(now["automation_config"]["error_reason"], "no line");
    let now = flow.patch("sync", report("in_progress", Value::Null)).await.ok();
    assert_eq!(now["automation_config"].get("error_reason"), None);
}

#[tokio::test]
async fn a_schedule_is_cancelled_by_its_task_and_by_its_id() {
    let server = Server::start().await;
    for by_id in [false, true] {
        let flow = Flow::chosen(&server, "later").await;
        let armed = task(&flow.get().await, "remind").clone();
        assert_eq!(armed["status"], "SCHEDULED");
        assert_eq!(armed["schedule"]["scheduled_at"], "2026-01-02T05:04:05.678Z");
        let schedule = armed["schedule"]["schedule_id"].as_str().expect("a schedule").to_owned();
        let path = format!("{}/schedules/{schedule}", flow.path());
        let answer = match by_id {
            true => bare(&server, &path).await,
            false => server.delete(&format!("{}/schedule", flow.path_of("remind").await)).await,
        };
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0), "{}", answer.text());
        assert_eq!((flow.status("remind").await, flow.current().await), (json!("SKIPPED"), vec!["sign".to_owned()]));
        // It is there no more.
        assert_eq!(bare(&server, &path).await.declined().0, 404);
        assert_bad(&flow.ask("remind", "schedule/run-now").await, "the task is not scheduled", &json!(by_id));
    }
}

#[tokio::test]
async fn a_schedule_fires_now_once() {
    let server = Server::start().await;
    let flow = Flow::chosen(&server, "later").await;
    flow.patch("remind", json!({"enabled": false})).await.ok();
    assert_bad(&flow.ask("remind", "schedule/run-now").await, "status: the task is disabled", &json!(0));
    flow.patch("remind", json!({"enabled": true})).await.ok();
    let now = flow.ask("remind", "schedule/run-now").await.ok();
    assert_eq!((&now["status"], now["schedule"].get("schedule_id")), (&json!("IN_PROGRESS"), None));
    let before = flow.get().await;
    assert_bad(&flow.ask("remind", "schedule/run-now").await, "the task is not scheduled", &json!(0));
    assert_eq!(flow.get().await, before);
}

#[tokio::test]
async fn a_phase_is_changed_as_it_is_asked() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    let id = flow.get().await["phases"][0]["id"].as_str().expect("id").to_owned();
    let path = format!("{}/phases/{id}", flow.path());
    server.tick(1_000);
    let rule = json!({"duration": 1.0, "unit": "weeks", "type": "PHASE_FINISHED", "phase_id": "p2"});
    let change = json!({
        "name": "Start", "due_date": "2026-05-28", "due_date_config": rule, "assigned_to": ["u1"], "status": "COMPLETED",
    });
    let now = server.patch(&path, change.clone()).await.ok();
    for name in ["name", "due_date", "due_date_config", "assigned_to"] {
        assert_eq!(now[name], change[name], "{name}");
    }
    // How it stands follows from its tasks.
    assert_eq!((&now["status"], &now["updated_at"]), (&json!("IN_PROGRESS"), &json!(LATER)));
    assert_eq!(now, flow.get().await["phases"][0]);
    assert_eq!(server.patch(&path, json!({"due_date": null})).await.ok().get("due_date"), None);
    let before = flow.get().await;
    for (change, begins) in [
        (json!({"name": ""}), "name: "),
        (json!({"name": "New", "due_date": "soon"}), "due_date: "),
        (json!({"assigned_to": [""]}), "assigned_to.0: "),
        (json!({"due_date_config": {"duration": 1, "unit": "days", "type": "TASK_FINISHED"}}), "due_date_config."),
    ] {
        assert_bad(&server.patch(&path, change.clone()).await, begins, &change);
    }
    assert_eq!(flow.get().await, before);
}

/// Every route under an execution, with what is answered for something that is not there, and a body.
fn routes() -> [(Method, &'static str, u16, Value); 9] {
    let added = json!({"previous_task_id": Uuid::nil(), "next_task_id": Uuid::nil(), "task": {"name": "A"}});
    [
        (Method::PATCH, "tasks/{}", 404, json!({"name": "Theirs"})),
        (Method::POST, "tasks", 400, added),
        (Method::POST, "tasks/{}/execute", 400, Value::Null),
        (Method::POST, "tasks/{}/automation:run", 400, Value::Null),
        (Method::DELETE, "tasks/{}/schedule", 404, Value::Null),
        (Method::POST, "tasks/{}/schedule/run-now", 404, Value::Null),
        (Method::POST, "tasks/{}/reconcile-automation", 404, Value::Null),
        (Method::POST, "schedules/{}", 404, Value::Null),
        (Method::PATCH, "phases/{}", 400, json!({"name": "Theirs"})),
    ]
}

#[tokio::test]
async fn what_is_not_there_is_answered_as_each_route_documents_it() {
    let server = Server::start().await;
    let flow = Flow::start(&server).await;
    let (before, own) = (flow.get().await, flow.id("sync").await);
    let nothing = Uuid::from_u128(9).to_string();
    let other = Flow::start(&server).await;
    for (method, route, status, body) in routes() {
        for (execution, part) in [
            (nothing.as_str(), own.as_str()),
            ("nothing", &own),
            ("a%2Fb%3Ac", &own),
            (&flow.id, &nothing),
            (&flow.id, "nothing"),
            // A task of another execution is none of this one.
            (&flow.id, &other.id("sync").await),
        ] {
            let path = format!("{PATH}/{execution}/{}", route.replace("{}", part));
            let answer = server.ask(method.clone(), &path, Some(body.clone())).await;
            assert_eq!(answer.declined().0, status, "{method} {path} {}", answer.text());
        }
    }
    assert_eq!(flow.get().await, before);
}

#[tokio::test]
async fn what_belongs_to_another_workspace_or_surface_is_not_there() {
    let server = Server::start().await;
    let flow = Flow::chosen(&server, "later").await;
    let before = flow.get().await;
    let remind = task(&before, "remind");
    let ids = [&remind["id"], &remind["schedule"]["schedule_id"], &before["phases"][0]["id"]];
    let [own, schedule, phase] = ids.map(|id| id.as_str().expect("id").to_owned());
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let key = server.add_key(other, KeyKind::Secret, &["*"]).await;
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["flows:read"]).await;
    for (method, route, status, body) in routes() {
        let part = if route.starts_with("schedules") { &schedule } else { &own };
        let part = if route.starts_with("phases") { &phase } else { part };
        let path = format!("{}/{}", flow.path(), route.replace("{}", part));
        let answer = server.ask_as(&key, method.clone(), &path, Some(body.clone())).await;
        assert_eq!(answer.declined().0, status, "{method} {path} {}", answer.text());
        let answer = server.ask_as(&reader, method.clone(), &path, Some(body.clone())).await;
        assert_eq!(answer.declined().0, 403, "{method} {path} {}", answer.text());
        let answer = server.ask_as("sk_nothing", method.clone(), &path, Some(body)).await;
        assert_eq!(answer.declined().0, 401, "{method} {path} {}", answer.text());
    }
    assert_eq!(flow.get().await, before);
    let list = json!({"name": "List", "flow": [{"name": "A", "order": 1, "type": "STEP"}]});
    let list = server.post("/v1/workflows/definitions", list).await.ok()["id"].clone();
    let list = server.post("/v1/workflows/executions", json!({"workflowId": list})).await.ok();
    for (method, route, status, body) in routes() {
        let path = format!("{PATH}/{}/{}", list["id"].as_str().expect("id"), route.replace("{}", &own));
        let answer = server.ask(method.clone(), &path, Some(body)).await;
        assert_eq!(answer.declined().0, status, "{method} {path} {}", answer.text());
    }
}
