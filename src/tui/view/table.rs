//! The list of transfers. Only the rows that are seen are touched, however many there are.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::{Pane, Role, State};
use super::columns::Columns;
use super::{bar, text, words};
use crate::api::{Activity, Row};
use crate::model::{Status, brief_duration, harmless, percent, size};

/// Draws the names of the columns.
pub fn headings(state: &State, frame: &mut Frame, area: Rect) {
    let columns = Columns::fit(area.width);
    let style = state.palette.style(Role::Muted);
    let mut line = Builder::new(columns);
    line.left("", columns.lead, style, 0);
    line.left("Name", columns.name, style, 0);
    line.right("Size", columns.size, style);
    line.left("Parts", columns.parts, style, columns.gap);
    line.right("Done", columns.percent, style);
    line.right("Speed", columns.speed, style);
    line.right("ETA", columns.eta, style);
    line.right("Conn", columns.connections, style);
    line.left("State", columns.state, style, columns.gap);
    frame.render_widget(line.line, area);
}

/// Draws the rows that fit.
pub fn rows(state: &State, frame: &mut Frame, area: Rect) {
    if state.list.is_empty() {
        return empty(state, frame, area);
    }
    let columns = Columns::fit(area.width);
    let top = state.list.top(usize::from(area.height));
    for (offset, line) in area.rows().enumerate() {
        let Some(row) = state.list.get(top + offset) else { break };
        frame.render_widget(row_line(state, row, columns, top + offset == state.list.position()), line);
    }
}

fn empty(state: &State, frame: &mut Frame, area: Rect) {
    let add = super::key_of(state, crate::config::Action::Add);
    let (filter, back) = (state.list.filter(), super::key_of(state, crate::config::Action::Back));
    let wording = match (filter.is_empty(), add.is_empty()) {
        (false, _) => format!("No transfer holds \"{}\". {back} shows all.", harmless(filter)),
        (true, true) => "Paste a URL.".to_owned(),
        (true, false) => format!("Paste a URL, or press {add}."),
    };
    let room = usize::from(area.width);
    let mut lines = vec![Line::from(text::cut(&wording, room))];
    if filter.is_empty() {
        let folder = state.folder.to_string_lossy();
        let into = text::cut_middle(&format!("Files go to {}", harmless(&folder)), room);
        lines.extend([Line::default(), Line::styled(into, state.palette.style(Role::Muted))]);
    }
    for (line, place) in lines.into_iter().zip(area.rows().skip(usize::from(area.height.saturating_sub(2) / 2))) {
        frame.render_widget(line.centered(), place);
    }
}

fn row_line(state: &State, row: &Row, columns: Columns, is_selected: bool) -> Line<'static> {
    let palette = state.palette;
    let plain = palette.style(Role::Plain);
    let (glyph, role) = words::glyph(row);
    let has_keys = state.pane == Pane::List;
    let name_style = match (is_selected, has_keys, row.status) {
        (true, true, _) => palette.style(Role::Selected),
        (true, false, _) => palette.style(Role::Strong),
        (false, _, Status::Queued) => palette.style(Role::Muted),
        _ => plain,
    };
    let mut line = Builder::new(columns);
    line.left(if is_selected { "▸" } else { " " }, columns.lead.min(1), palette.style(Role::Strong), 0);
    line.left(glyph, columns.lead.saturating_sub(1).min(1), palette.style(role), 0);
    line.left("", columns.lead.saturating_sub(2), plain, 0);
    let name = harmless(&row.name);
    line.left(&text::cut_middle(&name, usize::from(columns.name)), columns.name, name_style, 0);
    line.right(&row.length.map_or_else(|| "?".to_owned(), size), columns.size, plain);
    parts(state, row, &mut line);
    let done = row.length.map_or_else(|| "-".to_owned(), |length| format!("{} %", percent_of(row, length)));
    line.right(&done, columns.percent, plain);
    tail(state, row, &mut line);
    line.line
}

/// A completed file counts as whole, whatever is left of its plan.
fn percent_of(row: &Row, length: u64) -> u64 {
    if row.status == Status::Done { 100 } else { percent(row.bytes_done(), length) }
}

fn parts(state: &State, row: &Row, line: &mut Builder) {
    let width = line.columns.parts;
    if width == 0 {
        return;
    }
    if row.length.is_some() {
        line.gap(line.columns.gap);
        line.line.spans.extend(bar::parts(row, width, state.palette));
        return;
    }
    let so_far = size(row.bytes_done());
    let wordings = match row.status {
        Status::Queued if row.bytes_done() == 0 => vec![String::new()],
        _ => vec![format!("{so_far} so far, length unknown"), format!("{so_far} so far"), so_far],
    };
    let said = text::choose(&wordings, usize::from(width));
    line.left(&said, width, state.palette.style(Role::Stored), line.columns.gap);
}

/// Speed, ETA, connections and state; or, where there is nothing to count, the state alone in their place.
fn tail(state: &State, row: &Row, line: &mut Builder) {
    let columns = line.columns;
    let palette = state.palette;
    let (wordings, role) = words::transfer(state, row);
    let live = row.live.as_ref().filter(|live| {
        row.status == Status::Running && matches!(live.activity, Activity::Receiving | Activity::Repairing)
    });
    let Some(live) = live else {
        let room = columns.tail();
        // Numbers end at the right, words begin at the left: a little air keeps the two apart.
        let air = u16::from(columns.gap == 1 && room > 12);
        let said = text::choose(&wordings, usize::from(room - air));
        return line.left(&said, room - air, palette.style(role), columns.gap + air);
    };
    let plain = palette.style(Role::Plain);
    line.right(&live.speed.to_string(), columns.speed, palette.style(Role::Accent));
    let eta = live.eta.map_or_else(|| "-".to_owned(), brief_duration);
    let eta = if text::width(&eta) > usize::from(columns.eta) { "> 99 d".to_owned() } else { eta };
    line.right(&eta, columns.eta, plain);
    line.right(&format!("{}/{}", live.connections.len(), live.allowed), columns.connections, plain);
    let said = text::choose(&wordings, usize::from(columns.state));
    line.left(&said, columns.state, palette.style(role), columns.gap);
}

/// Puts cells side by side.
struct Builder {
    columns: Columns,
    line: Line<'static>,
}

impl Builder {
    fn new(columns: Columns) -> Self {
        Self { columns, line: Line::default() }
    }

    fn gap(&mut self, cells: u16) {
        self.line.push_span(Span::raw(" ".repeat(usize::from(cells))));
    }

    fn left(&mut self, said: &str, width: u16, style: Style, gap: u16) {
        if width > 0 {
            self.gap(gap);
            self.line.push_span(Span::styled(text::left(said, usize::from(width)), style));
        }
    }

    fn right(&mut self, said: &str, width: u16, style: Style) {
        if width > 0 {
            self.gap(self.columns.gap);
            self.line.push_span(Span::styled(text::right(said, usize::from(width)), style));
        }
    }
}
