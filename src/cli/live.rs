//! The live lines at the bottom of a terminal: drawn in place, never wider than the terminal.

use std::fmt::Write as _;
use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

use super::progress;
use crate::api::Row;
use crate::model::TransferId;

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

impl Size {
    /// What the terminal at stderr says, else what COLUMNS and LINES say, else 80 by 24.
    pub fn of_stderr() -> Self {
        let asked = rustix::termios::tcgetwinsize(rustix::stdio::stderr()).ok();
        let positive = |count: u16| Some(usize::from(count)).filter(|count| *count > 0);
        let named = |name: &str| std::env::var(name).ok()?.parse().ok().filter(|count| *count > 0);
        Self {
            columns: asked.and_then(|size| positive(size.ws_col)).or_else(|| named("COLUMNS")).unwrap_or(80),
            rows: asked.and_then(|size| positive(size.ws_row)).or_else(|| named("LINES")).unwrap_or(24),
        }
    }
}

/// True if stderr is a terminal that can move its cursor.
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// The live lines as they stand on the terminal; the cursor is at the start of the line below them.
pub(super) struct Block {
    lines: Vec<(TransferId, String)>,
    /// Columns of each line on the terminal, which may be more lines than `lines` after a `forget`.
    drawn: Vec<usize>,
    measure: fn() -> Size,
}

impl Block {
    /// No line yet.
    pub fn new(measure: fn() -> Size) -> Self {
        Self { lines: Vec::new(), drawn: Vec::new(), measure }
    }

    /// What to write so that these rows are the live lines. As many as leave the terminal's last row free, since a
    /// cursor can't go up beyond the top.
    pub fn draw(&mut self, rows: &[&Row]) -> String {
        let size = (self.measure)();
        let room = size.rows.saturating_sub(1).max(1);
        let shown = if rows.len() > room { room - 1 } else { rows.len() };
        let columns = size.columns.saturating_sub(1);
        self.lines = rows.iter().take(shown).map(|row| (row.id, progress::live(row, columns))).collect();
        if let Some(row) = rows.get(shown) {
            let more = format!("and {} more", rows.len() - shown);
            self.lines.push((row.id, progress::cut(&more, columns)));
        }
        let mut text = self.up(size.columns);
        self.put(&mut text);
        text
    }

    /// What to write so that `line` stands above the live lines and stays.
    pub fn around(&mut self, line: &str) -> String {
        let columns = if self.drawn.is_empty() { 0 } else { (self.measure)().columns };
        let mut text = self.up(columns);
        let _ = writeln!(text, "{line}{}", if self.drawn.is_empty() { "" } else { "\x1b[K" });
        self.put(&mut text);
        text
    }

    /// What to write so that no live line is left.
    pub fn clear(&mut self) -> String {
        self.lines.clear();
        let mut text = self.up((self.measure)().columns);
        self.put(&mut text);
        text
    }

    /// Leaves the line of this transfer out from the next text on.
    pub fn forget(&mut self, id: TransferId) {
        self.lines.retain(|line| line.0 != id);
    }

    /// To the start of the first live line. A terminal that became narrower has broken long lines into several.
    fn up(&self, columns: usize) -> String {
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        if rows == 0 { String::new() } else { format!("\r\x1b[{rows}A") }
    }

    /// The live lines over what stood there, and nothing below them.
    fn put(&mut self, text: &mut String) {
        for (_, line) in &self.lines {
            let _ = writeln!(text, "{line}\x1b[K");
        }
        if !self.drawn.is_empty() {
            text.push_str("\x1b[J");
        }
        self.drawn = self.lines.iter().map(|line| line.1.width()).collect();
    }
}
