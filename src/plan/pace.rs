//! When a disk is too slow to be written from the threads that receive: they would hear nothing meanwhile.

use std::time::Duration;

/// A write that takes longer than this is slow: a page of memory takes microseconds.
const SLOW: Duration = Duration::from_millis(50);
/// What slow writes may cost, since the last time the disk was fast, before they are made elsewhere.
const MOST: Duration = Duration::from_millis(150);
/// After so many fast writes in a row the disk is fast again.
const CALM: u32 = 32;

/// For so long after a quick look at a disk it is trusted to be quick.
const RECENT: Duration = Duration::from_secs(1);

/// How a part file's disk keeps up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    lost: Duration,
    fast: u32,
}

impl Pace {
    /// A write of some hundred KiB took so long.
    pub fn took(&mut self, time: Duration) {
        if time > SLOW {
            (self.lost, self.fast) = (self.lost.saturating_add(time), 0);
            return;
        }
        self.fast = self.fast.saturating_add(1);
        if self.fast >= CALM {
            self.lost = Duration::ZERO;
        }
    }

    /// True if the next write is to be made on a thread that may block.
    pub fn is_slow(&self) -> bool {
        self.lost >= MOST
    }

    /// True if a short look may be made from the threads that receive, so long after the last one. A disk that was quick then may
    /// hang by now; where look follows look, as with small files, it would have shown.
    pub fn bears_a_look(&self, since_last: Duration) -> bool {
        !self.is_slow() && since_last < RECENT
    }
}
