//! Commits downloads that are complete, on a thread that may block: those that come while it works go together with the
//! next, so that a thousand small files cost few syncs, and a single one waits for nobody.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::blocking::lost_thread;
use super::desk::Desk;
use crate::model::{Fault, Source};
use crate::store::{Commit, Finished, Uncommitted, commit};

/// How long downloads are gathered, where they come by the dozen.
const GATHERING: Duration = Duration::from_millis(8);

/// Takes downloads that are complete.
#[derive(Default)]
pub(in crate::engine) struct Clerk {
    state: PathBuf,
    tray: Mutex<Tray>,
}

#[derive(Default)]
struct Tray {
    papers: Vec<Paper>,
    /// True while a thread works on what was taken.
    busy: bool,
}

/// One download, and who waits for it.
struct Paper {
    desk: Arc<Desk>,
    source: Source,
    finished: Finished,
    overwrite: bool,
    done: oneshot::Sender<Result<(), Uncommitted>>,
}

/// Says that no thread works any more, if it panics; those who still wait are told by what they wait for.
struct Shift<'a>(&'a Clerk);

impl Drop for Shift<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut tray = self.0.lock();
            tray.busy = false;
            tray.papers.clear();
        }
    }
}

impl Clerk {
    pub(in crate::engine) fn new(state: PathBuf) -> Self {
        Self { state, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a download durable and gives it its name.
    pub(super) async fn commit(
        self: &Arc<Self>,
        desk: Arc<Desk>,
        source: Source,
        finished: Finished,
        overwrite: bool,
    ) -> Result<(), Fault> {
        let (done, told) = oneshot::channel();
        self.hand_in(Paper { desk: desk.clone(), source, finished, overwrite, done });
        match told.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Uncommitted { fault, synced })) => {
                if !synced {
                    desk.lock().durability.doubt();
                }
                Err(fault)
            }
            Err(_) => Err(lost_thread()),
        }
    }

    fn hand_in(self: &Arc<Self>, paper: Paper) {
        let mut tray = self.lock();
        tray.papers.push(paper);
        let is_first = !std::mem::replace(&mut tray.busy, true);
        drop(tray);
        if is_first {
            let clerk = self.clone();
            spawn_blocking(move || clerk.work());
        }
    }

    fn work(&self) {
        let _shift = Shift(self);
        loop {
            let papers = {
                let mut tray = self.lock();
                if tray.papers.is_empty() {
                    tray.busy = false;
                    return;
                }
                std::mem::take(&mut tray.papers)
            };
            let downloads: Vec<Commit<'_>> = papers.iter().map(Paper::as_commit).collect();
            let (ends, many) = (commit(&self.state, &downloads), downloads.len() > 1);
            for (paper, end) in papers.into_iter().zip(ends) {
                let _ = paper.done.send(end);
            }
            if many {
                // Where some come at once more are to come: a sync costs the same for all of them. Nobody unparks it.
                std::thread::park_timeout(GATHERING);
            }
        }
    }
}

impl Paper {
    fn as_commit(&self) -> Commit<'_> {
        Commit { part: &self.desk.part, source: &self.source, finished: &self.finished, overwrite: self.overwrite }
    }
}
