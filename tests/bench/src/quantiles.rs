//! Quantiles of measured times.

use std::time::Duration;

/// Times in order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that the share `q` of all does not exceed; zero of none.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "an index"
    )]
    pub(crate) fn quantile(&self, q: f64) -> Duration {
        let index = (self.0.len() as f64 * q).ceil() as usize;
        self.0.get(index.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }
}

/// Milliseconds, for a figure.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Microseconds, for a figure.
pub(crate) fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn count(of: u64) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_least_time_that_so_many_do_not_exceed() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect());
        let at = |q| times.quantile(q).as_millis();
        assert_eq!((at(0.5), at(0.99), at(1.0)), (50, 99, 100));
        assert_eq!(Times::new(vec![]).median(), Duration::ZERO);
    }
}
