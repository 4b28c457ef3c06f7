//! Marks: several rows for one action.

use std::collections::HashSet;
use std::sync::Arc;

use super::List;
use super::rows::MARKED;
use crate::api::Row;
use crate::model::TransferId;

impl List {
    /// True if the row at a place of what is shown is marked.
    pub fn is_marked(&self, position: usize) -> bool {
        self.place(position).is_some_and(|place| self.flags[place] & MARKED != 0)
    }

    /// How many marked rows are shown, and how many are not.
    pub fn marked(&self) -> (usize, usize) {
        let wanted = self.wanted() | MARKED;
        let shown = self.flags.iter().filter(|flags| **flags & wanted == wanted).count();
        let all = self.flags.iter().filter(|flags| **flags & MARKED != 0).count();
        (shown, all - shown)
    }

    /// Marks the selected row, or takes its mark away.
    pub fn toggle_mark(&mut self) {
        if let Some(place) = self.place(self.position) {
            self.flags[place] ^= MARKED;
            self.anchor = self.selected;
        }
    }

    /// Marks the rows from the one that was marked last to the selected one.
    pub fn mark_range(&mut self) {
        let is_anchor = |position: &usize| self.get(*position).map(|row| row.id) == self.anchor;
        let from = (0..self.len()).find(is_anchor).unwrap_or(self.position);
        let (first, last) = (from.min(self.position), from.max(self.position));
        for place in self.shown.iter().take(last + 1).skip(first) {
            self.flags[*place as usize] |= MARKED;
        }
        self.anchor = self.selected;
    }

    /// Marks all rows that are shown; once all are, takes their marks away.
    pub fn mark_all(&mut self) {
        if self.marked().0 == self.len() {
            return self.unmark();
        }
        for place in &self.shown {
            self.flags[*place as usize] |= MARKED;
        }
    }

    /// Marks those that are shown and of which this is true; tells how many they are.
    pub fn mark_those(&mut self, is_it: impl Fn(&Row) -> bool) -> usize {
        let mut count = 0;
        for place in &self.shown {
            if self.rows.get(*place as usize).is_some_and(|row| is_it(row)) {
                self.flags[*place as usize] |= MARKED;
                count += 1;
            }
        }
        count
    }

    /// Takes all marks away.
    pub fn unmark(&mut self) {
        self.flags.iter_mut().for_each(|flags| *flags &= !MARKED);
        self.anchor = None;
    }

    /// What an action is about, with its places in the queue: the marked rows that are shown or, if there are none, the
    /// selected one. Nothing is done to a row that nobody sees.
    pub fn targets(&self) -> Vec<(usize, Arc<Row>)> {
        if self.marked().0 == 0 {
            return self.selected_place().into_iter().collect();
        }
        let places = self.shown.iter().map(|place| *place as usize);
        let marked = places.filter(|place| self.flags[*place] & MARKED != 0);
        marked.filter_map(|place| Some((place, self.rows.get(place)?.clone()))).collect()
    }

    /// The selected row, with its place in the queue.
    pub fn selected_place(&self) -> Option<(usize, Arc<Row>)> {
        let place = self.place(self.position)?;
        Some((place, self.rows.get(place)?.clone()))
    }

    /// These transfers, with their places in the queue, as far as they are in the list, be they shown or not.
    pub fn these(&self, ids: &[TransferId]) -> Vec<(usize, Arc<Row>)> {
        let wanted: HashSet<&TransferId> = ids.iter().collect();
        let rows = self.rows.iter().enumerate().filter(|(_, row)| wanted.contains(&row.id));
        rows.map(|(place, row)| (place, row.clone())).collect()
    }
}
