//! The boxes that take more than one line, and the question about what is in the list already.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Form, Mode, Role, Slot, State, Twins};
use super::{footer, popup, text};
use crate::model::harmless;

/// Cells for the labels.
const LABEL: u16 = 15;
/// The widest that a box gets.
const WIDTH: u16 = 100;
/// Lines for hints, complaints and what Tab found.
const NOTES: u16 = 3;

/// A line inside the box.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Slot(usize),
    Preview,
}

/// Draws the box.
pub fn draw(state: &State, form: &Form, frame: &mut Frame, area: Rect) {
    let title = if matches!(state.mode, Mode::Send(_)) { " Upload " } else { " Add " };
    let inner = popup::window(state, title, size(form, area), frame, area);
    let (fields, notes) = split(inner);
    for (piece, place) in placed(form, fields) {
        match piece {
            Piece::Slot(at) => slot(state, form, at, frame, place),
            Piece::Preview => {
                let said = form.preview.as_deref().unwrap_or_default();
                let said = text::cut(&harmless(said), usize::from(place.width.saturating_sub(LABEL)));
                let place =
                    Rect { x: place.x + LABEL.min(place.width), width: place.width.saturating_sub(LABEL), ..place };
                frame.render_widget(Line::styled(said, state.palette.style(Role::Warning)), place);
            }
        }
    }
    let (said, role) = said(state, form);
    let pieces = text::wrap(&harmless(&said), usize::from(notes.width));
    for (piece, place) in pieces.into_iter().zip(notes.rows()) {
        frame.render_widget(Line::styled(piece, state.palette.style(role)), place);
    }
}

fn said(state: &State, form: &Form) -> (String, Role) {
    match &form.complaint {
        Some(complaint) => (complaint.clone(), Role::Bad),
        None if form.waits => ("the disk is asked".to_owned(), Role::Muted),
        None if !form.offers.is_empty() => (form.offers.join(", "), Role::Plain),
        None if state.kept.is_some() && matches!(state.mode, Mode::Add(_)) && form.is_untouched() => {
            (format!("ctrl-r brings back what the last box held. {}", form.slot().hint()), Role::Muted)
        }
        None => (form.slot().hint().to_owned(), Role::Muted),
    }
}

fn size(form: &Form, area: Rect) -> (u16, u16) {
    let lines = form.lines.len() as u16 + u16::from(form.preview.is_some()) + 1 + NOTES;
    // On a low screen the box has what there is, without an edge.
    (WIDTH.min(area.width), lines.min(area.height.saturating_sub(2).max(1)))
}

/// The lines to fill in, and below them those for notes.
fn split(inner: Rect) -> (Rect, Rect) {
    let notes = if inner.height >= 9 { NOTES } else { inner.height / 3 };
    let fields = Rect { height: inner.height - notes, ..inner };
    (fields, Rect { y: fields.bottom(), height: notes, ..inner })
}

/// What fits, so that the line that has the keys is among it.
fn placed(form: &Form, fields: Rect) -> impl Iterator<Item = (Piece, Rect)> {
    let mut pieces: Vec<Piece> = (0..form.lines.len()).map(Piece::Slot).collect();
    if form.preview.is_some() {
        pieces.insert(1, Piece::Preview);
    }
    let at = pieces.iter().position(|piece| *piece == Piece::Slot(form.at)).unwrap_or(0);
    let top = (at + 1).saturating_sub(usize::from(fields.height));
    pieces.into_iter().skip(top).zip(fields.rows())
}

/// The line of the box at a place on the screen.
pub fn at(form: &Form, area: Rect, (x, y): (u16, u16)) -> Option<usize> {
    let (fields, _) = split(popup::inside(area, size(form, area)));
    let is_here = |place: &Rect| place.y == y && (place.x..place.right()).contains(&x);
    placed(form, fields).find_map(|(piece, place)| match piece {
        Piece::Slot(at) if is_here(&place) => Some(at),
        _ => None,
    })
}

fn slot(state: &State, form: &Form, at: usize, frame: &mut Frame, place: Rect) {
    let Some((slot, input)) = form.lines.get(at) else { return };
    let (has_keys, palette) = (at == form.at, state.palette);
    let label = LABEL.min(place.width / 2);
    let mark = if has_keys { "▸" } else { " " };
    let role = if has_keys { Role::Strong } else { Role::Muted };
    let said = text::left(&format!("{mark} {}", slot.label()), usize::from(label));
    frame.render_widget(Span::styled(said, palette.style(role)), place);
    let field = Rect { x: place.x + label, width: place.width - label, ..place };
    if input.value().is_empty() {
        let absent = text::cut(&absent(form, *slot), usize::from(field.width));
        frame.render_widget(Span::styled(absent, palette.style(Role::Muted)), field);
    }
    if has_keys {
        footer::edit(input, frame, field);
    } else if !input.value().is_empty() {
        let said = text::cut(&harmless(input.value()), usize::from(field.width));
        frame.render_widget(Span::styled(said, palette.style(Role::Plain)), field);
    }
}

/// What stands in an empty line. Of headers that came with a pasted command only the names are shown.
fn absent(form: &Form, slot: Slot) -> String {
    let names = form.taken.names();
    if slot != Slot::Headers || names.is_empty() {
        return slot.absent().to_owned();
    }
    format!("{} of the pasted command: {}", names.len(), names.join(", "))
}

/// Draws the question about what is in the list already.
pub fn twins(state: &State, question: &Twins, frame: &mut Frame, area: Rect) {
    let width = area.width.min(72);
    let room = usize::from(width).saturating_sub(4);
    let (count, all) = (question.twins.len(), question.batch.len());
    let said = match (count, all) {
        (1, 1) => "This is in the list already:".to_owned(),
        _ => format!("{count} of {all} are in the list already:"),
    };
    let palette = state.palette;
    let mut lines = vec![Line::styled(text::cut(&said, room), palette.style(Role::Plain))];
    for (_, _, name) in question.twins.iter().take(3) {
        lines.push(Line::styled(text::cut_middle(&format!("  {name}"), room), palette.style(Role::Strong)));
    }
    if count > 3 {
        lines.push(Line::styled(format!("  and {} more", count - 3), palette.style(Role::Muted)));
    }
    lines.push(Line::default());
    for (key, what) in [
        ("j", "join: go on with what is in the list"),
        ("r", "rename: fetch it once more under another name"),
        ("s", "skip: leave it out"),
    ] {
        let key = Span::styled(format!("  {key}  "), palette.style(Role::Strong));
        lines.push(Line::from(vec![key, Span::raw(text::cut(what, room.saturating_sub(5)))]));
    }
    let inner = popup::window(state, " Twice? ", (width, lines.len() as u16), frame, area);
    for (line, place) in lines.into_iter().zip(inner.rows()) {
        frame.render_widget(line, place);
    }
}
