//! The table of all scenarios: one row each, printed and written to `target/tmp/scenarios/`.

use std::fmt::Write as _;
use std::path::Path;

use super::data::Scenario;
use crate::support::server::Seen;

/// What came of one scenario.
#[derive(Clone, Debug)]
pub struct Row {
    name: String,
    what: String,
    exits: Vec<String>,
    requests: usize,
    wire: u64,
    length: u64,
    /// How long all of its runs took.
    pub millis: u128,
    /// What is wrong, in full.
    pub wrong: Option<String>,
    /// Why haul does not do it yet.
    pub pending: Option<String>,
}

impl Row {
    /// A row without figures.
    pub fn of(scenario: &Scenario) -> Self {
        Self {
            name: scenario.name.clone(),
            what: scenario.what.clone(),
            exits: Vec::new(),
            requests: 0,
            wire: 0,
            length: 0,
            millis: 0,
            wrong: None,
            pending: scenario.pending.clone(),
        }
    }

    /// Counts one run.
    pub fn add(&mut self, code: Option<i32>, seen: &[Seen; 2], length: u64) {
        self.exits.push(code.map_or_else(|| "kill".to_owned(), |code| code.to_string()));
        self.requests += seen.iter().map(|seen| seen.requests.len()).sum::<usize>();
        self.wire += seen.iter().map(|seen| seen.wire).sum::<u64>();
        self.length = length;
    }

    /// True if this has to be mended.
    pub fn is_failure(&self) -> bool {
        self.wrong.is_some() && self.pending.is_none()
    }

    fn line(&self) -> String {
        let share = if self.length == 0 { "-".to_owned() } else { hundredths(self.wire, self.length) };
        let verdict = match (&self.wrong, &self.pending) {
            (None, None) => String::new(),
            (None, Some(why)) => format!(" (pending, but right: {why})"),
            (Some(_), Some(why)) => format!(" (pending: {why})"),
            (Some(_), None) => " **FAILED**".to_owned(),
        };
        let (name, what, exits) = (&self.name, &self.what, self.exits.join(", "));
        let (requests, wire, millis) = (self.requests, self.wire, self.millis);
        format!("| {name} | {what}{verdict} | {exits} | {requests} | {wire} / {share} | {millis} |")
    }
}

fn hundredths(part: u64, whole: u64) -> String {
    let share = part.saturating_mul(100) / whole;
    format!("{}.{:02}", share / 100, share % 100)
}

/// Prints the rows and writes them to a file of the topic's name.
pub fn tell(topic: &str, rows: &[Row]) {
    let mut table = format!("## {topic}\n\n| scenario | what it proves | exit | requests | bytes sent / file | ms |\n");
    table.push_str("|---|---|---|---|---|---|\n");
    for row in rows {
        let _ = writeln!(table, "{}", row.line());
    }
    println!("{table}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenarios");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{topic}.md")), table).unwrap();
}

impl std::fmt::Display for Row {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}\n{}", self.line(), self.wrong.as_deref().unwrap_or(""))
    }
}
