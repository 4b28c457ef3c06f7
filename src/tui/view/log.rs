//! What happened to the selected transfer, the newest lowest: the time of day, a word and a sentence, which is wrapped and
//! never cut off. Where another day begins, its date stands between.

use std::time::{Duration, UNIX_EPOCH};

use httpdate::fmt_http_date;
use ratatui::text::{Line, Span};

use super::super::{Role, State};
use super::text;
use crate::api::{Level, LogEntry, Row};
use crate::model::{Status, harmless};

/// The time, the word, and blanks around them: what stands before the sentence.
const BEFORE: usize = 1 + 8 + 2 + 5 + 2;
/// From this width on the sentence stands beside time and word, else below them.
const BESIDE: usize = 48;
/// Seconds.
const DAY: u64 = 86_400;
/// The end of the year 9999: a clock that is further wrong than that has no date.
const LAST_SECOND: u64 = 253_402_300_799;

/// The log, in lines of at most so many cells.
pub fn lines(state: &State, row: &Row, width: usize) -> Vec<Line<'static>> {
    let mut page = Page { state, width, lines: Vec::new() };
    let mut before = None;
    for entry in row.log.iter() {
        if before.replace(entry.at / DAY).is_some_and(|day| day != entry.at / DAY) {
            page.note(&date(entry.at));
        }
        page.add(&time_of_day(entry.at), entry.word, role(entry.level), &said(entry));
    }
    if row.log.is_empty() {
        // Why it stands as it does was kept with the queue, but not since when.
        let reason = row.fault.as_ref().map(|fault| harmless(&fault.to_string()).into_owned());
        match (row.status, reason) {
            (Status::Failed | Status::Expired, Some(why)) => page.add("earlier", "fail", Role::Bad, &why),
            (Status::DiskFull, Some(why)) => page.add("earlier", "wait", Role::Warning, &why),
            _ => page.note("Nothing is noted of it since haul was started."),
        }
    }
    page.lines
}

fn said(entry: &LogEntry) -> String {
    let sentence = harmless(&entry.sentence);
    if entry.times > 1 { format!("{sentence} ({} times)", entry.times) } else { sentence.into_owned() }
}

/// `12:34:56`, in UTC: nothing that haul is built with knows the user's time zone.
fn time_of_day(at: u64) -> String {
    format!("{:02}:{:02}:{:02}", at / 3600 % 24, at / 60 % 60, at % 60)
}

/// `Sat, 21 Nov 2026`, in UTC.
fn date(at: u64) -> String {
    let moment = UNIX_EPOCH + Duration::from_secs(at.min(LAST_SECOND));
    fmt_http_date(moment).chars().take("Sat, 21 Nov 2026".len()).collect()
}

fn role(level: Level) -> Role {
    match level {
        Level::Info => Role::Plain,
        Level::Success => Role::Good,
        Level::Warning => Role::Warning,
        Level::Error => Role::Bad,
    }
}

struct Page<'a> {
    state: &'a State,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn add(&mut self, time: &str, word: &str, role: Role, said: &str) {
        let palette = self.state.palette;
        let time = Span::styled(format!(" {}", text::left(time, 8)), palette.style(Role::Muted));
        let word = Span::styled(format!("  {}  ", text::left(word, 5)), palette.style(role));
        let mut before = Line::from(vec![time, word]);
        let beside = self.width >= BESIDE;
        let indent = if beside { BEFORE } else { 1 };
        if !beside {
            self.lines.push(std::mem::take(&mut before));
        }
        for piece in text::wrap(said, self.width.saturating_sub(indent + 1)) {
            let mut line = std::mem::take(&mut before);
            line.push_span(Span::raw(" ".repeat(indent.saturating_sub(line.width()))));
            line.push_span(Span::styled(piece, palette.style(Role::Plain)));
            self.lines.push(line);
        }
    }

    /// A line, or several, that have no time.
    fn note(&mut self, said: &str) {
        let muted = self.state.palette.style(Role::Muted);
        let pieces = text::wrap(said, self.width.saturating_sub(2));
        self.lines.extend(pieces.into_iter().map(|piece| Line::styled(format!(" {piece}"), muted)));
    }
}
