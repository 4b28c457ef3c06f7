//! Who runs next: by priority, and then first come, first served, within a number of slots.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::backlog::Backlog;
use crate::model::{Priority, TransferId};

/// Where one stands that waits: the highest priority first, of those who has run before, and then the lowest rank. One
/// number, since a queue may be long; its highest bits are the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SortKey(u64);

impl SortKey {
    const RANK_BITS: u32 = 61;

    fn new(priority: Priority, is_new: bool, rank: i64) -> Self {
        const MIDDLE: i64 = 1 << (SortKey::RANK_BITS - 1);
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

/// So many rest that have no file open: each is a task.
const MOST_LIGHT: usize = 1024;
/// So many are looked at in one go who may have to stay behind others of their hosts.
const STEP: usize = 4096;

/// One that rests.
#[derive(Clone, Debug)]
struct Rest {
    has_files: bool,
    /// The host that it waits for, as all others of that host would.
    host: Option<Arc<str>>,
}

/// One that has rested and waits for a slot again. The lowest number came first.
#[derive(Clone, Copy, Debug)]
struct Woken {
    key: SortKey,
    number: i64,
    has_files: bool,
}

/// The transfers that wait for their turn, and how many may run at once. Each step costs the logarithm of the
/// queue's length.
#[derive(Clone, Debug)]
pub struct Queue {
    waiting: BTreeSet<(SortKey, TransferId)>,
    keys: HashMap<TransferId, SortKey>,
    running: HashSet<TransferId>,
    /// Those that run and need no slot any more: all has come, and is being made durable.
    ending: HashSet<TransferId>,
    /// Those that run and only wait for a time, without a connection: they need no slot before that.
    resting: HashMap<TransferId, Rest>,
    /// Those whose time has come, and who wait for a slot again.
    woken: HashMap<TransferId, Woken>,
    woken_last: i64,
    /// Those that stay behind others of their hosts, who rest.
    backlog: Backlog,
    /// True if the next look for who has to stay behind goes on with this one.
    sifts: bool,
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
            keys: HashMap::new(),
            running: HashSet::new(),
            ending: HashSet::new(),
            resting: HashMap::new(),
            woken: HashMap::new(),
            woken_last: 0,
            backlog: Backlog::default(),
            sifts: false,
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

    /// The same, and so many may rest that have files open: fewer, while others end.
    pub fn with_rests(self, rests: usize) -> Self {
        Self { rests, ..self }
    }

    /// This one waits, at this place: a higher priority runs earlier, and of the same priority a lower rank; two of the same
    /// rank both keep their places. One that runs already is left alone.
    pub fn wait(&mut self, id: TransferId, priority: Priority, rank: i64) {
        let rests = self.resting.contains_key(&id) || self.woken.contains_key(&id);
        if !self.has_slot(id) && !rests {
            self.take_out(id);
            let key = SortKey::new(priority, true, rank);
            self.waiting.insert((key, id));
            self.keys.insert(id, key);
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
        self.rise(id);
        self.woken.remove(&id);
    }

    fn take_out(&mut self, id: TransferId) {
        if let Some(key) = self.keys.remove(&id)
            && !self.waiting.remove(&(key, id))
        {
            self.backlog.take_out((key, id));
        }
    }

    /// One does not rest any more, if it did, and those come that may wait for its host in its place.
    fn rise(&mut self, id: TransferId) -> Option<Rest> {
        let rest = self.resting.remove(&id)?;
        if let Some(host) = &rest.host {
            self.waiting.extend(self.backlog.depart(host));
        }
        Some(rest)
    }

    /// This one only has its end to come: another may run beside it, if not too many end already.
    pub fn end(&mut self, id: TransferId) {
        if self.files_beside() < self.endings && self.running.remove(&id) {
            self.ending.insert(id);
        }
    }

    /// This one only waits, and has no connection: another may run in its place. One too many keeps its slot. With the host it
    /// waits for what all others of that host would wait for: where these are enough, others of it don't start.
    pub fn rest(&mut self, id: TransferId, has_files: bool, host: Option<Arc<str>>) {
        let leaves = |queue: &mut Self| {
            queue.running.remove(&id) || queue.ending.remove(&id) || queue.woken.remove(&id).is_some()
        };
        if self.has_room_to_rest(id, has_files) && leaves(self) {
            if let Some(host) = &host {
                self.backlog.arrive(host.clone());
            }
            self.resting.insert(id, Rest { has_files, host });
        }
    }

    fn has_room_to_rest(&self, id: TransferId, has_files: bool) -> bool {
        if !has_files {
            return self.resting.len() + self.woken.len() < MOST_LIGHT;
        }
        let others = self.files_beside() - usize::from(self.ending.contains(&id));
        others + FILES_RESTING <= FILES_RESTING * self.rests
    }

    /// The time of one that rests has come: it waits for a slot, before all of its priority that have not run yet and behind
    /// those that woke before it. Of no effect on others.
    pub fn wake(&mut self, id: TransferId, priority: Priority) {
        if let Some(Rest { has_files, .. }) = self.rise(id) {
            self.woken_last += 1;
            self.stand(id, priority, self.woken_last, has_files);
        }
    }

    /// The same for one that somebody is in a hurry for, and that may have woken: it goes before the others.
    pub fn hasten(&mut self, id: TransferId, priority: Priority) {
        let has_files = self.rise(id).map(|rest| rest.has_files);
        if let Some(has_files) = has_files.or_else(|| Some(self.woken.get(&id)?.has_files)) {
            let first = self.woken.values().map(|woken| woken.number).min().unwrap_or(self.woken_last);
            self.stand(id, priority, first - 1, has_files);
        }
    }

    /// One that has woken has this priority from now on.
    pub fn prioritize(&mut self, id: TransferId, priority: Priority) {
        if let Some(Woken { number, has_files, .. }) = self.woken.get(&id).copied() {
            self.stand(id, priority, number, has_files);
        }
    }

    fn stand(&mut self, id: TransferId, priority: Priority, number: i64, has_files: bool) {
        let key = SortKey::new(priority, false, number);
        self.woken.insert(id, Woken { key, number, has_files });
    }

    /// True if it runs, and does not rest.
    pub fn has_slot(&self, id: TransferId) -> bool {
        self.running.contains(&id) || self.ending.contains(&id)
    }

    /// One was brief: most of its time it waited for an answer. So does the next, and one more may wait beside it. `shared`:
    /// it had no connection of its own.
    pub fn note_brief(&mut self, shared: bool) {
        let most = if shared { self.most_sharing } else { self.most_extra };
        self.extra = most.min(self.extra + 1);
    }

    /// True while those are brief that run.
    pub fn is_brief(&self) -> bool {
        self.extra > 0
    }

    /// One is not brief: who runs beside it would only share its line. What runs is not touched.
    pub fn note_long(&mut self) {
        self.extra = 0;
    }

    /// The next to run, or to go on that has rested, if a slot is free; it counts as running from now on. `host_of` tells what
    /// host one that has not begun asks, if that is one alone.
    pub fn admit(&mut self, host_of: impl Fn(TransferId) -> Option<Arc<str>>) -> Option<TransferId> {
        self.sifts = false;
        if self.running.len() >= self.slots + self.extra {
            return None;
        }
        let new = if self.shut {
            let exempt = self.exempt.iter().filter_map(|id| Some((*self.keys.get(id)?, *id)));
            exempt.filter(|one| self.waiting.contains(one)).min()
        } else {
            self.sift(host_of);
            self.waiting.first().copied().filter(|_| !self.sifts)
        };
        // There are few of these, and most of the time none.
        let woken = self.woken.iter().map(|(id, woken)| (woken.key, *id)).min();
        let id = new.into_iter().chain(woken).min()?.1;
        self.take_out(id);
        self.woken.remove(&id);
        self.running.insert(id);
        Some(id)
    }

    /// Those in front for whose hosts enough others wait stay behind these, unless somebody wants them to start. A long queue is
    /// looked through in steps.
    fn sift(&mut self, host_of: impl Fn(TransferId) -> Option<Arc<str>>) {
        if self.backlog.is_clear() {
            return;
        }
        for _ in 0..STEP {
            let first = self.waiting.first().copied().filter(|(_, id)| !self.exempt.contains(id));
            let host = first.and_then(|(_, id)| host_of(id)).filter(|host| self.backlog.is_enough(host));
            let Some((first, host)) = first.zip(host) else { return };
            self.waiting.remove(&first);
            self.backlog.keep(host, first);
        }
        self.sifts = true;
    }

    /// True if `admit` has more to look through than it did in one go.
    pub fn is_sifting(&self) -> bool {
        self.sifts
    }

    /// How many files those have open that run beside the slots.
    fn files_beside(&self) -> usize {
        let resting = self.resting.values().filter(|rest| rest.has_files).count();
        let woken = self.woken.values().filter(|woken| woken.has_files).count();
        self.ending.len() + FILES_RESTING * (resting + woken)
    }

    /// How many run, those that end or rest among them.
    pub fn running(&self) -> usize {
        self.running.len() + self.ending.len() + self.resting.len() + self.woken.len()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.backlog.len()
    }
}
