//! What happened to the selected transfer, the newest lowest: the time of day, a word and a sentence, which is wrapped and
//! never cut off. Where another day begins, its date stands between.

use ratatui::text::{Line, Span};

use super::super::{Role, State};
use super::text;
use crate::api::{Level, LogEntry, Row};
use crate::model::{LocalDate, LocalTime, Status, UnixTime, harmless};

/// The time, the word, and blanks around them: what stands before the sentence.
const BEFORE: usize = 1 + 8 + 2 + 5 + 2;
/// From this width on the sentence stands beside time and word, else below them.
const BESIDE: usize = 48;

/// The log, in lines of at most so many cells.
pub fn lines(state: &State, row: &Row, width: usize) -> Vec<Line<'static>> {
    let mut page = Page { state, width, lines: Vec::new() };
    let mut before = None;
    for entry in row.log.iter() {
        let LocalTime { date, weekday, time, second } = state.clock.local(UnixTime::from_seconds(entry.at));
        if before.replace(date).is_some_and(|day| day != date) {
            let LocalDate { year, month, day } = date;
            page.note(&format!("{weekday} {year}-{month:02}-{day:02}"));
        }
        page.add(&format!("{time}:{second:02}"), entry.word, role(entry.level), &said(entry));
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
