//! Who is to start at a time of day: kept until then outside of the queue.

use std::collections::{BTreeSet, HashMap};

use crate::model::{TransferId, UnixTime};

/// Transfers with the time at which each is to start.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    times: BTreeSet<(UnixTime, TransferId)>,
    of: HashMap<TransferId, UnixTime>,
}

impl Schedule {
    /// This one is to start then, and at no other time.
    pub fn set(&mut self, id: TransferId, at: UnixTime) {
        self.cancel(id);
        self.times.insert((at, id));
        self.of.insert(id, at);
    }

    /// This one is not to start at a time any more.
    pub fn cancel(&mut self, id: TransferId) {
        if let Some(at) = self.of.remove(&id) {
            self.times.remove(&(at, id));
        }
    }

    /// Those whose time has come, the earliest first; they are not in the schedule any more.
    pub fn due(&mut self, now: UnixTime) -> Vec<TransferId> {
        let mut due = Vec::new();
        while let Some((at, id)) = self.times.first().copied().filter(|(at, _)| *at <= now) {
            self.times.remove(&(at, id));
            self.of.remove(&id);
            due.push(id);
        }
        due
    }

    /// When the next one is to start.
    pub fn next(&self) -> Option<UnixTime> {
        self.times.first().map(|(at, _)| *at)
    }
}
