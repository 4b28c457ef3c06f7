//! Bytes of a file in two pieces that lie apart in memory: what was left of one chunk, and the next chunk.

use std::time::{Duration, Instant};

use super::desk::Desk;
use crate::model::Fault;

/// Two pieces, of which the second one goes right behind the first. Either may be empty.
#[derive(Clone, Copy)]
pub(super) struct Pieces<'a>(pub(super) [&'a [u8]; 2]);

impl Pieces<'_> {
    pub(super) fn len(self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }

    pub(super) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The first bytes, at most so many.
    pub(super) fn first(self, most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let [head, tail] = self.0;
        Self([&head[..head.len().min(most)], &tail[..tail.len().min(most.saturating_sub(head.len()))]])
    }

    pub(super) fn joined(self) -> Vec<u8> {
        self.0.concat()
    }
}

impl Desk {
    /// Puts bytes into the part file, and tells how long that took. If a comparison runs they are compared with what is
    /// there, and replace only what differs.
    pub(super) fn write(&self, bytes: Pieces<'_>, position: u64, compares: bool) -> Result<Duration, Fault> {
        let began = Instant::now();
        if compares {
            self.replace(&bytes.joined(), position)?;
        } else {
            self.part.write_both_at(bytes.0, position)?;
        }
        Ok(began.elapsed())
    }
}
