//! The connections of one upload: each sends a part after the other, while others compare what the store has already.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::hosts::Permit;
use super::super::patiently::in_time;
use super::super::report::Resting;
use super::begin::{Claim, Held};
use super::payload::Piece;
use super::proof::verified;
use super::sender::Sender;
use super::task::{Halt, Task};
use crate::api::{Activity, Connection, ConnectionState, Happening};
use crate::model::{Checksum, Fault, FaultKind, Rate};
use crate::plan::{Caution, again_after};
use crate::protocol::StoredPart;

/// How often the screen's figures are renewed.
pub(super) const TICK: Duration = Duration::from_millis(125);
/// How often a checkpoint is saved.
const SAVE: Duration = Duration::from_secs(1);

type Line = (Instant, Pin<Box<dyn Future<Output = Permit> + Send>>);

async fn next_in_line(line: &mut Option<Line>) -> Permit {
    match line {
        Some((_, line)) => line.await,
        None => std::future::pending().await,
    }
}

/// What came of a part.
struct Landed {
    number: u32,
    part: u32,
    permit: Permit,
    result: Result<(StoredPart, Checksum), Fault>,
}

/// A place that stays empty until then: its connection has failed.
struct Rest {
    until: Instant,
    number: u32,
    part: u32,
    fault: Arc<Fault>,
}

/// Places that stay empty for a while.
#[derive(Default)]
struct Resters {
    places: Vec<Rest>,
    /// Why the latest does, until a part was taken.
    fault: Option<Arc<Fault>>,
}

/// The connections of one upload.
#[derive(Default)]
struct Crew {
    sending: JoinSet<Landed>,
    /// Connections that have a permit and nothing to do just now.
    idle: Vec<Permit>,
    resting: Resters,
    comparing: JoinSet<(Claim, Result<Option<Checksum>, Fault>)>,
    /// Asks once more what the store has.
    asking: JoinSet<Result<Vec<StoredPart>, Fault>>,
    line: Option<Line>,
    /// True while others run in this one's place, since that wait is long.
    rests: bool,
    last_number: u32,
    caution: Caution,
}

impl Task {
    /// Sends until the store has every part.
    pub(super) async fn send_parts(&mut self) -> Result<(), Halt> {
        let Some(mut held) = self.held.take() else { return Ok(()) };
        let mut crew = Crew::default();
        let sent = crew.drive(self, &mut held).await;
        // It stands in line no more, and is not to count as one that rests.
        self.orders.stand_in_line(None, &mut crew.rests).await;
        // What is under way ends here: a request that is dropped is cut off.
        crew.sending.shutdown().await;
        for number in held.desk.under_way() {
            self.tell(Happening::PartAborted { number }).await;
        }
        crew.comparing.shutdown().await;
        crew.asking.shutdown().await;
        held.saver.settle().await;
        self.held = Some(held);
        sent
    }
}

impl Resters {
    /// Shows what is sent, and what rests beside it and why.
    fn show(&self, task: &Task, held: &Held, activity: Activity) {
        let now = Instant::now();
        let rests = self.places.iter().filter(|rest| rest.until > now).map(|rest| {
            let (range, state) = (held.desk.parts.range(rest.part), ConnectionState::Waiting(rest.until - now));
            let fault = Some(rest.fault.clone());
            Connection { fault, ..Connection::new(rest.number, range, range.start, Rate::ZERO, state) }
        });
        task.show_held(Some(held), activity, (self.fault.clone(), rests.collect()));
    }
}

impl Crew {
    async fn drive(&mut self, task: &mut Task, held: &mut Held) -> Result<(), Halt> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut save_at = Instant::now() + SAVE;
        while !held.desk.parts.is_complete() {
            self.compare(held);
            self.ask_for_arrivals(task, held);
            self.rest(task, held).await?;
            self.staff(task, held);
            tokio::select! {
                biased;
                () = task.orders.stop.cancelled() => return Err(Halt::Stopped),
                Some(ended) = self.sending.join_next() => {
                    self.landed(ended.map_err(|_| task.lost_part())?, task, held).await?;
                }
                Some(ended) = self.comparing.join_next() => {
                    let (claim, compared) = ended.map_err(|_| task.lost_part())?;
                    compared_to(held, claim, compared?);
                }
                Some(ended) = self.asking.join_next() => arrived(held, ended.map_err(|_| task.lost_part())?),
                permit = next_in_line(&mut self.line) => {
                    self.line = None;
                    self.idle.push(permit);
                }
                now = tick.tick() => {
                    let since = self.line.as_ref().map(|line| line.0);
                    task.orders.stand_in_line(since, &mut self.rests).await;
                    held.desk.measure(task.shared().clock.now());
                    task.look_for_more(held);
                    self.resting.show(task, held, Activity::Sending);
                    if now >= save_at {
                        save_at = now + SAVE;
                        held.saver.start(&held.desk);
                    }
                }
            }
        }
        Ok(())
    }

    /// Compares one claim at a time: to read is cheaper than to send, but not free.
    fn compare(&mut self, held: &mut Held) {
        if self.comparing.is_empty()
            && let Some(mut claim) = held.claims.pop_front()
        {
            let (original, algorithm) = (held.original.clone(), held.bounds.sum);
            self.comparing.spawn(async move {
                let compared = verified(original, &mut claim.part, claim.range, claim.known.as_ref(), algorithm).await;
                (claim, compared)
            });
        }
    }

    /// What a run that was killed had on its way may have arrived since: to ask costs less than to send it again.
    fn ask_for_arrivals(&mut self, task: &Task, held: &Held) {
        if self.asking.is_empty() && !held.desk.parts.awaited().is_empty() {
            let (driver, place, upload) = (task.driver.clone(), task.place.clone(), held.upload.clone());
            let stall = task.shared().patience.stall;
            self.asking.spawn(async move { in_time(&place.source, stall, driver.parts(&place, &upload)).await });
        }
    }

    /// Waits while no connection has anything to do but to wait.
    async fn rest(&mut self, task: &Task, held: &mut Held) -> Result<(), Halt> {
        let works = !(self.sending.is_empty() && self.comparing.is_empty() && self.asking.is_empty());
        if works || self.resting.places.len() < usize::from(task.connections()) {
            return Ok(());
        }
        let first = self.resting.places.iter().min_by_key(|rest| rest.until);
        let Some((until, why)) = first.map(|rest| (rest.until, rest.fault.clone())) else { return Ok(()) };
        if until <= Instant::now() {
            return Ok(());
        }
        // Others may need them.
        (self.line, self.idle) = (None, Vec::new());
        held.saver.start(&held.desk);
        let rest = Resting { until, ..Resting::now().with_files(true) };
        let resting = &self.resting;
        task.orders.wait(rest, &why, |activity| resting.show(task, held, activity)).await?;
        // It is over now, or somebody is in a hurry.
        self.resting.places.retain(|rest| rest.until != until);
        Ok(())
    }

    /// Puts connections to work while there are parts to send and the host bears more.
    fn staff(&mut self, task: &Task, held: &mut Held) {
        let now = Instant::now();
        self.resting.places.retain(|rest| rest.until > now);
        let most = usize::from(task.connections()).saturating_sub(self.resting.places.len());
        // There may be fewer by now, and others may need them.
        self.idle.truncate(most.saturating_sub(self.sending.len()));
        let host = task.place.source.host();
        while self.sending.len() < most && held.desk.parts.is_any_missing() {
            let permit = self.idle.pop().or_else(|| task.shared().hosts.try_open(&host));
            let Some(permit) = permit else {
                if self.sending.is_empty() && self.line.is_none() {
                    let (hosts, host) = (task.shared().hosts.clone(), host.clone());
                    self.line = Some((Instant::now(), Box::pin(async move { hosts.open(&host).await })));
                }
                break;
            };
            self.last_number += 1;
            let number = self.last_number;
            let Some((part, range, sent)) = held.desk.lease(number, task.shared().clock.now()) else { break };
            let piece = Piece::new(held.original.clone(), range, held.bounds.sum, task.limiters.clone(), sent);
            let piece = piece.one_of(held.desk.parts.count()).announced(self.caution.announces(range.len()));
            let sender = Sender::new(task, &held.upload, piece);
            self.sending.spawn(async move {
                let result = sender.send(part).await;
                Landed { number, part, permit, result }
            });
        }
        if !held.desk.parts.is_any_missing() {
            // Others may need them.
            self.idle.clear();
        }
    }

    async fn landed(&mut self, landed: Landed, task: &mut Task, held: &mut Held) -> Result<(), Halt> {
        let Landed { number, part, permit, result } = landed;
        held.desk.landed(number, task.shared().clock.now());
        match result {
            Ok((stored, sum)) => {
                held.original.check()?;
                let range = held.desk.parts.range(part);
                held.desk.stored(stored, sum);
                self.caution.taken();
                self.resting.fault = None;
                task.shared().hosts.served(&task.place.source.host());
                (task.failures, task.sent) = (0, task.sent + range.len());
                let is_wanted = task.shared().hosts.is_waited_for(&task.place.source.host());
                // One that waits for a connection gets this one, unless it is the last of ours.
                if !is_wanted || self.sending.is_empty() {
                    self.idle.push(permit);
                }
                task.tell(Happening::PartDone { number: part, range }).await;
                Ok(())
            }
            Err(fault) => self.failed((number, part), fault, task).await,
        }
    }

    /// A part was not taken: it is sent again later, or the upload ends here.
    async fn failed(&mut self, (number, part): (u32, u32), fault: Fault, task: &mut Task) -> Result<(), Halt> {
        task.failures += 1;
        let patience = &task.shared().patience;
        // One connection alone after a kill is no reason to give up sooner.
        let in_turn = task.failures.div_ceil(u32::from(task.connections().max(2)));
        let Some(after) = again_after(&fault, in_turn, patience, fastrand::f64()) else {
            task.tell(Happening::PartFailed { number: part, fault: fault.clone(), after: None }).await;
            return Err(Halt::Fault(fault));
        };
        // A refusal that came before all bytes were out may be lost with its connection: the next one is to be heard.
        if matches!(fault.kind, FaultKind::Status(429 | 503) | FaultKind::Cut) {
            self.caution.refused();
        }
        task.retries += 1;
        let why = Arc::new(fault.clone());
        self.resting.places.push(Rest { until: Instant::now() + after, number, part, fault: why.clone() });
        self.resting.fault = Some(why);
        task.tell(Happening::PartFailed { number: part, fault, after: Some(after) }).await;
        Ok(())
    }
}

/// The parts that were awaited: those that the store has by now are compared, the others sent. So are all where it can't
/// tell.
fn arrived(held: &mut Held, stored: Result<Vec<StoredPart>, Fault>) {
    let awaited = held.desk.parts.awaited();
    for part in stored.unwrap_or_default().into_iter().filter(|part| awaited.contains(&part.number)) {
        held.claims.extend(Claim::of(&mut held.desk.parts, part, &mut BTreeMap::new()));
    }
    for number in held.desk.parts.awaited() {
        held.desk.parts.release(number);
    }
}

/// A claim was compared: the part counts, or is sent.
fn compared_to(held: &mut Held, claim: Claim, sum: Option<Checksum>) {
    match sum {
        Some(sum) => held.desk.stored(claim.part, sum),
        None => held.desk.parts.release(claim.part.number),
    }
}

impl Task {
    /// Finds out whether more connections would help. A limit of our own tells nothing of that.
    fn look_for_more(&mut self, held: &Held) {
        if self.limiters.is_limited() {
            return;
        }
        let (sent, sending, missing) = held.desk.outlook(held.original.length);
        let now = self.shared().clock.now();
        if self.growth.look(now, sent, sending, missing) {
            tracing::debug!(connections = self.growth.connections(), "upload");
        }
    }
}
