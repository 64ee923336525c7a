//! A server without a socket, and what its tests ask it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::{Router, body};
use serde_json::{Value, json};
use stepwell_api::{ApiOptions, ApiState, hash_key, router};
use stepwell_core::{
    Clock, Digest, Grant, Outcome, PluginError, PluginHost, PluginInfo, PluginSource, Problem, RetryPolicy,
    StepDescriptor, StepReport, StepRequest, StepRunner, Timestamp, WorkspaceId,
};
use stepwell_engine::{Engine, EngineOptions, Links, RandomIds, Retention};
use stepwell_store::key::{self, ApiKey, KeyKind};
use stepwell_store::workspace::{self, Workspace};
use stepwell_store::{Store, StoreError};
use tower::ServiceExt;
use uuid::Uuid;

/// Now, to begin with.
pub(crate) const NOW: i64 = 1_767_323_045_678;

/// A clock that tests move.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// A host whose every step completes at once, and whose components are their own description.
#[derive(Default)]
pub(crate) struct FakeHost(Mutex<Vec<PluginInfo>>);

#[async_trait]
impl StepRunner for FakeHost {
    async fn run(&self, _: StepRequest) -> StepReport {
        StepReport::of(Outcome::Completed(stepwell_core::Completion::default()))
    }

    fn default_retry(&self, _: Option<Digest>, _: WorkspaceId, _: &str) -> RetryPolicy {
        RetryPolicy::NONE
    }
}

#[async_trait]
impl PluginHost for FakeHost {
    async fn inspect(&self, component: &[u8]) -> Result<PluginInfo, PluginError> {
        if !component.starts_with(b"\0asm") {
            let message = "the bytes are not a WebAssembly component".to_owned();
            return Err(PluginError::Refused { code: "invalid-component", message });
        }
        Ok(PluginInfo {
            digest: hash_key_bytes(component),
            workspace_id: None,
            source: PluginSource::Installed,
            steps: vec![descriptor("shout")],
            imports: vec!["wasi:http/outgoing-handler".into()],
            grants: vec![],
            size: component.len() as u64,
        })
    }

    async fn activate(&self, plugin: &PluginInfo, _: &[u8]) -> Result<(), PluginError> {
        let mut active = self.0.lock().expect("lock");
        active.retain(|info| info.digest != plugin.digest || info.workspace_id != plugin.workspace_id);
        active.push(plugin.clone());
        Ok(())
    }

    fn deactivate(&self, workspace: Option<WorkspaceId>, digest: Digest) {
        self.0.lock().expect("lock").retain(|info| info.digest != digest || info.workspace_id != workspace);
    }

    fn list(&self, workspace: WorkspaceId) -> Vec<PluginInfo> {
        let active = self.0.lock().expect("lock");
        active.iter().filter(|info| info.workspace_id.is_none_or(|owner| owner == workspace)).cloned().collect()
    }

    fn lookup(&self, workspace: WorkspaceId, step_type: &str) -> Option<(Digest, StepDescriptor)> {
        self.list(workspace).into_iter().find_map(|info| {
            info.steps.iter().find(|step| step.step_type == step_type).map(|step| (info.digest, step.clone()))
        })
    }

    async fn validate(&self, _: Digest, _: &str, _: &Value) -> Result<Vec<Problem>, PluginError> {
        Ok(vec![])
    }
}

fn hash_key_bytes(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest(sha2::Sha256::digest(bytes).into())
}

fn descriptor(name: &str) -> StepDescriptor {
    StepDescriptor {
        step_type: name.into(),
        version: "1.0.0".into(),
        title: name.into(),
        description: String::new(),
        icon: String::new(),
        config_schema: json!({ "type": "object" }),
        output_schema: json!({ "type": "object" }),
        branches: vec![],
        retry: None,
    }
}

/// A plugin that comes with the server.
fn builtin() -> PluginInfo {
    PluginInfo {
        digest: Digest([7; 32]),
        workspace_id: None,
        source: PluginSource::Builtin,
        steps: vec![descriptor("exit")],
        imports: vec!["stepwell:plugin/contacts".into()],
        grants: vec![Grant { import: "stepwell:plugin/contacts".into(), scope: vec![] }],
        size: 10,
    }
}

/// A server of one workspace, with a secret key that may do everything.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) state: ApiState,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) key: String,
    _directory: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()
    }

    /// The status and `error.code` of a refusal, whose envelope is checked.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["success"], false, "{}", self.text());
        assert_eq!(body["error"]["statusCode"], self.status.as_u16());
        assert_eq!(body["error"]["requestId"], self.headers["x-request-id"].to_str().expect("text"));
        (self.status.as_u16(), body["error"]["code"].as_str().expect("code").to_owned())
    }

    /// The status and message of a refusal in the words of the flows surface, whose body is checked.
    pub(crate) fn declined(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["requestId"], self.headers["x-request-id"].to_str().expect("text"), "{}", self.text());
        assert!(body["code"].is_string() && body.get("success").is_none(), "{}", self.text());
        (self.status.as_u16(), body["message"].as_str().expect("a message").to_owned())
    }

    /// The first field that is wrong, and how.
    pub(crate) fn wrong(&self) -> (String, String) {
        let (status, _) = self.refusal();
        assert!(status == 422 || status == 400, "{}", self.text());
        let first = &self.json()["error"]["errors"][0];
        (first["field"].as_str().expect("field").to_owned(), first["code"].as_str().expect("code").to_owned())
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(ApiOptions::default()).await
    }

    pub(crate) async fn start_with(options: ApiOptions) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        let store = Store::open(&url).await.expect("store");
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let host = Arc::new(FakeHost::default());
        host.0.lock().expect("lock").push(builtin());
        let public_url = url::Url::parse("https://stepwell.example.org").expect("url");
        let engine = Engine::new(EngineOptions {
            store: store.clone(),
            runner: host.clone(),
            plugins: host,
            clock: clock.clone(),
            ids: Arc::<RandomIds>::default(),
            links: Links::new(&public_url, [7; 32]),
            concurrency: 4,
            queue_limit: 100,
            retention: Retention::default(),
        });
        let state = ApiState::new(engine, options);
        state.set_ready(true);
        let workspace = WorkspaceId(Uuid::from_u128(1));
        let router = router(state.clone());
        let mut server = Self { router, state, clock, workspace, key: String::new(), _directory: directory };
        server.add_workspace(workspace, false).await;
        server.key = server.add_key(workspace, KeyKind::Secret, &["*"]).await;
        server
    }

    pub(crate) fn store(&self) -> &Store {
        self.state.store()
    }

    pub(crate) async fn add_workspace(&self, id: WorkspaceId, disabled: bool) {
        let (created_at, updated_at) = (Timestamp(NOW), Timestamp(NOW));
        let new = Workspace { id, name: "Acme".into(), disabled, created_at, updated_at };
        self.write(move |conn| Box::pin(async move { workspace::insert(conn, &new, &[1; 32]).await })).await;
    }

    pub(crate) async fn add_key(&self, workspace_id: WorkspaceId, kind: KeyKind, scopes: &[&str]) -> String {
        let prefix = if kind == KeyKind::Secret { "sk" } else { "pk" };
        let id: Uuid = self.state.new_id();
        let text = format!("{prefix}_{}{}", id.simple(), id.simple());
        let key = ApiKey {
            id: id.into(),
            workspace_id,
            kind,
            prefix: text[..11].into(),
            name: "test".into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            created_at: Timestamp(NOW),
            last_used_at: Some(Timestamp(NOW)),
            revoked_at: None,
        };
        let hash = hash_key(&text);
        self.write(move |conn| Box::pin(async move { key::insert(conn, &key, &hash).await })).await;
        text
    }

    pub(crate) async fn write<T, F>(&self, job: F) -> T
    where
        F: for<'c> FnOnce(&'c mut stepwell_store::Conn) -> stepwell_store::BoxFuture<'c, Result<T, StoreError>>
            + Clone
            + Send
            + 'static,
        T: Send + 'static,
    {
        self.store().write(job).await.expect("written")
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body::to_bytes(body, usize::MAX).await.expect("body").to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// A request with the key, and with a JSON body if there is one.
    pub(crate) async fn ask(&self, method: Method, path: &str, json: Option<Value>) -> Answer {
        self.ask_as(&self.key, method, path, json).await
    }

    pub(crate) async fn ask_as(&self, key: &str, method: Method, path: &str, json: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        let request = match json {
            Some(json) => request.header("content-type", "application/json").body(Body::from(json.to_string())),
            None => request.body(Body::empty()),
        };
        self.call(request.expect("request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, json: Value) -> Answer {
        self.ask(Method::POST, path, Some(json)).await
    }

    pub(crate) async fn patch(&self, path: &str, json: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(json)).await
    }

    pub(crate) async fn put(&self, path: &str, json: Value) -> Answer {
        self.ask(Method::PUT, path, Some(json)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub(crate) fn tick(&self, milliseconds: i64) {
        self.clock.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}
