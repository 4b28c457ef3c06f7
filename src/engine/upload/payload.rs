//! The bytes of a part on their way out: positioned reads, as fast as the limits allow. They are read once; what they hash
//! to is known when the last of them is out.

use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::super::limiter::Limiters;
use super::original::{Original, changed};
use super::proof::sums;
use super::sender::Doubt;
use crate::model::{Algorithm, ByteRange, Checksum, Fault, FaultKind, Lock};
use crate::protocol::{BoxFuture, Chunk, Outgoing, Payload};
use crate::store::{Sum, read_in_memory};

/// So much is read at once,
const CHUNK: u64 = 256 << 10;
/// and so much where there is a limit, so that it is not one gulp and a long wait.
const LIMITED_CHUNK: u64 = 16 << 10;
/// So much is read at once where the disk has to be waited for, on a thread of its own.
const FROM_DISK: u64 = 1 << 20;
/// So long it is waited for a store's word before what was announced is sent. One that refuses does so at once; that it does
/// not is told in a way that the HTTP library keeps to itself.
const MOMENT: Duration = Duration::from_millis(200);
/// The connection holds no more chunks at a time than this.
const MOST_SPARE: usize = 4;

/// How far the sending of a part has come. Bytes count when they are handed to the connection.
#[derive(Debug, Default)]
pub(super) struct Sent {
    bytes: AtomicU64,
    /// True while a limit of our own is waited for, or our own disk.
    held_back: AtomicBool,
    /// What all of them hash to.
    sum: Lock<Option<Checksum>>,
    /// Set while the store may have them all, and could not be asked.
    doubt: Lock<Option<Doubt>>,
}

impl Sent {
    /// Of a part that may have arrived before.
    pub(super) fn doubted(doubt: Option<Doubt>) -> Self {
        Self { doubt: Lock::new(doubt), ..Self::default() }
    }

    pub(super) fn doubt(&self, doubt: Doubt) {
        *self.doubt.lock() = Some(doubt);
    }

    pub(super) fn take_doubt(&self) -> Option<Doubt> {
        self.doubt.lock().take()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn is_held_back(&self) -> bool {
        self.held_back.load(Ordering::Relaxed)
    }

    /// What the bytes hash to that went out, once all of them have.
    pub(super) fn sum(&self) -> Option<Checksum> {
        self.sum.lock().clone()
    }

    fn set_sum(&self, sum: Option<Checksum>) {
        *self.sum.lock() = sum;
    }

    fn hold_back(&self, is_held: bool) {
        self.held_back.store(is_held, Ordering::Relaxed);
    }
}

/// Bytes of the file that are sent in one request.
#[derive(Clone)]
pub(super) struct Piece {
    original: Arc<Original>,
    range: ByteRange,
    /// What they are hashed with.
    algorithm: Algorithm,
    /// How many parts there are in all, where that is known.
    count: Option<u32>,
    limiters: Limiters,
    sent: Arc<Sent>,
    /// What they hash to, if somebody had to know it before they are sent.
    known: Arc<OnceLock<Checksum>>,
    is_announced: bool,
}

impl Piece {
    pub(super) fn new(
        original: Arc<Original>,
        range: ByteRange,
        algorithm: Algorithm,
        limiters: Limiters,
        sent: Arc<Sent>,
    ) -> Self {
        Self { original, range, algorithm, count: None, limiters, sent, known: Arc::default(), is_announced: false }
    }

    /// One of so many.
    pub(super) fn one_of(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// One whose bytes wait a moment for what the store says to its request.
    pub(super) fn announced(self, is_announced: bool) -> Self {
        Self { is_announced, ..self }
    }

    pub(super) fn original(&self) -> &Original {
        &self.original
    }

    pub(super) fn sent(&self) -> Arc<Sent> {
        self.sent.clone()
    }
}

impl Payload for Piece {
    fn length(&self) -> u64 {
        self.range.len()
    }

    fn count(&self) -> Option<u32> {
        self.count
    }

    fn sum(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Checksum, Fault>> {
        Box::pin(async move {
            if let Some(known) = self.known.get().filter(|known| known.algorithm == algorithm) {
                return Ok(known.clone());
            }
            self.sent.hold_back(true);
            let found = sums(self.original.clone(), self.range, vec![algorithm]).await;
            self.sent.hold_back(false);
            let lost = || Fault::new(FaultKind::State, self.original.path.display(), "a checksum was lost");
            let sum = found?.pop().ok_or_else(lost)?;
            if algorithm == self.algorithm {
                let _ = self.known.set(sum.clone());
            }
            Ok(sum)
        })
    }

    fn is_announced(&self) -> bool {
        self.is_announced
    }

    fn sent_sum(&self) -> Option<Checksum> {
        self.sent.sum()
    }

    fn open(&self) -> Box<dyn Outgoing> {
        Box::new(Reading::new(self.clone()))
    }
}

type Debts = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A piece that is being read.
struct Reading {
    piece: Piece,
    position: u64,
    /// What grows to its checksum, unless that is known.
    sum: Option<Sum>,
    spare: Spare,
    debts: Option<Debts>,
    /// A read that waits for the disk, on a thread of its own,
    disk: Option<JoinHandle<io::Result<BytesMut>>>,
    /// and what it brought and is not out yet.
    carry: BytesMut,
}

impl Reading {
    fn new(piece: Piece) -> Self {
        piece.sent.bytes.store(0, Ordering::Relaxed);
        piece.sent.set_sum(None);
        let sum = piece.known.get().is_none().then(|| Sum::new(piece.algorithm));
        let position = piece.range.start;
        let announced: Option<Debts> = piece.is_announced.then(|| Box::pin(sleep(MOMENT)) as Debts);
        piece.sent.hold_back(announced.is_some());
        let mut reading = Self {
            piece,
            position,
            sum,
            spare: Spare::default(),
            debts: announced,
            disk: None,
            carry: BytesMut::new(),
        };
        reading.end();
        reading
    }

    /// The next bytes. What the system has in memory is read here; for the rest a thread waits that may block.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<BytesMut>> {
        let is_limited = self.piece.limiters.is_limited();
        let rest = self.piece.range.end - self.position;
        let count = rest.min(if is_limited { LIMITED_CHUNK } else { CHUNK }) as usize;
        if self.carry.is_empty() && self.disk.is_none() {
            let mut buffer = self.spare.take(count);
            if read_in_memory(&self.piece.original.file, &mut buffer, self.position) {
                return Poll::Ready(Ok(buffer));
            }
            buffer.resize(rest.min(FROM_DISK) as usize, 0);
            let (original, position) = (self.piece.original.clone(), self.position);
            self.piece.sent.hold_back(true);
            self.disk = Some(spawn_blocking(move || {
                original.file.read_exact_at(&mut buffer, position)?;
                Ok(buffer)
            }));
        }
        if let Some(disk) = &mut self.disk {
            let read = ready!(Pin::new(disk).poll(context));
            self.disk = None;
            self.piece.sent.hold_back(false);
            self.carry = read.unwrap_or_else(|_| Err(io::Error::other("the thread that reads was lost")))?;
        }
        let count = count.min(self.carry.len());
        Poll::Ready(Ok(self.carry.split_to(count)))
    }

    /// Bytes that were read go out.
    fn handed_out(&mut self, buffer: BytesMut) -> Chunk {
        if let Some(sum) = &mut self.sum {
            sum.update(&buffer);
        }
        self.position += buffer.len() as u64;
        self.piece.sent.bytes.store(self.position - self.piece.range.start, Ordering::Relaxed);
        self.end();
        self.charge(buffer.len() as u64);
        self.spare.keep(buffer.freeze())
    }

    /// Tells what all bytes hash to, if these are all.
    fn end(&mut self) {
        if self.position >= self.piece.range.end {
            let sum = self.sum.take().and_then(Sum::finish);
            self.piece.sent.set_sum(sum.or_else(|| self.piece.known.get().cloned()));
        }
    }

    /// Charges both limiters for bytes that go out now; what is owed is waited for before the next ones.
    fn charge(&mut self, bytes: u64) {
        let debts = self.piece.limiters.charge(bytes);
        if debts.iter().any(|debt| !debt.is_zero()) {
            let limiters = self.piece.limiters.clone();
            self.piece.sent.hold_back(true);
            self.debts = Some(Box::pin(async move { limiters.wait(debts).await }));
        }
    }

    fn broken(&self, why: &io::Error) -> Fault {
        let path = &self.piece.original.path;
        match why.kind() {
            io::ErrorKind::UnexpectedEof => changed(path),
            _ => Fault::disk(path.display(), "reading the file", why),
        }
    }
}

impl Outgoing for Reading {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>> {
        if let Some(debts) = &mut self.debts {
            ready!(debts.as_mut().poll(context));
            self.debts = None;
            self.piece.sent.hold_back(false);
        }
        if self.position >= self.piece.range.end {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match ready!(self.poll_read(context)) {
            Ok(buffer) => Ok(self.handed_out(buffer)),
            Err(why) => Err(self.broken(&why)),
        }))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.piece.sent.hold_back(false);
    }
}

/// Chunks that were handed out, whose memory is used again once the connection has sent them.
#[derive(Default)]
struct Spare(VecDeque<Chunk>);

impl Spare {
    /// A buffer of so many bytes, of which each will be overwritten.
    fn take(&mut self, count: usize) -> BytesMut {
        let sent = self.0.pop_front().and_then(|oldest| match oldest.try_into_mut() {
            Ok(buffer) => Some(buffer),
            Err(busy) => {
                self.0.push_front(busy);
                None
            }
        });
        let mut buffer = sent.unwrap_or_default();
        buffer.resize(count, 0);
        buffer
    }

    fn keep(&mut self, chunk: Chunk) -> Chunk {
        if self.0.len() < MOST_SPARE {
            self.0.push_back(chunk.clone());
        }
        chunk
    }
}
