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
    slots: usize,
}

impl Queue {
    /// An empty queue that lets so many run at once.
    pub fn new(slots: usize) -> Self {
        Self { waiting: BTreeSet::new(), ranks: HashMap::new(), running: HashSet::new(), slots: slots.max(1) }
    }

    /// This one waits, at this place: a lower rank runs earlier; two of the same rank both keep their places. One that
    /// runs already is left alone.
    pub fn wait(&mut self, id: TransferId, rank: i64) {
        if !self.running.contains(&id) {
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

    /// How many run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
