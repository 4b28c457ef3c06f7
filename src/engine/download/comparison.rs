//! A second fetch of bytes that are on disk: which blocks of the file came otherwise.

use std::collections::BTreeSet;

use crate::model::{ByteRange, RangeSet};

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
