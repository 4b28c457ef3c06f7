//! Byte ranges and sets of them: half-open, sorted, never touching, never empty.

use std::fmt;
use std::sync::{Arc, LazyLock};

/// The bytes from `start` up to, but not including, `end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// The range `start..end`; an end before the start makes an empty range.
    pub const fn new(start: u64, end: u64) -> Self {
        let end = if end < start { start } else { end };
        Self { start, end }
    }

    /// How many bytes.
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// True if it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// The bytes that both hold; may be empty.
    pub fn intersect(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

impl fmt::Debug for ByteRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}..{}", self.start, self.end)
    }
}

/// A set of bytes, kept as few ranges as possible.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RangeSet {
    ranges: Vec<ByteRange>,
}

impl RangeSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// The empty set, which a long queue has once.
    pub fn nothing() -> Arc<Self> {
        static NOTHING: LazyLock<Arc<RangeSet>> = LazyLock::new(Arc::default);
        NOTHING.clone()
    }

    /// How many bytes are in the set.
    pub fn total(&self) -> u64 {
        self.ranges.iter().map(|range| range.len()).sum()
    }

    /// True if no byte is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, in order; none is empty, and no two touch.
    pub fn ranges(&self) -> &[ByteRange] {
        &self.ranges
    }

    /// Puts a range's bytes into the set.
    pub fn insert(&mut self, range: ByteRange) {
        if range.is_empty() {
            return;
        }
        let from = self.ranges.partition_point(|held| held.end < range.start);
        let to = self.ranges.partition_point(|held| held.start <= range.end);
        let mut merged = range;
        if from < to {
            merged.start = merged.start.min(self.ranges[from].start);
            merged.end = merged.end.max(self.ranges[to - 1].end);
        }
        self.ranges.splice(from..to, [merged]);
    }

    /// Takes a range's bytes out of the set.
    pub fn remove(&mut self, range: ByteRange) {
        if range.is_empty() {
            return;
        }
        let from = self.ranges.partition_point(|held| held.end <= range.start);
        let to = self.ranges.partition_point(|held| held.start < range.end);
        if from >= to {
            return;
        }
        let left = ByteRange::new(self.ranges[from].start, range.start.max(self.ranges[from].start));
        let last = self.ranges[to - 1];
        let right = ByteRange::new(range.end.min(last.end), last.end);
        let rest = [left, right].into_iter().filter(|piece| !piece.is_empty());
        self.ranges.splice(from..to, rest);
    }

    /// True if every byte of the range is in the set.
    pub fn contains(&self, range: ByteRange) -> bool {
        let at = self.ranges.partition_point(|held| held.end < range.end);
        range.is_empty() || self.ranges.get(at).is_some_and(|held| held.start <= range.start)
    }

    /// How many of the range's bytes are in the set.
    pub fn overlap(&self, range: ByteRange) -> u64 {
        let from = self.ranges.partition_point(|held| held.end <= range.start);
        let touching = self.ranges[from..].iter().take_while(|held| held.start < range.end);
        touching.map(|held| held.intersect(range).len()).sum()
    }

    /// What `0..length` holds and this set does not, in order.
    pub fn gaps(&self, length: u64) -> Self {
        let mut gaps = Vec::new();
        let mut at = 0;
        for held in self.ranges.iter().take_while(|held| held.start < length) {
            if held.start > at {
                gaps.push(ByteRange::new(at, held.start));
            }
            at = held.end;
        }
        if at < length {
            gaps.push(ByteRange::new(at, length));
        }
        Self { ranges: gaps }
    }
}

impl FromIterator<ByteRange> for RangeSet {
    fn from_iter<I: IntoIterator<Item = ByteRange>>(ranges: I) -> Self {
        let mut set = Self::new();
        for range in ranges {
            set.insert(range);
        }
        set
    }
}

impl fmt::Debug for RangeSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(&self.ranges).finish()
    }
}
