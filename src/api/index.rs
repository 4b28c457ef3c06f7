//! Where each transfer stands in the list, kept up to date at the cost of what has changed.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Changes, Row, Rows};
use crate::model::TransferId;

/// The places of a list's transfers.
#[derive(Clone, Debug, Default)]
pub struct Index {
    rows: Rows,
    places: HashMap<TransferId, usize>,
}

impl Index {
    /// Takes a newer list in, and tells what differs.
    pub fn renew(&mut self, rows: &Rows) -> Changes {
        let changes = rows.changes_since(&self.rows);
        self.rows = rows.clone();
        match &changes {
            Changes::Order => self.places = rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect(),
            Changes::Rows(places) => {
                let changed = places.iter().filter_map(|place| Some((self.rows.get(*place)?.id, *place)));
                self.places.extend(changed);
            }
        }
        changes
    }

    /// A transfer's row in the list that was taken in last.
    pub fn row(&self, id: TransferId) -> Option<&Arc<Row>> {
        self.rows.get(*self.places.get(&id)?)
    }

    /// Its place there, counted from 0.
    pub fn place(&self, id: TransferId) -> Option<usize> {
        self.places.get(&id).copied()
    }
}
