//! The one task that owns the list: takes commands, starts and stops transfers, keeps the journal, tells the faces.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::blocking::Errands;
use super::brief::Unseen;
use super::clock::Clock;
use super::download::Clerk;
use super::hosts::Hosts;
use super::hours::Hours;
use super::limiter::Limiter;
use super::memory::{Memory, recall};
use super::orders::Shared;
use super::removal::Removals;
use super::report::{Complete, Ending, Report, What};
use super::roster::Roster;
use super::running::Then;
use super::scribe::Scribe;
use super::setup::{Queueing, Setup};
use super::shares::Shares;
use super::shortage::Looks;
use super::sweep::Sweep;
use super::upload::Abandons;
use crate::api::{EngineSide, Happening};
use crate::model::{Fault, FaultKind, Status, TransferId};
use crate::plan::{Line, Queue, Timetable};
use crate::store::{Stamp, open_files};

/// Reports that may wait for the supervisor before a task waits too.
const REPORTS: usize = 256;
/// So many finished files are read back or moved at a time.
const TURNS: usize = 2;
/// The shortest time between two snapshots,
const SNAPSHOT: Duration = Duration::from_millis(100);
/// and between two that show how far the transfers have come that run: figures that change more often can't be read.
const FIGURES: Duration = Duration::from_millis(250);
/// How often the queue on disk is looked at for what other processes have added.
const LOOK: Duration = Duration::from_secs(1);

/// The supervisor's state. What it is ordered begins in `commands.rs`.
pub(super) struct Supervisor {
    pub(super) roster: Roster,
    pub(super) queue: Queue,
    /// What is heard over the line, and who hears nothing.
    pub(super) line: Line,
    pub(super) shared: Arc<Shared>,
    pub(super) scribe: Scribe,
    pub(super) dirty: bool,
    /// True once a transfer has come to its end in this run.
    pub(super) has_completed: bool,
    /// How many events there have been.
    pub(super) happened: u64,
    pub(super) unseen: Unseen,
    pub(super) tasks: TaskTracker,
    pub(super) reports: mpsc::Sender<Report>,
    /// When the disks of transfers that wait for room are looked at next.
    pub(super) room_at: Instant,
    pub(super) looks: Looks,
    /// Bytes of each disk that were promised since the last look at them began.
    pub(super) promised: HashMap<Option<u64>, u64>,
    pub(super) hours: Hours,
    pub(super) removals: Removals,
    /// The order that is being carried out in steps.
    pub(super) sweep: Option<Sweep>,
    memory: Memory,
    pub(super) side: EngineSide,
}

/// Runs an engine until its handle says stop; then everything is saved, and no task is left.
pub async fn run(side: EngineSide, setup: Setup) {
    let (clock, shares) = (Clock::start(), Shares::of(open_files(), setup.transfers));
    let known = recall(&setup.state, setup.clock.now()).await;
    let tasks = TaskTracker::new();
    let shared = Arc::new(Shared {
        errands: Errands::default(),
        turns: Semaphore::new(TURNS),
        sockets: Arc::default(),
        clerk: Arc::new(Clerk::new(setup.state.clone(), tasks.clone())),
        state: setup.state,
        registry: setup.registry,
        connections: setup.connections,
        patience: setup.patience,
        on_change: setup.on_change,
        room: setup.room,
        categories: setup.categories.clone(),
        lasts: matches!(setup.queueing, Queueing::Durable(..)),
        limiter: Arc::new(Limiter::new(setup.limit, clock)),
        uplink: Arc::new(Limiter::new(setup.upload_limit, clock)),
        namings: Arc::default(),
        streams: Arc::default(),
        abandons: Abandons::default(),
        hosts: Hosts::new(clock, shares.connections, known),
        clock,
    });
    let (reports, inbox) = mpsc::channel(REPORTS);
    let (journal, items) = match setup.queueing {
        Queueing::Passing => (None, Vec::new()),
        Queueing::Durable(journal, items) => (Some(journal), items),
    };
    let queue =
        Queue::new(shares.transfers, shares.endings).up_to(shares.most, shares.most_sharing).with_rests(shares.rests);
    let roster = Roster::new(setup.categories);
    let (room_at, scribe) = (Instant::now(), Scribe::new(journal));
    let memory = Memory::new(&shared.state, shared.hosts.clone());
    let timetable = Timetable::new(setup.timetable, setup.queue_hours);
    let (hours, removals) = (Hours::new(setup.clock, timetable, setup.limit), Removals::default());
    let mut supervisor = Supervisor {
        roster,
        queue,
        line: Line::default(),
        shared,
        scribe,
        dirty: true,
        has_completed: false,
        happened: 0,
        unseen: Unseen::new(clock),
        tasks,
        reports,
        room_at,
        looks: Looks::default(),
        promised: HashMap::new(),
        hours,
        removals,
        sweep: None,
        memory,
        side,
    };
    supervisor.keep_hours();
    supervisor.enlist_all(items);
    if supervisor.scribe.is_durable() {
        supervisor.settle_moves();
        supervisor.clear_up();
    }
    supervisor.work(inbox).await;
}

impl Supervisor {
    async fn work(&mut self, mut inbox: mpsc::Receiver<Report>) {
        let stop = self.side.stop.clone();
        let (mut publish_at, mut figures_at) = (Instant::now(), Instant::now());
        let mut look_at = Instant::now() + LOOK;
        loop {
            self.start_next();
            self.scribe.begin();
            // What runs learns, and a round comes at least with each snapshot of it.
            self.memory.look();
            let active = self.dirty || self.queue.running() > 0;
            // What happens is shown soon, and what only moves in its time.
            let due = if self.dirty { publish_at } else { publish_at.max(figures_at) };
            // A command may speak of what the one before it adds.
            let adding = self.scribe.is_adding();
            let (sweeping, writing) = (self.is_sweeping(), self.scribe.is_writing());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                written = self.scribe.written() => self.written(written),
                Some(report) = inbox.recv() => self.report(report),
                Some(command) = self.side.commands.recv(), if !adding && !sweeping => self.obey(command),
                () = ready(()), if sweeping && !writing => self.sweep_on(),
                () = ready(()), if self.queue.is_sifting() && !self.is_pausing() => {}
                () = sleep_until(due), if active => {
                    let now = Instant::now();
                    if figures_at <= now {
                        self.take_figures();
                        figures_at = now + FIGURES;
                    }
                    self.publish();
                    publish_at = now + SNAPSHOT;
                }
                () = sleep_until(self.room_at), if self.roster.count(Status::DiskFull) > 0 => self.look_for_room(),
                () = self.memory.due() => self.memory.save(self.hours.now()),
                () = self.hours.due() => self.keep_hours(),
                () = self.removals.due() => self.delete_removed(false),
                () = sleep_until(look_at), if self.scribe.is_durable() => {
                    self.scribe.look();
                    look_at = Instant::now() + LOOK;
                }
            }
        }
        self.shut_down(inbox).await;
    }

    async fn shut_down(&mut self, mut inbox: mpsc::Receiver<Report>) {
        self.side.commands.close();
        // What runs saves what it has while the queue is written; what was ordered is heeded when it has stopped.
        for id in self.roster.running() {
            let then = self.roster.get(id).and_then(|entry| entry.running.as_ref()?.then);
            self.stop(id, then.unwrap_or(Then::Queue));
        }
        self.finish_order().await;
        while let Ok(command) = self.side.commands.try_recv() {
            self.obey(command);
            self.finish_order().await;
        }
        self.roster.call_back();
        while self.queue.running() > 0 || self.roster.is_busy() {
            // One that can't end, on a disk that is dead, must not take down with it what is known of the others.
            self.scribe.begin();
            tokio::select! {
                biased;
                written = self.scribe.written() => self.written(written),
                Some(report) = inbox.recv() => self.report(report),
            }
        }
        self.delete_removed(true);
        self.memory.last(self.hours.now()).await;
        self.finish_writing().await;
        self.tasks.close();
        self.hear_last(&mut inbox).await;
        self.forget_complete().await;
        self.finish_writing().await;
        self.take_figures();
        self.publish();
    }

    /// Waits until the latest order is carried out, as far as the next one may speak of what it does.
    async fn finish_order(&mut self) {
        while self.is_sweeping() || self.scribe.is_adding() {
            self.finish_writing().await;
            self.sweep_on();
        }
    }

    /// Waits until all that was told to the journal is written.
    async fn finish_writing(&mut self) {
        while self.scribe.begin() {
            let written = self.scribe.written().await;
            self.written(written);
        }
        // There may be room again for what could not be written.
        if self.side.stop.is_cancelled() && self.scribe.retry() {
            let written = self.scribe.written().await;
            self.written(written);
        }
    }

    /// Tells a running transfer to stop; what then becomes of it is done when its task has ended. A removal stands,
    /// whatever is ordered after it.
    pub(super) fn stop(&mut self, id: TransferId, then: Then) {
        if let Some(running) = self.roster.get_mut(id).and_then(|entry| entry.running.as_mut()) {
            if !matches!(running.then, Some(Then::Remove(_))) {
                running.before = running.then;
            }
            running.then = Some(match (running.then, then) {
                (Some(Then::Remove(before)), Then::Remove(data)) => Then::Remove(before || data),
                (Some(removal @ Then::Remove(_)), _) => removal,
                _ => then,
            });
            running.stop.cancel();
        }
    }

    pub(super) fn report(&mut self, Report { id, what }: Report) {
        match what {
            What::Happened(happening) => {
                if let Happening::Answered { target, length, .. } = &happening {
                    self.note_file(id, target.clone(), *length);
                }
                self.listen(id, &happening);
                self.tell(id, happening);
            }
            What::Known(file, length) => self.note_file(id, file, Some(length)),
            What::Room(rooms) => self.room_found(rooms),
            What::Listed(specs, left_out) => self.listed(id, specs, left_out),
            What::Fetched { moved, shared } => self.fetched(id, moved, shared),
            What::Resting(rest) => self.rests(id, rest),
            What::Woke(turn) => self.woke(id, turn),
            What::Back(done) => self.came_back(id, Some(*done)),
            What::Lost => self.came_back(id, None),
            What::Ended(ending, took) => self.ended(id, ending, took),
        }
        self.dirty = true;
    }

    fn ended(&mut self, id: TransferId, ending: Ending, took: Duration) {
        self.roster.take_progress(id);
        self.queue.leave(id);
        self.hangs_up(id, &ending);
        self.keep_rest(id);
        let Some(task) = self.roster.ended(id) else { return };
        let (ending, then) = match (ending, task.relink) {
            // Whatever became of the old URL, the new one is asked.
            (Ending::Stopped | Ending::Failed(_) | Ending::Described(_) | Ending::Unfolded(_), Some(link)) => {
                self.take_link(id, link);
                (Ending::Stopped, task.then)
            }
            (ending, _) => {
                let then = self.led_to(id, &ending, task.then, task.lacks);
                (ending, then)
            }
        };
        match (ending, then) {
            (Ending::Done(complete), _) => {
                self.completed(id, complete, took);
                if let Some(Then::Remove(_)) = then {
                    self.discard(&[id], false);
                }
            }
            (_, Some(Then::Remove(data))) => self.discard(&[id], data),
            // It is not to go on by itself, whatever room there will be.
            (Ending::Failed(fault), Some(Then::Pause)) if fault.kind == FaultKind::DiskFull => self.hold(id),
            (Ending::Failed(fault), _) => self.give_up(id, fault),
            (_, Some(Then::Pause)) => self.hold(id),
            (_, Some(Then::Queue) | None) => {
                self.rest(id, Status::Queued, None);
                if !self.side.stop.is_cancelled() {
                    self.let_wait(id);
                }
            }
        }
        // Whatever became of it; unless it is gone.
        if let Some(target) = task.retarget {
            self.retarget(id, target);
        }
    }

    fn completed(&mut self, id: TransferId, complete: Complete, took: Duration) {
        let Complete { target, bytes, fetched, unchanged, checked, untold } = complete;
        if untold {
            self.came_at_once(id, &target, bytes, unchanged);
        }
        self.note_moved(id, fetched, took, unchanged);
        self.roster.complete(id, target.clone(), bytes);
        self.shared.namings.forget(id);
        self.shared.streams.forget(id);
        self.has_completed = true;
        self.rest(id, Status::Done, None);
        self.tell(id, Happening::Completed { target, bytes, fetched, took, unchanged, checked });
    }

    /// A transfer rests until somebody lets it go on.
    fn hold(&mut self, id: TransferId) {
        self.rest(id, Status::Paused, None);
        self.tell(id, Happening::Paused);
    }

    /// A transfer's task has given up: for good, or until there is a new URL or room on its disk.
    fn give_up(&mut self, id: TransferId, fault: Fault) {
        if let Some(entry) = self.roster.get_mut(id) {
            entry.fault = Some(Arc::new(fault.clone()));
        }
        match fault.kind {
            FaultKind::Expired => {
                self.rest(id, Status::Expired, Some(fault.clone()));
                self.tell(id, Happening::Expired(fault));
            }
            FaultKind::DiskFull => {
                self.rest(id, Status::DiskFull, Some(fault.clone()));
                self.park(id, fault);
            }
            _ => {
                self.rest(id, Status::Failed, Some(fault.clone()));
                self.tell(id, Happening::Failed(fault));
            }
        }
    }

    /// A transfer does not run any more; the journal learns its status and what is on disk.
    fn rest(&mut self, id: TransferId, status: Status, reason: Option<Fault>) {
        self.roster.set_status(id, status);
        // An order to start it whatever the hour holds for as long as it goes on by itself.
        if !matches!(status, Status::Queued | Status::DiskFull) {
            self.queue.forget(id);
        }
        let known = self.roster.known(id).map(|(target, length, done)| Stamp::Known(target, length, done));
        let stamps: Vec<Stamp> = known.into_iter().chain([Stamp::Status(status, reason)]).collect();
        self.note(id, &stamps);
    }

    /// Tells the journal of one transfer.
    pub(super) fn note(&mut self, id: TransferId, stamps: &[Stamp]) {
        self.scribe.note(stamps.iter().map(|stamp| stamp.record(id)));
    }
}
