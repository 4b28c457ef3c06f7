//! What the supervisor does when a face asks.

use std::collections::HashSet;
use std::sync::Arc;

use super::report::Ending;
use super::row::place;
use super::running::Then;
use super::supervisor::Supervisor;
use super::sweep::Aim;
use crate::api::{Command, Happening, Position};
use crate::model::{
    Fault, FaultKind, Header, Metalink, ObjectUrl, OnChange, Priority, Rate, Source, Spec, Status, TransferId,
};
use crate::store::{Item, Stamp};

impl Supervisor {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Add(batch) => self.add(batch),
            Command::Pause(ids) => self.sweep(ids, Aim::Pause),
            Command::Resume(ids) => self.sweep(ids, Aim::Queue(&[Status::Paused])),
            Command::PauseAll => self.sweep(self.roster.ids(), Aim::Pause),
            Command::ResumeAll => self.sweep(self.roster.ids(), Aim::Queue(&[Status::Paused])),
            Command::Retry(ids) => self.retry(ids),
            Command::Relink { id, source, headers } => self.relink(id, (source, headers)),
            Command::Remove { ids, data } => self.remove(&ids, data),
            Command::Move { ids, to } => self.relocate(&ids, to),
            Command::Undo => self.undo(),
            Command::Limit(rate) => self.limit(rate),
            Command::LimitEach { ids, rate } => self.limit_each(&ids, rate),
            Command::Prioritize { ids, priority } => self.prioritize(&ids, priority),
            Command::Categorize { ids, category } => self.categorize(&ids, category.as_ref()),
            Command::Schedule { ids, at } => self.schedule(&ids, at),
            Command::StartNow(ids) => self.start_now(ids),
            Command::Rename { id, name } => self.rename(id, name),
            Command::MoveTo { ids, folder } => self.move_to(&ids, &folder),
            Command::Verify(ids) => self.verify(&ids),
        }
        self.dirty = true;
    }

    /// Takes a batch into the list, once it is in the journal.
    fn add(&mut self, batch: Vec<(TransferId, Spec)>) {
        let mut taken: HashSet<u64> = HashSet::new();
        let mut items: Vec<Item> = Vec::new();
        for (id, spec) in batch {
            if self.roster.get(id).is_some() || !taken.insert(place(&spec)) || self.roster.listed(&spec).is_some() {
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

    /// Pauses transfers that wait, with one write to the journal.
    pub(super) fn pause_waiting(&mut self, ids: &[TransferId]) {
        let waits = |id: &&TransferId| {
            let status = self.roster.get(**id).map(|entry| entry.status);
            matches!(status, Some(Status::Queued | Status::DiskFull))
        };
        let paused: Vec<TransferId> = ids.iter().filter(waits).copied().collect();
        for id in &paused {
            self.let_rest(*id);
            self.queue.forget(*id);
            self.roster.set_status(*id, Status::Paused);
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
                let is_changed = |fault: &Arc<Fault>| fault.kind == FaultKind::Changed;
                // The reason stays until it begins: the next run learns by it what the user has said.
                entry.fault =
                    entry.fault.take().filter(|fault| is_changed(fault) && self.shared.on_change == OnChange::Ask);
                entry.anew = entry.fault.is_some();
                self.roster.rests.remove(id);
                self.roster.set_status(*id, Status::Queued);
                self.let_wait(*id);
                queued.push(*id);
            }
        }
        self.note_status(&queued, Status::Queued);
    }

    /// Writes one status of many transfers to the journal.
    fn note_status(&mut self, ids: &[TransferId], status: Status) {
        let why = |id: TransferId| self.roster.get(id).filter(|entry| entry.anew)?.fault.as_deref().cloned();
        self.scribe.note(ids.iter().map(|id| Stamp::Status(status, why(*id)).record(*id)));
    }

    fn retry(&mut self, ids: Vec<TransferId>) {
        for id in &ids {
            self.hurry(*id);
        }
        self.sweep(ids, Aim::Queue(&[Status::Failed, Status::Paused, Status::Expired, Status::DiskFull]));
    }

    /// A transfer's bytes come from another URL. One that runs is stopped first; one that is paused stays so.
    fn relink(&mut self, id: TransferId, link: (Source, Vec<Header>)) {
        let Some(entry) = self.roster.get(id).filter(|entry| entry.status != Status::Done) else { return };
        if let Err(why) = self.check_link(&entry.spec, &link.0) {
            return self.deny(id, why);
        }
        let Some(entry) = self.roster.get_mut(id) else { return };
        if let Some(running) = &mut entry.running {
            let stops = running.then.is_some();
            running.relink = Some(link);
            if !stops {
                self.stop(id, Then::Queue);
            }
            return;
        }
        self.take_link(id, link);
        self.requeue(&[id], &[Status::Expired, Status::Failed]);
    }

    /// Whether a transfer can come from this URL, or go to it; the error says why not. It keeps the one that it has then.
    fn check_link(&self, spec: &Spec, source: &Source) -> Result<(), String> {
        let registry = &self.shared.registry;
        if spec.upload.is_none() {
            return registry.driver(source).map(|_| ()).map_err(|fault| fault.detail);
        }
        registry.taker(source).map_err(|fault| fault.detail)?;
        let names_none = ObjectUrl::of(source).is_some_and(|url| url.is_prefix());
        if names_none { Err("the new URL names no object: write its whole name".to_owned()) } else { Ok(()) }
    }

    /// Puts a new URL in an old one's place, with headers if it has some.
    pub(super) fn take_link(&mut self, id: TransferId, (source, headers): (Source, Vec<Header>)) {
        self.scribe.note([Stamp::Source(source.clone()).record(id)]);
        self.roster.rests.remove(&id);
        if let Some(entry) = self.roster.get_mut(id) {
            // What went wrong with the old URL says nothing of this one.
            entry.fault = None;
        }
        self.roster.relink(id, source.clone());
        if !headers.is_empty() {
            self.roster.change(id, |spec| spec.headers = headers.into());
            self.note_items(&[id]);
        }
        self.tell(id, Happening::Relinked(source));
    }

    /// Puts what a URL led to in its transfer's place, and gives what is to become of that. One that is removed adds no others;
    /// one that is paused asks again.
    pub(super) fn led_to(&mut self, id: TransferId, ending: &Ending, then: Option<Then>, lacks: bool) -> Option<Then> {
        if !matches!(then, None | Some(Then::Queue)) {
            return then;
        }
        let is_new = match ending {
            Ending::Described(metalink) => self.describe(id, metalink),
            Ending::Unfolded(first) if !lacks => {
                // A folder that is added again: its first object is in the list already, as the others are.
                let is_new = self.roster.listed(first).is_none_or(|other| other == id);
                if is_new {
                    self.become_other(id, Spec::clone(first));
                } else {
                    self.tell(id, Happening::Joined { left_out: 0 });
                }
                is_new
            }
            _ => true,
        };
        if is_new { then } else { Some(Then::Remove(false)) }
    }

    /// A transfer's URL led to a metalink: it fetches the first of the files that this describes, and further transfers the
    /// others; unless they are in the list already. False, and told, if all of them are.
    fn describe(&mut self, id: TransferId, metalink: &Metalink) -> bool {
        let files = &metalink.files;
        let Some(entry) = self.roster.get(id) else { return true };
        let spec = entry.spec.clone();
        let mut specs: Vec<Spec> =
            files.iter().filter_map(|file| spec.of_its_metalink(file, files.len() > 1)).collect();
        if specs.is_empty() {
            return true;
        }
        let mut taken = self.being_added();
        specs.retain(|spec| self.roster.listed(spec).is_none_or(|other| other == id) && taken.insert(place(spec)));
        let mut specs = specs.into_iter();
        let Some(first) = specs.next() else {
            self.tell(id, Happening::Joined { left_out: metalink.left_out });
            return false;
        };
        let places = first.places().count();
        let more: Vec<(TransferId, Spec)> = specs.map(|spec| (TransferId::mint(), spec)).collect();
        let others = more.iter().map(|(id, spec)| (*id, spec.source.clone())).collect();
        self.tell(id, Happening::Described { places, others, left_out: metalink.left_out });
        self.become_other(id, first);
        if !more.is_empty() {
            self.add(more);
        }
        true
    }

    /// A transfer fetches something else from now on.
    fn become_other(&mut self, id: TransferId, spec: Spec) {
        let source = spec.source.clone();
        self.roster.replace(id, spec);
        self.note_items(&[id]);
        self.tell(id, Happening::Became(source));
    }

    /// A page of a folder has come. One that is being paused, removed or given another URL adds no others.
    pub(super) fn listed(&mut self, id: TransferId, specs: Vec<Spec>, left_out: usize) {
        let Some(task) = self.roster.get_mut(id).and_then(|entry| entry.running.as_mut()) else { return };
        if task.relink.is_none() && matches!(task.then, None | Some(Then::Queue)) {
            self.unfold(id, specs, left_out);
        } else {
            task.lacks = true;
        }
    }

    /// A transfer's URL is a folder: what lies below it are transfers of their own, unless they are in the list already, or
    /// have come since the folder was asked for: a list that was stopped is read from its beginning again.
    fn unfold(&mut self, id: TransferId, mut specs: Vec<Spec>, left_out: usize) {
        let asked = self.roster.get(id).and_then(|entry| entry.added);
        let taken = self.being_added();
        specs.retain(|spec| {
            !taken.contains(&place(spec))
                && self.roster.listed(spec).is_none()
                && !self.roster.has_come_since(spec, asked)
        });
        let more: Vec<(TransferId, Spec)> = specs.into_iter().map(|spec| (TransferId::mint(), spec)).collect();
        let others = more.iter().map(|(id, spec)| (*id, spec.source.clone())).collect();
        self.tell(id, Happening::Listed { others, left_out });
        self.add(more);
    }

    /// What is to come into the list as soon as the journal has it.
    fn being_added(&self) -> HashSet<u64> {
        self.scribe.being_added().map(|item| place(&item.spec)).collect()
    }

    fn relocate(&mut self, ids: &[TransferId], to: Position) {
        let changed = self.roster.relocate(ids, to);
        self.note_ranks(&changed);
    }

    /// Transfers have other places in the queue.
    pub(super) fn note_ranks(&mut self, changed: &[(TransferId, i64)]) {
        for (id, _) in changed {
            self.let_wait(*id);
        }
        self.scribe.note(changed.iter().map(|(id, rank)| Stamp::Rank(*rank).record(*id)));
    }

    /// Sets or lifts the limit of each of these, at once where they run.
    fn limit_each(&mut self, ids: &[TransferId], rate: Option<Rate>) {
        for id in ids {
            self.roster.change(*id, |spec| spec.limits.rate = rate);
            if let Some(running) = self.roster.get(*id).and_then(|entry| entry.running.as_ref()) {
                running.limiter.set(rate);
            }
        }
        self.note_items(ids);
    }

    fn prioritize(&mut self, ids: &[TransferId], priority: Priority) {
        for id in ids {
            self.roster.change(*id, |spec| spec.priority = priority);
            self.let_wait(*id);
            self.queue.prioritize(*id, priority);
        }
        self.note_items(ids);
    }

    /// Gives transfers a category; where nothing is on disk yet, the file goes to that one's folder.
    fn categorize(&mut self, ids: &[TransferId], category: Option<&Arc<str>>) {
        for id in ids {
            self.roster.change(*id, |spec| spec.category = category.cloned());
        }
        self.note_items(ids);
    }

    /// Writes all that is known of transfers to the journal.
    pub(super) fn note_items(&mut self, ids: &[TransferId]) {
        let items = ids.iter().filter_map(|id| self.roster.item(*id));
        self.scribe.note(items.map(|item| item.record()));
    }
}
