//! Bytes on disk compared with the server's, before more are put to them.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::timeout;

use super::super::blocking::blocking;
use super::begin::Held;
use super::desk::Desk;
use super::task::{Halt, Task};
use crate::model::{ByteRange, Fault, FaultKind, Resource, Source};
use crate::protocol::{Answer, Asked};
use crate::store::{Fragment, PartFile};

/// Samples of what is on disk, and the bytes of each, that are compared with the server's when no strong validator
/// vouches for them.
pub(super) const SAMPLES: usize = 3;
pub(super) const SAMPLE: u64 = 4096;
/// A sample of so many bytes is one: Chromium compares as many.
const TELLING: u64 = 1 << 10;
/// As many bytes of all samples together, where an answer's ETag speaks against it that they are of the server's version,
const MUCH: u64 = 64 << 10;
/// and where no answer before it has said anything of a version.
const MOST: u64 = 1 << 20;

impl Desk {
    /// Samples of the bytes on disk, of at most so many bytes each: the last ones before a gap, and where there are
    /// more gaps than samples, of the first, the last and some between.
    pub(super) fn samples(&self, count: usize, most: u64) -> Vec<ByteRange> {
        let state = self.lock();
        let done = state.plan.done().ranges();
        let count = count.min(done.len());
        let chosen = (0..count).map(|number| done[number * (done.len() - 1) / count.saturating_sub(1).max(1)]);
        chosen.map(|held| ByteRange::new(held.end.saturating_sub(most).max(held.start), held.end)).collect()
    }

    /// Samples of bytes that are known to be those that were written: the claims around them were compared with the disk,
    /// without a wait for all the others. May block.
    fn sound_samples(&self, count: usize, most: u64) -> Result<Vec<ByteRange>, Fault> {
        loop {
            let samples = self.samples(count, most);
            let touches = |claim: &Fragment| samples.iter().any(|sample| !sample.intersect(claim.range()).is_empty());
            if self.lose_unsound(touches)? == 0 {
                return Ok(samples);
            }
        }
    }

    /// Loses those of some claims whose bytes on disk are not what was written; how many. May block.
    pub(super) fn lose_unsound(&self, chosen: impl Fn(&Fragment) -> bool) -> Result<usize, Fault> {
        let claims: Vec<Fragment> = self.lock().ledger.fragments().filter(chosen).collect();
        self.check(claims)
    }
}

impl Held {
    /// How many bytes a sample has.
    fn sample(&self) -> u64 {
        let pieces = self.desk.lock().plan.done().ranges().len().clamp(1, SAMPLES) as u64;
        match (self.doubted, self.resource.validator.is_none()) {
            (false, _) => SAMPLE,
            (true, true) => MOST / pieces,
            (true, false) => MUCH / pieces,
        }
    }
}

impl Task {
    /// Without a strong validator, some bytes on disk are compared with the server's before more are put to them.
    pub(super) async fn compare_overlap(&mut self) -> Result<(), Halt> {
        // One stream is compared as it comes.
        let Some(held) = self.held.as_ref().filter(|held| !held.vouched && held.ranged) else { return Ok(()) };
        // Where nothing is to be put to them, their server need not be there any more.
        if held.desk.is_complete() && !held.foreign {
            return Ok(());
        }
        let desk = held.desk.clone();
        // Bytes that are wrong on disk must not be taken for another version.
        let (doubted, most) = (held.doubted, held.sample());
        // An answer whose ETag is in doubt came from one of several machines: it is to be met again.
        let turns = if doubted && !held.resource.validator.is_none() { SAMPLES } else { 0 };
        let samples = blocking(move || desk.sound_samples(SAMPLES, most)).await?;
        for range in samples.iter().cycle().take(samples.len().max(turns)) {
            if self.compare_sample(*range).await? && doubted {
                break;
            }
        }
        if let Some(held) = &mut self.held {
            (held.vouched, held.doubted) = (true, false);
            held.claim_for(self.places.lead(), self.places.is_own(self.places.lead_number()));
        }
        Ok(())
    }

    /// Compares one sample. True if it came under an ETag that was not known to be one of these bytes.
    async fn compare_sample(&mut self, range: ByteRange) -> Result<bool, Halt> {
        let Some(held) = &self.held else { return Ok(false) };
        let request = self.request(Asked::Part(range), Some(held.expected()));
        let (answer, _permit) = self.open(request).await?;
        let stall = self.orders.shared.patience.stall;
        let compared = agrees(answer, range, &held.desk.part, self.places.lead(), stall);
        let now = self.unless_stopped(compared).await??;
        Ok(self.held.as_mut().is_some_and(|held| held.admit(&now.validator)))
    }
}

/// Compares an answer's bytes with those on disk; what it says of the file. Fails if they differ.
pub(super) async fn agrees(
    answer: Answer,
    range: ByteRange,
    part: &PartFile,
    source: &Source,
    stall: Duration,
) -> Result<Resource, Fault> {
    let resource = answer.resource.clone();
    let end = answer.end.map_or(range.end, |end| end.min(range.end));
    // Fewer bytes than were asked for are legal, and some of them are enough; but not a handful.
    if end.saturating_sub(range.start) < range.len().min(TELLING) {
        let detail = "the server gives only a few bytes of a part at a time";
        return Err(Fault::new(FaultKind::RangeIgnored, source, detail));
    }
    let range = ByteRange::new(range.start, end);
    let theirs = gather(answer, range, source, stall).await?;
    let mut ours = Vec::new();
    if part.read_at(range, &mut ours)? && ours == theirs {
        return Ok(resource);
    }
    let detail = "the file on the server has changed: its bytes differ from those on disk";
    Err(Fault::new(FaultKind::Changed, source, detail))
}

/// All bytes of a small range; those before it are not kept.
async fn gather(mut answer: Answer, range: ByteRange, source: &Source, stall: Duration) -> Result<Vec<u8>, Fault> {
    let late = |_| Fault::new(FaultKind::Stalled, source, "the answer stopped");
    let mut bytes = Vec::new();
    let mut at = answer.start;
    while at < range.end
        && let Some(chunk) = timeout(stall, poll_fn(|context| answer.body.poll_chunk(context))).await.map_err(late)?
    {
        let chunk = chunk?;
        let skipped = usize::try_from(range.start.saturating_sub(at)).unwrap_or(usize::MAX).min(chunk.len());
        bytes.extend_from_slice(&chunk[skipped..]);
        at += chunk.len() as u64;
    }
    if at < range.end && answer.end.is_some() {
        return Err(Fault::new(FaultKind::Cut, source, "the connection ended before the last byte"));
    }
    bytes.truncate(usize::try_from(range.len()).unwrap_or(usize::MAX));
    Ok(bytes)
}
