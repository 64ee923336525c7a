//! The signup flow, and what must be true of it in the end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepwell_tests::{Client, HttpPeer, Workflow, eventually_within};

use super::PATIENCE;
use super::audit::Database;
use super::load::{Sent, email};

/// condition → update → webhook → delay → wait → update → exit; who is not wanted leaves behind the condition.
pub(crate) struct Flow(Workflow);

impl Flow {
    pub(crate) async fn create(client: &Client, http: &HttpPeer) -> Self {
        let workflow = Workflow::create(client, "signed_up", json!({})).await;
        let wanted = json!({ "field": "event.wanted", "operator": "equals", "value": true });
        let steps = [
            ("CONDITION", "check", wanted),
            // Done twice, it would leave two letters.
            ("UPDATE_CONTACT", "mark", json!({ "data": { "trail": "{{ data.trail }}x" } })),
            ("WEBHOOK", "hook", json!({ "url": http.url("/hook"), "timeoutMs": 30_000 })),
            ("DELAY", "delay", json!({ "amount": 0.2, "unit": "seconds" })),
            ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "confirmed", "timeout": 1 })),
            ("UPDATE_CONTACT", "end", json!({ "data": { "trail": "{{ data.trail }}y" } })),
            ("EXIT", "exit", json!({ "reason": "through" })),
        ];
        let mut before = workflow.trigger.clone();
        for (at, (kind, name, config)) in steps.into_iter().enumerate() {
            let step = workflow.step(kind, name, config).await;
            let edge = if at == 1 { json!({ "branch": "yes" }) } else { Value::Null };
            if at == 1 {
                let leave = workflow.step("EXIT", "leave", json!({ "reason": "not wanted" })).await;
                workflow.connect(&before, &leave, json!({ "branch": "no" })).await;
            }
            workflow.connect(&before, &step, edge).await;
            before = step;
        }
        Self(workflow)
    }

    /// Waits until nothing runs or waits any more.
    pub(crate) async fn wait_for_the_end(&self, client: &Client, sent: &[Sent]) {
        let ended = || async {
            let path = self.0.path("/executions?pageSize=1&status=EXITED");
            client.get(&path).await.expect(200)["total"].as_u64()
        };
        eventually_within(PATIENCE, "the end of all executions", || async {
            (ended().await? >= sent.len() as u64).then_some(())
        })
        .await;
    }

    /// Checks that everything happened, and nothing twice.
    pub(crate) async fn check(&self, database: &Database, sent: &[Sent], http: &HttpPeer) {
        self.check_events(database, sent).await;
        self.check_executions(database, sent).await;
        check_journals(database, sent).await;
        check_contacts(database, sent).await;
        check_webhooks(sent, http);
    }

    async fn check_events(&self, database: &Database, sent: &[Sent]) {
        let stored = database.ask("select id from event where name = 'signed_up'").await;
        let stored: BTreeSet<_> = stored.into_iter().flatten().collect();
        let lost: Vec<_> =
            sent.iter().filter(|sent| sent.event.as_ref().is_some_and(|id| !stored.contains(id))).collect();
        assert!(lost.is_empty(), "events that were accepted and are not stored: {:?}", numbers(&lost));
        assert_eq!(stored.len(), sent.len(), "each event is stored once");
        let doubled = "select count(*) from (select contact_id from event where name = 'signed_up'
            group by contact_id having count(*) > 1) as doubled";
        assert_eq!(database.number(doubled).await, 0, "events that are stored twice");
    }

    async fn check_executions(&self, database: &Database, sent: &[Sent]) {
        let ends =
            database.ask("select status, exit_reason, count(*) from execution group by status, exit_reason").await;
        let ends: BTreeMap<_, _> = ends.into_iter().map(|row| (row[..2].join(" "), row[2].clone())).collect();
        let wanted = sent.iter().filter(|sent| sent.is_wanted()).count();
        let expected = [("exited not wanted", sent.len() - wanted), ("exited through", wanted)];
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(end, count)| (end.to_owned(), count.to_string())).collect();
        assert_eq!(ends, expected, "an end for each event");
        let contacts = database.number("select count(distinct contact_id) from execution").await;
        assert_eq!(contacts, sent.len(), "an execution for each contact");
        let left = "select (select count(*) from step_execution where status in ('pending', 'running', 'waiting'))
            + (select count(*) from wait)";
        assert_eq!(database.number(left).await, 0, "nothing is left behind");
    }
}

async fn check_journals(database: &Database, sent: &[Sent]) {
    let gaps = "select count(*) from execution left join (select execution_id, count(*) as entries,
            min(number) as first, max(number) as last from journal group by execution_id) as journals
        on journals.execution_id = execution.id
        where entries is null or first <> 1 or last <> entries or journal_length <> entries";
    assert_eq!(database.number(gaps).await, 0, "journals with gaps");
    let doubled = "select count(*) from (select execution_id from journal
        where kind in ('execution-started', 'step-waiting', 'step-woken', 'step-completed', 'execution-exited')
        group by execution_id, step_id, kind having count(*) > 1) as doubled";
    assert_eq!(database.number(doubled).await, 0, "things that happened twice");
    let woken = database.number("select count(*) from journal where kind = 'step-woken'").await;
    let wanted = sent.iter().filter(|sent| sent.is_wanted()).count();
    assert_eq!(woken, 2 * wanted, "every delay and every wait ended");
}

async fn check_contacts(database: &Database, sent: &[Sent]) {
    let contacts = database.ask("select email, data from contact").await;
    let trails: BTreeMap<_, _> = contacts.into_iter().map(|row| (row[0].clone(), trail(&row[1]))).collect();
    assert_eq!(trails.len(), sent.len(), "a contact for each event");
    for sent in sent {
        let expected = if sent.is_wanted() { json!("xy") } else { Value::Null };
        assert_eq!(trails[&email(sent.n)], expected, "an update of contact {} is missing or doubled", sent.n);
    }
}

fn trail(data: &str) -> Value {
    serde_json::from_str::<Value>(data).expect("a contact's data")["trail"].clone()
}

fn check_webhooks(sent: &[Sent], http: &HttpPeer) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for received in http.received() {
        let contact = received.body["contact"]["email"].as_str().expect("a contact").to_owned();
        ids.entry(contact).or_default().insert(received.header("webhook-id").to_owned());
    }
    let wanted: BTreeSet<_> = sent.iter().filter(|sent| sent.is_wanted()).map(|sent| email(sent.n)).collect();
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), wanted, "a webhook for each contact");
    let repeated: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(repeated.is_empty(), "webhooks that were repeated under another id: {repeated:?}");
}

fn numbers(sent: &[&Sent]) -> Vec<usize> {
    sent.iter().map(|sent| sent.n).collect()
}
