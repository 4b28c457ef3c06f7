//! What a transfer's task is started with, and what all of them share.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::blocking::Errands;
use super::clock::Clock;
use super::download::Clerk;
use super::hosts::Hosts;
use super::limiter::Limiter;
use super::report::{Ending, Progress, Report, Resting, What};
use super::running::Rest;
use super::setup::RoomAt;
use super::upload::{Abandons, Namings, Streams};
use crate::api::{Activity, Happening};
use crate::model::{Categories, Fault, FaultKind, OnChange, Patience, Source, Spec, TransferId};
use crate::plan::{again_after, is_silent};
use crate::protocol::{Registry, Sockets};

/// Who waits longer than this leaves its slot of the queue to others.
const LONG: Duration = Duration::from_secs(3);

/// What all transfers of an engine share.
pub(super) struct Shared {
    pub(super) state: PathBuf,
    pub(super) registry: Registry,
    pub(super) connections: Option<u16>,
    pub(super) patience: Patience,
    pub(super) on_change: OnChange,
    pub(super) room: RoomAt,
    pub(super) categories: Arc<Categories>,
    /// True if the queue lasts, so that what waits goes on by itself.
    pub(super) lasts: bool,
    /// The limit on everything that comes,
    pub(super) limiter: Arc<Limiter>,
    /// and on everything that goes.
    pub(super) uplink: Arc<Limiter>,
    /// What was learnt of stores' ETags.
    pub(super) namings: Arc<Namings>,
    /// Streams of which bytes were read.
    pub(super) streams: Arc<Streams>,
    /// The uploads that are being freed.
    pub(super) abandons: Abandons,
    pub(super) hosts: Arc<Hosts>,
    pub(super) clerk: Arc<Clerk>,
    pub(super) sockets: Arc<Sockets>,
    pub(super) errands: Errands,
    /// Of what is done with files beside the transfers so much is done at a time: more would be no faster, and leave the
    /// journal no thread.
    pub(super) turns: Semaphore,
    pub(super) clock: Clock,
}

/// What a transfer's task is started with.
pub(super) struct Orders {
    pub(super) id: TransferId,
    pub(super) spec: Spec,
    /// The target, if an earlier run has settled on it.
    pub(super) target: Option<PathBuf>,
    /// What was last shown of its file, which holds until the disk was looked at.
    pub(super) known: Arc<Progress>,
    pub(super) shared: Arc<Shared>,
    pub(super) limiter: Arc<Limiter>,
    /// Begin from the first byte, whatever is on disk.
    pub(super) fresh: bool,
    /// Nobody has begun with it before: nothing is on disk under its number.
    pub(super) first: bool,
    /// What it was waiting for when it was stopped.
    pub(super) rest: Option<Rest>,
    /// Those before it were over at once, and so may this one be.
    pub(super) brief: bool,
    pub(super) stop: CancellationToken,
    /// Ends a wait for the next attempt.
    pub(super) nudge: Arc<Notify>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) progress: watch::Sender<Progress>,
}

/// Why an attempt did not end with the file complete.
pub(super) enum Halt {
    /// The engine or the user says so.
    Stopped,
    /// Something went wrong.
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Does a transfer's work and reports how it ended. It has a task of its own, so that a panic ends this transfer and nothing
/// else; `kept` says what there is left of it then.
pub(super) async fn guarded<Work>(orders: Orders, work: impl FnOnce(Orders) -> Work, kept: &str)
where
    Work: Future<Output = Ending> + Send + 'static,
{
    let (id, source, reports) = (orders.id, orders.spec.source.clone(), orders.reports.clone());
    let (clock, began) = (orders.shared.clock, orders.shared.clock.now());
    let ending = tokio::spawn(work(orders)).await.unwrap_or_else(|_| {
        let detail = format!("its task was lost, which is a bug of haul{kept}");
        Ending::Failed(Fault::new(FaultKind::State, source, detail))
    });
    let _ = reports.send(Report { id, what: What::Ended(ending, clock.now().since(began)) }).await;
}

impl Orders {
    /// Tells the supervisor.
    pub(super) async fn report(&self, what: What) {
        let _ = self.reports.send(Report { id: self.id, what }).await;
    }

    /// The outcome of what is waited for, unless it is told to stop.
    pub(super) async fn unless_stopped<T>(&self, outcome: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::Stopped),
            outcome = outcome => Ok(outcome),
        }
    }

    /// Waits before the next attempt, without a connection, and shows each second what is left; the user may cut it short,
    /// which gives true. Others run meanwhile if it is long; where nothing answers that is so only while the line is alive.
    pub(super) async fn wait(&self, rest: Resting, why: &Fault, show: impl Fn(Activity)) -> Result<bool, Halt> {
        self.wait_while(|| true, rest, why, show).await
    }

    /// Tells of the `failures`-th fault in a row and waits before the same is tried again; the fault itself if it is not.
    pub(super) async fn again(&self, fault: Fault, failures: u32, show: impl Fn(Activity)) -> Result<(), Halt> {
        let Some(after) = again_after(&fault, failures, &self.shared.patience, fastrand::f64()) else {
            return Err(fault.into());
        };
        self.report(What::Happened(Happening::Retried { fault: fault.clone(), after })).await;
        // An upload has its file open.
        let rest = Resting::after(after).with_files(self.spec.upload.is_some());
        self.wait(rest, &fault, show).await.map(|_| ())
    }

    /// The same where a host has told others to come again, as `asked_to_wait` says: no longer than until it gives one of
    /// them what it asks for.
    pub(super) async fn heed(&self, place: &Source, why: &Fault, show: impl Fn(Activity)) -> Result<bool, Halt> {
        let host = place.host();
        let rest = Resting { at_host: true, ..Resting::after(why.retry_after.unwrap_or_default()) };
        self.wait_while(|| self.shared.hosts.still_asks_to_wait(&host), rest, why, show).await
    }

    /// What may come of something that all others of the same host would wait for too: its next connection, or any answer of it.
    /// Others run meanwhile if it takes long.
    pub(super) async fn beside<T>(
        &self,
        rest: Resting,
        work: impl Future<Output = T>,
        show: impl Fn(Activity),
    ) -> Result<T, Halt> {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Halt::Stopped),
            done = &mut work => return Ok(done),
            () = sleep(LONG) => {}
        }
        self.report(What::Resting(Resting { at_host: true, ..rest })).await;
        if !rest.silent {
            show(Activity::Queued);
        }
        let done = self.unless_stopped(work).await?;
        // It has what others wait for, who may hold all slots: it goes on at once, and counts again as soon as there is one.
        self.report(What::Woke(oneshot::channel().0)).await;
        show(Activity::Connecting);
        Ok(done)
    }

    /// One whose parts are under way stands in line for a connection since then, or does not: others run in its place once that
    /// is long. With a connection it goes on at once, and counts again as soon as there is a slot.
    pub(super) async fn stand_in_line(&self, since: Option<Instant>, rests: &mut bool) {
        let is_long = since.is_some_and(|since| since.elapsed() > LONG);
        if is_long != std::mem::replace(rests, is_long) {
            let rest = Resting { at_host: true, ..Resting::now().with_files(true) };
            self.report(if is_long { What::Resting(rest) } else { What::Woke(oneshot::channel().0) }).await;
        }
    }

    async fn wait_while(
        &self,
        is_so: impl Fn() -> bool,
        rest: Resting,
        why: &Fault,
        show: impl Fn(Activity),
    ) -> Result<bool, Halt> {
        // Who was in a hurry while nothing was waited for has what they wanted.
        pin!(self.nudge.notified()).enable();
        let (until, silent) = (rest.until, rest.silent || is_silent(why));
        let is_long = until.saturating_duration_since(Instant::now()) > LONG;
        let leaves = is_long && (silent || matches!(why.kind, FaultKind::Status(_)) || why.retry_after.is_some());
        if leaves {
            self.report(What::Resting(Resting { silent, ..rest })).await;
        }
        let is_hurried = self.pass_time(is_so, until, &show).await?;
        if leaves {
            self.wait_for_slot(show).await?;
        }
        Ok(is_hurried)
    }

    /// Why a transfer that asks its host for the first time is to wait, and how long: the host has told several others to come
    /// again later, or they could not reach it. `None` if it is to ask.
    pub(super) fn asked_to_wait(&self, place: &Source) -> Option<Fault> {
        let after = self.shared.hosts.asks_to_wait(&place.host())?;
        let (kind, detail) = if self.shared.hosts.is_missing(&place.host()) {
            (FaultKind::Connect, "others could not reach this host; one at a time tries it now and then")
        } else {
            (FaultKind::Status(503), "the server has told others to come again later, and is not asked before")
        };
        Some(Fault::new(kind, place, detail).with_retry_after(Some(after)))
    }

    /// The host of this place has told a transfer to come again that has asked for the first time, or has not answered at all;
    /// one that took the connection and said nothing may be as dead, where it `stalled` before it said anything.
    pub(super) fn note_refusal(&self, place: &Source, fault: &Fault, stalled: bool) {
        if is_silent(fault) || stalled {
            self.shared.hosts.missed(&place.host());
        } else if matches!(fault.kind, FaultKind::Status(_)) {
            self.shared.hosts.told_to_wait(&place.host(), fault.retry_after.filter(|after| !after.is_zero()));
        }
    }

    async fn pass_time(&self, is_so: impl Fn() -> bool, until: Instant, show: impl Fn(Activity)) -> Result<bool, Halt> {
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() || !is_so() {
                return Ok(false);
            }
            show(Activity::Waiting(rest));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Halt::Stopped),
                () = self.nudge.notified() => return Ok(true),
                () = sleep(rest.min(Duration::from_secs(1))) => {}
            }
        }
    }

    /// Waits until one that has rested has a slot of the queue again; most of the time that is at once.
    async fn wait_for_slot(&self, show: impl Fn(Activity)) -> Result<(), Halt> {
        let (turn, mut called) = oneshot::channel();
        show(Activity::Queued);
        self.report(What::Woke(turn)).await;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Halt::Stopped),
                _ = &mut called => return Ok(()),
                // The supervisor knows that somebody is in a hurry; a wait that comes later is not to end for that.
                () = self.nudge.notified() => {}
            }
        }
    }
}
