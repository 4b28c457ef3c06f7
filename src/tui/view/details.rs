//! The selected transfer: its connections and the facts, one below the other or, where there is room, side by side; or
//! its log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Pane, Role, State, Tab};
use super::{bands, connections, facts, header, log};
use crate::api::Row;
use crate::model::harmless;

/// From this width on the facts stand beside the connections.
const SIDE_BY_SIDE: u16 = 150;

/// True if the selected transfer's log is on the screen.
pub fn shows_log(state: &State) -> bool {
    state.tab == Tab::Log && state.list.selected().is_some() && !area(state).is_empty()
}

fn area(state: &State) -> Rect {
    bands::bands(state, bands::whole(state)).details
}

/// How many lines the details have at the most, and how many are shown.
pub fn details_room(state: &State) -> (usize, usize) {
    let area = area(state);
    let length = state.list.selected().map_or(0, |row| length(state, row, area.width));
    (length, usize::from(area.height))
}

fn length(state: &State, row: &Row, width: u16) -> usize {
    columns(state, row, width).iter().map(|(_, lines)| lines.len()).max().unwrap_or(0)
}

/// The lines to show, with the width of the column that they stand in.
fn columns(state: &State, row: &Row, width: u16) -> Vec<(u16, Vec<Line<'static>>)> {
    let live = row.live.as_ref().filter(|live| !live.connections.is_empty());
    let cells = usize::from(width);
    match live {
        _ if state.tab == Tab::Log => vec![(width, log::lines(state, row, cells))],
        None => vec![(width, facts::lines(state, row, cells))],
        Some(live) if width >= SIDE_BY_SIDE => {
            let left = width * 3 / 5;
            let lines = connections::lines(live, usize::from(left) - 3, state.palette);
            vec![(left, lines), (width - left, facts::lines(state, row, usize::from(width - left)))]
        }
        Some(live) => {
            let mut lines = connections::lines(live, cells, state.palette);
            lines.extend(facts::lines(state, row, cells));
            vec![(width, lines)]
        }
    }
}

/// Draws the rule with the selected transfer's name.
pub fn title(state: &State, frame: &mut Frame, area: Rect) {
    let Some(row) = state.list.selected() else {
        return header::rule(frame.buffer_mut(), area, &Span::raw(""), "", state.palette);
    };
    let hint = match (state.tab, hidden(state)) {
        (Tab::Connections, hidden) => hidden,
        (Tab::Log, hidden) if hidden.is_empty() => "log, UTC".to_owned(),
        (Tab::Log, hidden) => format!("log, UTC; {hidden}"),
    };
    let role = if state.pane == Pane::Details { Role::Selected } else { Role::Strong };
    let name = Span::styled(harmless(&row.name).into_owned(), state.palette.style(role));
    header::rule(frame.buffer_mut(), area, &name, &hint, state.palette);
}

/// How many lines are not shown, and the key that shows them. A log is read from its end, so the older lines count.
fn hidden(state: &State) -> String {
    let (length, height) = details_room(state);
    let below = length.saturating_sub(height + state.details_top);
    let (count, what) = match state.tab {
        Tab::Log if below == 0 => (state.details_top, "above"),
        Tab::Log => (below, "below"),
        Tab::Connections => (below, if below == 1 { "more line" } else { "more lines" }),
    };
    match (count, state.pane) {
        (0, _) => String::new(),
        (_, Pane::List) => format!("{count} {what}: {}", super::key_of(state, crate::config::Action::Details)),
        (_, Pane::Details) => format!("{count} {what}"),
    }
}

/// Draws the selected transfer.
pub fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let Some(row) = state.list.selected() else { return };
    let height = usize::from(area.height);
    let top = state.details_top.min(length(state, row, area.width).saturating_sub(height));
    let mut x = area.x;
    for (width, lines) in columns(state, row, area.width) {
        for (line, y) in lines.iter().skip(top).zip(area.y..area.bottom()) {
            frame.render_widget(line, Rect::new(x, y, width, 1));
        }
        x += width;
    }
}
