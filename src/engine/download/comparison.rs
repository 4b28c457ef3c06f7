//! A second fetch of bytes that are on disk: which blocks of the file came otherwise.

use std::collections::BTreeSet;

use super::desk::Desk;
use crate::model::{ByteRange, Fault, RangeSet};

/// What a second fetch has found so far.
#[derive(Debug)]
pub(super) struct Comparison {
    block: u64,
    damaged: BTreeSet<u64>,
}

impl Comparison {
    /// Compares in blocks of this size.
    pub(super) fn new(block: u64) -> Self {
        Self { block: block.max(1), damaged: BTreeSet::new() }
    }

    /// Takes note of the blocks in which `before`, from the disk, differs from `now`; the first byte of both is at
    /// `position`. What the disk does not hold differs.
    pub(super) fn see(&mut self, position: u64, before: &[u8], now: &[u8]) {
        let mut at = 0;
        while at < now.len() {
            let place = position + at as u64;
            let end = now.len().min(at + (self.block - place % self.block) as usize);
            if before.get(at..end) != Some(&now[at..end]) {
                self.damaged.insert(place / self.block);
            }
            at = end;
        }
    }

    /// How many blocks differed.
    pub(super) fn damaged(&self) -> u64 {
        self.damaged.len() as u64
    }

    /// The blocks that differed, in a file of this length.
    pub(super) fn ranges(&self, length: u64) -> RangeSet {
        let range = |block: &u64| ByteRange::new(block * self.block, length.min((block + 1) * self.block));
        self.damaged.iter().map(range).collect()
    }

    /// How many blocks a file of this length has.
    pub(super) fn blocks(&self, length: u64) -> u64 {
        length.div_ceil(self.block)
    }
}

impl Desk {
    /// Puts bytes in the place of those on disk, as far as they differ, and takes note of it.
    pub(super) fn replace(&self, bytes: &[u8], position: u64) -> Result<(), Fault> {
        let mut before = Vec::new();
        if !self.part.read_at(ByteRange::new(position, position + bytes.len() as u64), &mut before)? {
            before.clear();
        }
        if let Some(comparison) = &mut self.lock().comparison {
            comparison.see(position, &before, bytes);
        }
        if before == bytes { Ok(()) } else { self.part.write_at(bytes, position) }
    }

    /// True while bytes that are on disk come once more.
    pub(super) fn is_comparing(&self) -> bool {
        self.lock().comparison.is_some()
    }

    /// These bytes are to be fetched once more and compared with what is on disk.
    pub(super) fn compare(&self, ranges: &RangeSet) {
        let mut state = self.lock();
        state.comparison = Some(Comparison::new(self.block));
        for range in ranges.ranges() {
            state.lose(*range);
        }
    }

    /// How many blocks held something that was lost since this was asked before, and how many there are.
    pub(super) fn lost_blocks(&self) -> (u64, u64) {
        let mut state = self.lock();
        let (lost, length) = (std::mem::take(&mut state.lost), state.plan.done_total());
        let blocks = |range: &ByteRange| range.start / self.block..range.end.div_ceil(self.block);
        let damaged: BTreeSet<u64> = lost.ranges().iter().flat_map(blocks).collect();
        (damaged.len() as u64, length.div_ceil(self.block))
    }

    /// Ends a comparison: how many blocks came otherwise when they were fetched once more, of how many, and which.
    pub(super) fn compared(&self) -> Option<(u64, u64, RangeSet)> {
        let mut state = self.lock();
        let (comparison, length) = (state.comparison.take()?, state.plan.done_total());
        Some((comparison.damaged(), comparison.blocks(length), comparison.ranges(length)))
    }
}
