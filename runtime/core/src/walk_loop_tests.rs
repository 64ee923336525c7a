//! Loops: passes, their bounds, and what is left of the last one.

use super::*;

fn forked(step: Step) -> Step {
    Step { follow: Follow::All, ..step }
}

/// Around `a > b` as long as b says so, but no more than `max` times.
fn around(max: u32, edges: &[&str]) -> Graph {
    looping(drawn(edges), "b>a", Looping::Back { max })
}

#[test]
fn a_loop_with_three_repetitions_goes_round_four_times() {
    let mut run = Run::started(around(3, &["t>a", "a>b", "b>a:again", "b>c:again"]));
    for _ in 0..4 {
        run.done("a").on("b", "again");
    }
    assert_eq!((run.active().as_str(), run.times("a"), run.times("b")), ("c", 4, 4));
    assert_eq!(run.journal.iter().filter(|kind| **kind == JournalKind::PassBegun).count(), 3);
}

#[test]
fn a_loop_that_is_used_up_and_has_no_other_way_out_ends_its_path() {
    let mut run = Run::started(around(1, &["t>a", "a>b", "b>a"]));
    run.done("a").done("b").done("a").done("b");
    assert_eq!((run.status(), run.times("a")), (ExecutionStatus::Completed, 2));
}

#[test]
fn edges_may_ask_whether_a_loop_has_passes_left() {
    // The way back has a step of its own, which a loop that is used up does not enter.
    let graph = drawn(&["t>a", "a>fb", "fb>x:again", "x>a", "fb>c:again"]);
    let back = graph.transitions[3].id;
    let graph = looping(graph, "x>a", Looping::Back { max: 2 });
    let graph = looping(graph, "fb>x", Looping::Within { of: back });
    let mut run = Run::started(looping(graph, "fb>c", Looping::UsedUp { of: back }));
    for _ in 0..2 {
        assert_eq!(run.done("a").on("fb", "again").active(), "x");
        run.done("x");
    }
    assert_eq!(run.done("a").on("fb", "again").active(), "c");
    assert_eq!((run.times("a"), run.times("x")), (3, 2));
}

#[test]
fn a_loop_inside_another_counts_anew_in_each_pass_of_the_outer() {
    let graph = around(1, &["t>a", "a>b", "b>a", "b>c", "c>a"]);
    let mut run = Run::started(looping(graph, "c>a", Looping::Back { max: 2 }));
    while run.status() == ExecutionStatus::Running {
        let name = run.active();
        run.done(&name);
    }
    assert_eq!(["a", "b", "c"].map(|name| run.times(name)), [6, 6, 3]);
}

#[test]
fn two_ways_back_over_the_same_steps_come_to_an_end() {
    let mut graph = around(2, &["t>a", "a>b", "b>a"]);
    let second = Transition { id: uuid::Uuid::from_u128(9).into(), ..graph.transitions[2].clone() };
    graph.transitions.push(second);
    let mut run = Run::started(graph);
    while run.status() == ExecutionStatus::Running {
        let name = run.active();
        run.done(&name);
    }
    assert_eq!(run.times("a"), 5);
}

#[test]
fn two_ways_back_that_are_followed_at_once_enter_a_join_once() {
    let graph = looping(drawn(&["t>jf", "jf>jf"]), "jf>jf", Looping::Back { max: 1 });
    let mut graph = Graph { steps: graph.steps.into_iter().map(forked).collect(), ..graph };
    let second = Transition { id: uuid::Uuid::from_u128(9).into(), ..graph.transitions[1].clone() };
    graph.transitions.push(second);
    let mut run = Run::started(graph);
    assert_eq!(run.done("jf").active(), "jf");
    assert_eq!(run.done("jf").status(), ExecutionStatus::Completed);
}

#[test]
fn a_new_pass_gives_up_what_is_left_of_the_last_one() {
    let mut run = Run::started(around(1, &["t>a", "a>f", "f>x", "x>b", "f>b", "b>a", "f>out"]));
    run.done("a").done("f").waits("x").waits("out");
    assert_eq!(run.done("b").active(), "out~ a");
    assert_eq!(run.waits.len(), 1);
    run.done("a").done("f");
    assert_eq!((run.active().as_str(), run.times("out")), ("out~ x b", 1));
}

#[test]
fn an_edge_that_leads_back_without_saying_so_ends_its_path() {
    let mut run = Run::started(drawn(&["t>f", "f>a", "a>f"]));
    assert_eq!(run.done("f").done("a").status(), ExecutionStatus::Completed);
}

#[test]
fn a_join_in_a_loop_is_held_anew_in_each_pass() {
    let graph = drawn(&["t>a", "a>f", "f>x", "f>y", "x>j", "y>j", "j>a:again"]);
    let mut run = Run::started(looping(graph, "j>a", Looping::Back { max: 1 }));
    for _ in 0..2 {
        assert_eq!(run.done("a").done("f").done("y").active(), "x j*");
        run.done("x").on("j", "again");
    }
    assert_eq!((run.status(), run.times("j")), (ExecutionStatus::Completed, 2));
}

#[test]
fn two_ways_back_of_one_loop_share_its_rounds() {
    let mut graph = around(2, &["t>a", "a>b", "b>a:again", "a>x", "x>a:again"]);
    let of = graph.transitions[2].id;
    graph = looping(graph, "x>a", Looping::BackAs { of });
    let mut graph = Graph { steps: graph.steps.into_iter().map(forked).collect(), ..graph };
    graph.transitions[4].guard = Guard::Branch("again".into());
    let mut run = Run::started(graph);
    assert_eq!(run.done("a").on("b", "again").active(), "a");
    assert_eq!(run.done("a").on("x", "again").active(), "a");
    assert_eq!(run.done("a").on("b", "again").on("x", "again").status(), ExecutionStatus::Completed);
    assert_eq!(run.times("a"), 3);
}
