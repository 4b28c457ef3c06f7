//! The face of `haul get` and `haul run`: follows transfers until each of them has ended.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};

use super::arrivals::Arrivals;
use super::followed::{Followed, Wanted};
use super::live::Size;
use super::outcome::Outcome;
use super::report::{Report, Style};
use super::waiting::waited_for;
use crate::api::{Event, Handle, Happening, Row, Snapshot};
use crate::model::{Fault, FaultKind, Source, Status, TransferId};

/// How long after events were lost the snapshot is read for how things ended: by then it shows all that they told.
const SETTLE: Duration = Duration::from_secs(1);

/// With more than this to wait for, what happens is heard of so often at most: to be woken for each of thousands of small
/// files would cost as much as to fetch them.
const MANY: usize = 64;
const PAUSE: Duration = Duration::from_millis(2);

/// How many are named that are not complete when haul stops.
const NAMED: usize = 20;

/// Why a transfer was given up.
fn reason(row: &Row) -> Fault {
    let unknown = || Fault::new(FaultKind::State, &row.source, "it was given up, and the reason is lost");
    row.fault.as_deref().cloned().unwrap_or_else(unknown)
}

/// What a snapshot shows that is to run or runs; a full disk may get room.
fn unfinished(snapshot: &Snapshot) -> Vec<Wanted> {
    let open =
        snapshot.rows.iter().filter(|row| matches!(row.status, Status::Queued | Status::Running | Status::DiskFull));
    open.map(|row| Wanted::shown(row)).collect()
}

/// Follows transfers and tells of them.
///
/// It hears from `new` on. So make it first and only then add, retry or resume, or read which transfers are there:
/// nothing can happen unheard in between.
pub struct Watcher<O, E> {
    events: broadcast::Receiver<Event>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    report: Report<O, E>,
    open: HashMap<TransferId, Followed>,
    /// Those that have ended: a snapshot may be older than that.
    ended: HashSet<TransferId>,
    outcome: Outcome,
    /// When it began to listen.
    began: Instant,
    /// What others add meanwhile, if that is followed too.
    arrivals: Option<Arrivals>,
    /// True once it was told what is waited for.
    told_waiting: bool,
    /// When progress is told next, and when it was told last.
    look: Option<Instant>,
    looked: Option<Instant>,
    /// When the snapshot is read because events were lost, and whether more were lost since that was decided.
    settle: Option<Instant>,
    is_behind: bool,
    /// No event is heard before this.
    hear_at: Instant,
}

impl<O: Write, E: Write> Watcher<O, E> {
    /// Listens from now on. JSON lines go to `out`, all text for people to `err`.
    pub fn new(handle: &Handle, style: Style, out: O, err: E) -> Self {
        Self::sized(handle, style, out, err, Size::of_stderr)
    }

    /// The same, on a terminal whose size is what `measure` says.
    pub fn sized(handle: &Handle, style: Style, out: O, err: E, measure: fn() -> Size) -> Self {
        Self {
            events: handle.events(),
            snapshots: handle.snapshots(),
            report: Report::new(style, out, err, measure),
            open: HashMap::new(),
            ended: HashSet::new(),
            outcome: Outcome::default(),
            began: Instant::now(),
            arrivals: None,
            told_waiting: false,
            look: None,
            looked: None,
            settle: None,
            is_behind: false,
            hear_at: Instant::now(),
        }
    }

    /// The same for a whole queue: what others add to it meanwhile is followed too, and it ends when nothing waits or runs.
    pub fn of_queue(mut self) -> Self {
        self.arrivals = Some(Arrivals::default());
        self
    }

    /// Follows these until each is complete, failed, refused, removed or paused, or until the engine has ended (its
    /// end of the channels is dropped). Never fails, and a reader that went away does not stop it.
    pub async fn watch(mut self, wanted: &[Wanted]) -> Outcome {
        self.open = wanted.iter().map(|wanted| (wanted.id, Followed::new(wanted.clone()))).collect();
        self.plan_look(false);
        while !self.is_over() {
            let wake = [self.look, self.settle].into_iter().flatten().min();
            // Facts first, so that no progress is told of what has not been said to have started.
            tokio::select! {
                biased;
                event = next_after(&mut self.events, self.hear_at) => match event {
                    Ok(event) => self.hear_all(&event),
                    Err(RecvError::Lagged(_)) => self.fall_behind(),
                    Err(RecvError::Closed) => break,
                },
                changed = self.snapshots.changed() => {
                    if changed.is_err() {
                        self.hear_rest();
                        break;
                    }
                    self.take_in();
                    self.tell_waiting();
                    self.plan_look(true);
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.wake(),
            }
        }
        self.give_up_waiting();
        self.leave_rest();
        self.report.end();
        self.report.all(&self.outcome, self.began.elapsed());
        self.report.unwritten();
        self.outcome
    }

    /// True once nothing is to be waited for: what only waits for room on its disk waits at the next run too.
    fn is_over(&self) -> bool {
        let is_idle = |arrivals: &Arrivals| {
            let totals = self.snapshots.borrow().totals;
            arrivals.is_empty() && totals.queued + totals.running == 0
        };
        self.open.values().all(|one| one.waits().is_some()) && self.arrivals.as_ref().is_none_or(is_idle)
    }

    /// Follows those that were added, once the snapshot shows them.
    fn take_in(&mut self) {
        let Some(arrivals) = self.arrivals.as_mut().filter(|arrivals| !arrivals.is_empty()) else { return };
        let (shown, heard) = arrivals.shown(&self.snapshots.borrow().clone());
        for wanted in shown {
            let id = wanted.id;
            // One that was given up is asked for again.
            if self.ended.remove(&id) {
                self.outcome.failed.retain(|failed| failed.0 != id);
            }
            self.open.entry(id).or_insert_with(|| Followed::new(wanted));
        }
        for event in heard {
            self.hear(event.id, &event.happening);
        }
    }

    /// A run without a screen ends when nothing but full disks is left.
    fn give_up_waiting(&mut self) {
        if !self.is_over() {
            return;
        }
        let waiting = self.open.values().filter_map(|one| Some((one.wanted.id, one.waits()?.clone())));
        for (id, fault) in waiting.collect::<Vec<_>>() {
            self.hear(id, &Happening::Failed(fault));
        }
    }

    /// Says what is waited for, once each time when nothing runs any more.
    fn tell_waiting(&mut self) {
        let snapshot = self.snapshots.borrow().clone();
        if snapshot.totals.running > 0 || self.open.is_empty() {
            self.told_waiting = false;
        } else if !self.told_waiting
            && let Some(sentence) = waited_for(&snapshot)
        {
            self.told_waiting = true;
            self.report.waits(&sentence);
        }
    }

    /// Hears an event, or keeps it until it is known whom it is about.
    fn hear_one(&mut self, event: &Event) {
        if self.hear_of_left(event) {
            return;
        }
        match &mut self.arrivals {
            Some(arrivals) if !self.open.contains_key(&event.id) => arrivals.keep(event),
            _ => self.hear(event.id, &event.happening),
        }
    }

    /// Tells of what stays at a store of an upload that is in no list any more: its URL is all that is known of it. False for
    /// everything else.
    fn hear_of_left(&mut self, event: &Event) -> bool {
        let Happening::UploadLeft(fault) = &event.happening else { return false };
        if self.open.contains_key(&event.id) {
            return false;
        }
        let Ok(source) = Source::parse(&fault.subject) else { return false };
        self.report.fact(Followed::new(Wanted::fetched(event.id, &source)).known(), &event.happening, Instant::now());
        true
    }

    /// Hears an event and those that have come with it.
    fn hear_all(&mut self, event: &Event) {
        self.hear_one(event);
        // As many as there may be at once: one who tells without end is not listened to without end.
        for _ in 0..self.events.len() {
            match self.events.try_recv() {
                Ok(event) => self.hear_one(&event),
                Err(TryRecvError::Lagged(_)) => self.fall_behind(),
                Err(_) => break,
            }
        }
        if self.open.len() > MANY {
            self.hear_at = Instant::now() + PAUSE;
        }
    }

    fn hear(&mut self, id: TransferId, happening: &Happening) {
        let now = Instant::now();
        let Some(known) = self.open.get_mut(&id).map(Followed::known) else { return };
        known.learn(happening, now);
        let ends = self.outcome.take(id, happening);
        if ends {
            self.report.forget(id);
        }
        self.report.fact(known, happening, now);
        if let Happening::Described { others, .. } | Happening::Listed { others, .. } = happening {
            self.open.extend(others.iter().map(|(id, source)| (*id, Followed::new(Wanted::fetched(*id, source)))));
        }
        if ends {
            self.open.remove(&id);
            self.ended.insert(id);
        }
    }

    /// The engine has gone: what it still told is heard, and for what was lost the last snapshot speaks.
    fn hear_rest(&mut self) {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.hear_one(&event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => break,
            }
        }
        self.take_in();
        self.reread(false);
    }

    fn fall_behind(&mut self) {
        match self.settle {
            None => self.settle = Some(Instant::now() + SETTLE),
            Some(_) => self.is_behind = true,
        }
    }

    fn wake(&mut self) {
        let now = Instant::now();
        if self.settle.is_some_and(|at| at <= now) {
            self.settle = std::mem::take(&mut self.is_behind).then(|| now + SETTLE);
            self.reread(true);
        }
        if self.look.is_some_and(|at| at <= now) {
            self.look = None;
            self.looked = Some(now);
            self.tell_progress();
            self.plan_look(false);
        }
    }

    /// Plans when progress is told next. Lines that stay come by the clock, so that a log shows that haul is alive;
    /// everything else only when there is something new.
    fn plan_look(&mut self, is_new: bool) {
        let style = self.report.style();
        let wanted = is_new || style == Style::Plain;
        if let Some(period) = style.period().filter(|_| wanted && self.look.is_none()) {
            let now = Instant::now();
            let first = if style == Style::Plain { now + period } else { now };
            self.look = Some(self.looked.map_or(first, |last| (last + period).max(now)));
        }
    }

    fn tell_progress(&mut self) {
        let snapshot = self.snapshots.borrow().clone();
        let runs = |row: &&Arc<Row>| row.status == Status::Running && self.open.contains_key(&row.id);
        let rows: Vec<&Row> = snapshot.rows.iter().filter(runs).map(|row| &**row).collect();
        self.report.running(&rows, &mut self.open);
    }

    /// Learns from the snapshot how things ended whose events were lost. While the engine lives, one that is not in
    /// the list, or that is paused, has ended too.
    fn reread(&mut self, is_alive: bool) {
        let snapshot = self.snapshots.borrow().clone();
        // What a folder or a metalink has added may be among what was not heard.
        for wanted in unfinished(&snapshot).into_iter().filter(|one| is_alive && !self.ended.contains(&one.id)) {
            self.open.entry(wanted.id).or_insert_with(|| Followed::new(wanted));
        }
        let rows = self.open_rows(&snapshot);
        let ids: Vec<TransferId> = self.open.keys().copied().collect();
        for id in ids {
            let happening = match rows.get(&id) {
                Some(row) => self.ending(row),
                None => Some(Happening::Removed),
            };
            let is_sure = is_alive || !matches!(happening, Some(Happening::Removed | Happening::Paused));
            if let Some(happening) = happening.filter(|_| is_sure) {
                self.hear(id, &happening);
            }
        }
    }

    fn open_rows<'a>(&self, snapshot: &'a Snapshot) -> HashMap<TransferId, &'a Row> {
        let open = snapshot.rows.iter().filter(|row| self.open.contains_key(&row.id));
        open.map(|row| (row.id, &**row)).collect()
    }

    /// The event that this row would have told, as far as that can be known.
    fn ending(&self, row: &Row) -> Option<Happening> {
        match row.status {
            Status::Queued | Status::Running => None,
            Status::Paused => Some(Happening::Paused),
            Status::Failed => Some(Happening::Failed(reason(row))),
            Status::Expired => Some(Happening::Expired(reason(row))),
            Status::DiskFull => Some(Happening::DiskFull(reason(row))),
            Status::Done => {
                let seen = self.open.get(&row.id)?.seen();
                let bytes = row.length.unwrap_or_else(|| row.bytes_done());
                Some(Happening::Completed {
                    target: row.target.to_path_buf(),
                    bytes,
                    fetched: bytes.saturating_sub(seen.map_or(0, |known| known.resumed)),
                    took: seen.and_then(|known| known.started_at).map_or(Duration::ZERO, |at| at.elapsed()),
                    unchanged: false,
                    checked: Vec::new(),
                })
            }
        }
    }

    /// What has not ended is left. People are told the names of some, those that lose or keep bytes, and programs of all.
    fn leave_rest(&mut self) {
        let snapshot = self.snapshots.borrow().clone();
        let rows = self.open_rows(&snapshot);
        let mut left: Vec<Followed> = std::mem::take(&mut self.open).into_values().collect();
        left.sort_by_key(|one| (rows.get(&one.wanted.id).is_none_or(|row| row.bytes_done() == 0), one.wanted.id));
        let named = if self.report.style() == Style::Json { left.len() } else { NAMED };
        for one in left.iter_mut().take(named) {
            self.report.forget(one.wanted.id);
            let row = rows.get(&one.wanted.id).copied();
            self.report.left(one.known(), row);
        }
        self.report.left_more(left.len().saturating_sub(named));
        self.outcome.left.extend(left.iter().map(|one| one.wanted.id));
    }
}

/// The next event, but none before this moment. May be cancelled.
async fn next_after(events: &mut broadcast::Receiver<Event>, moment: Instant) -> Result<Event, RecvError> {
    if moment > Instant::now() {
        sleep_until(moment).await;
    }
    events.recv().await
}
