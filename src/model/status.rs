//! Where a transfer stands.

use std::fmt;

/// Where a transfer stands.
///
/// ```text
///            +--------- resume, retry ----------+---------------+
///            v                                  |               |
///  add -> Queued --- a slot is free ---> Running --- fault ---> Failed
///            |  ^                         |  |
///            |  '---- the engine stops ---'  '--- all bytes --> Done
///            '-------- pause -----> Paused <--- pause --- Running
/// ```
/// Removal is possible from everywhere and leaves no status behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for its turn.
    Queued,
    /// Has a task and, most of the time, connections.
    Running,
    /// Stopped by the user; goes on only when the user says so.
    Paused,
    /// Every byte is at its target, checked.
    Done,
    /// Given up with a reason; what is on disk is kept.
    Failed,
}

impl Status {
    /// True if the change is in the picture above.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{Done, Failed, Paused, Queued, Running};
        matches!(
            (self, next),
            (Queued, Running | Paused) | (Running, Queued | Paused | Done | Failed) | (Paused | Failed, Queued)
        )
    }

    /// True if nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
        })
    }
}
