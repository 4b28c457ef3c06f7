//! Changes of single transfers in the list: what was asked for, where the file is, what is done with it.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::errand::Busy;
use super::super::row::place;
use super::Roster;
use crate::model::{Spec, Status, TransferId, UnixTime};
use crate::store::Item;

impl Roster {
    /// A transfer as it is now, for the journal.
    pub(in crate::engine) fn item(&self, id: TransferId) -> Option<Item> {
        let entry = self.entries.get(&id)?;
        // One that is to run has none; unless it is to begin anew, which the next run learns by it.
        let is_told = entry.anew || !matches!(entry.status, Status::Done | Status::Queued | Status::Running);
        let reason = entry.fault.clone().filter(|_| is_told);
        Some(Item {
            id,
            spec: entry.spec.clone(),
            status: if entry.status == Status::Running { Status::Queued } else { entry.status },
            reason,
            rank: entry.rank,
            added: entry.added,
            target: entry.latest.target.as_deref().map(Into::into),
            length: entry.latest.length,
            done: entry.latest.done.clone(),
        })
    }

    /// True if this very transfer was added at this time or later, and is done.
    pub(in crate::engine) fn has_come_since(&self, spec: &Spec, asked: Option<UnixTime>) -> bool {
        let held = self.places.get(&place(spec)).and_then(|id| self.entries.get(id));
        let added = held.filter(|entry| entry.status == Status::Done).and_then(|entry| entry.added);
        asked.zip(added).is_some_and(|(asked, added)| added >= asked)
    }

    /// Most of a long queue goes to one folder, whose name is kept once.
    pub(super) fn share_folder(&mut self, item: &mut Item) {
        let folder = &item.spec.target.folder;
        if let Some(shared) = self.folder.as_ref().filter(|shared| *shared == folder).cloned() {
            if let Some(spec) = Arc::get_mut(&mut item.spec) {
                spec.target.folder = shared;
            }
        } else {
            self.folder = Some(folder.clone());
        }
    }

    /// Changes what a transfer was asked for, but not from where or to where.
    pub(in crate::engine) fn change(&mut self, id: TransferId, change: impl FnOnce(&mut Spec)) {
        if let Some(entry) = self.entries.get_mut(&id) {
            change(Arc::make_mut(&mut entry.spec));
        }
        self.refresh(id);
    }

    /// The file of a transfer, or what there is of it, is at this path.
    pub(in crate::engine) fn moved(&mut self, id: TransferId, target: PathBuf) {
        if let Some(entry) = self.entries.get_mut(&id) {
            Arc::make_mut(&mut entry.latest).target = Some(target);
        }
        self.refresh(id);
    }

    /// An errand with a transfer's file has begun.
    pub(in crate::engine) fn set_out(&mut self, id: TransferId) {
        self.busy.insert(id);
        self.refresh(id);
    }

    /// It is over; gives what was said of it.
    pub(in crate::engine) fn came_back(&mut self, id: TransferId) -> Option<Busy> {
        self.busy.remove(&id);
        let busy = self.entries.get_mut(&id)?.busy.take().map(|busy| *busy);
        self.refresh(id);
        busy
    }

    /// True while errands are on their way.
    pub(in crate::engine) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// Tells all errands to end as soon as they can.
    pub(in crate::engine) fn call_back(&self) {
        for busy in self.busy.iter().filter_map(|id| self.entries.get(id)?.busy.as_ref()) {
            busy.stop.cancel();
        }
    }

    /// Puts the order right after transfers have come back to their old ranks.
    pub(in crate::engine) fn sort(&mut self) {
        let entries = &self.entries;
        self.order.sort_by_key(|id| (entries.get(id).map_or(0, |entry| entry.rank), *id));
        self.rebuild();
    }
}
