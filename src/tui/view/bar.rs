//! The bars. The parts bar is the truth about a file from its first byte to its last: every cell shows how much of its
//! slice is on the disk (of an upload, how much has gone), and a cell in which a connection writes stands out.

use ratatui::text::Span;

use super::super::{Palette, Role};
use crate::api::{Connection, ConnectionState, Row};
use crate::model::{ByteRange, RangeSet, Status};

/// A cell that is full to so many eighths.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// A cell of which nothing is there.
const MISSING: char = '·';
/// A cell in which a connection writes, where colour can't say so.
const WRITING: char = '▒';

/// The bar over the whole file. Empty if the length is not known.
pub fn parts(row: &Row, width: u16, palette: Palette) -> Vec<Span<'static>> {
    let Some(length) = row.length else { return Vec::new() };
    if row.status == Status::Done {
        return vec![Span::styled("█".repeat(usize::from(width)), palette.style(Role::Good))];
    }
    let stored = if matches!(row.status, Status::Failed | Status::Expired) { Role::Bad } else { Role::Stored };
    let connections = row.live.as_ref().map_or(&[][..], |live| &live.connections);
    let reached = row.reached();
    let fronts: Vec<u64> = connections.iter().filter(|one| is_writing(one)).map(|one| one.position).collect();
    let cells = (0..width).map(|cell| {
        let slice = slice_of(cell.into(), width.into(), length);
        let is_front = fronts.iter().any(|at| slice.start <= *at && *at < slice.end);
        cell_of(slice, &reached, is_front, stored, palette)
    });
    join(cells, palette)
}

/// The bar over one connection's range, which has an end.
pub fn range(connection: &Connection, width: u16, palette: Palette) -> Vec<Span<'static>> {
    let range = connection.range;
    let done: RangeSet = [ByteRange::new(range.start, connection.position.min(range.end))].into_iter().collect();
    let cells = (0..width).map(|cell| {
        let slice = slice_of(cell.into(), width.into(), range.len());
        let slice = ByteRange::new(slice.start + range.start, slice.end + range.start);
        let is_front = is_writing(connection) && slice.start <= connection.position && connection.position < slice.end;
        cell_of(slice, &done, is_front, Role::Stored, palette)
    });
    join(cells, palette)
}

fn is_writing(connection: &Connection) -> bool {
    let open =
        matches!(connection.state, ConnectionState::Receiving | ConnectionState::Sending | ConnectionState::Slow);
    open && connection.position < connection.range.end
}

/// The bytes that one of so many cells stands for. In a file with fewer bytes than cells, several cells share a byte.
pub(super) fn slice_of(cell: u64, count: u64, length: u64) -> ByteRange {
    let at = |cell: u64| (u128::from(length) * u128::from(cell) / u128::from(count.max(1))) as u64;
    let start = at(cell);
    ByteRange::new(start, at(cell + 1).max(start + 1))
}

fn cell_of(slice: ByteRange, done: &RangeSet, is_front: bool, stored: Role, palette: Palette) -> (char, Role) {
    let held = done.overlap(slice);
    let eighths = match (u128::from(held) * 8 / u128::from(slice.len().max(1))) as usize {
        // A few bytes are seen as a few bytes, and a cell with a gap is never a full one.
        0 if held > 0 || is_front => 1,
        all => all.min(8),
    };
    match (is_front, palette) {
        (true, Palette::Plain) => (WRITING, Role::Accent),
        (true, Palette::Colours | Palette::Theme(_)) => (EIGHTHS[eighths], Role::Accent),
        (false, _) if eighths == 0 => (MISSING, Role::Muted),
        (false, _) => (EIGHTHS[eighths], stored),
    }
}

/// Cells of one role that stand side by side become one span.
pub fn join(cells: impl Iterator<Item = (char, Role)>, palette: Palette) -> Vec<Span<'static>> {
    let mut spans: Vec<(String, Role)> = Vec::new();
    for (glyph, role) in cells {
        match spans.last_mut() {
            Some((text, same)) if *same == role => text.push(glyph),
            _ => spans.push((glyph.to_string(), role)),
        }
    }
    spans.into_iter().map(|(text, role)| Span::styled(text, palette.style(role))).collect()
}
