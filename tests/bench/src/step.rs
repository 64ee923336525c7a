//! One step in its sandbox, on one thread: a fresh instance, one call, everything dropped. Beside it the same component in
//! bare wasmtime, fresh and kept alive: what isolation costs, and what the host adds to it.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use stepwell_core::{Outcome, StepRunner as _};

use crate::live;
use crate::quantiles::{Times, count, us};
use crate::report::{Figure, Report};
use crate::sandbox::{Sandbox, request};

const WARM_UP: usize = 1_000;

pub(crate) fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let runs = if quick { 20_000 } else { 100_000 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sandbox = Sandbox::with(&["exit", "condition"]).await?;
        let condition = json!({ "field": "contact.data.plan", "operator": "equals", "value": "free" });
        for (step_type, config) in [("exit", json!({ "reason": "done" })), ("condition", condition)] {
            let bare = live::measure(step_type, &config, runs / 4).await?;
            let (times, on_cpu) = isolated(&sandbox, step_type, &config, runs).await?;
            let figure = |what: &str, value, unit| Figure::new('a', format!("{step_type}, {what}"), value, unit);
            let note = format!(
                "p99 {:.1}; bare wasmtime: fresh {:.1}, live {:.1} µs",
                us(times.quantile(0.99)),
                us(bare.fresh.median()),
                us(bare.live.median())
            );
            report.add(figure("isolated run, p50", us(times.median()), "µs").at_most(15.0).note(note));
            let rate = count(runs as u64) / on_cpu.as_secs_f64();
            let note = "by CPU time, the making of requests included";
            report.add(figure("isolated runs on one core", rate, "runs/s").at_least(50_000.0).note(note));
        }
        Ok(())
    })
}

/// The time of each run, and the CPU time of all: what others do on the machine meanwhile does not count.
async fn isolated(sandbox: &Sandbox, step_type: &str, config: &Value, runs: usize) -> Result<(Times, Duration)> {
    let mut times = Vec::with_capacity(runs);
    let mut before = Duration::ZERO;
    for number in 0..WARM_UP + runs {
        if number == WARM_UP {
            before = on_cpu()?;
        }
        let request = request(step_type, config.clone());
        let began = Instant::now();
        let report = sandbox.host.run(request).await;
        let took = began.elapsed();
        ensure!(!matches!(report.outcome, Outcome::Failed(_)), "{step_type} failed: {:?}", report.outcome);
        if number >= WARM_UP {
            times.push(took);
        }
    }
    let used = on_cpu()?.saturating_sub(before);
    Ok((Times::new(times), used))
}

/// How long this thread has been on a processor.
fn on_cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("reading the thread's CPU time")?;
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok()).context("no CPU time")?;
    Ok(Duration::from_nanos(nanoseconds))
}
