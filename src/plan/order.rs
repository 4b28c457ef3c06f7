//! One stream that brings all bytes in their order: what is on disk passes by, and each gap is filled as it comes.

use super::{LeaseId, Plan};
use crate::model::ByteRange;

impl Plan {
    /// Whether one stream brings all bytes from the first on, as a server does that gives no parts. Gaps are given out in
    /// their order then, each as a whole.
    pub fn come_in_order(&mut self, in_order: bool) {
        self.in_order = in_order;
    }

    /// The first gap, for such a stream, unless it is at work already.
    pub(super) fn take_first(&mut self) -> Option<ByteRange> {
        let first = *self.free.ranges().first().filter(|_| self.leases.is_empty())?;
        self.free.remove(first);
        Some(first)
    }

    /// The lease of such a stream has come to its end, and the stream goes on: the lease is now the next gap behind it.
    pub fn pass_on(&mut self, id: LeaseId) -> Option<ByteRange> {
        let lease = self.leases.get_mut(&id).filter(|lease| lease.position == lease.end)?;
        let next = *self.free.ranges().iter().find(|range| range.start >= lease.end)?;
        self.free.remove(next);
        // What it has brought is still as much: the bytes that pass by are none of it.
        let brought = lease.position - lease.start;
        (lease.start, lease.position, lease.end) = (next.start - brought, next.start, next.end);
        lease.writing = 0;
        Some(next)
    }
}
