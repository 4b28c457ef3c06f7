//! The list: every transfer and its place.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::errand::Busy;
use super::report::Progress;
use super::row::{known, place, row};
use super::running::{Rest, Running};
use crate::api::{Happening, Level, Log, Rows, Snapshot, Start, Totals};
use crate::model::{
    ByteRange, Categories, Fault, FaultKind, RangeSet, Rate, Source, Spec, Status, TransferId, UnixTime,
};
use crate::plan::Shortage;
use crate::store::Item;

mod changes;
mod moves;

/// How many transfers have a log at the most, so that a long queue that is worked off does not fill the memory.
const LOGS: usize = 512;

/// A disk's shortage of room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lack {
    pub(super) shortage: Shortage,
    /// Bytes that are missing, as far as that is known.
    pub(super) short: Option<NonZero<u64>>,
}

/// One transfer. There may be a million of them: what only few have stands in boxes.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TransferId,
    pub(super) spec: Arc<Spec>,
    /// Its place: a lower one runs earlier.
    pub(super) rank: i64,
    pub(super) added: Option<UnixTime>,
    pub(super) status: Status,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) running: Option<Box<Running>>,
    /// At its next start it begins from its first byte: the user was asked and says so.
    pub(super) anew: bool,
    /// True if a task of this run, or perhaps one of an earlier run, has begun with it: then it may have a checkpoint.
    pub(super) begun: bool,
    /// What is done with its file just now. Until that is over it does not run.
    pub(super) busy: Option<Box<Busy>>,
    /// When it is to start, if that is still to come.
    pub(super) start: Option<Arc<Start>>,
    /// What is known of its disk's shortage of room.
    pub(super) lack: Option<Box<Lack>>,
    pub(super) log: Log,
    /// Those of a long queue of which nothing is known share it.
    pub(super) latest: Arc<Progress>,
    /// Its row's number: in 32 bits, which four milliards don't fill, and so an entry takes no more than 96 bytes.
    index: u32,
    /// True if its row tells of an earlier moment.
    stale: bool,
}

impl Entry {
    fn index(&self) -> usize {
        self.index as usize
    }

    fn stand_at(&mut self, index: usize) {
        self.index = u32::try_from(index).unwrap_or(u32::MAX);
    }
}

/// The list, in the queue's order.
#[derive(Debug, Default)]
pub(super) struct Roster {
    entries: HashMap<TransferId, Box<Entry>>,
    order: Vec<TransferId>,
    rows: Rows,
    /// Those whose rows are to be made anew for the next snapshot: much may happen to one between two of them.
    stale: Vec<TransferId>,
    counts: HashMap<Status, usize>,
    /// Which transfer has this URL and place; a hash of 64 bits each, since a queue may be long.
    places: HashMap<u64, TransferId>,
    last_rank: i64,
    /// Those whose task runs.
    running: HashSet<TransferId>,
    /// Those with whose file something is done.
    busy: HashSet<TransferId>,
    /// What those were waiting for that were stopped to be moved: they go on with that.
    pub(super) rests: HashMap<TransferId, Rest>,
    /// The transfers that have a log, the one first whose log began first.
    logged: VecDeque<TransferId>,
    /// The folder of the one that was added last.
    folder: Option<Arc<Path>>,
    categories: Arc<Categories>,
}

impl Roster {
    pub(super) fn new(categories: Arc<Categories>) -> Self {
        Self { categories, ..Self::default() }
    }

    pub(super) fn get(&self, id: TransferId) -> Option<&Entry> {
        self.entries.get(&id).map(AsRef::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: TransferId) -> Option<&mut Entry> {
        self.entries.get_mut(&id).map(AsMut::as_mut)
    }

    /// The transfer by which the same URL is to go to the same place already, and that is not finished.
    pub(super) fn listed(&self, spec: &Spec) -> Option<TransferId> {
        let id = *self.places.get(&place(spec))?;
        (self.entries.get(&id)?.status != Status::Done).then_some(id)
    }

    /// All transfers in order.
    pub(super) fn ids(&self) -> Vec<TransferId> {
        self.order.clone()
    }

    /// The transfers that run.
    pub(super) fn running(&self) -> Vec<TransferId> {
        self.running.iter().copied().collect()
    }

    /// A transfer's task runs.
    pub(super) fn began(&mut self, id: TransferId, task: Running) {
        if let Some(entry) = self.entries.get_mut(&id) {
            // Known before the store has answered.
            let met = entry.spec.upload.as_ref().and_then(|upload| std::fs::metadata(&upload.file).ok());
            if let Some(met) = met.filter(std::fs::Metadata::is_file) {
                Arc::make_mut(&mut entry.latest).length = Some(met.len());
            }
            entry.running = Some(Box::new(task));
            self.running.insert(id);
            self.set_status(id, Status::Running);
        }
    }

    /// A transfer's task has ended; gives it back.
    pub(super) fn ended(&mut self, id: TransferId) -> Option<Running> {
        self.running.remove(&id);
        self.entries.get_mut(&id)?.running.take().map(|running| *running)
    }

    /// A rank behind all others.
    pub(super) fn next_rank(&self) -> i64 {
        self.last_rank.saturating_add(1)
    }

    /// Puts a transfer at the end.
    pub(super) fn add(&mut self, mut item: Item, begun: bool) {
        self.share_folder(&mut item);
        let latest = known(&item);
        let Item { id, spec, status, reason: fault, rank, added, .. } = item;
        self.last_rank = self.last_rank.max(rank);
        self.places.insert(place(&spec), id);
        let anew = status == Status::Queued && fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Changed);
        let mut entry = Entry {
            id,
            spec,
            rank,
            added,
            status,
            fault,
            running: None,
            anew,
            begun,
            busy: None,
            start: None,
            lack: None,
            log: Log::default(),
            latest,
            index: 0,
            stale: false,
        };
        entry.stand_at(self.order.len());
        self.order.push(id);
        self.rows.push(Arc::new(row(&entry, &self.categories)));
        *self.counts.entry(status).or_default() += 1;
        self.entries.insert(id, Box::new(entry));
    }

    /// A transfer's bytes come from another URL.
    pub(super) fn relink(&mut self, id: TransferId, source: Source) {
        let Some(entry) = self.entries.get(&id) else { return };
        let mut spec = Spec::clone(&entry.spec);
        spec.relink(source);
        self.replace(id, spec);
    }

    /// A transfer is to fetch something else.
    pub(super) fn replace(&mut self, id: TransferId, spec: Spec) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let before = place(&entry.spec);
        entry.spec = Arc::new(spec);
        let now = place(&entry.spec);
        if self.places.get(&before) == Some(&id) {
            self.places.remove(&before);
        }
        self.places.insert(now, id);
        self.refresh(id);
    }

    /// How many stand so.
    pub(super) fn count(&self, status: Status) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// Those that stand so, in the queue's order.
    pub(super) fn with_status(&self, status: Status) -> Vec<TransferId> {
        let stands = |id: &&TransferId| self.entries.get(id).is_some_and(|entry| entry.status == status);
        self.order.iter().filter(stands).copied().collect()
    }

    /// Bytes of a transfer that are on disk.
    pub(super) fn done(&self, id: TransferId) -> u64 {
        self.entries.get(&id).map_or(0, |entry| entry.latest.done.total())
    }

    /// Takes transfers out.
    pub(super) fn remove(&mut self, ids: &[TransferId]) {
        for id in ids {
            self.rests.remove(id);
            if let Some(entry) = self.entries.remove(id) {
                *self.counts.entry(entry.status).or_default() -= 1;
                let place = place(&entry.spec);
                if self.places.get(&place) == Some(id) {
                    self.places.remove(&place);
                }
            }
        }
        self.order.retain(|id| self.entries.contains_key(id));
        self.logged.retain(|id| self.entries.contains_key(id));
        self.rebuild();
    }

    /// Gives a transfer another status. A change that is not in the picture is a bug, and is told to the log.
    pub(super) fn set_status(&mut self, id: TransferId, status: Status) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if !entry.status.may_become(status) {
            tracing::error!(%id, "from {} to {status}", entry.status);
        }
        *self.counts.entry(entry.status).or_default() -= 1;
        *self.counts.entry(status).or_default() += 1;
        entry.status = status;
        self.refresh(id);
    }

    /// Takes over what a running task shows; true if anything is new.
    pub(super) fn take_progress(&mut self, id: TransferId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        let Some(running) = &mut entry.running else { return false };
        // Of a task that has ended, whose sender is gone, the last word counts too.
        let shown = running.progress.borrow_and_update();
        if !shown.has_changed() {
            return false;
        }
        // The file of an upload is there before the task has opened it.
        let length = shown.length.or(entry.latest.length.filter(|_| entry.spec.upload.is_some()));
        entry.latest = Arc::new(Progress { length, ..shown.clone() });
        entry.fault.clone_from(&entry.latest.fault);
        drop(shown);
        self.refresh(id);
        true
    }

    /// What is known of a transfer's file, for the journal; `None` if nothing is.
    pub(super) fn known(&self, id: TransferId) -> Option<(PathBuf, Option<u64>, Arc<RangeSet>)> {
        let entry = self.entries.get(&id)?;
        let target = entry.latest.target.clone()?;
        Some((target, entry.latest.length, entry.latest.done.clone()))
    }

    /// A file of so many bytes is complete at this target.
    pub(super) fn complete(&mut self, id: TransferId, target: PathBuf, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            let all = ByteRange::new(0, bytes);
            entry.latest = Arc::new(Progress {
                target: Some(target),
                length: Some(bytes),
                done: Arc::new([all].into_iter().collect()),
                resumable: true,
                ..Progress::default()
            });
            entry.fault = None;
        }
    }

    /// The next snapshot is to have a transfer's row anew.
    pub(super) fn refresh(&mut self, id: TransferId) {
        if let Some(entry) = self.entries.get_mut(&id)
            && !std::mem::replace(&mut entry.stale, true)
        {
            self.stale.push(id);
        }
    }

    /// Gives one that comes back what had happened to it.
    pub(super) fn put_log(&mut self, id: TransferId, log: Log) {
        if let Some(entry) = self.entries.get_mut(&id).filter(|_| !log.is_empty()) {
            entry.log = log;
            self.logged.push_back(id);
            self.refresh(id);
            self.drop_oldest_log();
        }
    }

    /// Puts what happened at a time into a transfer's log. Beyond so many logs, the oldest one goes whose transfer rests.
    pub(super) fn log(&mut self, id: TransferId, at: u64, happening: &Happening) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.log.takes(happening)) else { return };
        let was_empty = entry.log.is_empty();
        let url = match happening.level() {
            Level::Info | Level::Success => String::new(),
            Level::Warning | Level::Error => entry.spec.source.to_string(),
        };
        entry.log.add(at, happening, &url);
        if was_empty && !entry.log.is_empty() {
            self.logged.push_back(id);
        }
        self.refresh(id);
        self.drop_oldest_log();
    }

    fn drop_oldest_log(&mut self) {
        if self.logged.len() <= LOGS {
            return;
        }
        let rests = |id: &TransferId| self.entries.get(id).is_none_or(|entry| entry.running.is_none());
        if let Some(oldest) = self.logged.iter().position(rests).and_then(|at| self.logged.remove(at)) {
            if let Some(entry) = self.entries.get_mut(&oldest) {
                entry.log.clear();
            }
            self.refresh(oldest);
        }
    }

    /// The snapshot of this moment; what the list does not know is left empty.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        for id in std::mem::take(&mut self.stale) {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            entry.stale = false;
            let mut new = row(entry, &self.categories);
            // A long queue that is paused as a whole has no second copy of its names.
            if let Some(old) = self.rows.get(entry.index()).filter(|old| old.name == new.name) {
                new.name = old.name.clone();
            }
            self.rows.set(entry.index(), Arc::new(new));
        }
        let speed = |sends: bool| {
            let running = self.running.iter().filter_map(|id| self.entries.get(id));
            let chosen = running.filter(|entry| entry.spec.upload.is_some() == sends);
            Rate::per_second(chosen.filter_map(|entry| Some(entry.latest.live.as_ref()?.speed.bytes())).sum())
        };
        let totals = Totals {
            queued: self.count(Status::Queued),
            running: self.count(Status::Running),
            paused: self.count(Status::Paused),
            expired: self.count(Status::Expired),
            disk_full: self.count(Status::DiskFull),
            done: self.count(Status::Done),
            failed: self.count(Status::Failed),
            speed: speed(false),
            upload_speed: speed(true),
            ..Totals::default()
        };
        Snapshot { rows: self.rows.clone(), totals, ..Snapshot::default() }
    }

    /// Puts the rows into the order. The rows themselves stay, so that faces see which ones did not change.
    fn rebuild(&mut self) {
        let mut rows = Rows::default();
        for (index, id) in self.order.iter().enumerate() {
            let Some(entry) = self.entries.get_mut(id) else { continue };
            rows.push(self.rows.get(entry.index()).cloned().unwrap_or_else(|| Arc::new(row(entry, &self.categories))));
            entry.stand_at(index);
        }
        self.rows = rows;
    }
}
