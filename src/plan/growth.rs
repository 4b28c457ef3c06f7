//! How many connections a transfer has, where nobody says: few at first, more for as long as that brings more.

use std::time::Duration;

use crate::model::Moment;

/// The first number of an upload: what is on its way when haul is killed has to be sent again, by whole parts.
const SENDING: u16 = 2;
/// What is handed to a connection comes in large pieces, so that a short look tells nothing.
const SENDING_WINDOW: Duration = Duration::from_millis(600);
/// The first number of a download, and that for a server far away: there each connection takes long to come to its speed, and so does
/// finding out that more would help.
const NEAR: u16 = 8;
const FAR: u16 = 16;
/// So many times fewer for a download that was killed.
const CAUTIOUS: u16 = 4;
/// An answer after this is from far away. It takes two round trips or three, one of them for the connection.
const FAR_FROM: Duration = Duration::from_millis(70);
/// No more than this, unless each connection gives less than `SLOW`.
const MOST: u16 = 16;
/// No more than this at all.
const MOST_SLOW: u16 = 32;
/// Bytes a second of a connection that is held back: by a lossy line, or by a server that gives each so much.
pub(super) const SLOW: f64 = 1_572_864.0;
/// A server that gives each connection less than this, in bytes a second, has enough to do with those that there are.
pub(super) const LEAST: f64 = 32_768.0;
/// What is measured for less than this says nothing.
const SHORTEST: Duration = Duration::from_millis(200);
/// And this is the longest measurement: a server that sends in lumps has one each second.
const LONGEST: Duration = Duration::from_secs(2);
/// Twice as many must bring this much more in all.
const WORTH: f64 = 1.25;
/// A first half of a measurement with so many times as much as the second was a gift that does not last.
const STEADY: f64 = 1.6;
/// A second half with so many times as much as the first is still on its way to its speed; slow start doubles with each
/// round trip.
const RISING: f64 = 1.8;
/// So many measurements tell that more connections bring nothing, or this time does.
const PATIENCE: u32 = 6;
const MOST_PATIENCE: Duration = Duration::from_secs(6);
/// What is left must take so many times as long as a measurement, at the present speed.
const LEFT: f64 = 2.5;
/// Where what is left takes no longer than this, in seconds, there is no time to find out what lasts.
const SOON: f64 = 3.0;

/// The number of connections of one transfer.
#[derive(Clone, Debug)]
pub struct Growth {
    now: u16,
    /// Before the last step, with the bytes a second in all that they gave.
    before: Option<(u16, f64)>,
    settled: bool,
    /// What it begins with that was not killed,
    usual: u16,
    /// and the first number is so many times smaller.
    fewer: u16,
    /// The answer's time tells how long a measurement takes, and what comes may make that longer.
    window: Duration,
    /// When the present measurement began, its second half too, and the bytes that had come by then.
    since: Option<(Moment, u64)>,
    middle: Option<(Moment, u64)>,
}

impl Growth {
    /// The user has said how many.
    pub fn fixed(connections: u16) -> Self {
        let now = connections.max(1);
        Self { now, before: None, settled: true, usual: now, fewer: 1, window: SHORTEST, since: None, middle: None }
    }

    /// To be found out.
    pub fn chosen() -> Self {
        Self { settled: false, ..Self::fixed(NEAR) }
    }

    /// To be found out for an upload.
    pub fn sending() -> Self {
        Self { settled: false, window: SENDING_WINDOW, ..Self::fixed(SENDING) }
    }

    /// To be found out for an upload that was cut off: what did that once may do it again, and each connection then loses a
    /// part. It takes its time to open more.
    pub fn resending() -> Self {
        Self { now: 1, window: LONGEST, ..Self::sending() }
    }

    /// The run before was killed, which may come again: what is on its way to each connection is lost then. It begins with
    /// few, unless it is known how many there are to be.
    pub fn be_cautious(&mut self) {
        self.fewer = CAUTIOUS;
    }

    /// True while there are fewer than any other download begins with.
    pub fn is_cautious(&self) -> bool {
        !self.settled && self.now < self.usual
    }

    /// How many there are to be now.
    pub fn connections(&self) -> u16 {
        self.now
    }

    /// How many there may be before long. What is left for those need not be taken from the others, whose connections would
    /// then end in the middle of their answers.
    pub fn expected(&self) -> u16 {
        if self.settled { self.now } else { self.now.saturating_mul(2).min(MOST_SLOW) }
    }

    /// The first answer came after so long, with the time for its connection.
    pub fn answered(&mut self, after: Duration) {
        if self.settled || self.before.is_some() || self.since.is_some() {
            return;
        }
        self.usual = if after < FAR_FROM { NEAR } else { FAR };
        self.now = self.usual / self.fewer;
        self.window = after.clamp(SHORTEST, SHORTEST * 5);
    }

    /// There are to be no more: the host gives none, or something else holds the speed back.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// Looks at what comes: bytes so far, connections that receive, bytes still to come. True if there are to be more
    /// connections, or fewer again, from now on.
    pub fn look(&mut self, now: Moment, bytes: u64, receiving: u16, missing: u64) -> bool {
        // A connection or two may be between two answers.
        if self.settled || receiving < self.now - self.now / 4 {
            (self.since, self.middle) = (None, None);
            return false;
        }
        let Some(since) = self.since else {
            self.since = Some((now, bytes));
            return false;
        };
        let (span, rate) = measured(since, (now, bytes));
        let left = missing as f64 / rate.max(1.0);
        let is_worth_it = left >= LEFT * span.as_secs_f64();
        if self.middle.is_none() && span * 2 >= self.window {
            self.middle = Some((now, bytes));
        }
        let Some(middle) = self.middle.filter(|_| span >= self.window) else { return false };
        let (first, second) = (measured(since, middle).1, measured(middle, (now, bytes)).1);
        // They come to their speed by themselves (slow start): more of them would only share it.
        if second > first * RISING {
            (self.since, self.middle) = (Some(middle), Some((now, bytes)));
            return false;
        }
        // They had much at first, as of a server that holds each of them back from then on: what comes later is to be
        // compared with what lasts. Or it comes in lumps, and a measurement has to be longer than from one to the next.
        if self.before.is_none() && second * STEADY < first {
            self.window = (self.window * 2).min(LONGEST);
            (self.since, self.middle) = (Some(middle), None);
            // Where that would take too long, more are opened on the mere guess that each of them is held back.
            return left < SOON && self.step((rate, second), is_worth_it);
        }
        // The new ones had theirs at first, and may have to wait for the next: that they bring nothing takes longer to tell.
        let is_low = self.before.is_some_and(|(_, less)| rate < less * WORTH);
        if is_low && span < (self.window * PATIENCE).min(MOST_PATIENCE) {
            return false;
        }
        (self.since, self.middle) = (None, None);
        self.step((rate, rate), is_worth_it)
    }

    /// To be done at this rate, of which so much is to last.
    fn step(&mut self, (rate, lasting): (f64, f64), is_worth_it: bool) -> bool {
        let most = if rate / f64::from(self.now) < SLOW { MOST_SLOW } else { MOST };
        match self.before {
            Some((fewer, less)) if rate < less * WORTH => {
                (self.settled, self.now) = (true, fewer);
                true
            }
            _ if self.now < most && is_worth_it && rate / f64::from(self.now) >= LEAST => {
                (self.since, self.middle) = (None, None);
                self.before = Some((self.now, lasting));
                self.now = (self.now * 2).min(most);
                true
            }
            _ => false,
        }
    }
}

/// The time between two looks, and the bytes a second in it.
fn measured((since, from): (Moment, u64), (now, bytes): (Moment, u64)) -> (Duration, f64) {
    let span = now.since(since);
    (span, bytes.saturating_sub(from) as f64 / span.as_secs_f64().max(1e-9))
}
