//! What there is to say of a transfer beside its connections: never cut off, but wrapped.

use ratatui::text::{Line, Span};

use super::super::{Role, State};
use super::{text, words};
use crate::api::Row;
use crate::model::{Status, Validator, harmless, percent, size};

/// The widest label, and two blanks.
const LABEL: usize = 12;

/// The facts, each with its label, in lines of at most so many cells.
pub fn lines(state: &State, row: &Row, width: usize) -> Vec<Line<'static>> {
    let mut facts = Facts { state, width, lines: Vec::new() };
    let (wordings, role) = words::transfer(state, row);
    // That it simply receives is seen in the connections, and what the next line says need not be said twice.
    if role != Role::Plain && wordings[..] != [words::UNRESUMABLE] {
        facts.add("State", wordings.first().map_or("", String::as_str), role);
    }
    if !row.resumable {
        facts.add("Resume", "can't be resumed: the server gives no parts", Role::Warning);
    }
    if let Some(fault) = &row.fault {
        let (label, role) = match row.status {
            Status::Failed | Status::Expired => ("Why", Role::Bad),
            Status::DiskFull => ("Why", Role::Warning),
            _ => ("Last fault", Role::Warning),
        };
        facts.add(label, &harmless(&fault.to_string()), role);
    }
    facts.add("URL", &harmless(&row.source.to_string()), Role::Plain);
    facts.add("Target", &harmless(&row.target.to_string_lossy()), Role::Plain);
    facts.add("Done", &progress(row), Role::Plain);
    if let Some(live) = &row.live {
        let (said, role) = version(&live.validator);
        facts.add("Version", &said, role);
        facts.add("Retries", &live.retries.to_string(), Role::Plain);
    }
    facts.lines
}

fn progress(row: &Row) -> String {
    match row.length {
        Some(length) if row.status == Status::Done => format!("all of {}", size(length)),
        Some(length) => {
            let done = row.bytes_done();
            format!("{} of {} ({} %)", size(done), size(length), percent(done, length))
        }
        None => format!("{} so far; the server does not tell the length", size(row.bytes_done())),
    }
}

fn version(validator: &Validator) -> (String, Role) {
    let etag = validator.etag.as_ref().map(|etag| format!("ETag {etag}"));
    let date = validator.last_modified.as_ref().map(|date| format!("Last-Modified {date}"));
    let told: Vec<String> = etag.into_iter().chain(date).collect();
    if told.is_empty() {
        return ("none: can't be compared".to_owned(), Role::Warning);
    }
    (harmless(&told.join(", ")).into_owned(), Role::Plain)
}

struct Facts<'a> {
    state: &'a State,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Facts<'_> {
    fn add(&mut self, label: &str, said: &str, role: Role) {
        let palette = self.state.palette;
        let indent = if self.width >= 30 { LABEL } else { 0 };
        let label_style = palette.style(Role::Muted);
        if indent == 0 && !label.is_empty() {
            self.lines.push(Line::styled(text::cut(label, self.width), label_style));
        }
        for (number, piece) in text::wrap(said, self.width.saturating_sub(indent + 1)).into_iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            let label = if indent == 0 { String::new() } else { format!(" {}", text::left(label, indent - 1)) };
            self.lines
                .push(Line::from(vec![Span::styled(label, label_style), Span::styled(piece, palette.style(role))]));
        }
    }
}
