//! The whole screen, from its bands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::{Mode, Role, State};
use super::bands::{self, Bands};
use super::{details, footer, header, help, popup, table};
use crate::model::harmless;

/// Draws a state.
pub fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let bands = bands::bands(state, area);
    let middle = bands::middle(&bands, area);
    header::draw(state, frame, bands.header);
    match &state.mode {
        Mode::Help { top } => {
            header::rule(frame.buffer_mut(), bands.rule, &Span::raw(""), "", state.palette);
            help::draw(state, *top, frame, middle);
        }
        _ => transfers(state, &bands, frame),
    }
    header::rule(frame.buffer_mut(), bands.last_rule, &Span::raw(""), "", state.palette);
    footer::draw(state, frame, bands.footer);
    popup::toasts(state, frame, above_footer(&bands, area));
    match &state.mode {
        Mode::Add { input, complaint } => popup::add(state, input, complaint.as_deref(), frame, middle),
        Mode::NewUrl { name, input, complaint, .. } => {
            popup::new_url(state, name, input, complaint.as_deref(), frame, middle);
        }
        Mode::Confirm(question) => popup::confirm(state, question, frame, middle),
        Mode::Browse | Mode::Filter(_) | Mode::Help { .. } => {}
    }
}

/// Toasts lie on the lowest lines of the middle, and never take all of it.
fn above_footer(bands: &Bands, area: Rect) -> Rect {
    let middle = bands::middle(bands, area);
    let height = (middle.height / 2).max(1).min(middle.height);
    Rect { y: middle.bottom() - height, height, ..middle }
}

fn transfers(state: &State, bands: &Bands, frame: &mut Frame) {
    if state.zoomed {
        details::title(state, frame, if bands.rule.is_empty() { bands.title } else { bands.rule });
        details::draw(state, frame, bands.details);
        return;
    }
    header::rule(frame.buffer_mut(), bands.rule, &filter_label(state), &position(state, bands), state.palette);
    table::headings(state, frame, bands.columns);
    table::rows(state, frame, bands.list);
    details::title(state, frame, bands.title);
    details::draw(state, frame, bands.details);
}

fn filter_label(state: &State) -> Span<'static> {
    if state.list.filter().is_empty() {
        return Span::raw("");
    }
    let said = format!("/{}: {} of {}", harmless(state.list.filter()), state.list.len(), state.list.total());
    Span::styled(said, state.palette.style(Role::Warning))
}

/// Where the selected row is, once the list is longer than its window.
fn position(state: &State, bands: &Bands) -> String {
    let length = state.list.len();
    if length <= usize::from(bands.list.height) {
        return String::new();
    }
    format!("{} of {length}", state.list.position() + 1)
}
