//! Who runs next: by priority, and then first come, first served, within a number of slots.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{Priority, TransferId};

/// Where one stands that waits: the highest priority first, and of those the lowest rank. One number, since a queue may be
/// long; its highest bits are the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64);

impl Place {
    const RANK_BITS: u32 = 62;

    fn new(priority: Priority, rank: i64) -> Self {
        const MIDDLE: i64 = 1 << (Place::RANK_BITS - 1);
        let after = match priority {
            Priority::High => 0,
            Priority::Normal => 1,
            Priority::Low => 2,
        };
        // Only a file that somebody has written by hand has ranks beyond.
        let rank = rank.clamp(-MIDDLE, MIDDLE - 1) + MIDDLE;
        Self((after << Self::RANK_BITS) | rank.cast_unsigned())
    }
}

/// The transfers that wait for their turn, and how many may run at once. Each step costs the logarithm of the
/// queue's length.
#[derive(Clone, Debug)]
pub struct Queue {
    waiting: BTreeSet<(Place, TransferId)>,
    places: HashMap<TransferId, Place>,
    running: HashSet<TransferId>,
    /// Those that run and need no slot any more: all has come, and is being made durable.
    ending: HashSet<TransferId>,
    slots: usize,
    /// Slots beyond those while transfers are brief: so many there are now, and so many there may be.
    extra: usize,
    most_extra: usize,
    /// The same where they share their connections.
    most_sharing: usize,
    endings: usize,
    /// True while nobody is to start.
    shut: bool,
    /// Those that start all the same.
    exempt: HashSet<TransferId>,
}

impl Queue {
    /// An empty queue that lets so many run at once, and so many more end.
    pub fn new(slots: usize, endings: usize) -> Self {
        Self {
            waiting: BTreeSet::new(),
            places: HashMap::new(),
            running: HashSet::new(),
            ending: HashSet::new(),
            slots: slots.max(1),
            extra: 0,
            most_extra: 0,
            most_sharing: 0,
            endings,
            shut: false,
            exempt: HashSet::new(),
        }
    }

    /// The same, and up to so many at once while they are brief; `sharing` where they share their connections.
    pub fn up_to(mut self, most: usize, sharing: usize) -> Self {
        self.most_extra = most.saturating_sub(self.slots);
        self.most_sharing = sharing.saturating_sub(self.slots);
        self
    }

    /// This one waits, at this place: a higher priority runs earlier, and of the same priority a lower rank; two of the same
    /// rank both keep their places. One that runs already is left alone.
    pub fn wait(&mut self, id: TransferId, priority: Priority, rank: i64) {
        if !self.running.contains(&id) && !self.ending.contains(&id) {
            self.take_out(id);
            let place = Place::new(priority, rank);
            self.waiting.insert((place, id));
            self.places.insert(id, place);
        }
    }

    /// While it is shut nobody starts but those that are exempt; what runs is not touched.
    pub fn shut(&mut self, shut: bool) {
        self.shut = shut;
    }

    /// This one starts though the queue is shut, from now on until it leaves.
    pub fn exempt(&mut self, id: TransferId) {
        self.exempt.insert(id);
    }

    /// True if it starts though the queue is shut.
    pub fn is_exempt(&self, id: TransferId) -> bool {
        self.exempt.contains(&id)
    }

    /// This one neither waits nor runs any more.
    pub fn leave(&mut self, id: TransferId) {
        self.take_out(id);
        self.exempt.remove(&id);
        self.running.remove(&id);
        self.ending.remove(&id);
    }

    fn take_out(&mut self, id: TransferId) {
        if let Some(place) = self.places.remove(&id) {
            self.waiting.remove(&(place, id));
        }
    }

    /// This one only has its end to come: another may run beside it, if not too many end already.
    pub fn end(&mut self, id: TransferId) {
        if self.ending.len() < self.endings && self.running.remove(&id) {
            self.ending.insert(id);
        }
    }

    /// One was brief: most of its time it waited for an answer. So does the next, and one more may wait beside it. `shared`:
    /// it had no connection of its own.
    pub fn was_brief(&mut self, shared: bool) {
        let most = if shared { self.most_sharing } else { self.most_extra };
        self.extra = most.min(self.extra + 1);
    }

    /// True while those are brief that run.
    pub fn is_brief(&self) -> bool {
        self.extra > 0
    }

    /// One is not brief: who runs beside it would only share its line. What runs is not touched.
    pub fn is_long(&mut self) {
        self.extra = 0;
    }

    /// The next to run, if a slot is free; it counts as running from now on.
    pub fn admit(&mut self) -> Option<TransferId> {
        if self.running.len() >= self.slots + self.extra {
            return None;
        }
        let id = if self.shut {
            self.exempt.iter().filter_map(|id| Some((self.places.get(id)?, *id))).min()?.1
        } else {
            self.waiting.first()?.1
        };
        self.take_out(id);
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
