//! The rows as the screen shows them: which of them match the filter, which one is selected, and where the window
//! onto them begins.
//!
//! Invariant: `selected` is the id of the row at `position`, or `None` if no row is shown. It holds after every public
//! call, so the selection stays on its transfer when rows move.

use std::collections::HashMap;
use std::sync::Arc;

use crate::api::{Activity, Row, Rows};
use crate::model::{Status, TransferId};

/// The rows as the screen shows them.
#[derive(Clone, Debug, Default)]
pub struct List {
    rows: Rows,
    filter: String,
    matches: Option<Matches>,
    selected: Option<TransferId>,
    position: usize,
    awaited: Option<TransferId>,
    top: usize,
}

/// Which rows match the filter.
#[derive(Clone, Debug)]
struct Matches {
    /// One for each row, so that a snapshot needs to look only at the rows that changed.
    flags: Vec<bool>,
    /// The places of the matching rows, ascending.
    places: Vec<usize>,
}

impl List {
    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.matches.as_ref().map_or(self.rows.len(), |matches| matches.places.len())
    }

    /// True if no row is shown.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows there are, shown or not.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// The row at a place of what is shown.
    pub fn get(&self, position: usize) -> Option<&Arc<Row>> {
        let place = match &self.matches {
            Some(matches) => *matches.places.get(position)?,
            None => position,
        };
        self.rows.get(place)
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Arc<Row>> {
        self.get(self.position)
    }

    /// Where the selected row is among those shown.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The text that rows have to hold; empty if all are shown.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// The first row to show in a window of so many lines, so that the selected one is inside.
    pub fn top(&self, height: usize) -> usize {
        let height = height.max(1);
        let least = (self.position + 1).saturating_sub(height);
        self.top.clamp(least, self.position.max(least)).min(self.len().saturating_sub(height))
    }

    /// Keeps the window where it is, moved by as little as shows the selected row.
    pub fn follow(&mut self, height: usize) {
        self.top = self.top(height);
    }

    /// Selects a place, or the nearest that exists.
    pub fn go(&mut self, position: usize) {
        self.awaited = None;
        self.place(position);
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

    /// Takes new rows; the selection stays on its transfer or, if that is gone, goes to its nearest neighbour.
    pub fn replace(&mut self, rows: Rows) {
        let old =
            Self { rows: std::mem::replace(&mut self.rows, rows), matches: self.matches.take(), ..Self::default() };
        if !self.filter.is_empty() {
            self.matches = Some(self.matching(Some(&old)));
        }
        self.relocate(&old);
        self.welcome();
    }

    /// Shows only the rows that hold every word of a text in their name, host or state.
    pub fn set_filter(&mut self, text: &str) {
        let old_place = self.matches.as_ref().and_then(|old| old.places.get(self.position).copied());
        let place = old_place.unwrap_or(self.position);
        text.trim().to_lowercase().clone_into(&mut self.filter);
        self.matches = None;
        if !self.filter.is_empty() {
            self.matches = Some(self.matching(None));
        }
        let nearest = self.matches.as_ref().map_or(place, |new| new.places.partition_point(|at| *at < place));
        self.place(nearest);
    }

    fn place(&mut self, position: usize) {
        self.position = position.min(self.len().saturating_sub(1));
        self.selected = self.selected().map(|row| row.id);
    }

    fn welcome(&mut self) {
        let Some(awaited) = self.awaited else { return };
        // A new transfer is at the end of the queue, so that is where to look first.
        let found = (0..self.len()).rev().find(|at| self.get(*at).is_some_and(|row| row.id == awaited));
        if let Some(position) = found {
            self.go(position);
        }
    }

    fn relocate(&mut self, old: &Self) {
        let Some(selected) = self.selected else { return self.place(0) };
        let is_selected = |row: &Arc<Row>| row.id == selected;
        if self.selected().is_some_and(is_selected) {
            return;
        }
        if let Some(position) = (0..self.len()).find(|at| self.get(*at).is_some_and(is_selected)) {
            return self.place(position);
        }
        let positions: HashMap<TransferId, usize> =
            (0..self.len()).filter_map(|at| Some((self.get(at)?.id, at))).collect();
        let below = self.position + 1..old.len();
        let above = (0..self.position.min(old.len())).rev();
        let neighbour = below.chain(above).find_map(|at| positions.get(&old.get(at)?.id).copied());
        self.place(neighbour.unwrap_or(self.position));
    }

    /// Which rows match. A row that `old` already held at the same place need not be read again.
    fn matching(&self, old: Option<&Self>) -> Matches {
        let words: Vec<&str> = self.filter.split_whitespace().collect();
        let known = old.and_then(|old| Some((&old.rows, &old.matches.as_ref()?.flags)));
        let mut before = known.map(|(rows, flags)| rows.iter().zip(flags));
        let flags: Vec<bool> = self
            .rows
            .iter()
            .map(|row| match before.as_mut().and_then(Iterator::next) {
                Some((same, flag)) if Arc::ptr_eq(same, row) => *flag,
                _ => is_match(row, &words),
            })
            .collect();
        let places = flags.iter().enumerate().filter(|entry| *entry.1).map(|entry| entry.0).collect();
        Matches { flags, places }
    }
}

fn is_match(row: &Row, words: &[&str]) -> bool {
    let activity = match (row.status, row.live.as_ref().map(|live| live.activity)) {
        (Status::Running, Some(Activity::Waiting(_))) => "active waiting",
        (Status::Running, Some(Activity::Checking)) => "active checking",
        (Status::Running, Some(Activity::Repairing)) => "active repairing",
        (Status::Running, _) => "active",
        _ => "",
    };
    let text = format!("{} {} {} {activity}", row.name, row.source.host(), row.status).to_lowercase();
    words.iter().all(|word| text.contains(word))
}
