//! Which connection fetches which bytes of one file.
//!
//! The invariant: every byte of the file is at all times in exactly one of *done*, *leased* (some lease has it still
//! to come) and *free*. Progress is told after the bytes are on disk, so *done* never runs ahead.
//!
//! A connection with nothing to do takes over part of the range that would take longest at its present speed, so that
//! all connections end together; one that has stalled, or is far slower than its fellows, loses all of its rest.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Meter;
use crate::model::{ByteRange, Moment, RangeSet};

/// No connection is opened unless there is so much left for each.
pub const MIN_PART: u64 = 1 << 20;
/// An idle connection that is open anyway takes over no less than this.
pub(super) const MIN_STEAL: u64 = 32 << 10;
/// How long a few bytes must have taken to tell what a connection gives.
const TELLING: Duration = Duration::from_millis(500);
/// What a lease's speed remembers.
const MEMORY: Duration = Duration::from_secs(2);
/// How long a lease may stay without a byte before it counts as stalled, unless this server was seen to be slower.
const STALL: Duration = Duration::from_secs(3);
/// A stall is twice the longest silence that a byte has ended, but at most this much longer than that silence,
const LONGER: Duration = Duration::from_secs(10);
/// and never longer than this: a process that was stopped for hours has heard nothing either.
const LONGEST_STALL: Duration = Duration::from_secs(120);

/// Answers are not expected to take longer than this, whatever they took before.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// The number of a lease within its plan, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u32);

/// Who asks for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// A connection that would have to be opened: only for a part that is worth it.
    New,
    /// A connection that is open and has nothing to do.
    Idle,
}

/// What lies beyond a lease's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It was free; the lease ends here now.
    Extended(u64),
    /// It is leased to a connection that has not given a byte yet.
    Unsure,
    /// It is done, comes on another connection, or is beyond the file.
    Taken,
}

/// A range given to one connection: from `position` on, its bytes are still to come.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The first byte that was given.
    pub start: u64,
    /// The next byte to be written.
    pub position: u64,
    /// One past the last byte; another connection may take over the rest, and then it is lower.
    pub end: u64,
    /// Bytes that are being written now; nobody may take these over.
    pub(super) writing: u64,
    /// What comes on it.
    pub meter: Meter,
    /// When its first bytes were there.
    pub(super) began: Option<Moment>,
    /// When it last had a byte, or a good reason to have none.
    pub(super) heard: Moment,
}

impl Lease {
    pub(super) fn missing(&self) -> ByteRange {
        ByteRange::new(self.position, self.end)
    }

    /// Bytes a second from its first byte to its last, if they are enough to tell.
    fn pace(&self) -> Option<f64> {
        let (bytes, took) = (self.position - self.start, self.heard.since(self.began?));
        let tells = bytes >= MIN_STEAL || (bytes > 0 && took >= TELLING);
        (tells && !took.is_zero()).then(|| bytes as f64 / took.as_secs_f64())
    }

    pub(super) fn is_stalled(&self, now: Moment, silence: Duration) -> bool {
        now.since(self.heard) >= silence
    }
}

/// The plan of one download.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) length: Option<u64>,
    done: RangeSet,
    done_total: u64,
    pub(super) free: RangeSet,
    pub(super) leases: BTreeMap<LeaseId, Lease>,
    last: u32,
    /// A silence of this length is a stall: longer than any that a byte has ended, so that work does not go round in
    /// circles between connections that a slow server would answer in the end.
    pub(super) silence: Duration,
    /// What the connection that ended last had, in bytes a second: what it will have of what it is given next.
    pub(super) pace: Option<f64>,
    /// The best of these, until a connection is opened because of it.
    pub(super) best: Option<f64>,
    /// How long an answer takes here, in seconds.
    pub(super) asking: Option<f64>,
    /// True while a limit of our own holds the speed down: who has nothing to do is not needed then.
    pub(super) held_back: bool,
    /// True if one stream brings all bytes in their order.
    pub(super) in_order: bool,
}

impl Plan {
    /// A plan for a file of which `done` is on disk. An unknown length is a file without end until `end_at`.
    pub fn new(length: Option<u64>, done: RangeSet) -> Self {
        let free = done.gaps(length.unwrap_or(u64::MAX));
        let done_total = done.total();
        Self {
            length,
            done,
            done_total,
            free,
            leases: BTreeMap::new(),
            last: 0,
            silence: STALL,
            pace: None,
            best: None,
            asking: None,
            held_back: false,
            in_order: false,
        }
    }

    /// Whether a limit of our own holds the speed down now. Then nobody takes over from another: it would end nothing sooner,
    /// and what is on its way to the other would be lost.
    pub fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    /// An answer came after so long.
    pub fn answered(&mut self, after: Duration) {
        self.bear(after);
        let after = after.min(LONGEST_ANSWER).as_secs_f64();
        self.asking = Some(self.asking.map_or(after, |mean| mean + (after - mean) / 4.0));
    }

    /// How long an answer takes here, once there was one.
    pub fn asking(&self) -> Duration {
        self.asking.map_or(Duration::ZERO, Duration::from_secs_f64)
    }

    /// The file's length, if known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The bytes that are on disk.
    pub fn done(&self) -> &RangeSet {
        &self.done
    }

    /// How many bytes are on disk.
    pub fn done_total(&self) -> u64 {
        self.done_total
    }

    /// The bytes that nobody has and nobody fetches.
    pub fn free(&self) -> &RangeSet {
        &self.free
    }

    /// The leases, by number.
    pub fn leases(&self) -> impl Iterator<Item = (LeaseId, &Lease)> {
        self.leases.iter().map(|(id, lease)| (*id, lease))
    }

    /// True once every byte is on disk.
    pub fn is_complete(&self) -> bool {
        self.length == Some(self.done_total)
    }

    /// How many bytes are still to come, if the length is known.
    pub fn missing(&self) -> Option<u64> {
        self.length.map(|length| length - self.done_total)
    }

    /// The length has become known. A lease over the whole is cut to its share of `connections`.
    ///
    /// False, and nothing changes, if bytes at or beyond that length are done or being written: then it is a lie.
    pub fn learn(&mut self, length: u64, connections: u16) -> bool {
        let beyond = ByteRange::new(length, u64::MAX);
        let written = |lease: &Lease| lease.position.max(lease.writing) > length;
        if self.length.is_some() || self.done.overlap(beyond) > 0 || self.leases.values().any(written) {
            return self.length == Some(length);
        }
        self.length = Some(length);
        self.free.remove(beyond);
        let share = share(length - self.done_total, connections);
        for lease in self.leases.values_mut() {
            let end = lease.end.min(length);
            lease.end = (lease.position.max(lease.writing) + share).min(end);
            self.free.insert(ByteRange::new(lease.end, end));
        }
        true
    }

    /// Gives out a range to one of `connections` that are to work in the end; `None` if nothing is worth it.
    pub fn lease(&mut self, opener: Opener, connections: u16, now: Moment) -> Option<LeaseId> {
        // A part that is not worth a connection is, once nobody else would ever fetch it.
        let least = match opener {
            Opener::New if self.leases.values().any(|lease| !lease.is_stalled(now, self.silence)) => MIN_PART,
            _ => 1,
        };
        // Many small gaps are shared out like one large one: who is done with a gap goes on with the next.
        let takes_gaps = self.is_worth_another() || opener == Opener::New && self.is_slow_enough_for_another(now);
        let least_gap = if takes_gaps { 1 } else { least };
        let free = if self.in_order { self.take_first() } else { self.take_free(least_gap, connections) };
        let range = match free {
            None if self.held_back || self.in_order => None,
            free => free.or_else(|| self.take_over(least, opener, now)),
        }?;
        self.last += 1;
        let id = LeaseId(self.last);
        let meter = Meter::new(MEMORY, now);
        let (start, end) = (range.start, range.end);
        self.leases.insert(id, Lease { start, position: start, end, writing: 0, meter, began: None, heard: now });
        Some(id)
    }

    /// The lease with this number, while it lives.
    pub fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(&id)
    }

    /// How many of the next `bytes` of a lease may be written now. Nobody takes these over until `advance`.
    pub fn begin_write(&mut self, id: LeaseId, bytes: u64) -> u64 {
        let Some(lease) = self.leases.get_mut(&id) else { return 0 };
        let allowed = bytes.min(lease.end - lease.position);
        lease.writing = lease.position + allowed;
        allowed
    }

    /// So many bytes of a lease are on disk, as `begin_write` allowed.
    pub fn advance(&mut self, id: LeaseId, bytes: u64, now: Moment) {
        let Some(lease) = self.leases.get_mut(&id) else { return };
        let range = ByteRange::new(lease.position, lease.end.min(lease.position + bytes));
        lease.position = range.end;
        lease.meter.add(range.len(), now);
        lease.began.get_or_insert(now);
        lease.heard = now;
        self.done.insert(range);
        self.done_total += range.len();
    }

    /// Bytes have come on a lease, whether or not they are still wanted.
    pub fn hear(&mut self, id: LeaseId, now: Moment) {
        if let Some(lease) = self.leases.get_mut(&id) {
            let silence = now.since(lease.heard);
            lease.began.get_or_insert(now);
            lease.heard = now;
            self.bear(silence);
        }
    }

    /// The server was silent for so long, and then went on.
    pub fn bear(&mut self, silence: Duration) {
        let longer = silence.saturating_mul(2).min(silence.saturating_add(LONGER));
        self.silence = self.silence.max(longer.min(LONGEST_STALL));
    }

    /// A lease has no new byte for a reason of our own, such as a speed limit: it does not count as stalled.
    pub fn excuse(&mut self, id: LeaseId, now: Moment) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.heard = now;
        }
    }

    /// A stream goes on beyond its lease's end: the lease grows into what is free there. Tells whether it did, or
    /// whether another lease begins there that has no byte yet, whose fate may be waited for.
    pub fn extend(&mut self, id: LeaseId) -> Beyond {
        let Some(end) = self.leases.get(&id).map(|lease| lease.end) else { return Beyond::Taken };
        if let Some(free) = self.free.ranges().iter().find(|range| range.start == end).copied() {
            self.free.remove(free);
            if let Some(lease) = self.leases.get_mut(&id) {
                lease.end = free.end;
            }
            return Beyond::Extended(free.end);
        }
        let waiting = |lease: &Lease| lease.start == end && lease.position == end && lease.end > end;
        if self.leases.values().any(waiting) { Beyond::Unsure } else { Beyond::Taken }
    }

    /// A connection has ended; what it did not fetch is free again.
    pub fn release(&mut self, id: LeaseId) {
        if let Some(lease) = self.leases.remove(&id) {
            self.free.insert(lease.missing());
            self.pace = lease.pace();
            self.best = [self.best, self.pace].into_iter().flatten().reduce(f64::max);
        }
    }

    /// The stream of a lease ended where the file ends. True if that agrees with all that is known; then the length
    /// is known from now on.
    pub fn end_at(&mut self, id: LeaseId) -> bool {
        let Some(lease) = self.leases.get(&id) else { return false };
        let length = lease.position;
        let last = self.done.ranges().last().map_or(0, |range| range.end);
        let beyond = |lease: &Lease| lease.writing > length;
        if self.length.is_some_and(|known| known != length) || last > length || self.leases.values().any(beyond) {
            return false;
        }
        self.length = Some(length);
        self.leases.remove(&id);
        // What others were given beyond the end is not there to be had.
        for lease in self.leases.values_mut() {
            (lease.start, lease.position) = (lease.start.min(length), lease.position.min(length));
            lease.end = lease.end.min(length);
        }
        self.free.remove(ByteRange::new(length, u64::MAX));
        true
    }

    /// These bytes turned out not to be on disk after all.
    pub fn lose(&mut self, range: ByteRange) {
        let lost: Vec<ByteRange> = self.done.ranges().iter().map(|held| held.intersect(range)).collect();
        for piece in lost.into_iter().filter(|piece| !piece.is_empty()) {
            self.done.remove(piece);
            self.done_total -= piece.len();
            self.free.insert(piece);
        }
    }

    /// True if the gaps together are worth another connection: so many that asking for one after the other would take
    /// long, and so much that each connection would have its part.
    fn is_worth_another(&self) -> bool {
        let leased: u64 = self.leases.values().map(|lease| lease.missing().len()).sum();
        let each = self.free.total().saturating_add(leased) / (self.leases.len() as u64 + 1);
        let many = self.free.ranges().len() >= 2 * (self.leases.len() + 1);
        many && self.free.total() >= MIN_PART && each >= MIN_PART
    }

    fn take_free(&mut self, least: u64, connections: u16) -> Option<ByteRange> {
        let range = *self.free.ranges().iter().rev().max_by_key(|range| range.len().min(MIN_PART * 64))?;
        if range.len() < least {
            return None;
        }
        let still_to_open = (usize::from(connections).saturating_sub(self.leases.len())).max(1);
        // Nor more than a fair share of all that is missing; without an end nobody knows what that is.
        let fair = self.missing().map_or(u64::MAX, |missing| share(missing, connections));
        let share = share(self.free.total(), still_to_open as u16).min(fair);
        let cut = if range.len() - share.min(range.len()) < MIN_PART { range.len() } else { share };
        let taken = ByteRange::new(range.start, range.start + cut);
        self.free.remove(taken);
        Some(taken)
    }
}

/// One connection's fair share of so many bytes, at least `MIN_PART`.
fn share(bytes: u64, connections: u16) -> u64 {
    bytes.div_ceil(u64::from(connections.max(1))).max(MIN_PART)
}
