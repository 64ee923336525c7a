//! What becomes of what was drawn (spec epilot-flows, 10).

use super::*;

fn drawn(sketch: Sketch) -> Vec<String> {
    edges(&sketch.compiled().expect("a graph"))
}

fn problems(sketch: Sketch) -> Vec<String> {
    let problems = sketch.compiled().expect_err("problems");
    problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

#[test]
fn edges_across_phases_are_plain() {
    let sketch = Sketch::of(&["a@one", "b@two"], &["a>b"]);
    assert_eq!(drawn(sketch), ["a>b", "trigger>a"]);
}

#[test]
fn an_edge_to_a_phase_enters_its_first_task() {
    let named = Sketch::of(&["a@one", "b@two", "x@two"], &["trigger>one", "one>a", "one>two", "two>x", "x>b"]);
    assert_eq!(drawn(named.clone()), ["trigger>a", "x>b"]);
    let exits = named.compiled().expect("a graph").drawn.expect("drawn").compiled.exits;
    assert_eq!((exits.len(), exits[0].phase.as_str()), (1, "one"));
    let unnamed = Sketch::of(&["a", "b@two", "x@two"], &["trigger>a", "a>two", "x>b"]);
    assert_eq!(drawn(unnamed), ["trigger>a", "a>x", "x>b"]);
}

#[test]
fn an_edge_to_an_empty_phase_goes_through_it() {
    let mut sketch = Sketch::of(&["a", "b@two"], &[]);
    sketch.phase("empty");
    ["trigger>a", "a>empty", "empty>two"].iter().for_each(|edge| sketch.edge(edge));
    assert_eq!(drawn(sketch), ["trigger>a", "a>b"]);
}

#[test]
fn empty_phases_that_lead_to_each_other_are_a_problem() {
    let mut sketch = Sketch::of(&["a"], &[]);
    sketch.phase("one");
    sketch.phase("two");
    ["trigger>a", "a>one", "one>two", "two>one"].iter().for_each(|edge| sketch.edge(edge));
    assert_eq!(problems(sketch)[0], "edges.1: leads from one empty phase to the next for ever");
}

#[test]
fn a_task_without_edges_and_an_open_end_are_the_same() {
    let open = Sketch::of(&["a", "b"], &["a>b", "b>"]);
    let none = Sketch::of(&["a", "b"], &["a>b"]);
    assert_eq!(drawn(open), drawn(none));
}

#[test]
fn start_tasks_have_no_incoming_edge_but_a_loop_edge() {
    let sketch = Sketch::plain(&["a>d", "d>a:again", "d>b:out", "x>y"]).repeats("d", "again", "out", 3);
    let edges = drawn(sketch);
    assert!(edges.contains(&"trigger>a".to_owned()) && edges.contains(&"trigger>x".to_owned()));
    assert_eq!(edges.iter().filter(|edge| edge.starts_with("trigger")).count(), 2);
}

#[test]
fn where_phases_are_nodes_the_first_phase_is_the_start() {
    let sketch = Sketch::of(&["a@one", "b@two"], &["one>a", "one>two", "two>b"]);
    assert_eq!(drawn(sketch), ["trigger>a"]);
}

#[test]
fn the_direct_loop_branch_is_the_back_edge() {
    let sketch = Sketch::plain(&["a>d", "d>a:again", "d>b:out"]).repeats("d", "again", "out", 3);
    assert_eq!(drawn(sketch), ["a>d", "d>a:again back", "d>b:out", "trigger>a", "d>b:again used up"]);
}

#[test]
fn a_loop_branch_with_tasks_leads_back_at_its_end() {
    let sketch = Sketch::plain(&["a>d", "d>x:again", "x>a", "d>b:out"]).repeats("d", "again", "out", 3);
    let edges = drawn(sketch);
    assert_eq!(edges, ["a>d", "d>x:again within", "x>a back", "d>b:out", "trigger>a", "d>b:again used up"]);
}

#[test]
fn several_ways_back_share_their_rounds() {
    let edges = ["a>d", "d>x:again", "d>y:again", "x>a", "y>a", "d>b:out"];
    let sketch = Sketch::plain(&edges).repeats("d", "again", "out", 3);
    let edges = drawn(sketch);
    assert!(edges.contains(&"x>a back".to_owned()) && edges.contains(&"y>a back too".to_owned()));
}

#[test]
fn a_cycle_that_is_no_loop_is_named() {
    assert_eq!(
        problems(Sketch::plain(&["trigger>a", "a>b", "b>a"])),
        ["edges.1: closes a circle that is no loop: let a decision with loop_config lead back"]
    );
}

#[test]
fn a_loop_that_leads_nowhere_back_is_named() {
    let sketch = Sketch::plain(&["trigger>d", "d>x:again", "d>b:out"]).repeats("d", "again", "out", 3);
    assert!(problems(sketch)[0].starts_with("tasks.0.loop_config: "));
}

#[test]
fn an_edge_to_nowhere_is_named() {
    let mut sketch = Sketch::of(&["a"], &["a>b"]);
    assert_eq!(problems(sketch.clone()), ["edges.0.to_id: there is no task or phase \"b\""]);
    sketch.edges.clear();
    sketch.edge("x>a");
    assert_eq!(problems(sketch), ["edges.0.from_id: there is no task or phase \"x\""]);
}

#[test]
fn two_tasks_of_one_id_are_named() {
    assert!(problems(Sketch::of(&["a", "a"], &[]))[0].starts_with("tasks.1.id: "));
    assert!(problems(Sketch::of(&["trigger"], &[]))[0].starts_with("tasks.0.id: "));
}

#[test]
fn ids_are_the_same_in_every_version() {
    let first = Sketch::plain(&["a>b", "b>c"]).compiled().expect("a graph");
    let second = Sketch::plain(&["a>b", "b>c", "b>x"]).compiled().expect("a graph");
    let known = |graph: &Graph, edge: &str| {
        let at = edges(graph).iter().position(|known| known == edge).expect("an edge");
        graph.transitions[at].id
    };
    assert_eq!(known(&first, "a>b"), known(&second, "a>b"));
    assert_eq!(first.steps[1].id, second.steps[1].id);
}

#[test]
fn what_multiplies_beyond_measure_is_a_problem() {
    let mut sketch = Sketch::default();
    (0..500).for_each(|at| sketch.task(&format!("p{at}@big")));
    sketch.task("a");
    (0..100).for_each(|_| sketch.edge("a>big"));
    assert!(problems(sketch)[0].starts_with("edges: "));
}
