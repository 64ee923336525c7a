//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a condition may take to become true: long, since only a failing test waits that long.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer. Panics, saying what was waited for, if there is none in a minute.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    eventually_within(LIMIT, what, ask).await
}

/// As [`eventually`], with another limit.
pub async fn eventually_within<T, F: Future<Output = Option<T>>>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited {limit:?} for: {what}");
        sleep(PAUSE).await;
    }
}
