//! Who loses to whom: a connection with nothing to do takes over from the one that would end last, and one that has stalled
//! or crawls loses all of its rest.

use std::time::Duration;

use super::growth::{self, LEAST};
use super::segment::{Lease, LeaseId, MIN_PART, MIN_STEAL, Opener, Plan};
use crate::model::{ByteRange, Moment};

/// A takeover must end the file sooner by at least this, in seconds.
const MIN_GAIN: f64 = 0.05;
/// So much sooner, if a connection has to be opened for less than `MIN_PART`, in seconds.
const NEW_GAIN: f64 = 0.3;
/// What has been asked for comes slowly at first: in the time of an answer no more than about so many bytes,
const AT_ONCE: f64 = 65_536.0;
/// and twice as many in the next. For as long as so many answers more there is little of it,
const DOUBLINGS: f64 = 2.0;
/// but not for longer than this, in seconds, as a server that thinks long is not far away for that.
const SLOW_START: f64 = 0.6;
/// Nor is it opened for less than this, if what it takes over from goes on.
pub const MIN_SLOW_PART: u64 = 256 << 10;
/// The last bytes are asked for once more behind so long a silence, in seconds, and the time that the answer takes: many
/// servers send in lumps.
const HUSH: f64 = 0.1;
/// How long a lease must have had bytes before its speed is worth a connection.
const MEASURED: Duration = Duration::from_millis(200);
/// How long a lease is watched before it can count as slow.
const GRACE: Duration = Duration::from_secs(5);
/// A lease below this share of its fellows' mean speed is slow.
const SLOW: f64 = 0.2;

impl Lease {
    /// True if its last few bytes, `rest`, would be there long ago from another connection, of so many bytes a second and
    /// `start` seconds to its answer. So few that to have them twice costs nothing.
    fn hangs(&self, rest: ByteRange, pace: f64, start: f64, now: Moment) -> bool {
        let is_little = rest.len() <= MIN_STEAL && rest.len() as f64 <= pace * MIN_GAIN;
        is_little && self.began.is_some() && now.since(self.heard).as_secs_f64() >= start + HUSH
    }
}

impl Plan {
    /// The leases that should lose their rest: stalled, or far slower than their fellows for some seconds. Their
    /// connections are to be closed and the leases released.
    pub fn laggards(&self, now: Moment) -> Vec<LeaseId> {
        let moving: Vec<f64> = self.speeds(now).collect();
        let total: f64 = moving.iter().sum();
        let lags = |lease: &Lease| {
            let own = lease.meter.per_second(now);
            let fellows = moving.len() - usize::from(!lease.is_stalled(now, self.silence) && own > 0.0);
            if fellows == 0 || now.since(lease.meter.born()) < GRACE {
                return false;
            }
            let mean = (total - if lease.is_stalled(now, self.silence) { 0.0 } else { own }) / fellows as f64;
            lease.is_stalled(now, self.silence) || (fellows >= 2 && own < mean * SLOW)
        };
        // One that had a byte and has nothing left is at its end; one that had none has lost all to another.
        let busy = |lease: &Lease| !lease.missing().is_empty() || lease.position == lease.start;
        let slow = self.leases.iter().filter(|(_, lease)| busy(lease) && lags(lease));
        slow.map(|(id, _)| *id).collect()
    }

    /// Takes over the tail of the lease that will end last, in proportion to the speeds; all of it, where the piece that
    /// it would keep is not worth its connection.
    pub(super) fn take_over(&mut self, least: u64, opener: Opener, now: Moment) -> Option<ByteRange> {
        let is_small = self.length? < MIN_PART;
        let silence = self.silence;
        let (count, sum) = self.speeds(now).fold((0.0, 0.0), |(count, sum), speed| (count + 1.0, sum + speed));
        let known = if opener == Opener::Idle { self.pace } else { self.best };
        // Where none has had a byte yet, what was is the best guess of what comes.
        let guess = if count > 0.0 { Some(sum / count) } else { known };
        let mean = guess.unwrap_or(1.0);
        let pace = |lease: &Lease| match lease.meter.per_second(now) {
            _ if lease.is_stalled(now, silence) => mean * 1e-6,
            speed if speed > 0.0 => speed,
            _ => mean,
        };
        let start = self.start_up(mean);
        let rest = |lease: &Lease| ByteRange::new(lease.position.max(lease.writing), lease.end);
        // Until its first byte a connection waits for its answer, as the next one will.
        let waits = |lease: &Lease| match lease.began {
            None => (start - now.since(lease.meter.born()).as_secs_f64()).max(0.0),
            Some(_) => 0.0,
        };
        let time = |lease: &Lease| waits(lease) + rest(lease).len() as f64 / pace(lease);
        let victim = self.leases.values_mut().max_by(|a, b| time(a).total_cmp(&time(b)))?;
        let (own, all) = (pace(victim), rest(victim));
        let is_old = victim.began.is_some_and(|began| now.since(began) >= GRACE);
        let is_crawling = is_old && known.is_some_and(|known| own < known * SLOW);
        // What has been fast until now takes more from what crawls than the slow take from each other; and what crawls
        // itself does not take it back.
        let thief = known.filter(|known| is_crawling || *known < mean * SLOW).unwrap_or(mean);
        // Both are to end at the same time, the thief after its start.
        let share = (time(victim) - start).max(0.0) / (1.0 / own + 1.0 / thief);
        // A small file was not worth a second connection, and its link may be good for one request.
        let may_ask = opener == Opener::Idle || !is_small;
        let hangs = may_ask && victim.hangs(all, thief, start, now);
        let kept = match all.len().saturating_sub(share as u64) {
            _ if hangs || victim.is_stalled(now, silence) => 0,
            kept if is_crawling && kept < MIN_STEAL => 0,
            kept => kept,
        };
        let taken = ByteRange::new(all.start + kept, all.end);
        let enough = taken.len() >= least.max(MIN_STEAL.min(all.len()));
        let gain = time(victim) - start - taken.len() as f64 / thief;
        let is_worth_it = match opener {
            // Where each is slow a small part takes long too.
            Opener::New if !enough => {
                let is_measured = victim.began.is_some_and(|began| now.since(began) >= MEASURED);
                let is_part = taken.len() >= MIN_SLOW_PART && is_measured && own >= LEAST;
                (is_part || is_crawling && kept == 0) && gain >= NEW_GAIN
            }
            _ => enough && (guess.is_none() || gain >= MIN_GAIN),
        };
        if taken.is_empty() || !(is_worth_it || hangs) {
            return None;
        }
        victim.end = taken.start;
        if opener == Opener::New {
            self.best = None;
        }
        Some(taken)
    }

    /// True if the gaps are worth another connection though each has less than `MIN_PART` of them then: where those that there
    /// are were measured and are slow, as after a pause of what many fetched.
    pub(super) fn is_slow_enough_for_another(&self, now: Moment) -> bool {
        if self.held_back || self.length.is_none() || self.free.is_empty() {
            return false;
        }
        let is_measured = |lease: &&Lease| {
            let lasts = lease.began.is_some_and(|began| now.since(began) >= MEASURED);
            lasts && !lease.is_stalled(now, self.silence)
        };
        let speeds = self.leases.values().filter(is_measured).map(|lease| lease.meter.per_second(now));
        let (measured, sum) =
            speeds.filter(|speed| *speed > 0.0).fold((0.0, 0.0), |(count, sum), speed| (count + 1.0, sum + speed));
        let leased: u64 = self.leases.values().map(|lease| lease.missing().len()).sum();
        let (missing, count) = (self.free.total().saturating_add(leased), self.leases.len() as u64);
        let mean: f64 = sum / f64::max(measured, 1.0);
        // All of it ends sooner with one more, by the part of that one; which has its answer to wait for.
        let gain = missing as f64 / (mean * count as f64 * (count + 1) as f64) - self.start_up(mean);
        measured > 0.0
            && (LEAST..growth::SLOW).contains(&mean)
            && missing / (count + 1) >= MIN_SLOW_PART
            && gain >= NEW_GAIN
    }

    /// How long it takes from a request to the full speed of what it brings, in seconds, where that is so many bytes a second.
    fn start_up(&self, speed: f64) -> f64 {
        let Some(asking) = self.asking else { return 0.0 };
        // Slow start doubles with each round trip. Where each connection is slow, as on a lossy line, it has little to double;
        // to count on it all the same leaves the last bytes of the file to the slowest.
        let doublings = (speed * asking / AT_ONCE).max(1.0).log2().min(DOUBLINGS);
        asking + (asking * doublings).min(SLOW_START)
    }

    /// The speeds of the leases that move.
    fn speeds(&self, now: Moment) -> impl Iterator<Item = f64> {
        let moving = self.leases.values().filter(move |lease| !lease.is_stalled(now, self.silence));
        moving.map(move |lease| lease.meter.per_second(now)).filter(|speed| *speed > 0.0)
    }
}
