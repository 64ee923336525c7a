//! Entities: a change of one is looked at by the tasks that wait for it, and by no others.

use serde_json::{Map, Value, json};
use stepwell_core::flow::{
    Context, Draft, Drawn, Entity, FlowData, FlowStatus, StartPeople, Surface, TaskKind, TaskSpec, TaskStatus, Trigger,
    compile,
};
use stepwell_core::{
    ContactChange, DefinitionId, Execution, ExecutionId, ExecutionStatus, Given, Outcome, Reentry, Start, StepReport,
    WaitRequest, testing,
};
use stepwell_engine::{AddressEdit, EngineError, MAX_ENTITY_DATA, NewFlow};
use stepwell_store::{StoreError, entity, flow};
use uuid::Uuid;

use crate::bench::{Bench, completed};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

/// A decision that is met once the entity is won.
fn decides(bench: &Bench) {
    bench.answer("inside-decide", |request| {
        let won = request.context.about["flow"]["entities"].as_array().into_iter().flatten().any(is_won);
        StepReport::of(match won {
            true => completed(Value::Null),
            false => Outcome::Waiting(WaitRequest {
                task: Some(json!({ "status": "condition_pending" })),
                ..WaitRequest::default()
            }),
        })
    });
}

fn is_won(entity: &Value) -> bool {
    entity["data"]["status"] == "won"
}

/// A flow of one decision.
async fn define(bench: &Bench) -> DefinitionId {
    let task = TaskSpec {
        key: "decide".into(),
        kind: TaskKind::Decision,
        phase: None,
        trigger: Trigger::Automatic,
        schedule: None,
        requirements: vec![],
        due_date: None,
        due: None,
        assignees: vec![],
        taxonomies: vec![],
        repeat: None,
        added: false,
    };
    let mut step = testing::step("inside-decide");
    step.task = Some(Box::new(task));
    let id = testing::definition(Reentry::Always).id;
    let draft = Draft { definition: id, steps: vec![step], drawn: Drawn::default() };
    let stamp = bench.engine.stamp();
    let graph = compile(draft, &Given::new(stamp.now, stamp.ids.as_ref())).expect("a graph");
    bench.define_graph(graph, Reentry::Always, json!({ "eventName": "never" })).await
}

async fn start(bench: &Bench, of: DefinitionId, about: &Entity) -> ExecutionId {
    let context = Context { entity_id: about.id.clone(), schema: about.schema.clone(), is_primary: true, data: None };
    let people = StartPeople {
        name: "Decide".into(),
        surface: Surface::Flow,
        contexts: vec![context],
        entities: vec![about.clone()],
        by: "ada".into(),
        data: FlowData::default(),
        due_date: None,
    };
    let start = Start { people: Some(people), ..Start::default() };
    let acted = bench.engine.start_flow(bench.workspace, NewFlow { definition: of, start }).await.expect("a flow");
    assert_eq!(acted.people.tasks[0].status, TaskStatus::ConditionPending);
    acted.execution.id
}

async fn status(bench: &Bench, id: ExecutionId) -> FlowStatus {
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let loaded = flow::load(&mut conn, bench.workspace, id).await.expect("a read").expect("a flow");
    loaded.people.flow.status
}

async fn create(bench: &Bench, schema: &str, data: Value) -> Entity {
    bench.engine.create_entity(bench.workspace, schema.into(), None, object(data)).await.expect("an entity")
}

async fn patch(bench: &Bench, of: &Entity, change: Value) -> Result<Entity, EngineError> {
    let id = Uuid::try_parse(&of.id).expect("an id");
    bench.engine.patch_entity(bench.workspace, of.schema.clone(), id, object(change)).await
}

async fn ended(bench: &Bench, of: DefinitionId) -> Execution {
    bench.until(of, ExecutionStatus::Completed).await
}

#[tokio::test]
async fn a_decision_that_nothing_met_is_made_when_its_entity_changes() {
    for schema in ["order", "contact"] {
        let bench = Bench::new().await;
        decides(&bench);
        let bench = bench.run().await;
        let of = define(&bench).await;
        let entity = create(&bench, schema, json!({ "email": "ada@example.org", "status": "open" })).await;
        let id = start(&bench, of, &entity).await;
        patch(&bench, &entity, json!({ "status": "won" })).await.expect("a change");
        assert_eq!((ended(&bench, of).await.id, status(&bench, id).await), (id, FlowStatus::Done), "{schema}");
    }
}

#[tokio::test]
async fn a_contact_is_looked_at_whichever_way_it_changes() {
    for by_event in [false, true] {
        let bench = Bench::new().await;
        decides(&bench);
        let bench = bench.run().await;
        let of = define(&bench).await;
        let contact = create(&bench, "contact", json!({ "email": "ada@example.org" })).await;
        let id = start(&bench, of, &contact).await;
        let data = object(json!({ "status": "won" }));
        if by_event {
            let edit = AddressEdit {
                email: "ada@example.org".into(),
                data,
                subscribed: None,
                subscribed_if_new: true,
                preserve_existing_subscription: false,
            };
            bench.engine.upsert_contact(bench.workspace, edit).await.expect("a contact");
        } else {
            let change = ContactChange { data, ..ContactChange::default() };
            let contact = contact.id.parse().expect("an id");
            bench.engine.update_contact(bench.workspace, contact, None, change).await.expect("a contact");
        }
        assert_eq!(ended(&bench, of).await.id, id, "{by_event}");
    }
}

#[tokio::test]
async fn an_entity_that_stays_as_it_is_or_is_another_wakes_nobody() {
    let bench = Bench::new().await;
    decides(&bench);
    let bench = bench.run().await;
    let of = define(&bench).await;
    let (entity, other) =
        (create(&bench, "order", json!({ "status": "open" })).await, create(&bench, "order", json!({})).await);
    let id = start(&bench, of, &entity).await;
    let asked = bench.ran().len();
    patch(&bench, &entity, json!({ "status": "open", "none": null })).await.expect("no change");
    patch(&bench, &other, json!({ "status": "won" })).await.expect("a change of another");
    // What comes after them is looked at, and was the first to be.
    patch(&bench, &entity, json!({ "status": "won" })).await.expect("a change");
    assert_eq!(ended(&bench, of).await.id, id);
    assert_eq!(bench.ran().len(), asked + 1);
}

#[tokio::test]
async fn an_entity_that_is_stored_later_is_looked_at() {
    let bench = Bench::new().await;
    decides(&bench);
    let bench = bench.run().await;
    let of = define(&bench).await;
    let id = Uuid::from_u128(7);
    let now = bench.engine.now();
    let unknown =
        Entity { id: id.to_string(), schema: "order".into(), data: Map::new(), created_at: now, updated_at: now };
    let flow = start(&bench, of, &unknown).await;
    let data = object(json!({ "status": "won" }));
    bench.engine.create_entity(bench.workspace, "order".into(), Some(id), data).await.expect("an entity");
    assert_eq!(ended(&bench, of).await.id, flow);
}

#[tokio::test]
async fn an_entity_that_would_grow_too_large_stays_as_it_was() {
    let bench = Bench::new().await;
    let entity = create(&bench, "order", json!({ "a": "x".repeat(40_000) })).await;
    let refused = patch(&bench, &entity, json!({ "b": "x".repeat(40_000) })).await;
    assert!(matches!(refused, Err(EngineError::EntityTooLarge { limit: MAX_ENTITY_DATA })), "{refused:?}");
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let stored = entity::get(&mut conn, bench.workspace, "order", &entity.id).await.expect("a read");
    assert_eq!(stored, Some(entity));
}

#[tokio::test]
async fn a_contact_keeps_its_address_to_itself() {
    let bench = Bench::new().await;
    let ada = create(&bench, "contact", json!({ "email": "Ada@example.org", "plan": "pro" })).await;
    assert_eq!(ada.data["email"], "ada@example.org");
    let again = object(json!({ "email": "ada@example.org", "plan": "free" }));
    let refused = bench.engine.create_entity(bench.workspace, "contact".into(), None, again).await;
    assert!(matches!(refused, Err(EngineError::Store(StoreError::EmailTaken(_)))), "{refused:?}");
    let moved = patch(&bench, &ada, json!({ "email": "lovelace@example.org", "plan": null })).await.expect("a change");
    assert_eq!(Value::Object(moved.data), json!({ "email": "lovelace@example.org" }));
}
