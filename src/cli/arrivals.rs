//! What others add to the queue while a run works it off. An event tells no URL, so what is heard of a new transfer is kept
//! until a snapshot shows it.

use std::collections::HashSet;

use super::followed::Wanted;
use crate::api::{Event, Happening, Snapshot};
use crate::model::{Status, TransferId};

/// What is heard of transfers that a run does not follow yet.
#[derive(Default)]
pub(super) struct Arrivals {
    ids: HashSet<TransferId>,
    /// In the order in which they happened.
    events: Vec<Event>,
}

impl Arrivals {
    /// True if nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Keeps an event of a transfer that was just added.
    pub fn keep(&mut self, event: &Event) {
        if matches!(event.happening, Happening::Added) {
            self.ids.insert(event.id);
        }
        if self.ids.contains(&event.id) {
            self.events.push(event.clone());
        }
    }

    /// Takes out those of which a snapshot tells, with what was heard of them. One that is paused is to wait until somebody
    /// says so, and is not waited for; one that is not there any more is gone.
    pub fn shown(&mut self, snapshot: &Snapshot) -> (Vec<Wanted>, Vec<Event>) {
        let is_later = |event: &Event| event.number > snapshot.happened;
        let later: HashSet<TransferId> =
            self.events.iter().filter(|event| is_later(event)).map(|event| event.id).collect();
        let new = |id: &TransferId| self.ids.contains(id) && !later.contains(id);
        let rows = snapshot.rows.iter().filter(|row| new(&row.id) && row.status != Status::Paused);
        let shown = rows.map(|row| Wanted::shown(row)).collect();
        self.ids.clone_from(&later);
        let (kept, heard) = std::mem::take(&mut self.events).into_iter().partition(|event| later.contains(&event.id));
        self.events = kept;
        (shown, heard)
    }
}
