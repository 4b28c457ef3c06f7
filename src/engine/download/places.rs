//! The places that a file can be had from: which one leads, and what is known of each.
//!
//! The lead is the place whose word on the file counts: its answers describe it, its URL stands in the checkpoint. Others
//! work beside it once their bytes were compared with those on disk, and one of them leads when it fails.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{MOST_MIRRORS, Moment, Resource, Source, Spec};
use crate::plan::{MirrorStanding, Mirrors};

/// The places of one file, by number; 0 is the one that the user named first.
pub(super) struct Places {
    all: Vec<Candidate>,
    board: Mirrors,
    lead: usize,
    /// How many of them the transfer was described with; servers told of the others.
    own: usize,
    /// Those that have been asked alone, to find out whose bytes are the right ones.
    alone: BTreeSet<usize>,
    /// Those that were dropped because they have another file: it may be the right one all the same.
    differ: BTreeSet<usize>,
    /// Those of them of which no byte can be one of the file on disk, since theirs is longer, shorter or packed.
    incomparable: BTreeSet<usize>,
}

struct Candidate {
    source: Source,
    /// What it says of the file, once its bytes are known to be those on disk.
    known: Option<Arc<Resource>>,
}

impl Places {
    pub(super) fn new(spec: &Spec) -> Self {
        let mut places = Self {
            all: Vec::new(),
            board: Mirrors::new(1),
            lead: 0,
            own: 0,
            alone: BTreeSet::new(),
            differ: BTreeSet::new(),
            incomparable: BTreeSet::new(),
        };
        places.add(spec.places().cloned());
        places.own = places.all.len();
        places
    }

    /// Places that the server of a place tells of; once, and not from one that a server told of.
    pub(super) fn add_linked(&mut self, sources: &[Source]) {
        if self.all.len() == self.own && self.lead < self.own {
            self.add(sources.iter().take(MOST_MIRRORS).cloned());
        }
    }

    /// True if the transfer's own description has it: it is there at the next start too.
    pub(super) fn is_own(&self, place: usize) -> bool {
        place < self.own
    }

    /// What the place that the user named first is known to say of the file.
    pub(super) fn first_word(&self) -> Option<&Arc<Resource>> {
        self.all.first().and_then(|place| place.known.as_ref())
    }

    /// More places of the same file; those that are known already are not taken twice.
    fn add(&mut self, sources: impl IntoIterator<Item = Source>) {
        for source in sources {
            if self.all.iter().all(|place| place.source != source) {
                self.board.add(usize::from(!self.all.is_empty()));
                self.all.push(Candidate { source, known: None });
            }
        }
    }

    /// The one that leads.
    pub(super) fn lead(&self) -> &Source {
        &self.all[self.lead].source
    }

    pub(super) fn lead_number(&self) -> usize {
        self.lead
    }

    pub(super) fn source(&self, place: usize) -> Option<&Source> {
        self.all.get(place).map(|place| &place.source)
    }

    /// The place with this URL.
    pub(super) fn find(&self, url: &str) -> Option<usize> {
        self.all.iter().position(|place| place.source.url().as_str() == url)
    }

    /// From now on this one leads; what it is known to say of the file.
    pub(super) fn lead_to(&mut self, place: usize) -> Option<Arc<Resource>> {
        self.lead = place.min(self.all.len() - 1);
        self.all[self.lead].known.clone()
    }

    /// Its bytes are those on disk.
    pub(super) fn know(&mut self, place: usize, resource: Arc<Resource>) {
        if let Some(place) = self.all.get_mut(place) {
            place.known = Some(resource);
        }
    }

    /// True if there is, or is left, no other than the lead.
    pub(super) fn is_single(&self) -> bool {
        !(0..self.all.len()).any(|place| place != self.lead && self.is_usable(place))
    }

    /// True if there never was another.
    pub(super) fn was_single(&self) -> bool {
        self.all.len() <= 1
    }

    /// How many were not dropped.
    pub(super) fn left(&self) -> usize {
        self.board.left()
    }

    /// Those that may be asked now, the best one first. Only the lead, while it is to be asked alone.
    pub(super) fn order(&self, now: Moment) -> Vec<usize> {
        let mut order = if self.is_single() { vec![self.lead] } else { self.board.order(now) };
        order.retain(|place| self.alone.is_empty() || *place == self.lead);
        order
    }

    /// True while only the lead is to be asked.
    pub(super) fn asks_alone(&self) -> bool {
        !self.alone.is_empty()
    }

    /// One other than the lead that may lead now; in the place of one that was dropped, also one that rests.
    pub(super) fn another(&self, now: Moment) -> Option<usize> {
        let ready = self.board.order(now).into_iter().filter(|place| *place != self.lead);
        let (known, new): (Vec<usize>, Vec<usize>) = ready.partition(|place| self.all[*place].known.is_some());
        let resting = (0..self.all.len()).filter(|place| self.is_usable(*place) && !self.is_usable(self.lead));
        known.into_iter().chain(new).chain(resting).next()
    }

    /// False for one that was dropped.
    pub(super) fn is_usable(&self, place: usize) -> bool {
        self.board.standing(place, Moment::after(Duration::MAX)) != MirrorStanding::Dropped
    }

    pub(super) fn is_ready(&self, place: usize, now: Moment) -> bool {
        self.board.standing(place, now) == MirrorStanding::Ready
    }

    /// True for one of several that has given no byte yet, and to which no connection is open.
    pub(super) fn is_untried(&self, place: usize) -> bool {
        self.all.len() > 1 && self.board.is_untried(place)
    }

    /// It is of no use for this file. False if it is the last one.
    pub(super) fn drop_for_good(&mut self, place: usize) -> bool {
        self.board.drop_for_good(place)
    }

    /// It has failed, and rests for so long: for as long as it has asked for, at least.
    pub(super) fn failed(&mut self, place: usize, now: Moment, wait: Duration, asked: Option<Duration>) -> Duration {
        self.board.failed(place, now, wait, asked.unwrap_or_default(), fastrand::f64())
    }

    /// The one that should lose a connection to another.
    pub(super) fn overstaffed(&self, now: Moment) -> Option<usize> {
        self.board.overstaffed(now).filter(|_| self.alone.is_empty())
    }

    pub(super) fn opened(&mut self, place: usize) {
        self.board.opened(place);
    }

    pub(super) fn closed(&mut self, place: usize) {
        self.board.closed(place);
    }

    pub(super) fn measured(&mut self, place: usize, speed: f64) {
        self.board.measured(place, speed);
    }

    /// Its file is another one than what is on disk. Where it was found to be a changed one before any byte of it was compared, it
    /// has another length, or is packed: nothing else is known of it by then.
    pub(super) fn differs(&mut self, place: usize, has_changed: bool) {
        self.differ.insert(place);
        if has_changed && self.all.get(place).is_some_and(|place| place.known.is_none()) {
            self.incomparable.insert(place);
        }
    }

    /// One that was not asked alone yet, the lead first; from now on it leads and no other is asked. Those that have
    /// another file come last: what is on disk has turned out to be wrong. Those of another length have none of these bytes.
    pub(super) fn next_alone(&mut self) -> Option<usize> {
        let usable = std::iter::once(self.lead).chain(0..self.all.len()).filter(|place| self.is_usable(*place));
        let mut numbers = usable.chain(self.differ.difference(&self.incomparable).copied());
        let next = numbers.find(|place| !self.alone.contains(place))?;
        if self.differ.remove(&next) {
            self.board.take_back(next);
        }
        self.alone.insert(next);
        self.lead = next;
        Some(next)
    }

    /// The file that all others have alike is not the one that was asked for: those that were dropped because they have
    /// another one are all that are left, as if nothing was known of them. False if there are none.
    pub(super) fn turn_to_those_that_differ(&mut self) -> bool {
        let differ = std::mem::take(&mut self.differ);
        self.incomparable.clear();
        let Some(first) = differ.first() else { return false };
        for number in &differ {
            self.all[*number].known = None;
            self.board.take_back(*number);
        }
        for number in (0..self.all.len()).filter(|number| !differ.contains(number)) {
            self.board.drop_for_good(number);
        }
        (self.lead, self.alone) = (*first, BTreeSet::new());
        true
    }
}
