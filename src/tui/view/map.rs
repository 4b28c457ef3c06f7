//! The selected transfer's file, line by line: every cell is a piece of it, from the first byte to the last.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Role, State};
use super::{bar, text};
use crate::api::{Connection, Direction, Row};
use crate::model::{ByteRange, Status, size};

/// What a piece of the file is. Each has a glyph of its own, so that colours only repeat what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Complete,
    Checked,
    Done,
    Part,
    UnderWay,
    Missing,
}

impl Piece {
    const ALL: [Self; 6] = [Self::Complete, Self::Checked, Self::Done, Self::Part, Self::UnderWay, Self::Missing];

    /// Its glyph and its word, for bytes that come or go.
    fn looks(self, direction: Direction) -> (char, Role, &'static str) {
        match self {
            Self::Complete => ('■', Role::Good, "complete"),
            Self::Checked => ('▓', Role::Good, "checked"),
            Self::Done if direction == Direction::Upload => ('█', Role::Stored, "at the store"),
            Self::Done => ('█', Role::Stored, "on disk"),
            Self::Part => ('▒', Role::Stored, "in part"),
            Self::UnderWay => ('░', Role::Accent, "under way"),
            Self::Missing => ('·', Role::Muted, "missing"),
        }
    }
}

/// Cells for the offset at which a line begins.
const OFFSET: u16 = 10;

/// Draws the map and, below it, what its glyphs mean.
pub fn draw(state: &State, row: &Row, frame: &mut Frame, area: Rect) {
    let Some(length) = row.length.filter(|length| *length > 0) else {
        let said = format!("{} so far; a map needs the file's length.", size(row.bytes_done()));
        let said = text::cut(&format!(" {said}"), usize::from(area.width));
        return frame.render_widget(Line::styled(said, state.palette.style(Role::Muted)), area);
    };
    let offset = if area.width >= 40 { OFFSET } else { 0 };
    let (width, lines) = (area.width.saturating_sub(offset + 1), area.height.saturating_sub(1).max(1));
    let count = u64::from(width) * u64::from(lines);
    // A small file has fewer pieces than there are cells.
    let count = count.min(length).max(1);
    let slice = |cell: u64| bar::slice_of(cell, count, length);
    for (line, place) in (0..u64::from(lines)).zip(area.rows()) {
        let first = line * u64::from(width);
        let cells = first..count.min(first + u64::from(width));
        if cells.is_empty() {
            break;
        }
        let label = format!("{} ", text::right(&size(slice(first).start), usize::from(OFFSET) - 1));
        let mut spans = Vec::new();
        if offset > 0 {
            spans.push(Span::styled(label, state.palette.style(Role::Muted)));
        }
        let looks = cells.map(|cell| {
            let (glyph, role, _) = piece(row, slice(cell)).looks(row.direction);
            (glyph, role)
        });
        spans.extend(bar::join(looks, state.palette));
        frame.render_widget(Line::from(spans), place);
    }
    if area.height > 1 {
        let each = format!("a cell is {}", size(length.div_ceil(count)));
        legend(state, row, &each, frame, Rect { y: area.bottom() - 1, height: 1, ..area });
    }
}

fn piece(row: &Row, slice: ByteRange) -> Piece {
    if row.status == Status::Done {
        return Piece::Complete;
    }
    let held = row.done.overlap(slice);
    let connections = row.live.as_ref().map_or(&[][..], |live| &live.connections);
    // What was sent of a part counts for nothing until the store says that it has all of it.
    let rest = |one: &Connection| if row.direction == Direction::Upload { one.range.start } else { one.position };
    let under_way = || connections.iter().any(|one| rest(one) < slice.end && slice.start < one.range.end);
    let checked = row.live.as_ref().map_or(0, |live| live.checked.overlap(slice));
    match held {
        _ if checked >= slice.len() => Piece::Checked,
        held if held >= slice.len() => Piece::Done,
        _ if under_way() => Piece::UnderWay,
        0 => Piece::Missing,
        _ => Piece::Part,
    }
}

/// True if the map can show such a piece.
fn is_found(piece: Piece, row: &Row) -> bool {
    match piece {
        Piece::Complete => row.status == Status::Done,
        Piece::Checked => row.live.as_ref().is_some_and(|live| !live.checked.is_empty()),
        _ => row.status != Status::Done,
    }
}

fn legend(state: &State, row: &Row, each: &str, frame: &mut Frame, area: Rect) {
    let mut line = Line::default();
    for piece in Piece::ALL {
        if is_found(piece, row) {
            let (glyph, role, word) = piece.looks(row.direction);
            line.push_span(Span::styled(format!(" {glyph}"), state.palette.style(role)));
            line.push_span(Span::raw(format!(" {word} ")));
        }
    }
    line.push_span(Span::styled(format!("  {each}"), state.palette.style(Role::Muted)));
    frame.render_widget(line, area);
}
