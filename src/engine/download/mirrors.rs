//! Several places for one file: each is looked at before it works beside the lead, and one that fails costs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::hosts::Permit;
use super::begin::{Held, merged};
use super::crew::Crew;
use super::desk::Desk;
use super::samples::{SAMPLE, SAMPLES, agrees};
use super::save::Checking;
use super::task::{Halt, Task};
use super::worker::{Job, stalled};
use crate::api::Happening;
use crate::model::{
    Announced, ByteRange, Checksum, Fault, FaultKind, Header, RangeSet, Resource, Source, Validator, Weight, size,
};
use crate::plan::{Blame, MIN_PART, blame};
use crate::protocol::{Asked, Fetch, Request};

/// Bytes of a checksum that nobody can forge.
const STRONG: usize = 32;

/// A look at a place that may work beside the lead: whether its file is the one of which bytes are on disk.
pub(super) struct Scout {
    pub(super) place: usize,
    desk: Arc<Desk>,
    driver: Arc<dyn Fetch>,
    source: Source,
    headers: Arc<[Header]>,
    expected: Arc<Resource>,
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
            };
            let answer = timeout(self.stall, self.driver.open(request)).await;
            let answer = answer.map_err(|_| stalled(&self.source, self.stall))??;
            if self.desk.contradicts(&answer.resource.digests) {
                let detail = "this mirror announces another checksum for the file than the others";
                return Err(Fault::new(FaultKind::Different, &self.source, detail));
            }
            let now = agrees(answer, range, &self.desk.part, &self.source, self.stall).await?;
            known = Arc::new(merged(&known, &now));
        }
        Ok(known)
    }
}

impl Held {
    /// Another place leads. What it is known to say of the file counts from now on; of one that is new, bytes are
    /// compared first, and until then the checkpoint stays that of the place before.
    fn move_to(&mut self, source: &Source, known: Option<Arc<Resource>>) {
        if let Some(known) = known {
            self.resource = known;
            self.saver.belong(source.url().to_string());
            self.saver.describe(self.resource.clone());
            return;
        }
        (self.vouched, self.foreign) = (false, true);
        self.resource = Arc::new(unvouched(&self.resource, source));
    }
}

/// The same file at another place, which has validators of its own.
fn unvouched(known: &Resource, source: &Source) -> Resource {
    Resource { validator: Validator::default(), at: source.clone(), digests: Vec::new(), ..known.clone() }
}

impl Task {
    /// After a fault of the place that leads: lets another one lead, if there is one. The fault may then be forgotten.
    pub(super) async fn next_place(&mut self, fault: &Fault) -> bool {
        let (now, place) = (self.orders.shared.clock.now(), self.places.lead_number());
        if self.places.is_single() {
            return false;
        }
        let blame = blame(fault.kind);
        if blame == Blame::None {
            return false;
        }
        let lasting = blame == Blame::Lasting && self.drop_place(place, fault);
        if !lasting && self.places.is_ready(place, now) {
            self.places.failed(place, now, self.orders.shared.patience.wait);
        }
        let Some(next) = self.places.another(now) else { return false };
        self.lead(next);
        let fault = fault.clone();
        let told =
            if lasting { Happening::Dropped(fault) } else { Happening::Retried { fault, after: Duration::ZERO } };
        self.tell(told).await;
        true
    }

    /// A place is of no use for this file. False if it is the last one.
    fn drop_place(&mut self, place: usize, fault: &Fault) -> bool {
        if matches!(fault.kind, FaultKind::Changed | FaultKind::Retagged | FaultKind::Different) {
            self.places.differs(place);
        }
        self.places.drop_for_good(place)
    }

    /// After a wrong checksum of a file that came from several places: lets one of them lead and be asked alone, and tells
    /// what is to be fetched from it, so that all of the file is its. `bad`: the pieces that are known to be wrong, if any
    /// are. `None` if each place has had its turn, or there is only one.
    pub(super) fn fetch_from_one_place(&mut self, desk: &Desk, bad: &RangeSet) -> Option<RangeSet> {
        while !self.places.was_single() {
            let place = self.places.next_alone()?;
            let mut others = desk.not_from(place);
            if !bad.is_empty() {
                others = others
                    .ranges()
                    .iter()
                    .flat_map(|held| bad.ranges().iter().map(|bad| held.intersect(*bad)))
                    .collect();
            }
            if others.is_empty() {
                continue;
            }
            self.lead(place);
            desk.unbar(place);
            if let Some(held) = &mut self.held {
                // The bytes on disk are in doubt, and not what it says of itself.
                (held.vouched, held.foreign) = (true, false);
            }
            return Some(others);
        }
        None
    }

    /// From now on this place leads.
    pub(super) fn lead(&mut self, place: usize) {
        let known = self.places.lead_to(place);
        let source = self.places.lead().clone();
        if let Some(held) = &mut self.held {
            held.move_to(&source, known);
        }
    }

    /// What the workers of one place share.
    pub(super) fn job(&self, place: usize, held: &Held, resource: Arc<Resource>) -> Result<Job, Fault> {
        let source = self.places.source(place).unwrap_or(self.places.lead());
        let several = !self.places.was_single();
        Ok(Job {
            desk: held.desk.clone(),
            driver: self.orders.shared.registry.driver(source)?,
            source: source.clone(),
            headers: self.headers(source, Some(held)),
            place: several.then_some(place),
            host: several.then(|| Arc::from(resource.at.host())),
            resource,
            limiters: [self.limiter.clone(), self.orders.shared.limiter.clone()],
            stall: self.orders.shared.patience.stall,
            connections: self.connections_for(held),
            ranged: held.ranged,
        })
    }

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
            stall: shared.patience.stall,
            _permit: shared.hosts.try_open(&source.host())?,
            source,
        })
    }

    /// Takes the places that the server tells of, if there is a checksum that would find out a wrong byte of theirs: nobody
    /// but the server vouches for them (RFC 6249, section 2).
    pub(super) fn take_duplicates(&mut self, held: &Held, resource: &Resource) {
        let is_strong = |checksum: &Checksum| checksum.algorithm.bytes() >= STRONG;
        let announced = held
            .desk
            .lock()
            .announced
            .iter()
            .any(|one| one.range.is_none() && one.weight == Weight::Firm && is_strong(&one.checksum));
        let is_known = self.wanted.as_ref().is_some_and(is_strong) || (announced && self.orders.spec.digests);
        if is_known && held.ranged {
            self.places.add(resource.duplicates.iter().cloned());
        }
    }

    /// What a metalink promises of the file's pieces.
    pub(super) fn promised(&self, length: Option<u64>) -> Vec<Announced> {
        let described = &self.orders.spec.described;
        let (Some(pieces), Some(length)) = (&described.pieces, length.or(described.length)) else { return Vec::new() };
        let starts = (0..).map(|number| number * pieces.length);
        let piece = |(start, checksum): (u64, &Checksum)| {
            let range = ByteRange::new(start, length.min(start + pieces.length));
            Announced { range: Some(range), checksum: checksum.clone(), weight: Weight::Firm }
        };
        starts.zip(&pieces.checksums).filter(|(start, _)| *start < length).map(piece).collect()
    }

    /// A place whose file is longer or shorter than the metalink says has another file, and a page is none.
    pub(super) fn check_promise(&self, resource: &Resource) -> Result<(), Halt> {
        match (self.orders.spec.described.length, resource.length) {
            (Some(said), Some(has)) if said != has => {
                let detail = format!("its file has {}, and the metalink says {}", size(has), size(said));
                let detail = format!("{detail} ({has} and {said} bytes)");
                Err(Fault::new(FaultKind::Different, self.places.lead(), detail).into())
            }
            _ if self.is_page_among_files(resource) => {
                let detail = "a web page came in place of the file";
                Err(Fault::new(FaultKind::WebPage, self.places.lead(), detail).into())
            }
            _ => Ok(()),
        }
    }

    /// True for a web page where a file was asked for that other places have too; a single place is believed.
    fn is_page_among_files(&self, resource: &Resource) -> bool {
        let name = self.places.lead().last_segment().unwrap_or_default();
        let extension = name.rsplit_once('.').map_or("html", |(_, extension)| extension);
        let is_page = resource.media.as_deref().is_some_and(|media| media.ends_with("html"));
        is_page && !self.places.is_single() && self.held.is_none() && !extension.contains("htm")
    }
}

impl Crew {
    /// Looks at places that were not looked at yet, if there is enough left to fetch. Tells how many connections are to be
    /// kept for them: each place is tried before one is asked for more.
    pub(super) fn send_scouts(&mut self, task: &Task, held: &Held) -> usize {
        let (job, desk) = (self.job.clone(), &held.desk);
        if job.place.is_none() || !job.ranged || desk.missing_total() < 2 * MIN_PART {
            return 0;
        }
        // Bytes that are wrong on disk must not be taken for another file.
        let ready = desk.done_total() > 0 && held.checking.as_ref().is_none_or(Checking::is_over);
        let order = task.places.order(task.orders.shared.clock.now());
        let new: Vec<usize> = order.into_iter().filter(|place| !self.jobs.contains_key(place)).collect();
        for place in new.iter().filter(|_| ready) {
            if !self.scouting.contains(place)
                && let Some(scout) = task.scout(*place, held)
            {
                self.scouting.insert(*place);
                self.scouts.spawn(scout.look());
            }
        }
        new.len()
    }

    /// A scout is back: its place works too, or is of no use, or rests.
    pub(super) async fn found(
        &mut self,
        place: usize,
        found: Result<Arc<Resource>, Fault>,
        task: &mut Task,
        held: &mut Held,
    ) {
        self.scouting.remove(&place);
        let made = found.and_then(|resource| task.job(place, held, resource));
        match made {
            Ok(job) => {
                task.places.know(place, job.resource.clone());
                self.jobs.insert(place, Arc::new(job));
            }
            Err(fault) => {
                tracing::info!(place, "{fault}");
                if !self.blame(place, &fault, 0, task, held).await {
                    task.drop_place(place, &fault);
                }
            }
        }
    }

    /// One of several places has failed while others may go on; `others` of its workers receive. False if that has to be
    /// dealt with as if there was no other place.
    pub(super) async fn blame(
        &mut self,
        place: usize,
        fault: &Fault,
        others: u16,
        task: &mut Task,
        held: &mut Held,
    ) -> bool {
        let changed = matches!(fault.kind, FaultKind::Changed | FaultKind::Retagged);
        // A place that serves others of our connections has the file, and bears no more of them.
        if task.places.is_single() || (others > 0 && !changed) {
            return false;
        }
        let (now, blame) = (task.orders.shared.clock.now(), blame(fault.kind));
        if blame == Blame::None {
            return false;
        }
        self.blamed = Some(fault.clone());
        if blame == Blame::Passing {
            let after = task.places.failed(place, now, task.orders.shared.patience.wait);
            task.retries += 1;
            task.tell(Happening::Retried { fault: fault.clone(), after }).await;
        } else {
            task.drop_place(place, fault);
            self.jobs.remove(&place);
            self.leave(place);
            if changed {
                // What it brought before may be of either version.
                held.desk.bar(place);
            }
            task.tell(Happening::Dropped(fault.clone())).await;
        }
        if place == task.places.lead_number()
            && let Some((next, job)) = self.jobs.iter().find(|(next, _)| task.places.is_ready(**next, now))
        {
            self.job = job.clone();
            held.move_to(&job.source, task.places.lead_to(*next));
        }
        true
    }

    /// Closes all connections to a place.
    fn leave(&self, place: usize) {
        for (number, _) in self.seats.iter().filter(|(_, at)| **at == place) {
            if let Some(stop) = self.stops.get(number) {
                stop.cancel();
            }
        }
    }

    /// True if nobody works or looks, and no place that is known may be asked.
    pub(super) fn is_stuck(&self, task: &Task) -> bool {
        let order = task.places.order(task.orders.shared.clock.now());
        self.workers.is_empty() && self.scouts.is_empty() && !order.iter().any(|place| self.jobs.contains_key(place))
    }

    /// Takes note of what each place gives.
    pub(super) fn measure(&self, task: &mut Task) {
        if self.job.place.is_none() {
            return;
        }
        let mut sums: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for (worker, speed) in self.job.desk.receiving_now() {
            if let Some(place) = self.seats.get(&worker) {
                let sum = sums.entry(*place).or_default();
                *sum = (sum.0 + speed, sum.1 + 1);
            }
        }
        for (place, (speed, count)) in sums {
            task.places.measured(place, speed as f64 / count as f64);
        }
    }
}
