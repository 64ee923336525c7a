//! People who work on flows without end, whatever becomes of the server: each on a flow of their own, and each deed under a name of
//! its own, so that the journal says which deeds happened, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply, SCHEMA, Server, eventually};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::seed::Seed;

/// How many people there are.
const PEOPLE: usize = 8;

/// Before something is asked again.
const PAUSE: Duration = Duration::from_millis(15);

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Deeds on one flow before its owner only brings it to its end.
const MOST: usize = 60;

/// Something that somebody did.
#[derive(Debug)]
pub(super) struct Deed {
    /// In whose name: nobody else has it.
    pub(super) by: String,
    /// Whether it was answered as done; else nobody knows.
    pub(super) acknowledged: bool,
}

/// What came of all the work.
#[derive(Default)]
pub(super) struct Done {
    pub(super) deeds: Vec<Deed>,
    /// The flows that were brought to their end.
    pub(super) flows: Vec<String>,
}

/// What flows are started from.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) template: String,
    pub(super) entity: String,
}

/// The people.
pub(super) struct Hands {
    server: watch::Sender<Client>,
    people: JoinSet<Done>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
}

impl Hands {
    /// Begins to work.
    pub(super) fn start(server: &Server, work: &Work, seed: &mut Seed) -> Self {
        let (server, _) = watch::channel(server.client());
        let (mut people, shared) = (JoinSet::new(), Arc::<Shared>::default());
        for number in 0..PEOPLE {
            let person = Person {
                name: format!("p{number}"),
                server: server.subscribe(),
                shared: Arc::clone(&shared),
                seed: seed.fork(),
                done: Done::default(),
            };
            people.spawn(person.work(work.clone()));
        }
        Self { server, people, shared }
    }

    /// The server is another from now on.
    pub(super) fn use_server(&self, server: &Server) {
        self.server.send_replace(server.client());
    }

    /// Waits until so many more deeds were answered.
    pub(super) async fn wait_for_more(&self, count: usize) {
        let done = || self.shared.acknowledged.load(Ordering::Relaxed);
        let wanted = done() + count;
        eventually("deeds that are answered", || async { (done() >= wanted).then_some(()) }).await;
    }

    /// Has everybody bring their flow to its end, and gives all that was done.
    pub(super) async fn finish(self) -> Done {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut all = Done::default();
        for done in self.people.join_all().await {
            all.deeds.extend(done.deeds);
            all.flows.extend(done.flows);
        }
        all
    }
}

struct Person {
    name: String,
    server: watch::Receiver<Client>,
    shared: Arc<Shared>,
    seed: Seed,
    done: Done,
}

impl Person {
    async fn work(mut self, work: Work) -> Done {
        while !self.is_stopped() || self.done.flows.is_empty() {
            let flow = self.start(&work).await;
            self.bring_to_its_end(&flow).await;
            self.done.flows.push(flow);
        }
        self.done
    }

    fn is_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    async fn start(&mut self, work: &Work) -> String {
        let contexts = json!([{ "entity_id": work.entity, "entity_schema": SCHEMA }]);
        let body = json!({ "flow_template_id": work.template, "contexts": contexts });
        // One whose answer is lost runs, and nobody works on it.
        let started = self.until_answered(Method::POST, "/v2/flows/executions", Some(&body)).await;
        started.expect(201)["id"].as_str().expect("an id").to_owned()
    }

    async fn bring_to_its_end(&mut self, flow: &str) {
        let path = format!("/v2/flows/executions/{flow}");
        for number in 0.. {
            let shown = self.until_answered(Method::GET, &path, None).await.expect(200);
            if shown["status"] == "DONE" {
                return;
            }
            let straight = number > MOST || self.is_stopped();
            match self.next(&shown, straight) {
                Some((method, below, body)) => self.act(method, &format!("{path}{below}"), &body).await,
                // Its automation runs.
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// What to do next to a flow: something to a task, or a new task.
    fn next(&mut self, flow: &Value, straight: bool) -> Option<(Method, String, Value)> {
        let tasks: Vec<&Value> = flow["tasks"].as_array().expect("tasks").iter().collect();
        if !straight && self.seed.one_in(12) {
            let edge = self.plain_edge(flow, &tasks)?;
            let (previous, next) = (&edge["from_id"], &edge["to_id"]);
            let body = json!({ "previous_task_id": previous, "next_task_id": next, "task": { "name": "Added" } });
            return Some((Method::POST, "/tasks".to_owned(), body));
        }
        let done: Vec<_> = tasks.iter().filter(|task| is_done(task)).collect();
        if !straight && self.seed.one_in(10) && !done.is_empty() {
            let task = self.seed.choice(&done)?;
            let current = is_current(flow, task);
            return (!current).then(|| patch(task, json!({ "status": "PENDING", "revert_execution": true })));
        }
        let open: Vec<_> =
            tasks.iter().filter(|task| is_current(flow, task) && task["task_type"] != "AUTOMATION").collect();
        let task = self.seed.choice(&open)?;
        Some(patch(task, self.change(task, straight)))
    }

    /// How a current task is changed: nothing is said that is so already.
    fn change(&mut self, task: &Value, straight: bool) -> Value {
        if task["task_type"] == "DECISION" {
            let branch = if !straight && self.seed.one_in(2) { "again" } else { "on" };
            return json!({ "status": "COMPLETED", "next_condition_id": branch });
        }
        let most = ["COMPLETED", "COMPLETED", "COMPLETED", "SKIPPED", "IN_PROGRESS", "ON_HOLD"];
        let status = if straight { "COMPLETED" } else { self.seed.choice(&most).expect("a status") };
        let status = if task["status"] == status { "COMPLETED" } else { status };
        json!({ "status": status })
    }

    /// An edge from one manual task to another.
    fn plain_edge<'f>(&mut self, flow: &'f Value, tasks: &[&Value]) -> Option<&'f Value> {
        let manual = |id: &Value| tasks.iter().any(|task| task["id"] == *id && task["task_type"] == "MANUAL");
        let edges: Vec<_> = flow["edges"].as_array()?.iter().collect();
        let plain: Vec<_> =
            edges.into_iter().filter(|edge| manual(&edge["from_id"]) && manual(&edge["to_id"])).collect();
        self.seed.choice(&plain).copied()
    }

    /// Does something once. What is not answered may have happened or not: it is not done again.
    async fn act(&mut self, method: Method, path: &str, body: &Value) {
        let by = format!("{}-{}", self.name, self.done.deeds.len());
        let client = self.server.borrow().clone();
        let request = client.request(method, path).header("x-stepwell-user", &by).json(body).timeout(LIMIT);
        let acknowledged = match client.try_send(request).await {
            Ok(reply) if [200, 201].contains(&reply.status) => true,
            Ok(reply) => {
                assert_eq!(reply.status, 503, "{path} {body}: {:#}", reply.body);
                false
            }
            Err(_) => false,
        };
        if acknowledged {
            self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        } else {
            tokio::time::sleep(PAUSE).await;
        }
        self.done.deeds.push(Deed { by, acknowledged });
    }

    async fn until_answered(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        loop {
            let client = self.server.borrow().clone();
            let request = client.request(method.clone(), path).timeout(LIMIT);
            let request = body.into_iter().fold(request, |request, body| request.json(body));
            match client.try_send(request).await {
                Ok(reply) if reply.status != 503 => return reply,
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

fn is_done(task: &Value) -> bool {
    task["status"] == "COMPLETED" || task["status"] == "SKIPPED"
}

fn is_current(flow: &Value, task: &Value) -> bool {
    flow["crt_tasks"].as_array().expect("current tasks").iter().any(|current| current["id"] == task["id"])
}

fn patch(task: &Value, change: Value) -> (Method, String, Value) {
    (Method::PATCH, format!("/tasks/{}", task["id"].as_str().expect("an id")), change)
}
