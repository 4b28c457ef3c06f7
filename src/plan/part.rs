//! The numbered parts of an upload: how large they are, which one is sent next, which the store has.
//!
//! Invariant: every part is in exactly one state, and the bytes of all parts are the bytes of the file, each once.

use crate::model::{ByteRange, RangeSet};

/// Parts that haul chooses are multiples of this: what is on its way at a kill is lost by whole parts,
const GRAIN: u64 = 512 << 10;
/// a file has about so many of them: a lost connection costs one part, and each part one request,
const USUAL_PARTS: u64 = 1000;
/// and they are no larger than this unless the store takes too few of them.
const USUAL_MOST: u64 = 64 << 20;

/// How large the parts of a file of `length` bytes are. `wanted` is the user's word; the store's bounds (bytes of its
/// smallest and its largest part, the number of parts) go before it. An error is a sentence.
pub fn part_size(length: u64, wanted: Option<u64>, least: u64, most: u64, parts: u32) -> Result<u64, String> {
    let fewest = length.div_ceil(u64::from(parts.max(1)));
    if fewest > most {
        return Err(format!("it is too large for this store, which takes at most {parts} parts of {most} bytes"));
    }
    let own = (length / USUAL_PARTS).clamp(GRAIN, USUAL_MOST).next_multiple_of(GRAIN);
    let grained = if fewest > own { fewest.next_multiple_of(GRAIN) } else { own };
    let size = wanted.map_or(grained, |wanted| wanted.max(fewest));
    Ok(size.max(least).min(most).max(1))
}

/// Parts of a stream grow as it does: after so many of a size comes the double.
const OF_A_SIZE: u32 = 1000;
/// Its first parts have so many bytes.
const FIRST: u64 = 16 << 20;

/// How many bytes the part of this number (from 1) of a stream has. `wanted` is the user's word for the first ones; the bytes of
/// the store's smallest and largest part go before it.
pub fn streamed_part_size(number: u32, wanted: Option<u64>, least: u64, most: u64) -> u64 {
    let doublings = (number.max(1) - 1) / OF_A_SIZE;
    wanted.unwrap_or(FIRST).max(least).saturating_mul(1 << doublings.min(20)).min(most)
}

/// What is known of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has to be sent.
    Missing,
    /// A run that was killed may have sent all of it, and the store be about to have it.
    Awaited,
    /// A connection sends it.
    Sending,
    /// The store has something under its number, which was not compared yet.
    Claimed,
    /// The store has it.
    Stored,
}

/// The parts of one upload.
#[derive(Clone, Debug)]
pub struct Parts {
    length: u64,
    size: u64,
    states: Vec<State>,
    /// No part before this one is missing.
    first_missing: usize,
    stored: usize,
    done: RangeSet,
}

impl Parts {
    /// A file of `length` bytes in parts of `size` (at least 1). An empty file is one empty part.
    pub fn new(length: u64, size: u64) -> Self {
        let count = length.div_ceil(size).max(1) as usize;
        let states = vec![State::Missing; count];
        Self { length, size, states, first_missing: 0, stored: 0, done: RangeSet::new() }
    }

    /// How many parts there are.
    pub fn count(&self) -> u32 {
        self.states.len() as u32
    }

    /// The bytes of a part, by its number from 1. Empty for a number that there is not.
    pub fn range(&self, number: u32) -> ByteRange {
        let start = u64::from(number).saturating_sub(1).saturating_mul(self.size).min(self.length);
        ByteRange::new(start, start.saturating_add(self.size).min(self.length))
    }

    /// The next part to send; it counts as being sent from now on.
    pub fn lease(&mut self) -> Option<u32> {
        let skipped = self.states[self.first_missing..].iter().position(|state| *state == State::Missing);
        self.first_missing = skipped.map_or(self.states.len(), |skipped| self.first_missing + skipped);
        *self.states.get_mut(self.first_missing)? = State::Sending;
        Some(self.first_missing as u32 + 1)
    }

    /// A run of up to so many connections was killed just now: what it had on its way may arrive yet. Those parts are not
    /// leased before they are released, as long as there are others. Parts are sent in the order of their numbers, so that it
    /// is those that are missing before the last one that the store has, and as many behind it.
    pub fn await_arrivals(&mut self, connections: u16) {
        let last = self.states.iter().rposition(|state| *state != State::Missing).map_or(0, |last| last + 1);
        let end = (last + usize::from(connections)).min(self.states.len());
        if self.states[end..].contains(&State::Missing) {
            let awaited = self.states[..end].iter_mut().filter(|state| **state == State::Missing);
            awaited.for_each(|state| *state = State::Awaited);
        }
    }

    /// The parts that may arrive yet, once nothing else is left to send; empty before.
    pub fn awaited(&self) -> Vec<u32> {
        if self.is_any_missing() {
            return Vec::new();
        }
        let numbered = (1..).zip(&self.states);
        numbered.filter(|(_, state)| **state == State::Awaited).map(|(number, _)| number).collect()
    }

    /// A part that was being sent, was claimed or was to arrive has to be sent after all.
    pub fn release(&mut self, number: u32) {
        if matches!(self.state(number), Some(State::Sending | State::Claimed | State::Awaited)) {
            self.set(number, State::Missing);
        }
    }

    /// The store says that it has this part; whether it is right is still to be seen. False if there is no such part, or it
    /// is not of the right length.
    pub fn claim(&mut self, number: u32, length: u64) -> bool {
        let is_open = matches!(self.state(number), Some(State::Missing | State::Awaited));
        let fits = is_open && self.range(number).len() == length;
        if fits {
            self.set(number, State::Claimed);
        }
        fits
    }

    /// The store has this part.
    pub fn stored(&mut self, number: u32) {
        if !matches!(self.state(number), None | Some(State::Stored)) {
            self.set(number, State::Stored);
            self.stored += 1;
            self.done.insert(self.range(number));
        }
    }

    /// True if there is a part to send.
    pub fn is_any_missing(&self) -> bool {
        self.states[self.first_missing..].contains(&State::Missing)
    }

    /// True if the store has all of them.
    pub fn is_complete(&self) -> bool {
        self.stored == self.states.len()
    }

    /// The file's bytes that the store has.
    pub fn done(&self) -> &RangeSet {
        &self.done
    }

    fn state(&self, number: u32) -> Option<State> {
        self.states.get((number as usize).checked_sub(1)?).copied()
    }

    fn set(&mut self, number: u32, state: State) {
        let index = number as usize - 1;
        self.states[index] = state;
        if state == State::Missing {
            self.first_missing = self.first_missing.min(index);
        }
    }
}
