//! The last steps of downloads that are complete: durable, in the history, named. Many at once share what can be shared: one
//! sync of the bytes, one record of the history, one sync of each folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::atomic::{folder_of, sync_folder};
use super::checkpoint::Checkpoint;
use super::history::{Finished, History};
use super::sink::PartFile;
use super::together::Disks;
use crate::model::{Fault, Source};

/// A download whose every byte is written.
#[derive(Debug)]
pub struct Commit<'a> {
    /// Its bytes.
    pub part: &'a PartFile,
    /// Where they came from.
    pub source: &'a Source,
    /// What the history is to say. Its `target` is the name that it gets, its `length` is the file's, and `by` is whose
    /// checkpoint goes.
    pub finished: &'a Finished,
    /// True if what stands at the target may be replaced.
    pub overwrite: bool,
    /// False if it never had a checkpoint.
    pub checkpointed: bool,
    /// True if none of its bytes was written before the disks were opened that are given to `commit`.
    pub fresh: bool,
}

/// Why a download has not come to its end. Its checkpoint is still there, and so is its part file, unless it has its name and
/// only that is not durable.
#[derive(Debug)]
pub struct Uncommitted {
    /// What went wrong.
    pub fault: Fault,
    /// False if a sync failed: then nothing is known of any byte that was not durable before.
    pub synced: bool,
}

/// What became of downloads.
#[derive(Debug)]
pub struct Committed {
    /// Of each of them, in their order.
    pub ends: Vec<Result<(), Uncommitted>>,
    /// Why the history does not know of them, if it can't be written. They have their names all the same.
    pub unnoted: Option<Fault>,
}

/// A part file that has its final length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    /// The device that it is on.
    pub(super) device: u64,
    /// When it was last written, in seconds and nanoseconds of the wall clock; it keeps that under its new name.
    pub(super) modified: (i64, i64),
}

impl PartFile {
    /// Cuts what the file has beyond its final length and makes it durable. After a failure nothing is known of any byte
    /// that was not durable before.
    pub fn complete(&self, length: u64) -> Result<(), Fault> {
        self.settle(length).and_then(|_| self.sync_all())
    }
}

/// Commits these downloads; what becomes of one is not another's matter. Blocking.
///
/// The order survives a power cut at any moment: bytes and length first, then the record in the history, then the name, then
/// the folder, and the checkpoint goes last. Nothing is told before all of it is done.
pub fn commit(state: &Path, downloads: &[Commit<'_>], disks: &Disks<'_>) -> Committed {
    let modified = sync(downloads, disks);
    let ready = downloads.iter().zip(&modified);
    let records: Vec<_> = ready.filter_map(|(one, at)| Some((one.source, one.finished, *at.as_ref().ok()?))).collect();
    let unnoted = History::of(state).add(&records).err();
    let mut ends: Vec<Result<(), Uncommitted>> = downloads
        .iter()
        .zip(modified)
        .map(|(download, modified)| {
            modified?;
            download
                .part
                .publish_at(&download.finished.target, download.overwrite)
                .map_err(|fault| Uncommitted { fault, synced: true })
        })
        .collect();
    make_durable(downloads, &mut ends);
    let done = downloads.iter().zip(&ends).filter(|(download, end)| end.is_ok() && download.checkpointed);
    done.filter_map(|(download, _)| download.finished.by).for_each(|id| Checkpoint::remove(state, id));
    Committed { ends, unnoted }
}

/// Lets a finished file's checkpoint go, which is left where haul was killed before, or the file's name could not be made durable:
/// it is now, unless its folder `is_sure`, of which every sync has told that all went well. Blocking.
pub fn conclude(state: &Path, finished: &Finished, is_sure: bool) -> Result<(), Fault> {
    if !is_sure {
        let folder = folder_of(&finished.target);
        sync_folder(folder).map_err(|why| unsynced(folder, &why))?;
    }
    if let Some(id) = finished.by {
        Checkpoint::remove(state, id);
    }
    Ok(())
}

fn unsynced(folder: &Path, why: &io::Error) -> Fault {
    Fault::disk(folder.display(), "syncing the folder of a file that has just got its name", why)
}

/// Syncs the folders of those that have their names. Where that fails a power cut may take the name back: such a download has not
/// come to its end, and keeps its checkpoint. The next run finds the file by its record in the history.
fn make_durable(downloads: &[Commit<'_>], ends: &mut [Result<(), Uncommitted>]) {
    let named = downloads.iter().zip(&*ends).filter(|(_, end)| end.is_ok());
    let folders: BTreeSet<PathBuf> =
        named.map(|(download, _)| folder_of(&download.finished.target).to_path_buf()).collect();
    for folder in folders {
        let Err(why) = sync_folder(&folder) else { continue };
        for (download, end) in downloads.iter().zip(&mut *ends) {
            if end.is_ok() && folder_of(&download.finished.target) == folder {
                *end = Err(Uncommitted { fault: unsynced(&folder, &why), synced: true });
            }
        }
    }
}

/// Makes bytes and lengths durable: of those that are fresh with one sync of their disk, where that can be had. Tells when each
/// file was last written.
fn sync(downloads: &[Commit<'_>], disks: &Disks<'_>) -> Vec<Result<(i64, i64), Uncommitted>> {
    let unsynced = |fault| Uncommitted { fault, synced: false };
    let settle = |download: &Commit<'_>| download.part.settle(download.finished.length).map_err(unsynced);
    let settled: Vec<Result<Settled, Uncommitted>> = downloads.iter().map(settle).collect();
    let good = || downloads.iter().zip(&settled).filter_map(|(one, settled)| Some((one, settled.as_ref().ok()?)));
    let mut synced: BTreeMap<u64, usize> = BTreeMap::new();
    for (_, Settled { device, .. }) in good().filter(|(one, _)| one.fresh) {
        *synced.entry(*device).or_default() += 1;
    }
    synced.retain(|device, files| disks.sync(*device, *files));
    let waits = |one: &Commit<'_>, at: &Settled| !one.fresh || !synced.contains_key(&at.device);
    let waiting = || good().filter(|(one, at)| waits(one, at));
    if waiting().nth(1).is_some() {
        // What all have written is on its way to the disk before the first one is waited for.
        waiting().for_each(|(one, _)| one.part.begin_sync(None));
    }
    let complete = |(one, settled): (&Commit<'_>, Result<Settled, Uncommitted>)| {
        let at = settled?;
        if waits(one, &at) {
            one.part.sync_all().map_err(unsynced)?;
        }
        Ok(at.modified)
    };
    downloads.iter().zip(settled).map(complete).collect()
}
