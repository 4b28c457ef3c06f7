//! Transfers start in their turn, and those that only wait for a time leave their slot to others meanwhile.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::download::run as run_download;
use super::folder::{is_folder, run as run_folder};
use super::limiter::Limiter;
use super::orders::Orders;
use super::report::{Progress, Resting};
use super::roster::Roster;
use super::running::{Rest, Running};
use super::supervisor::Supervisor;
use super::upload::run as run_upload;
use crate::api::Happening;
use crate::model::{Spec, Status, TransferId};
use crate::store::Stamp;

impl Supervisor {
    /// Starts what the queue says, or lets it go on, while there is room.
    pub(super) fn start_next(&mut self) {
        while !self.is_pausing()
            && let Some(id) = self.queue.admit(|id| host_of(&self.roster, id))
        {
            if self.running(id).is_some() {
                self.go_on(id);
            } else {
                self.start(id);
            }
        }
    }

    fn start(&mut self, id: TransferId) {
        let rest = self.roster.rests.remove(&id);
        let Some(entry) = self.roster.get_mut(id) else { return self.queue.forget(id) };
        let (progress, receiver) = watch::channel(Progress::default());
        let (stop, nudge) = (CancellationToken::new(), Arc::new(Notify::new()));
        let limiter = Arc::new(Limiter::new(entry.spec.limits.rate, self.shared.clock));
        let task = Running {
            since: self.shared.clock.now(),
            stop: stop.clone(),
            nudge: nudge.clone(),
            limiter: limiter.clone(),
            progress: receiver,
            then: None,
            before: None,
            relink: None,
            retarget: None,
            rests: None,
            lacks: false,
            turn: None,
        };
        let orders = Orders {
            id,
            spec: Spec::clone(&entry.spec),
            target: entry.latest.target.clone(),
            known: entry.latest.clone(),
            shared: self.shared.clone(),
            limiter,
            fresh: std::mem::take(&mut entry.anew),
            first: !std::mem::replace(&mut entry.begun, true),
            rest,
            brief: self.queue.is_brief(),
            stop,
            nudge,
            reports: self.reports.clone(),
            progress,
        };
        if orders.fresh {
            self.scribe.note([Stamp::Status(Status::Queued, None).record(id)]);
        }
        self.roster.began(id, task);
        self.dirty = true;
        if orders.spec.upload.is_some() {
            self.tasks.spawn(run_upload(orders));
        } else if is_folder(&orders.spec.source) {
            self.tasks.spawn(run_folder(orders));
        } else {
            self.tasks.spawn(run_download(orders));
        }
        self.tell(id, Happening::Started);
    }

    /// One that runs only waits: another may run in its place, unless its host is silent and so may be all others.
    pub(super) fn rests(&mut self, id: TransferId, rest: Resting) {
        if let Some(running) = self.running(id) {
            running.rests = Some(rest);
        }
        if !rest.silent || self.line.try_leave(id, self.shared.clock.now()) {
            self.leave_slot(id);
        }
    }

    /// One that only waits leaves its slot.
    pub(super) fn leave_slot(&mut self, id: TransferId) {
        if let Some(rest) = self.running(id).and_then(|running| running.rests) {
            let host = if rest.at_host { host_of(&self.roster, id) } else { None };
            self.queue.rest(id, rest.has_files, host);
        }
    }

    /// One has waited; it goes on as soon as it has a slot again.
    pub(super) fn woke(&mut self, id: TransferId, turn: oneshot::Sender<()>) {
        let Some(entry) = self.roster.get_mut(id) else { return };
        let priority = entry.spec.priority;
        if let Some(running) = &mut entry.running {
            (running.rests, running.turn) = (None, Some(turn));
        }
        self.line.wake(id);
        self.queue.wake(id, priority);
        // There was no room for it to rest, or somebody is in a hurry for it.
        if self.queue.has_slot(id) {
            self.go_on(id);
        }
    }

    fn go_on(&mut self, id: TransferId) {
        if let Some(turn) = self.running(id).and_then(|running| running.turn.take()) {
            let _ = turn.send(());
        }
    }

    /// Ends the wait of one that runs, if it waits.
    pub(super) fn hurry(&mut self, id: TransferId) {
        self.roster.rests.remove(&id);
        let Some(entry) = self.roster.get(id) else { return };
        if let Some(running) = &entry.running {
            // Each part of a stream waits by itself; and one that does not wait yet is not to.
            running.nudge.notify_waiters();
            running.nudge.notify_one();
            self.queue.hasten(id, entry.spec.priority);
        }
    }

    /// One that was stopped so that its file can be moved goes on with its wait: a server that said when to come again is not
    /// asked before.
    pub(super) fn keep_rest(&mut self, id: TransferId) {
        let Some(entry) = self.roster.get(id) else { return };
        let Some(running) = entry.running.as_ref().filter(|running| running.retarget.is_some()) else { return };
        let until = running.rests.map(|rest| rest.until).filter(|until| *until > Instant::now());
        if let Some((until, fault)) = until.zip(entry.fault.clone()) {
            self.roster.rests.insert(id, Rest { until, fault });
        }
    }

    /// True if one that runs waits for a time or for a slot.
    pub(super) fn is_resting(&self, id: TransferId) -> bool {
        let running = self.roster.get(id).and_then(|entry| entry.running.as_ref());
        running.is_some_and(|running| running.rests.is_some() || running.turn.is_some())
    }

    fn running(&mut self, id: TransferId) -> Option<&mut Running> {
        self.roster.get_mut(id)?.running.as_deref_mut()
    }
}

/// The host that a transfer asks; `None` where it may ask others too.
fn host_of(roster: &Roster, id: TransferId) -> Option<Arc<str>> {
    let spec = &roster.get(id)?.spec;
    spec.mirrors.is_empty().then(|| spec.source.host().into())
}
