//! The first line: speed, limit and totals; and the rules between the bands.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::{Frame, buffer::Buffer};

use super::super::{Palette, Role, State};
use super::{graph, text};

/// A rule's name gets so many cells before a hint gets any.
const NAME: usize = 12;

/// Draws the totals.
pub fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let palette = state.palette;
    let totals = state.totals;
    let mut left = vec![
        Span::styled(" haul ", palette.style(Role::Strong)),
        Span::styled(format!(" ↓ {}", text::right(&totals.speed.to_string(), 10)), palette.style(Role::Accent)),
    ];
    if totals.upload_speed.bytes() > 0 {
        let said = format!("  ↑ {}", text::right(&totals.upload_speed.to_string(), 10));
        left.push(Span::styled(said, palette.style(Role::Accent)));
    }
    if let Some(limit) = totals.limit {
        left.push(Span::styled(format!("  limit {limit}"), palette.style(Role::Warning)));
    }
    let room = usize::from(area.width).saturating_sub(Line::from(left.clone()).width());
    let right = counts(state, room);
    frame.render_widget(Line::from(left), area);
    let width = right.width() as u16;
    if usize::from(width) <= room {
        let at = Rect { x: area.right() - width, width, ..area };
        frame.render_widget(right, at);
        graph(state, frame, Rect { x: area.right() - room as u16, width: room as u16 - width, ..area });
    }
}

/// The last minute's speed where there is room for it, as long as something runs: after that nothing moves it on.
fn graph(state: &State, frame: &mut Frame, room: Rect) {
    if room.width >= 24 && state.totals.running > 0 && graph::has_total(state.history.total()) {
        let width = (room.width - 6).min(60);
        let place = Rect { x: room.right() - width - 2, width, ..room };
        frame.render_widget(graph::total(state, width), place);
    }
}

/// How many there are of each kind; what there is none of is said only of running and queued ones.
fn counts(state: &State, room: usize) -> Line<'static> {
    let totals = state.totals;
    let palette = state.palette;
    // As the view of that name has it: those that are paused or wait for room are of the queue.
    let held = [(totals.paused, "paused"), (totals.disk_full, "disk full")];
    let held: Vec<String> =
        held.iter().filter(|entry| entry.0 > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let entries = [
        (totals.running, "active", Role::Accent, true),
        (totals.queued + totals.paused + totals.disk_full, "queued", Role::Plain, true),
        (totals.expired, "expired", Role::Bad, false),
        (totals.done, "done", Role::Good, false),
        (totals.failed, "failed", Role::Bad, false),
    ];
    let mut shown: Vec<_> = entries.into_iter().filter(|entry| entry.0 > 0 || entry.3).collect();
    let line = |shown: &[(usize, &str, Role, bool)], gap: &'static str| -> Line<'static> {
        let spans = shown.iter().flat_map(|(count, word, role, _)| {
            let role = if *count == 0 { Role::Muted } else { *role };
            let held =
                if *word == "queued" && !held.is_empty() { format!(" ({})", held.join(", ")) } else { String::new() };
            let said = Span::styled(format!("{count} {word}"), palette.style(role));
            [Span::raw(gap), said, Span::styled(held, palette.style(Role::Warning))]
        });
        spans.chain([Span::raw(" ")]).collect()
    };
    if line(&shown, "   ").width() <= room {
        return line(&shown, "   ");
    }
    // What needs nobody's attention leaves first.
    for leaves in ["done", "queued", "active"] {
        if line(&shown, "  ").width() > room {
            shown.retain(|entry| entry.1 != leaves);
        }
    }
    line(&shown, "  ")
}

/// Draws a thin rule with a text near its left end and one near its right end.
pub fn rule(buffer: &mut Buffer, area: Rect, left: &Span<'_>, right: &str, palette: Palette) {
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width);
    buffer.set_stringn(area.x, area.y, "─".repeat(width), width, palette.style(Role::Muted));
    let right_room = width / 2;
    // What it is about matters more than a hint.
    let needed = text::width(right).min(right_room) + 2 + 8 + text::width(&left.content).min(NAME);
    let right = if needed > width && !left.content.is_empty() { "" } else { right };
    let right =
        if right.is_empty() || width < 24 { String::new() } else { format!(" {} ", text::cut(right, right_room)) };
    let right_width = text::width(&right);
    if right_width > 0 {
        let x = area.x + (width - right_width).saturating_sub(2) as u16;
        buffer.set_stringn(x, area.y, &right, right_width, palette.style(Role::Muted));
    }
    let room = width.saturating_sub(right_width + 8);
    if !left.content.is_empty() && room > 0 {
        let label = format!(" {} ", text::cut_middle(&left.content, room));
        // The rule's own looks must not shine through.
        let place = Rect { x: area.x + 2, width: text::width(&label) as u16, ..area };
        buffer.set_style(place.intersection(area), Style::reset());
        buffer.set_stringn(place.x, place.y, &label, room + 2, left.style);
    }
}
