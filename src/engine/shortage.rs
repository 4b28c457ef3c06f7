//! Transfers whose disk is full: looked at every few seconds while there are any, and let go on when there is room.

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::report::{Report, What};
use super::roster::Lack;
use super::supervisor::Supervisor;
use crate::api::Happening;
use crate::model::{Fault, FaultKind, Lock, Status, TransferId};
use crate::plan::Shortage;
use crate::store::PartFile;

/// How often the disk is asked.
const EVERY: Duration = Duration::from_secs(3);

/// What haul writes down of an upload is far less than this.
const RECORD: u64 = 1 << 20;

/// What a look at the disk of one transfer found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    id: TransferId,
    /// Bytes that its part file still has to be given, where the length is known.
    needed: Option<u64>,
    /// Bytes that can be written.
    free: u64,
    /// The number of the disk, where the system tells it: those on one share what is free.
    disk: Option<u64>,
}

/// The folders whose disks are being asked. One that hangs holds the thread that asks it, so it's asked once, and keeps no
/// other folder from being asked.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Lock<HashSet<PathBuf>>>);

impl Looks {
    /// Asks for one folder, unless another thread does.
    fn once<T>(&self, folder: &Path, ask: impl FnOnce() -> T) -> Option<T> {
        if !self.folders(|asked| asked.insert(folder.to_path_buf())) {
            return None;
        }
        let answer = ask();
        self.folders(|asked| asked.remove(folder));
        Some(answer)
    }

    fn folders<T>(&self, with: impl FnOnce(&mut HashSet<PathBuf>) -> T) -> T {
        with(&mut self.0.lock())
    }
}

/// A transfer that waits.
struct Waits {
    id: TransferId,
    /// Its file,
    target: PathBuf,
    /// how many bytes that is to have, if it is known,
    length: Option<u64>,
    /// and how many of them are written.
    done: u64,
}

impl Supervisor {
    /// The disk has no room for a transfer: it waits, outside of the queue's slots.
    pub(super) fn park(&mut self, id: TransferId, fault: Fault) {
        let (now, done) = (self.shared.clock.now(), self.roster.done(id));
        if let Some(entry) = self.roster.get_mut(id) {
            let before = entry.lack.as_deref().copied();
            let shortage = Shortage::met(before.map(|lack| lack.shortage), done, now);
            entry.lack = Some(Box::new(Lack { shortage, short: before.and_then(|lack| lack.short) }));
        }
        self.tell(id, Happening::DiskFull(fault));
        self.room_at = Instant::now();
    }

    /// Asks the disks, on a thread that may block; the answer comes as a report.
    pub(super) fn look_for_room(&mut self) {
        self.room_at = Instant::now() + EVERY;
        self.promised.clear();
        let mut folders: HashMap<PathBuf, Vec<Waits>> = HashMap::new();
        for waits in self.waiting_for_room() {
            let folder = waits.target.parent().unwrap_or(&waits.target).to_path_buf();
            folders.entry(folder).or_default().push(waits);
        }
        self.looks.folders(|asked| folders.retain(|folder, _| !asked.contains(folder)));
        if folders.is_empty() {
            return;
        }
        let (room, reports, looks) = (self.shared.room.clone(), self.reports.clone(), self.looks.clone());
        // Nobody waits for it at the end: it may never come back.
        spawn_blocking(move || {
            for (folder, waits) in folders {
                let id = waits[0].id;
                // Where it finds no room among the reports, the next look tells.
                if let Some(Ok(rooms)) = looks.once(&folder, || look(&folder, waits, &*room)) {
                    let _ = reports.try_send(Report { id, what: What::Room(rooms) });
                }
            }
        });
    }

    /// What waits for room, the first in the queue first.
    fn waiting_for_room(&self) -> Vec<Waits> {
        let waits = |id| {
            let entry = self.roster.get(id)?;
            let (spec, latest) = (&entry.spec, &entry.latest);
            if spec.upload.is_some() {
                // Its file is read: what had no room is what haul keeps of it.
                return Some(Waits { id, target: self.shared.state.join("uploads"), length: Some(RECORD), done: 0 });
            }
            let guess = self.shared.categories.guess(spec, latest.target.as_deref());
            let target = guess.target.unwrap_or_else(|| guess.folder.join("x"));
            Some(Waits { id, target, length: latest.length, done: latest.done.total() })
        };
        self.roster.with_status(Status::DiskFull).into_iter().filter_map(waits).collect()
    }

    /// Lets those go on for which there is room, the first in the queue first.
    pub(super) fn room_found(&mut self, rooms: Vec<Room>) {
        let now = self.shared.clock.now();
        let mut goes_on = Vec::new();
        for Room { id, needed, free, disk } in rooms {
            let Some(entry) = self.roster.get_mut(id).filter(|entry| entry.status == Status::DiskFull) else {
                continue;
            };
            let free = free.saturating_sub(self.promised.get(&disk).copied().unwrap_or(0));
            let short = needed.and_then(|needed| NonZero::new(needed.saturating_sub(free)));
            let done = entry.latest.done.total();
            let shortage = entry.lack.as_ref().map_or_else(|| Shortage::remembered(done, now), |lack| lack.shortage);
            let is_over = shortage.is_over(needed, free, now);
            let is_news = !is_over && shortage.is_unknown();
            let shortage = if is_news { Shortage::met(None, done, now) } else { shortage };
            let is_shown = entry.lack.as_ref().is_some_and(|lack| lack.short == short);
            entry.lack = Some(Box::new(Lack { shortage, short }));
            if is_over {
                *self.promised.entry(disk).or_default() += needed.unwrap_or(0);
                goes_on.push(id);
            } else if is_news {
                let unknown = || Fault::new(FaultKind::DiskFull, &entry.spec.source, "the disk is full");
                let fault = entry.fault.as_deref().cloned().unwrap_or_else(unknown);
                self.tell(id, Happening::DiskFull(fault));
            }
            if !is_shown {
                self.roster.refresh(id);
            }
        }
        self.requeue(&goes_on, &[Status::DiskFull]);
    }
}

/// What one folder's disk has for each of those that wait for it.
fn look(folder: &Path, waits: Vec<Waits>, room: &dyn Fn(&Path) -> io::Result<u64>) -> io::Result<Vec<Room>> {
    let free = match room(&waits[0].target) {
        // A disk that does not tell is tried: only a write shows it.
        Err(why) if why.kind() == io::ErrorKind::Unsupported => u64::MAX,
        told => told?,
    };
    let disk = folder.metadata().map(|folder| folder.dev()).ok();
    let of = |Waits { id, target, length, done }: Waits| {
        let needed = length.map(|length| PartFile::needs(&target, length, done));
        Room { id, needed, free, disk }
    };
    Ok(waits.into_iter().map(of).collect())
}
