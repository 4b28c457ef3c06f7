//! The workers of one download: opened while the plan and the host have room for them, replaced when they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::super::hosts::Permit;
use super::begin::Held;
use super::task::{Halt, Suspect, Task};
use super::trouble::{MAX_STRAYS, Response, is_gone, is_stray, response};
use super::worker::{End, Job, Worker};
use crate::api::Activity;
use crate::model::{Fault, FaultKind, Moment, Resource};
use crate::plan::{Blame, LeaseId, MUCH, Opener, blame};
use crate::protocol::Answer;

/// How often the plan is looked at as a whole, and the screen's figures are renewed.
const TICK: Duration = Duration::from_millis(125);
/// How often a checkpoint is saved.
pub(super) const SAVE: Duration = Duration::from_secs(1);

/// A wait for a connection's permit, in turn with all others who wait for that host; with the place that it is for.
type Line = (Instant, Pin<Box<dyn Future<Output = (usize, Permit)> + Send>>);

/// The permit, once it is this download's turn; never, where it does not wait.
async fn next_in_line(line: &mut Option<Line>) -> (usize, Permit) {
    match line {
        Some((_, line)) => line.await,
        None => std::future::pending().await,
    }
}

/// The workers of one download.
pub(super) struct Crew {
    /// The lead's job, and those of all places that may be asked for bytes.
    pub(super) job: Arc<Job>,
    pub(super) jobs: BTreeMap<usize, Arc<Job>>,
    pub(super) workers: JoinSet<(u32, End)>,
    /// Which place each worker is at.
    pub(super) seats: BTreeMap<u32, usize>,
    /// Looks at places that may be asked next.
    pub(super) scouts: JoinSet<(usize, Result<Arc<Resource>, Fault>)>,
    pub(super) scouting: BTreeMap<usize, Id>,
    pub(super) stops: BTreeMap<u32, CancellationToken>,
    /// Those that were closed before they were answered.
    pub(super) unanswered: BTreeSet<u32>,
    pub(super) last_number: u32,
    /// No new connection before this moment.
    pub(super) open_after: Moment,
    /// Of the connections that there may be, one less until each of these moments: the host was too busy for it.
    pub(super) resting: Vec<Moment>,
    /// The same for one that is to join others under a limit.
    join_after: Moment,
    /// New connections that failed in a row.
    pub(super) troubles: u32,
    /// Connections that were lost in a row after few bytes.
    pub(super) meagre: u32,
    fault: Option<(usize, Fault)>,
    /// How the last connection was lost that gave much: it is opened again at once, and unless that goes well all is as if it
    /// had not been.
    pub(super) lost: Option<Fault>,
    /// What one of several places was blamed for last.
    pub(super) blamed: Option<Fault>,
    /// The wait for a place's host to give a connection, when there is none.
    line: Option<Line>,
    /// True while others run in this one's place, since that wait is long.
    rests: bool,
    /// No connection moves to another place before this moment.
    pub(super) move_after: Moment,
    /// True while a checkpoint is to be saved before anything else is begun.
    pub(super) save_now: bool,
}

impl Crew {
    pub(super) fn new(lead: usize, job: Arc<Job>) -> Self {
        Self {
            jobs: BTreeMap::from([(lead, job.clone())]),
            job,
            workers: JoinSet::new(),
            seats: BTreeMap::new(),
            scouts: JoinSet::new(),
            scouting: BTreeMap::new(),
            stops: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            last_number: 0,
            open_after: Moment::ZERO,
            resting: Vec::new(),
            join_after: Moment::ZERO,
            troubles: 0,
            meagre: 0,
            fault: None,
            lost: None,
            blamed: None,
            line: None,
            rests: false,
            move_after: Moment::ZERO,
            save_now: false,
        }
    }

    /// The number of the next worker.
    pub(super) fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    /// Puts a worker to work at a place; the first one comes with the answer to its request.
    pub(super) fn hire(
        &mut self,
        task: &mut Task,
        (number, place): (u32, usize),
        lease: LeaseId,
        answer: Option<Answer>,
        permit: Permit,
    ) {
        let stop = CancellationToken::new();
        let job = self.jobs.get(&place).unwrap_or(&self.job).clone();
        let worker = Worker { job, number, stop: stop.clone(), permit };
        self.stops.insert(number, stop);
        self.seats.insert(number, place);
        task.places.opened(place);
        self.workers.spawn(async move { (number, worker.run(lease, answer).await) });
    }

    /// Works until every byte is on disk.
    pub(super) async fn run(mut self, task: &mut Task, held: &mut Held) -> Result<(), Halt> {
        let result = self.drive(task, held).await;
        // It stands in line no more, and is not to count as one that rests.
        task.orders.stand_in_line(None, &mut self.rests).await;
        self.dismiss().await;
        task.note(held, self.job.known());
        task.tell_parts(&held.desk).await;
        self.seats.values().for_each(|place| task.places.closed(*place));
        result
    }

    async fn drive(&mut self, task: &mut Task, held: &mut Held) -> Result<(), Halt> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut save_at = Instant::now() + SAVE;
        loop {
            // Some may still wait for bytes that others have brought by now.
            if held.desk.is_complete() {
                return Ok(());
            }
            if self.workers.is_empty()
                && let Some((place, fault)) = self.fault.take()
            {
                task.suspect = Suspect::Candidate(place);
                return Err(Halt::Fault(self.in_place_of(fault, false)));
            }
            if self.is_stuck(task)
                && let Some(fault) = self.blamed.take()
            {
                task.suspect = Suspect::Judged;
                return Err(Halt::Fault(fault));
            }
            // Before other bytes take their place: what is on disk still claims those of a place that has changed.
            if !self.save_now || held.saver.start() {
                self.save_now = false;
                self.staff(task, held);
            }
            self.stand_in_line(task);
            tokio::select! {
                biased;
                () = task.orders.stop.cancelled() => return Err(Halt::Stopped),
                Some(ended) = self.workers.join_next() => self.ended(ended, task, held).await?,
                Some(found) = self.scouts.join_next() => self.found(found, task, held).await,
                (place, permit) = next_in_line(&mut self.line) => {
                    self.line = None;
                    if !self.employ(task, place, permit) {
                        self.open_after = task.orders.shared.clock.now() + TICK;
                    }
                }
                saved = held.saver.finished() => {
                    saved?;
                    task.tell_unsaved(held).await;
                    held.saver.start_early();
                }
                () = held.desk.much_written.notified() => held.saver.start_early(),
                reserved = held.reserving.ended() => reserved?,
                now = tick.tick() => {
                    let since = self.line.as_ref().map(|line| line.0);
                    task.orders.stand_in_line(since, &mut self.rests).await;
                    self.measure(task);
                    self.replace_laggards(task);
                    self.give_way(task);
                    self.rebalance(task);
                    self.grow(task, held);
                    task.tell_parts(&held.desk).await;
                    task.show_held(Some(held), Activity::Receiving, self.waiting(task));
                    if now >= save_at {
                        task.note(held, self.job.known());
                        save_at = if held.saver.start() { now + SAVE } else { save_at };
                    }
                }
            }
        }
    }

    /// Opens connections while the plan has work for them and the hosts bear them.
    fn staff(&mut self, task: &mut Task, held: &Held) {
        if !self.job.desk.receiving_now().is_empty() {
            (self.fault, self.lost) = (None, None);
        }
        if self.fault.is_some() && !self.workers.is_empty() {
            // Nobody receives and some have asked: their answers decide, before more is asked.
            return;
        }
        let reserved = self.send_scouts(task, held);
        let receiving = self.job.desk.receiving_now().len();
        let now = task.orders.shared.clock.now();
        self.resting.retain(|until| *until > now);
        let connections = usize::from(self.job.desk.width()).saturating_sub(self.resting.len());
        let looking = self.scouting.len();
        let most = match task.strays {
            _ if !self.job.ranged || task.alone => 1,
            // One that looks at a place is a connection too, and may be the only one.
            0 => connections.saturating_sub(reserved.max(looking)).max(usize::from(looking == 0)),
            // One at a time, until it is known whether parts are given beside the first.
            1..MAX_STRAYS => connections.min(receiving + 1),
            _ => 1,
        };
        let shared = task.orders.shared.clone();
        while self.workers.len() < most && shared.clock.now() >= self.open_after {
            // Under a limit that these reach, more connections bring no more; but each has a buffer in the kernel that a fast
            // sender fills at once, whatever the limit says. They come one by one, as long as there is something for them.
            if !self.workers.is_empty() && task.is_limited() {
                if shared.clock.now() < self.join_after || !self.job.limiters.has_spare() {
                    return;
                }
                self.join_after = shared.clock.now() + TICK;
            }
            let Some((place, permit)) = self.choose(task) else { return };
            if !self.employ(task, place, permit) {
                return;
            }
        }
    }

    /// Puts a permit to use; false if there is nothing to do.
    fn employ(&mut self, task: &mut Task, place: usize, permit: Permit) -> bool {
        let number = self.next_number();
        // What a place gives that was not tried yet is not told by how slow the others are.
        let is_free = self.workers.is_empty() || task.places.is_untried(place);
        let opener = if is_free { Opener::Idle } else { Opener::New };
        let Some(lease) = self.job.desk.lease(number, opener, self.job.is_held_back()) else {
            self.last_number -= 1;
            return false;
        };
        self.hire(task, (number, place), lease, None, permit);
        true
    }

    /// The places that may be asked now and whose file is known to be the same, the best one first.
    fn ready(&self, task: &Task) -> Vec<(usize, String)> {
        let order = task.places.order(task.orders.shared.clock.now());
        let host = |place| Some((place, self.jobs.get(&place)?.resource.at.host()));
        order.into_iter().filter_map(host).collect()
    }

    /// The place for the next connection, with its permit.
    fn choose(&self, task: &Task) -> Option<(usize, Permit)> {
        let hosts = &task.orders.shared.hosts;
        self.ready(task).into_iter().find_map(|(place, host)| Some((place, hosts.try_open(&host)?)))
    }

    /// When all connections are gone, the last laggard among them, and the host gives its next one to those who wait: so
    /// does this one, until it has one.
    fn stand_in_line(&mut self, task: &Task) {
        let has_room = self.scouting.len() < usize::from(self.job.desk.width());
        let is_idle = self.workers.is_empty() && self.open_after <= task.orders.shared.clock.now();
        if !is_idle || !has_room {
            self.line = None;
        } else if self.line.is_none()
            && let Some((place, host)) = self.ready(task).into_iter().next()
        {
            let hosts = task.orders.shared.hosts.clone();
            self.line = Some((Instant::now(), Box::pin(async move { (place, hosts.open(&host).await) })));
        }
    }

    async fn ended(
        &mut self,
        ended: Result<(u32, End), JoinError>,
        task: &mut Task,
        held: &mut Held,
    ) -> Result<(), Halt> {
        let lost = |_| Fault::new(FaultKind::State, &self.job.source, "a worker was lost; this is a bug of haul");
        let (number, end) = ended.map_err(lost)?;
        self.stops.remove(&number);
        let place = self.seats.remove(&number).unwrap_or(task.places.lead_number());
        task.places.closed(place);
        let unanswered = self.unanswered.remove(&number);
        if unanswered {
            task.orders.shared.hosts.keep_waiting(&self.host_at(place));
        }
        let others = self.receiving_at(place);
        let End::Fault(fault, bytes) = end else {
            if !unanswered {
                self.troubles = 0;
                task.strays = if others > 0 { 0 } else { task.strays };
            }
            return Ok(());
        };
        tracing::info!(number, place, bytes, others, "{fault}");
        self.failed((place, bytes, others), fault, task, held).await
    }

    /// The connection of a worker has failed at a place after so many bytes, beside so many others there.
    async fn failed(
        &mut self,
        (place, bytes, others): (usize, u64, u16),
        fault: Fault,
        task: &mut Task,
        held: &mut Held,
    ) -> Result<(), Halt> {
        task.tell_parts(&held.desk).await;
        if self.blame(place, &fault, others, task, held).await {
            return Ok(());
        }
        let (fruitful, much) = (bytes > 0, bytes >= MUCH && fault.kind == FaultKind::Cut);
        if others == 0 && much && self.job.ranged {
            // All may be cut at once, which says nothing against the next.
            self.pause_opening(task, bytes, &fault).await;
            (self.fault, self.lost) = (None, Some(fault));
            return Ok(());
        }
        match response(&fault, fruitful, others) {
            Response::Halt if self.workers.is_empty() || others > 0 || blame(fault.kind) == Blame::None => {
                task.suspect = Suspect::Candidate(place);
                // Two answers contradict each other: one alone does not.
                task.alone |= others > 0 && !fruitful && fault.kind == FaultKind::Changed;
                return Err(Halt::Fault(self.in_place_of(fault, fruitful)));
            }
            Response::Halt => {}
            Response::Fewer => {
                // Where the file is gone while others receive it, the link was good for one request: no word on the host.
                if is_gone(&fault) {
                    task.alone = true;
                } else {
                    task.orders.shared.hosts.refuse(&self.host_at(place));
                }
                self.rest(task, &fault).await;
            }
            Response::Again => {
                if !is_stray(&fault) {
                    task.strays = if fruitful { 0 } else { task.strays };
                } else if self.open_after <= task.orders.shared.clock.now() {
                    // Those that were asked for at once have strayed once.
                    task.strays += 1;
                }
                self.pause_opening(task, bytes, &fault).await;
            }
        }
        self.fault = Some((place, fault));
        Ok(())
    }

    fn host_at(&self, place: usize) -> String {
        self.jobs.get(&place).unwrap_or(&self.job).resource.at.host()
    }

    /// How many workers receive from a place.
    fn receiving_at(&self, place: usize) -> u16 {
        let receiving = self.job.desk.receiving_now();
        let there = receiving.iter().filter(|(worker, _)| self.seats.get(worker) == Some(&place));
        u16::try_from(there.count()).unwrap_or(u16::MAX)
    }

    /// Stops all workers; each writes what it has.
    async fn dismiss(&mut self) {
        for stop in self.stops.values() {
            stop.cancel();
        }
        self.scouts.shutdown().await;
        while self.workers.join_next().await.is_some() {}
    }
}
