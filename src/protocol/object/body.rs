//! A payload as the body of a request: of exactly its length, or broken off with the fault that stopped it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::model::{Fault, FaultKind, Lock};
use crate::protocol::{Outgoing, Payload};

/// Where a body leaves the fault that broke it off: the HTTP library tells of it in other words, or of what the server
/// said to half a request.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<End>);

/// How a body ends before its end.
#[derive(Default)]
struct End {
    fault: Lock<Option<Fault>>,
    is_stopped: AtomicBool,
}

impl Broken {
    /// The fault, if the body broke off.
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.fault.lock().take()
    }

    /// The body ends as it is, and the connection with it: its request was answered, and nobody wants the rest.
    pub(super) fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, fault: Fault) {
        *self.0.fault.lock() = Some(fault);
    }
}

/// The bytes of a payload on their way.
pub(super) struct PayloadBody {
    // Never locked: it makes of what can be sent between threads what can be shared, as the HTTP library wants it.
    outgoing: Lock<Box<dyn Outgoing>>,
    left: u64,
    broken: Broken,
}

impl PayloadBody {
    pub(super) fn new(payload: &dyn Payload, broken: Broken) -> Self {
        Self { outgoing: Lock::new(payload.open()), left: payload.length(), broken }
    }
}

impl Body for PayloadBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = &mut *self;
        if this.broken.is_stopped() {
            return Poll::Ready(Some(Err(Fault::new(FaultKind::Cut, "the file", "the request was refused"))));
        }
        let outgoing = this.outgoing.get_mut();
        let next = match ready!(outgoing.poll_chunk(context)) {
            None if this.left == 0 => return Poll::Ready(None),
            None => Err(uneven("ended too early")),
            Some(Ok(chunk)) if chunk.len() as u64 > this.left => Err(uneven("went on for too long")),
            Some(other) => other,
        };
        Poll::Ready(Some(match next {
            Ok(chunk) => {
                this.left -= chunk.len() as u64;
                Ok(Frame::data(chunk))
            }
            Err(fault) => {
                this.broken.set(fault.clone());
                Err(fault)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn uneven(how: &str) -> Fault {
    Fault::new(FaultKind::SourceChanged, "the file", format!("what was read of it {how}: it has changed meanwhile"))
}

/// A payload between two pieces of text, as a form has it.
pub(super) struct Framed {
    before: Bytes,
    payload: PayloadBody,
    after: Bytes,
}

impl Framed {
    pub(super) fn new(before: Bytes, payload: &dyn Payload, after: Bytes, broken: Broken) -> Self {
        Self { before, payload: PayloadBody::new(payload, broken), after }
    }
}

impl Body for Framed {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = &mut *self;
        if !this.before.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.before)))));
        }
        if let Some(frame) = ready!(Pin::new(&mut this.payload).poll_frame(context)) {
            return Poll::Ready(Some(frame));
        }
        let after = std::mem::take(&mut this.after);
        Poll::Ready((!after.is_empty()).then(|| Ok(Frame::data(after))))
    }

    fn is_end_stream(&self) -> bool {
        self.before.is_empty() && self.payload.is_end_stream() && self.after.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.before.len() as u64 + self.payload.left + self.after.len() as u64)
    }
}
