//! What lies over the rest: the box that takes URLs, the question before a removal, and the toasts.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};
use tui_input::Input;

use super::super::{Palette, Question, Role, State, Toast, Tone};
use super::{footer, text};
use crate::config::Action;
use crate::model::harmless;

/// Draws the box that takes a new URL for a transfer.
pub fn new_url(state: &State, name: &str, input: &Input, complaint: Option<&str>, frame: &mut Frame, area: Rect) {
    let hint = format!("For {name}. What is on disk is compared with it first, and goes on if it is the same file.");
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
    let consequence = text::wrap(&question.consequence, room);
    lines.extend(consequence.into_iter().map(|piece| Line::styled(piece, state.palette.style(role))));
    let strong = state.palette.style(Role::Strong);
    let answer = [Span::styled("y", strong), Span::raw(" yes    "), Span::styled("n", strong), Span::raw(" no")];
    lines.extend([Line::default(), Line::from_iter(answer)]);
    let inner = window(state, " Remove ", (width, lines.len() as u16), frame, area);
    for (line, place) in lines.into_iter().zip(inner.rows()) {
        frame.render_widget(line, place);
    }
}

/// Draws the question before haul leaves while transfers run.
pub fn leave(state: &State, frame: &mut Frame, area: Rect) {
    let width = area.width.min(64);
    let room = usize::from(width).saturating_sub(4);
    let running = state.totals.running;
    let ask =
        if running == 1 { "A transfer runs. Leave?".to_owned() } else { format!("{running} transfers run. Leave?") };
    let strong = state.palette.style(Role::Strong);
    let muted = state.palette.style(Role::Muted);
    let why = text::wrap("All that has come is saved; the next start goes on.", room);
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

/// Clears a window in the middle, draws its edge where there is room for one, and gives back what is inside.
pub fn window(state: &State, title: &'static str, size: (u16, u16), frame: &mut Frame, area: Rect) -> Rect {
    let (place, inner) = (place(area, size), inside(area, size));
    frame.render_widget(Clear, place);
    if inner != place {
        let title = Span::styled(title, state.palette.style(Role::Strong));
        let block = Block::bordered().title(title).border_style(state.palette.style(Role::Muted));
        frame.render_widget(block, place);
    }
    inner
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
