//! What is told of the transfers: decides which line goes where, in each style.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::followed::{Followed, Known};
use super::live::{Block, Size};
use super::outcome::Outcome;
use super::outlet::Outlet;
use super::{json, progress};
use crate::api::{Happening, Row};
use crate::model::{TransferId, harmless};

/// How a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// On a terminal: a live line for each running transfer on stderr, and a lasting one for each that ended.
    Live,
    /// Not on a terminal: lines on stderr at the start, about every ten seconds, and at the end.
    Plain,
    /// Only what went wrong, on stderr.
    Quiet,
    /// One JSON object a line on stdout; what went wrong also on stderr.
    Json,
}

impl Style {
    /// How much time lies between two looks at the progress; `None` for no looks.
    pub fn period(self) -> Option<Duration> {
        match self {
            Self::Live => Some(Duration::from_millis(100)),
            Self::Plain => Some(Duration::from_secs(10)),
            Self::Json => Some(Duration::from_secs(1)),
            Self::Quiet => None,
        }
    }
}

/// Tells, in one style, to two streams.
pub(super) struct Report<O, E> {
    style: Style,
    out: Outlet<O>,
    err: Outlet<E>,
    block: Block,
}

impl<O: Write, E: Write> Report<O, E> {
    /// A report in one style. `measure` says how large the terminal is.
    pub fn new(style: Style, out: O, err: E, measure: fn() -> Size) -> Self {
        Self { style, out: Outlet::new(out), err: Outlet::new(err), block: Block::new(measure) }
    }

    /// The style.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Tells what happened to one transfer.
    pub fn fact(&mut self, known: &mut Known, happening: &Happening, now: Instant) {
        if self.style == Style::Json {
            self.out.write(&json::fact(known, happening));
        }
        let is_fault = matches!(happening, Happening::Failed(_) | Happening::Refused(_) | Happening::Expired(_))
            || matches!(
                happening,
                Happening::Listed { left_out: 1.., .. }
                    | Happening::Described { left_out: 1.., .. }
                    | Happening::Joined { left_out: 1.. }
            );
        let is_old = matches!(happening, Happening::Retried { fault, .. } if known.note_trouble(fault.kind, now));
        let is_seen_live = self.style == Style::Live && matches!(happening, Happening::Started);
        let for_people = matches!(self.style, Style::Live | Style::Plain) && !is_old && !is_seen_live;
        let line = progress::fact(known, happening).filter(|_| for_people || is_fault);
        if let Some(line) = line {
            self.lasting(&line);
        }
    }

    /// Tells of the transfers that run.
    pub fn running(&mut self, rows: &[&Row], followed: &mut HashMap<TransferId, Followed>) {
        match self.style {
            Style::Live => self.err.write(&self.block.draw(rows)),
            Style::Plain => {
                for row in rows {
                    self.lasting(&progress::plain(row));
                }
            }
            Style::Json => {
                for row in rows {
                    let known = followed.get_mut(&row.id).map(Followed::known);
                    if let Some(known) = known.filter(|known| known.is_news(row.bytes_reached())) {
                        known.told = Some(row.bytes_reached());
                        self.out.write(&json::progress(known, row));
                    }
                }
            }
            Style::Quiet => {}
        }
    }

    /// Tells what is waited for.
    pub fn waits(&mut self, sentence: &str) {
        if matches!(self.style, Style::Live | Style::Plain) {
            self.lasting(&format!("{:<5} {sentence}", "wait"));
        }
    }

    /// Tells that haul stops before this one is complete.
    pub fn left(&mut self, known: &Known, row: Option<&Row>) {
        match self.style {
            Style::Live | Style::Plain => self.lasting(&progress::left(known, row)),
            Style::Json => self.out.write(&json::left(known, row)),
            Style::Quiet => {}
        }
    }

    /// Tells how many more are not complete.
    pub fn left_more(&mut self, count: usize) {
        if count > 0 && matches!(self.style, Style::Live | Style::Plain) {
            self.lasting(&format!("{:<5} and {count} more", "stop"));
        }
    }

    /// Tells how all ended that were followed for so long.
    pub fn all(&mut self, outcome: &Outcome, took: Duration) {
        if self.style == Style::Json && outcome.lacks() {
            self.out.write(&json::stopped(outcome));
        }
        let line = progress::all(outcome, took).filter(|_| matches!(self.style, Style::Live | Style::Plain));
        if let Some(line) = line {
            self.lasting(&line);
        }
    }

    /// Takes the live lines away.
    pub fn end(&mut self) {
        self.err.write(&self.block.clear());
    }

    /// Says so if a program was not told all: the transfers are as they are, but what was written of them is not whole.
    pub fn unwritten(&mut self) {
        if let Some(why) = self.out.trouble() {
            self.lasting(&format!("haul: not all of the output could be written: {why}"));
        }
    }

    /// Takes the live line of one that ended away, with the next text.
    pub fn forget(&mut self, id: TransferId) {
        self.block.forget(id);
    }

    /// One line for people that stays, above the live ones. The one place where text for people leaves haul, so no
    /// control character from outside gets past it.
    fn lasting(&mut self, line: &str) {
        let line = harmless(line);
        self.err.write(&self.block.around(&line));
    }
}
