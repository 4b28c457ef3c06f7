//! The engine's clock: monotonic, and tokio's, so that tests can let it stand still.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::model::Moment;

/// Gives moments since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(self) -> Moment {
        Moment::after(self.start.elapsed())
    }
}

/// The time of day, in seconds since 1970 in UTC: for people to read, and never to decide by, since it may jump.
pub(super) fn time_of_day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs())
}
