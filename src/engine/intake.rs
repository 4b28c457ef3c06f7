//! What comes into the list: from the queue's file, once it is durable, and from other processes.

use std::collections::HashSet;

use super::scribe::Written;
use super::supervisor::Supervisor;
use crate::api::Happening;
use crate::model::{Fault, Spec, Status, TransferId};
use crate::store::{Item, Record, amounts_to};

/// So many transfers of the queue's file become entries before the room of their items is given back.
const AT_ONCE: usize = 1 << 16;

impl Supervisor {
    /// Takes in what the queue's file held, in its order. A long queue is not in memory twice meanwhile.
    pub(super) fn enlist_all(&mut self, mut items: Vec<Item>) {
        items.reverse();
        while let Some(item) = items.pop() {
            self.enlist(item, true);
            if items.len().is_multiple_of(AT_ONCE) {
                items.shrink_to_fit();
            }
        }
    }

    /// Takes a transfer into the list, and lets it wait if it is to run. `begun`: an earlier run may have begun it.
    pub(super) fn enlist(&mut self, item: Item, begun: bool) {
        let id = item.id;
        self.roster.add(item, begun);
        self.let_wait(id);
        self.dirty = true;
    }

    /// A write to the journal is over. Only what is durable was added. Of all else a failure must not end a download: it
    /// is tried again, and told at the end if it never came to disk.
    pub(super) fn written(&mut self, Written { items, events, result, is_news, is_replaced }: Written) {
        self.dirty |= is_news;
        for event in events {
            self.send(event);
        }
        for item in items {
            let (id, spec) = (item.id, item.spec.clone());
            let happening = match &result {
                Ok(_) => {
                    self.enlist(item, false);
                    Happening::Added
                }
                // It is of this transfer that is told, which is in no list.
                Err(fault) => Happening::Refused(Fault::new(fault.kind, &spec.source, fault.to_string())),
            };
            let event = self.event(id, happening);
            self.send(event);
        }
        match result {
            Ok(others) => {
                self.take_in(&others);
                if is_replaced {
                    self.note_what_lacks(&others);
                }
            }
            Err(fault) => tracing::error!("{fault}"),
        }
    }

    /// Somebody has put another file in the queue's place, or has deleted it: what it lacks of the list is written down once more.
    fn note_what_lacks(&mut self, records: &[Record]) {
        tracing::warn!("somebody has replaced or deleted queue.ron; what it lacks is written anew");
        let known: HashSet<TransferId> = amounts_to(records, 0).into_iter().map(|item| item.id).collect();
        let lacks: Vec<TransferId> = self.roster.ids().into_iter().filter(|id| !known.contains(id)).collect();
        self.note_items(&lacks);
    }

    /// What other processes have appended to the queue: transfers that were added, or are asked for again. Where somebody has
    /// put another file in the queue's place it is all that is in there, also what was removed since.
    fn take_in(&mut self, records: &[Record]) {
        for item in amounts_to(records, self.roster.next_rank()) {
            if self.roster.get(item.id).is_none() {
                let id = item.id;
                self.enlist(item, true);
                self.tell(id, Happening::Added);
            } else {
                self.ask_again(&item);
            }
        }
    }

    /// Another process asks again for a transfer, which counts if it was given up.
    fn ask_again(&mut self, item: &Item) {
        let given_up = [Status::Failed, Status::Expired];
        let is_over = self.roster.get(item.id).is_some_and(|entry| given_up.contains(&entry.status));
        if !is_over || !matches!(item.status, Status::Queued | Status::Paused) {
            return;
        }
        self.roster.replace(item.id, Spec::clone(&item.spec));
        self.requeue(&[item.id], &given_up);
        self.tell(item.id, Happening::Added);
        if item.status == Status::Paused {
            self.pause_waiting(&[item.id]);
        }
        self.dirty = true;
    }

    /// A new transfer, as a command asks for it.
    pub(super) fn item(&self, id: TransferId, spec: Spec, ahead: usize) -> Item {
        let rank = self.roster.next_rank().saturating_add(i64::try_from(ahead).unwrap_or(0));
        Item { added: Some(self.hours.now()), ..Item::new(id, spec, rank) }
    }
}
