//! Commits downloads that are complete, on a thread that may block: those that come while it works go together with the
//! next, so that a thousand small files cost few syncs, and a single one waits for nobody.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::super::blocking::lost_thread;
use super::desk::Desk;
use crate::model::{Fault, FaultKind, Lock, Source};
use crate::store::{Commit, Committed, Finished, History, PartFile, Together, Uncommitted, commit, conclude};

/// How long downloads are gathered, where they come by the dozen.
const GATHERING: Duration = Duration::from_millis(8);

/// So many go without more.
const ENOUGH: usize = 32;

/// No more bytes of whole files are to wait in memory for the disk.
const MOST_WAITING: usize = 2 << 20;

/// What waits costs as much as this, however small it is.
const LEAST: usize = 8 << 10;

/// No more of them go at once: the next ones come in while these are written.
const MOST_AT_ONCE: usize = MOST_WAITING / 2;

/// Takes downloads that are complete.
pub(in crate::engine) struct Clerk {
    state: PathBuf,
    history: History,
    /// Where its work is counted, so that none outlives the engine.
    tasks: TaskTracker,
    tray: Lock<Tray>,
    /// That the history can't be written,
    unwritten: Remark,
    /// and that it can't be read.
    unread: Remark,
    /// Folders that were synced in this run, and whose syncs have not failed since: no name in them is in doubt.
    sure: Lock<HashSet<PathBuf>>,
    /// Bytes of whole files that may still come in.
    room: Arc<Semaphore>,
    together: Together,
}

/// What is told once, and never again in this run.
#[derive(Default)]
struct Remark {
    fault: Lock<Option<Fault>>,
    has_told: AtomicBool,
}

impl Remark {
    fn note(&self, fault: Fault) {
        *self.fault.lock() = Some(fault);
    }

    fn take(&self) -> Option<Fault> {
        let fault = self.fault.lock().take()?;
        (!self.has_told.swap(true, Ordering::Relaxed)).then_some(fault)
    }
}

/// The right to have the bytes of a whole file wait for the disk.
pub(super) struct Turn {
    _held: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Tray {
    papers: Vec<Paper>,
    /// True while somebody works on what was taken.
    busy: bool,
}

/// One download, and who waits for it.
struct Paper {
    goods: Goods,
    source: Source,
    finished: Finished,
    overwrite: bool,
    checkpointed: bool,
    /// Held until the disk has the bytes.
    turn: Option<Turn>,
    done: oneshot::Sender<Result<(), Uncommitted>>,
}

/// What a download has brought.
enum Goods {
    /// A part file that holds every byte.
    Part(Arc<PartFile>),
    /// The bytes themselves.
    Whole(Bytes),
}

impl Clerk {
    pub(in crate::engine) fn new(state: PathBuf, tasks: TaskTracker) -> Self {
        Self {
            history: History::of(&state),
            state,
            tasks,
            tray: Lock::default(),
            unwritten: Remark::default(),
            unread: Remark::default(),
            sure: Lock::default(),
            room: Arc::new(Semaphore::new(MOST_WAITING)),
            together: Together::default(),
        }
    }

    /// Makes a download durable and gives it its name.
    pub(super) async fn commit(
        self: &Arc<Self>,
        desk: Arc<Desk>,
        source: Source,
        finished: Finished,
        overwrite: bool,
        checkpointed: bool,
    ) -> Result<(), Fault> {
        let (done, told) = oneshot::channel();
        let goods = Goods::Part(desk.part.clone());
        self.hand_in(Paper { goods, source, finished, overwrite, checkpointed, turn: None, done });
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

    /// Waits until few bytes of whole files wait for the disk. From then on the next download may come beside them.
    pub(super) async fn turn(&self, bytes: &Bytes) -> Option<Turn> {
        let count = u32::try_from(bytes.len().clamp(LEAST, MOST_WAITING)).unwrap_or(u32::MAX);
        self.room.clone().acquire_many_owned(count).await.ok().map(|held| Turn { _held: held })
    }

    /// Puts a whole file at its target, durably; false if something stands there, or is on its way there. After a fault
    /// nothing is left of it.
    pub(super) async fn put_down(
        self: &Arc<Self>,
        bytes: Bytes,
        turn: Option<Turn>,
        source: Source,
        finished: Finished,
        checkpointed: bool,
    ) -> Result<bool, Fault> {
        let (done, told) = oneshot::channel();
        let goods = Goods::Whole(bytes);
        self.hand_in(Paper { goods, source, finished, overwrite: false, checkpointed, turn, done });
        match told.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(Uncommitted { fault, .. })) if fault.kind == FaultKind::Exists => Ok(false),
            Ok(Err(Uncommitted { fault, .. })) => Err(fault),
            Err(_) => Err(lost_thread()),
        }
    }

    /// Why it can't be noted or known what is complete: the first time that somebody asks after it has turned out.
    pub(super) fn unnoted(&self) -> impl Iterator<Item = Fault> {
        self.unwritten.take().into_iter().chain(self.unread.take())
    }

    /// What was complete before.
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// That can't be read.
    pub(super) fn cannot_read(&self, why: Fault) {
        self.unread.note(why);
    }

    /// What is left to do for a file that was finished before. Blocking.
    pub(super) fn conclude(&self, finished: &Finished) -> Result<(), Fault> {
        let Some(folder) = finished.target.parent() else { return Ok(()) };
        let sure = || self.sure.lock();
        let is_sure = sure().contains(folder);
        conclude(&self.state, finished, is_sure)?;
        if !is_sure {
            sure().insert(folder.to_path_buf());
        }
        Ok(())
    }

    /// A file has come to no end in this folder; its name may be there all the same.
    fn doubt(&self, finished: &Finished) {
        if let Some(folder) = finished.target.parent() {
            self.sure.lock().remove(folder);
        }
    }

    fn hand_in(self: &Arc<Self>, paper: Paper) {
        let mut tray = self.tray.lock();
        tray.papers.push(paper);
        let is_first = !std::mem::replace(&mut tray.busy, true);
        drop(tray);
        if is_first {
            self.tasks.spawn(self.clone().work());
        }
    }

    /// Works until nothing is left, on a thread that may block. Who waits is told from here: to wake a task from another
    /// thread costs more than all that was done for a small file.
    async fn work(self: Arc<Self>) {
        while let Some(papers) = self.take() {
            let clerk = self.clone();
            let many = papers.len() > 1;
            let committed = spawn_blocking(move || {
                let Committed { ends, unnoted } = commit_all(&clerk.state, &clerk.together, &papers);
                if let Some(why) = unnoted {
                    clerk.unwritten.note(why);
                }
                let failed = papers.iter().zip(&ends).filter(|(_, end)| end.is_err());
                failed.for_each(|(paper, _)| clerk.doubt(&paper.finished));
                // Their locks are free when anybody hears of it.
                papers.into_iter().map(|paper| (paper.done, paper.turn)).zip(ends).collect::<Vec<_>>()
            });
            // Where that thread was lost, those who wait are told by what they wait for.
            let ends = committed.await;
            for ((done, turn), end) in ends.unwrap_or_default() {
                drop(turn);
                let _ = done.send(end);
            }
            if many && !self.is_full() {
                // Where some come at once more are to come: a sync costs the same for all of them.
                sleep(GATHERING).await;
            }
        }
    }

    /// True if so much waits that no more needs to be gathered.
    fn is_full(&self) -> bool {
        self.tray.lock().papers.len() >= ENOUGH
    }

    /// What lies in the tray; `None` once that is nothing, and nobody works any more.
    fn take(&self) -> Option<Vec<Paper>> {
        let mut tray = self.tray.lock();
        tray.busy = !tray.papers.is_empty();
        let mut bytes = 0;
        let fits = |paper: &&Paper| {
            bytes += paper.bytes();
            bytes <= MOST_AT_ONCE
        };
        let count = tray.papers.iter().take_while(fits).count().max(1);
        tray.busy.then(|| tray.papers.drain(..count).collect())
    }
}

/// Commits what these say. Blocking.
fn commit_all(state: &Path, together: &Together, papers: &[Paper]) -> Committed {
    let targets: Vec<&Path> =
        papers.iter().filter(|paper| paper.is_whole()).map(|paper| paper.finished.target.as_path()).collect();
    let disks = together.open(&targets);
    let parts: Vec<Result<Arc<PartFile>, Uncommitted>> = papers.iter().map(Paper::part).collect();
    let ready = parts.iter().zip(papers).filter_map(|(part, paper)| Some(paper.as_commit(part.as_ref().ok()?)));
    let Committed { ends, unnoted } = commit(state, &ready.collect::<Vec<_>>(), &disks);
    let mut ends = ends.into_iter();
    let end = |(part, paper): (Result<Arc<PartFile>, Uncommitted>, &Paper)| {
        let part = part?;
        let end = ends.next().unwrap_or_else(|| Err(Uncommitted { fault: lost_thread(), synced: false }));
        if end.is_err() && paper.is_whole() {
            part.discard();
        }
        end
    };
    Committed { ends: parts.into_iter().zip(papers).map(end).collect(), unnoted }
}

impl Paper {
    fn is_whole(&self) -> bool {
        matches!(self.goods, Goods::Whole(_))
    }

    fn bytes(&self) -> usize {
        if let Goods::Whole(bytes) = &self.goods { bytes.len() } else { 0 }
    }

    /// The part file; made now for bytes that have none. At a target that is taken there can be none.
    fn part(&self) -> Result<Arc<PartFile>, Uncommitted> {
        let target = &self.finished.target;
        let made = match &self.goods {
            Goods::Part(part) => return Ok(part.clone()),
            Goods::Whole(bytes) => PartFile::whole(target, bytes),
        };
        let taken = || Fault::new(FaultKind::Exists, target.display(), "is taken");
        let part = made.and_then(|part| part.ok_or_else(taken));
        part.map(Arc::new).map_err(|fault| Uncommitted { fault, synced: true })
    }

    fn as_commit<'a>(&'a self, part: &'a PartFile) -> Commit<'a> {
        let Self { source, finished, overwrite, checkpointed, .. } = self;
        let (overwrite, checkpointed, fresh) = (*overwrite, *checkpointed, self.is_whole());
        Commit { part, source, finished, overwrite, checkpointed, fresh }
    }
}
