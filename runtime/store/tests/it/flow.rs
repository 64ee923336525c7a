//! Flows: stored with the decision they are part of, loaded as a whole, listed and searched.

use serde_json::json;
use stepwell_core::flow::{Assignee, Flow, FlowStatus, People, PeopleChanges, Surface, Task, TaskStatus};
use stepwell_core::{Changes, DefinitionKind, ExecutionId, Outcome, Timestamp, testing};
use stepwell_store::flow::{self, FlowQuery, FlowSort, Found, ListQuery};
use stepwell_store::task::{self, Comment};
use stepwell_store::{StoreError, entity, execution};

use crate::people::{about, drawn, due, flow as made, next, spec};
use crate::prune::pruned;
use crate::support::{Bed, NOW, stranger, workspace, write};

/// What people see of an execution that was just started.
fn people(changes: &Changes) -> (Flow, Vec<Task>) {
    let people = changes.people.as_deref().expect("people");
    (people.flow.clone().expect("a flow"), people.tasks.clone())
}

async fn loaded(bed: &Bed, id: ExecutionId) -> People {
    flow::load(&mut bed.read().await, workspace(), id).await.expect("read").expect("a flow").people
}

#[tokio::test]
async fn a_flow_is_loaded_as_it_was_stored() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await.to_string();
    let changes = bed.flow("Żółw", vec![about("order", "o1"), about("contact", &ada)]).await;
    let bed = bed.reopened().await;
    let found = flow::load(&mut bed.read().await, workspace(), changes.execution.id).await.expect("read");
    let found = found.expect("a flow");
    let (flow, tasks) = people(&changes);
    assert_eq!((&found.people.flow, &found.people.tasks), (&flow, &tasks));
    assert_eq!((&found.execution, &*found.graph), (&changes.execution, &drawn()));
    assert_eq!(found.people.entities.iter().map(|entity| &*entity.id).collect::<Vec<_>>(), [&*ada]);
    assert!(found.visits.iter().all(|visit| !visit.status.is_done()) && !found.visits.is_empty());
    let foreign = flow::load(&mut bed.read().await, stranger(), changes.execution.id).await.expect("read");
    assert!(foreign.is_none());
}

#[tokio::test]
async fn an_execution_without_tasks_is_no_flow() {
    let bed = Bed::new().await;
    let stored = bed.definition(stepwell_core::Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let mut conn = bed.read().await;
    assert!(flow::load(&mut conn, workspace(), run).await.expect("read").is_none());
    assert!(flow::load_many(&mut conn, workspace(), &[run]).await.expect("read").is_empty());
    let (run, graph) = (bed.state(run).await.0, crate::support::graph());
    assert!(flow::people(&mut conn, &run, &graph).await.expect("read").is_none());
}

#[tokio::test]
async fn a_change_replaces_what_it_names_and_leaves_the_rest() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![about("order", "o1"), about("order", "o2")]).await;
    let (mut flow, mut tasks) = people(&changes);
    flow.status = FlowStatus::Done;
    flow.due = due(5);
    flow.contexts = vec![about("order", "o9")];
    flow.data.assignees = vec![Assignee::Person("eve".into())];
    tasks[1].status = TaskStatus::Completed;
    tasks[1].data.result = Some(json!({"x": 1}));
    let kept = PeopleChanges { flow: Some(flow.clone()), tasks: vec![tasks[1].clone()], ..PeopleChanges::default() };
    bed.change(changes.execution.id, kept.clone()).await.expect("stored");
    let found = loaded(&bed, changes.execution.id).await;
    let ids = |people: &People| people.flow.contexts.iter().map(|one| one.entity_id.clone()).collect::<Vec<_>>();
    assert_eq!((found.flow.status, &found.tasks), (FlowStatus::Done, &tasks));
    assert_eq!(ids(&found), ["o1", "o2"], "the contexts were not said to be others");
    bed.change(changes.execution.id, PeopleChanges { contexts_changed: true, ..kept }).await.expect("stored");
    assert_eq!(loaded(&bed, changes.execution.id).await.flow, flow);
    let removed = PeopleChanges { removed: vec![tasks[0].id], ..PeopleChanges::default() };
    bed.change(changes.execution.id, removed).await.expect("stored");
    assert_eq!(loaded(&bed, changes.execution.id).await.tasks, tasks[1..]);
}

#[tokio::test]
async fn what_changes_for_people_is_fenced_with_the_execution() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![]).await;
    let (mut flow, _) = people(&changes);
    let first = next(bed.state(changes.execution.id).await.0, PeopleChanges::default());
    flow.name = "Other".into();
    let mut second = first.clone();
    second.people = Some(Box::new(PeopleChanges { flow: Some(flow), ..PeopleChanges::default() }));
    bed.apply(first).await.expect("stored");
    assert!(matches!(bed.apply(second).await, Err(StoreError::Fenced(_))));
    assert_eq!(loaded(&bed, changes.execution.id).await.flow.name, "One");
}

#[tokio::test]
async fn an_entity_that_is_named_twice_is_a_context_once() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![about("order", "o1"), about("order", "o1"), about("ticket", "o1")]).await;
    let found = loaded(&bed, changes.execution.id).await;
    assert_eq!(found.flow.contexts, [about("order", "o1"), about("ticket", "o1")]);
}

#[tokio::test]
async fn an_edited_execution_has_a_graph_of_its_own_and_the_version_stays_as_it_was() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![]).await;
    let other = bed.begun(bed.begin(&bed.template(DefinitionKind::Flow).await, "Other", vec![])).await;
    let before = bed.state(changes.execution.id).await.0;
    let mut graphs = Vec::new();
    for name in ["third", "fourth"] {
        let mut edited = drawn();
        edited.steps.push(testing::step(name));
        let edit = PeopleChanges { graph: Some(edited.clone()), ..PeopleChanges::default() };
        bed.change(changes.execution.id, edit).await.expect("stored");
        graphs.push((bed.state(changes.execution.id).await.0, edited));
    }
    let bed = bed.reopened().await;
    let mut conn = bed.read().await;
    let of = |found: Option<std::sync::Arc<_>>| found.expect("a graph");
    assert_eq!(*of(execution::graph(&mut conn, &before).await.expect("read")), drawn());
    assert_eq!(*of(execution::graph(&mut conn, &graphs[1].0).await.expect("read")), graphs[1].1);
    assert_eq!(*of(execution::graph(&mut conn, &other.execution).await.expect("read")), drawn());
    let old = execution::graph(&mut conn, &graphs[0].0).await;
    assert!(matches!(old, Err(StoreError::Fenced(_))), "only the newest is kept");
    let many =
        flow::load_many(&mut conn, workspace(), &[changes.execution.id, other.execution.id]).await.expect("read");
    assert_eq!(many.iter().map(|shown| shown.graph.steps.len()).collect::<Vec<_>>(), [4, 3]);
}

#[tokio::test]
async fn a_flow_that_was_deleted_softly_is_found_by_nothing_and_kept() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![about("order", "o1")]).await;
    let (id, task) = (changes.execution.id, people(&changes).1[0].id);
    let hidden: Result<[bool; 3], StoreError> = write!(bed, |conn| {
        let foreign = flow::soft_delete(conn, stranger(), id, NOW).await?;
        let first = flow::soft_delete(conn, workspace(), id, NOW).await?;
        Ok([foreign, first, flow::soft_delete(conn, workspace(), id, NOW).await?])
    });
    assert_eq!(hidden.ok(), Some([false, true, false]));
    let mut conn = bed.read().await;
    assert!(flow::load(&mut conn, workspace(), id).await.expect("read").is_none());
    assert!(flow::load_many(&mut conn, workspace(), &[id]).await.expect("read").is_empty());
    assert!(flow::about(&mut conn, workspace(), "o1", None, Surface::Flow, 9).await.expect("read").is_empty());
    assert!(search(&bed, query(FlowSort::default())).await.flows.is_empty());
    assert!(task::find(&mut conn, workspace(), task).await.expect("read").is_none());
    assert!(execution::get(&mut conn, workspace(), id).await.expect("read").is_some());
    let graph = drawn();
    let kept = flow::people(&mut conn, &changes.execution, &graph).await.expect("read");
    assert_eq!(kept.map(|people| people.flow.name), Some("One".to_owned()));
    let gone: Result<bool, StoreError> = write!(bed, |conn| flow::delete(conn, workspace(), id).await);
    assert_eq!(gone.ok(), Some(false));
}

#[tokio::test]
async fn a_flow_takes_everything_with_it_when_it_is_deleted_or_pruned() {
    let bed = Bed::new().await;
    let mut ids = Vec::new();
    for name in ["One", "Two"] {
        let changes = bed.flow(name, vec![about("order", "o1")]).await;
        let (mut flow, tasks) = people(&changes);
        flow.data.assignees = vec![Assignee::Person("eve".into())];
        let edit = PeopleChanges { flow: Some(flow), graph: Some(drawn()), ..PeopleChanges::default() };
        bed.change(changes.execution.id, edit).await.expect("stored");
        let (id, task_id) = (changes.execution.id, tasks[0].id);
        let said = Comment {
            id: bed.id(),
            execution_id: id,
            task_id,
            author: "ada".into(),
            text: "Hm".into(),
            created_at: NOW,
        };
        let stored: Result<bool, StoreError> = write!(bed, |conn| task::comment(conn, workspace(), &said).await);
        assert_eq!(stored.ok(), Some(true));
        ids.push((id, task_id));
    }
    let id = ids[0].0;
    let gone: Result<[bool; 2], StoreError> = write!(bed, |conn| {
        Ok([flow::delete(conn, stranger(), id).await?, flow::delete(conn, workspace(), id).await?])
    });
    assert_eq!(gone.ok(), Some([false, true]));
    bed.settle(ids[1].0, Outcome::Exited { reason: None }).await;
    assert_eq!(pruned(&bed, NOW.plus_millis(1), 9).await, 1);
    let mut conn = bed.read().await;
    for (id, task_id) in ids {
        assert!(execution::get(&mut conn, workspace(), id).await.expect("read").is_none());
        assert!(task::find(&mut conn, workspace(), task_id).await.expect("read").is_none());
        assert!(task::comments(&mut conn, workspace(), id, task_id, 9).await.expect("read").is_empty());
    }
    assert!(flow::about(&mut conn, workspace(), "o1", None, Surface::Flow, 9).await.expect("read").is_empty());
    let of_eve = FlowQuery { assignee: Some("eve".into()), ..query(FlowSort::default()) };
    assert!(search(&bed, of_eve).await.flows.is_empty());
}

#[tokio::test]
async fn flows_are_listed_by_what_they_are_about_newest_first() {
    let bed = Bed::new().await;
    let template = bed.template(DefinitionKind::Flow).await;
    let checklist = bed.template(DefinitionKind::Checklist).await;
    let mut ids = Vec::new();
    for (template, contexts) in [
        (&template, vec![about("order", "o1"), about("ticket", "t1")]),
        (&template, vec![about("ticket", "o1")]),
        (&checklist, vec![about("order", "o1")]),
        (&template, vec![]),
    ] {
        ids.push(bed.begun(bed.begin(template, "One", contexts)).await.execution.id);
    }
    let list = async |surface, entity, schema, limit| {
        let query = ListQuery { surface, entity, schema, limit };
        let found = flow::list(&mut bed.read().await, workspace(), &query).await.expect("read");
        found.into_iter().map(|id| ids.iter().position(|one| *one == id).expect("known")).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, None, 9).await, [3, 2, 1, 0]);
    assert_eq!(list(Some(Surface::Flow), None, None, 2).await, [3, 1]);
    assert_eq!(list(None, Some("o1"), None, 9).await, [2, 1, 0]);
    assert_eq!(list(Some(Surface::Flow), Some("o1"), Some("order"), 9).await, [0]);
    assert_eq!(list(Some(Surface::Checklist), Some("o1"), Some("order"), 9).await, [2]);
    assert_eq!(list(None, None, Some("ticket"), 9).await, [1, 0]);
    assert!(list(None, Some("t1"), Some("order"), 9).await.is_empty());
    let foreign = flow::about(&mut bed.read().await, stranger(), "o1", None, Surface::Flow, 9).await;
    assert!(foreign.expect("read").is_empty());
}

fn query(sort: FlowSort) -> FlowQuery {
    FlowQuery { surface: Surface::Flow, name: None, statuses: vec![], assignee: None, sort, after: None, limit: 9 }
}

async fn search(bed: &Bed, query: FlowQuery) -> Found {
    flow::search(&mut bed.read().await, workspace(), &query).await.expect("read")
}

/// Flows with these names, due dates and times of creation.
async fn many(bed: &Bed, flows: &[(&str, Option<i64>, i64)]) {
    let template = bed.template(DefinitionKind::Flow).await;
    for (name, at, after) in flows {
        let mut changes = bed.begin(&template, name, vec![]);
        let flow = changes.people.as_deref_mut().and_then(|people| people.flow.as_mut()).expect("a flow");
        flow.due = at.and_then(due);
        flow.created_at = NOW.plus_millis(*after);
        flow.data.assignees = vec![Assignee::Person(format!("who-{name}"))];
        bed.begun(changes).await;
    }
}

/// The names of all pages of this size.
async fn names(bed: &Bed, sort: FlowSort, limit: i64) -> Vec<String> {
    let (mut names, mut after): (Vec<String>, Option<Timestamp>) = (Vec::new(), None);
    loop {
        let page = search(bed, FlowQuery { after, limit, ..query(sort) }).await;
        after = page.flows.last().map(|flow| flow.created_at);
        names.extend(page.flows.into_iter().map(|flow| flow.name));
        if !page.more {
            return names;
        }
    }
}

#[tokio::test]
async fn a_search_goes_through_all_pages_in_every_order() {
    let bed = Bed::new().await;
    many(&bed, &[("b", Some(3), 1), ("A", None, 2), ("d", Some(1), 3), ("C", Some(2), 4), ("e", None, 5)]).await;
    for limit in [1, 2, 9] {
        assert_eq!(names(&bed, FlowSort::CreatedDesc, limit).await, ["e", "C", "d", "A", "b"]);
        assert_eq!(names(&bed, FlowSort::CreatedAsc, limit).await, ["b", "A", "d", "C", "e"]);
        assert_eq!(names(&bed, FlowSort::NameAsc, limit).await, ["A", "b", "C", "d", "e"]);
        assert_eq!(names(&bed, FlowSort::NameDesc, limit).await, ["e", "d", "C", "b", "A"]);
        assert_eq!(names(&bed, FlowSort::DueAsc, limit).await, ["d", "C", "b", "A", "e"]);
        assert_eq!(names(&bed, FlowSort::DueDesc, limit).await, ["b", "C", "d", "e", "A"]);
    }
}

#[tokio::test]
async fn flows_of_one_millisecond_are_on_one_page() {
    let bed = Bed::new().await;
    many(&bed, &[("a", None, 1), ("b", None, 2), ("c", None, 2), ("d", None, 2), ("e", None, 3)]).await;
    let page = search(&bed, FlowQuery { limit: 2, ..query(FlowSort::CreatedDesc) }).await;
    assert_eq!((page.flows.len(), page.more), (4, true));
    assert_eq!(names(&bed, FlowSort::CreatedAsc, 2).await.len(), 5);
}

#[tokio::test]
async fn a_search_finds_by_name_status_and_who_answers_for_it() {
    let bed = Bed::new().await;
    many(&bed, &[("50% Off", None, 1), ("plain", None, 2)]).await;
    let done = search(&bed, FlowQuery { name: Some("plain".into()), ..query(FlowSort::default()) }).await.flows;
    let mut done = done.into_iter().next().expect("one");
    done.status = FlowStatus::Closed;
    done.data.assignees = vec![Assignee::Variable { variable: "{{x.y}}".into(), value: Some(vec!["eve".into()]) }];
    let id = done.execution_id;
    let change = PeopleChanges { flow: Some(done), ..PeopleChanges::default() };
    bed.change(id, change).await.expect("stored");
    let found =
        async |query: FlowQuery| search(&bed, query).await.flows.into_iter().map(|flow| flow.name).collect::<Vec<_>>();
    let base = query(FlowSort::default());
    assert_eq!(found(FlowQuery { name: Some("0% o".into()), ..base.clone() }).await, ["50% Off"]);
    assert_eq!(found(FlowQuery { statuses: vec![FlowStatus::Started], ..base.clone() }).await, ["50% Off"]);
    let ended = vec![FlowStatus::Done, FlowStatus::Closed];
    assert_eq!(found(FlowQuery { statuses: ended, ..base.clone() }).await, ["plain"]);
    assert_eq!(found(FlowQuery { assignee: Some("eve".into()), ..base.clone() }).await, ["plain"]);
    assert!(found(FlowQuery { assignee: Some("who-plain".into()), ..base.clone() }).await.is_empty());
    assert!(found(FlowQuery { surface: Surface::Checklist, ..base.clone() }).await.is_empty());
    assert!(found(FlowQuery { after: Some(NOW.plus_millis(7)), ..query(FlowSort::NameAsc) }).await.is_empty());
    let foreign = flow::search(&mut bed.read().await, stranger(), &base).await.expect("read");
    assert!(foreign.flows.is_empty());
}

#[tokio::test]
async fn the_id_of_a_task_of_another_flow_is_taken() {
    let bed = Bed::new().await;
    let (one, other) = (bed.flow("One", vec![]).await, bed.flow("Other", vec![]).await);
    let mut task = bed.task(&other.execution, Surface::Flow, "second", 2);
    task.id = people(&one).1[0].id;
    let taken = bed.change(other.execution.id, PeopleChanges { tasks: vec![task], ..PeopleChanges::default() }).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists)));
    assert_eq!(loaded(&bed, other.execution.id).await.tasks.len(), 2);
}

#[tokio::test]
async fn a_thousand_tasks_are_stored_and_loaded_in_order() {
    let bed = Bed::new().await;
    let mut graph = drawn();
    let first = graph.steps.iter_mut().find(|step| step.name == "first").expect("a step");
    first.task = Some(Box::new(spec("first", (0..150).map(|n| Assignee::Person(format!("p{n}"))).collect())));
    let template = bed.template_of(DefinitionKind::Flow, graph).await;
    let mut changes = bed.begin(&template, "Large", vec![]);
    let flow = made(&changes.execution, Surface::Flow, "Large", vec![]);
    let mut tasks: Vec<_> = (0..1_000).map(|n| bed.task(&changes.execution, Surface::Flow, "first", n)).collect();
    tasks[0].current_since = Some(NOW);
    let people = PeopleChanges { flow: Some(flow), tasks: tasks.clone(), ..PeopleChanges::default() };
    changes.people = Some(Box::new(people));
    let changes = bed.begun(changes).await;
    assert_eq!(loaded(&bed, changes.execution.id).await.tasks, tasks);
    let found = task::find(&mut bed.read().await, workspace(), tasks[0].id).await.expect("read").expect("there");
    assert_eq!(found.assignees.len(), 150);
}

#[tokio::test]
async fn what_was_read_of_entities_is_current_until_one_of_them_changes() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await.to_string();
    let changes = bed.flow("One", vec![about("contact", &ada), about("order", "o1")]).await;
    let read = loaded(&bed, changes.execution.id).await;
    let (execution, contexts, entities) = (changes.execution.clone(), read.flow.contexts, read.entities);
    let change = serde_json::Map::from_iter([("plan".to_owned(), json!("pro"))]);
    let current: Result<[bool; 2], StoreError> = write!(bed, |conn| {
        let before = flow::is_current(conn, &execution, &contexts, &entities).await?;
        entity::merge(conn, workspace(), "contact", &ada, &change, NOW.plus_millis(1)).await?;
        Ok([before, flow::is_current(conn, &execution, &contexts, &entities).await?])
    });
    assert_eq!(current.ok(), Some([true, false]));
}
