//! The task of one download: begin, let the crew work, finish; and when something goes wrong, what the verdict says.

use std::sync::Arc;
use std::time::Duration;

use super::super::limiter::Limiters;
pub(super) use super::super::orders::Halt;
use super::super::orders::{Orders, guarded};
use super::super::report::{Ending, Progress, Resting, What};
use super::begin::Held;
use super::finish::Repair;
use super::places::Places;
use crate::api::{Activity, Connection, Happening, Live};
use crate::model::{Checksum, Fault, FaultKind, OnChange, Resource};
use crate::plan::{Growth, Verdict, verdict};
use crate::store::Checkpoint;

/// A file whose bytes have to be compared more often than this is taken for a changed one.
const MAX_COMPARISONS: u32 = 3;
/// So often a server may refuse to give parts before the whole file is asked for.
const MAX_REFUSALS: u32 = 3;

/// Whose a fault is that ends an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Suspect {
    /// The lead's: nobody else was asked.
    #[default]
    Lead,
    /// This place's.
    Candidate(usize),
    /// It was dealt with already: that place was dropped, or rests.
    Judged,
}

/// A download at work.
pub(super) struct Task {
    pub(super) orders: Orders,
    pub(super) limiters: Limiters,
    /// Where the file can be had from.
    pub(super) places: Places,
    /// Whose fault ended the last attempt.
    pub(super) suspect: Suspect,
    /// What has been begun, kept over all attempts.
    pub(super) held: Option<Held>,
    /// Ask for the whole file in one stream: the server does not give parts.
    pub(super) whole: bool,
    /// True once a real part was asked for where the range of all bytes was answered with the whole.
    pub(super) tried_part: bool,
    /// What was known of the file before it was begun from its first byte once more.
    pub(super) before: Option<Arc<Resource>>,
    /// Begin from the first byte, whatever is on disk.
    pub(super) fresh: bool,
    /// Take up no bytes of another URL: they were compared, and are of another file.
    pub(super) shuns: bool,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) retries: u32,
    /// Bytes that came over the network in this run and were thrown away.
    pub(super) fetched_before: u64,
    /// Further connections in a row that gave another part than was asked for, or the whole file.
    pub(super) strays: u32,
    /// One connection alone: answers to several contradicted each other, or the bytes that they brought.
    pub(super) alone: bool,
    /// What the whole file must hash to, once that is settled.
    pub(super) wanted: Option<Checksum>,
    pub(super) repair: Repair,
    /// How many connections there are to be.
    pub(super) growth: Growth,
    /// True if there was an attempt before this one.
    has_asked: bool,
    /// Failures in a row without a new byte.
    pub(super) failures: u32,
    refusals: u32,
    restarts: u32,
    comparisons: u32,
    best: u64,
}

/// Runs a download until it is complete, is told to stop, or can't go on; the last report says which.
pub(in crate::engine) async fn run(orders: Orders) {
    guarded(orders, download, "; what is on disk is kept, and :retry goes on with it").await;
}

/// The lock on the target is free when this is over, as the supervisor takes it to be.
async fn download(orders: Orders) -> Ending {
    let fresh = orders.fresh;
    let places = Places::new(&orders.spec);
    let said = orders.spec.limits.connections.or(orders.shared.connections);
    let growth = said.map_or_else(Growth::chosen, Growth::fixed);
    let mut task = Task {
        limiters: Limiters::new(orders.limiter.clone(), orders.shared.limiter.clone()),
        orders,
        places,
        suspect: Suspect::default(),
        held: None,
        before: None,
        whole: false,
        tried_part: false,
        fresh,
        shuns: false,
        fault: None,
        retries: 0,
        fetched_before: 0,
        strays: 0,
        alone: false,
        wanted: None,
        repair: Repair::default(),
        growth,
        has_asked: false,
        failures: 0,
        refusals: 0,
        restarts: 0,
        comparisons: 0,
        best: 0,
    };
    task.work().await
}

impl Task {
    async fn work(&mut self) -> Ending {
        if let Some(rest) = self.orders.rest.take() {
            self.fault = Some(rest.fault.clone());
            let until = Resting { until: rest.until, ..Resting::now() };
            if self.orders.wait(until, &rest.fault, |activity| self.show(activity)).await.is_err() {
                return self.stopped().await;
            }
        }
        loop {
            let fault = match self.attempt().await {
                Ok(ending) => return ending,
                Err(Halt::Stopped) => return self.stopped().await,
                Err(Halt::Fault(fault)) => fault,
            };
            if let Some(ending) = self.heed(fault).await {
                return ending;
            }
        }
    }

    /// Does what is to be done about the fault of an attempt; how the download ends if there is to be no other.
    async fn heed(&mut self, fault: Fault) -> Option<Ending> {
        let is_first = !std::mem::replace(&mut self.has_asked, true);
        self.count_failure();
        if self.failures > 1 || fault.kind == FaultKind::RangeIgnored {
            self.ask_the_source();
        }
        let failures = self.failures.div_ceil(self.places.left() as u32);
        if self.next_place(&fault, failures).await {
            return None;
        }
        let fault = self.judged(fault, failures);
        self.fault = Some(Arc::new(fault.clone()));
        self.refusals += u32::from(fault.kind == FaultKind::RangeIgnored);
        match verdict(&fault, failures, self.keeps_parts(), &self.orders.shared.patience, fastrand::f64()) {
            Verdict::Compare if self.held.is_some() && self.comparisons < MAX_COMPARISONS => {
                // To ask for a comparison is no failure.
                (self.comparisons, self.failures) = (self.comparisons + 1, 0);
                self.held.iter_mut().for_each(|held| held.doubt(self.comparisons == 1));
                self.tell(Happening::Retried { fault, after: Duration::ZERO }).await;
            }
            // A name that haul chose makes room: what stands there is another file's, and stays.
            _ if fault.kind == FaultKind::Different && !self.shuns && !self.is_named() => {
                self.let_go().await;
                self.tell(Happening::Retried { fault, after: Duration::ZERO }).await;
            }
            Verdict::Again { after } => {
                self.retries += 1;
                if is_first {
                    let stalled = fault.kind == FaultKind::Stalled && self.is_unanswered();
                    self.orders.note_refusal(self.places.lead(), &fault, stalled);
                }
                self.tell(Happening::Retried { fault: fault.clone(), after }).await;
                if self.wait(after, &fault).await.is_err() {
                    return Some(self.stopped().await);
                }
            }
            Verdict::Milder if !self.whole => {
                self.whole = true;
                if let Some(held) = &mut self.held {
                    held.ranged = false;
                }
                let detail = format!("{}; from now on all of it comes in one stream", fault.detail);
                self.tell(Happening::Retried { fault: Fault { detail, ..fault }, after: Duration::ZERO }).await;
            }
            Verdict::Restart | Verdict::Compare
                if self.restarts == 0 && self.orders.shared.on_change == OnChange::Restart =>
            {
                self.restarts += 1;
                self.fresh = true;
                self.restart(fault).await;
            }
            verdict => {
                self.save().await;
                let has_changed = matches!(verdict, Verdict::Restart | Verdict::Compare);
                let on_change = &self.orders.shared.on_change;
                return Some(Ending::Failed(if has_changed { on_change.explain(fault) } else { fault }));
            }
        }
        None
    }

    /// True while a milder way would throw away what is on disk, and the server may be asked for parts once more: one
    /// that gives a few bytes each time would have it go on like that for ever.
    fn keeps_parts(&self) -> bool {
        self.best > 0 && !self.whole && self.refusals <= MAX_REFUSALS
    }

    /// True if this is not the first attempt.
    pub(super) fn failed_before(&self) -> bool {
        self.failures > 0
    }

    /// True for the last attempt at a server that has only ever failed: some do so on a Range, and to ask for that once more
    /// would bring nothing new.
    pub(super) fn is_last_resort(&self) -> bool {
        let has_failed = self.fault.as_ref().is_some_and(|fault| matches!(fault.kind, FaultKind::Status(500 | 503)));
        let failures = self.failures.div_ceil(self.places.left() as u32);
        has_failed && self.failures > 0 && failures >= self.orders.shared.patience.retries
    }

    async fn attempt(&mut self) -> Result<Ending, Halt> {
        while !self.has_asked
            && self.places.is_single()
            && let Some(fault) = self.orders.asked_to_wait(self.places.lead())
        {
            self.fault = Some(Arc::new(fault.clone()));
            if self.orders.heed(self.places.lead(), &fault, |activity| self.show(activity)).await? {
                break;
            }
        }
        self.settle_sum().await?;
        loop {
            if let Some(ending) = self.begin().await? {
                return Ok(ending);
            }
            if let Some(ending) = self.finish().await? {
                return Ok(ending);
            }
        }
    }

    /// Failures in a row count from the last new byte on.
    fn count_failure(&mut self) {
        let done = self.held.as_ref().map_or(0, |held| held.desk.done_total());
        if done > self.best {
            self.best = done;
            self.failures = 0;
        }
        self.failures += 1;
        // Some that pack on the way leave the ETag of what they pack: a sample tells.
        if let Some(held) = self.held.as_mut().filter(|held| held.ranged && held.resource.coding.is_some()) {
            held.vouched = false;
        }
    }

    /// So many bytes are on disk now: what was there before is to come once more.
    pub(super) fn count_from(&mut self, done: u64) {
        self.best = done;
    }

    pub(super) async fn restart(&mut self, fault: Fault) {
        // What comes now is another attempt at all of it, or another file.
        self.repair = Repair::default();
        (self.best, self.failures) = (0, 0);
        if let Some(mut held) = self.held.take() {
            held.saver.settle().await;
            held.let_rest().await;
            self.fetched_before += held.desk.fetched();
            // These bytes are of no use; a part file that no checkpoint knows would stay for ever if this ends here.
            held.desk.part.discard();
            Checkpoint::remove(&self.orders.shared.state, held.id);
            self.before = Some(held.resource);
            let target = Some(held.desk.part.target().to_path_buf());
            self.orders.known = Arc::new(Progress { target, ..Progress::default() });
        }
        self.alone |= std::mem::take(&mut self.comparisons) > 0;
        let way = if self.alone { "; it comes over one connection from now on" } else { "" };
        let detail = format!("{}{way}", fault.detail);
        self.tell(Happening::Restarted(Fault { detail, ..fault })).await;
    }

    async fn stopped(&mut self) -> Ending {
        self.save().await;
        Ending::Stopped
    }

    /// Saves what is on disk. A part file without a byte is of no use to anyone, and goes; unless it waits for room, and
    /// is to go on under its name. The checkpoint of one that somebody has deleted goes too.
    async fn save(&mut self) {
        let Some(held) = &mut self.held else { return };
        held.let_rest().await;
        let full = self.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::DiskFull);
        let waits = full && self.orders.shared.lasts;
        if held.desk.done_total() == 0 && !waits || held.desk.part.is_deleted() {
            held.saver.settle().await;
            held.desk.part.discard();
            Checkpoint::remove(&self.orders.shared.state, held.id);
        } else if let Err(why) = held.saver.last().await {
            tracing::warn!("{why}");
        }
        // The last look was some bytes ago; the list and the journal are to show what is on disk.
        self.show(Activity::Connecting);
    }

    /// Waits before the next attempt; the user may cut it short.
    async fn wait(&mut self, after: Duration, why: &Fault) -> Result<bool, Halt> {
        let silent = why.kind == FaultKind::Stalled && self.is_at_dead_host();
        let rest = Resting { silent, ..Resting::after(after).with_files(self.held.is_some()) };
        self.orders.wait(rest, why, |activity| self.show(activity)).await
    }

    /// One connection is tried again, after so long.
    pub(super) async fn tell_retried(&mut self, fault: &Fault, after: Duration) {
        self.retries += 1;
        self.fault = Some(Arc::new(fault.clone()));
        self.tell(Happening::Retried { fault: fault.clone(), after }).await;
    }

    pub(super) async fn tell(&self, happening: Happening) {
        self.orders.report(What::Happened(happening)).await;
    }

    pub(super) async fn report(&self, what: What) {
        self.orders.report(what).await;
    }

    /// How many connections this transfer may have now.
    pub(super) fn connections(&self) -> u16 {
        self.growth.connections()
    }

    /// True if a limit of our own may hold the speed down.
    pub(super) fn is_limited(&self) -> bool {
        self.limiters.is_limited()
    }

    /// Puts the latest where the supervisor looks for it.
    pub(super) fn show(&self, activity: Activity) {
        self.show_held(self.held.as_ref(), activity, None);
    }

    /// The same for one that the crew works on.
    pub(super) fn show_held(&self, held: Option<&Held>, activity: Activity, waiting: Option<Connection>) {
        let connections = self.connections();
        let host = held.map_or_else(|| self.places.lead().host(), |held| held.resource.at.host());
        let learnt = self.orders.shared.hosts.allowed(&host).filter(|learnt| *learnt < connections);
        let mut live = Live {
            activity,
            allowed: learnt.unwrap_or(connections),
            remark: learnt.map(|learnt| Arc::from(format!("server allows {learnt} connections"))),
            retries: self.retries,
            ..Live::default()
        };
        let mut progress =
            Progress { resumable: true, fault: self.fault.clone(), live: None, ..Progress::clone(&self.orders.known) };
        if let Some(held) = held {
            let outlook = held.desk.outlook();
            progress.target = Some(held.desk.part.target().to_path_buf());
            progress.length = outlook.length;
            progress.done = Arc::new(outlook.done);
            progress.resumable = held.ranged && !held.saver.is_vain();
            live.checked = outlook.checked;
            live.validator = held.resource.validator.clone();
            live.connections = outlook.connections.into_iter().chain(waiting).collect();
            // Where there are to be fewer again, those that there are end what they have.
            if learnt.is_none() {
                live.allowed = live.allowed.max(live.connections.len() as u16);
            }
            if !held.ranged || held.resource.length.is_none() {
                live.allowed = 1;
            }
            if matches!(activity, Activity::Receiving) {
                (live.speed, live.eta) = (outlook.speed, outlook.eta);
                if held.desk.is_comparing() {
                    live.activity = Activity::Repairing;
                } else if outlook.passes {
                    live.activity = Activity::Checking;
                }
            }
        }
        progress.live = Some(Arc::new(live));
        self.orders.progress.send_replace(progress);
    }
}
