//! Tasks across executions: the inbox, searches, comments.

use serde_json::json;
use stepwell_core::flow::{Assignee, FlowStatus, PeopleChanges, Surface, Task, TaskStatus};
use stepwell_core::{Changes, DefinitionKind, ExecutionId, Outcome, Reentry, TaskId, WaitRequest};
use stepwell_store::StoreError;
use stepwell_store::task::{self, Comment, InboxQuery, InboxTask, StepQuery, StepSort, StepStanding};

use crate::people::{drawn, due, spec};
use crate::support::{Bed, NOW, stranger, workspace, write};

fn query() -> InboxQuery {
    InboxQuery { limit: 9, ..InboxQuery::default() }
}

async fn inbox(bed: &Bed, query: &InboxQuery) -> Vec<InboxTask> {
    task::inbox(&mut bed.read().await, workspace(), query).await.expect("read").0
}

async fn names(bed: &Bed, query: InboxQuery) -> Vec<String> {
    inbox(bed, &query).await.into_iter().map(|found| found.task.name).collect()
}

fn tasks(changes: &Changes) -> Vec<Task> {
    changes.people.as_deref().expect("people").tasks.clone()
}

/// Makes a task what is given.
async fn put(bed: &Bed, task: Task) {
    let execution = task.execution_id;
    bed.change(execution, PeopleChanges { tasks: vec![task], ..PeopleChanges::default() }).await.expect("stored");
}

/// Flows whose first tasks have these names and due dates.
async fn due_tasks(bed: &Bed, all: &[(&str, Option<i64>)]) -> Vec<Changes> {
    let mut flows = Vec::new();
    for (name, at) in all {
        let changes = bed.flow("One", vec![]).await;
        let first = tasks(&changes).remove(0);
        put(bed, Task { name: (*name).into(), due: at.and_then(due), ..first }).await;
        flows.push(changes);
    }
    flows
}

#[tokio::test]
async fn the_inbox_has_current_tasks_first_due_first_and_undated_last_over_all_pages() {
    let bed = Bed::new().await;
    due_tasks(&bed, &[("c", None), ("b", Some(9)), ("a", Some(2)), ("d", None), ("a2", Some(2))]).await;
    for limit in [1, 2, 3, 9] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = InboxQuery { limit, after, ..InboxQuery::default() };
            let (page, next) = task::inbox(&mut bed.read().await, workspace(), &query).await.expect("read");
            assert!(page.len() <= limit as usize);
            found.extend(page.into_iter().map(|found| found.task.name));
            after = next.map(|next| next.to_string().parse().expect("a cursor"));
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, ["a", "a2", "b", "c", "d"], "pages of {limit}");
    }
    let all = names(&bed, InboxQuery { all: true, limit: 99, ..InboxQuery::default() }).await;
    assert_eq!(all.len(), 10, "also the tasks that are to come");
    let foreign = task::inbox(&mut bed.read().await, stranger(), &query()).await.expect("read");
    assert_eq!(foreign, (vec![], None));
}

#[tokio::test]
async fn the_inbox_finds_by_everything_that_can_be_asked_for() {
    let bed = Bed::new().await;
    let flows = due_tasks(&bed, &[("a", Some(2)), ("b", Some(5)), ("c", None)]).await;
    let mut mine = tasks(&flows[1]).remove(0);
    mine.name = "b".into();
    mine.due = due(5);
    mine.status = TaskStatus::OnHold;
    mine.phase = Some("p2".into());
    mine.data.assignees = Some(vec![Assignee::Person("eve".into()), Assignee::Person("bob".into())]);
    put(&bed, mine).await;
    let at = |after| Some(NOW.plus_millis(after));
    for (query, expected) in [
        (InboxQuery { assignee: Some("ada".into()), ..query() }, &["a", "c"][..]),
        (InboxQuery { assignee: Some("eve".into()), ..query() }, &["b"]),
        (InboxQuery { statuses: vec![TaskStatus::OnHold, TaskStatus::Failed], ..query() }, &["b"]),
        (InboxQuery { due_before: at(5), ..query() }, &["a"]),
        (InboxQuery { due_after: at(5), ..query() }, &["b"]),
        (InboxQuery { phase: Some("p2".into()), ..query() }, &["b"]),
        (InboxQuery { surface: Some(Surface::Flow), ..query() }, &["a", "b", "c"]),
        (InboxQuery { surface: Some(Surface::Checklist), ..query() }, &[]),
        (InboxQuery { execution: Some(flows[2].execution.id), ..query() }, &["c"]),
        (InboxQuery { execution: Some(flows[2].execution.id), all: true, ..query() }, &["The second", "c"]),
    ] {
        assert_eq!(names(&bed, query.clone()).await, expected, "{query:?}");
    }
    let found = inbox(&bed, &InboxQuery { assignee: Some("bob".into()), ..query() }).await;
    assert_eq!((found[0].assignees.clone(), &*found[0].execution_name), (vec!["bob".into(), "eve".into()], "One"));
    assert_eq!((found[0].flow_status, found[0].visit.is_some()), (Some(FlowStatus::Started), true));
}

#[tokio::test]
async fn a_task_that_is_done_leaves_the_inbox_and_is_still_found_by_its_id() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![]).await;
    let first = tasks(&changes).remove(0);
    put(&bed, Task { status: TaskStatus::Completed, current_since: None, ..first.clone() }).await;
    assert!(inbox(&bed, &query()).await.is_empty());
    assert!(inbox(&bed, &InboxQuery { assignee: Some("ada".into()), ..query() }).await.is_empty());
    let mut conn = bed.read().await;
    let found = task::find(&mut conn, workspace(), first.id).await.expect("read").expect("there");
    assert_eq!((found.task.status, found.assignees), (TaskStatus::Completed, vec![]));
    assert!(task::find(&mut conn, stranger(), first.id).await.expect("read").is_none());
    let unknown: TaskId = bed.id();
    assert!(task::find(&mut conn, workspace(), unknown).await.expect("read").is_none());
}

#[tokio::test]
async fn a_step_of_a_workflow_that_waits_for_a_person_is_in_the_inbox_with_what_it_asks_for() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let asked = WaitRequest { task: Some(json!({"title": "Approve"})), ..WaitRequest::default() };
    let mut changes = bed.decide(run, Outcome::Waiting(asked)).await;
    let visit = changes.visits[0].clone();
    let execution = changes.execution.clone();
    let mut task = bed.task(&execution, Surface::Workflow, "first", 0);
    (task.id, task.current_since) = (visit.id.0.into(), Some(NOW));
    changes.people = Some(Box::new(PeopleChanges { tasks: vec![task.clone()], ..PeopleChanges::default() }));
    bed.apply(changes).await.expect("stored");
    let found = inbox(&bed, &query()).await;
    let [only] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&only.task, only.visit, only.flow_status), (&task, Some(visit.id), None));
    assert_eq!((&only.request, &only.execution_name), (&Some(json!({"title": "Approve"})), &stored.name));
}

#[tokio::test]
async fn comments_are_read_in_order_and_none_is_stored_about_what_is_not_there() {
    let bed = Bed::new().await;
    let changes = bed.flow("One", vec![]).await;
    let (execution, first) = (changes.execution.id, tasks(&changes).remove(0).id);
    let say = async |of: ExecutionId, about: TaskId, text: &str, foreign: bool| {
        let (author, text) = ("ada".to_owned(), text.to_owned());
        let said = Comment { id: bed.id(), execution_id: of, task_id: about, author, text, created_at: NOW };
        let whose = if foreign { stranger() } else { workspace() };
        let stored: Result<bool, StoreError> = write!(bed, |conn| task::comment(conn, whose, &said).await);
        stored.expect("answered")
    };
    assert!(say(execution, first, "One", false).await && say(execution, first, "Two\u{1f422}", false).await);
    assert!(!say(execution, first, "Three", true).await && !say(execution, bed.id(), "Four", false).await);
    assert!(!say(bed.id(), first, "Five", false).await);
    let read = async |whose, limit| {
        let said = task::comments(&mut bed.read().await, whose, execution, first, limit).await.expect("read");
        said.into_iter().map(|comment| comment.text).collect::<Vec<_>>()
    };
    assert_eq!(read(workspace(), 9).await, ["One", "Two\u{1f422}"]);
    assert_eq!(read(workspace(), 1).await, ["One"]);
    assert!(read(stranger(), 9).await.is_empty());
}

fn steps() -> StepQuery {
    StepQuery {
        surface: Surface::Checklist,
        flow_name: None,
        name: None,
        assignees: vec![],
        ended: false,
        added: None,
        standing: None,
        sort: StepSort::NameAsc,
        from: 0,
        size: 9,
    }
}

async fn found(bed: &Bed, query: &StepQuery) -> (u64, Vec<String>) {
    let page = task::search_steps(&mut bed.read().await, workspace(), query).await.expect("read");
    let named = page.items.iter().map(|found| format!("{}/{}", found.flow.name, found.task.name));
    (page.total, named.collect())
}

#[tokio::test]
async fn steps_of_checklists_are_searched_whether_they_are_current_or_not() {
    let bed = Bed::new().await;
    let mut graph = drawn();
    for (key, who, added) in [("first", "7", false), ("second", "8", true)] {
        let step = graph.steps.iter_mut().find(|step| step.name == key).expect("a step");
        let mut task = spec(key, vec![Assignee::Person(who.into())]);
        task.added = added;
        step.task = Some(Box::new(task));
    }
    let template = bed.template_of(DefinitionKind::Checklist, graph).await;
    bed.begun(bed.begin(&template, "A", vec![])).await;
    let ended = bed.begun(bed.begin(&template, "B", vec![])).await;
    bed.flow("Other", vec![]).await;
    let mut over = ended.people.as_deref().and_then(|people| people.flow.clone()).expect("a flow");
    over.status = FlowStatus::Done;
    let done = tasks(&ended).into_iter().map(|task| Task { status: TaskStatus::Skipped, current_since: None, ..task });
    let change = PeopleChanges { flow: Some(over), tasks: done.collect(), ..PeopleChanges::default() };
    bed.change(ended.execution.id, change).await.expect("stored");
    let all = ["A/The first", "B/The first", "A/The second", "B/The second"];
    for (query, expected) in [
        (steps(), &[all[0], all[2]][..]),
        (StepQuery { ended: true, ..steps() }, &all[..]),
        (StepQuery { ended: true, from: 1, size: 2, ..steps() }, &all[1..3]),
        (StepQuery { ended: true, flow_name: Some("b".into()), ..steps() }, &[all[1], all[3]]),
        (StepQuery { ended: true, name: Some("SECOND".into()), ..steps() }, &all[2..]),
        (StepQuery { ended: true, assignees: vec!["8".into(), "x".into()], ..steps() }, &all[2..]),
        (StepQuery { ended: true, added: Some(true), ..steps() }, &all[2..]),
        (StepQuery { ended: true, added: Some(false), ..steps() }, &all[..2]),
        (StepQuery { ended: true, standing: Some(StepStanding::Done), ..steps() }, &[all[1], all[3]]),
        (StepQuery { ended: true, standing: Some(StepStanding::Open), ..steps() }, &[all[0], all[2]]),
        (StepQuery { ended: true, standing: Some(StepStanding::Current), ..steps() }, &all[..1]),
        (StepQuery { ended: true, sort: StepSort::StartedDesc, ..steps() }, &[all[1], all[3], all[0], all[2]]),
    ] {
        assert_eq!(found(&bed, &query).await.1, expected, "{query:?}");
    }
    assert_eq!(found(&bed, &steps()).await.0, 2);
    assert_eq!(found(&bed, &StepQuery { ended: true, from: 1, size: 2, ..steps() }).await.0, 4);
    let foreign = task::search_steps(&mut bed.read().await, stranger(), &steps()).await.expect("read");
    assert_eq!((foreign.total, foreign.items.len()), (0, 0));
}
