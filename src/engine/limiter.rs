//! The one place where a speed limit is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::Clock;
use crate::model::{Lock, Rate};
use crate::plan::Bucket;

/// No wait is longer than this at a time, so that a new limit is felt at once.
const STEP: Duration = Duration::from_millis(500);

/// The limits that a transfer keeps: its own, and that on everything.
#[derive(Clone, Debug)]
pub(super) struct Limiters([Arc<Limiter>; 2]);

impl Limiters {
    pub(super) fn new(own: Arc<Limiter>, all: Arc<Limiter>) -> Self {
        Self([own, all])
    }

    pub(super) fn is_limited(&self) -> bool {
        self.0.iter().any(|limiter| limiter.is_limited())
    }

    /// The lower one of them.
    pub(super) fn rate(&self) -> Option<Rate> {
        self.0.iter().filter(|limiter| limiter.is_limited()).filter_map(|limiter| limiter.rate()).min()
    }

    /// False where those who read take about all that one of them allows.
    pub(super) fn has_spare(&self) -> bool {
        self.0.iter().all(|limiter| limiter.has_spare())
    }

    /// Charges all of them for bytes that were read; the answer is what each wants to be waited for, for `wait`.
    pub(super) fn charge(&self, bytes: u64) -> [Duration; 2] {
        self.0.each_ref().map(|limiter| limiter.charge(bytes))
    }

    /// Waits out what is owed. Time that passes pays for all of them: one after the other they would give much less than the
    /// lower one does.
    pub(super) async fn wait(&self, [own, all]: [Duration; 2]) {
        tokio::join!(self.0[0].wait(own), self.0[1].wait(all));
    }
}

/// A token bucket that many workers draw from. Without a limit it costs one relaxed load.
#[derive(Debug)]
pub(super) struct Limiter {
    limited: AtomicBool,
    bucket: Lock<Bucket>,
    clock: Clock,
}

impl Limiter {
    pub(super) fn new(rate: Option<Rate>, clock: Clock) -> Self {
        let limiter = Self { limited: AtomicBool::new(false), bucket: Lock::new(Bucket::unlimited()), clock };
        limiter.set(rate);
        limiter
    }

    /// Sets or lifts the limit.
    pub(super) fn set(&self, rate: Option<Rate>) {
        let mut bucket = self.bucket.lock();
        bucket.set_rate(rate, self.clock.now());
        self.limited.store(rate.is_some(), Ordering::Relaxed);
    }

    /// The limit.
    pub(super) fn rate(&self) -> Option<Rate> {
        self.bucket.lock().rate()
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    /// Charges for bytes that were read; the answer is how long to wait before the next read.
    pub(super) fn charge(&self, bytes: u64) -> Duration {
        if !self.is_limited() {
            return Duration::ZERO;
        }
        self.bucket.lock().charge(bytes, self.clock.now())
    }

    /// False where those who read take about all that the limit allows.
    pub(super) fn has_spare(&self) -> bool {
        !self.is_limited() || self.bucket.lock().has_spare(self.clock.now())
    }

    /// Waits out a debt. It is a debt of bytes: another limit makes what is left of the wait shorter or longer.
    pub(super) async fn wait(&self, debt: Duration) {
        let (mut rest, mut before) = (debt, self.rate());
        while !rest.is_zero() {
            let step = rest.min(STEP);
            tokio::time::sleep(step).await;
            rest -= step;
            let now = self.rate();
            match (before, now) {
                (Some(before), Some(now)) if before != now => {
                    rest = rest.mul_f64(before.bytes() as f64 / now.bytes().max(1) as f64);
                }
                (_, None) => return,
                _ => {}
            }
            before = now;
        }
    }
}
