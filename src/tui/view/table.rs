//! The list of transfers. Only the rows that are seen are touched, however many there are.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::{Pane, Role, State};
use super::columns::Columns;
use super::strip::Strip;
use super::{bar, text, words};
use crate::api::{Activity, Direction, Live, Row, View};
use crate::config::{Action, Column};
use crate::model::{Status, added_text, harmless, percent, short_duration, size};

/// The names of the columns; a click on one sorts by it.
pub fn headings(state: &State, width: u16) -> Strip<Column> {
    let columns = Columns::fit(state, width);
    let sorting = state.list.sorting();
    let mut strip = Strip::new();
    strip.gap(columns.lead);
    for (number, (column, cells)) in columns.cells.iter().enumerate() {
        strip.gap(if number == 0 { 0 } else { columns.gap });
        let is_sorted = sorting.column == *column && !sorting.is_queue();
        let arrow = match (is_sorted, sorting.is_descending) {
            (false, _) => "",
            (true, true) => "▾",
            (true, false) => "▴",
        };
        let said = format!("{}{arrow}", column.heading());
        let cells = usize::from(*cells);
        let said = if is_number(*column) { text::right(&said, cells) } else { text::left(&said, cells) };
        let role = if is_sorted { Role::Strong } else { Role::Muted };
        strip.push_for(*column, [Span::styled(said, state.palette.style(role))]);
    }
    strip
}

fn is_number(column: Column) -> bool {
    use Column::{Connections, Done, Eta, Number, Size, Speed};
    matches!(column, Number | Size | Done | Speed | Eta | Connections)
}

/// Draws the rows that fit.
pub fn rows(state: &State, frame: &mut Frame, area: Rect) {
    if state.list.is_empty() {
        return empty(state, frame, area);
    }
    let columns = Columns::fit(state, area.width);
    let top = state.list.top(usize::from(area.height));
    for (offset, place) in area.rows().enumerate() {
        let Some(row) = state.list.get(top + offset) else { break };
        let line = Cells { state, row, columns: &columns, position: top + offset, line: Line::default() };
        frame.render_widget(line.all(), place);
    }
}

fn empty(state: &State, frame: &mut Frame, area: Rect) {
    let key = |action| super::key_of(state, action);
    let (filter, view) = (state.list.filter(), state.list.view());
    let wording = match (filter.is_empty(), view) {
        (false, View::All) => format!("No transfer holds \"{}\". {} shows all.", harmless(filter), key(Action::Back)),
        (false, _) => {
            let view = view.label().to_lowercase();
            format!("No {view} transfer holds \"{}\". {} shows all.", harmless(filter), key(Action::Back))
        }
        (true, View::All) if key(Action::Add).is_empty() => "Paste a URL.".to_owned(),
        (true, View::All) => format!("Paste a URL, or press {}.", key(Action::Add)),
        (true, _) => format!("Nothing here. {} shows all transfers.", key(Action::ShowAll)),
    };
    let room = usize::from(area.width);
    let mut lines = vec![Line::from(text::cut(&wording, room))];
    if filter.is_empty() && view == View::All {
        let folder = state.folder.to_string_lossy();
        let or = if state.categories.has_folders() && room >= 60 { ", or where their category says" } else { "" };
        let folder = text::cut_middle(&harmless(&folder), room.saturating_sub(12 + or.len()));
        let into = text::cut(&format!("Files go to {folder}{or}"), room);
        let muted = state.palette.style(Role::Muted);
        lines.extend([Line::default(), Line::styled(into, muted)]);
        let keys = [(Action::Upload, "sends files to a store"), (Action::Help, "shows all keys")];
        let said = keys.iter().filter(|(action, _)| !key(*action).is_empty());
        let said: Vec<String> = said.map(|(action, does)| format!("{} {does}", key(*action))).collect();
        lines.push(Line::styled(text::cut(&said.join(", "), room), muted));
    }
    for (line, place) in lines.into_iter().zip(area.rows().skip(usize::from(area.height.saturating_sub(2) / 2))) {
        frame.render_widget(line.centered(), place);
    }
}

/// A completed file counts as whole, whatever is left of its plan.
fn percent_of(row: &Row, length: u64) -> u64 {
    if row.status == Status::Done { 100 } else { percent(row.bytes_reached(), length) }
}

/// One row, put together cell by cell.
struct Cells<'a> {
    state: &'a State,
    row: &'a Row,
    columns: &'a Columns,
    position: usize,
    line: Line<'static>,
}

impl Cells<'_> {
    fn all(mut self) -> Line<'static> {
        self.lead();
        let live = self.row.live.as_ref().filter(|live| {
            let counts = matches!(live.activity, Activity::Receiving | Activity::Sending | Activity::Repairing);
            self.row.status == Status::Running && counts
        });
        let (in_words, room) = self.columns.words();
        for (number, (column, width)) in self.columns.cells.iter().enumerate() {
            let gap = if number == 0 { 0 } else { self.columns.gap };
            let is_worded = live.is_none() && in_words.iter().any(|cell| cell.0 == *column);
            if !is_worded {
                self.gap(gap);
                self.cell(*column, *width, live.map(AsRef::as_ref));
            } else if in_words.first().is_some_and(|cell| cell.0 == *column) {
                self.in_words(room, gap);
            }
        }
        self.line
    }

    /// The selection's mark, the state's glyph, the user's mark.
    fn lead(&mut self) {
        let palette = self.state.palette;
        let (glyph, role) = words::glyph(self.row);
        let is_selected = self.position == self.state.list.position();
        let mark = if self.state.list.is_marked(self.position) { "*" } else { " " };
        let strong = palette.style(Role::Strong);
        let pieces = [
            (if is_selected { "▸" } else { " " }, strong),
            (glyph, palette.style(role)),
            (mark, palette.style(Role::Warning)),
        ];
        for (said, style) in pieces.into_iter().take(usize::from(self.columns.lead)) {
            self.line.push_span(Span::styled(said, style));
        }
    }

    fn cell(&mut self, column: Column, width: u16, live: Option<&Live>) {
        let row = self.row;
        let (plain, muted) = (self.style(Role::Plain), self.style(Role::Muted));
        match column {
            Column::Number => {
                let place = self.state.list.place(self.position).map_or(0, |place| place + 1);
                self.right(&place.to_string(), width, muted);
            }
            Column::Name => self.name(width),
            Column::Size => self.right(&row.length.map_or_else(|| "?".to_owned(), size), width, plain),
            Column::Progress => self.parts(width),
            Column::Done => {
                let done = row.length.map_or_else(|| "-".to_owned(), |length| format!("{} %", percent_of(row, length)));
                self.right(&done, width, plain);
            }
            Column::Speed => {
                let said = live.map_or_else(String::new, |live| live.speed.to_string());
                self.right(&said, width, self.style(Role::Accent));
            }
            Column::Eta => {
                let said = live.map(|live| live.eta.map_or_else(|| "-".to_owned(), short_duration));
                self.right(&said.unwrap_or_default(), width, plain);
            }
            Column::Connections => {
                let said = live.map(|live| format!("{}/{}", live.connections.len(), live.allowed));
                self.right(&said.unwrap_or_default(), width, plain);
            }
            Column::State => self.in_words(width, 0),
            Column::Category => {
                let said = row.category.as_deref().unwrap_or("");
                self.left(&text::cut(&harmless(said), usize::from(width)), width, muted);
            }
            Column::Added => {
                let said = row.added.map(|at| added_text(at, &*self.state.clock)).unwrap_or_default();
                self.left(&said, width, muted);
            }
            Column::Direction => {
                self.left(if row.direction == Direction::Upload { "up" } else { "down" }, width, muted);
            }
            Column::Host => self.left(&text::cut_middle(&row.source.host(), usize::from(width)), width, muted),
        }
    }

    fn name(&mut self, width: u16) {
        let has_keys = self.state.pane == Pane::List;
        let is_selected = self.position == self.state.list.position();
        let role = match (is_selected, has_keys, self.row.status) {
            (true, true, _) => Role::Selected,
            (true, false, _) => Role::Strong,
            (false, _, Status::Queued) => Role::Muted,
            _ => Role::Plain,
        };
        let name = harmless(&self.row.name);
        self.left(&text::cut_middle(&name, usize::from(width)), width, self.style(role));
    }

    fn parts(&mut self, width: u16) {
        let row = self.row;
        if row.length.is_some() {
            self.line.spans.extend(bar::parts(row, width, self.state.palette));
            return;
        }
        let so_far = size(row.bytes_done());
        let wordings = if row.bytes_done() == 0 && row.status != Status::Running {
            vec![String::new()]
        } else {
            vec![format!("{so_far} so far, length unknown"), format!("{so_far} so far"), so_far]
        };
        self.left(&text::choose(&wordings, usize::from(width)), width, self.style(Role::Stored));
    }

    /// What it does or waits for; where there is nothing to count, in the place of the numbers.
    fn in_words(&mut self, room: u16, gap: u16) {
        let (wordings, role) = words::transfer(self.state, self.row);
        // Numbers end at the right, words begin at the left: a little air keeps the two apart.
        let air = u16::from(gap == 1 && room > 12);
        self.gap(gap + air);
        let said = text::choose(&wordings, usize::from(room - air));
        self.left(&said, room - air, self.style(role));
    }

    fn style(&self, role: Role) -> Style {
        self.state.palette.style(role)
    }

    fn gap(&mut self, cells: u16) {
        self.line.push_span(Span::raw(" ".repeat(usize::from(cells))));
    }

    fn left(&mut self, said: &str, width: u16, style: Style) {
        self.line.push_span(Span::styled(text::left(said, usize::from(width)), style));
    }

    fn right(&mut self, said: &str, width: u16, style: Style) {
        self.line.push_span(Span::styled(text::right(said, usize::from(width)), style));
    }
}
