//! One stream in place of parts: what is on disk passes by and is compared, and each gap is filled as it comes.
//!
//! A server that gives no parts sends every byte once more. To keep what is on disk costs nothing then, and saves it where
//! the stream breaks before it is as far, or where the server gives parts again at the next start.

use std::sync::Arc;

use super::super::blocking::blocking;
use super::super::hosts::Permit;
use super::begin::Held;
use super::desk::Desk;
use super::found::is_large;
use super::task::{Halt, Task};
use crate::model::{ByteRange, Fault, FaultKind, Source, Validator};
use crate::plan::{LeaseId, may_pass};
use crate::protocol::{Answer, Asked, Chunk};

/// From this failure in a row on, a server that refuses a part gives none, whatever it says of itself.
const MOMENTS: u32 = 3;

impl Held {
    /// One stream is to bring what is missing, if this server gives no parts.
    pub(super) fn prepare_order(&self) {
        self.desk.lock().plan.come_in_order(!self.ranged);
    }

    /// Bytes of which nothing says that they are of the version of a stream that begins now are kept where it passes them,
    /// and compared then; behind the last gap it is not read.
    pub(super) fn judge_stream(&mut self, lease: LeaseId, now: &Validator) {
        if self.ranged {
            return;
        }
        let is_known = self.vouched && self.resource.validator.shares_with(&self.resource.read(now));
        let mut state = self.desk.lock();
        let last = state.plan.free().ranges().last().map(|gap| gap.end);
        let last = last.max(state.plan.get(lease).map(|lease| lease.end));
        if let Some(last) = last.filter(|_| !is_known) {
            state.lose(ByteRange::new(last, u64::MAX));
        }
        drop(state);
        if std::mem::take(&mut self.doubted) {
            self.admit(now);
        }
    }
}

impl Task {
    /// The answer to a real part, asked for once after a break, or where the whole was only asked for as a last resort. Some servers answer the range of all bytes with the whole, by
    /// intent (Tornado) or since they have to fetch it themselves, and give parts all the same. `None` if this one does not.
    pub(super) async fn try_part(&mut self, lease: LeaseId) -> Result<Option<(Answer, Permit)>, Halt> {
        let Some(held) = self.held.as_ref().filter(|held| !held.ranged && held.vouched && !held.foreign) else {
            return Ok(None);
        };
        let start = held.desk.missing(lease).start;
        // Without a validator nothing would say that it is of the version on disk: the whole is compared as it comes.
        let is_worth_it = start > 0 || self.is_last_resort();
        if !is_worth_it || self.whole || self.tried_part || held.resource.validator.is_none() {
            return Ok(None);
        }
        let request = self.request(Asked::From(start), Some(held.expected()));
        let opened = self.open(request).await;
        if let Err(Halt::Fault(fault)) = &opened
            && self.may_be_asked_again(fault)
        {
            return opened.map(Some);
        }
        self.tried_part = start > 0;
        match opened {
            Ok((answer, permit)) if answer.resource.gives_parts() => {
                if let Some(held) = &mut self.held {
                    held.ranged = true;
                    held.prepare_order();
                }
                Ok(Some((answer, permit)))
            }
            // Whatever is wrong, the request for the whole says it too.
            Ok(_) | Err(Halt::Fault(_)) => Ok(None),
            Err(stopped @ Halt::Stopped) => Err(stopped),
        }
    }

    /// True if a real part is worth another request after a bad moment of the server or the network. One that has such a moment for
    /// each part has none for the whole, perhaps: that is asked for while there are attempts left.
    fn may_be_asked_again(&self, fault: &Fault) -> bool {
        let retries = self.orders.shared.patience.retries;
        let most = match fault.kind {
            FaultKind::Resolve | FaultKind::Connect => retries,
            FaultKind::Cut | FaultKind::Stalled | FaultKind::Status(_) if may_pass(fault.kind) => retries.min(MOMENTS),
            _ => 0,
        };
        self.failures < most
    }

    /// True for the answer of a large file that was asked for as a whole only because all else had failed till then: a server that
    /// is well again by now gives parts too, and is asked for one before a stream without any begins.
    pub(super) fn is_well_again(&self) -> bool {
        let Some(held) = self.held.as_ref().filter(|held| !held.ranged) else { return false };
        let is_worth_it = is_large(&held.resource) && held.resource.validator.strong_etag().is_some();
        is_worth_it && !self.whole && self.is_last_resort()
    }
}

impl Desk {
    /// The next gap behind a lease that has come to its end.
    pub(super) fn pass_on(&self, lease: LeaseId) -> Option<ByteRange> {
        self.lock().plan.pass_on(lease)
    }

    /// Compares bytes that come once more with those on disk. Where these are not what was written they are to be fetched
    /// again; where they are, the file is another one.
    pub(super) async fn compare_passing(
        self: &Arc<Self>,
        source: &Source,
        position: u64,
        bytes: Chunk,
    ) -> Result<(), Fault> {
        let (desk, source) = (self.clone(), source.clone());
        blocking(move || desk.compare_now(&source, position, &bytes)).await
    }

    fn compare_now(&self, source: &Source, position: u64, bytes: &[u8]) -> Result<(), Fault> {
        let passing = ByteRange::new(position, position + bytes.len() as u64);
        let held: Vec<ByteRange> = {
            let now = self.clock.now();
            let mut state = self.lock();
            // The line is as busy as with any other bytes, and the user is to see that.
            state.passing = Some(passing.end);
            state.gauge.add(passing.len(), now);
            state.plan.done().ranges().iter().map(|held| held.intersect(passing)).collect()
        };
        for piece in held.into_iter().filter(|piece| !piece.is_empty()) {
            let [from, to] = [piece.start, piece.end].map(|at| (at - position) as usize);
            self.compare_piece(source, piece, &bytes[from..to])?;
        }
        Ok(())
    }

    fn compare_piece(&self, source: &Source, piece: ByteRange, theirs: &[u8]) -> Result<(), Fault> {
        let mut ours = Vec::new();
        if self.part.read_at(piece, &mut ours)? && ours == theirs {
            return Ok(());
        }
        let lost = self.lose_unsound(|claim| !claim.range().intersect(piece).is_empty())?;
        // The check of an old checkpoint's claims may have found it meanwhile.
        if lost > 0 || !self.lock().plan.done().contains(piece) {
            return Ok(());
        }
        let detail = "the file on the server has changed: its bytes differ from those on disk";
        Err(Fault::new(FaultKind::Changed, source, detail))
    }
}
