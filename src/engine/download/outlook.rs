//! What the screen shows of a download at one moment.

use std::sync::Arc;
use std::time::Duration;

use super::desk::{Desk, Seat, State};
use crate::api::{Connection, ConnectionState};
use crate::model::{ByteRange, Moment, RangeSet, Rate};
use crate::plan::Plan;

/// What the screen shows of a plan at one moment.
pub(super) struct Outlook {
    pub(super) length: Option<u64>,
    pub(super) done: RangeSet,
    pub(super) checked: Arc<RangeSet>,
    pub(super) speed: Rate,
    pub(super) eta: Option<Duration>,
    pub(super) connections: Vec<Connection>,
    /// What comes is on disk already, and compared with that.
    pub(super) passes: bool,
}

impl Desk {
    /// What the screen shows.
    pub(super) fn outlook(&self) -> Outlook {
        let now = self.clock.now();
        let state = self.lock();
        let plan = &state.plan;
        Outlook {
            length: plan.length(),
            done: plan.done().clone(),
            checked: state.checked.clone(),
            speed: state.gauge.rate(now),
            eta: state.to_come().and_then(|bytes| state.gauge.eta(bytes, now)),
            connections: state.connections(now),
            passes: state.passing.is_some(),
        }
    }
}

impl State {
    /// How many bytes are still to come, those among them that are on disk; `None` if nothing tells.
    fn to_come(&self) -> Option<u64> {
        match self.passing {
            Some(at) => self.plan.length().map(|length| length.saturating_sub(at)),
            None => self.plan.missing(),
        }
    }

    /// The connections for the screen. One that gives far less than its fellows is called slow.
    fn connections(&self, now: Moment) -> Vec<Connection> {
        let seats = self.seats.iter().filter_map(|(number, seat)| seat.show(*number, &self.plan, now));
        let mut connections: Vec<Connection> = seats.collect();
        // One stream from the first byte on: it is seen to move also where nothing of it is written.
        if let (Some(at), [shown]) = (self.passing, &mut connections[..]) {
            (shown.range, shown.position, shown.speed) = (ByteRange::new(0, shown.range.end), at, self.gauge.rate(now));
        }
        let count = connections.len() as u64;
        let mean = connections.iter().map(|shown| shown.speed.bytes()).sum::<u64>() / count.max(1);
        for shown in &mut connections {
            if shown.state == ConnectionState::Receiving && count > 1 && shown.speed.bytes() < mean / 4 {
                shown.state = ConnectionState::Slow;
            }
        }
        connections
    }
}

impl Seat {
    fn show(&self, number: u32, plan: &Plan, now: Moment) -> Option<Connection> {
        let lease = plan.get(self.lease?)?;
        let range = ByteRange::new(lease.start, lease.end);
        let (position, speed, host) = (lease.position, lease.meter.rate(now), self.host.clone());
        let (state, address) = (self.state, self.address);
        Some(Connection { host, address, ..Connection::new(number, range, position, speed, state) })
    }
}
