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
///
///  Running --- its link has expired ---> Expired --- a new URL, retry ------> Queued
///  Running --- its disk is full ---> DiskFull --- there is room, retry ---> Queued
///                                       '-------- pause ----------------> Paused
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
    /// Its URL is not good any more; what is on disk waits for a new one.
    Expired,
    /// Its disk has no room for the rest; goes on by itself when there is room. It takes no slot of the queue.
    DiskFull,
    /// Every byte is at its target, checked.
    Done,
    /// Given up with a reason; what is on disk is kept.
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Running, Self::Paused, Self::Expired, Self::DiskFull, Self::Done, Self::Failed];

    /// True if the change is in the picture above.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{DiskFull, Done, Expired, Failed, Paused, Queued, Running};
        matches!(
            (self, next),
            (Queued, Running | Paused)
                | (Running, Queued | Paused | Expired | DiskFull | Done | Failed)
                | (Paused | Failed | Expired, Queued)
                | (DiskFull, Queued | Paused)
        )
    }

    /// One word for programs, the same in every version of haul.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Expired => "link_expired",
            Self::DiskFull => "disk_full",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// As people read it.
impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Expired => "link expired",
            Self::DiskFull => "disk full",
            _ => self.word(),
        })
    }
}
