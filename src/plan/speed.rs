//! How fast bytes come, as a mean that forgets.

use std::time::Duration;

use crate::model::{Moment, Rate};

/// Over about so long the speed is a mean that tells how long the rest takes.
const STEADY: Duration = Duration::from_secs(12);

/// A mean of bytes a second in which a byte's weight falls to 37 % within `memory`. A value at any moment costs one
/// exponential, whatever the number of updates, and it falls by itself while nothing comes.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    memory: f64,
    weight: f64,
    last: Moment,
    born: Moment,
}

impl Meter {
    /// A meter that starts now and remembers for about so long.
    pub fn new(memory: Duration, now: Moment) -> Self {
        Self { memory: memory.as_secs_f64(), weight: 0.0, last: now, born: now }
    }

    /// So many bytes have come.
    pub fn add(&mut self, bytes: u64, now: Moment) {
        self.weight = self.weight * self.decay(now) + bytes as f64;
        self.last = self.last.max(now);
    }

    /// The mean, in bytes a second. A young meter divides by the time that it has lived, so that it does not start
    /// too low.
    pub fn per_second(&self, now: Moment) -> f64 {
        let age = now.since(self.born).as_secs_f64().max(0.05);
        let seen = self.memory * (1.0 - (-age / self.memory).exp());
        self.weight * self.decay(now) / seen
    }

    /// The mean as a rate.
    pub fn rate(&self, now: Moment) -> Rate {
        Rate::per_second(self.per_second(now).round() as u64)
    }

    /// When it was started.
    pub fn born(&self) -> Moment {
        self.born
    }

    /// How long `missing` bytes will take at this speed; `None` when nothing moves.
    pub fn eta(&self, missing: u64, now: Moment) -> Option<Duration> {
        let speed = self.per_second(now);
        let seconds = missing as f64 / speed;
        (speed >= 1.0 && seconds < 1e9).then(|| Duration::from_secs_f64(seconds))
    }

    fn decay(&self, now: Moment) -> f64 {
        (-now.since(self.last).as_secs_f64() / self.memory).exp()
    }
}

/// The speed of a transfer as people read it: a quick mean for the figure, and a slow one for the time that is left, which
/// would flicker with it. Both begin with the first bytes, so that the time in which none could come does not count; and
/// these came before that moment, so they don't count either.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    memory: Duration,
    /// The quick one and the slow one.
    begun: Option<(Meter, Meter)>,
}

impl Gauge {
    /// A gauge whose figure is a mean over about so long.
    pub fn new(memory: Duration) -> Self {
        Self { memory, begun: None }
    }

    /// So many bytes have come.
    pub fn add(&mut self, bytes: u64, now: Moment) {
        match &mut self.begun {
            Some((quick, slow)) => {
                quick.add(bytes, now);
                slow.add(bytes, now);
            }
            None if bytes == 0 => {}
            None => self.begun = Some((Meter::new(self.memory, now), Meter::new(STEADY, now))),
        }
    }

    /// The figure.
    pub fn rate(&self, now: Moment) -> Rate {
        self.begun.map_or(Rate::per_second(0), |(quick, _)| quick.rate(now))
    }

    /// How long `missing` bytes will take; `None` when nothing moves.
    pub fn eta(&self, missing: u64, now: Moment) -> Option<Duration> {
        let (quick, slow) = self.begun?;
        quick.eta(missing, now).and_then(|_| slow.eta(missing, now))
    }
}
