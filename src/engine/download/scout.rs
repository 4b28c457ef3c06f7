//! A look at a place before it works beside the lead: whether its file is the one of which bytes are on disk.

use std::sync::Arc;
use std::time::Duration;

use super::super::hosts::Permit;
use super::super::patiently::in_time;
use super::begin::Held;
use super::crew::Crew;
use super::desk::Desk;
use super::mirrors::unvouched;
use super::samples::{SAMPLE, SAMPLES, agrees};
use super::save::Checking;
use super::task::Task;
use super::version::merged;
use crate::model::{Fault, FaultKind, Header, Resource, Source};
use crate::plan::MIN_PART;
use crate::protocol::{Asked, Fetch, Request};

/// So many bytes on disk tell one file from another: the first few are the same in many.
const TELLING: u64 = 256 << 10;

/// A little that is left is worth a look too, if it takes so many seconds.
const LONG: f64 = 10.0;

/// True if there is enough left to fetch, in bytes or in seconds.
fn is_worth_a_look(desk: &Desk) -> bool {
    let (missing, receiving) = (desk.missing_total(), desk.receiving_now());
    let speed: u64 = receiving.iter().map(|(_, speed)| speed).sum();
    missing >= 2 * MIN_PART || speed > 0 && missing as f64 / speed as f64 >= LONG
}

/// A look at a place that may work beside the lead: whether its file is the one of which bytes are on disk.
pub(super) struct Scout {
    pub(super) place: usize,
    desk: Arc<Desk>,
    driver: Arc<dyn Fetch>,
    source: Source,
    headers: Arc<[Header]>,
    expected: Arc<Resource>,
    named: bool,
    stall: Duration,
    _permit: Permit,
}

impl Scout {
    /// What the place says of the file, if all that can be compared is the same: its length, what it announces, and
    /// samples of the bytes on disk.
    pub(super) async fn look(self) -> (usize, Result<Arc<Resource>, Fault>) {
        let found = self.compare().await;
        (self.place, found)
    }

    async fn compare(&self) -> Result<Arc<Resource>, Fault> {
        let mut known = self.expected.clone();
        for range in self.desk.samples(SAMPLES, SAMPLE) {
            let request = Request {
                source: self.source.clone(),
                headers: self.headers.clone(),
                asked: Asked::Part(range),
                expected: Some(known.clone()),
                unless: None,
                named: self.named,
                brief: false,
            };
            let answer = in_time(&self.source, self.stall, self.driver.open(request)).await?;
            if self.desk.contradicts(&answer.resource.digests) {
                let detail = "this mirror announces another checksum for the file than the others";
                return Err(Fault::new(FaultKind::Different, &self.source, detail));
            }
            // One with other bytes may be asked for all of them, if those on disk turn out to be wrong.
            let other = |fault: Fault| match fault.kind {
                FaultKind::Changed => Fault { kind: FaultKind::Different, ..fault },
                _ => fault,
            };
            let now = agrees(answer, range, &self.desk.part, &self.source, self.stall).await.map_err(other)?;
            known = Arc::new(merged(&known, &now));
        }
        Ok(known)
    }
}

impl Task {
    /// A scout for a place, if its host bears another connection.
    pub(super) fn scout(&self, place: usize, held: &Held) -> Option<Scout> {
        let source = self.places.source(place)?.clone();
        let shared = &self.orders.shared;
        Some(Scout {
            place,
            desk: held.desk.clone(),
            driver: shared.registry.driver(&source).ok()?,
            headers: self.headers(&source, Some(held)),
            expected: Arc::new(unvouched(&held.resource, &source)),
            named: self.is_from_user(place),
            stall: shared.patience.stall,
            _permit: shared.hosts.try_open(&source.host())?,
            source,
        })
    }
}

impl Crew {
    /// Looks at places that were not looked at yet, if there is enough left to fetch. Tells how many connections are to be
    /// kept for them: each place is tried before one is asked for more.
    pub(super) fn send_scouts(&mut self, task: &Task, held: &Held) -> usize {
        let (job, desk) = (self.job.clone(), &held.desk);
        if job.place.is_none() || !job.ranged || !is_worth_a_look(desk) {
            return 0;
        }
        // Bytes that are wrong on disk must not be taken for another file.
        let ready = desk.done_total() >= TELLING && held.checking.as_ref().is_none_or(Checking::is_over);
        let order = task.places.order(task.orders.shared.clock.now());
        let new: Vec<usize> = order.into_iter().filter(|place| !self.jobs.contains_key(place)).collect();
        let connections = usize::from(desk.width());
        for place in new.iter().filter(|_| ready) {
            if self.workers.len() + self.scouting.len() < connections
                && !self.scouting.contains_key(place)
                && let Some(scout) = task.scout(*place, held)
            {
                self.scouting.insert(*place, self.scouts.spawn(scout.look()).id());
            }
        }
        new.len().min(connections / 2)
    }
}
