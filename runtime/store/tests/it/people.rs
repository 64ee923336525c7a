//! Flows to fill a database with: a definition with tasks, and executions of it as core would start them.

use serde_json::json;
use stepwell_core::flow::{
    Assignee, Context, Drawn, Due, Flow, FlowData, FlowStatus, PeopleChanges, Surface, Task, TaskData, TaskKind,
    TaskSpec, TaskStatus, Trigger,
};
use stepwell_core::{
    Changes, Definition, DefinitionKind, Execution, ExecutionId, Graph, Reentry, TriggerKind, testing,
};
use stepwell_store::{StoreError, definition};

use crate::support::{Bed, NOW, graph, write};

/// trigger → first → second, both of them tasks; the first is Ada's.
pub(crate) fn drawn() -> Graph {
    let mut drawn = graph();
    drawn.drawn = Some(Box::new(Drawn::default()));
    for (key, assignees) in [("first", vec![Assignee::Person("ada".into())]), ("second", vec![])] {
        let step = drawn.steps.iter_mut().find(|step| step.name == key).expect("a step");
        step.task = Some(Box::new(spec(key, assignees)));
    }
    drawn
}

pub(crate) fn spec(key: &str, assignees: Vec<Assignee>) -> TaskSpec {
    TaskSpec {
        key: key.into(),
        kind: TaskKind::Manual,
        phase: Some("p1".into()),
        trigger: Trigger::Automatic,
        schedule: None,
        requirements: vec![],
        due_date: None,
        due: None,
        assignees,
        taxonomies: vec![],
        repeat: None,
        added: false,
    }
}

pub(crate) fn about(schema: &str, id: &str) -> Context {
    Context { entity_id: id.into(), schema: schema.into(), is_primary: false, data: None }
}

pub(crate) fn due(at: i64) -> Option<Due> {
    Some(Due { text: format!("in {at}"), at: Some(NOW.plus_millis(at)) })
}

impl Bed {
    /// A stored definition of a surface with the graph of [`drawn`].
    pub(crate) async fn template(&self, kind: DefinitionKind) -> Definition {
        self.template_of(kind, drawn()).await
    }

    pub(crate) async fn template_of(&self, kind: DefinitionKind, graph: Graph) -> Definition {
        let (trigger, trigger_config) = (TriggerKind::Manual, json!({}));
        let times = testing::definition(Reentry::Always);
        let template =
            Definition { id: self.id(), kind, trigger, trigger_config, created_at: NOW, updated_at: NOW, ..times };
        let copy = template.clone();
        let done: Result<(), StoreError> =
            write!(self, |conn| definition::insert_with_document(conn, &copy, &graph, Some(&json!({"n": 1}))).await);
        done.expect("a definition");
        template
    }

    /// What starting a template changes: its first task is current. Not stored.
    pub(crate) fn begin(&self, template: &Definition, name: &str, contexts: Vec<Context>) -> Changes {
        let mut changes = self.start(template, None);
        let surface = if template.kind == DefinitionKind::Checklist { Surface::Checklist } else { Surface::Flow };
        let tasks = [("first", 0), ("second", 1)].map(|(key, position)| {
            let mut task = self.task(&changes.execution, surface, key, position);
            task.current_since = (position == 0).then_some(NOW);
            task
        });
        let flow = flow(&changes.execution, surface, name, contexts);
        let people = PeopleChanges { flow: Some(flow), tasks: tasks.into(), ..PeopleChanges::default() };
        changes.people = Some(Box::new(people));
        changes
    }

    pub(crate) fn task(&self, of: &Execution, surface: Surface, key: &str, position: u32) -> Task {
        Task {
            id: self.id(),
            workspace_id: of.workspace_id,
            execution_id: of.id,
            definition_id: of.definition_id,
            surface,
            step_id: testing::step(key).id,
            key: key.into(),
            kind: TaskKind::Manual,
            name: format!("The {key}"),
            status: TaskStatus::Pending,
            enabled: true,
            phase: Some("p1".into()),
            position,
            current_since: None,
            due: None,
            data: TaskData::default(),
            created_at: NOW,
            updated_at: NOW,
        }
    }

    /// A started flow of its own template.
    pub(crate) async fn flow(&self, name: &str, contexts: Vec<Context>) -> Changes {
        let template = self.template(DefinitionKind::Flow).await;
        self.begun(self.begin(&template, name, contexts)).await
    }

    pub(crate) async fn begun(&self, changes: Changes) -> Changes {
        let copy = changes.clone();
        assert!(self.insert(copy).await.expect("stored"));
        changes
    }

    /// Stores what changes for people, on top of what is stored.
    pub(crate) async fn change(&self, id: ExecutionId, people: PeopleChanges) -> Result<(), StoreError> {
        let (execution, _) = self.state(id).await;
        self.apply(next(execution, people)).await
    }
}

pub(crate) fn flow(of: &Execution, surface: Surface, name: &str, contexts: Vec<Context>) -> Flow {
    Flow {
        execution_id: of.id,
        workspace_id: of.workspace_id,
        definition_id: of.definition_id,
        surface,
        name: name.into(),
        status: FlowStatus::Started,
        due: None,
        contexts,
        data: FlowData { trigger: json!({"type": "MANUAL"}), ..FlowData::default() },
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A change of a stored execution that is one for people alone.
pub(crate) fn next(mut execution: Execution, people: PeopleChanges) -> Changes {
    let expected = Some(execution.row_version);
    execution.row_version += 1;
    execution.graph_revision += u32::from(people.graph.is_some());
    Changes {
        execution,
        expected,
        visits: vec![],
        waits: vec![],
        waits_over: vec![],
        large_over: vec![],
        journal: vec![],
        people: Some(Box::new(people)),
    }
}
