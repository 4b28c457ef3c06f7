//! The last steps of downloads that are complete: durable, in the history, named. Many at once share what can be shared: one
//! write-back, one record of the history, one sync of each folder.

use std::collections::BTreeSet;
use std::path::Path;

use super::atomic::sync_folder;
use super::checkpoint::Checkpoint;
use super::history::{Finished, History};
use super::sink::PartFile;
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
}

/// Why a download was not named. Its part file and its checkpoint are still there.
#[derive(Debug)]
pub struct Uncommitted {
    /// What went wrong.
    pub fault: Fault,
    /// False if a sync failed: then nothing is known of any byte that was not durable before.
    pub synced: bool,
}

/// Commits these downloads; what becomes of one is not another's matter. Blocking.
///
/// The order survives a power cut at any moment: bytes and length first, then the record in the history, then the name, then
/// the folder, and the checkpoint goes last. Nothing is told before all of it is done.
pub fn commit(state: &Path, downloads: &[Commit<'_>]) -> Vec<Result<(), Uncommitted>> {
    if downloads.len() > 1 {
        // What all have written is on its way to the disk before the first one is waited for.
        for download in downloads {
            download.part.begin_sync(None);
        }
    }
    let complete = |download: &Commit<'_>| {
        let synced = download.part.complete(download.finished.length);
        synced.map_err(|fault| Uncommitted { fault, synced: false })
    };
    let modified: Vec<_> = downloads.iter().map(complete).collect();
    let ready = downloads.iter().zip(&modified);
    let records: Vec<_> = ready.filter_map(|(one, at)| Some((one.source, one.finished, *at.as_ref().ok()?))).collect();
    History::of(state).add(&records);
    let named: Vec<Result<(), Uncommitted>> = downloads
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
    let done = || downloads.iter().zip(&named).filter(|(_, named)| named.is_ok()).map(|(download, _)| download);
    let folders: BTreeSet<&Path> = done().filter_map(|download| download.finished.target.parent()).collect();
    for folder in folders {
        if let Err(why) = sync_folder(folder) {
            tracing::warn!("{}: the folder can't be synced: {why}", folder.display());
        }
    }
    done()
        .filter(|download| download.checkpointed)
        .filter_map(|download| download.finished.by)
        .for_each(|id| Checkpoint::remove(state, id));
    named
}
