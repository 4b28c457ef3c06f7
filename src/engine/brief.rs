//! Transfers that are over at once: more of them run side by side, and the totals count what nobody saw them bring.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clock::Clock;
use super::supervisor::Supervisor;
use crate::api::{Happening, Totals};
use crate::model::{Moment, RangeSet, Rate, TransferId};
use crate::plan::Meter;
use crate::store::Stamp;

/// A transfer of no more bytes does little but wait for an answer, and some dozens of them may be in memory at once.
pub(super) const BRIEF: u64 = 128 << 10;
/// One that takes no longer is over before its own speed can be read,
const UNSEEN: Duration = Duration::from_secs(1);
/// so that the totals tell the mean of all of them over about so long.
const MEMORY: Duration = Duration::from_secs(3);

/// What transfers have brought, and sent, that were over at once.
pub(super) struct Unseen {
    brought: Meter,
    sent: Meter,
}

impl Unseen {
    pub(super) fn new(clock: Clock) -> Self {
        let meter = Meter::new(MEMORY, clock.now());
        Self { brought: meter, sent: meter }
    }

    /// True while the totals change by it though nothing else does.
    pub(super) fn is_moving(&self, now: Moment) -> bool {
        self.brought.rate(now).bytes() + self.sent.rate(now).bytes() > 0
    }

    /// Adds what is counted here.
    pub(super) fn add_to(&self, totals: &mut Totals, now: Moment) {
        let sum = |shown: Rate, meter: &Meter| Rate::per_second(shown.bytes() + meter.rate(now).bytes());
        totals.speed = sum(totals.speed, &self.brought);
        totals.upload_speed = sum(totals.upload_speed, &self.sent);
    }
}

impl Supervisor {
    /// A transfer turns out to have this file, of so many bytes.
    pub(super) fn note_file(&mut self, id: TransferId, file: PathBuf, length: Option<u64>) {
        self.roster.take_progress(id);
        self.note(id, &[Stamp::Known(file, length, RangeSet::nothing())]);
        if length.is_none_or(|length| length > BRIEF) {
            self.queue.note_long();
        }
    }

    /// All bytes of a transfer have come, so many of them now, and are being made durable: how long a disk takes for that says
    /// nothing of the line. `shared`: on a connection that others share.
    pub(super) fn fetched(&mut self, id: TransferId, moved: u64, shared: bool) {
        self.queue.end(id);
        let began = self.roster.get(id).and_then(|entry| Some(entry.running.as_ref()?.since));
        // On a slow line those beside it would only share that.
        if moved <= BRIEF && began.is_some_and(|began| self.shared.clock.now().since(began) <= UNSEEN) {
            self.queue.note_brief(shared);
        }
    }

    /// Tells of a file that came or went in one answer what others tell on their way. What stood there before, and what was
    /// sent, is given no name.
    pub(super) fn came_at_once(&mut self, id: TransferId, target: &Path, bytes: u64, unchanged: bool) {
        let (file, length, stream) = (target.to_path_buf(), Some(bytes), false);
        self.tell(id, Happening::Answered { target: file.clone(), length, resumed: 0, resumable: true, stream });
        let is_upload = self.roster.get(id).is_some_and(|entry| entry.spec.upload.is_some());
        if !is_upload && !unchanged {
            self.tell(id, Happening::Renamed(file));
        }
    }

    /// A transfer is complete for which so many bytes came or went in this time; `unchanged`: it was asked for and is here.
    pub(super) fn note_moved(&mut self, id: TransferId, moved: u64, took: Duration, unchanged: bool) {
        if took <= UNSEEN {
            let is_upload = self.roster.get(id).is_some_and(|entry| entry.spec.upload.is_some());
            if (is_upload || unchanged) && moved <= BRIEF {
                self.queue.note_brief(false);
            }
            let meter = if is_upload { &mut self.unseen.sent } else { &mut self.unseen.brought };
            meter.add(moved, self.shared.clock.now());
        }
    }
}
