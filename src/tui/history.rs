//! Speeds over time: of everything together, and of each transfer that ran while the screen was up. Time is an argument.

use std::collections::{HashMap, VecDeque};

use crate::api::Row;
use crate::model::{Moment, Rate, Status, TransferId};

/// Seconds that are kept one by one.
const MINUTE: usize = 60;
/// Into so many pieces the whole time is divided at the most; then two become one.
const PIECES: usize = 240;
/// Of so many transfers the speeds are kept; then those go that were seen first.
const TRACES: usize = 256;
/// A gap longer than this is not filled in second by second.
const LONGEST: u64 = 86_400;
/// In nanoseconds.
const SECOND: u128 = 1_000_000_000;

/// The speeds of one transfer, or of all together. The time in which it does not run does not count.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The last speed that was told, and when; `None` while it does not run.
    last: Option<(Moment, u64)>,
    /// Of the second that is not over yet: nanoseconds, and what came in them, in bytes times nanoseconds a second.
    part: (u128, u128),
    minute: VecDeque<u64>,
    whole: Vec<u64>,
    /// Of the piece that is not full yet: seconds, and the sum of their speeds.
    piece: (u64, u64),
    /// Seconds in a piece.
    span: u64,
}

impl Trace {
    /// From this moment on it has this speed; `None`: it does not run.
    pub fn note(&mut self, now: Moment, speed: Option<Rate>) {
        if let Some((since, bytes)) = self.last {
            self.pass(now.since(since).as_nanos().min(u128::from(LONGEST) * SECOND), bytes);
        }
        self.last = speed.map(|speed| (now, speed.bytes()));
    }

    /// The mean speed of each of the last seconds, the newest last.
    pub fn minute(&self) -> impl ExactSizeIterator<Item = u64> + DoubleEndedIterator {
        self.minute.iter().copied()
    }

    /// The whole time in pieces of equal length.
    pub fn whole(&self) -> Vec<u64> {
        let rest = (self.piece.0 > 0).then(|| self.piece.1 / self.piece.0);
        self.whole.iter().copied().chain(rest).collect()
    }

    /// How many seconds it ran.
    pub fn seconds(&self) -> u64 {
        self.whole.len() as u64 * self.span.max(1) + self.piece.0
    }

    fn pass(&mut self, mut span: u128, bytes: u64) {
        while span > 0 {
            let step = span.min(SECOND - self.part.0);
            self.part = (self.part.0 + step, self.part.1 + step * u128::from(bytes));
            span -= step;
            if self.part.0 == SECOND {
                self.second((self.part.1 / SECOND) as u64);
                self.part = (0, 0);
            }
        }
    }

    fn second(&mut self, bytes: u64) {
        if self.minute.len() == MINUTE {
            self.minute.pop_front();
        }
        self.minute.push_back(bytes);
        self.span = self.span.max(1);
        self.piece = (self.piece.0 + 1, self.piece.1.saturating_add(bytes));
        if self.piece.0 < self.span {
            return;
        }
        self.whole.push(self.piece.1 / self.span);
        self.piece = (0, 0);
        if self.whole.len() == PIECES {
            self.whole = self.whole.chunks(2).map(|two| two.iter().sum::<u64>() / two.len() as u64).collect();
            self.span *= 2;
        }
    }
}

/// The speeds of all that ran.
#[derive(Clone, Debug, Default)]
pub struct History {
    total: Trace,
    traces: HashMap<TransferId, Trace>,
    order: VecDeque<TransferId>,
}

impl History {
    /// The speed of everything together.
    pub fn total(&self) -> &Trace {
        &self.total
    }

    /// The speed of a transfer, if it ran.
    pub fn of(&self, id: TransferId) -> Option<&Trace> {
        self.traces.get(&id)
    }

    /// From this moment on everything together has this speed.
    pub fn note_total(&mut self, now: Moment, speed: Rate) {
        self.total.note(now, Some(speed));
    }

    /// From this moment on a transfer is so.
    pub fn note(&mut self, now: Moment, row: &Row) {
        let speed = row.live.as_ref().filter(|_| row.status == Status::Running).map(|live| live.speed);
        if speed.is_none() && !self.traces.contains_key(&row.id) {
            return;
        }
        if !self.traces.contains_key(&row.id) {
            self.order.push_back(row.id);
            if self.order.len() > TRACES {
                self.order.pop_front().map(|oldest| self.traces.remove(&oldest));
            }
        }
        self.traces.entry(row.id).or_default().note(now, speed);
    }
}
