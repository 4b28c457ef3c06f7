//! Removing transfers, and bringing them back: for some seconds a removal can be undone, and until then the partial data
//! that goes with it is only set aside.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::running::Then;
use super::supervisor::Supervisor;
use super::upload::{Abandoning, abandon};
use crate::api::{Happening, Log, UNDO};
use crate::model::{Source, Spec, Status, TransferId, Upload};
use crate::store::{Aside, Checkpoint, Item, Record, UploadCheckpoint, UploadLock};

/// So many removals can be undone at the most, one after the other.
const MOST: usize = 16;

/// One removal that can be undone.
struct Removal {
    until: Instant,
    /// What was to be removed.
    ids: HashSet<TransferId>,
    /// What is removed by now, with the data that was to go.
    taken: Vec<(Item, Option<Leaving>)>,
    /// What has happened to those.
    logs: HashMap<TransferId, Log>,
}

/// Data that goes with a transfer, once that can't be undone any more.
enum Leaving {
    /// On this disk.
    Here(Aside),
    /// At a store, that has parts of an upload.
    There,
}

/// Removals that can be undone, the oldest first.
#[derive(Default)]
pub(super) struct Removals(Vec<Removal>);

impl Removals {
    /// Pends until the oldest one can't be undone any more.
    pub(super) async fn due(&self) {
        match self.0.first() {
            Some(oldest) => tokio::time::sleep_until(oldest.until).await,
            None => std::future::pending().await,
        }
    }

    /// How many transfers the last one took out.
    pub(super) fn undoable(&self) -> usize {
        self.0.last().map_or(0, |last| last.taken.len())
    }

    /// The data of those whose time is over, or of all.
    fn leaving(&mut self, all: bool) -> Vec<(Item, Leaving)> {
        let (now, surplus) = (Instant::now(), self.0.len().saturating_sub(MOST));
        let is_over = |(at, removal): &(usize, &Removal)| all || removal.until <= now || *at < surplus;
        let over = self.0.iter().enumerate().take_while(is_over).count();
        let taken = self.0.drain(..over).flat_map(|removal| removal.taken);
        taken.filter_map(|(item, leaving)| Some((item, leaving?))).collect()
    }
}

impl Supervisor {
    /// Takes transfers out of the list. Those that run are stopped first.
    pub(super) fn remove(&mut self, ids: &[TransferId], data: bool) {
        let ids: Vec<TransferId> = ids.iter().copied().filter(|id| self.roster.get(*id).is_some()).collect();
        if ids.is_empty() {
            return;
        }
        let these = ids.iter().copied().collect();
        self.removals.0.push(Removal {
            until: Instant::now() + UNDO,
            ids: these,
            taken: Vec::new(),
            logs: HashMap::new(),
        });
        let is_held =
            |id: &TransferId| self.roster.get(*id).is_some_and(|entry| entry.running.is_some() || entry.busy.is_some());
        let (held, resting): (Vec<_>, Vec<_>) = ids.iter().copied().partition(is_held);
        for id in held {
            match self.roster.get_mut(id).and_then(|entry| entry.busy.as_mut()) {
                Some(busy) => {
                    busy.then_remove = Some(data || busy.then_remove == Some(true));
                    busy.stop.cancel();
                }
                None => self.stop(id, Then::Remove(data)),
            }
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
            self.let_rest(*id);
            self.queue.forget(*id);
            self.shared.namings.forget(*id);
        }
        self.take(&known, data);
        self.scribe.note([Record::Removed(known.iter().map(ToString::to_string).collect())]);
        self.roster.remove(&known);
        for id in known {
            self.tell(id, Happening::Removed);
        }
        self.dirty = true;
    }

    /// Keeps what is needed to bring transfers back, and sets their data aside.
    fn take(&mut self, ids: &[TransferId], data: bool) {
        let items: Vec<Item> = ids.iter().filter_map(|id| self.roster.item(*id)).collect();
        let mut leaving = if data { self.set_aside(&items) } else { HashMap::new() };
        for item in items {
            let (id, leaving) = (item.id, leaving.remove(&item.id));
            match self.removals.0.iter_mut().rev().find(|removal| removal.ids.contains(&id)) {
                Some(removal) => {
                    removal.taken.push((item, leaving));
                    let entry = self.roster.get(id).filter(|entry| !entry.log.is_empty());
                    removal.logs.extend(entry.map(|entry| (id, entry.log.clone())));
                    removal.until = Instant::now() + UNDO;
                }
                // It took too long to stop.
                None => self.delete(leaving.map(|leaving| (item, leaving))),
            }
        }
    }

    fn set_aside(&self, items: &[Item]) -> HashMap<TransferId, Leaving> {
        // An upload's file is the user's.
        let (uploads, downloads): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| item.spec.upload.is_some());
        let specs: HashMap<TransferId, &Spec> = downloads.iter().map(|item| (item.id, &*item.spec)).collect();
        // What one has that stays in the list is that one's.
        let stays = |holder: TransferId| self.roster.get(holder).is_some() && !specs.contains_key(&holder);
        let is_ours = |id: TransferId, (holder, url): (TransferId, &str)| {
            !stays(holder) && specs.get(&id).is_some_and(|spec| spec.is_from(url))
        };
        // One that is done has left nothing at its target but its file.
        let target =
            |item: &Item| item.target.as_deref().filter(|_| item.status != Status::Done).map(Path::to_path_buf);
        let removed: Vec<_> = downloads.iter().map(|item| (item.id, target(item))).collect();
        let asides = Aside::set(&self.shared.state, &removed, is_ours);
        let here = removed.iter().map(|(id, _)| *id).zip(asides.into_iter().map(Leaving::Here));
        let there = uploads.into_iter().map(|item| {
            let begun = self.begun(&item.spec);
            // One that another haul sends just now is that one's.
            if begun.exists() && UploadLock::take(&begun).is_ok_and(|lock| lock.is_some()) {
                UploadCheckpoint::leaves(&begun);
            }
            (item.id, Leaving::There)
        });
        here.chain(there).collect()
    }

    /// Undoes the last removal.
    pub(super) fn undo(&mut self) {
        let Some(mut removal) = self.removals.0.pop() else { return };
        for id in &removal.ids {
            // It has not stopped yet.
            if let Some(entry) = self.roster.get_mut(*id) {
                if let Some(running) =
                    entry.running.as_mut().filter(|running| matches!(running.then, Some(Then::Remove(_))))
                {
                    running.then = running.before.or(Some(Then::Queue));
                }
                if let Some(busy) = &mut entry.busy {
                    busy.then_remove = None;
                }
            }
        }
        let (mut back, mut anew) = (Vec::new(), Vec::new());
        for (item, leaving) in removal.taken {
            if let Some(twin) = self.roster.listed(&item.spec).filter(|twin| *twin != item.id) {
                anew.push((twin, self.hand_over(twin, item, leaving)));
                continue;
            }
            if self.roster.get(item.id).is_some() {
                self.delete(leaving.map(|leaving| (item, leaving)));
                continue;
            }
            match leaving {
                Some(Leaving::Here(aside)) => aside.put_back(),
                Some(Leaving::There) => UploadCheckpoint::stays(&self.begun(&item.spec)),
                None => {}
            }
            back.push(item);
        }
        self.scribe.note(back.iter().map(Item::record));
        for item in back {
            let id = item.id;
            self.enlist(item, true);
            self.roster.put_log(id, removal.logs.remove(&id).unwrap_or_default());
            self.tell(id, Happening::Restored);
        }
        self.roster.sort();
        match *anew {
            [] => {}
            [(twin, true)] => self.deny(twin, "it is in the list anew, and goes on with what the removed one had"),
            [(twin, false)] => self.deny(twin, "it is in the list anew, so the removed one does not come back"),
            [(twin, _), ..] => {
                let count = anew.len();
                self.deny(twin, format!("it is in the list anew, as {} others are: those do not come back", count - 1));
            }
        }
    }

    /// Somebody has ordered the same anew: what had come for it is that one's, if it has nothing of its own. True if it is.
    fn hand_over(&self, twin: TransferId, item: Item, leaving: Option<Leaving>) -> bool {
        let begins = self.roster.get(twin).is_none_or(|twin| twin.running.is_some() || !twin.latest.done.is_empty());
        match leaving {
            Some(Leaving::Here(aside)) if !begins => {
                aside.put_back();
                Checkpoint::path(&self.shared.state, item.id).exists()
            }
            leaving => {
                self.delete(leaving.map(|leaving| (item, leaving)));
                false
            }
        }
    }

    /// Deletes the data of removals that can't be undone any more, or of all.
    pub(super) fn delete_removed(&mut self, all: bool) {
        let leaving = self.removals.leaving(all);
        self.delete(leaving);
        self.dirty = true;
    }

    fn delete(&self, leaving: impl IntoIterator<Item = (Item, Leaving)>) {
        let here = leaving.into_iter().filter_map(|(item, leaving)| match leaving {
            Leaving::Here(aside) => Some(aside),
            Leaving::There => {
                self.release(item.id, Spec::clone(&item.spec));
                None
            }
        });
        let here: Vec<Aside> = here.collect();
        if !here.is_empty() {
            // A large file takes long where a disk is slow. Who is killed meanwhile finds the notes.
            self.tasks.spawn_blocking(move || Aside::delete(here));
        }
    }

    /// Frees the parts of an upload, unless somebody has ordered the same anew: then they are that one's.
    fn release(&self, id: TransferId, spec: Spec) {
        if self.roster.listed(&spec).is_some() {
            UploadCheckpoint::stays(&self.begun(&spec));
        } else if let Some(begun) = Abandoning::begin(self.shared.clone(), self.begun(&spec), &self.side.stop) {
            self.tasks.spawn(abandon(begun, id, spec, self.reports.clone()));
        }
    }

    /// Where it is written down that an upload was begun.
    fn begun(&self, spec: &Spec) -> PathBuf {
        let file = spec.upload.as_ref().map_or(Path::new(""), |upload| upload.file.as_path());
        UploadCheckpoint::path(&self.shared.state, spec.source.url().as_str(), file)
    }

    /// Forgets what an earlier run has noted of files that are complete by now: somebody has deleted their part files, and they
    /// came anew.
    pub(super) async fn forget_complete(&mut self) {
        if !self.has_completed {
            return;
        }
        let target = |id: TransferId| self.roster.get(id)?.latest.target.clone();
        let is_done = |id: &TransferId| self.roster.get(*id).is_some_and(|entry| entry.status == Status::Done);
        let (done, unfinished): (HashSet<_>, HashSet<_>) = self.roster.ids().into_iter().partition(is_done);
        let done: HashSet<PathBuf> = done.into_iter().filter_map(target).collect();
        let state = self.shared.state.clone();
        // A thread that is lost leaves what was there.
        let _ = spawn_blocking(move || Checkpoint::forget_complete(&state, &done, &unfinished)).await;
    }

    /// What a program that was killed has left of removals: deleted, unless the transfer is still in the list.
    pub(super) fn clear_up(&self) {
        let left = Aside::left(&self.shared.state);
        let (known, gone): (Vec<_>, Vec<_>) = left.into_iter().partition(|(id, _)| self.roster.get(*id).is_some());
        for (_, aside) in known {
            aside.put_back();
        }
        self.tasks.spawn_blocking(move || Aside::delete(gone.into_iter().map(|(_, aside)| aside)));
        for kept in UploadCheckpoint::left(&self.shared.state) {
            if let Ok(source) = Source::parse(&kept.url) {
                self.release(TransferId::mint(), Spec::of_upload(source, Upload::of(kept.file)));
            }
        }
    }
}
