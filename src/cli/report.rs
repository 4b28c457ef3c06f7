//! What is told of the transfers: decides which line goes where, in each style.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::live::{Block, Size};
use super::outcome::Outcome;
use super::outlet::Outlet;
use super::{json, progress};
use crate::api::{Happening, Row};
use crate::model::{Fault, FaultKind, Source, TransferId, harmless};

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

/// How long the same trouble of one transfer is not told again.
const SAME_TROUBLE: Duration = Duration::from_secs(10);

/// A transfer that is followed.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Which.
    pub id: TransferId,
    /// Its URL without secrets.
    pub url: String,
    /// What people are told that it is called.
    pub name: String,
    /// Where the finished file will be, once the server has answered.
    pub target: Option<PathBuf>,
    /// When its task began, as far as this run saw it.
    pub started_at: Option<Instant>,
    /// Bytes of the whole, once the server has told.
    pub length: Option<u64>,
    /// Bytes that were there before this run.
    pub resumed: u64,
    /// Bytes done when its progress was last told.
    told: Option<u64>,
    /// Why it waits for room on its disk, while it does.
    pub waits: Option<Fault>,
    trouble: Option<(FaultKind, Instant)>,
}

impl Known {
    /// One of which nothing is known but its URL, which gives a first name.
    pub fn new(id: TransferId, source: &Source) -> Self {
        let name = source.last_segment().unwrap_or_else(|| source.host());
        let name = harmless(&name).into_owned();
        let url = source.to_string();
        let (target, started_at, length, resumed) = (None, None, None, 0);
        Self { id, url, name, target, started_at, length, resumed, told: None, waits: None, trouble: None }
    }

    /// Learns from what happened.
    pub fn learn(&mut self, happening: &Happening, now: Instant) {
        match happening {
            Happening::Started => (self.started_at, self.waits) = (Some(now), None),
            Happening::DiskFull(fault) => self.waits = Some(fault.clone()),
            Happening::Restarted(_) => self.resumed = 0,
            Happening::Answered { target, length, resumed, .. } => {
                (self.length, self.resumed) = (*length, *resumed);
                self.aim(target.clone());
            }
            Happening::Completed { target, .. } | Happening::Moved(target) | Happening::Renamed(target) => {
                self.aim(target.clone());
            }
            Happening::Relinked(source) | Happening::Became(source) => {
                let name = std::mem::take(&mut self.name);
                let now = Self::new(self.id, source);
                (self.url, self.name) = (now.url, if self.target.is_some() { name } else { now.name });
            }
            _ => {}
        }
    }

    fn aim(&mut self, target: PathBuf) {
        if let Some(name) = target.file_name() {
            self.name = harmless(&name.to_string_lossy()).into_owned();
        }
        self.target = Some(target);
    }

    /// True if it was not told yet that so many bytes are done. Fewer than there were before this run are the look of a moment
    /// before that was known.
    fn is_news(&self, done: u64) -> bool {
        let is_behind = done < self.resumed && self.told.is_none_or(|told| told < self.resumed);
        !is_behind && self.told != Some(done)
    }

    /// True if this trouble was just told: a server that cuts often would otherwise fill the screen.
    fn note_trouble(&mut self, kind: FaultKind, now: Instant) -> bool {
        let is_old = self.trouble.is_some_and(|(last, at)| last == kind && now.duration_since(at) < SAME_TROUBLE);
        if !is_old {
            self.trouble = Some((kind, now));
        }
        is_old
    }
}

/// A transfer that is waited for. Of one in a long list that has yet to begin no more is kept than its URL.
pub(super) struct Followed {
    pub id: TransferId,
    source: Source,
    known: Option<Box<Known>>,
}

impl Followed {
    /// One of which nothing is known but its URL.
    pub fn new(id: TransferId, source: &Source) -> Self {
        Self { id, source: source.clone(), known: None }
    }

    /// What is known of it, to learn more.
    pub fn known(&mut self) -> &mut Known {
        self.known.get_or_insert_with(|| Box::new(Known::new(self.id, &self.source)))
    }

    /// What is known of it, if anything has happened.
    pub fn seen(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// Why it waits for room on its disk, while it does.
    pub fn waits(&self) -> Option<&Fault> {
        self.seen()?.waits.as_ref()
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
