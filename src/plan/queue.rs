//! Who runs next: by priority, and then first come, first served, within a number of slots.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{Priority, TransferId};

/// Where one stands that waits: the highest priority first, of those who has run before, and then the lowest rank. One
/// number, since a queue may be long; its highest bits are the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64);

impl Place {
    const RANK_BITS: u32 = 61;

    fn new(priority: Priority, is_new: bool, rank: i64) -> Self {
        const MIDDLE: i64 = 1 << (Place::RANK_BITS - 1);
        let after: u64 = match priority {
            Priority::High => 0,
            Priority::Normal => 1,
            Priority::Low => 2,
        };
        // Only a file that somebody has written by hand has ranks beyond.
        let rank = rank.clamp(-MIDDLE, MIDDLE - 1) + MIDDLE;
        Self((((after << 1) | u64::from(is_new)) << Self::RANK_BITS) | rank.cast_unsigned())
    }
}

/// One that rests has its part file open, and its checkpoint; one that ends only its file.
pub const FILES_RESTING: usize = 2;

/// One that has rested and waits for a slot again. The lowest number came first.
#[derive(Clone, Copy, Debug)]
struct Woken {
    place: Place,
    number: i64,
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
    /// Those that run and only wait for a time, without a connection: they need no slot before that.
    resting: HashSet<TransferId>,
    /// Those whose time has come, and who wait for a slot again.
    woken: HashMap<TransferId, Woken>,
    woken_last: i64,
    slots: usize,
    /// Slots beyond those while transfers are brief: so many there are now, and so many there may be.
    extra: usize,
    most_extra: usize,
    /// The same where they share their connections.
    most_sharing: usize,
    endings: usize,
    rests: usize,
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
            resting: HashSet::new(),
            woken: HashMap::new(),
            woken_last: 0,
            slots: slots.max(1),
            extra: 0,
            most_extra: 0,
            most_sharing: 0,
            endings,
            rests: 0,
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

    /// The same, and so many may rest: fewer, while others end.
    pub fn with_rests(self, rests: usize) -> Self {
        Self { rests, ..self }
    }

    /// This one waits, at this place: a higher priority runs earlier, and of the same priority a lower rank; two of the same
    /// rank both keep their places. One that runs already is left alone.
    pub fn wait(&mut self, id: TransferId, priority: Priority, rank: i64) {
        let rests = self.resting.contains(&id) || self.woken.contains_key(&id);
        if !self.has_slot(id) && !rests {
            self.take_out(id);
            let place = Place::new(priority, true, rank);
            self.waiting.insert((place, id));
            self.places.insert(id, place);
        }
    }

    /// While it is shut nobody starts but those that are exempt; what runs is not touched.
    pub fn shut(&mut self, shut: bool) {
        self.shut = shut;
    }

    /// This one starts though the queue is shut, from now on until it is forgotten.
    pub fn exempt(&mut self, id: TransferId) {
        self.exempt.insert(id);
    }

    /// True if it starts though the queue is shut.
    pub fn is_exempt(&self, id: TransferId) -> bool {
        self.exempt.contains(&id)
    }

    /// Nothing is known of this one any more: if it comes back, it starts like all others.
    pub fn forget(&mut self, id: TransferId) {
        self.leave(id);
        self.exempt.remove(&id);
    }

    /// This one neither waits nor runs any more. It may come back soon, and starts then as it would have now.
    pub fn leave(&mut self, id: TransferId) {
        self.take_out(id);
        self.running.remove(&id);
        self.ending.remove(&id);
        self.resting.remove(&id);
        self.woken.remove(&id);
    }

    fn take_out(&mut self, id: TransferId) {
        if let Some(place) = self.places.remove(&id) {
            self.waiting.remove(&(place, id));
        }
    }

    /// This one only has its end to come: another may run beside it, if not too many end already.
    pub fn end(&mut self, id: TransferId) {
        if self.files_beside() < self.endings && self.running.remove(&id) {
            self.ending.insert(id);
        }
    }

    /// This one only waits for a time, and has no connection: another may run in its place. One too many keeps its slot.
    pub fn rest(&mut self, id: TransferId) {
        let others = self.files_beside() - usize::from(self.ending.contains(&id));
        if others + FILES_RESTING <= FILES_RESTING * self.rests && (self.running.remove(&id) || self.ending.remove(&id))
        {
            self.resting.insert(id);
        }
    }

    /// The time of one that rests has come: it waits for a slot, before all of its priority that have not run yet and behind
    /// those that woke before it. Of no effect on others.
    pub fn wake(&mut self, id: TransferId, priority: Priority) {
        if self.resting.remove(&id) {
            self.woken_last += 1;
            self.stand(id, priority, self.woken_last);
        }
    }

    /// The same for one that somebody is in a hurry for, and that may have woken: it goes before the others.
    pub fn hasten(&mut self, id: TransferId, priority: Priority) {
        if self.resting.remove(&id) || self.woken.contains_key(&id) {
            let first = self.woken.values().map(|woken| woken.number).min().unwrap_or(self.woken_last);
            self.stand(id, priority, first - 1);
        }
    }

    /// One that has woken has this priority from now on.
    pub fn prioritize(&mut self, id: TransferId, priority: Priority) {
        if let Some(number) = self.woken.get(&id).map(|woken| woken.number) {
            self.stand(id, priority, number);
        }
    }

    fn stand(&mut self, id: TransferId, priority: Priority, number: i64) {
        let place = Place::new(priority, false, number);
        self.woken.insert(id, Woken { place, number });
    }

    /// True if it runs, and does not rest.
    pub fn has_slot(&self, id: TransferId) -> bool {
        self.running.contains(&id) || self.ending.contains(&id)
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

    /// The next to run, or to go on that has rested, if a slot is free; it counts as running from now on.
    pub fn admit(&mut self) -> Option<TransferId> {
        if self.running.len() >= self.slots + self.extra {
            return None;
        }
        let new = if self.shut {
            self.exempt.iter().filter_map(|id| Some((*self.places.get(id)?, *id))).min()
        } else {
            self.waiting.first().copied()
        };
        // There are few of these, and most of the time none.
        let woken = self.woken.iter().map(|(id, woken)| (woken.place, *id)).min();
        let id = new.into_iter().chain(woken).min()?.1;
        self.take_out(id);
        self.woken.remove(&id);
        self.running.insert(id);
        Some(id)
    }

    /// How many files those have open that run beside the slots.
    fn files_beside(&self) -> usize {
        self.ending.len() + FILES_RESTING * (self.resting.len() + self.woken.len())
    }

    /// How many run, those that end or rest among them.
    pub fn running(&self) -> usize {
        self.running.len() + self.ending.len() + self.resting.len() + self.woken.len()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
