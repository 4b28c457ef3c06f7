//! How a connection's bytes get into the part file: big chunks straight from the network's buffer, small ones gathered.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::blocking::blocking;
use super::desk::{Desk, Turn};
use super::parts::PartEnd;
use super::pieces::Pieces;
use super::worker::Job;
use crate::model::{ByteRange, Fault, Rate, Source};
use crate::plan::LeaseId;
use crate::protocol::{Chunk, Ends};

/// Bytes that have come are in the part file at most this much later, so that kill -9 loses next to nothing.
const FLUSH: Duration = Duration::from_millis(20);
/// Bytes of a worker's buffer, up to eight connections; half of it above. Measured: 256 KiB to 1 MiB cost the same CPU,
/// less costs more, and more falls out of the processor's cache.
const BUFFER: usize = 512 << 10;
/// A chunk of so many bytes is worth a write of its own, straight from where the network left it. Measured: what a write
/// costs beyond its bytes is about a copy of 100 KiB; and while it runs the next bytes gather in the kernel, so that a
/// fast sender wakes a worker a third as often.
const DIRECT: usize = 96 << 10;
/// Such a write ends at a multiple of this in the file, and what is left of the chunk goes before the next one. Measured:
/// from such places on the page cache takes large folios, which saves a quarter of a write's cost and of the sync's.
const ALIGNED: usize = 64 << 10;

/// A worker's buffer, and where in the file its first byte goes.
pub(super) struct Pen {
    desk: Arc<Desk>,
    pub(super) lease: LeaseId,
    place: Option<usize>,
    pub(super) buffer: Vec<u8>,
    size: usize,
    /// Where the lease's stream began.
    pub(super) began: u64,
    /// Where the buffer's first byte goes.
    pub(super) position: u64,
    /// Where the lease ended when last looked at; it may end sooner by now.
    pub(super) end: u64,
    /// Bytes that the answer's head speaks of and that have not come yet; `None` if it does not say how many.
    promised: Option<u64>,
    /// Bytes that come before the first wanted one.
    skip: u64,
    /// Where they come from, if they are on disk too and are to be compared.
    passing: Option<Source>,
    /// Bytes that this connection has given; of parts, without those that come before the first wanted one, which are no progress.
    pub(super) received: u64,
    /// The connection that it comes on, how long its answer took, and the limit that it was made fit for.
    ends: Option<Ends>,
    asking: Duration,
    limit: Option<Rate>,
    /// When the buffer is to be written, full or not.
    pub(super) due: Option<Instant>,
    /// True if anything came since the last look.
    pub(super) heard: bool,
    /// True once bytes of this stream were not written, since another connection had taken them over: the stream is
    /// ahead of `position` then, and can't go on there.
    pub(super) dropped: bool,
    /// True while the last answer of this connection held a few bytes only.
    pub(super) was_short: bool,
}

impl Pen {
    pub(super) fn new(job: &Job, lease: LeaseId) -> Self {
        let most = if job.desk.width() <= 8 { BUFFER } else { BUFFER / 2 };
        let size = usize::try_from(job.desk.missing(lease).len()).unwrap_or(most).clamp(1 << 12, most);
        Self {
            desk: job.desk.clone(),
            lease,
            place: job.place,
            buffer: Vec::with_capacity(size),
            size: most,
            began: 0,
            position: 0,
            end: 0,
            promised: None,
            skip: 0,
            passing: (!job.ranged).then(|| job.source.clone()),
            received: 0,
            ends: None,
            asking: Duration::ZERO,
            limit: None,
            due: None,
            heard: false,
            dropped: false,
            was_short: false,
        }
    }

    /// Begins with what a lease is missing, and an answer that says that it holds these bytes.
    pub(super) fn begin(&mut self, lease: LeaseId, range: ByteRange, (start, end): (u64, Option<u64>)) {
        self.buffer.clear();
        (self.lease, self.began, self.position, self.end) = (lease, range.start, range.start, range.end);
        (self.skip, self.dropped) = (range.start.saturating_sub(start), false);
        self.promised = end.map(|end| end.saturating_sub(start));
    }

    /// Cuts off what the answer's head does not speak of: nobody vouches for it. True if there was any.
    pub(super) fn cut_off(&mut self, chunk: &mut Chunk) -> bool {
        let Some(promised) = &mut self.promised else { return false };
        let length = chunk.len();
        chunk.truncate(usize::try_from(*promised).unwrap_or(usize::MAX));
        *promised -= chunk.len() as u64;
        chunk.len() < length
    }

    /// An answer came after so long, on this connection. False if that is not fit for the limit of now.
    pub(super) fn comes_on(&mut self, job: &Job, ends: Option<Ends>, asking: Duration) -> bool {
        (self.ends, self.asking, self.limit) = (ends, asking, job.limiters.rate());
        job.fit(ends, self.limit, asking)
    }

    /// Fits the connection to another limit; false if it can't be.
    pub(super) fn fits(&mut self, job: &Job) -> bool {
        let limit = job.limiters.rate();
        limit == std::mem::replace(&mut self.limit, limit) || job.fit(self.ends, limit, self.asking)
    }

    /// Takes a chunk in. If that reaches the lease's end, what lies beyond it is given back.
    pub(super) async fn take(&mut self, mut chunk: Chunk) -> Result<Option<Chunk>, Fault> {
        self.heard = true;
        self.received += chunk.len() as u64;
        if self.skip > 0 {
            self.skip_first(&mut chunk).await?;
        }
        while !chunk.is_empty() {
            let missing = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
            let finished = if self.buffer.len() < ALIGNED && chunk.len() >= DIRECT {
                self.put_directly(&mut chunk, missing).await?
            } else {
                self.gather(&mut chunk, self.size.min(missing)).await?
            };
            if finished {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    /// Skips what comes before the first wanted byte.
    async fn skip_first(&mut self, chunk: &mut Chunk) -> Result<(), Fault> {
        let skipped = chunk.split_to(usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len()));
        let at = self.position - self.skip;
        self.skip -= skipped.len() as u64;
        let Some(source) = &self.passing else {
            self.received -= skipped.len() as u64;
            return Ok(());
        };
        self.desk.excuse(self.lease);
        self.desk.compare_passing(source, at, skipped).await
    }

    /// True while what comes is before the first wanted byte.
    pub(super) fn is_skipping(&self) -> bool {
        self.skip > 0
    }

    /// The stream goes on with the next gap, and what is on disk before it passes by. False if there is none.
    pub(super) fn pass_on(&mut self) -> bool {
        let Some(gap) = self.desk.pass_on(self.lease) else { return false };
        self.desk.part_ended(ByteRange::new(self.began, self.position), PartEnd::Came);
        self.skip = gap.start - self.position;
        (self.began, self.position, self.end) = (gap.start, gap.start, gap.end);
        true
    }

    /// Fills the buffer from a chunk, up to so many bytes, and writes it when it is full. True if the lease is finished.
    async fn gather(&mut self, chunk: &mut Chunk, most: usize) -> Result<bool, Fault> {
        if self.buffer.is_empty() {
            self.due = Some(Instant::now() + FLUSH);
        }
        let room = most.saturating_sub(self.buffer.len());
        self.buffer.extend_from_slice(&chunk.split_to(room.min(chunk.len())));
        if self.buffer.len() < most { Ok(false) } else { self.flush().await }
    }

    /// Writes what the buffer holds and most of a chunk. True if the lease is finished.
    async fn put_directly(&mut self, chunk: &mut Chunk, missing: usize) -> Result<bool, Fault> {
        let held = self.buffer.len();
        let all = missing.min(held + chunk.len());
        let over = usize::try_from((self.position + all as u64) % ALIGNED as u64).unwrap_or(0);
        // Where the lease ends there, nothing comes that it could go before.
        let most = if all == missing { all } else { all - over };
        let rest = chunk.split_to(most.saturating_sub(held));
        self.put_all(&rest).await
    }

    /// Writes what the buffer holds. True if the lease is finished.
    pub(super) async fn flush(&mut self) -> Result<bool, Fault> {
        self.put_all(&[]).await
    }

    /// Writes what the buffer holds and more behind it. True if the lease is finished.
    async fn put_all(&mut self, more: &[u8]) -> Result<bool, Fault> {
        self.due = None;
        let mut held = std::mem::take(&mut self.buffer);
        let finished = self.put(Pieces([&held, more])).await;
        held.clear();
        self.buffer = held;
        finished
    }

    /// Writes the lease's next bytes, up to where it ends now. True if the lease is finished.
    async fn put(&mut self, bytes: Pieces<'_>) -> Result<bool, Fault> {
        if bytes.is_empty() {
            // Another connection may have taken the rest over.
            self.end = self.desk.missing(self.lease).end;
            return Ok(self.position >= self.end);
        }
        let turn = self.desk.begin_write(self.lease, self.position, bytes.len() as u64);
        let allowed = bytes.first(turn.allowed);
        self.dropped |= allowed.len() < bytes.len();
        if !allowed.is_empty() {
            let took = self.write(allowed, &turn).await?;
            self.end = self.desk.wrote(self.lease, self.position, allowed, turn.before, took, self.place);
            self.position += allowed.len() as u64;
        }
        Ok(allowed.len() < bytes.len() || self.position >= self.end)
    }

    /// One positioned write on this thread, where the bytes are still in its cache; on a disk that is slow, on a thread
    /// that may block. Tells how long it took.
    async fn write(&self, bytes: Pieces<'_>, turn: &Turn) -> Result<Duration, Fault> {
        let (position, compares) = (self.position, turn.compares);
        if turn.blocks {
            let (desk, bytes) = (self.desk.clone(), bytes.joined());
            return blocking(move || desk.write(Pieces([&bytes, &[]]), position, compares)).await;
        }
        self.desk.write(bytes, position, compares)
    }
}
