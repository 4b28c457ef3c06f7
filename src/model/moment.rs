//! Monotonic time as plain data, so that `plan` needs no clock and tests need no waiting.

use std::ops::Add;
use std::time::Duration;

/// Time since the engine's start. It never jumps with the wall clock (suspend, NTP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// The engine's start.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// So long after the engine's start.
    pub const fn after(start: Duration) -> Self {
        Self(start)
    }

    /// So many milliseconds after the engine's start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long ago `earlier` was; zero if it is not in the past.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}
