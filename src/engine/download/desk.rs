//! Where the workers of one download meet its plan: what to fetch, what was written.
//!
//! One lock, taken once or twice for each write of some hundred KiB and never across an await, keeps plan, ledger and
//! checkpoint log in step: a byte is done in all three or in none.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::super::clock::Clock;
use super::brought::Brought;
use super::comparison::Comparison;
use super::durability::Durability;
use super::parts::Parts;
use super::pieces::Pieces;
use tokio::sync::Notify;

use crate::api::ConnectionState;
use crate::model::{Algorithm, Announced, ByteRange, Fault, Lock, RangeSet};
use crate::plan::{Beyond, Gauge, LeaseId, Opener, Pace, Plan};
use crate::store::{CheckpointLog, Fragment, Ledger, PartFile};

/// What the transfer's shown speed remembers.
const MEMORY: Duration = Duration::from_secs(3);
/// As many digests are kept; what is announced beyond is not looked at.
const MOST_ANNOUNCED: usize = 1 << 16;

/// The desk of one download.
pub(super) struct Desk {
    pub(super) part: Arc<PartFile>,
    pub(super) clock: Clock,
    pub(super) block: u64,
    state: Lock<State>,
    /// Woken when a worker was answered, or is done with a lease.
    changed: Notify,
    /// Woken when much was written since the system was last told to write it to the disk.
    pub(super) much_written: Notify,
}

/// What the lock guards.
pub(super) struct State {
    pub(super) plan: Plan,
    pub(super) ledger: Ledger,
    pub(super) log: CheckpointLog,
    /// What was announced of the file's bytes, by this run's answers or an earlier one's.
    pub(super) announced: Vec<Announced>,
    /// Of which bytes, and in which algorithm, something was announced.
    pub(super) vouched: BTreeSet<(Option<ByteRange>, Algorithm)>,
    /// Which bytes came from which place, in this run; empty where there is only one.
    pub(super) brought: BTreeMap<usize, Brought>,
    width: Width,
    /// Set while bytes that are on disk come once more.
    pub(super) comparison: Option<Comparison>,
    /// While bytes that are on disk pass by: the next byte of their stream.
    pub(super) passing: Option<u64>,
    pub(super) gauge: Gauge,
    pace: Pace,
    fetched: u64,
    pub(super) seats: BTreeMap<u32, Seat>,
    /// What was read back in this run and is what was written.
    pub(super) checked: Arc<RangeSet>,
    pub(super) durability: Durability,
    /// What was claimed to be on disk and turned out not to be.
    pub(super) lost: RangeSet,
    /// What the requests brought.
    pub(super) parts: Parts,
}

/// How many connections there are to be, and how many there may be soon.
#[derive(Clone, Copy)]
pub(super) struct Width {
    pub(super) now: u16,
    pub(super) soon: u16,
}

/// A worker's turn to write.
pub(super) struct Turn {
    /// As many of its bytes may be written.
    pub(super) allowed: u64,
    /// The sum of the bytes before them, for `Desk::wrote`.
    pub(super) before: Option<Fragment>,
    /// True if they are to be compared with what is on disk.
    pub(super) compares: bool,
    /// True if the write may take long.
    pub(super) blocks: bool,
}

/// A worker's place: which lease it works on, and what it does.
pub(super) struct Seat {
    pub(super) lease: Option<LeaseId>,
    pub(super) state: ConnectionState,
    pub(super) host: Option<Arc<str>>,
    pub(super) address: Option<IpAddr>,
}

impl Seat {
    /// One that asks for its first bytes.
    fn new(lease: LeaseId) -> Self {
        Self { lease: Some(lease), state: ConnectionState::Connecting, host: None, address: None }
    }
}

impl Desk {
    pub(super) fn new(part: PartFile, plan: Plan, ledger: Ledger, log: CheckpointLog, clock: Clock) -> Self {
        let block = ledger.block();
        let (announced, vouched, seats) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        let state = State {
            plan,
            ledger,
            log,
            announced,
            vouched,
            brought: BTreeMap::new(),
            width: Width { now: 1, soon: 1 },
            comparison: None,
            passing: None,
            gauge: Gauge::new(MEMORY),
            pace: Pace::default(),
            fetched: 0,
            seats,
            checked: Arc::default(),
            durability: Durability::default(),
            lost: RangeSet::new(),
            parts: Parts::default(),
        };
        Self {
            part: Arc::new(part),
            clock,
            block,
            state: Lock::new(state),
            changed: Notify::new(),
            much_written: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Gives a worker something to do; `None` if there is nothing worth it.
    pub(super) fn lease(&self, worker: u32, opener: Opener, held_back: bool) -> Option<LeaseId> {
        let now = self.clock.now();
        let mut state = self.lock();
        // Where nobody else works there is nobody to leave it to.
        let is_alone = state.seats.keys().all(|seat| *seat == worker);
        state.plan.hold_back(held_back && !is_alone);
        let width = state.width;
        // There are to be fewer than there are: who is done goes.
        if opener == Opener::Idle && state.seats.len() > usize::from(width.now) {
            return None;
        }
        let shares = if opener == Opener::New { width.soon } else { width.now };
        let lease = state.plan.lease(opener, shares, now)?;
        state.seats.insert(worker, Seat::new(lease));
        Some(lease)
    }

    /// The bytes that a lease has still to fetch.
    pub(super) fn missing(&self, lease: LeaseId) -> ByteRange {
        let state = self.lock();
        state.plan.get(lease).map_or(ByteRange::new(0, 0), |lease| ByteRange::new(lease.position, lease.end))
    }

    /// True if a lease ends where the file ends, so that its request may be left open.
    pub(super) fn is_to_the_end(&self, lease: LeaseId) -> bool {
        let state = self.lock();
        state.plan.get(lease).is_some_and(|held| state.plan.length().is_none_or(|length| held.end == length))
    }

    /// A worker's answer came.
    pub(super) fn receiving(&self, worker: u32, host: Option<&Arc<str>>, address: Option<IpAddr>) {
        if let Some(seat) = self.lock().seats.get_mut(&worker) {
            (seat.state, seat.host, seat.address) = (ConnectionState::Receiving, host.cloned(), address);
        }
        self.changed.notify_waiters();
    }

    /// The file's length is known now; false if that can't be.
    pub(super) fn learn(&self, length: u64) -> bool {
        let mut state = self.lock();
        let shares = state.width.soon;
        state.plan.learn(length, shares)
    }

    /// There are to be so many connections from now on.
    pub(super) fn widen(&self, width: Width) {
        self.lock().width = width;
    }

    /// How many connections there are to be.
    pub(super) fn width(&self) -> u16 {
        self.lock().width.now
    }

    /// Asks how many of the next bytes of a lease, which begin at `position`, may be written now.
    pub(super) fn begin_write(&self, lease: LeaseId, position: u64, bytes: u64) -> Turn {
        let now = self.clock.now();
        let mut state = self.lock();
        state.plan.hear(lease, now);
        state.passing = None;
        let (allowed, before) = (state.plan.begin_write(lease, bytes), state.ledger.ending_at(position));
        Turn { allowed, before, compares: state.comparison.is_some(), blocks: state.pace.is_slow() }
    }

    /// These bytes, as allowed by `begin_write`, are in the part file; to write them took so long, and they came from this
    /// place where there are several. Tells where the lease ends now.
    pub(super) fn wrote(
        &self,
        lease: LeaseId,
        position: u64,
        bytes: Pieces<'_>,
        before: Option<Fragment>,
        took: Duration,
        place: Option<usize>,
    ) -> u64 {
        let mut sums = Ledger::sum_both(self.block, position, bytes.0, before);
        let now = self.clock.now();
        let mut state = self.lock();
        if state.ledger.ending_at(position) != before {
            // A neighbour's bytes were joined to those before ours meanwhile, so that our sum has another beginning.
            sums = Ledger::sum_both(self.block, position, bytes.0, state.ledger.ending_at(position));
        }
        let length = bytes.len() as u64;
        state.plan.advance(lease, length, now);
        state.gauge.add(length, now);
        state.pace.took(took);
        state.fetched += length;
        if state.durability.wrote(ByteRange::new(position, position + length)) {
            self.much_written.notify_one();
        }
        if !place.is_some_and(|place| state.is_barred(place)) {
            // What is not believed must not be claimed after a kill either.
            state.log.wrote(&sums);
        }
        for fragment in sums {
            state.ledger.record(fragment);
        }
        if let Some(place) = place {
            state.came_from(place, ByteRange::new(position, position + length));
        }
        debug_assert_eq!(state.ledger.done().total(), state.plan.done_total(), "the ledger covers what the plan has");
        state.plan.get(lease).map_or(0, |lease| lease.end)
    }

    /// Takes note of what an answer announces. The first word on the same bytes stays.
    pub(super) fn vouch(&self, digests: &[Announced]) {
        let mut state = self.lock();
        for digest in digests {
            let of = (digest.range, digest.checksum.algorithm);
            if state.announced.len() < MOST_ANNOUNCED && state.vouched.insert(of) {
                state.announced.push(digest.clone());
            }
        }
    }

    /// The blocks whose bytes on disk are not those that were written. May block.
    pub(super) fn damaged_on_disk(&self, go_on: impl Fn() -> bool) -> Result<RangeSet, Fault> {
        let claims: Vec<Fragment> = self.lock().ledger.fragments().collect();
        let (mut damaged, mut buffer) = (RangeSet::new(), Vec::new());
        for claim in claims.into_iter().take_while(|_| go_on()) {
            if !self.part.holds(claim, &mut buffer)? {
                damaged.insert(claim.range());
            }
        }
        Ok(damaged)
    }

    /// A lease has no bytes because of a limit of ours.
    pub(super) fn excuse(&self, lease: LeaseId) {
        let now = self.clock.now();
        self.lock().plan.excuse(lease, now);
    }

    /// A lease's stream ended where the file ends; false if that can't be.
    pub(super) fn end_at(&self, lease: LeaseId) -> bool {
        self.lock().plan.end_at(lease)
    }

    /// A lease's stream goes on beyond its end: takes what is free there. While another connection has asked for it
    /// and not been answered, that answer is waited for: should it be a refusal, this stream is the only way.
    pub(super) async fn extend(&self, lease: LeaseId) -> Option<u64> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let beyond = {
                let mut state = self.lock();
                match state.plan.extend(lease) {
                    Beyond::Unsure if !state.is_asked_for(lease) => Beyond::Taken,
                    other => other,
                }
            };
            match beyond {
                Beyond::Extended(end) => return Some(end),
                Beyond::Taken => return None,
                Beyond::Unsure => changed.await,
            }
        }
    }

    /// A worker is done with its lease; what it did not fetch is free again.
    pub(super) fn release(&self, worker: u32, lease: LeaseId) {
        let mut state = self.lock();
        state.plan.release(lease);
        if let Some(seat) = state.seats.get_mut(&worker) {
            seat.lease = None;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A worker is gone.
    pub(super) fn leave(&self, worker: u32) {
        let mut state = self.lock();
        if let Some(lease) = state.seats.remove(&worker).and_then(|seat| seat.lease) {
            state.plan.release(lease);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Bytes that were read back, and are what was written.
    pub(super) fn confirm(&self, fragment: Fragment) {
        let mut state = self.lock();
        if state.plan.done().contains(fragment.range()) {
            Arc::make_mut(&mut state.checked).insert(fragment.range());
        }
    }

    /// Bytes that turned out not to be on disk.
    pub(super) fn lose(&self, fragment: Fragment) {
        let mut state = self.lock();
        state.lost.insert(fragment.range());
        state.lose(fragment.range());
    }

    /// The workers whose leases should lose their rest, and whether they were answered.
    pub(super) fn laggards(&self) -> Vec<(u32, bool)> {
        let now = self.clock.now();
        let state = self.lock();
        let slow = state.plan.laggards(now);
        let holds = |seat: &Seat| seat.lease.is_some_and(|lease| slow.contains(&lease));
        let answered = |seat: &Seat| seat.state != ConnectionState::Connecting;
        state.seats.iter().filter(|(_, seat)| holds(seat)).map(|(worker, seat)| (*worker, answered(seat))).collect()
    }

    /// The workers that receive now, and the bytes a second that each of them has.
    pub(super) fn receiving_now(&self) -> Vec<(u32, u64)> {
        let now = self.clock.now();
        let state = self.lock();
        let receiving = state.seats.iter().filter(|(_, seat)| seat.state == ConnectionState::Receiving);
        let speed = |seat: &Seat| state.plan.get(seat.lease?).map(|lease| lease.meter.rate(now).bytes());
        receiving.map(|(worker, seat)| (*worker, speed(seat).unwrap_or(0))).collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.lock().plan.is_complete()
    }

    /// Bytes that are on disk.
    pub(super) fn done_total(&self) -> u64 {
        self.lock().plan.done_total()
    }

    /// Bytes that are not on disk yet; 0 where the length is not known.
    pub(super) fn missing_total(&self) -> u64 {
        self.lock().plan.missing().unwrap_or(0)
    }

    /// Bytes that came over the network.
    pub(super) fn fetched(&self) -> u64 {
        self.lock().fetched
    }

    /// The first bytes that nobody fetches yet.
    pub(super) fn first_free(&self) -> Option<ByteRange> {
        self.lock().plan.free().ranges().first().copied()
    }
}

impl State {
    /// These bytes are to be fetched again; and, where a sum covers others with them, those too.
    pub(super) fn lose(&mut self, range: ByteRange) {
        for lost in self.ledger.forget(range) {
            self.plan.lose(lost);
            Arc::make_mut(&mut self.checked).remove(lost);
        }
    }

    /// True if a worker that has not been answered holds the lease that begins where this one ends.
    fn is_asked_for(&self, lease: LeaseId) -> bool {
        let Some(end) = self.plan.get(lease).map(|held| held.end) else { return false };
        let asked = self.seats.values().filter(|seat| seat.state == ConnectionState::Connecting);
        asked.filter_map(|seat| self.plan.get(seat.lease?)).any(|next| next.start == end)
    }
}
