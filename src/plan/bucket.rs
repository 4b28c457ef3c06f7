//! The token bucket: bytes are charged after they were read, and a debt is waited for.

use std::time::Duration;

use crate::model::{Moment, Rate};

/// How much a bucket that was idle may give at once, as time at its rate.
const BURST: f64 = 0.05;
/// What a connection is to hold unread, as time at the limit; the system takes twice as much.
const SLACK: f64 = 0.0125;
/// A connection may always hold so many bytes unread. With fewer a server could not fill a single packet on some ways.
const LEAST_UNREAD: f64 = 32.0 * 1024.0;
/// While an answer is asked for no more bytes than these may come at the limit. A connection whose buffer was set never
/// offers its server more than the 64 KiB that it began with, however large the buffer is (Linux), so that a long way
/// would carry less than the limit: measured, with 50 ms there and back, a third of 5 MB/s.
const NEAR: f64 = 32.0 * 1024.0;

/// How many bytes a connection that is read at no more than `limit` is to hold unread, where an answer takes so long;
/// `None` where the way is too long to tell it so.
pub fn unread(limit: Rate, asking: Duration) -> Option<u64> {
    let rate = limit.bytes() as f64;
    (rate * asking.as_secs_f64() <= NEAR).then(|| (rate * SLACK).max(LEAST_UNREAD) as u64)
}

/// A limit in bytes a second. Tokens may go below zero: one who has read too much waits until the debt is paid, so
/// that the mean is exact however large the reads are.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: Option<Rate>,
    tokens: f64,
    at: Moment,
}

impl Bucket {
    /// A bucket without limit.
    pub fn unlimited() -> Self {
        Self { rate: None, tokens: 0.0, at: Moment::ZERO }
    }

    /// Sets or lifts the limit. A debt stays a debt, in bytes.
    pub fn set_rate(&mut self, rate: Option<Rate>, now: Moment) {
        self.fill(now);
        self.rate = rate;
        self.tokens = if rate.is_some() { self.tokens.min(0.0) } else { 0.0 };
    }

    /// The limit.
    pub fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// Charges for bytes that were read, and tells how long to wait before the next read.
    pub fn charge(&mut self, bytes: u64, now: Moment) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        self.fill(now);
        self.tokens -= bytes as f64;
        // A rate of nothing, which no command line accepts but a file may hold, is an endless wait and no panic.
        let wait = (-self.tokens).max(0.0) / rate.bytes().max(1) as f64;
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
    }

    /// True unless those who draw take about all that there is: one who joins them brings nothing then.
    pub fn has_spare(&self, now: Moment) -> bool {
        self.rate.is_none_or(|rate| self.tokens_at(now) >= rate.bytes() as f64 * BURST / 2.0)
    }

    fn tokens_at(&self, now: Moment) -> f64 {
        let Some(rate) = self.rate else { return self.tokens };
        let earned = now.since(self.at).as_secs_f64() * rate.bytes() as f64;
        (self.tokens + earned).min(rate.bytes() as f64 * BURST)
    }

    fn fill(&mut self, now: Moment) {
        (self.tokens, self.at) = (self.tokens_at(now), self.at.max(now));
    }
}
