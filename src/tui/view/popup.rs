//! What lies over the rest: the box that takes URLs, the question before a removal, and the toasts.

use std::sync::Arc;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};
use tui_input::Input;

use super::super::{Palette, Question, Role, State, Taken, Toast, Tone};
use super::{footer, text};
use crate::api::{Direction, Row};
use crate::config::Action;
use crate::model::{Status, TransferId, harmless, size};

/// Draws the box that takes a new URL for a transfer.
pub fn new_url(
    state: &State,
    (id, name): (TransferId, &str),
    (input, taken): (&Input, &Taken),
    complaint: Option<&str>,
    frame: &mut Frame,
    area: Rect,
) {
    let is_upload = |(_, row): &(usize, Arc<Row>)| row.direction == Direction::Upload;
    let mut hint = if state.list.these(&[id]).iter().any(is_upload) {
        format!("For {name}. The place that the file goes to instead.")
    } else {
        format!("For {name}. What is on disk is compared with it first, and goes on if it is the same file.")
    };
    let names = taken.names();
    if !names.is_empty() {
        hint = format!("{hint} With the headers of the pasted command: {}.", names.join(", "));
    }
    field(state, " New URL ", (input, complaint, &hint), frame, area);
}

/// Draws a box with a line that is being edited, and below it what was wrong with that line or, until then, a hint.
fn field(
    state: &State,
    title: &'static str,
    (input, complaint, hint): (&Input, Option<&str>, &str),
    frame: &mut Frame,
    area: Rect,
) {
    let width = area.width.min(100);
    let room = usize::from(width).saturating_sub(4);
    let (said, role) = complaint.map_or((hint, Role::Muted), |complaint| (complaint, Role::Bad));
    let notes = text::wrap(&harmless(said), room);
    let inner = window(state, title, (width, notes.len() as u16 + 2), frame, area);
    let field = Rect { height: inner.height.min(1), ..inner };
    footer::edit(input, frame, field);
    for (note, place) in notes.into_iter().zip(inner.rows().skip(2)) {
        frame.render_widget(Line::styled(note, state.palette.style(role)), place);
    }
}

/// Draws the question before a removal.
pub fn confirm(state: &State, question: &Question, frame: &mut Frame, area: Rect) {
    let width = area.width.min(64);
    let room = usize::from(width).saturating_sub(4);
    let name = text::cut_middle(&question.name, room.saturating_sub(26).max(8));
    let plain = state.palette.style(Role::Plain);
    let mut lines: Vec<Line> = text::wrap(&format!("Remove {name} from the list?"), room)
        .into_iter()
        .map(|piece| Line::styled(piece, plain))
        .collect();
    let role = if question.data { Role::Bad } else { Role::Muted };
    let rows: Vec<Arc<Row>> = state.list.these(&question.ids).into_iter().map(|(_, row)| row).collect();
    let consequence = text::wrap(&consequence(&rows, question.data), room);
    lines.extend(consequence.into_iter().map(|piece| Line::styled(piece, state.palette.style(role))));
    let strong = state.palette.style(Role::Strong);
    let answer = [Span::styled("y", strong), Span::raw(" yes    "), Span::styled("n", strong), Span::raw(" no")];
    lines.extend([Line::default(), Line::from_iter(answer)]);
    let inner = window(state, " Remove ", (width, lines.len() as u16), frame, area);
    for (line, place) in lines.into_iter().zip(inner.rows()) {
        frame.render_widget(line, place);
    }
}

/// What a removal does to what there is of these transfers now.
fn consequence(rows: &[Arc<Row>], data: bool) -> String {
    let (sent, fetched): (Vec<&Row>, Vec<&Row>) =
        rows.iter().map(|row| &**row).partition(|row| row.direction == Direction::Upload);
    let said = [fetched_ones(&fetched, data), sent_ones(&sent, data)];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { "That is not in the list any more.".to_owned() } else { said.join(" ") }
}

fn fetched_ones(rows: &[&Row], data: bool) -> Option<String> {
    let held: u64 = rows.iter().filter(|row| row.status != Status::Done).map(|row| row.bytes_done()).sum();
    let all_done = rows.iter().all(|row| row.status == Status::Done);
    let one = rows.len() == 1;
    let said = match (all_done, data) {
        _ if rows.is_empty() => return None,
        (true, _) if one => "The finished file stays.".to_owned(),
        (true, _) => "The finished files stay.".to_owned(),
        (false, false) => "What is on the disk stays.".to_owned(),
        (false, true) if held == 0 && one => "Nothing of it is on the disk yet.".to_owned(),
        (false, true) if held == 0 => "Nothing of them is on the disk yet.".to_owned(),
        (false, true) if one => format!("Its partial data ({}) will be deleted.", size(held)),
        (false, true) => format!("Their partial data ({}) will be deleted; finished files stay.", size(held)),
    };
    Some(said)
}

/// Uploads: the file that is sent is never touched, and the parts of one that is not complete are the store's.
fn sent_ones(rows: &[&Row], data: bool) -> Option<String> {
    let is_open = rows.iter().any(|row| row.status != Status::Done);
    let file = match rows.len() {
        0 => return None,
        1 => "The file that was to be sent stays",
        _ => "The files that were to be sent stay",
    };
    Some(match (is_open, data) {
        (false, _) => format!("{file}, and so does what the store has."),
        (true, false) => format!("{file}, and so do the parts that the store has."),
        (true, true) => format!("{file}; the parts that the store has are given up."),
    })
}

/// Draws the question before haul leaves while transfers run.
pub fn leave(state: &State, frame: &mut Frame, area: Rect) {
    let width = area.width.min(64);
    let room = usize::from(width).saturating_sub(4);
    let running = state.totals.running;
    let ask = match running {
        0 => "Nothing runs any more. Leave?".to_owned(),
        1 => "A transfer runs. Leave?".to_owned(),
        _ => format!("{running} transfers run. Leave?"),
    };
    let strong = state.palette.style(Role::Strong);
    let muted = state.palette.style(Role::Muted);
    let why = text::wrap(&kept(state), room);
    let mut lines: Vec<Line> = text::wrap(&ask, room).into_iter().map(Line::from).collect();
    lines.extend(why.into_iter().map(|piece| Line::styled(piece, muted)));
    let key = footer::key_of(state, Action::Quit);
    let yes = if key.is_empty() { "y".to_owned() } else { format!("y or {key}") };
    let answer = [Span::styled(yes, strong), Span::raw(" yes    "), Span::styled("n", strong), Span::raw(" no")];
    lines.extend([Line::default(), Line::from_iter(answer)]);
    let inner = window(state, " Leave ", (width, lines.len() as u16), frame, area);
    for (line, place) in lines.into_iter().zip(inner.rows()) {
        frame.render_widget(line, place);
    }
}

/// What becomes of what has come when haul is left.
fn kept(state: &State) -> String {
    if state.is_demo {
        return "The demo ends, and its files are deleted.".to_owned();
    }
    let is_lost = |row: &&Arc<Row>| row.status == Status::Running && !row.resumable && row.bytes_done() > 0;
    let again = match state.list.rows().iter().filter(is_lost).count() {
        0 => return "All that has come is saved; the next start goes on.".to_owned(),
        1 => "one begins".to_owned(),
        count => format!("{count} begin"),
    };
    format!(
        "All else that has come is saved, and the next start goes on; {again} again at the first byte, since the server gives no parts."
    )
}

/// Clears a window in the middle, draws its edge where there is room for one, and gives back what is inside.
pub fn window(state: &State, title: &'static str, size: (u16, u16), frame: &mut Frame, area: Rect) -> Rect {
    let (place, inner) = (place(area, size), inside(area, size));
    free_edge(frame.buffer_mut(), place);
    frame.render_widget(Clear, place);
    if inner != place {
        let title = Span::styled(title, state.palette.style(Role::Strong));
        let block = Block::bordered().title(title).border_style(state.palette.style(Role::Muted));
        frame.render_widget(block, place);
    }
    inner
}

/// Takes away the wide characters of which a window covers the second half: what is written there is not shown.
fn free_edge(buffer: &mut Buffer, place: Rect) {
    let Some(x) = place.x.checked_sub(1) else { return };
    for y in place.y..place.bottom() {
        if let Some(cell) = buffer.cell_mut((x, y)).filter(|cell| text::width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
}

/// Where a window of a width, with so many lines in it, stands.
fn place(area: Rect, (width, lines): (u16, u16)) -> Rect {
    let width = width.min(area.width);
    let height = if is_bare(area, lines) { area.height } else { lines + 2 };
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// What is inside the edge of such a window.
pub fn inside(area: Rect, size: (u16, u16)) -> Rect {
    let place = place(area, size);
    if is_bare(area, size.1) { place } else { place.inner(Margin::new(2, 1)) }
}

/// True if there is no room for an edge.
fn is_bare(area: Rect, lines: u16) -> bool {
    area.height < lines.saturating_add(2) || area.width < 12
}

/// Draws the toasts, the newest lowest, above the line with the keys. On a low screen the list matters more than what was told
/// before the newest one.
pub fn toasts(state: &State, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width).saturating_sub(4).max(1);
    let mut lines: Vec<Line> = Vec::new();
    for toast in state.toasts.iter().rev() {
        let told = told(toast, width, state.palette);
        if !lines.is_empty() && lines.len() + told.len() > usize::from(area.height) * 2 / 3 {
            break;
        }
        lines.splice(0..0, told);
    }
    lines.truncate(usize::from(area.height));
    let height = lines.len() as u16;
    let place = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, place);
    for (line, place) in lines.into_iter().zip(place.rows()) {
        frame.render_widget(line, place);
    }
}

/// The lines of one toast, three at the most.
fn told(toast: &Toast, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let (glyph, role) = match toast.tone {
        Tone::Good => ("✓", Role::Good),
        Tone::Warning => ("!", Role::Warning),
        Tone::Bad => ("✗", Role::Bad),
    };
    let pieces = text::wrap(&harmless(&toast.text), width).into_iter().take(3).enumerate();
    let line = |(number, piece): (usize, String)| {
        let mark = if number == 0 { glyph } else { " " };
        Line::styled(format!(" {mark} {}", text::left(&piece, width + 1)), palette.style(role))
    };
    pieces.map(line).collect()
}
