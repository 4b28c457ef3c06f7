//! The task of one upload: begin, let the crew send, put together; and when something goes wrong, what the verdict says.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::blocking::blocking;
use super::super::limiter::Limiters;
pub(super) use super::super::orders::Halt;
use super::super::orders::{Orders, Shared, guarded};
use super::super::report::{Ending, Progress, What};
use super::begin::Held;
use super::original::{Original, is_stream};
use crate::api::{Activity, Connection, Happening, Live};
use crate::model::{ByteRange, Fault, FaultKind, Upload};
use crate::plan::Growth;
use crate::protocol::{Place, Put};
use crate::store::{UploadCheckpoint, UploadLock};

/// So often all of a file is sent again because the last call left nothing.
const MOST_RESENDS: u32 = 1;

/// An upload at work.
pub(super) struct Task {
    pub(super) orders: Orders,
    pub(super) place: Place,
    pub(super) driver: Arc<dyn Put>,
    /// The limits that it keeps: its own, and that on everything that is sent.
    pub(super) limiters: Limiters,
    /// Where it is written down what was begun.
    pub(super) checkpoint: PathBuf,
    /// What has been begun, kept over the attempts.
    pub(super) held: Option<Held>,
    /// Uploads that this run has found in the store's list: they may be another's.
    pub(super) adopted: Vec<String>,
    /// Uploads that this run has given up: they are not taken up again.
    pub(super) given_up: Vec<String>,
    /// One of those that the store seems not to know any more. Its record stays until another one takes its place: a gateway may
    /// say so of anything, while what is behind it starts anew.
    pub(super) stale: Option<String>,
    /// How many connections there are to be.
    pub(super) growth: Growth,
    /// True if the run before this one was killed.
    pub(super) was_left: bool,
    /// Bytes that went out in this run and were taken.
    pub(super) sent: u64,
    pub(super) retries: u32,
    /// Failures in a row without a part that was taken.
    pub(super) failures: u32,
    /// Failures of the last call. Parts that are sent again because of them don't make up for them.
    pub(super) endings: u32,
    /// How often the last call left nothing.
    resends: u32,
    fault: Option<Arc<Fault>>,
    /// Why it began again, each kind once.
    restarts: Vec<FaultKind>,
}

/// Runs an upload until it is complete, is told to stop, or can't go on; the last report says which.
pub(in crate::engine) async fn run(orders: Orders) {
    guarded(orders, upload, "; what the store has is kept, and :retry goes on with it").await;
}

async fn upload(orders: Orders) -> Ending {
    let shared = orders.shared.clone();
    let driver = match shared.registry.taker(&orders.spec.source) {
        Ok(driver) => driver,
        Err(fault) => return Ending::Failed(fault),
    };
    let wanted = orders.spec.upload.clone().unwrap_or_default();
    let checkpoint = UploadCheckpoint::path(&shared.state, orders.spec.source.url().as_str(), &wanted.file);
    let path = checkpoint.clone();
    shared.abandons.call_off(&path).await;
    let taken = blocking(move || {
        let lock = UploadLock::take(&path)?;
        if lock.is_some() {
            UploadCheckpoint::stays(&path);
        }
        Ok(lock)
    });
    let lock = match taken.await {
        Ok(Some(lock)) => lock,
        Ok(None) => {
            let detail = "another haul sends it to this place just now";
            return Ending::Failed(Fault::new(FaultKind::Busy, wanted.file.display(), detail));
        }
        Err(fault) => return Ending::Failed(fault),
    };
    let said = orders.spec.limits.connections.or(shared.connections);
    let mut task = Task {
        growth: said.map_or_else(|| growth(&lock), Growth::fixed),
        was_left: lock.was_left(),
        checkpoint,
        place: Place { source: orders.spec.source.clone(), headers: orders.spec.headers.clone(), upload: wanted },
        limiters: Limiters::new(orders.limiter.clone(), shared.uplink.clone()),
        orders,
        driver,
        held: None,
        adopted: Vec::new(),
        given_up: Vec::new(),
        stale: None,
        sent: 0,
        retries: 0,
        failures: 0,
        endings: 0,
        resends: 0,
        fault: None,
        restarts: Vec::new(),
    };
    let streams = is_stream(task.place.upload.file.clone()).await;
    if streams { task.work_once().await } else { task.work().await }
}

/// What was read of a stream is gone: it does not go on when there is room, for that would be the rest of it.
fn for_good(fault: Fault) -> Fault {
    if fault.kind != FaultKind::DiskFull {
        return fault;
    }
    let detail = "the disk is full; a piece of the stream is kept there until the store has it: make room, or choose another \
                  folder for haul's own files with --state, and begin the stream anew";
    Fault { kind: FaultKind::Disk, detail: detail.to_owned(), ..fault }
}

/// How many connections it begins with, where nobody says.
fn growth(lock: &UploadLock) -> Growth {
    if lock.was_left() { Growth::resending() } else { Growth::sending() }
}

impl Task {
    async fn work(&mut self) -> Ending {
        loop {
            let fault = match self.attempt().await {
                Ok(ending) => return ending,
                Err(Halt::Stopped) => return self.stopped().await,
                Err(Halt::Fault(fault)) => fault,
            };
            if self.resends > MOST_RESENDS {
                return self.failed(fault).await;
            }
            self.failures += 1;
            self.fault = Some(Arc::new(fault.clone()));
            let next = if self.begins_again(&fault) {
                // What failed before was about the other upload, and was counted for all connections together.
                self.failures = 0;
                self.restart(fault).await
            } else {
                self.retries += 1;
                if self.retries == 1 {
                    self.orders.note_refusal(&self.place.source, &fault, false);
                }
                self.again(fault, self.failures.max(self.endings)).await
            };
            match next {
                Ok(()) => {}
                Err(Halt::Stopped) => return self.stopped().await,
                Err(Halt::Fault(fault)) => return self.failed(fault).await,
            }
        }
    }

    /// A stream gives its bytes once: what goes wrong beyond its parts' own attempts ends it.
    async fn work_once(&mut self) -> Ending {
        match self.send_stream().await {
            Ok(ending) => ending,
            // The next attempt, by the user or by the next run, would send the rest as if it were all.
            Err(Halt::Stopped) if self.shared().lasts && self.shared().streams.is_read(self.orders.id) => {
                Ending::Failed(self.lost_stream())
            }
            Err(Halt::Stopped) => Ending::Stopped,
            Err(Halt::Fault(fault)) => Ending::Failed(for_good(fault)),
        }
    }

    /// What was sent is of no use: but all of it may be sent once more, if that was not tried for this reason already.
    pub(super) fn begins_again(&mut self, fault: &Fault) -> bool {
        let is_lost = matches!(fault.kind, FaultKind::UploadGone | FaultKind::SourceChanged | FaultKind::Checksum);
        let is_new = is_lost && !self.restarts.contains(&fault.kind);
        if is_new {
            self.restarts.push(fault.kind);
        }
        is_new
    }

    /// Counts that a last call of this run left neither an object nor parts: all of it is sent again once, and not for ever.
    /// The fault of that call if it was.
    pub(super) fn count_resend(&mut self) -> Result<(), Fault> {
        self.resends += u32::from(self.endings > 0);
        match &self.fault {
            Some(fault) if self.resends > MOST_RESENDS => Err(Fault::clone(fault)),
            _ => Ok(()),
        }
    }

    /// Begins a new upload. The old one is freed where its file changed; where it only seems to be gone, its record stays until the
    /// new one has one.
    async fn restart(&mut self, fault: Fault) -> Result<(), Halt> {
        let kind = fault.kind;
        self.tell(Happening::Restarted(fault)).await;
        if let Some(held) = self.held.take() {
            self.given_up.push(held.upload.clone());
            if kind == FaultKind::UploadGone {
                self.stale = Some(held.upload);
            } else if kind != FaultKind::SourceChanged || self.free(&held.upload).await? {
                self.forget().await;
            }
        }
        Ok(())
    }

    async fn attempt(&mut self) -> Result<Ending, Halt> {
        while self.retries == 0
            && let Some(fault) = self.orders.asked_to_wait(&self.place.source)
        {
            self.fault = Some(Arc::new(fault.clone()));
            if self.orders.heed(&self.place.source, &fault, |activity| self.show(activity)).await? {
                break;
            }
        }
        self.show(Activity::Connecting);
        let original = self.original().await?;
        let threshold = self.place.upload.threshold.unwrap_or(Upload::THRESHOLD);
        let bounds = self.driver.bounds(&self.place);
        if let Some(ending) = self.stands_equal(&original, bounds).await? {
            return Ok(ending);
        }
        // A store that has no requests for whole objects takes one of a single part.
        let is_small = original.length < threshold.min(bounds.most_part) && bounds.takes_whole;
        if is_small && self.held.is_none() && !self.find_begun(&original).await? {
            let ending = self.send_whole(original).await?;
            self.shared().hosts.served(&self.place.source.host());
            return Ok(self.rid_of_others(ending).await);
        }
        if self.held.is_none()
            && let Some(ending) = self.begin(original, bounds).await?
        {
            return Ok(self.rid_of_others(ending).await);
        }
        self.send_parts().await?;
        let ended = self.complete().await;
        self.endings += u32::from(matches!(ended, Err(Halt::Fault(_))));
        ended
    }

    /// The object stands without an upload in parts: none that was given up is of use to any run.
    async fn rid_of_others(&mut self, ending: Ending) -> Ending {
        self.settle_stale().await;
        if !self.given_up.is_empty() {
            self.forget().await;
        }
        ending
    }

    /// The file, which is opened once; after a failure it must still be the one that it was.
    async fn original(&self) -> Result<Arc<Original>, Fault> {
        match &self.held {
            Some(held) => {
                held.original.check()?;
                Ok(held.original.clone())
            }
            None => Ok(Arc::new(Original::open(self.place.upload.file.clone()).await?)),
        }
    }

    async fn stopped(&mut self) -> Ending {
        self.save().await;
        Ending::Stopped
    }

    async fn failed(&mut self, fault: Fault) -> Ending {
        if fault.kind == FaultKind::SourceChanged {
            self.give_back().await;
        }
        self.save().await;
        Ending::Failed(fault)
    }

    /// What was sent of a file that keeps changing is of no use to any run.
    async fn give_back(&mut self) {
        self.held = None;
        let Ok(Some(kept)) = self.kept().await else { return };
        match self.free(&kept.upload).await {
            Ok(true) => self.forget().await,
            Err(Halt::Fault(fault)) => tracing::warn!("the parts of an upload could not be freed: {fault}"),
            _ => {}
        }
    }

    /// Saves what the store has by now.
    async fn save(&mut self) {
        if let Some(held) = &mut self.held {
            held.saver.last(&held.desk).await;
        }
        self.show(Activity::Connecting);
    }

    /// The upload is no more: its checkpoint goes.
    pub(super) async fn forget(&mut self) {
        let path = self.checkpoint.clone();
        let gone = blocking(move || {
            UploadCheckpoint::remove(&path);
            Ok(())
        });
        let _ = gone.await;
    }

    /// The outcome of a request, unless it is told to stop.
    pub(super) async fn unless_stopped<T>(&self, request: impl Future<Output = Result<T, Fault>>) -> Result<T, Halt> {
        Ok(self.orders.unless_stopped(request).await??)
    }

    pub(super) async fn tell(&self, happening: Happening) {
        self.orders.report(What::Happened(happening)).await;
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.orders.shared
    }

    /// How many connections it may have.
    pub(super) fn connections(&self) -> u16 {
        self.growth.connections()
    }

    /// Puts the latest where the supervisor looks for it.
    pub(super) fn show(&self, activity: Activity) {
        self.show_held(self.held.as_ref(), activity, (None, Vec::new()));
    }

    /// The same for what the crew works on, with what rests there and the latest reason for that.
    pub(super) fn show_held(
        &self,
        held: Option<&Held>,
        activity: Activity,
        (why, rests): (Option<Arc<Fault>>, Vec<Connection>),
    ) {
        let now = self.shared().clock.now();
        let mut progress = Progress { resumable: true, fault: why, ..Progress::default() };
        let mut live = Live { activity, allowed: self.connections(), retries: self.retries, ..Live::default() };
        if let Some(held) = held {
            let desk = &held.desk;
            progress.length = Some(held.original.length);
            progress.done = Arc::new(desk.done());
            live.connections = desk.connections(now).into_iter().chain(rests).collect();
            if activity == Activity::Sending {
                (live.speed, live.eta) = (desk.speed(now), desk.eta(held.original.length, now));
            }
        }
        self.show_live(live, progress);
    }

    /// The same for a stream: what has arrived is all that is known.
    pub(super) fn show_streamed(&self) {
        let live = Live { activity: Activity::Sending, allowed: self.connections(), ..Live::default() };
        let done = Arc::new([ByteRange::new(0, self.sent)].into_iter().collect());
        self.show_live(live, Progress { done, ..Progress::default() });
    }

    /// The same for a file that goes in one request, of whose bytes so many are out.
    pub(super) fn show_whole(&self, length: u64, live: Live) {
        self.show_live(live, Progress { length: Some(length), resumable: true, ..Progress::default() });
    }

    fn show_live(&self, live: Live, progress: Progress) {
        let (target, live) = (Some(self.place.upload.file.clone()), Some(Arc::new(live)));
        let fault = progress.fault.clone().or_else(|| self.fault.clone());
        self.orders.progress.send_replace(Progress { target, fault, live, ..progress });
    }
}
