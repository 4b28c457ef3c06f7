//! What the supervisor does when a face asks.

use std::collections::HashSet;

use super::roster::{Then, place};
use super::supervisor::Supervisor;
use super::upload::abandon;
use crate::api::{Command, Happening, Place};
use crate::model::{Fault, FaultKind, MetalinkFile, OnChange, Source, Spec, Status, TransferId};
use crate::store::{Checkpoint, Item, PartFile, Record, Stamp};

impl Supervisor {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Add(batch) => self.add(batch),
            Command::Pause(ids) => self.pause(&ids),
            Command::Resume(ids) => self.requeue(&ids, &[Status::Paused]),
            Command::PauseAll => self.pause(&self.roster.ids()),
            Command::ResumeAll => self.requeue(&self.roster.ids(), &[Status::Paused]),
            Command::Retry(ids) => self.retry(&ids),
            Command::Relink { id, source } => self.relink(id, source),
            Command::Remove { ids, data } => self.remove(&ids, data),
            Command::Move { id, to } => self.relocate(id, to),
            Command::Limit(rate) => self.shared.limiter.set(rate),
        }
        self.dirty = true;
    }

    /// Takes a batch into the list, once it is in the journal.
    fn add(&mut self, batch: Vec<(TransferId, Spec)>) {
        let mut taken: HashSet<u64> = HashSet::new();
        let mut items: Vec<Item> = Vec::new();
        for (id, spec) in batch {
            if self.roster.get(id).is_some() || !taken.insert(place(&spec)) || self.roster.is_listed(&spec) {
                let detail = "is in the list already";
                self.tell(id, Happening::Refused(Fault::new(FaultKind::Busy, &spec.source, detail)));
                continue;
            }
            items.push(self.item(id, spec, items.len()));
        }
        if self.scribe.is_durable() {
            return self.scribe.add(items);
        }
        for item in items {
            let id = item.id;
            self.enlist(item, false);
            self.tell(id, Happening::Added);
        }
    }

    /// Pauses transfers, those that wait with one write to the journal.
    fn pause(&mut self, ids: &[TransferId]) {
        let mut paused = Vec::new();
        for id in ids {
            match self.roster.get(*id).map(|entry| entry.status) {
                Some(Status::Running) => self.stop(*id, Then::Pause),
                Some(Status::Queued | Status::DiskFull) => {
                    self.queue.leave(*id);
                    self.roster.set_status(*id, Status::Paused);
                    paused.push(*id);
                }
                _ => {}
            }
        }
        self.note_status(&paused, Status::Paused);
        for id in paused {
            self.tell(id, Happening::Paused);
        }
    }

    /// Lets those transfers that have one of these statuses wait for their turn again.
    pub(super) fn requeue(&mut self, ids: &[TransferId], from: &[Status]) {
        let mut queued = Vec::new();
        for id in ids {
            let Some(entry) = self.roster.get_mut(*id) else { continue };
            if let Some(running) = &mut entry.running {
                // It is being paused: it goes on as soon as it has stopped.
                if running.then == Some(Then::Pause) {
                    running.then = Some(Then::Queue);
                }
            } else if from.contains(&entry.status) {
                let changed = entry.fault.take().is_some_and(|fault| fault.kind == FaultKind::Changed);
                entry.anew = changed && self.shared.on_change == OnChange::Ask;
                let rank = entry.item.rank;
                self.roster.set_status(*id, Status::Queued);
                self.queue.wait(*id, rank);
                queued.push(*id);
            }
        }
        self.note_status(&queued, Status::Queued);
    }

    /// Writes one status of many transfers to the journal.
    fn note_status(&mut self, ids: &[TransferId], status: Status) {
        self.scribe.note(ids.iter().map(|id| Stamp::Status(status, None).record(*id)));
    }

    fn retry(&mut self, ids: &[TransferId]) {
        let running = |id: &TransferId| self.roster.get(*id).and_then(|entry| entry.running.as_ref());
        for running in ids.iter().filter_map(running) {
            running.nudge.notify_one();
        }
        self.requeue(ids, &[Status::Failed, Status::Paused, Status::Expired, Status::DiskFull]);
    }

    /// A transfer's bytes come from another URL. One that runs is stopped first; one that is paused stays so.
    fn relink(&mut self, id: TransferId, source: Source) {
        let Some(entry) = self.roster.get_mut(id).filter(|entry| entry.status != Status::Done) else { return };
        if let Some(running) = &entry.running {
            let stops = running.then.is_some();
            entry.relink = Some(source);
            if !stops {
                self.stop(id, Then::Queue);
            }
            return;
        }
        self.take_link(id, source);
        if let Some(entry) = self.roster.get_mut(id) {
            // What went wrong with the old URL says nothing of this one.
            entry.fault = None;
        }
        self.requeue(&[id], &[Status::Expired, Status::Failed]);
    }

    /// Puts a new URL in an old one's place.
    pub(super) fn take_link(&mut self, id: TransferId, source: Source) {
        self.scribe.note([Stamp::Source(source.clone()).record(id)]);
        self.roster.relink(id, source.clone());
        self.tell(id, Happening::Relinked(source));
    }

    /// A transfer's URL led to a metalink: it fetches the first of the files that this describes, and further transfers the
    /// others.
    pub(super) fn describe(&mut self, id: TransferId, files: &[MetalinkFile]) {
        let Some(entry) = self.roster.get(id) else { return };
        let spec = entry.item.spec.clone();
        let mut specs = files.iter().filter_map(|file| spec.of_its_metalink(file, files.len() > 1));
        let Some(first) = specs.next() else { return };
        let places = first.places().count();
        let more: Vec<(TransferId, Spec)> = specs.map(|spec| (TransferId::mint(), spec)).collect();
        let others = more.iter().map(|(id, spec)| (*id, spec.source.clone())).collect();
        self.roster.replace(id, first);
        let records = self.roster.get(id).map(|entry| entry.item.record());
        self.scribe.note(records);
        self.tell(id, Happening::Described { places, others });
        if !more.is_empty() {
            self.add(more);
        }
    }

    fn remove(&mut self, ids: &[TransferId], data: bool) {
        let (running, resting): (Vec<_>, Vec<_>) =
            ids.iter().copied().partition(|id| self.roster.get(*id).is_some_and(|entry| entry.running.is_some()));
        for id in running {
            self.stop(id, Then::Remove(data));
        }
        self.discard(&resting, data);
    }

    /// Takes transfers that do not run out of the list. Finished files stay in any case.
    pub(super) fn discard(&mut self, ids: &[TransferId], data: bool) {
        let known: Vec<TransferId> = ids.iter().copied().filter(|id| self.roster.get(*id).is_some()).collect();
        if known.is_empty() {
            return;
        }
        for id in &known {
            self.queue.leave(*id);
            if data {
                self.delete_data(*id);
            }
        }
        self.scribe.note([Record::Removed(known.iter().map(ToString::to_string).collect())]);
        self.roster.remove(&known);
        for id in known {
            self.tell(id, Happening::Removed);
        }
        self.dirty = true;
    }

    fn delete_data(&self, id: TransferId) {
        let state = &self.shared.state;
        if let Some(entry) = self.roster.get(id).filter(|entry| entry.item.spec.upload.is_some()) {
            // What it has is at the store; the file is the user's.
            self.tasks.spawn(abandon(self.shared.clone(), Spec::clone(&entry.item.spec)));
            return;
        }
        let checkpoint = Checkpoint::load(state, id).ok().flatten();
        let entry = self.roster.get(id);
        let target = checkpoint.map(|found| found.target).or_else(|| entry?.item.target.clone());
        if let Some(target) = target.filter(|_| entry.is_some_and(|entry| entry.status != Status::Done)) {
            PartFile::delete(&target);
        }
        Checkpoint::remove(state, id);
    }

    fn relocate(&mut self, id: TransferId, place: Place) {
        let changed = self.roster.relocate(id, place);
        let waiting: Vec<(TransferId, i64)> = changed
            .iter()
            .copied()
            .filter(|(id, _)| self.roster.get(*id).is_some_and(|entry| entry.status == Status::Queued))
            .collect();
        // All leave before any comes back, since two may exchange their ranks.
        for (id, _) in &waiting {
            self.queue.leave(*id);
        }
        for (id, rank) in waiting {
            self.queue.wait(id, rank);
        }
        self.scribe.note(changed.iter().map(|(id, rank)| Stamp::Rank(*rank).record(*id)));
    }
}
