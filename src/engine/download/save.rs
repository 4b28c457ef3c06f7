//! Checkpoints while a download runs, in the order that survives a power cut; and the check of an old one's claims.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::super::blocking::lost_thread;
use super::desk::Desk;
use crate::model::{Fault, RangeSet, Resource};
use crate::store::{Checkpoint, CheckpointLog, Claim, Fragment};

/// As many of the announced digests are saved: a checkpoint is written once a second.
const MOST_DIGESTS: usize = 1024;

/// Saves the checkpoints of one download, one at a time.
pub(super) struct Saver {
    desk: Arc<Desk>,
    url: String,
    target: PathBuf,
    resource: Arc<Resource>,
    running: Option<JoinHandle<Result<Option<Fault>, Fault>>>,
    /// The bytes of the latest checkpoint; `None` if the next one is to be written whatever they are.
    saved: Option<u64>,
    /// Why the latest checkpoint could not be written, and whether that was told.
    unsaved: Option<Fault>,
    told: bool,
}

impl Saver {
    pub(super) fn new(desk: Arc<Desk>, url: String, resource: Arc<Resource>) -> Self {
        let target = desk.part.target().to_path_buf();
        Self { desk, url, target, resource, running: None, saved: None, unsaved: None, told: false }
    }

    /// From now on checkpoints say this of the file.
    pub(super) fn describe(&mut self, resource: Arc<Resource>) {
        self.resource = resource;
    }

    /// From now on checkpoints say that the bytes are this URL's.
    pub(super) fn belong(&mut self, url: String) {
        self.url = url;
    }

    /// Starts to save, unless nothing has changed. False if the disk is still busy with what was started before.
    pub(super) fn start(&mut self) -> bool {
        let done = self.desk.done_total();
        let changed = self.saved != Some(done) || !self.desk.lock().log.is_saved();
        if self.running.is_none() && changed {
            self.saved = Some(done);
            let (desk, checkpoint) = (self.desk.clone(), self.take());
            self.running = Some(spawn_blocking(move || save(&desk, checkpoint)));
            return true;
        }
        !changed
    }

    /// Has the system begin with what the next save will wait for, so that neither that nor the end of the file waits long.
    pub(super) fn start_early(&mut self) {
        if self.running.is_some() {
            return;
        }
        let Some(early) = self.desk.lock().durability.begin_early() else { return };
        let desk = self.desk.clone();
        self.running = Some(spawn_blocking(move || {
            early.ranges().iter().for_each(|range| desk.part.begin_sync(Some(*range)));
            Ok(None)
        }));
    }

    /// The result of a save that runs; pends for ever if none does.
    pub(super) async fn finished(&mut self) -> Result<(), Fault> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let result = running.await;
        self.running = None;
        let result = result.unwrap_or_else(|_| Err(lost_thread()));
        if !matches!(result, Ok(None)) {
            self.outdate();
        }
        self.unsaved = result?.or(self.unsaved.take().filter(|_| !self.is_saved()));
        Ok(())
    }

    /// The checkpoint on disk is not what it should be: the next one is written, however few bytes have come since.
    pub(super) fn outdate(&mut self) {
        self.saved = None;
    }

    /// True if no checkpoint of this download is on disk, since none can be written: a stop loses what has come.
    pub(super) fn is_vain(&self) -> bool {
        self.unsaved.is_some() && !self.is_saved()
    }

    fn is_saved(&self) -> bool {
        self.desk.lock().log.is_saved()
    }

    /// Why none can be written, to be told once.
    pub(super) fn news(&mut self) -> Option<Fault> {
        let fault = self.unsaved.as_ref().filter(|_| !self.told && self.is_vain())?.clone();
        self.told = true;
        Some(fault)
    }

    /// Saves what has changed and waits until it is durable.
    pub(super) async fn last(&mut self) -> Result<(), Fault> {
        self.settle().await;
        self.desk.forget_what_is_in_doubt();
        self.start();
        self.ended().await
    }

    /// Waits for a save that runs, whatever comes of it: for one whose bytes go, or are asked about by what is in doubt.
    pub(super) async fn settle(&mut self) {
        let _ = self.ended().await;
    }

    /// Waits for a save that runs, if one does. Fails if it could not make its bytes durable: the system tells that once, so
    /// that a later sync of the same file may say that all is well.
    pub(super) async fn ended(&mut self) -> Result<(), Fault> {
        if self.running.is_some() { self.finished().await } else { Ok(()) }
    }

    /// The checkpoint of this moment; from here on the log keeps what is written for it too.
    fn take(&self) -> Checkpoint {
        let mut state = self.desk.lock();
        state.log.begin_save();
        state.durability.begin_sync();
        Checkpoint {
            url: self.url.clone(),
            target: self.target.clone(),
            length: state.plan.length(),
            validator: self.resource.validator.clone(),
            media: self.resource.media.clone(),
            digests: state.announced.iter().take(MOST_DIGESTS).cloned().collect(),
            coding: self.resource.coding.clone(),
            ledger: state.ledger.clone(),
            unsynced: RangeSet::new(),
            disk: None,
        }
    }
}

/// Data first, then the claim, then its name. A failed sync of the data is final: the system may have dropped the
/// pages, and a second sync would lie. A state folder that can't be written costs only the newest generation: why is given back.
fn save(desk: &Desk, mut checkpoint: Checkpoint) -> Result<Option<Fault>, Fault> {
    desk.part.check_place()?;
    checkpoint.disk = desk.part.disk();
    if !desk.lock().log.is_saved() {
        desk.part.sync_name()?;
    }
    desk.sync()?;
    let path = desk.lock().log.path().to_path_buf();
    let written = Claim::of(&checkpoint).and_then(|claim| CheckpointLog::write(&path, &claim));
    let published = written.and_then(|generation| desk.lock().log.publish(generation));
    if let Err(why) = published.and_then(|()| CheckpointLog::sync(&path)) {
        desk.lock().log.abandon_save();
        tracing::warn!("{why}");
        return Ok(Some(why));
    }
    Ok(None)
}

impl Desk {
    /// Compares claims with the bytes on disk, and loses those that are not what was written; how many. What can't be read is
    /// lost where others can be read after it, as is so for a bad block. If none can be, the disk may be away for a while: then
    /// it fails, and loses none of them. May block.
    pub(super) fn check(&self, claims: impl IntoIterator<Item = Fragment>) -> Result<usize, Fault> {
        let (mut lost, mut buffer, mut unread, mut why) = (0, Vec::new(), Vec::new(), None);
        for claim in claims {
            match self.part.holds(claim, &mut buffer) {
                Ok(true) => self.confirm(claim),
                Ok(false) => {
                    self.lose(claim);
                    lost += 1;
                }
                Err(fault) => {
                    unread.push(claim);
                    why = Some(fault);
                    continue;
                }
            }
            lost += unread.len();
            unread.drain(..).for_each(|claim| self.lose(claim));
        }
        match why.filter(|_| !unread.is_empty()) {
            Some(why) if !self.reads_another(&unread) => return Err(why),
            _ => {}
        }
        lost += unread.len();
        for claim in unread {
            self.lose(claim);
        }
        Ok(lost)
    }

    /// True if the disk still gives the bytes of a claim that is none of these.
    fn reads_another(&self, unread: &[Fragment]) -> bool {
        let other = self.lock().ledger.fragments().find(|claim| !unread.contains(claim));
        other.is_some_and(|claim| self.part.is_readable(claim.range()))
    }
}

/// The check of a checkpoint's claims against the part file's bytes, on a thread that may block. What does not match
/// is fetched again.
pub(super) struct Checking {
    stop: CancellationToken,
    thread: JoinHandle<Result<usize, Fault>>,
}

impl Checking {
    pub(super) fn start(desk: Arc<Desk>, stop: CancellationToken) -> Self {
        let claims: Vec<Fragment> = desk.lock().ledger.fragments().collect();
        let stopped = stop.clone();
        let thread = spawn_blocking(move || desk.check(claims.into_iter().take_while(|_| !stopped.is_cancelled())));
        Self { stop, thread }
    }

    /// True if all claims were compared.
    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until all claims were compared. Fails if they can't be read.
    pub(super) async fn finish(self) -> Result<(), Fault> {
        self.thread.await.unwrap_or_else(|_| Err(lost_thread())).map(|_| ())
    }

    /// Ends the check early. It holds the part file, which must be free before anyone else can take it.
    pub(super) async fn give_up(self) {
        self.stop.cancel();
        let _ = self.thread.await;
    }
}
