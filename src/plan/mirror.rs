//! Which of a file's mirrors the next connection should use: a scoreboard of what each has given.
//!
//! Each mirror is tried once, the preferred first. Then connections go where one more brings the most, so that in the
//! end each mirror has them in proportion to its speed. One that fails rests for a while that doubles with each
//! failure; one that has no such file, or another one, is not asked again. The last mirror is never dropped: whether
//! to go on with it is not decided here.

use std::time::Duration;

use super::retry::{backoff, may_pass};
use crate::model::{FaultKind, Moment};

/// Of a new measurement so much counts, and of what was known before the rest.
const NEW: f64 = 0.3;

/// A connection moves to another mirror if it would give so many times as much there.
const CLEARLY: f64 = 1.5;

/// No mirror rests for longer, whatever it asks for.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Where a mirror stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be asked.
    Ready,
    /// It failed, and is not asked before its rest is over.
    Resting,
    /// It is not asked again.
    Dropped,
}

/// One mirror.
#[derive(Clone, Debug, Default)]
struct Mirror {
    /// Connections to it that are open.
    open: u16,
    /// Bytes a second of one connection, once it was measured.
    speed: Option<f64>,
    /// Failures in a row.
    failures: u32,
    /// Not asked before this.
    rests_until: Moment,
    dropped: bool,
}

impl Mirror {
    fn standing(&self, now: Moment) -> Standing {
        if self.dropped {
            return Standing::Dropped;
        }
        if self.rests_until > now { Standing::Resting } else { Standing::Ready }
    }

    /// True until it has shown what it gives, or is about to.
    fn is_new(&self) -> bool {
        self.speed.is_none() && self.open == 0
    }
}

/// The mirrors of one file, by number; a lower one is preferred.
#[derive(Clone, Debug)]
pub struct Mirrors {
    all: Vec<Mirror>,
}

impl Mirrors {
    /// So many mirrors of which nothing is known; at least one.
    pub fn new(count: usize) -> Self {
        Self { all: vec![Mirror::default(); count.max(1)] }
    }

    /// More mirrors, found on the way, each of which is preferred less than all before.
    pub fn add(&mut self, count: usize) {
        self.all.extend(vec![Mirror::default(); count]);
    }

    /// How many there are, the dropped ones too.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// How many are not dropped.
    pub fn left(&self) -> usize {
        self.all.iter().filter(|mirror| !mirror.dropped).count()
    }

    /// Where a mirror stands.
    pub fn standing(&self, number: usize, now: Moment) -> Standing {
        self.all.get(number).map_or(Standing::Dropped, |mirror| mirror.standing(now))
    }

    /// True until a mirror has shown what it gives, or is about to.
    pub fn is_untried(&self, number: usize) -> bool {
        self.all.get(number).is_some_and(Mirror::is_new)
    }

    /// The mirrors that may be asked now, the one first that the next connection should use.
    pub fn order(&self, now: Moment) -> Vec<usize> {
        let mut ready: Vec<usize> =
            (0..self.all.len()).filter(|number| self.standing(*number, now) == Standing::Ready).collect();
        let measured: Vec<f64> = self.all.iter().filter_map(|mirror| mirror.speed).collect();
        let mean = measured.iter().sum::<f64>() / measured.len().max(1) as f64;
        // What one connection more would have, if the mirror shares what it gives among them. One that has failed since
        // it last gave a byte has to give one to a single connection before it gets more.
        let worth = |mirror: &Mirror| match (mirror.failures, mirror.open) {
            (1.., 1..) => 0.0,
            (_, open) => mirror.speed.unwrap_or(mean) / f64::from(open + 1),
        };
        ready.sort_by(|a, b| {
            let (a, b) = (&self.all[*a], &self.all[*b]);
            b.is_new().cmp(&a.is_new()).then(worth(b).total_cmp(&worth(a)))
        });
        ready
    }

    /// The mirror that should lose a connection to another, which gives clearly more for it: they were opened before much
    /// was known. A mirror's last one stays.
    pub fn overstaffed(&self, now: Moment) -> Option<usize> {
        let measured = self.all.iter().enumerate().filter_map(|(number, mirror)| {
            let speed = mirror.speed.filter(|_| mirror.standing(now) == Standing::Ready)?;
            Some((number, mirror.open, speed))
        });
        let share = |open: u16, speed: f64| speed / f64::from(open.max(1));
        let gain = measured.clone().map(|(_, open, speed)| share(open + 1, speed)).max_by(f64::total_cmp)?;
        let several =
            measured.filter(|(_, open, _)| *open > 1).map(|(number, open, speed)| (number, share(open, speed)));
        let (number, loss) = several.min_by(|a, b| a.1.total_cmp(&b.1))?;
        (gain > loss * CLEARLY).then_some(number)
    }

    /// A connection to a mirror is being opened.
    pub fn opened(&mut self, number: usize) {
        if let Some(mirror) = self.all.get_mut(number) {
            mirror.open = mirror.open.saturating_add(1);
        }
    }

    /// A connection to a mirror was closed.
    pub fn closed(&mut self, number: usize) {
        if let Some(mirror) = self.all.get_mut(number) {
            mirror.open = mirror.open.saturating_sub(1);
        }
    }

    /// Each of a mirror's connections gives so many bytes a second.
    pub fn measured(&mut self, number: usize, speed: f64) {
        if let Some(mirror) = self.all.get_mut(number) {
            mirror.speed = Some(mirror.speed.map_or(speed, |before| before + (speed - before) * NEW));
            if speed > 0.0 {
                mirror.failures = 0;
            }
        }
    }

    /// A mirror has failed: it rests, for as long as it has `asked` for at least. Returns for how long.
    pub fn failed(&mut self, number: usize, now: Moment, wait: Duration, asked: Duration, jitter: f64) -> Duration {
        let Some(mirror) = self.all.get_mut(number) else { return Duration::ZERO };
        mirror.failures = mirror.failures.saturating_add(1);
        let rest = backoff(mirror.failures, wait, jitter).max(asked.min(LONGEST_REST));
        mirror.rests_until = now + rest;
        rest
    }

    /// A mirror is of no use for this file. False, and nothing changes, if it is the last one.
    pub fn drop_for_good(&mut self, number: usize) -> bool {
        if self.left() <= 1 && self.all.get(number).is_some_and(|mirror| !mirror.dropped) {
            return false;
        }
        if let Some(mirror) = self.all.get_mut(number) {
            mirror.dropped = true;
        }
        true
    }

    /// A mirror that was dropped is asked again, as if it was new.
    pub fn take_back(&mut self, number: usize) {
        if let Some(mirror) = self.all.get_mut(number) {
            *mirror = Mirror { open: mirror.open, ..Mirror::default() };
        }
    }
}

/// What a fault says of the mirror that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// It is not the mirror's: the disk's, or the user's.
    None,
    /// It may get better.
    Passing,
    /// It won't: the mirror has no such file, or another one.
    Lasting,
}

/// Whether a fault is its mirror's, so that another mirror may do better.
pub fn blame(kind: FaultKind) -> Blame {
    use FaultKind as Kind;
    match kind {
        kind if may_pass(kind) => Blame::Passing,
        // Another machine of the same site may say this of the same bytes.
        Kind::Retagged => Blame::Passing,
        Kind::Status(_)
        | Kind::Tls
        | Kind::Redirect
        | Kind::RangeIgnored
        | Kind::Changed
        | Kind::Expired
        | Kind::Different => Blame::Lasting,
        _ => Blame::None,
    }
}
