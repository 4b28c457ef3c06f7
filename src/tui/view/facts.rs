//! What there is to say of a transfer beside its connections: never cut off, but wrapped.

use std::sync::Arc;

use ratatui::text::{Line, Span};

use super::super::{Role, State};
use super::{text, words};
use crate::api::{Activity, Direction, Live, Row};
use crate::model::{
    Header, Priority, Rate, Spec, Status, Sums, Upload, Validator, added_text, brief_duration, harmless, percent, size,
};

/// The widest label, and two blanks.
const LABEL: usize = 12;

/// The facts that matter most, each with its label, in lines of at most so many cells.
pub fn lines(state: &State, row: &Row, width: usize) -> Vec<Line<'static>> {
    let mut facts = Facts { state, width, lines: Vec::new() };
    facts.standing(row);
    facts.lines
}

/// All that is known of a transfer.
pub fn all(state: &State, row: &Row, width: usize) -> Vec<Line<'static>> {
    let mut facts = Facts { state, width, lines: Vec::new() };
    facts.standing(row);
    facts.kept(row);
    facts.asked(&row.spec);
    facts.lines
}

/// Headers whose values open no door.
const OPEN: [&str; 4] = ["accept", "accept-language", "range", "user-agent"];

/// A header as it may be shown.
fn shown(header: &Header) -> String {
    let is_open = OPEN.iter().any(|name| header.name.eq_ignore_ascii_case(name));
    if is_open { format!("{}: {}", header.name, header.value) } else { format!("{header:?}") }
}

fn progress(row: &Row) -> String {
    match row.length {
        Some(length) if row.status == Status::Done => format!("all of {}", size(length)),
        Some(length) => {
            let done = row.bytes_reached();
            let eta = row.live.as_ref().filter(|_| row.status == Status::Running).and_then(|live| live.eta);
            let to_go = eta.map(|eta| format!(", {} to go", brief_duration(eta))).unwrap_or_default();
            format!("{} of {} ({} %){to_go}", size(done), size(length), percent(done, length))
        }
        None if row.bytes_done() == 0 && !is_answered(row) => "nothing yet".to_owned(),
        None if row.direction == Direction::Upload => format!("{} so far", size(row.bytes_done())),
        None => format!("{} so far; the server does not tell the length", size(row.bytes_done())),
    }
}

/// True if its server has said something of the file in this run.
fn is_answered(row: &Row) -> bool {
    let asks =
        |live: &Arc<Live>| matches!(live.activity, Activity::Connecting | Activity::Waiting(_) | Activity::Queued);
    row.status == Status::Running && !row.live.as_ref().is_some_and(asks)
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
    /// Where the transfer stands, and why.
    fn standing(&mut self, row: &Row) {
        let (wordings, role) = words::transfer(self.state, row);
        // That it simply receives is seen in the connections, and what the next line says need not be said twice.
        if role != Role::Plain && wordings[..] != [words::UNRESUMABLE] {
            self.add("State", wordings.first().map_or("", String::as_str), role);
        }
        if !row.resumable {
            let why = match row.direction {
                Direction::Download => "can't be resumed: the server gives no parts",
                Direction::Upload => "can't be resumed: a stream gives its bytes once",
            };
            self.add("Resume", why, Role::Warning);
        }
        if let Some(fault) = &row.fault {
            let (label, role) = match row.status {
                Status::Failed | Status::Expired => ("Why", Role::Bad),
                Status::DiskFull => ("Why", Role::Warning),
                _ => ("Last fault", Role::Warning),
            };
            self.add(label, &harmless(&fault.to_string()), role);
        }
        let (source, target) = match row.direction {
            Direction::Download => ("URL", "Target"),
            Direction::Upload => ("Goes to", "File"),
        };
        self.add(source, &harmless(&row.source.to_string()), Role::Plain);
        self.add(target, &harmless(&row.target.to_string_lossy()), Role::Plain);
        self.add("Done", &progress(row), Role::Plain);
        if let Some(live) = &row.live {
            // What is sent is compared by its checksums: no server tells a version of it.
            if row.direction == Direction::Download {
                let is_known = live.validator != Validator::default() || row.bytes_done() > 0 || is_answered(row);
                let (said, role) =
                    if is_known { version(&live.validator) } else { ("not known yet".to_owned(), Role::Plain) };
                self.add("Version", &said, role);
            }
            self.add("Retries", &live.retries.to_string(), Role::Plain);
        }
    }

    /// How it is kept in the list.
    fn kept(&mut self, row: &Row) {
        let by = if row.spec.category.is_some() { "" } else { ", by its name and host" };
        let category = row.category.as_deref().map_or_else(|| "none".to_owned(), |name| format!("{name}{by}"));
        self.add("Category", &harmless(&category), Role::Plain);
        if let Some(at) = row.added {
            self.add("Added", &added_text(at, &*self.state.clock), Role::Plain);
        }
    }

    /// What the user asked for.
    fn asked(&mut self, spec: &Spec) {
        match &spec.upload {
            Some(upload) => self.asked_of_store(upload),
            None => self.asked_of_file(spec),
        }
        let connections = spec.limits.connections.map(|count| format!("at most {count} connections"));
        let rate = spec.limits.rate.map(Rate::limit_text);
        let limits: Vec<String> = rate.into_iter().chain(connections).collect();
        let limits = if limits.is_empty() { "none of its own".to_owned() } else { limits.join(", ") };
        self.add("Limits", &limits, Role::Plain);
        if spec.priority != Priority::Normal {
            self.add("Priority", &spec.priority.to_string(), Role::Plain);
        }
        if spec.overwrite {
            self.add("At the end", "replaces a file that stands at its target", Role::Plain);
        }
    }

    /// How the store is to keep what is sent.
    fn asked_of_store(&mut self, upload: &Upload) {
        let class = upload.storage_class.as_deref().unwrap_or("the store's own");
        self.add("Class", &harmless(class), Role::Plain);
        let told = [
            ("Type", upload.content_type.clone()),
            ("Part size", upload.part_size.map(size)),
            ("In parts", upload.threshold.map(|from| format!("from {} on", size(from)))),
            ("Store limit", upload.traffic_limit.map(|rate| format!("{} for each connection", rate.limit_text()))),
            ("At the end", upload.keep.then(|| "leaves an object alone that stands there".to_owned())),
            ("Sent", upload.unless_equal.then(|| "unless the very file stands there".to_owned())),
        ];
        for (label, said) in told {
            if let Some(said) = said {
                self.add(label, &harmless(&said), Role::Plain);
            }
        }
    }

    /// What a file is fetched from beside its URL, and compared with.
    fn asked_of_file(&mut self, spec: &Spec) {
        for (number, mirror) in spec.mirrors.iter().enumerate() {
            self.add(if number == 0 { "Mirrors" } else { "" }, &harmless(&mirror.to_string()), Role::Plain);
        }
        match (&spec.checksum, &spec.sums) {
            (Some(checksum), _) => self.add("Checksum", &checksum.to_string(), Role::Plain),
            (None, Some(Sums::At(list))) => self.add("Checksum", &format!("from the list {list}"), Role::Plain),
            (None, Some(Sums::Beside)) => self.add("Checksum", "from a list beside the file", Role::Plain),
            (None, None) => self.add("Checksum", "none was given", Role::Muted),
        }
        let digests = if spec.digests { "compared with what the server announces" } else { "not compared" };
        self.add("Digests", digests, Role::Plain);
        for (number, header) in spec.headers.iter().enumerate() {
            self.add(if number == 0 { "Headers" } else { "" }, &harmless(&shown(header)), Role::Plain);
        }
    }

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
