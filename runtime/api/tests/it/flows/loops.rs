//! Loops of executions as they are shown.

use serde_json::{Value, json};

use super::executions::task;
use super::tasks::Flow;
use crate::server::Server;

/// `make` and `check` are repeated by `fine` by way of `mend`, twice at most; inside, `taste` repeats `make` alone.
fn template() -> Value {
    let branch = |id: &str| json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []});
    let again = |again: &str, leave: &str, max: u32| json!({"loop_branch_id": again, "exit_branch_id": leave, "max_iterations": max});
    let decision = |id: &str, branches: [&str; 2], more: Value| {
        let mut task = json!({"id": id, "name": id, "task_type": "DECISION", "trigger_mode": "manual", "phase_id": "p",
            "conditions": branches.map(branch)});
        task.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        task
    };
    let manual = |id: &str, phase: &str| json!({"id": id, "name": id, "task_type": "MANUAL", "phase_id": phase});
    json!({
        "name": "Bake", "phases": [{"id": "p", "name": "Baking"}, {"id": "q", "name": "Eating"}],
        "tasks": [
            manual("make", "p"), decision("taste", ["salt", "good"], json!({"loop_config": again("salt", "good", 3)})),
            decision("side", ["l", "r"], json!({"allow_parallel_execution": false})), manual("mend", "p"),
            decision("fine", ["no", "yes"], json!({"loop_config": again("no", "yes", 2)})), manual("eat", "q"),
        ],
        "edges": [
            {"id": "e1", "from_id": "make", "to_id": "taste"},
            {"id": "e2", "from_id": "taste", "to_id": "make", "condition_id": "salt"},
            {"id": "e3", "from_id": "taste", "to_id": "side", "condition_id": "good"},
            {"id": "e4", "from_id": "side", "to_id": "fine", "condition_id": "l"},
            {"id": "e5", "from_id": "fine", "to_id": "mend", "condition_id": "no"},
            {"id": "e6", "from_id": "mend", "to_id": "make"},
            {"id": "e7", "from_id": "fine", "to_id": "eat", "condition_id": "yes"},
        ],
    })
}

async fn choose(flow: &Flow<'_>, key: &str, branch: &str) {
    flow.patch(key, json!({"status": "COMPLETED", "next_condition_id": branch})).await.ok();
}

/// How often each loop has repeated, as these tasks show it.
fn rounds(shown: &Value, keys: [&str; 4]) -> [Value; 4] {
    keys.map(|key| task(shown, key)["loop_config"]["crt_iterations"].clone())
}

#[tokio::test]
async fn tasks_show_the_loop_that_they_are_in_and_how_often_it_has_repeated() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    let keys = ["make", "taste", "mend", "fine"];
    let shown = flow.get().await;
    let outer = json!({"loop_branch_id": "no", "exit_branch_id": "yes", "max_iterations": 2, "crt_iterations": 0});
    assert_eq!(task(&shown, "fine")["loop_config"], outer);
    let inner = json!({"loop_branch_id": "salt", "exit_branch_id": "good", "max_iterations": 3, "crt_iterations": 0});
    assert_eq!(task(&shown, "taste")["loop_config"], inner);
    assert_eq!(task(&shown, "make")["loop_config"], json!({"max_iterations": 3, "crt_iterations": 0}));
    assert_eq!(task(&shown, "mend")["loop_config"], json!({"max_iterations": 2, "crt_iterations": 0}));
    // A decision in the loop of another has none of its own, and a phase with tasks of two loops is in none as a whole.
    for member in [&task(&shown, "side"), &task(&shown, "eat"), &&shown["phases"][0], &&shown["phases"][1]] {
        assert_eq!(member.get("loop_config"), None, "{member}");
    }
    flow.done("make").await;
    choose(&flow, "taste", "salt").await;
    assert_eq!(
        (rounds(&flow.get().await, keys), flow.current().await),
        ([1, 1, 0, 0].map(Value::from), vec!["make".into()])
    );
    flow.done("make").await;
    choose(&flow, "taste", "good").await;
    choose(&flow, "side", "l").await;
    choose(&flow, "fine", "no").await;
    // The loop branch is under way.
    assert_eq!(
        (rounds(&flow.get().await, keys), flow.current().await),
        ([1, 1, 1, 1].map(Value::from), vec!["mend".into()])
    );
    flow.done("mend").await;
    // The inner loop counts anew in each round.
    let shown = flow.get().await;
    assert_eq!(
        (rounds(&shown, keys), &task(&shown, "mend")["status"]),
        ([0, 0, 1, 1].map(Value::from), &json!("PENDING"))
    );
}

#[tokio::test]
async fn a_loop_whose_rounds_are_used_up_is_left() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    for round in 0..3 {
        flow.done("make").await;
        choose(&flow, "taste", "good").await;
        choose(&flow, "side", "l").await;
        choose(&flow, "fine", "no").await;
        if round < 2 {
            flow.done("mend").await;
        }
    }
    let shown = flow.get().await;
    assert_eq!(
        (flow.current().await, &task(&shown, "fine")["loop_config"]["crt_iterations"]),
        (vec!["eat".into()], &json!(2))
    );
    flow.done("eat").await;
    assert_eq!(flow.get().await["status"], "DONE");
}
