//! Whether a part file was cut while it was written: a cut always takes away what was its end just then.
//!
//! The next write beyond that end fills what was cut with zeros, and the file has its length and all its blocks again. So of
//! each write that moves the end the last byte that is not zero is kept here, and looked for later: whatever a cut takes of
//! that write's bytes, it takes this one too, or nothing but zeros. That is one byte to be read for each such write.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::Lock;

/// So many are looked at before a writer has its turn.
const AT_ONCE: usize = 64;
/// With more than this they are not left for the next sync.
const MOST: usize = 1 << 14;
/// Bytes that are looked through at once for one that is not zero.
const STEP: usize = 1 << 10;

/// The ends that one part file had.
#[derive(Debug, Default)]
pub(super) struct Ends {
    highest: AtomicU64,
    marks: Lock<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    list: Vec<Mark>,
    cut: bool,
}

/// A byte that is not zero, and after which there was nothing else when it was written.
#[derive(Debug)]
struct Mark {
    at: u64,
    byte: u8,
}

impl Mark {
    fn is_there(&self, file: &File) -> bool {
        let mut byte = [0];
        file.read_exact_at(&mut byte, self.at).is_ok() && byte[0] == self.byte
    }
}

impl Ends {
    /// Where the file has ended so far; to be asked before a write, for `wrote`.
    pub(super) fn highest(&self) -> u64 {
        self.highest.load(Ordering::Acquire)
    }

    /// These bytes are in the file, the second ones right behind the first. `before` was the end before they were.
    pub(super) fn wrote(&self, file: &File, start: u64, [head, tail]: [&[u8]; 2], before: u64) {
        let middle = start + head.len() as u64;
        let end = middle + tail.len() as u64;
        if end <= before {
            return;
        }
        self.highest.fetch_max(end, Ordering::AcqRel);
        // What ends with zeros alone leaves the mark of those before it.
        let Some(mark) = last_of(middle, tail).or_else(|| last_of(start, head)) else { return };
        let mut marks = self.marks.lock();
        if !marks.cut {
            marks.list.push(mark);
        }
        let many = marks.list.len() > MOST;
        drop(marks);
        if many {
            self.are_whole(file);
        }
    }

    /// False if the file was cut since it was opened, whatever was written to it afterwards. (So it is where other bytes were
    /// put in the place of those at an end; then the sums tell that nothing is wrong.)
    pub(super) fn are_whole(&self, file: &File) -> bool {
        loop {
            let mut marks = self.marks.lock();
            let count = marks.list.len().min(AT_ONCE);
            let all = count == marks.list.len();
            marks.cut |= !marks.list[..count].iter().all(|mark| mark.is_there(file));
            // The newest is looked for again: zeros may follow it, and a cut that reaches behind them.
            let over = if all { count.saturating_sub(1) } else { count };
            marks.list.drain(..over);
            if all || marks.cut {
                return !marks.cut;
            }
        }
    }

    /// The file is empty again, and its end at its beginning.
    pub(super) fn clear(&self) {
        self.highest.store(0, Ordering::Release);
        *self.marks.lock() = Marks::default();
    }
}

/// The last byte that is not zero, of bytes that begin there.
fn last_of(start: u64, bytes: &[u8]) -> Option<Mark> {
    // Zeros come by the GiB. A step is added up as a whole, which costs a fraction of a look at each byte.
    let mut end = bytes.len();
    for step in bytes.rchunks(STEP) {
        let begin = end - step.len();
        if step.iter().fold(0, |any, byte| any | byte) != 0 {
            let at = step.iter().rposition(|byte| *byte != 0)?;
            return Some(Mark { at: start + (begin + at) as u64, byte: step[at] });
        }
        end = begin;
    }
    None
}
