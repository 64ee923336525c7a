//! What an answer other than 2xx means: another try, a failure, or a completed step that says so.

use std::time::Duration;

use chrono::DateTime;
use stepwell_plugin::http::Response;
use stepwell_plugin::{Context, Failure, Retry};

use crate::config::Config;

/// How failures are tried again where a step brings no policy of its own.
pub(crate) const POLICY: Retry =
    Retry { max_attempts: 3, initial_delay_ms: 2_000, max_delay_ms: 60_000, multiplier: 2.0 };

/// The longest wish of the other side that is passed on: a day.
const MAX_PAUSE: Duration = Duration::from_secs(86_400);

/// Fails the step if the answer calls for it. A busy server is asked again as long as the step's retry policy has tries left;
/// after the last one the answer counts like any other.
pub(crate) fn check(config: &Config, response: &Response, context: &Context) -> Result<(), Failure> {
    let retryable = is_busy(response.status) || (config.retry_on5xx && response.status >= 500);
    let again = retryable && !context.is_last_attempt(POLICY);
    if !again && !config.fail_on_error {
        return Ok(());
    }
    let failure = Failure::fatal(code(response.status), format!("the server answered {}", response.status));
    Err(Failure { retryable, retry_after: retry_after(response, context), ..failure })
}

fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 503)
}

fn code(status: u16) -> String {
    format!("http-{status}")
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(response: &Response, context: &Context) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    let pause = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(value, context.now.millis())?,
    };
    Some(pause.min(MAX_PAUSE))
}

fn until(date: &str, now: u64) -> Option<Duration> {
    let date = DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis();
    Some(Duration::from_millis(u64::try_from(date).ok()?.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use stepwell_plugin::testing::context;

    use super::*;

    fn pause(value: &str) -> Option<Duration> {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        retry_after(&Response { status: 429, headers, ..Response::default() }, &context().build())
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date() {
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Fri, 02 Jan 2026 03:05:05 GMT"), Some(Duration::from_millis(59_322)));
        assert_eq!(pause("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn a_pause_is_a_day_at_most_and_nonsense_is_none() {
        assert_eq!(pause("18446744073709551615"), Some(MAX_PAUSE));
        assert_eq!(pause("Fri, 31 Dec 9999 23:59:59 GMT"), Some(MAX_PAUSE));
        assert_eq!(pause("soon"), None);
        assert_eq!(pause("-1"), None);
    }
}
