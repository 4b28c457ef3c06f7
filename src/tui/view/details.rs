//! The selected transfer: its connections and the facts, one below the other or, where there is room, side by side; or
//! its log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Pane, Role, State, Tab};
use super::strip::Strip;
use super::{bands, connections, facts, graph, header, log, map};
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

/// True for a page that fills its place, whatever there is of it, and so never scrolls.
fn is_picture(tab: Tab) -> bool {
    matches!(tab, Tab::Map | Tab::Graph)
}

/// How many lines of the details fit.
pub fn details_height(state: &State) -> usize {
    usize::from(area(state).height)
}

/// How many lines the details have at the most, and how many are shown.
pub fn details_room(state: &State) -> (usize, usize) {
    let area = area(state);
    let height = usize::from(area.height);
    if is_picture(state.tab) {
        return (height, height);
    }
    (state.list.selected().map_or(0, |row| length(state, row, area.width)), height)
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
        _ if state.tab == Tab::Info => vec![(width, facts::all(state, row, cells))],
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

/// Draws the rule with the selected transfer's name, a hint if there is one for here, and the pages.
pub fn title(state: &State, hint: &str, frame: &mut Frame, area: Rect) {
    let Some(row) = state.list.selected() else {
        return header::rule(frame.buffer_mut(), area, &Span::raw(""), "", state.palette);
    };
    let role = if state.pane == Pane::Details { Role::Selected } else { Role::Strong };
    let name = Span::styled(harmless(&row.name).into_owned(), state.palette.style(role));
    let tabs = tabs(state, area.width);
    let (left, right) = split(area, tabs.width());
    header::rule(frame.buffer_mut(), left, &name, hint, state.palette);
    header::rule(
        frame.buffer_mut(),
        Rect { x: right.right(), width: area.right() - right.right(), ..area },
        &Span::raw(""),
        "",
        state.palette,
    );
    frame.render_widget(tabs.line(), right);
}

/// The names of the pages; a click on one shows it. On a narrow screen there is only the one that is shown.
pub fn tabs(state: &State, width: u16) -> Strip<Tab> {
    let mut strip = Strip::new();
    let all = if width >= 76 { &Tab::ALL[..] } else { std::slice::from_ref(&state.tab) };
    for tab in all {
        let role = if *tab == state.tab { Role::Current } else { Role::Muted };
        strip.gap(1);
        strip.push_for(*tab, [Span::styled(tab.label(), state.palette.style(role))]);
        strip.gap(1);
    }
    strip
}

/// The title's two sides: name and pages. A bit of the rule is left at the very end.
pub fn split(area: Rect, tabs: u16) -> (Rect, Rect) {
    let width = if area.width >= tabs + 12 { tabs } else { 0 };
    let end = if width > 0 { 2 } else { 0 };
    let left = Rect { width: area.width - width - end, ..area };
    (left, Rect { x: left.right(), width, ..area })
}

/// What the details don't show, for the rule below them.
pub fn hint(state: &State) -> String {
    let (length, height) = details_room(state);
    if height == 0 || state.list.selected().is_none() {
        return String::new();
    }
    let below = length.saturating_sub(height + state.details_top);
    let (count, what) = match state.tab {
        // A log is read from its end, so the older lines count.
        Tab::Log if below == 0 => (state.details_top, "above"),
        Tab::Log => (below, "below"),
        _ => (below, if below == 1 { "more line" } else { "more lines" }),
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
    match state.tab {
        _ if area.is_empty() => return,
        Tab::Map => return map::draw(state, row, frame, area),
        Tab::Graph => return graph::draw(state, row, frame, area),
        Tab::Connections | Tab::Log | Tab::Info => {}
    }
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
