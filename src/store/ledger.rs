//! Which bytes of a part file are written, with a checksum for each piece of them: the truth that a resume checks
//! against the disk.

use std::collections::BTreeMap;

use crc_fast::{CrcAlgorithm, Digest, checksum, checksum_combine};

use crate::model::{ByteRange, RangeSet};

const CRC: CrcAlgorithm = CrcAlgorithm::Crc64Nvme;
/// What CRC-64/NVME turns over at its end.
const CRC_END: u64 = u64::MAX;
/// The smallest block that has a checksum of its own.
const MIN_BLOCK: u64 = 1 << 20;
/// A file has about so many blocks at most, so that a checkpoint stays small.
const MAX_BLOCKS: u64 = 4096;

/// A run of bytes within one block, with its CRC-64/NVME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The first byte.
    pub start: u64,
    /// How many bytes.
    pub len: u64,
    /// Their checksum.
    pub crc: u64,
}

impl Fragment {
    /// Where the bytes are.
    pub fn range(self) -> ByteRange {
        ByteRange::new(self.start, self.start + self.len)
    }

    /// The fragment with more bytes behind it.
    pub(super) fn carried_on(self, bytes: &[u8]) -> Self {
        let mut digest = Digest::new_with_init_state(CRC, self.crc ^ CRC_END);
        digest.update(bytes);
        Self { len: self.len + bytes.len() as u64, crc: digest.finalize(), ..self }
    }

    /// True if these bytes are the fragment's.
    pub fn matches(self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.len && checksum(CRC, bytes) == self.crc
    }
}

/// The checksum of haul's own files.
pub(super) fn seal(bytes: &[u8]) -> u64 {
    checksum(CRC, bytes)
}

/// The fragments of one part file: sorted, never overlapping, none across a block's border. Neighbours stay apart until
/// their block is whole: the sum of one that still grows is carried on from its own first byte, and would drive out
/// whatever it had been joined with.
#[derive(Clone, Debug)]
pub struct Ledger {
    block: u64,
    fragments: BTreeMap<u64, (u64, u64)>,
}

impl Ledger {
    /// An empty ledger for a file of this length.
    pub fn new(length: Option<u64>) -> Self {
        let block = (length.unwrap_or(0) / MAX_BLOCKS).next_power_of_two().max(MIN_BLOCK);
        Self { block, fragments: BTreeMap::new() }
    }

    /// An empty ledger with blocks of this size, as a checkpoint says.
    pub fn with_block(block: u64) -> Self {
        Self { block: block.max(MIN_BLOCK), fragments: BTreeMap::new() }
    }

    /// Bytes in a block.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// Cuts written bytes at the borders of blocks and sums each piece. The sum of `last`, as `ending_at` gave it for
    /// the first byte, is carried on: the first piece is then all of both. (Two finished sums can be joined too, but
    /// that costs as much as summing a whole MiB.)
    pub fn sum(block: u64, start: u64, bytes: &[u8], mut last: Option<Fragment>) -> Vec<Fragment> {
        let mut pieces = Vec::with_capacity(2);
        let (mut at, mut rest) = (start, bytes);
        while !rest.is_empty() {
            let room = (block - at % block).min(rest.len() as u64);
            let (piece, tail) = rest.split_at(room as usize);
            pieces.push(match last.take() {
                Some(last) => last.carried_on(piece),
                None => Fragment { start: at, len: room, crc: checksum(CRC, piece) },
            });
            (at, rest) = (at + room, tail);
        }
        pieces
    }

    /// The same for bytes in two pieces, the second one right behind the first.
    pub fn sum_both(block: u64, start: u64, [head, tail]: [&[u8]; 2], last: Option<Fragment>) -> Vec<Fragment> {
        if head.is_empty() {
            return Self::sum(block, start, tail, last);
        }
        let mut pieces = Self::sum(block, start, head, last);
        let middle = start + head.len() as u64;
        let open = if middle.is_multiple_of(block) || tail.is_empty() { None } else { pieces.pop() };
        pieces.append(&mut Self::sum(block, middle, tail, open));
        pieces
    }

    /// The fragment that ends here, if it is of the same block as the byte that follows: its sum can be carried on.
    pub fn ending_at(&self, position: u64) -> Option<Fragment> {
        let (start, (len, crc)) = self.fragments.range(..position).next_back()?;
        let open = start + len == position && !position.is_multiple_of(self.block);
        open.then_some(Fragment { start: *start, len: *len, crc: *crc })
    }

    /// Takes a fragment in. What it overlaps was written again and is forgotten.
    pub fn record(&mut self, fragment: Fragment) {
        if fragment.len == 0 {
            return;
        }
        self.forget(fragment.range());
        self.fragments.insert(fragment.start, (fragment.len, fragment.crc));
        self.join(fragment.start / self.block * self.block);
    }

    /// Joins the fragments of a block that has become whole: nobody carries a sum on in it any more.
    fn join(&mut self, border: u64) {
        let within = border..border.saturating_add(self.block);
        let (mut len, mut crc, mut count) = (0, 0, 0);
        for (start, (size, sum)) in self.fragments.range(within.clone()) {
            if *start != border + len {
                return;
            }
            crc = if count == 0 { *sum } else { checksum_combine(CRC, crc, *sum, *size) };
            (len, count) = (len + size, count + 1);
        }
        if len == self.block && count > 1 {
            let parts: Vec<u64> = self.fragments.range(within).map(|(start, _)| *start).collect();
            for start in &parts {
                self.fragments.remove(start);
            }
            self.fragments.insert(border, (len, crc));
        }
    }

    /// Forgets every fragment that touches this range; a fragment can't be cut, since its checksum is of all of it.
    pub fn forget(&mut self, range: ByteRange) -> Vec<ByteRange> {
        let from = self.fragments.range(..range.start).next_back();
        let first =
            from.filter(|(start, (len, _))| *start + len > range.start).map_or(range.start, |(start, _)| *start);
        let touched: Vec<u64> = self.fragments.range(first..range.end).map(|(start, _)| *start).collect();
        let gone = touched.iter().filter_map(|start| Some((*start, self.fragments.remove(start)?.0)));
        gone.map(|(start, len)| ByteRange::new(start, start + len)).collect()
    }

    /// All fragments, in order.
    pub fn fragments(&self) -> impl Iterator<Item = Fragment> {
        self.fragments.iter().map(|(start, (len, crc))| Fragment { start: *start, len: *len, crc: *crc })
    }

    /// The bytes that are covered.
    pub fn done(&self) -> RangeSet {
        self.fragments().map(Fragment::range).collect()
    }

    /// True if nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.fragments.is_empty()
    }
}
