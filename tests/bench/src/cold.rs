//! From the start of the process to the end of the first execution, everything compiled already.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, sleep};

use crate::http::Caller;
use crate::quantiles::{Times, ms};
use crate::report::{Figure, Report};
use crate::server::{self, Counters, sign_up};

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let (mut server, _) = server::start().await?;
    let workflow = server::signup_flow(&server.client(), "signed_up", None).await;
    let (mut listening, mut ended) = (Vec::new(), Vec::new());
    for n in 0..if quick { 5 } else { 15 } {
        server.terminate().await;
        let began = Instant::now();
        server.restart().await;
        listening.push(began.elapsed());
        let mut caller = Caller::connect(server.address(), server.key()).await?;
        let (status, _) = caller.post("/v1/track", sign_up("signed_up", n)).await?;
        ensure!(status.is_success(), "the first event was answered with {status}");
        let mut counters = Counters::of(&server, &workflow).await?;
        while counters.ended().await? <= n {
            sleep(Duration::from_millis(1)).await;
        }
        ended.push(began.elapsed());
    }
    server.terminate().await;
    let (listening, ended) = (Times::new(listening), Times::new(ended));
    let note = format!(
        "it listens after {:.0} ms; the slowest of {} took {:.0} ms",
        ms(listening.median()),
        ended.len(),
        ms(ended.quantile(1.0))
    );
    report.add(
        Figure::new('e', "cold start → first execution ended, p50", ms(ended.median()), "ms").at_most(400.0).note(note),
    );
    Ok(())
}
