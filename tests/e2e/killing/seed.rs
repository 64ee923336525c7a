//! Chance that can be had again.

use std::time::Duration;

/// Gives another seed than the clock's.
const VARIABLE: &str = "STEPWELL_KILL_SEED";

/// Numbers that follow from a seed (SplitMix64).
pub(crate) struct Seed(u64);

impl Seed {
    /// The seed of the environment, or one that no run had before. It is printed: nextest shows it when the test fails.
    pub(crate) fn from_environment() -> Self {
        let given = std::env::var(VARIABLE).ok().map(|text| text.parse().expect("a number as the seed"));
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()) << 32 | u64::from(fresh()));
        println!("{VARIABLE}={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Another one that follows from this.
    pub(super) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// One of several; none of none.
    pub(super) fn choice<'c, T>(&mut self, of: &'c [T]) -> Option<&'c T> {
        let place = self.next().checked_rem(of.len() as u64)?;
        of.get(usize::try_from(place).ok()?)
    }

    /// A time of so many milliseconds.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.next() % (most - least + 1))
    }

    /// True in one of so many cases.
    pub(crate) fn one_in(&mut self, cases: u64) -> bool {
        self.next().is_multiple_of(cases)
    }
}

#[allow(clippy::disallowed_methods, reason = "a seed may be any")]
fn fresh() -> u32 {
    uuid::Uuid::new_v4().as_fields().0
}
