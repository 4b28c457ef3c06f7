//! When a transfer that ran out of room on its disk goes on.

use std::time::Duration;

use crate::model::Moment;

/// The first wait before a transfer may go on; it doubles each time that the disk was full again without a new byte, since
/// a quota or the file system's own reserve can make a disk full that seems to have room.
const FIRST: Duration = Duration::from_secs(3);
/// The longest such wait.
const LONGEST: Duration = Duration::from_secs(300);
/// Where the length is not known, this much room and an eighth of what has come are worth another attempt.
const WORTHWHILE: u64 = 1 << 20;

/// A transfer's shortage of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    since: Moment,
    done: u64,
    times: u32,
}

impl Shortage {
    /// One that an earlier run has met with so many bytes on disk: whether it lasts is not known yet.
    pub fn remembered(done: u64, now: Moment) -> Self {
        Self { since: now, done, times: 0 }
    }

    /// The disk was found full with so many bytes on disk; `before` is the shortage before this one.
    pub fn met(before: Option<Self>, done: u64, now: Moment) -> Self {
        let again = before.filter(|before| before.done == done).map_or(0, |before| before.times);
        Self { since: now, done, times: again.saturating_add(1) }
    }

    /// True until it has been looked whether it lasts.
    pub fn is_unknown(&self) -> bool {
        self.times == 0
    }

    /// True if the transfer may go on: it has waited, and there is room. `needed`: bytes that it still has to be given,
    /// where its length is known.
    pub fn is_over(&self, needed: Option<u64>, free: u64, now: Moment) -> bool {
        free >= needed.unwrap_or(WORTHWHILE + self.done / 8) && now.since(self.since) >= self.wait()
    }

    fn wait(&self) -> Duration {
        match self.times {
            0 => Duration::ZERO,
            times => FIRST.saturating_mul(1 << (times - 1).min(16)).min(LONGEST),
        }
    }
}
