//! One connection: asks for a range, takes tokens, writes bytes; then helps where most is left to do.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::super::hosts::Permit;
use super::super::limiter::Limiter;
use super::desk::Desk;
use crate::model::{ByteRange, Fault, FaultKind, Header, Resource, Source};
use crate::plan::{LeaseId, Opener};
use crate::protocol::{Answer, Asked, Body, Chunk, Fetch, Request};

/// Bytes that have come are in the part file at most this much later, so that kill -9 loses next to nothing.
const FLUSH: Duration = Duration::from_millis(20);
/// Bytes of a worker's buffer, up to eight connections; half of it above. Measured: 256 KiB to 1 MiB cost the same CPU,
/// less costs more, and more falls out of the processor's cache.
const BUFFER: usize = 512 << 10;
/// How often a connection without a byte is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// An answer may hold fewer bytes than were asked for, but not fewer than this again and again.
const LEAST_ANSWER: u64 = 4096;
/// A debt at the limiter longer than this is not waited for with bytes in the buffer.
const DEBT: Duration = Duration::from_millis(50);
/// A write that takes longer than this is slow.
const SLOW_WRITE: Duration = Duration::from_millis(50);
/// After so many slow writes in a row a worker hands its writes to threads that may block.
const SLOW_WRITES: u32 = 3;

/// What all workers of one download share.
pub(super) struct Job {
    pub(super) desk: Arc<Desk>,
    pub(super) driver: Arc<dyn Fetch>,
    pub(super) source: Source,
    pub(super) headers: Arc<[Header]>,
    pub(super) resource: Arc<Resource>,
    pub(super) limiters: [Arc<Limiter>; 2],
    pub(super) stall: Duration,
    pub(super) connections: u16,
    /// False if the file is asked for as a whole, in one stream.
    pub(super) ranged: bool,
}

/// How a worker ended.
#[derive(Debug)]
pub(super) enum End {
    /// Nothing more to do, or it was told to stop.
    Idle,
    /// Something went wrong; what it did not fetch is free again. The number is the bytes of the last answer.
    Fault(Fault, u64),
}

/// One connection at work.
pub(super) struct Worker {
    pub(super) job: Arc<Job>,
    pub(super) number: u32,
    pub(super) stop: CancellationToken,
    /// Held for as long as the connection may be open, and given back by its drop.
    pub(super) _permit: Permit,
}

/// What the next wait brought.
enum Next {
    Chunk(Option<Result<Chunk, Fault>>),
    Stopped,
    Timer,
}

/// How the work on one lease ended.
enum LeaseEnd {
    /// All of it is written, or its rest was taken over.
    Finished,
    Stopped,
}

impl Worker {
    /// Works until nothing is left to do. The first lease may come with its answer.
    pub(super) async fn run(self, first: LeaseId, answer: Option<Answer>) -> End {
        let mut pen = Pen::new(&self.job, first);
        let end = self.work(first, answer, &mut pen).await;
        self.job.desk.leave(self.number);
        end
    }

    async fn work(&self, first: LeaseId, mut answer: Option<Answer>, pen: &mut Pen) -> End {
        let mut lease = first;
        loop {
            let before = pen.received;
            let end = self.fetch(lease, answer.take(), pen).await;
            self.job.desk.release(self.number, lease);
            match end {
                Ok(LeaseEnd::Stopped) => return End::Idle,
                Ok(LeaseEnd::Finished) => {}
                Err(fault) => return End::Fault(fault, pen.received - before),
            }
            match self.job.desk.lease(self.number, Opener::Idle, self.job.connections) {
                Some(next) if self.job.ranged => lease = next,
                _ => return End::Idle,
            }
        }
    }

    async fn fetch(&self, lease: LeaseId, answer: Option<Answer>, pen: &mut Pen) -> Result<LeaseEnd, Fault> {
        let answer = match answer {
            Some(answer) => answer,
            None => match self.ask(lease).await {
                Some(answer) => answer?,
                None => return Ok(LeaseEnd::Stopped),
            },
        };
        self.job.desk.receiving(self.number);
        self.job.desk.vouch(&answer.resource.digests);
        let missing = self.job.desk.missing(lease);
        pen.begin(lease, missing, missing.start - answer.start.min(missing.start));
        let streamed = self.stream(answer, pen).await;
        // Whatever happened, what has come is kept.
        let flushed = pen.flush().await;
        match (streamed, flushed) {
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok(end), Ok(_)) => Ok(end),
        }
    }

    /// Opens the lease's range; `None` if it was told to stop.
    async fn ask(&self, lease: LeaseId) -> Option<Result<Answer, Fault>> {
        let job = &self.job;
        let range = job.desk.missing(lease);
        let asked = match (job.ranged, job.desk.is_to_the_end(lease)) {
            (false, _) => Asked::Whole,
            (true, true) => Asked::From(range.start),
            (true, false) => Asked::Part(range),
        };
        let expected = Some(job.resource.clone());
        let request =
            Request { source: job.source.clone(), headers: job.headers.clone(), asked, expected, unless: None };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            answer = timeout(job.stall, job.driver.open(request)) => {
                Some(answer.unwrap_or_else(|_| Err(stalled(&job.source, job.stall))))
            }
        }
    }

    async fn stream(&self, answer: Answer, pen: &mut Pen) -> Result<LeaseEnd, Fault> {
        let job = &self.job;
        let mut body = answer.body;
        let mut stopped = Box::pin(self.stop.cancelled());
        let mut heard = Instant::now();
        let mut timer = Box::pin(sleep_until(heard + LOOK.min(job.stall)));
        loop {
            if let Some(due) = pen.due.filter(|due| *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
            match next(body.as_mut(), stopped.as_mut(), timer.as_mut()).await {
                Next::Stopped => return Ok(LeaseEnd::Stopped),
                Next::Chunk(Some(chunk)) => {
                    let chunk = chunk?;
                    let bytes = chunk.len() as u64;
                    if self.absorb(chunk, answer.end, pen).await? {
                        return Ok(LeaseEnd::Finished);
                    }
                    // A body that is always ready never lets `next` look at the stop.
                    if pen.buffer.is_empty() && self.stop.is_cancelled() {
                        return Ok(LeaseEnd::Stopped);
                    }
                    self.pay(bytes, pen).await?;
                }
                Next::Chunk(None) => return self.ended(answer.end, pen).await,
                Next::Timer => {
                    let now = Instant::now();
                    if std::mem::take(&mut pen.heard) {
                        heard = now;
                    }
                    if pen.flush().await? && !self.extend(answer.end, pen).await {
                        return Ok(LeaseEnd::Finished);
                    }
                    if now - heard >= job.stall {
                        return Err(stalled(&job.source, job.stall));
                    }
                    timer.as_mut().reset(now + LOOK.min(job.stall));
                }
            }
        }
    }

    /// Takes a chunk in; true if the lease is finished. A stream that goes on beyond its lease goes on with what is
    /// free there: that saves a request, and on a server that answers only once it saves the file.
    async fn absorb(&self, chunk: Chunk, end: Option<u64>, pen: &mut Pen) -> Result<bool, Fault> {
        let mut rest = pen.take(chunk).await?;
        while let Some(beyond) = rest {
            if !self.extend(end, pen).await {
                return Ok(true);
            }
            rest = pen.take(beyond).await?;
        }
        Ok(false)
    }

    /// Lets a finished lease grow, if its stream goes on and there is something free.
    async fn extend(&self, end: Option<u64>, pen: &mut Pen) -> bool {
        if !self.job.ranged || pen.dropped || end.is_none_or(|end| end <= pen.position) {
            return false;
        }
        let extended = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            extended = self.job.desk.extend(pen.lease) => extended,
        };
        pen.end = extended.unwrap_or(pen.end);
        extended.is_some()
    }

    /// The body has ended. That is right where its lease ends, or where the end of the file is not known.
    async fn ended(&self, promised: Option<u64>, pen: &mut Pen) -> Result<LeaseEnd, Fault> {
        if pen.flush().await? {
            return Ok(LeaseEnd::Finished);
        }
        let desk = &self.job.desk;
        let empty = promised == Some(pen.began) && pen.position == pen.began;
        let open_ended = self.job.resource.length.is_none() && (promised.is_none() || empty);
        if open_ended && desk.end_at(pen.lease) {
            return Ok(LeaseEnd::Finished);
        }
        // Fewer bytes than were asked for are legal: the rest is asked for again. But not a handful at a time.
        if promised == Some(pen.position) && pen.position > pen.began {
            if pen.position - pen.began >= LEAST_ANSWER {
                return Ok(LeaseEnd::Finished);
            }
            let detail = "the server gives only a few bytes of a part at a time";
            return Err(Fault::new(FaultKind::RangeIgnored, &self.job.source, detail));
        }
        Err(Fault::new(FaultKind::Cut, &self.job.source, "the connection ended before the last byte"))
    }

    /// Pays for bytes at both limiters, and waits if they are spent. What has come is written first.
    async fn pay(&self, bytes: u64, pen: &mut Pen) -> Result<(), Fault> {
        for limiter in &self.job.limiters {
            let debt = limiter.charge(bytes);
            if debt.is_zero() {
                continue;
            }
            if debt >= DEBT {
                pen.flush().await?;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                () = limiter.wait(debt) => self.job.desk.excuse(pen.lease),
            }
        }
        Ok(())
    }
}

/// The next chunk, unless a stop or the timer comes first. Data goes before all else, and costs no clock.
async fn next(
    body: &mut dyn Body,
    mut stopped: Pin<&mut WaitForCancellationFuture<'_>>,
    mut timer: Pin<&mut Sleep>,
) -> Next {
    poll_fn(|context| {
        if let Poll::Ready(chunk) = body.poll_chunk(context) {
            return Poll::Ready(Next::Chunk(chunk));
        }
        if stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(Next::Stopped);
        }
        timer.as_mut().poll(context).map(|()| Next::Timer)
    })
    .await
}

fn stalled(source: &Source, stall: Duration) -> Fault {
    let detail = format!("no byte came for {} s", stall.as_secs_f64());
    Fault::new(FaultKind::Stalled, source, detail)
}

/// A worker's buffer, and where in the file its first byte goes.
struct Pen {
    desk: Arc<Desk>,
    lease: LeaseId,
    buffer: Vec<u8>,
    size: usize,
    /// Where the lease's stream began.
    began: u64,
    /// Where the buffer's first byte goes.
    position: u64,
    /// Where the lease ended when last looked at; it may end sooner by now.
    end: u64,
    /// Bytes that come before the first wanted one.
    skip: u64,
    /// Bytes that this connection has given.
    received: u64,
    /// When the buffer is to be written, full or not.
    due: Option<Instant>,
    /// True if anything came since the last look.
    heard: bool,
    /// True once bytes of this stream were not written, since another connection had taken them over: the stream is
    /// ahead of `position` then, and can't go on there.
    dropped: bool,
    slow_writes: u32,
}

impl Pen {
    fn new(job: &Job, lease: LeaseId) -> Self {
        let most = if job.connections <= 8 { BUFFER } else { BUFFER / 2 };
        let size = usize::try_from(job.desk.missing(lease).len()).unwrap_or(most).clamp(1 << 12, most);
        Self {
            desk: job.desk.clone(),
            lease,
            buffer: Vec::with_capacity(size),
            size: most,
            began: 0,
            position: 0,
            end: 0,
            skip: 0,
            received: 0,
            due: None,
            heard: false,
            dropped: false,
            slow_writes: 0,
        }
    }

    fn begin(&mut self, lease: LeaseId, range: ByteRange, skip: u64) {
        self.buffer.clear();
        (self.lease, self.began, self.position, self.end) = (lease, range.start, range.start, range.end);
        (self.skip, self.dropped) = (skip, false);
    }

    /// Takes a chunk in. If that reaches the lease's end, what lies beyond it is given back.
    async fn take(&mut self, mut chunk: Chunk) -> Result<Option<Chunk>, Fault> {
        self.heard = true;
        self.received += chunk.len() as u64;
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
        self.skip -= skipped as u64;
        let _ = chunk.split_to(skipped);
        while !chunk.is_empty() {
            if self.buffer.is_empty() {
                self.due = Some(Instant::now() + FLUSH);
            }
            let held = self.buffer.len();
            let missing = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
            let room = self.size.min(missing).saturating_sub(held);
            self.buffer.extend_from_slice(&chunk.split_to(room.min(chunk.len())));
            if self.buffer.len() >= self.size.min(missing) && self.flush().await? {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    /// Writes what the buffer holds, up to where the lease ends now. True if the lease is finished.
    async fn flush(&mut self) -> Result<bool, Fault> {
        let held = self.buffer.len() as u64;
        self.due = None;
        if held == 0 {
            // Another connection may have taken the rest over.
            self.end = self.desk.missing(self.lease).end;
            return Ok(self.position >= self.end);
        }
        let (allowed, before) = self.desk.begin_write(self.lease, self.position, held);
        self.buffer.truncate(allowed as usize);
        self.dropped |= allowed < held;
        if allowed > 0 {
            self.write().await?;
            self.end = self.desk.wrote(self.lease, self.position, &self.buffer, before);
            self.position += allowed;
        }
        self.buffer.clear();
        Ok(allowed < held || self.position >= self.end)
    }

    /// One positioned write on this thread, where the bytes are still in its cache; on a disk that is slow again and
    /// again, on a thread that may block.
    async fn write(&mut self) -> Result<(), Fault> {
        if self.slow_writes >= SLOW_WRITES {
            let (desk, buffer, position) = (self.desk.clone(), std::mem::take(&mut self.buffer), self.position);
            let task = tokio::task::spawn_blocking(move || (desk.write(&buffer, position), buffer));
            let lost = |_| Fault::new(FaultKind::Disk, "the part file", "the writing thread was lost");
            let (written, buffer) = task.await.map_err(lost)?;
            self.buffer = buffer;
            return written;
        }
        let began = Instant::now();
        self.desk.write(&self.buffer, self.position)?;
        self.slow_writes = if began.elapsed() > SLOW_WRITE { self.slow_writes + 1 } else { 0 };
        Ok(())
    }
}
