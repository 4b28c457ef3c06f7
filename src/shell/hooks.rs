//! Runs the user's hooks beside the transfers: none of them is ever waited for by one, and one that hangs is ended.

use std::ffi::OsString;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Environment, Program, environment};
use crate::api::{Direction, Event, Handle, Happening, Index, Row, Snapshot};
use crate::config::{Hook, Hooks};
use crate::model::{Lock, Status, TransferId};

/// So many transfers' hooks run at once; those of one transfer one after the other.
const LANES: usize = 4;
/// So many may wait in each lane; more of them are left out, which the log tells.
const WAITING: usize = 16_384;
/// How long hooks are waited for at the end before that is said.
const QUIET: Duration = Duration::from_secs(2);
/// How long hooks that are ended may take to end, which is more than they are given.
const ENDED: Duration = Duration::from_secs(5);
/// How long the snapshot may take to show what an event has told.
const SHOWN: Duration = Duration::from_secs(2);

/// What is to be told to hooks.
struct Job {
    event: &'static str,
    id: TransferId,
    /// What the event said, which goes before what the snapshot shows.
    said: Environment,
    /// It is not in the list, and never will be.
    is_refused: bool,
}

/// Hooks at work.
pub struct HookRunner {
    stop: CancellationToken,
    /// Ends those that run, and lets no other begin.
    kill: CancellationToken,
    all_done: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl HookRunner {
    /// Listens from now on. Must be called within a runtime.
    pub fn start(handle: &Handle, hooks: &Hooks) -> Self {
        let stop = CancellationToken::new();
        let (all_done, is_over) = watch::channel(false);
        let kill = CancellationToken::new();
        let follower = Follower::new(handle, hooks, is_over, kill.clone());
        let task = tokio::spawn(follower.run(stop.clone()));
        Self { stop, kill, all_done, task }
    }

    /// The engine has ended: what it still told is heard, and the hooks for that are waited for: one that haul leaves behind ends
    /// in its middle as soon as it says something. `all_done` says that every transfer has ended, `waits` says so to the user where
    /// that takes longer. When `left` is ready nobody waits any more, and those that run are ended; true if that was so.
    pub async fn finish(self, all_done: bool, waits: impl FnOnce(), left: impl Future<Output = ()>) -> bool {
        // Fails only if the task has ended, and then nobody needs to know.
        let _ = self.all_done.send(all_done);
        self.stop.cancel();
        let mut task = self.task;
        let mut left = pin!(left);
        let patience = async {
            if timeout(QUIET, &mut left).await.is_err() {
                waits();
                left.await;
            }
        };
        tokio::select! {
            biased;
            _ = &mut task => false,
            () = patience => {
                self.kill.cancel();
                if timeout(ENDED, task).await.is_err() {
                    tracing::warn!("some hooks still ran when haul ended");
                }
                true
            }
        }
    }
}

struct Follower {
    events: broadcast::Receiver<Event>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    hooks: Arc<Hooks>,
    lanes: Vec<mpsc::Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
    /// Jobs that were given out and are not done.
    pending: watch::Sender<usize>,
    complete: usize,
    failed: usize,
    /// The number of the event by which the last transfer ended, unless one was paused since: then not all is done.
    ended: Option<u64>,
    /// The number of the latest event that was heard.
    heard: u64,
    is_over: watch::Receiver<bool>,
    kill: CancellationToken,
}

impl Follower {
    fn new(handle: &Handle, hooks: &Hooks, is_over: watch::Receiver<bool>, kill: CancellationToken) -> Self {
        let hooks = Arc::new(hooks.clone());
        let (pending, _) = watch::channel(0);
        let (mut lanes, mut workers) = (Vec::new(), Vec::new());
        let index = Arc::new(Lock::new(Index::default()));
        for _ in 0..LANES {
            let (lane, jobs) = mpsc::channel(WAITING);
            lanes.push(lane);
            let list = List { snapshots: handle.snapshots(), index: index.clone() };
            workers.push(tokio::spawn(work(jobs, hooks.clone(), list, pending.clone(), kill.clone())));
        }
        let (events, snapshots) = (handle.events(), handle.snapshots());
        Self {
            events,
            snapshots,
            hooks,
            lanes,
            workers,
            pending,
            complete: 0,
            failed: 0,
            ended: None,
            heard: 0,
            is_over,
            kill,
        }
    }

    async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => match event {
                    Ok(event) => self.hear(&event),
                    Err(RecvError::Lagged(missed)) => tracing::warn!("hooks have missed {missed} events"),
                    Err(RecvError::Closed) => break,
                },
                Ok(()) = self.snapshots.changed() => {}
                () = stop.cancelled() => break,
            }
            if self.is_idle() {
                self.all_done();
            }
        }
        self.end().await;
    }

    /// Hears what is left to hear, and waits for all hooks.
    async fn end(mut self) {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.hear(&event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        let is_over = *self.is_over.borrow();
        if self.ended.is_some() && (is_over || self.is_idle()) {
            self.all_done();
        }
        self.lanes.clear();
        for worker in self.workers {
            let _ = worker.await;
        }
    }

    fn hear(&mut self, event: &Event) {
        self.heard = self.heard.max(event.number);
        let (name, said) = match &event.happening {
            Happening::Started => ("started", Environment::new()),
            Happening::Completed { target, bytes, .. } => {
                self.complete += 1;
                let said = vec![
                    ("HAUL_PATH", target.as_os_str().to_owned()),
                    ("HAUL_FOLDER", target.parent().map(|folder| folder.as_os_str().to_owned()).unwrap_or_default()),
                    ("HAUL_NAME", target.file_name().map(ToOwned::to_owned).unwrap_or_default()),
                    ("HAUL_BYTES", bytes.to_string().into()),
                    ("HAUL_STATUS", "done".into()),
                ];
                ("completed", said)
            }
            // It is in no list: the fault alone tells which it was.
            Happening::Refused(fault) => {
                self.failed += 1;
                ("failed", vec![("HAUL_FAULT", fault.to_string().into()), ("HAUL_URL", (&*fault.subject).into())])
            }
            Happening::Failed(fault) | Happening::Expired(fault) => {
                self.failed += 1;
                ("failed", vec![("HAUL_FAULT", fault.to_string().into())])
            }
            Happening::Paused => {
                self.ended = None;
                return;
            }
            other => match step(other) {
                Some(step) => step,
                None => return,
            },
        };
        if matches!(name, "completed" | "failed") {
            self.ended = Some(event.number);
        }
        if of(&self.hooks, name).is_empty() {
            return;
        }
        let lane = (event.id.bits() % LANES as u64) as usize;
        self.pending.send_modify(|count| *count += 1);
        let is_refused = matches!(event.happening, Happening::Refused(_));
        if self.lanes[lane].try_send(Job { event: name, id: event.id, said, is_refused }).is_err() {
            self.pending.send_modify(|count| *count -= 1);
            tracing::warn!("the hooks for {name} of {} are left out: too many wait", event.id);
        }
    }

    /// True once something has ended and nothing is left that runs or waits for its turn.
    fn is_idle(&self) -> bool {
        let Some(ended) = self.ended else { return false };
        let snapshot = self.snapshots.borrow();
        // A snapshot may be ahead of what was heard: then more is to be counted. One from before the end says nothing.
        let fits = (ended..=self.heard).contains(&snapshot.happened);
        fits && snapshot.totals.running + snapshot.totals.queued == 0
    }

    /// Runs the hooks for the end of all, once those for each end are done.
    fn all_done(&mut self) {
        let (complete, failed) = (std::mem::take(&mut self.complete), std::mem::take(&mut self.failed));
        self.ended = None;
        if self.hooks.all_done.is_empty() {
            return;
        }
        let (hooks, mut idle, kill) = (self.hooks.clone(), self.pending.subscribe(), self.kill.clone());
        let run = async move {
            let _ = idle.wait_for(|count| *count == 0).await;
            let said = vec![
                ("HAUL_EVENT", "all_done".into()),
                ("HAUL_COMPLETE", complete.to_string().into()),
                ("HAUL_FAILED", failed.to_string().into()),
            ];
            run_all("all_done", &hooks.all_done, &said, hooks.timeout, &kill).await;
        };
        self.workers.push(tokio::spawn(run));
        // Those that have ended need not be remembered.
        self.workers.retain(|worker| !worker.is_finished());
    }
}

/// A step on the way, and what is said of it.
fn step(happening: &Happening) -> Option<(&'static str, Environment)> {
    let numbered = |number: &u32| ("HAUL_PART", number.to_string().into());
    Some(match happening {
        Happening::UploadCreated => ("upload_created", Environment::new()),
        Happening::UploadAborted => ("upload_aborted", Environment::new()),
        // It may be in no list any more: the fault alone tells which it was.
        Happening::UploadLeft(fault) => {
            ("upload_left", vec![("HAUL_FAULT", fault.to_string().into()), ("HAUL_URL", (&*fault.subject).into())])
        }
        Happening::PartDone { number, range } => {
            let (start, end) = (range.start.to_string(), range.end.to_string());
            let said = vec![numbered(number), ("HAUL_PART_START", start.into()), ("HAUL_PART_END", end.into())];
            ("part_done", said)
        }
        Happening::PartFailed { number, fault, .. } => {
            ("part_failed", vec![numbered(number), ("HAUL_FAULT", fault.to_string().into())])
        }
        Happening::PartAborted { number } => ("part_aborted", vec![numbered(number)]),
        Happening::Renamed(target) => ("renamed", vec![("HAUL_PATH", target.as_os_str().to_owned())]),
        _ => return None,
    })
}

fn of<'a>(hooks: &'a Hooks, event: &str) -> &'a [Hook] {
    match event {
        "started" => &hooks.started,
        "completed" => &hooks.completed,
        "failed" => &hooks.failed,
        "all_done" => &hooks.all_done,
        _ => &hooks.steps,
    }
}

/// The list, in which a transfer is found without a look at all others.
struct List {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    index: Arc<Lock<Index>>,
}

impl List {
    /// The transfer's row, once it shows what the event has told, or what there is of it.
    async fn shown(&mut self, job: &Job) -> Option<Arc<Row>> {
        let is_so = |row: &Row| match job.event {
            "started" => row.status != Status::Queued,
            "completed" => row.status == Status::Done,
            _ => matches!(row.status, Status::Failed | Status::Expired),
        };
        // What happens on the way is told by the event alone.
        if matches!(job.event, "started" | "completed" | "failed") && !job.is_refused {
            let fits = |snapshot: &Arc<Snapshot>| find(&self.index, snapshot, job.id).is_some_and(|row| is_so(&row));
            let _ = timeout(SHOWN, self.snapshots.wait_for(fits)).await;
        }
        find(&self.index, &self.snapshots.borrow(), job.id)
    }
}

fn find(index: &Lock<Index>, snapshot: &Snapshot, id: TransferId) -> Option<Arc<Row>> {
    let mut index = index.lock();
    index.renew(&snapshot.rows);
    index.row(id).cloned()
}

/// Runs the hooks of one lane, one job after the other.
async fn work(
    mut jobs: mpsc::Receiver<Job>,
    hooks: Arc<Hooks>,
    mut list: List,
    pending: watch::Sender<usize>,
    kill: CancellationToken,
) {
    while let Some(job) = jobs.recv().await {
        if kill.is_cancelled() {
            pending.send_modify(|count| *count -= 1);
            continue;
        }
        let row = list.shown(&job).await;
        let data = data(&job, row.as_deref());
        run_all(job.event, of(&hooks, job.event), &data, hooks.timeout, &kill).await;
        pending.send_modify(|count| *count -= 1);
    }
}

/// What a job's hooks find in their environment.
fn data(job: &Job, row: Option<&Row>) -> Environment {
    let is_download = row.is_some_and(|row| row.direction == Direction::Download);
    let bare = || vec![("HAUL_EVENT", job.event.into()), ("HAUL_ID", job.id.to_string().into())];
    let mut data = row.map_or_else(bare, |row| environment(job.event, row));
    // Of an upload an event names the file that is the user's own.
    let fits = |name: &str| is_download || !matches!(name, "HAUL_PATH" | "HAUL_FOLDER" | "HAUL_NAME");
    let said: Environment = job.said.iter().filter(|(name, _)| fits(name)).cloned().collect();
    // The list may be ahead of the event: the file has its name once an event says so.
    data.retain(|(name, _)| *name != "HAUL_PATH" && said.iter().all(|said| said.0 != *name));
    data.extend(said);
    if data.iter().all(|(name, _)| *name != "HAUL_PATH") {
        data.push(("HAUL_PATH", OsString::new()));
    }
    data
}

/// Runs the hooks for one event. The log names them by their number: a line for the shell may hold a password.
async fn run_all(event: &str, hooks: &[Hook], data: &Environment, seconds: f64, kill: &CancellationToken) {
    for (number, hook) in (1..).zip(hooks).take_while(|_| !kill.is_cancelled()) {
        let program = match hook {
            Hook::Run(words) => Program::Run(words.iter().map(Into::into).collect()),
            Hook::Shell(line) => Program::Shell(line.clone()),
        };
        match program.run_until(data, Some(Duration::from_secs_f64(seconds)), kill).await {
            Ok(said) => tracing::debug!("hook {number} of {event}: {said}"),
            Err(why) => tracing::warn!("hook {number} of {event}: {why}"),
        }
    }
}
