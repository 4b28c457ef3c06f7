//! Work that may block, on a thread that may.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use crate::model::{Fault, FaultKind, Lock};
use crate::plan::Pace;

/// Runs it there, and waits for what comes of it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(lost_thread()))
}

/// So many folders are remembered; then it begins anew.
const MOST_FOLDERS: usize = 4096;

/// How the disks keep up with short work, over all transfers: by folder, as any may be one of its own, and when that was seen.
#[derive(Debug, Default)]
pub(super) struct Errands(Lock<HashMap<PathBuf, (Pace, Instant)>>);

impl Errands {
    /// Runs work in a folder that takes microseconds where nothing is wrong, such as a look at a name: here, where this folder's
    /// disk has answered quickly just now; else on a thread that may block. To hand it over costs more than the work, and small
    /// files have little else; but the disk of a folder that nobody has looked at for a while may hang, and all else with it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        folder: &Path,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let timed = move || {
            let start = Instant::now();
            let done = work();
            Ok((done, start.elapsed()))
        };
        let is_quick = self.0.lock().get(folder).is_some_and(|(pace, at)| pace.bears_a_look(at.elapsed()));
        let (done, took) = if is_quick { timed()? } else { blocking(timed).await? };
        self.took(folder, took);
        done
    }

    fn took(&self, folder: &Path, time: Duration) {
        let mut paces = self.0.lock();
        if paces.len() >= MOST_FOLDERS && !paces.contains_key(folder) {
            paces.clear();
        }
        let now = Instant::now();
        if let Some((pace, at)) = paces.get_mut(folder) {
            pace.took(time);
            *at = now;
            return;
        }
        let mut pace = Pace::default();
        pace.took(time);
        paces.insert(folder.to_path_buf(), (pace, now));
    }
}

/// The fault of work whose thread is gone.
pub(super) fn lost_thread() -> Fault {
    Fault::new(FaultKind::State, "disk", "a thread was lost; this is a bug of haul")
}
