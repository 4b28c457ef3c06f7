//! Which place brought which of a file's bytes, so that one that turns out to lie takes only its own with it.

use super::desk::{Desk, State};
use crate::model::{Announced, ByteRange, RangeSet, Weight};

/// What came from one place.
#[derive(Default)]
pub(super) struct Brought {
    ranges: RangeSet,
    /// True once nothing that comes from it is believed.
    barred: bool,
}

impl State {
    /// These bytes, which count as done by now, came from this place.
    pub(super) fn came_from(&mut self, place: usize, range: ByteRange) {
        for (other, brought) in &mut self.brought {
            if *other != place {
                brought.ranges.remove(range);
            }
        }
        if self.is_barred(place) {
            self.lose(range);
        } else {
            self.brought.entry(place).or_default().ranges.insert(range);
        }
    }

    /// True if nothing that comes from this place is believed.
    pub(super) fn is_barred(&self, place: usize) -> bool {
        self.brought.get(&place).is_some_and(|brought| brought.barred)
    }
}

impl Desk {
    /// What is on disk and did not come from this place.
    pub(super) fn not_from(&self, place: usize) -> RangeSet {
        let state = self.lock();
        let mut others = state.plan.done().clone();
        for range in state.brought.get(&place).map_or(&[][..], |brought| brought.ranges.ranges()) {
            others.remove(*range);
        }
        others
    }

    /// A place has had another file meanwhile: what came from it is fetched again, and what still comes is not believed.
    pub(super) fn bar(&self, place: usize) {
        let mut state = self.lock();
        let brought = state.brought.entry(place).or_default();
        brought.barred = true;
        for range in std::mem::take(&mut brought.ranges).ranges() {
            state.lose(*range);
        }
    }

    /// What comes from a place is believed again.
    pub(super) fn unbar(&self, place: usize) {
        if let Some(brought) = self.lock().brought.get_mut(&place) {
            brought.barred = false;
        }
    }

    /// True if a place announces another checksum of the same bytes than was announced before.
    pub(super) fn contradicts(&self, digests: &[Announced]) -> bool {
        let state = self.lock();
        let kind = |digest: &Announced| (digest.range, digest.checksum.algorithm);
        let known = |digest: &Announced| state.vouched.contains(&kind(digest));
        let mut firm = digests.iter().filter(|digest| digest.weight == Weight::Firm && known(digest));
        firm.any(|digest| {
            let mut same = state.announced.iter().filter(|other| kind(other) == kind(digest));
            same.any(|other| other.weight == Weight::Firm && other.checksum != digest.checksum)
        })
    }
}
