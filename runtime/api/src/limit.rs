//! Rate limits: a token bucket for each workspace and class of requests (spec plunk-workflows, 1.4). Off unless set.

use std::num::NonZeroU32;

use axum::http::{HeaderMap, StatusCode};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde_json::json;
use stepwell_core::WorkspaceId;

use crate::error::ApiError;

/// Which bucket a request takes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateClass {
    /// Sending events.
    Track,
    /// Sending messages.
    Send,
    /// Writing contacts.
    Contacts,
}

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

/// The limits of each class; none for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// For sending events.
    pub track: Option<Rate>,
    /// For sending messages.
    pub send: Option<Rate>,
    /// For writing contacts.
    pub contacts: Option<Rate>,
}

impl RateLimits {
    /// The limits of the specification, for servers that want some.
    pub fn usual() -> Self {
        let rate = |per_second, burst| {
            NonZeroU32::new(per_second)
                .zip(NonZeroU32::new(burst))
                .map(|(per_second, burst)| Rate { per_second, burst })
        };
        Self { track: rate(100, 200), send: rate(20, 50), contacts: rate(50, 100) }
    }
}

/// How a request left its bucket, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    limit: u32,
    remaining: u32,
    reset: u64,
}

impl Standing {
    /// Adds `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds until the bucket is full).
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert("ratelimit-limit", self.limit.into());
        headers.insert("ratelimit-remaining", self.remaining.into());
        headers.insert("ratelimit-reset", self.reset.into());
    }
}

/// The buckets of all workspaces.
pub(crate) struct Limiter {
    track: Option<Buckets>,
    send: Option<Buckets>,
    contacts: Option<Buckets>,
}

type Keyed = RateLimiter<WorkspaceId, DefaultKeyedStateStore<WorkspaceId>, DefaultClock, StateInformationMiddleware>;

struct Buckets {
    rate: Rate,
    keyed: Keyed,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            track: limits.track.map(Buckets::new),
            send: limits.send.map(Buckets::new),
            contacts: limits.contacts.map(Buckets::new),
        }
    }

    /// Takes a token; `None` if the class has no limit. The second value is the refusal, if there was no token.
    pub(crate) fn take(&self, class: RateClass, workspace: WorkspaceId) -> Option<(Standing, Option<ApiError>)> {
        let buckets = match class {
            RateClass::Track => self.track.as_ref(),
            RateClass::Send => self.send.as_ref(),
            RateClass::Contacts => self.contacts.as_ref(),
        };
        Some(buckets?.take(workspace))
    }
}

impl Buckets {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { rate, keyed: RateLimiter::keyed(quota).with_middleware() }
    }

    fn take(&self, workspace: WorkspaceId) -> (Standing, Option<ApiError>) {
        let limit = self.rate.burst.get();
        match self.keyed.check_key(&workspace) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let missing = u64::from(limit.saturating_sub(remaining));
                let reset = missing.div_ceil(u64::from(self.rate.per_second.get()));
                (Standing { limit, remaining, reset }, None)
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                let reset = u64::from(limit).div_ceil(u64::from(self.rate.per_second.get()));
                (Standing { limit, remaining: 0, reset }, Some(refused(wait.as_millis().div_ceil(1000).max(1))))
            }
        }
    }
}

fn refused(seconds: u128) -> ApiError {
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "Too many requests")
        .details(json!({ "retryAfter": seconds }))
        .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_bucket_empties_for_one_workspace_and_not_for_another() {
        let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(2).expect("two") };
        let limiter = Limiter::new(RateLimits { track: Some(rate), ..RateLimits::default() });
        let (one, other) = (WorkspaceId(Uuid::from_u128(1)), WorkspaceId(Uuid::from_u128(2)));
        let take = |workspace| limiter.take(RateClass::Track, workspace).expect("limited");
        assert_eq!(take(one).0, Standing { limit: 2, remaining: 1, reset: 1 });
        assert!(take(one).1.is_none());
        assert_eq!(take(one).1.map(|error| error.status().as_u16()), Some(429));
        assert!(take(other).1.is_none());
    }

    #[test]
    fn a_class_without_a_limit_takes_from_no_bucket() {
        let limiter = Limiter::new(RateLimits::default());
        assert!(limiter.take(RateClass::Send, WorkspaceId(Uuid::nil())).is_none());
    }
}
