//! What is where on the screen: the way back from a cell to what it shows, for the mouse.

use ratatui::layout::{Position, Rect};

use super::super::{Mode, State, Tab};
use super::bands::{self, Bands};
use super::{choice, details, footer, form, table, views};
use crate::api::View;
use crate::config::{Chord, Column};

/// What a cell of the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A transfer, at a place of what is shown.
    Row(usize),
    /// The head of a column.
    Heading(Column),
    /// The name of a view.
    View(View),
    /// The name of a page of the details.
    Tab(Tab),
    /// A key in the last line.
    Key(Chord),
    /// A line of a box to fill in.
    Slot(usize),
    /// A column in the box that sorts.
    Choice(usize),
    /// The list, below its last transfer.
    List,
    /// The details.
    Details,
    /// Something else.
    Elsewhere,
}

/// What a cell shows.
pub fn spot(state: &State, x: u16, y: u16) -> Spot {
    let area = bands::whole(state);
    let bands = bands::bands(state, area);
    let here = Position::new(x, y);
    if bands.footer.contains(here) {
        return footer::keys(state, bands.footer.width).at(x).map_or(Spot::Elsewhere, Spot::Key);
    }
    match &state.mode {
        Mode::Browse | Mode::Filter(_) => transfers(state, &bands, here).unwrap_or(Spot::Elsewhere),
        Mode::Add(form) | Mode::Send(form) => {
            form::at(form, bands::middle(&bands, area), (x, y)).map_or(Spot::Elsewhere, Spot::Slot)
        }
        Mode::Sort { at } => choice::at(*at, bands::middle(&bands, area), (x, y)).map_or(Spot::Elsewhere, Spot::Choice),
        _ => Spot::Elsewhere,
    }
}

fn transfers(state: &State, bands: &Bands, here: Position) -> Option<Spot> {
    let within = |area: Rect| area.contains(here).then(|| here.x - area.x);
    if let Some(x) = within(bands.views) {
        return views::line(state, usize::from(bands.list.height), bands.views.width).at(x).map(Spot::View);
    }
    if let Some(x) = within(bands.columns) {
        return table::headings(state, bands.columns.width).at(x).map(Spot::Heading);
    }
    if within(bands.list).is_some() {
        let height = usize::from(bands.list.height);
        let position = state.list.top(height) + usize::from(here.y - bands.list.y);
        return Some(if position < state.list.len() { Spot::Row(position) } else { Spot::List });
    }
    if within(bands.title).is_some() && state.list.selected().is_some() {
        let tabs = details::tabs(state, bands.title.width);
        let (_, place) = details::split(bands.title, tabs.width());
        let x = within(place);
        return Some(x.and_then(|x| tabs.at(x)).map_or(Spot::Details, Spot::Tab));
    }
    within(bands.details).map(|_| Spot::Details)
}
