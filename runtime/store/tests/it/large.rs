//! What is too large for the hot rows is kept apart, and nobody who reads notices.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use stepwell_core::{ExecutionId, Input, LARGE_VALUE, Outcome, Reentry, Timestamp, WaitRequest, Wake};
use stepwell_store::transfer::Transfer;
use stepwell_store::{StoreError, claim, execution, step_execution};

use crate::prune::pruned;
use crate::support::{Bed, NOW, completed, workspace, write};

fn large(mark: &str) -> Value {
    json!({ "mark": mark, "much": "x".repeat(LARGE_VALUE) })
}

fn waiting(state: Value, output: Value) -> Outcome {
    let until = Some(NOW.plus_millis(5));
    Outcome::Waiting(WaitRequest { until, state, output, task: Some(json!(1)), ..WaitRequest::default() })
}

impl Bed {
    /// Wakes the one open visit.
    async fn wake(&self, id: ExecutionId) {
        let (execution, visits) = self.state(id).await;
        let woken = Input::Woken { visit: visits[0].id, wake: Wake::Task(json!(1)) };
        self.apply(self.advance(&execution, &visits, woken)).await.expect("stored");
    }

    /// How many values are kept apart, and how many bytes the largest row of a step execution has.
    async fn apart(&self) -> (usize, usize) {
        let (mut file, source) = (Vec::new(), Transfer::source(&self.url()).await.expect("a database"));
        source.export(&mut file, Timestamp(i64::MAX), |_| {}).await.expect("exported");
        source.close().await;
        let (mut text, mut table, mut values, mut widest) = (String::new(), Value::Null, 0, 0);
        GzDecoder::new(&file[..]).read_to_string(&mut text).expect("gzip over UTF-8");
        for line in text.lines() {
            match serde_json::from_str(line).expect("JSON") {
                Value::Object(head) => table = head.get("table").cloned().unwrap_or_default(),
                _ if table == "step_value" => values += 1,
                _ if table == "step_execution" => widest = widest.max(line.len()),
                _ => {}
            }
        }
        (values, widest)
    }
}

#[tokio::test]
async fn a_large_output_is_read_like_any_other_and_is_in_no_hot_row() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let visit = bed.state(run).await.1[0].id;
    bed.settle(run, completed(large("out"))).await;
    assert!(matches!(bed.apart().await, (1, ..2_000)), "{:?}", bed.apart().await);
    let mut conn = bed.read().await;
    let one = step_execution::get(&mut conn, workspace(), visit).await.expect("read").expect("there");
    assert_eq!(one.output, Some(large("out")));
    let all = execution::visits(&mut conn, workspace(), run).await.expect("read");
    assert_eq!(all[1], one);
    let outputs = execution::outputs(&mut conn, workspace(), run).await.expect("read");
    assert_eq!(outputs.last().map(|(_, output)| output.clone()), Some(large("out")));
    let kept: usize = all.iter().map(stepwell_core::kept_bytes).sum();
    let (execution, _) = bed.state(run).await;
    assert_eq!(execution.output_bytes, i64::try_from(kept).expect("a number"));
}

#[tokio::test]
async fn a_value_just_small_enough_stays_in_its_row() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    for (more, apart) in [(0, 0), (1, 1)] {
        let run = bed.started(&stored, None).await;
        bed.settle(run, completed(json!("x".repeat(LARGE_VALUE - 2 + more)))).await;
        assert_eq!(bed.apart().await.0, apart);
    }
}

#[tokio::test]
async fn a_large_state_comes_back_with_the_wait_and_goes_when_it_is_replaced_or_done() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, waiting(large("state"), large("shown"))).await;
    assert_eq!(bed.apart().await.0, 2);
    bed.wake(run).await;
    let visit = bed.state(run).await.1.remove(0);
    assert_eq!((visit.state, visit.output), (Some(large("state")), Some(large("shown"))));
    bed.settle(run, waiting(large("other"), json!(1))).await;
    assert_eq!(bed.state(run).await.1[0].state, Some(large("other")));
    assert_eq!(bed.apart().await.0, 1);
    bed.wake(run).await;
    bed.settle(run, completed(json!(1))).await;
    assert_eq!(bed.apart().await.0, 0);
}

#[tokio::test]
async fn a_visit_with_a_large_state_is_claimed_and_taken_up_with_it() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, waiting(large("state"), Value::Null)).await;
    bed.wake(run).await;
    assert_eq!(bed.state(run).await.1[0].state, Some(large("state")));
    // Put back, to be claimed.
    let (execution, mut visits) = bed.state(run).await;
    let mut changes = bed.decide(run, completed(json!(1))).await;
    visits[0].status = stepwell_core::StepStatus::Pending;
    visits[0].run_at = Some(NOW);
    changes.visits = visits;
    changes.execution.status = execution.status;
    bed.apply(changes).await.expect("stored");
    let ready = claim::ready(&mut bed.read().await, NOW, 9).await.expect("read");
    assert_eq!(ready[0].state, Some(large("state")));
    let id = ready[0].id;
    let claimed: Result<_, StoreError> = write!(bed, |conn| claim::claim(conn, &[id], NOW).await);
    assert_eq!(claimed.expect("claimed")[0].state, Some(large("state")));
}

#[tokio::test]
async fn a_large_output_goes_with_its_execution() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, completed(large("out"))).await;
    bed.settle(run, completed(large("out"))).await;
    assert_eq!(bed.apart().await.0, 2);
    assert_eq!((pruned(&bed, NOW.plus_millis(1), 9).await, bed.apart().await.0), (1, 0));
}
