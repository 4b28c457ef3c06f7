//! New rows: what changed is put where it belongs, and the rest is left alone.

use std::collections::HashMap;

use super::List;
use super::rows::{MARKED, PASSES};
use crate::api::{Changes, Row, Rows, View};
use crate::model::TransferId;

impl List {
    /// Takes new rows; the selection stays on its transfer or, if that is gone, goes to its nearest neighbour. Gives the
    /// places of the rows that changed.
    pub fn replace(&mut self, rows: Rows) -> Vec<usize> {
        let changes = rows.changes_since(&self.rows);
        let before = std::mem::replace(&mut self.rows, rows);
        let changed = match changes {
            Changes::Rows(changed) => {
                self.amend(&before, &changed);
                changed
            }
            Changes::Order => {
                self.renew(&before);
                (0..self.rows.len()).collect()
            }
        };
        self.welcome();
        changed
    }

    /// Rows changed, or came at the end; the others are where they were.
    fn amend(&mut self, before: &Rows, changed: &[usize]) {
        let mut moved = Vec::new();
        let mut comes_or_goes = false;
        for place in changed {
            let Some(row) = self.rows.get(*place) else { continue };
            let was = self.flags.get(*place).copied();
            let now = self.judge(row) | was.unwrap_or(0) & MARKED;
            for view in View::ALL {
                let index = view as usize;
                self.counts[index] -= usize::from(was.is_some_and(|was| was & bit(view) != 0));
                self.counts[index] += usize::from(now & bit(view) != 0);
            }
            match self.flags.get_mut(*place) {
                Some(flags) => *flags = now,
                None => self.flags.push(now),
            }
            comes_or_goes |= was != Some(now);
            if before.get(*place).is_none_or(|old| self.sorting.tells_apart(old, row)) {
                moved.push(*place as u32);
            }
        }
        if !moved.is_empty() {
            self.reorder(moved);
        } else if !comes_or_goes {
            return;
        }
        self.show(Some);
    }

    /// Takes rows out of the order and puts them in where they belong now.
    fn reorder(&mut self, mut moved: Vec<u32>) {
        if moved.len() > self.order.len() / 8 {
            self.order = self.sorting.order(&self.rows);
            return;
        }
        moved.sort_unstable();
        self.order.retain(|place| moved.binary_search(place).is_err());
        let mut placed: Vec<(usize, u32)> = Vec::with_capacity(moved.len());
        for place in moved {
            let Some(row) = self.rows.get(place as usize) else { continue };
            placed.push((self.order.partition_point(|other| self.comes_before(*other, (place, row))), place));
        }
        let rank = |a: u32, b: u32| match (self.rows.get(a as usize), self.rows.get(b as usize)) {
            (Some(one), Some(other)) => self.sorting.compare((a, one), (b, other)),
            _ => a.cmp(&b),
        };
        placed.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| rank(a.1, b.1)));
        let old = std::mem::take(&mut self.order);
        self.order.reserve(old.len() + placed.len());
        let mut from = 0;
        for (at, place) in placed {
            self.order.extend_from_slice(&old[from..at]);
            self.order.push(place);
            from = at;
        }
        self.order.extend_from_slice(&old[from..]);
    }

    /// Rows went or changed places.
    fn renew(&mut self, before: &Rows) {
        let places: HashMap<TransferId, u32> = self.rows.iter().map(|row| row.id).zip(0..).collect();
        let now = |place: u32| places.get(&before.get(place as usize)?.id).copied();
        let marked: Vec<u32> = (0..)
            .zip(&self.flags)
            .filter(|(_, flags)| **flags & MARKED != 0)
            .filter_map(|(place, _)| now(place))
            .collect();
        self.flags = self.rows.iter().map(|row| self.judge(row)).collect();
        for place in marked {
            self.flags[place as usize] |= MARKED;
        }
        self.counts = View::ALL.map(|view| self.flags.iter().filter(|flags| **flags & bit(view) != 0).count());
        self.order = self.sorting.order(&self.rows);
        self.show(now);
    }

    fn judge(&self, row: &Row) -> u8 {
        View::ALL.into_iter().filter(|view| view.holds(row)).map(bit).sum::<u8>()
            | if self.filter.passes(row) { PASSES } else { 0 }
    }
}

/// The bit of a view among the flags of a row.
pub(super) fn bit(view: View) -> u8 {
    1 << view as u8
}
