//! How people change the graph of one execution: a task is put between two others, an item into a checklist. The execution then has a
//! graph of its own.

use serde_json::Map;
use uuid::Uuid;

use super::act::{ActRefused, Deed};
use super::draft;
use super::drawn::{Drawn, DrawnEdge};
use super::patch::{AddTask, InsertItem};
use super::people::People;
use super::spec::TaskSpec;
use crate::advance::State;
use crate::clock::Given;
use crate::decision::Decision;
use crate::definition::{Graph, Step};
use crate::id::TaskId;

/// How many tasks an execution may have.
pub const MAX_TASKS: usize = 1_000;

/// The graph as these deeds make it; none if they leave it as it is. Tasks that come without an id are given one.
pub(super) fn graph(
    state: &State<'_>,
    people: &People,
    deed: &mut Deed,
    given: &Given<'_>,
) -> Result<Option<Graph>, ActRefused> {
    let mut own = None;
    edited(state, people, deed, given, &mut own)?;
    Ok(own)
}

fn edited(
    state: &State<'_>,
    people: &People,
    deed: &mut Deed,
    given: &Given<'_>,
    own: &mut Option<Graph>,
) -> Result<(), ActRefused> {
    let graph = || own.as_ref().unwrap_or(state.graph);
    let made = match deed {
        Deed::AddTask(add) => with_task(graph(), people, add, state, given)?,
        Deed::InsertItem(item) => with_item(graph(), people, item, state, given)?,
        Deed::Several(deeds) => {
            return deeds.iter_mut().try_for_each(|deed| edited(state, people, deed, given, own));
        }
        _ => return Ok(()),
    };
    *own = Some(made);
    Ok(())
}

/// What follows for the execution from having this graph from now on instead of another.
pub(super) fn take_over(decision: &mut Decision<'_>, before: &Graph, own: &Graph) {
    let execution = &mut decision.changes.execution;
    execution.graph_revision += 1;
    // Another edge may lead back now; it goes on counting where the old one stopped.
    let loops = |graph: &Graph| graph.drawn.as_ref().map_or(Vec::new(), |drawn| drawn.compiled.loops.clone());
    for of in loops(own) {
        let known = loops(before).into_iter().find(|known| known.decision == of.decision && known.back != of.back);
        if let Some(passed) = known.and_then(|known| execution.marking.passes.remove(&known.back)) {
            execution.marking.passes.insert(of.back, passed);
        }
    }
    decision.people_changes().graph = Some(own.clone());
}

fn with_task(
    graph: &Graph,
    people: &People,
    add: &mut AddTask,
    state: &State<'_>,
    given: &Given<'_>,
) -> Result<Graph, ActRefused> {
    let known = |id: TaskId| people.task(id).ok_or_else(|| ActRefused::UnknownTask(id.to_string()));
    let (previous, next) = (known(add.previous)?, known(add.next)?);
    let mut drawn = drawn(graph)?;
    let edge = drawn.edges.iter().position(|edge| edge.from == previous.key && edge.to.as_ref() == Some(&next.key));
    let edge = edge.ok_or(ActRefused::NoSuchEdge)?;
    let phase = add.step.task.as_ref().and_then(|spec| spec.phase.clone()).or_else(|| previous.phase.clone());
    let id = fresh(people, &mut add.id, given)?;
    let step = prepared(&add.step, id, phase, people, given)?;
    let key = id.to_string();
    let new = DrawnEdge {
        key: given.id::<Uuid>().to_string(),
        from: key.clone(),
        to: Some(next.key.clone()),
        condition: None,
        otherwise: false,
        shown: Map::new(),
    };
    if let Some(edge) = drawn.edges.get_mut(edge) {
        edge.to = Some(key);
    }
    drawn.edges.insert(edge + 1, new);
    drawn_with(graph, drawn, step, state)
}

fn with_item(
    graph: &Graph,
    people: &People,
    item: &mut InsertItem,
    state: &State<'_>,
    given: &Given<'_>,
) -> Result<Graph, ActRefused> {
    let drawn = drawn(graph)?;
    if !drawn.list {
        return Err(ActRefused::NoSuchEdge);
    }
    let id = fresh(people, &mut item.id, given)?;
    let step = prepared(&item.step, id, item.section.clone(), people, given)?;
    item.section = step.task.as_ref().and_then(|spec| spec.phase.clone());
    drawn_with(graph, drawn, step, state)
}

fn drawn(graph: &Graph) -> Result<Drawn, ActRefused> {
    graph.drawn.as_deref().cloned().ok_or(ActRefused::NoSuchEdge)
}

/// The id of a new task: the one that was asked for, if no other has it.
fn fresh(people: &People, wanted: &mut Option<TaskId>, given: &Given<'_>) -> Result<TaskId, ActRefused> {
    if people.tasks.len() >= MAX_TASKS {
        return Err(ActRefused::TooMany { what: "tasks", most: MAX_TASKS });
    }
    let id = *wanted.get_or_insert_with(|| given.id());
    let taken = people.tasks.iter().any(|task| task.id == id || task.key == id.to_string());
    if taken { Err(ActRefused::IdTaken) } else { Ok(id) }
}

/// The step of a task that is added: its key is its id, and its phase is one of the execution, by either of its ids.
fn prepared(
    step: &Step,
    id: TaskId,
    phase: Option<String>,
    people: &People,
    given: &Given<'_>,
) -> Result<Step, ActRefused> {
    let Some(spec) = step.task.as_deref() else {
        return Err(ActRefused::Invalid { field: "task".to_owned(), message: "is no task".to_owned() });
    };
    let known = |named: String| {
        let phase = people.flow.data.phases.iter().find(|phase| phase.id == named || phase.key == named);
        phase.map(|phase| phase.key.clone()).ok_or(ActRefused::UnknownPhase(named))
    };
    let spec = TaskSpec { key: id.to_string(), phase: phase.map(known).transpose()?, added: true, ..spec.clone() };
    Ok(Step { task: Some(Box::new(spec)), created_at: given.now, updated_at: given.now, ..step.clone() })
}

fn drawn_with(graph: &Graph, drawn: Drawn, step: Step, state: &State<'_>) -> Result<Graph, ActRefused> {
    let edited = Graph { drawn: Some(Box::new(drawn)), ..graph.clone() };
    let wrong = |problems: Vec<super::DrawProblem>| {
        let first = problems.into_iter().next();
        first.map_or(ActRefused::NoSuchEdge, |first| ActRefused::Invalid { field: first.path, message: first.message })
    };
    draft::recompile(edited, step, state.execution.definition_id).map_err(wrong)
}
