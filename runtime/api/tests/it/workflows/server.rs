//! The routes over a real store and engine, called in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use stepwell_api::{ApiOptions, ApiState, hash_key, router};
use stepwell_core::{
    Clock, ContactChange, ContactId, IdSource, SequentialIds, Template, TemplateId, TemplateKind, Timestamp,
    WorkspaceId,
};
use stepwell_engine::{Engine, EngineOptions, Links, Retention};
use stepwell_store::key::{ApiKey, KeyKind};
use stepwell_store::workspace::Workspace;
use stepwell_store::{Store, StoreError, contact, key, template, workspace};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use super::conformance::Document;
use super::scripted::Scripted;

/// A clock that is a millisecond later each time it is looked at.
pub(crate) struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A server with one workspace, and another that must not see it.
pub(crate) struct Server {
    routes: Router,
    pub(crate) store: Store,
    ids: SequentialIds,
    document: Document,
    _loops: tokio::task::JoinSet<()>,
    _dir: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

pub(crate) const OURS: WorkspaceId = WorkspaceId(Uuid::from_u128(0xa));
pub(crate) const THEIRS: WorkspaceId = WorkspaceId(Uuid::from_u128(0xb));

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(ApiOptions::default()).await
    }

    pub(crate) async fn start_with(options: ApiOptions) -> Self {
        let dir = TempDir::new().expect("a directory");
        let store = Store::open(&format!("sqlite:{}", dir.path().join("db").display())).await.expect("a store");
        let engine = Engine::new(EngineOptions {
            store: store.clone(),
            runner: Arc::new(Scripted),
            plugins: Arc::new(Scripted),
            clock: Arc::new(Ticking(AtomicI64::new(1_767_323_045_000))),
            ids: Arc::new(SequentialIds::default()),
            links: Links::new(&"http://localhost".parse().expect("url"), [7; 32]),
            concurrency: 4,
            queue_limit: 100,
            retention: Retention::default(),
        });
        let loops = engine.start().await.expect("started");
        let routes = router(ApiState::new(engine, options));
        let request = Request::builder().uri("/openapi.json").body(Body::empty()).expect("request");
        let document = Document::new(ask(&routes, request).await.body);
        let server = Self { routes, store, ids: SequentialIds::default(), document, _loops: loops, _dir: dir };
        for (id, number) in [(OURS, 1), (THEIRS, 2)] {
            server.add_workspace(id, number).await;
        }
        server
    }

    async fn add_workspace(&self, id: WorkspaceId, number: u8) {
        let now = Timestamp(0);
        let new = Workspace { id, name: format!("w{number}"), disabled: false, created_at: now, updated_at: now };
        let stored = ApiKey {
            id: self.ids.next(now).into(),
            workspace_id: id,
            kind: KeyKind::Secret,
            prefix: "sk_".into(),
            name: "test".into(),
            scopes: vec!["*".into()],
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        let hash = hash_key(&secret(id));
        self.store
            .write::<_, StoreError, _>(move |conn| {
                Box::pin(async move {
                    workspace::insert(conn, &new, b"secret").await?;
                    key::insert(conn, &stored, &hash).await
                })
            })
            .await
            .expect("stored");
    }

    pub(crate) async fn call(&self, workspace: WorkspaceId, method: Method, path: &str, body: Option<Value>) -> Answer {
        let name = method.clone();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", secret(workspace)))
            .header("content-type", "application/json");
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let answer = ask(&self.routes, request.body(body).expect("request")).await;
        self.document.check(name.as_str(), path, answer.status, &answer.body);
        answer
    }

    /// What is sent until the end, and the headers.
    pub(crate) async fn whole(&self, path: &str, more: &[(&str, &str)]) -> (HeaderMap, String) {
        let request = Request::builder().uri(path).header("authorization", format!("Bearer {}", secret(OURS)));
        let request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::empty()).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let headers = response.headers().clone();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("body");
        (headers, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    }

    /// Makes the key of our workspace invalid.
    pub(crate) async fn revoke_key(&self) {
        self.store
            .write::<_, StoreError, _>(move |conn| {
                Box::pin(async move {
                    for key in key::list(conn, OURS).await? {
                        key::revoke(conn, OURS, key.id, Timestamp(1)).await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("stored");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(OURS, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(OURS, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(OURS, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(OURS, Method::DELETE, path, None).await
    }

    /// A contact of our workspace.
    pub(crate) async fn contact(&self, email: &str) -> ContactId {
        let (email, id) = (email.to_owned(), self.ids.next(Timestamp(0)).into());
        let change = ContactChange {
            data: json!({ "plan": "pro" }).as_object().cloned().expect("object"),
            ..Default::default()
        };
        self.store
            .write::<_, StoreError, _>(move |conn| {
                Box::pin(async move {
                    let done = contact::upsert(conn, OURS, &email, &change, true, id, Timestamp(0)).await?;
                    Ok(done.contact.id)
                })
            })
            .await
            .expect("stored")
    }

    /// A template of a workspace.
    pub(crate) async fn template(&self, workspace: WorkspaceId) -> TemplateId {
        let id: TemplateId = self.ids.next(Timestamp(0)).into();
        let new = Template {
            id,
            workspace_id: workspace,
            name: "Hello".into(),
            description: None,
            subject: "Hi".into(),
            body: "Hi".into(),
            from: "team@example.org".into(),
            from_name: None,
            reply_to: None,
            kind: TemplateKind::Marketing,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        self.store
            .write::<_, StoreError, _>(move |conn| Box::pin(async move { template::insert(conn, &new).await }))
            .await
            .expect("stored");
        id
    }

    /// A workflow that `signed_up` starts, with these steps one behind the other.
    pub(crate) async fn workflow(&self, more: Value, steps: &[(&str, &str, Value)]) -> Made {
        let mut body = json!({ "name": "Welcome", "eventName": "signed_up" });
        body.as_object_mut().expect("object").extend(more.as_object().cloned().expect("object"));
        let path =
            format!("/workflows/{}", self.post("/workflows", body).await.expect(201)["id"].as_str().expect("id"));
        let trigger = text(&self.get(&path).await.expect(200)["steps"][0]["id"]);
        let mut made = Made { path, steps: vec![trigger] };
        for (step_type, name, config) in steps {
            let body = json!({ "type": step_type, "name": name, "position": { "x": 0, "y": 0 }, "config": config });
            made.steps.push(text(&self.post(&made.at("/steps"), body).await.expect(201)["id"]));
        }
        made
    }

    /// Starts an execution by hand and waits until it is in a status; gives its detail.
    pub(crate) async fn run(&self, workflow: &Made, contact: ContactId, status: &str) -> Value {
        let started = self.post(&workflow.at("/executions"), json!({ "contactId": contact })).await.expect(201);
        self.reaches(&workflow.at(&format!("/executions/{}", text(&started["id"]))), status).await
    }

    /// Waits until what is at a path has a status.
    pub(crate) async fn reaches(&self, path: &str, status: &str) -> Value {
        for _ in 0..1_000 {
            let body = self.get(path).await.expect(200);
            if body["status"] == status {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{path} does not become {status}: {:#}", self.get(path).await.body)
    }
}

async fn ask(routes: &Router, request: Request<Body>) -> Answer {
    let response = routes.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("body");
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// A workflow of a test.
pub(crate) struct Made {
    path: String,
    /// The ids of its steps, the trigger's first.
    pub(crate) steps: Vec<String>,
}

impl Made {
    pub(crate) fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.path)
    }

    pub(crate) fn step(&self, index: usize) -> String {
        self.at(&format!("/steps/{}", self.steps[index]))
    }
}

impl Answer {
    /// The body, if the status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// The first field that is wrong, of an answer of 422.
    #[track_caller]
    pub(crate) fn field(self) -> String {
        text(&self.expect(422)["error"]["errors"][0]["field"])
    }

    /// The code of a refusal.
    #[track_caller]
    pub(crate) fn code(self, status: u16) -> String {
        text(&self.expect(status)["error"]["code"])
    }
}

/// The key of a workspace.
fn secret(workspace: WorkspaceId) -> String {
    format!("sk_{}{}", workspace.0.simple(), workspace.0.simple())
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
