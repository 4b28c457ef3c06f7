//! Transfers whose disk is full: looked at every few seconds while there are any, and let go on when there is room.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::report::{Report, What};
use super::roster::Lack;
use super::supervisor::Supervisor;
use crate::api::Happening;
use crate::model::{Fault, FaultKind, Status, TransferId};
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
        // A disk that hangs holds the thread that asks it, for as long as it does.
        if self.looking.as_ref().is_some_and(|looking| !looking.is_finished()) {
            return;
        }
        let waiting = self.roster.with_status(Status::DiskFull);
        let asked: Vec<(TransferId, PathBuf, Option<u64>)> = waiting
            .into_iter()
            .filter_map(|id| {
                let item = &self.roster.get(id)?.item;
                if item.spec.upload.is_some() {
                    // Its file is read: what had no room is what haul keeps of it.
                    return Some((id, self.shared.state.join("uploads"), Some(RECORD)));
                }
                let guess = item.spec.source.last_segment().unwrap_or_default();
                let folder = || self.shared.categories.folder_of(&item.spec, &guess);
                let target = item.target.as_deref().map_or_else(|| folder().join("x"), Path::to_path_buf);
                Some((id, target, item.length))
            })
            .collect();
        let Some(first) = asked.first().map(|entry| entry.0) else { return };
        let (room, reports) = (self.shared.room.clone(), self.reports.clone());
        self.looking = Some(self.tasks.spawn_blocking(move || {
            let mut folders: HashMap<PathBuf, Option<u64>> = HashMap::new();
            let look = |(id, target, length): (TransferId, PathBuf, Option<u64>)| {
                let needed = length.map(|length| PartFile::needs(&target, length));
                let folder = target.parent().unwrap_or(&target).to_path_buf();
                let free = *folders.entry(folder).or_insert_with(|| room(&target).ok());
                Some(Room { id, needed, free: free? })
            };
            let rooms = asked.into_iter().filter_map(look).collect();
            // Where it finds no room among the reports, the next look tells.
            let _ = reports.try_send(Report { id: first, what: What::Room(rooms) });
        }));
    }

    /// Lets those go on for which there is room, the first in the queue first.
    pub(super) fn room_found(&mut self, rooms: Vec<Room>) {
        let now = self.shared.clock.now();
        let mut promised = 0;
        let mut goes_on = Vec::new();
        for Room { id, needed, free } in rooms {
            let Some(entry) = self.roster.get_mut(id).filter(|entry| entry.status == Status::DiskFull) else {
                continue;
            };
            let free = free.saturating_sub(promised);
            let short = needed.and_then(|needed| NonZero::new(needed.saturating_sub(free)));
            let done = entry.item.done.total();
            let shortage = entry.lack.as_ref().map_or_else(|| Shortage::remembered(done, now), |lack| lack.shortage);
            let is_over = shortage.is_over(needed, free, now);
            let is_news = !is_over && shortage.is_unknown();
            let shortage = if is_news { Shortage::met(None, done, now) } else { shortage };
            let is_shown = entry.lack.as_ref().is_some_and(|lack| lack.short == short);
            entry.lack = Some(Box::new(Lack { shortage, short }));
            if is_over {
                promised += needed.unwrap_or(0);
                goes_on.push(id);
            } else if is_news {
                let unknown = || Fault::new(FaultKind::DiskFull, &entry.item.spec.source, "the disk is full");
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
