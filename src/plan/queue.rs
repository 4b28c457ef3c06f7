//! Who runs next: first come, first served, within a number of slots.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::TransferId;

/// The transfers that wait for their turn, and how many may run at once. Each step costs the logarithm of the
/// queue's length.
#[derive(Clone, Debug)]
pub struct Queue {
    waiting: BTreeSet<(i64, TransferId)>,
    ranks: HashMap<TransferId, i64>,
    running: HashSet<TransferId>,
    /// Those that run and need no slot any more: all has come, and is being made durable.
    ending: HashSet<TransferId>,
    slots: usize,
    endings: usize,
}

impl Queue {
    /// An empty queue that lets so many run at once, and so many more end.
    pub fn new(slots: usize, endings: usize) -> Self {
        Self {
            waiting: BTreeSet::new(),
            ranks: HashMap::new(),
            running: HashSet::new(),
            ending: HashSet::new(),
            slots: slots.max(1),
            endings,
        }
    }

    /// This one waits, at this place: a lower rank runs earlier; two of the same rank both keep their places. One that
    /// runs already is left alone.
    pub fn wait(&mut self, id: TransferId, rank: i64) {
        if !self.running.contains(&id) && !self.ending.contains(&id) {
            self.leave(id);
            self.waiting.insert((rank, id));
            self.ranks.insert(id, rank);
        }
    }

    /// This one neither waits nor runs any more.
    pub fn leave(&mut self, id: TransferId) {
        if let Some(rank) = self.ranks.remove(&id) {
            self.waiting.remove(&(rank, id));
        }
        self.running.remove(&id);
        self.ending.remove(&id);
    }

    /// This one only has its end to come: another may run beside it, if not too many end already.
    pub fn end(&mut self, id: TransferId) {
        if self.ending.len() < self.endings && self.running.remove(&id) {
            self.ending.insert(id);
        }
    }

    /// The next to run, if a slot is free; it counts as running from now on.
    pub fn admit(&mut self) -> Option<TransferId> {
        if self.running.len() >= self.slots {
            return None;
        }
        let (_, id) = self.waiting.pop_first()?;
        self.ranks.remove(&id);
        self.running.insert(id);
        Some(id)
    }

    /// How many run, those that end among them.
    pub fn running(&self) -> usize {
        self.running.len() + self.ending.len()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
