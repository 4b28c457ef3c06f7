//! The time of day: transfers that start at a time, the timetable's limits, and the hours in which the queue runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::roster::Entry;
use super::running::Then;
use super::supervisor::Supervisor;
use super::sweep::Aim;
use crate::api::{Happening, Position, Start};
use crate::model::{
    Fault, FaultKind, LimitHours, LocalTime, Rate, StartTime, Status, TransferId, UnixTime, WallClock, start_text,
};
use crate::plan::{Schedule, Timetable};
use crate::store::Record;

/// What is known of the time of day.
pub(super) struct Hours {
    clock: Arc<dyn WallClock>,
    timetable: Timetable,
    schedule: Schedule,
    /// The limit where the timetable says nothing.
    usual: Option<Rate>,
    /// What the timetable said when it was read last.
    said: Option<LimitHours>,
    pub(super) shut: bool,
    /// When the clock is looked at next.
    at: Instant,
}

impl Hours {
    pub(super) fn new(clock: Arc<dyn WallClock>, timetable: Timetable, usual: Option<Rate>) -> Self {
        let schedule = Schedule::default();
        Self { clock, timetable, schedule, usual, said: None, shut: false, at: Instant::now() }
    }

    /// The time of the clock on the wall.
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Pends until the clock is to be looked at.
    pub(super) async fn due(&self) {
        if self.timetable.is_empty() && self.schedule.next().is_none() {
            return std::future::pending().await;
        }
        tokio::time::sleep_until(self.at).await;
    }

    /// How long the clock need not be looked at: until the next minute begins, or the next transfer starts. Clocks are set,
    /// and machines sleep, so it is never longer than a minute.
    fn rest(&self, now: UnixTime, local: LocalTime) -> Duration {
        let minute = 60 - u64::from(local.second.min(59));
        let next = self.schedule.next().map_or(minute, |at| at.seconds().saturating_sub(now.seconds()));
        Duration::from_secs(minute.min(next).max(1))
    }
}

impl Supervisor {
    /// Looks at the clock, and does what the hour says.
    pub(super) fn keep_hours(&mut self) {
        let now = self.hours.clock.now();
        let local = self.hours.clock.local(now);
        for id in self.hours.schedule.due(now) {
            self.let_wait(id);
        }
        let said = self.hours.timetable.limit(local);
        if said != self.hours.said {
            self.hours.said = said;
            self.shared.limiter.set(said.map_or(self.hours.usual, |entry| entry.limit));
            self.dirty = true;
        }
        self.open_or_shut(!self.hours.timetable.is_open(local));
        self.hours.at = Instant::now() + self.hours.rest(now, local);
    }

    fn open_or_shut(&mut self, shut: bool) {
        if std::mem::replace(&mut self.hours.shut, shut) == shut {
            return;
        }
        self.queue.shut(shut);
        self.dirty = true;
        let running = if shut { self.roster.running() } else { Vec::new() };
        for id in running {
            let stops = self.roster.get(id).and_then(|entry| entry.running.as_ref()?.then).is_some();
            if !stops && !self.queue.is_exempt(id) {
                self.stop(id, Then::Queue);
            }
        }
    }

    /// Sets or lifts the limit on all downloads; where there is a timetable, until that says something else.
    pub(super) fn limit(&mut self, rate: Option<Rate>) {
        self.hours.usual = rate;
        self.shared.limiter.set(rate);
    }

    /// Lets a queued transfer wait for its turn, or for the time at which it is to start.
    pub(super) fn let_wait(&mut self, id: TransferId) {
        let Some(entry) = self.roster.get_mut(id) else { return };
        if entry.status != Status::Queued || entry.busy.is_some() {
            return;
        }
        let (spec, rank) = (&mut entry.spec, entry.rank);
        let (priority, was) = (spec.priority, spec.start_at);
        let at = was.filter(|at| *at > self.hours.clock.now());
        if was != at {
            Arc::make_mut(spec).start_at = at;
        }
        let start = at.map(|at| Arc::new(Start { at, text: start_text(at, &*self.hours.clock) }));
        if was != at || entry.start != start {
            entry.start = start;
            self.roster.refresh(id);
            self.dirty = true;
        }
        if let Some(at) = at {
            self.queue.forget(id);
            self.hours.schedule.set(id, at);
            self.hours.at = Instant::now();
        } else {
            self.hours.schedule.cancel(id);
            self.queue.wait(id, priority, rank);
        }
    }

    /// A transfer waits for nothing any more.
    pub(super) fn let_rest(&mut self, id: TransferId) {
        self.queue.leave(id);
        self.hours.schedule.cancel(id);
    }

    /// Transfers start at a time; or, without one, in their turn.
    pub(super) fn schedule(&mut self, ids: &[TransferId], at: Option<StartTime>) {
        let meant = at.map(|at| at.resolve(&*self.hours.clock));
        let at = match meant.transpose() {
            Ok(at) => at,
            Err(past) => {
                for id in ids {
                    self.deny(*id, past.as_str());
                }
                return;
            }
        };
        let mut changed: Vec<Record> = Vec::new();
        for id in ids.iter().copied() {
            let Some(entry) = self.roster.get(id) else { continue };
            if entry.status == Status::Done {
                self.deny(id, "it is complete, and needs no time to start at");
                continue;
            }
            let runs = entry.running.is_some();
            self.roster.change(id, |spec| spec.start_at = at);
            changed.extend(self.roster.item(id).map(|item| item.record()));
            match (runs, at) {
                (true, Some(_)) => self.stop(id, Then::Queue),
                (true, None) => {}
                (false, Some(_)) => {
                    self.requeue(&[id], &[Status::Paused, Status::Failed, Status::Expired, Status::DiskFull]);
                    self.let_wait(id);
                }
                (false, None) => self.let_wait(id),
            }
        }
        self.scribe.note(changed);
    }

    /// Transfers are next, in this order, whatever the hour is.
    pub(super) fn start_now(&mut self, mut ids: Vec<TransferId>) {
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(*id));
        let may_start = |id: &&TransferId| {
            let waits = |entry: &Entry| entry.running.as_ref().is_none_or(|running| running.is_stopping());
            self.roster.get(**id).is_some_and(|entry| waits(entry) && entry.status != Status::Done)
        };
        let first: Vec<TransferId> = ids.iter().filter(may_start).copied().collect();
        let changed = self.roster.gather(&first, Position::Top);
        self.note_ranks(&changed);
        self.sweep(ids, Aim::Start);
    }

    /// Those of them that don't run, or are about to stop, wait for nothing but a slot.
    pub(super) fn start_these(&mut self, ids: &[TransferId]) {
        for id in ids.iter().copied() {
            let Some(entry) = self.roster.get_mut(id) else { continue };
            if let Some(running) = entry.running.as_mut().filter(|running| running.is_stopping()) {
                // It goes on as soon as it has stopped, and waits for nothing that it was waiting for.
                (running.then, running.rests) = (Some(Then::Queue), None);
                self.schedule(&[id], None);
                self.queue.exempt(id);
                continue;
            }
            if entry.running.is_some() {
                if self.is_resting(id) {
                    self.hurry(id);
                } else {
                    self.deny(id, "it runs already");
                }
                continue;
            }
            if entry.status == Status::Done {
                self.deny(id, "it is complete");
                continue;
            }
            self.roster.rests.remove(&id);
            self.schedule(&[id], None);
            self.requeue(&[id], &[Status::Paused, Status::Failed, Status::Expired, Status::DiskFull]);
            self.queue.exempt(id);
        }
    }

    /// An order was not carried out.
    pub(super) fn deny(&mut self, id: TransferId, why: impl Into<String>) {
        let Some(entry) = self.roster.get(id) else { return };
        let fault = Fault::new(FaultKind::Request, &entry.spec.source, why);
        self.tell(id, Happening::Denied(fault));
    }
}
