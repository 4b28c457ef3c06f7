//! The bytes of a part on their way out: positioned reads, as fast as the limits allow.

use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;

use super::super::limiter::Limiter;
use super::original::{Original, changed};
use crate::model::{ByteRange, Checksum, Fault};
use crate::protocol::{Chunk, Outgoing, Payload};

/// So much is read at once,
const CHUNK: u64 = 256 << 10;
/// and so much where there is a limit, so that it is not one gulp and a long wait.
const LIMITED_CHUNK: u64 = 16 << 10;

/// How far the sending of a part has come. Bytes count when they are handed to the connection.
#[derive(Debug, Default)]
pub(super) struct Sent {
    bytes: AtomicU64,
    /// True while a limit of our own is waited for.
    held_back: AtomicBool,
}

impl Sent {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn is_held_back(&self) -> bool {
        self.held_back.load(Ordering::Relaxed)
    }
}

/// Bytes of the file that are sent in one request.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) original: Arc<Original>,
    pub(super) range: ByteRange,
    pub(super) sum: Option<Checksum>,
    /// How many parts there are in all, where that is known.
    pub(super) count: Option<u32>,
    pub(super) limiters: [Arc<Limiter>; 2],
    pub(super) sent: Arc<Sent>,
}

impl Payload for Piece {
    fn length(&self) -> u64 {
        self.range.len()
    }

    fn sum(&self) -> Option<Checksum> {
        self.sum.clone()
    }

    fn count(&self) -> Option<u32> {
        self.count
    }

    fn open(&self) -> Box<dyn Outgoing> {
        self.sent.bytes.store(0, Ordering::Relaxed);
        Box::new(Reading { position: self.range.start, piece: self.clone(), buffer: BytesMut::new(), debts: None })
    }
}

type Debts = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A piece that is being read.
struct Reading {
    piece: Piece,
    position: u64,
    /// Given back by the connection when it has sent what was in it, and used again.
    buffer: BytesMut,
    debts: Option<Debts>,
}

impl Reading {
    fn read(&mut self) -> Result<Chunk, Fault> {
        let piece = &self.piece;
        let is_limited = piece.limiters.iter().any(|limiter| limiter.is_limited());
        let most = if is_limited { LIMITED_CHUNK } else { CHUNK };
        let count = most.min(piece.range.end - self.position);
        self.buffer.resize(count as usize, 0);
        piece.original.file.read_exact_at(&mut self.buffer, self.position).map_err(|why| match why.kind() {
            std::io::ErrorKind::UnexpectedEof => changed(&piece.original.path),
            _ => Fault::disk(piece.original.path.display(), "reading the file", &why),
        })?;
        self.position += count;
        piece.sent.bytes.store(self.position - piece.range.start, Ordering::Relaxed);
        Ok(self.buffer.split().freeze())
    }

    /// Charges both limiters for bytes that go out now; what is owed is waited for before the next ones.
    fn charge(&mut self, bytes: u64) {
        let limiters = self.piece.limiters.clone();
        let debts = limiters.each_ref().map(|limiter| limiter.charge(bytes));
        if debts.iter().any(|debt| !debt.is_zero()) {
            self.piece.sent.held_back.store(true, Ordering::Relaxed);
            self.debts = Some(Box::pin(async move {
                for (limiter, debt) in limiters.iter().zip(debts) {
                    limiter.wait(debt).await;
                }
            }));
        }
    }
}

impl Outgoing for Reading {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if let Some(debts) = &mut self.debts {
            ready!(debts.as_mut().poll(context));
            self.debts = None;
            self.piece.sent.held_back.store(false, Ordering::Relaxed);
        }
        if self.position >= self.piece.range.end {
            return Poll::Ready(None);
        }
        let chunk = self.read();
        if let Ok(chunk) = &chunk {
            self.charge(chunk.len() as u64);
        }
        Poll::Ready(Some(chunk))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.piece.sent.held_back.store(false, Ordering::Relaxed);
    }
}
