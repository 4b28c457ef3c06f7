//! The whole screen, from its bands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::{Mode, State};
use super::bands::{self, Bands};
use super::{choice, command, details, finish, footer, form, header, help, popup, table, views, welcome};

/// Draws a state.
pub fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    parts(state, frame, area);
    finish::finish(state, frame.buffer_mut());
}

fn parts(state: &State, frame: &mut Frame, area: Rect) {
    let bands = bands::bands(state, area);
    let middle = bands::middle(&bands, area);
    header::draw(state, frame, bands.header);
    match &state.mode {
        Mode::Help { top } => {
            header::rule(frame.buffer_mut(), bands.views, &Span::raw("Keys"), "", state.palette);
            help::draw(state, *top, frame, middle);
        }
        _ => transfers(state, &bands, frame),
    }
    let hint = if matches!(state.mode, Mode::Help { .. }) { String::new() } else { details::hint(state) };
    header::rule(frame.buffer_mut(), bands.last_rule, &Span::raw(""), &hint, state.palette);
    footer::draw(state, frame, bands.footer);
    popup::toasts(state, frame, above_footer(&bands, area));
    match &state.mode {
        Mode::Add(form) | Mode::Send(form) => form::draw(state, form, frame, middle),
        Mode::Twins(question) => form::twins(state, question, frame, middle),
        Mode::NewUrl { id, name, input, taken, complaint } => {
            popup::new_url(state, (*id, name), (input, taken), complaint.as_deref(), frame, middle);
        }
        Mode::Confirm(question) => popup::confirm(state, question, frame, middle),
        Mode::Sort { at } => choice::draw(state, *at, frame, middle),
        Mode::Leave => popup::leave(state, frame, middle),
        Mode::Command(line) => command::hint(state, line, frame, middle),
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
    if !state.zoomed {
        let views = views::line(state, usize::from(bands.list.height), bands.views.width);
        frame.render_widget(views.line(), bands.views);
        header::rule(frame.buffer_mut(), bands.rule, &Span::raw(""), "", state.palette);
        frame.render_widget(table::headings(state, bands.columns.width).line(), bands.columns);
        table::rows(state, frame, bands.list);
        welcome::draw(state, frame, bands.list);
    }
    // On a low screen there is no rule below the details for it.
    let hint = if bands.last_rule.is_empty() { details::hint(state) } else { String::new() };
    details::title(state, &hint, frame, bands.title);
    details::draw(state, frame, bands.details);
}
