//! The engine's clock: monotonic, and tokio's, so that tests can let it stand still.

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
