//! Whether and when to try again: a pure verdict and a pure schedule; the one sleep is in the engine.

use std::time::Duration;

use crate::model::{Fault, FaultKind, Patience};

/// The longest wait between two attempts of our own accord.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest wait that a server may ask for; a larger Retry-After counts as this.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// From this failure in a row on, a server that asks for less than haul would wait of its own accord is not heeded.
const MANY: u32 = 3;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try the same again after so long.
    Again {
        /// The wait.
        after: Duration,
    },
    /// Ask for less: one stream from the first byte instead of parts.
    Milder,
    /// It may be the same file still: compare bytes on disk with the server's before more are put to them.
    Compare,
    /// The file has changed: begin again from its first byte.
    Restart,
    /// It will not get better by itself.
    GiveUp,
}

/// What to do about `fault`, the `failures`-th in a row without a new byte (1 for the first). `kept` tells that there
/// are bytes on disk, which a milder way would throw away: then a server gets a second chance to give parts. `jitter`
/// is a random number from 0 to 1 that keeps clients from coming back all at once.
pub fn verdict(fault: &Fault, failures: u32, kept: bool, patience: &Patience, jitter: f64) -> Verdict {
    use FaultKind as Kind;
    match fault.kind {
        Kind::RangeIgnored if kept && failures < 2 => again(fault, failures, patience, jitter),
        Kind::RangeIgnored => Verdict::Milder,
        // A second page says that it is no accident.
        Kind::WebPage if failures > 1 => Verdict::GiveUp,
        Kind::Retagged => Verdict::Compare,
        Kind::WrongRange if failures > 2 => Verdict::Milder,
        Kind::Changed => Verdict::Restart,
        kind if may_pass(kind) => again(fault, failures, patience, jitter),
        _ => Verdict::GiveUp,
    }
}

/// The wait before the same is tried again after `fault`, where that is all that can be done about it: the `failures`-th in a
/// row; `None` to give up. `jitter` as with `verdict`.
pub fn again_after(fault: &Fault, failures: u32, patience: &Patience, jitter: f64) -> Option<Duration> {
    match verdict(fault, failures, false, patience, jitter) {
        Verdict::Again { after } => Some(after),
        _ => None,
    }
}

/// True if the same request may be answered better some time later.
pub fn may_pass(kind: FaultKind) -> bool {
    use FaultKind as Kind;
    let is_odd = matches!(kind, Kind::WrongRange | Kind::BadAnswer | Kind::WebPage | Kind::PartDamaged);
    let is_broken = matches!(kind, Kind::Resolve | Kind::Connect | Kind::Cut | Kind::Stalled);
    is_odd || is_broken || matches!(kind, Kind::Status(408 | 425 | 429 | 500 | 502..=599))
}

fn again(fault: &Fault, failures: u32, patience: &Patience, jitter: f64) -> Verdict {
    if failures > patience.retries {
        return Verdict::GiveUp;
    }
    let own = backoff(failures, patience.wait, jitter);
    // No time at all, or one that has passed by one of the two clocks, says nothing: all attempts would be gone at once.
    let asked = fault.retry_after.filter(|asked| !asked.is_zero());
    let least = if failures < MANY { Duration::ZERO } else { own };
    Verdict::Again { after: asked.map_or(own, |asked| asked.min(LONGEST_ASKED).max(least)) }
}

/// The wait before the next attempt after `failures` failures in a row: it doubles each time up to a minute, and is
/// then drawn from its upper half by `jitter` (0 to 1).
pub fn backoff(failures: u32, first: Duration, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = first.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// True if a refusal says that the link has expired. `passing`: the URL is signed or names an end of its validity;
/// `came`: bytes of the file are on disk, so the URL was good once.
pub fn is_expired(kind: FaultKind, passing: bool, came: bool, failures: u32) -> bool {
    match kind {
        FaultKind::Expired => true,
        FaultKind::Status(401 | 403 | 404 | 410) => passing || came,
        FaultKind::Status(400) => passing && came,
        // One page may be an accident on the way.
        FaultKind::WebPage => passing || failures > 1,
        _ => false,
    }
}

/// The wait before a connection is opened again that was lost after `bytes`, as the `meagre`-th in a row that gave
/// little. A server that cuts its answers after megabytes is asked again at once; one that gives a handful each time
/// is not to be flooded with requests.
pub fn reopening(bytes: u64, meagre: u32, wait: Duration, jitter: f64) -> Duration {
    let (first, most) = match bytes {
        MUCH.. => (wait / 10, wait / 10),
        LITTLE.. => (wait / 10, wait / 5),
        _ => (wait / 10, wait),
    };
    backoff(meagre.max(1), first, jitter).min(most)
}

/// An answer of so many bytes was worth its request,
pub const MUCH: u64 = 1 << 20;
/// and one of fewer than this hardly.
const LITTLE: u64 = 64 << 10;
