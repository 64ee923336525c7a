//! A run without a guest, for tests of capabilities: data in memory, and a resolver that knows fixed names.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwell_core::{
    Clock, Connection, Contact, ContactId, DataUnavailable, DefinitionId, Digest, ExecutionId, Grant, PluginData,
    PluginSource, Runnable, SequentialIds, StepExecutionId, Template, TemplateId, Timestamp, WorkspaceId,
};
use uuid::Uuid;

use crate::client::HttpClient;
use crate::egress::{AddressPolicy, Resolve};
use crate::grant::{Grants, Import};
use crate::options::Limits;
use crate::registry::Registry;
use crate::state::{Facts, Purpose, RunState, Services};

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
pub(crate) const CONTACT: ContactId = ContactId(Uuid::from_u128(2));
pub(crate) const STRANGER: ContactId = ContactId(Uuid::from_u128(3));
pub(crate) const TEMPLATE: TemplateId = TemplateId(Uuid::from_u128(4));
pub(crate) const WORKFLOW: DefinitionId = DefinitionId(Uuid::from_u128(5));
pub(crate) const SWITCHED_OFF: DefinitionId = DefinitionId(Uuid::from_u128(6));
pub(crate) const EXECUTION: ExecutionId = ExecutionId(Uuid::from_u128(7));
/// An execution that may start no other.
pub(crate) const DEEP: ExecutionId = ExecutionId(Uuid::from_u128(8));
pub(crate) const CHILD: ExecutionId = ExecutionId(Uuid::from_u128(9));
pub(crate) const NOW: Timestamp = Timestamp(1_767_323_045_678);

/// What a run may read. While `down`, nothing answers.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) values: Mutex<BTreeMap<(String, String), Vec<u8>>>,
    pub(crate) down: bool,
}

impl Memory {
    fn answer<T>(&self, value: T) -> Result<T, DataUnavailable> {
        if self.down { Err(DataUnavailable("down for the test".into())) } else { Ok(value) }
    }
}

#[async_trait]
impl PluginData for Memory {
    async fn contact(&self, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, DataUnavailable> {
        self.answer((workspace == WORKSPACE && id == CONTACT).then(contact))
    }

    async fn template(&self, workspace: WorkspaceId, id: TemplateId) -> Result<Option<Template>, DataUnavailable> {
        self.answer((workspace == WORKSPACE && id == TEMPLATE).then(template))
    }

    async fn count_events(
        &self,
        _: WorkspaceId,
        _: ContactId,
        name: &str,
        since: Option<Timestamp>,
    ) -> Result<u64, DataUnavailable> {
        self.answer(if name == "paid" && since.is_none_or(|since| since <= NOW) { 3 } else { 0 })
    }

    async fn value(&self, _: WorkspaceId, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, DataUnavailable> {
        self.answer(self.values.lock().expect("values").get(&(bucket.to_owned(), key.to_owned())).cloned())
    }

    async fn keys(
        &self,
        _: WorkspaceId,
        bucket: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, DataUnavailable> {
        let values = self.values.lock().expect("values");
        let keys = values.keys().filter(|(of, key)| of == bucket && after.is_none_or(|after| key.as_str() > after));
        self.answer(keys.map(|(_, key)| key.clone()).take(limit).collect())
    }

    async fn runnable(
        &self,
        workspace: WorkspaceId,
        by: ExecutionId,
        workflow: Option<DefinitionId>,
    ) -> Result<Runnable, DataUnavailable> {
        self.answer(match workflow {
            _ if by == DEEP => Runnable::TooDeep,
            None | Some(WORKFLOW) if workspace == WORKSPACE => Runnable::Yes,
            Some(SWITCHED_OFF) => Runnable::Off,
            _ => Runnable::Unknown,
        })
    }

    async fn child(&self, _: WorkspaceId, of: ExecutionId, id: ExecutionId) -> Result<Option<Value>, DataUnavailable> {
        let standing = json!({"executionId": CHILD, "status": "success", "output": 1, "reason": null});
        self.answer((of == EXECUTION && id == CHILD).then_some(standing))
    }

    async fn connection(&self, _: WorkspaceId, name: &str) -> Result<Option<Connection>, DataUnavailable> {
        let known = name == "crm" || name == "webhook-signing";
        self.answer(known.then(|| Connection {
            name: name.to_owned(),
            secret: b"s3cret".to_vec(),
            hosts: vec!["crm.test".into()],
        }))
    }
}

pub(crate) fn contact() -> Contact {
    Contact {
        id: CONTACT,
        workspace_id: WORKSPACE,
        email: "ada@example.org".into(),
        subscribed: true,
        data: json!({"plan": "free"}).as_object().cloned().expect("an object"),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn template() -> Template {
    Template {
        id: TEMPLATE,
        workspace_id: WORKSPACE,
        name: "Welcome".into(),
        description: None,
        subject: "Hello".into(),
        body: "<p>Hello</p>".into(),
        from: "us@example.org".into(),
        from_name: None,
        reply_to: None,
        kind: stepwell_core::TemplateKind::Marketing,
        created_at: NOW,
        updated_at: NOW,
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Names under `.test` are here, `metadata.evil` and `mapped.evil` are where they should not be.
struct Names;

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host {
            "loop.evil" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
            "metadata.evil" => Ok(vec![Ipv4Addr::new(169, 254, 169, 254).into()]),
            "mapped.evil" => Ok(vec![Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().into()]),
            _ if host.ends_with(".test") => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }
}

/// How a test's run differs from the usual one.
pub(crate) struct Setup {
    pub(crate) data: Memory,
    pub(crate) limits: Limits,
    pub(crate) purpose: Purpose,
    /// The hosts and connections that are granted.
    pub(crate) hosts: Vec<String>,
    pub(crate) connections: Vec<String>,
    /// Networks that may be reached although they are private.
    pub(crate) allowed: Vec<&'static str>,
    pub(crate) call_key: String,
    pub(crate) execution: ExecutionId,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            data: Memory::default(),
            limits: Limits::default(),
            purpose: Purpose::Live,
            hosts: vec!["*".into()],
            connections: vec!["*".into()],
            allowed: vec!["127.0.0.1/32"],
            call_key: "visit".into(),
            execution: EXECUTION,
        }
    }
}

impl Setup {
    /// The state of a run of the step type `tried`.
    pub(crate) fn state(self) -> RunState {
        let allowed = self.allowed.iter().map(|network| network.parse().expect("a network")).collect();
        let services = Services {
            http: HttpClient::new(AddressPolicy::new(allowed), Arc::new(Names), self.limits.http_at_once)
                .expect("a client"),
            data: Arc::new(self.data),
            clock: Arc::new(Noon),
            ids: Arc::new(SequentialIds::default()),
            registry: Registry::default(),
            server_key: [7; 32],
            memory: Arc::new(crate::limits::MemoryBudget::new(self.limits.all_memory)),
            limits: self.limits,
        };
        let given = [(Import::Http, self.hosts), (Import::Connections, self.connections)]
            .map(|(import, scope)| Grant { import: import.name().to_owned(), scope });
        let grants = Grants::settle(Digest([0xab; 32]), PluginSource::Builtin, &Import::ALL, &given).expect("granted");
        let facts = Facts {
            workspace: WORKSPACE,
            digest: Digest([0xab; 32]),
            step_type: "tried".into(),
            execution: self.execution,
            step_execution: StepExecutionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
            contact: Some(CONTACT),
            message_key: self.call_key.clone(),
            call_key: self.call_key,
            now: NOW,
            purpose: self.purpose,
        };
        RunState::new(Arc::new(services), facts, Arc::new(grants))
    }
}
