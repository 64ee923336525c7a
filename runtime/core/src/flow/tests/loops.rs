//! Decisions that repeat tasks (spec epilot-flows, 11.4).

use super::*;

/// `a > b > d`, and d repeats from a on, three times at most.
fn around() -> Sketch {
    Sketch::plain(&["a>b", "b>d", "d>a:again", "d>z:out"]).repeats("d", "again", "out", 3)
}

#[test]
fn a_loop_runs_its_body_four_times_with_three_iterations() {
    let again: &[&str] = &["again"];
    let mut play = around().play().answers("d", &[again; 4]).settled();
    for round in 1..=4 {
        assert_eq!(play.current(), "a", "round {round}");
        play.done("a").done("b");
    }
    assert_eq!((play.current().as_str(), play.ran("a"), play.ran("d")), ("z", 4, 4));
    assert_eq!(play.is("d"), TaskStatus::Completed);
}

#[test]
fn a_new_round_finds_its_tasks_as_they_were_at_first() {
    let mut play = around().play().answers("d", &[&["again"], &["out"]]).settled();
    play.set("a", TaskStatus::InProgress).expect("allowed");
    play.done("a").done("b");
    let task = play.task("b");
    assert_eq!((play.is("a"), task.status), (TaskStatus::Pending, TaskStatus::Pending));
    assert_eq!(task.data.times.completed_at, None);
    assert!(play.task("d").data.chosen.is_empty());
    play.done("a").done("b");
    assert_eq!(play.current(), "z");
}

#[test]
fn the_exit_branch_leaves_before_the_rounds_are_used_up() {
    let mut play = around().play().answers("d", &[&["out"]]).settled();
    play.done("a").done("b").done("z");
    assert_eq!(play.status(), FlowStatus::Done);
}

#[test]
fn an_inner_loop_counts_anew_in_each_round() {
    let sketch = Sketch::plain(&["a>d", "d>a:again", "d>dd:out", "dd>a:again", "dd>z:out"]);
    let sketch = sketch.repeats("d", "again", "out", 1).repeats("dd", "again", "out", 1);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 4]).answers("dd", &[again; 2]).settled();
    for _ in 0..4 {
        play.done("a");
    }
    assert_eq!((play.current().as_str(), play.ran("a"), play.ran("dd")), ("z", 4, 2));
}

#[test]
fn a_loop_branch_of_tasks_is_repeated_as_well() {
    let sketch = Sketch::plain(&["a>d", "d>x:again", "x>a", "d>z:out"]).repeats("d", "again", "out", 2);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 3]).settled();
    for _ in 0..2 {
        play.done("a").done("x");
        assert_eq!(play.is("x"), TaskStatus::Pending);
    }
    play.done("a");
    assert_eq!(play.current(), "z");
}

#[test]
fn two_ways_back_share_the_rounds() {
    let sketch = Sketch::plain(&["a>d", "d>x:again", "d>y:again", "x>a", "y>a", "d>z:out"]);
    let again: &[&str] = &["again"];
    let mut play = sketch.repeats("d", "again", "out", 2).play().answers("d", &[again; 3]).settled();
    play.done("a").done("x");
    assert_eq!(play.current(), "a");
    play.done("a").done("y");
    play.done("a");
    assert_eq!((play.current().as_str(), play.ran("a")), ("z", 3));
}

#[test]
fn what_is_left_of_a_round_is_given_up() {
    let sketch = Sketch::plain(&["a>b", "a>u", "b>d", "u>d", "d>a:again", "d>z:out"]);
    let mut play = sketch.repeats("d", "again", "out", 3).play().answers("d", &[&["again"]]).settled();
    play.done("a");
    assert_eq!(play.current(), "b u");
    play.done("b");
    assert_eq!((play.current().as_str(), play.is("u")), ("a", TaskStatus::Pending));
}

#[test]
fn a_round_of_the_outer_loop_repeats_the_loop_branch_of_the_inner_one_and_counts_it_anew() {
    let edges = ["a>d", "d>u:again", "u>a", "d>dd:out", "dd>a:again", "dd>z:out"];
    let sketch = Sketch::plain(&edges).repeats("d", "again", "out", 1).repeats("dd", "again", "out", 1);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 4]).answers("dd", &[again; 2]).settled();
    for _ in 0..2 {
        assert_eq!(play.current(), "a");
        play.done("a");
        assert_eq!(play.current(), "u");
        play.done("u").done("a");
    }
    assert_eq!((play.current().as_str(), play.ran("d"), play.ran("dd")), ("z", 4, 2));
}

#[test]
fn what_stands_on_the_loop_branch_of_an_inner_loop_is_given_up_when_the_outer_one_goes_round() {
    let edges = ["a>d", "d>u:again", "u>a", "d>dd:out", "dd>a:again", "dd>z:out"];
    let sketch = Sketch::plain(&edges).repeats("d", "again", "out", 1).repeats("dd", "again", "out", 1);
    let mut play = sketch.play().answers("d", &[&["again", "out"]]).answers("dd", &[&["again"]]).settled();
    play.done("a");
    assert_eq!((play.current().as_str(), play.is("u")), ("a", TaskStatus::Pending));
}

#[test]
fn a_loop_that_lies_on_the_loop_branch_of_another_counts_anew_in_each_of_its_rounds() {
    let edges = ["trigger>d", "d>a:again", "a>dd", "dd>u:again", "u>a", "dd>d:out", "d>z:out"];
    let sketch = Sketch::plain(&edges).repeats("d", "again", "out", 2).repeats("dd", "again", "out", 1);
    let again: &[&str] = &["again"];
    let inner: [&[&str]; 4] = [again, &["out"], again, &["out"]];
    let mut play = sketch.play().answers("d", &[again; 3]).answers("dd", &inner).settled();
    for _ in 0..2 {
        play.done("a").done("u").done("a");
    }
    assert_eq!((play.current().as_str(), play.ran("dd"), play.is("u")), ("z", 4, TaskStatus::Pending));
}

#[test]
fn who_leaves_an_inner_loop_whose_rounds_are_used_up_goes_round_in_the_outer_one_where_its_way_out_leads_back() {
    let edges = ["trigger>d", "d>a:again", "a>dd", "dd>u:again", "u>a", "dd>d:out", "d>z:out"];
    let sketch = Sketch::plain(&edges).repeats("d", "again", "out", 2).repeats("dd", "again", "out", 1);
    let again: &[&str] = &["again"];
    let mut play = sketch.play().answers("d", &[again; 3]).answers("dd", &[again; 4]).settled();
    for round in 1..=2 {
        assert_eq!(play.current(), "a", "round {round}");
        play.done("a").done("u").done("a");
    }
    assert_eq!((play.current().as_str(), play.ran("d"), play.ran("dd")), ("z", 3, 4));
}
