//! The box in which the column is chosen that the list is sorted by.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::{Role, State};
use super::{popup, text};
use crate::config::Column;

/// How wide the box is: the longest line, and its edge.
const WIDTH: u16 = 34;

/// Draws the box.
pub fn draw(state: &State, at: usize, frame: &mut Frame, area: Rect) {
    let inner = popup::window(state, " Sort by ", (WIDTH.min(area.width), Column::ALL.len() as u16), frame, area);
    let sorting = state.list.sorting();
    for (number, place) in visible(at, inner) {
        let column = Column::ALL[number];
        let way = match (column == sorting.column, sorting.is_descending) {
            (false, _) => "",
            (true, false) => "▴",
            (true, true) => "▾",
        };
        let mark = if number == at { "▸" } else { " " };
        let said = format!("{mark} {} {way}", column.describe());
        let role = if number == at { Role::Selected } else { Role::Plain };
        let line = Line::styled(text::left(&said, usize::from(inner.width)), state.palette.style(role));
        frame.render_widget(line, place);
    }
}

/// The column at a place on the screen.
pub fn at(at: usize, area: Rect, (x, y): (u16, u16)) -> Option<usize> {
    let inner = popup::inside(area, (WIDTH.min(area.width), Column::ALL.len() as u16));
    let is_here = |place: &Rect| place.y == y && (place.x..place.right()).contains(&x);
    visible(at, inner).find(|(_, place)| is_here(place)).map(|(number, _)| number)
}

/// The columns that fit, so that the chosen one is among them.
fn visible(at: usize, inner: Rect) -> impl Iterator<Item = (usize, Rect)> {
    let top = (at + 1).saturating_sub(usize::from(inner.height));
    (top..Column::ALL.len()).zip(inner.rows())
}
