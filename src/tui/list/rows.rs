//! The rows as the screen shows them.
//!
//! Invariants, after every public call: `shown` holds the places of the rows that the view and the filter show, in the
//! list's order; `selected` is the id of the row at `position` in it or, while no row is shown, of the one that was there
//! last. So the selection stays on its transfer when rows move, or are hidden for a moment, and what a snapshot costs follows what changed in it.

use std::sync::Arc;

use super::Sorting;
use super::cores::shared;
use super::news::bit;
use crate::api::{Filter, Row, Rows, View};
use crate::model::TransferId;

/// The flag of a row that passes the filter; the lower ones are those of the views.
pub(super) const PASSES: u8 = 1 << 6;
/// The flag of a marked row.
pub(super) const MARKED: u8 = 1 << 7;

/// The rows as the screen shows them.
#[derive(Clone, Debug, Default)]
pub struct List {
    pub(super) rows: Rows,
    /// One for each row: the views that show it, whether it passes the filter, whether it is marked.
    pub(super) flags: Vec<u8>,
    /// The places of all rows, in the list's order.
    pub(super) order: Vec<u32>,
    /// Those of the rows that are shown.
    pub(super) shown: Vec<u32>,
    pub(super) counts: [usize; View::ALL.len()],
    pub(super) view: View,
    pub(super) filter: Filter,
    pub(super) sorting: Sorting,
    pub(super) selected: Option<TransferId>,
    pub(super) position: usize,
    /// The row that was marked last, from which a range begins.
    pub(super) anchor: Option<TransferId>,
    pub(super) awaited: Option<TransferId>,
    pub(super) top: usize,
}

/// What is seen.
impl List {
    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// True if no row is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// All rows, shown or not, in the queue's order.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// How many rows there are, shown or not.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// All rows, shown or not, in the queue's order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.iter()
    }

    /// How many rows a view has, with or without the filter.
    pub fn count(&self, view: View) -> usize {
        self.counts[view as usize]
    }

    /// The row at a place of what is shown.
    pub fn get(&self, position: usize) -> Option<&Arc<Row>> {
        self.rows.get(self.place(position)?)
    }

    /// The place in the queue, from 0, of the row at a place of what is shown.
    pub fn place(&self, position: usize) -> Option<usize> {
        self.shown.get(position).map(|place| *place as usize)
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Arc<Row>> {
        self.get(self.position)
    }

    /// Where the selected row is among those shown.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The view.
    pub fn view(&self) -> View {
        self.view
    }

    /// The text of the filter; empty if there is none.
    pub fn filter(&self) -> &str {
        self.filter.text()
    }

    /// What the list is sorted by.
    pub fn sorting(&self) -> Sorting {
        self.sorting
    }

    /// The first row to show in a window of so many lines, so that the selected one is inside.
    pub fn top(&self, height: usize) -> usize {
        let height = height.max(1);
        let least = (self.position + 1).saturating_sub(height);
        self.top.clamp(least, self.position.max(least)).min(self.len().saturating_sub(height))
    }
}

/// Moving about.
impl List {
    /// Keeps the window where it is, moved by as little as shows the selected row.
    pub fn follow(&mut self, height: usize) {
        self.top = self.top(height);
    }

    /// Selects a place, or the nearest that exists.
    pub fn go(&mut self, position: usize) {
        self.awaited = None;
        self.select(position);
    }

    /// Selects the row so many below (or above, if negative).
    pub fn step(&mut self, by: isize) {
        self.go(self.position.saturating_add_signed(by));
    }

    /// Selects a transfer as soon as it is in the list.
    pub fn await_arrival(&mut self, id: TransferId) {
        self.awaited = Some(id);
        self.welcome();
    }

    /// Waits no longer for a transfer that will not come.
    pub fn forget(&mut self, id: TransferId) {
        self.awaited = self.awaited.filter(|awaited| *awaited != id);
    }

    /// Shows the rows of a view.
    pub fn set_view(&mut self, view: View) {
        self.view = view;
        self.show(Some);
    }

    /// Shows only the rows that hold every word of a text in their name, host or state.
    pub fn set_filter(&mut self, text: &str) {
        let filter = Filter::parse(text);
        if filter == self.filter {
            return;
        }
        // A letter more hides rows that are shown, a letter less shows rows that are hidden: the others need no look.
        let (may_go, may_come) = (!self.filter.narrows(&filter), !filter.narrows(&self.filter));
        let judged = |(row, flags): (&Arc<Row>, &u8)| match flags & PASSES != 0 {
            passed if if passed { may_go } else { may_come } => {
                flags & !PASSES | if filter.passes(row) { PASSES } else { 0 }
            }
            _ => *flags,
        };
        let (rows, flags) = (&self.rows, &self.flags);
        let shares = shared(flags.len(), |range| {
            rows.iter_from(range.start).zip(&flags[range]).map(judged).collect::<Vec<u8>>()
        });
        self.flags = shares.concat();
        self.filter = filter;
        self.show(Some);
    }

    /// Puts the rows into another order; the selection stays on its transfer.
    pub fn sort(&mut self, sorting: Sorting) {
        if sorting != self.sorting {
            self.sorting = sorting;
            self.order = sorting.order(&self.rows);
            self.show(Some);
        }
    }

    fn select(&mut self, position: usize) {
        self.position = position.min(self.len().saturating_sub(1));
        self.selected = self.selected().map(|row| row.id).or(self.selected);
    }

    pub(super) fn welcome(&mut self) {
        let Some(awaited) = self.awaited else { return };
        // A new transfer is at the end of the queue, so that is where to look first.
        let Some(place) =
            (0..self.rows.len()).rev().find(|place| self.rows.get(*place).is_some_and(|row| row.id == awaited))
        else {
            return;
        };
        self.awaited = None;
        if let Some(position) = self.position_of(place as u32) {
            self.select(position);
        }
    }

    /// Takes out of all rows in their order those that are to be shown. The selection stays on its transfer or, if that is
    /// not shown any more, goes to the one below it, or above. `now` tells where a row is that was at a place before.
    pub(super) fn show(&mut self, now: impl Fn(u32) -> Option<u32>) {
        let before = std::mem::take(&mut self.shown);
        let (flags, wanted) = (&self.flags, self.wanted());
        let is_shown = |place: &u32| flags[*place as usize] & wanted == wanted;
        self.shown = self.order.iter().copied().filter(is_shown).collect();
        let (above, below) = before.split_at(self.position.min(before.len()));
        let nearest = below.iter().chain(above.iter().rev()).filter_map(|place| now(*place)).find(is_shown);
        let position = match nearest {
            Some(place) => self.position_of(place),
            // Nothing was shown before.
            None => {
                self.shown.iter().position(|place| self.rows.get(*place as usize).map(|row| row.id) == self.selected)
            }
        };
        self.select(position.unwrap_or(0));
    }

    /// The flags that a shown row has.
    pub(super) fn wanted(&self) -> u8 {
        bit(self.view) | PASSES
    }

    pub(super) fn position_of(&self, place: u32) -> Option<usize> {
        self.shown.iter().position(|shown| *shown == place)
    }

    /// True if the row at a place comes before another one.
    pub(super) fn comes_before(&self, place: u32, other: (u32, &Row)) -> bool {
        self.rows.get(place as usize).is_some_and(|row| self.sorting.compare((place, row), other).is_lt())
    }
}
