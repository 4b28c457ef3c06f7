//! Files that come in one answer and at once: put down as a whole. They need no plan, no crew and no checkpoint of their own;
//! what is not so after all goes on in the usual way, with the bytes that have come.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::super::blocking::blocking;
use super::super::brief::BRIEF;
use super::super::hosts::Permit;
use super::super::report::{Complete, Ending, What};
use super::task::{Halt, Task};
use crate::model::{Fault, Resource};
use crate::protocol::{Answer, Body, Chunk};
use crate::store::Finished;

/// All of it comes within this, so that kill -9 loses no more than on the usual way.
const AT_ONCE: Duration = Duration::from_millis(200);

/// What became of the first answer.
pub(super) enum Gathered {
    /// The file is at its target.
    Ended(Ending),
    /// The answer has still to be worked off. Without a permit the connection was given back: all has come.
    Rest(Box<Answer>, Option<Permit>),
}

impl Task {
    /// Takes a small file in as a whole.
    pub(super) async fn gather(&mut self, mut answer: Answer, permit: Permit) -> Result<Gathered, Halt> {
        let Some(length) = self.small_length(&answer) else {
            return Ok(Gathered::Rest(Box::new(answer), Some(permit)));
        };
        let until = Instant::now() + AT_ONCE;
        let mut bytes = Vec::with_capacity(length);
        let mut fault = None;
        while bytes.len() < length && fault.is_none() {
            let chunk = timeout_at(until, poll_fn(|context| answer.body.poll_chunk(context)));
            match self.unless_stopped(chunk).await? {
                Ok(Some(Ok(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(Some(Err(why))) => fault = Some(why),
                Ok(None) | Err(_) => break,
            }
        }
        let bytes = Bytes::from(bytes);
        if bytes.len() != length || fault.is_some() {
            let body = Box::new(Resumed { bytes: Some(bytes), fault, rest: Some(answer.body) });
            return Ok(Gathered::Rest(Box::new(Answer { body, ..answer }), Some(permit)));
        }
        drop(permit);
        if let Some(ending) = self.put_down(bytes.clone(), &answer.resource, is_shared(&answer)).await? {
            return Ok(Gathered::Ended(ending));
        }
        let body = Box::new(Resumed { bytes: Some(bytes), fault: None, rest: None });
        Ok(Gathered::Rest(Box::new(Answer { body, ..answer }), None))
    }

    /// The length of a file that all of this answer holds and nobody has said more of than its length.
    fn small_length(&self, answer: &Answer) -> Option<usize> {
        let resource = &answer.resource;
        let length = resource.length.filter(|length| (1..=BRIEF).contains(length))?;
        let is_all = answer.start == 0 && answer.end == Some(length) && resource.coding.is_none();
        let spec = &self.orders.spec;
        let is_plain =
            self.wanted.is_none() && (resource.digests.is_empty() || !spec.digests) && spec.described.pieces.is_none();
        let is_first = self.held.is_none() && self.places.lead_number() == 0;
        (is_all && is_plain && is_first && !self.is_limited()).then_some(length as usize)
    }

    /// Puts a whole file at its target. `None` if something stands there, or is on its way there.
    async fn put_down(&self, bytes: Bytes, resource: &Resource, shared: bool) -> Result<Option<Ending>, Halt> {
        let search = self.search();
        let target = if let Some(target) = search.aim(resource)? {
            target
        } else {
            let described = resource.clone();
            blocking(move || Ok(search.chosen(&described))).await?
        };
        let (spec, length) = (&self.orders.spec, bytes.len() as u64);
        let clerk = &self.orders.shared.clerk;
        let turn = clerk.turn(&bytes).await;
        self.report(What::Fetched { moved: length, shared }).await;
        let (validator, by) = (resource.validator.clone(), Some(self.orders.id));
        let finished = Finished { target: target.clone(), validator, length, by };
        if !clerk.put_down(bytes, turn, spec.source.clone(), finished, self.may_have_checkpoint()).await? {
            return Ok(None);
        }
        self.tell_unnoted().await;
        let (bytes, fetched) = (length, length);
        Ok(Some(Ending::Done(Complete { target, bytes, fetched, untold: true, ..Complete::default() })))
    }

    /// Gives the first lease back: its bytes are asked for again.
    pub(super) fn leave(&self) {
        if let Some(held) = &self.held {
            held.desk.leave(1);
        }
    }

    /// True for the answer of a large file on a connection that others share: parts on connections of their own are
    /// cheaper, and no longer wait for those.
    pub(super) fn is_squeezed(&self, answer: &Answer) -> bool {
        let rest = answer.end.map(|end| end.saturating_sub(answer.start));
        let has_parts = self.held.as_ref().is_some_and(|held| held.ranged);
        self.orders.brief && has_parts && is_shared(answer) && rest.is_some_and(|rest| rest > BRIEF)
    }
}

fn is_shared(answer: &Answer) -> bool {
    answer.ends.is_some_and(|ends| ends.shared)
}

/// Bytes that have come, with what came then.
struct Resumed {
    bytes: Option<Bytes>,
    fault: Option<Fault>,
    rest: Option<Box<dyn Body>>,
}

impl Body for Resumed {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if let Some(bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if let Some(fault) = self.fault.take() {
            return Poll::Ready(Some(Err(fault)));
        }
        match &mut self.rest {
            Some(rest) => rest.poll_chunk(context),
            None => Poll::Ready(None),
        }
    }
}
