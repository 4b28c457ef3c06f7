//! Where a transfer's connections and its plan meet: which part is sent by whom, which the store has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::payload::Sent;
use super::sender::Doubt;
use crate::api::{Connection, ConnectionState};
use crate::model::{ByteRange, Checksum, Moment, RangeSet, Rate};
use crate::plan::{Gauge, Meter, Parts};
use crate::protocol::StoredPart;
use crate::store::SentPart;

/// The speed is a mean over about so long.
pub(super) const MEMORY: Duration = Duration::from_secs(4);

/// A part on its way.
#[derive(Debug)]
struct Flight {
    part: u32,
    range: ByteRange,
    sent: Arc<Sent>,
    /// What was counted of it already.
    counted: u64,
    meter: Meter,
}

/// The parts of an upload, and those that are on their way.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) parts: Parts,
    /// What the store has, by number, and what was sent for it.
    taken: BTreeMap<u32, (StoredPart, Checksum)>,
    flights: BTreeMap<u32, Flight>,
    /// The parts that may have arrived, by number.
    doubts: BTreeMap<u32, Doubt>,
    gauge: Gauge,
    /// Bytes that went out in all, those of parts that were not taken among them.
    sent: u64,
}

impl Desk {
    pub(super) fn new(parts: Parts) -> Self {
        let (taken, flights, doubts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { parts, taken, flights, doubts, gauge: Gauge::new(MEMORY), sent: 0 }
    }

    /// The next part for a connection, and where it counts what it sends.
    pub(super) fn lease(&mut self, number: u32, now: Moment) -> Option<(u32, ByteRange, Arc<Sent>)> {
        let part = self.parts.lease()?;
        let range = self.parts.range(part);
        let sent = Arc::new(Sent::doubted(self.doubts.remove(&part)));
        let flight = Flight { part, range, sent: sent.clone(), counted: 0, meter: Meter::new(MEMORY, now) };
        self.flights.insert(number, flight);
        Some((part, range, sent))
    }

    /// A connection is done with its part, for better or worse.
    pub(super) fn landed(&mut self, number: u32, now: Moment) {
        self.measure(now);
        if let Some(flight) = self.flights.remove(&number) {
            self.parts.release(flight.part);
            self.doubts.extend(flight.sent.take_doubt().map(|doubt| (flight.part, doubt)));
        }
    }

    /// The store has this part.
    pub(super) fn stored(&mut self, part: StoredPart, sum: Checksum) {
        self.parts.stored(part.number);
        self.taken.insert(part.number, (part, sum));
    }

    /// Everything that the store has, for Complete: in the order of the numbers.
    pub(super) fn taken(&self) -> Vec<StoredPart> {
        self.taken.values().map(|(part, _)| part.clone()).collect()
    }

    /// What all parts hash to, with their bytes, in their order.
    pub(super) fn sums(&self) -> Vec<(Checksum, u64)> {
        self.taken.values().map(|(part, sum)| (sum.clone(), self.parts.range(part.number).len())).collect()
    }

    /// What stands in the checkpoint.
    pub(super) fn sent_parts(&self) -> Vec<SentPart> {
        let sent = |(part, sum): &(StoredPart, Checksum)| SentPart {
            number: part.number,
            etag: part.etag.clone(),
            sum: sum.clone(),
        };
        self.taken.values().map(sent).collect()
    }

    /// The parts that are on their way.
    pub(super) fn under_way(&self) -> Vec<u32> {
        self.flights.values().map(|flight| flight.part).collect()
    }

    /// How many parts the store has.
    pub(super) fn count(&self) -> usize {
        self.taken.len()
    }

    /// Takes note of what went out since the last look.
    pub(super) fn measure(&mut self, now: Moment) {
        for flight in self.flights.values_mut() {
            let sent = flight.sent.bytes();
            // One that begins anew has sent nothing yet.
            let fresh = sent.saturating_sub(flight.counted);
            flight.counted = sent;
            flight.meter.add(fresh, now);
            self.gauge.add(fresh, now);
            self.sent += fresh;
        }
    }

    /// Bytes that went out so far, connections that send, and bytes still to go.
    pub(super) fn outlook(&self, length: u64) -> (u64, u16, u64) {
        let missing = length.saturating_sub(self.parts.done().total() + self.in_flight());
        (self.sent, self.flights.len() as u16, missing)
    }

    /// Bytes of this moment's parts that went out already.
    fn in_flight(&self) -> u64 {
        self.flights.values().map(|flight| flight.sent.bytes().min(flight.range.len())).sum()
    }

    pub(super) fn done(&self) -> RangeSet {
        self.parts.done().clone()
    }

    pub(super) fn speed(&self, now: Moment) -> Rate {
        self.gauge.rate(now)
    }

    /// How long the rest of `length` bytes takes at this speed.
    pub(super) fn eta(&self, length: u64, now: Moment) -> Option<Duration> {
        let missing = length.saturating_sub(self.parts.done().total() + self.in_flight());
        self.gauge.eta(missing, now)
    }

    /// The connections, for the screen.
    pub(super) fn connections(&self, now: Moment) -> Vec<Connection> {
        let connection = |(number, flight): (&u32, &Flight)| {
            let sent = flight.sent.bytes();
            let state = if sent == 0 { ConnectionState::Connecting } else { ConnectionState::Sending };
            let position = (flight.range.start + sent).min(flight.range.end);
            let speed = flight.meter.rate(now);
            Connection::new(*number, flight.range, position, speed, state)
        };
        self.flights.iter().map(connection).collect()
    }
}
