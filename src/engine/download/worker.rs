//! One connection: asks for a range, takes tokens, writes bytes; then helps where most is left to do.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::super::hosts::Permit;
use super::super::limiter::Limiters;
use super::super::patiently::in_time;
use super::desk::Desk;
use super::parts::PartEnd;
use super::pen::Pen;
use super::version::Version;
use crate::model::{ByteRange, Fault, FaultKind, Header, Rate, Resource, Source};
use crate::plan::{LeaseId, Opener, unread};
use crate::protocol::{Answer, Asked, Body, Chunk, Ends, Fetch, Request, Sockets};

/// How often a connection without a byte is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// An answer may hold fewer bytes than were asked for, but not fewer than this again and again.
const LEAST_ANSWER: u64 = 4096;
/// A debt at the limiter longer than this is not waited for with bytes in the buffer.
const DEBT: Duration = Duration::from_millis(50);

/// What all workers of one download share.
pub(super) struct Job {
    pub(super) desk: Arc<Desk>,
    pub(super) driver: Arc<dyn Fetch>,
    pub(super) source: Source,
    pub(super) headers: Arc<[Header]>,
    /// True if the user has named the place.
    pub(super) named: bool,
    pub(super) resource: Arc<Resource>,
    pub(super) version: Version,
    pub(super) sockets: Arc<Sockets>,
    pub(super) limiters: Limiters,
    pub(super) stall: Duration,
    /// Which place it is, and its host, where there are several.
    pub(super) place: Option<usize>,
    pub(super) host: Option<Arc<str>>,
    /// False if the file is asked for as a whole, in one stream.
    pub(super) ranged: bool,
}

impl Job {
    /// True while a limit of our own is used up.
    pub(super) fn is_held_back(&self) -> bool {
        self.limiters.charge(0).iter().any(|debt| !debt.is_zero())
    }

    /// Fits how much a connection whose answer took so long may hold unread to a limit; false if another connection has to
    /// take its place.
    pub(super) fn fit(&self, ends: Option<Ends>, limit: Option<Rate>, asking: Duration) -> bool {
        // One stream can't go on on another connection.
        let bytes = limit.filter(|_| self.ranged).and_then(|limit| unread(limit, asking));
        ends.is_none_or(|ends| self.sockets.hold(ends, bytes))
    }
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
    pub(super) permit: Permit,
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
            match self.job.desk.lease(self.number, Opener::Idle, self.job.is_held_back()) {
                Some(next) if self.job.ranged => lease = next,
                _ => return End::Idle,
            }
        }
    }

    async fn fetch(&self, lease: LeaseId, answer: Option<Answer>, pen: &mut Pen) -> Result<LeaseEnd, Fault> {
        let Some(answer) = self.fitting(lease, answer, pen).await else { return Ok(LeaseEnd::Stopped) };
        let answer = answer?;
        self.permit.answered();
        self.job.learn(&answer.resource)?;
        let peer = answer.ends.map(|ends| ends.peer.ip());
        self.job.desk.receiving(self.number, self.job.host.as_ref(), peer);
        self.job.desk.vouch(&answer.resource.digests);
        let missing = self.job.desk.missing(lease);
        pen.begin(lease, missing, (answer.start, answer.end));
        let streamed = self.stream(answer, pen).await;
        // Whatever happened, what has come is kept.
        let flushed = pen.flush().await;
        let end = match (streamed, flushed) {
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok(end), Ok(_)) => Ok(end),
        };
        self.job.desk.part_ended(ByteRange::new(pen.began, pen.position), part_end(&end));
        end
    }

    /// An answer for the lease on a connection that is fit for the limit of now; `None` if it was told to stop.
    async fn fitting(&self, lease: LeaseId, mut given: Option<Answer>, pen: &mut Pen) -> Option<Result<Answer, Fault>> {
        loop {
            let begun = Instant::now();
            let (answer, asking) = match given.take() {
                Some(answer) => (answer, self.job.desk.lock().plan.asking()),
                None => match self.ask(lease).await? {
                    Ok(answer) => (answer, begun.elapsed()),
                    refused => return Some(refused),
                },
            };
            if pen.comes_on(&self.job, answer.ends, asking) {
                return Some(Ok(answer));
            }
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
        let expected = Some(job.known());
        let request = Request {
            source: job.source.clone(),
            headers: job.headers.clone(),
            asked,
            expected,
            unless: None,
            named: job.named,
            brief: false,
        };
        // A connection has a task of its own, which closes it after an answer that was not read to its end. A server that
        // counts would see one too many if the next one were opened before.
        yield_now().await;
        let begun = Instant::now();
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            answer = in_time(&job.source, job.stall, job.driver.open(request)) => answer,
        };
        if answer.is_ok() {
            job.desk.lock().plan.answered(begun.elapsed());
        }
        Some(answer)
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
                    let debts = job.limiters.charge(chunk.len() as u64);
                    if self.absorb(chunk, answer.end, pen).await? {
                        return Ok(LeaseEnd::Finished);
                    }
                    // A body that is always ready never lets `next` look at the stop.
                    if pen.buffer.is_empty() && self.stop.is_cancelled() {
                        return Ok(LeaseEnd::Stopped);
                    }
                    self.pay(debts, pen).await?;
                    if job.ranged && !pen.fits(job) {
                        return Ok(LeaseEnd::Finished);
                    }
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
    async fn absorb(&self, mut chunk: Chunk, end: Option<u64>, pen: &mut Pen) -> Result<bool, Fault> {
        let goes_beyond = pen.cut_off(&mut chunk);
        let mut rest = pen.take(chunk).await?;
        while let Some(beyond) = rest {
            if !self.extend(end, pen).await {
                return Ok(true);
            }
            rest = pen.take(beyond).await?;
        }
        if goes_beyond {
            let detail = "the answer goes on beyond the part that it says it holds";
            return Err(Fault::new(FaultKind::WrongRange, &self.job.source, detail));
        }
        Ok(false)
    }

    /// Lets a finished lease grow, if its stream goes on and there is something free.
    async fn extend(&self, end: Option<u64>, pen: &mut Pen) -> bool {
        if !self.job.ranged {
            return !pen.dropped && pen.pass_on();
        }
        if pen.dropped || end.is_none_or(|end| end <= pen.position) {
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
        if pen.is_skipping() && !self.job.ranged {
            let detail = "the file on the server has changed: it is shorter than what came of it before";
            return Err(Fault::new(FaultKind::Changed, &self.job.source, detail));
        }
        let desk = &self.job.desk;
        let empty = promised == Some(pen.began) && pen.position == pen.began;
        let open_ended = self.job.resource.length.is_none() && (promised.is_none() || empty);
        if open_ended && desk.end_at(pen.lease) {
            return Ok(LeaseEnd::Finished);
        }
        // Fewer bytes than were asked for are legal: the rest is asked for again. But not a handful at a time.
        if promised == Some(pen.position) && pen.position > pen.began {
            let is_short = pen.position - pen.began < LEAST_ANSWER;
            // The last bytes of a file whose length nobody tells are few, and what follows says whether they are the last.
            if !is_short || self.job.resource.length.is_none() && !pen.was_short {
                pen.was_short = is_short;
                return Ok(LeaseEnd::Finished);
            }
            let detail = "the server gives only a few bytes of a part at a time";
            return Err(Fault::new(FaultKind::RangeIgnored, &self.job.source, detail));
        }
        Err(Fault::new(FaultKind::Cut, &self.job.source, "the connection ended before the last byte"))
    }

    /// Waits if what the limiters allow is spent. What has come is written first.
    async fn pay(&self, debts: [Duration; 2], pen: &mut Pen) -> Result<(), Fault> {
        let longest = debts.into_iter().max().unwrap_or_default();
        if longest.is_zero() {
            return Ok(());
        }
        if longest >= DEBT {
            pen.flush().await?;
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.job.limiters.wait(debts) => self.job.desk.excuse(pen.lease),
        }
        Ok(())
    }
}

fn part_end(end: &Result<LeaseEnd, Fault>) -> PartEnd {
    match end {
        Ok(LeaseEnd::Finished) => PartEnd::Came,
        Ok(LeaseEnd::Stopped) => PartEnd::Stopped,
        Err(fault) => PartEnd::Broke(fault.clone()),
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
