//! Several places for one file: each is looked at before it works beside the lead, and one that fails costs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;

use super::begin::Held;
use super::crew::Crew;
use super::desk::Desk;
use super::proof::Wrong;
use super::task::{Halt, Suspect, Task};
use super::version::Version;
use super::worker::Job;
use crate::api::Happening;
use crate::model::{Announced, ByteRange, Checksum, Fault, FaultKind, RangeSet, Resource, Source, Weight, size};
use crate::plan::{Blame, blame};

/// Bytes of a checksum that nobody can forge.
const STRONG: usize = 32;

impl Held {
    /// Another place leads. What it is known to say of the file counts from now on; of one that is new, bytes are
    /// compared first, and until then the checkpoint stays that of the place before. So it does if the place would not be
    /// known at the next start (`is_own`).
    fn move_to(&mut self, source: &Source, known: Option<Arc<Resource>>, is_own: bool) {
        let Some(known) = known else {
            (self.vouched, self.foreign, self.ranged) = (false, true, true);
            self.resource = Arc::new(unvouched(&self.resource, source));
            return;
        };
        (self.vouched, self.foreign) = (true, false);
        self.ranged = known.gives_parts();
        self.resource = known;
        if is_own {
            self.saver.belong(source.url().to_string());
            self.saver.describe(self.resource.clone());
        }
    }
}

/// The same file at another place, which has validators of its own.
pub(super) fn unvouched(known: &Resource, source: &Source) -> Resource {
    Resource { at: source.clone(), digests: Vec::new(), ..known.without_validators() }
}

impl Task {
    /// After a fault: lets another place lead, if there is one. The fault may then be forgotten; unless it was one of too
    /// many in a row, `failures`, that may pass.
    pub(super) async fn next_place(&mut self, fault: &Fault, failures: u32) -> bool {
        let suspect = std::mem::take(&mut self.suspect);
        let blame = blame(fault.kind);
        if self.places.is_single() || blame == Blame::None {
            return false;
        }
        let now = self.orders.shared.clock.now();
        let place = match suspect {
            Suspect::Lead => Some(self.places.lead_number()),
            Suspect::Candidate(place) => Some(place),
            Suspect::Judged => None,
        };
        let is_too_often = failures > self.orders.shared.patience.retries;
        let is_alone = blame == Blame::Passing && self.places.asks_alone();
        if is_alone && !is_too_often {
            // It keeps its turn, and is waited for.
            return false;
        }
        let is_over = blame == Blame::Lasting || is_alone;
        let lasting = is_over && place.is_some_and(|place| self.drop_place(place, fault));
        if !lasting && is_too_often {
            return false;
        }
        if let Some(place) = place.filter(|place| !lasting && self.places.is_ready(*place, now)) {
            self.places.failed(place, now, self.orders.shared.patience.wait, fault.retry_after);
        }
        if !self.places.is_ready(self.places.lead_number(), now) {
            let Some(next) = self.places.another(now) else { return false };
            self.lead(next);
        }
        let fault = fault.clone();
        let told =
            if lasting { Happening::Dropped(fault) } else { Happening::Retried { fault, after: Duration::ZERO } };
        if place.is_some() {
            self.tell(told).await;
        }
        true
    }

    /// A place is of no use for this file. False if it is the last one.
    fn drop_place(&mut self, place: usize, fault: &Fault) -> bool {
        if matches!(fault.kind, FaultKind::Changed | FaultKind::Retagged | FaultKind::Different) {
            self.places.differs(place, fault.kind == FaultKind::Changed);
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
            if let Some(held) = &mut self.held {
                // The bytes on disk are in doubt, and not what it says of itself.
                (held.vouched, held.foreign) = (true, false);
            }
            return Some(others);
        }
        None
    }

    /// The checksum is still wrong after all was fetched again: the file that these places have alike is not the one that
    /// was asked for, so it begins anew at those that were dropped for having another one. False if there is none, or if
    /// nobody but the places themselves said what it should be.
    pub(super) async fn begin_where_it_differs(&mut self, desk: &Desk, wrong: &Wrong) -> bool {
        if self.wanted.is_none() || !self.places.turn_to_those_that_differ() {
            return false;
        }
        let detail = format!("{}; another place has another file, and that is fetched now", wrong.detail);
        self.restart(Fault::new(FaultKind::Checksum, desk.part.target().display(), detail)).await;
        // Nothing that the others said of the file, or did, holds for these.
        (self.before, self.whole, self.alone, self.strays) = (None, false, false, 0);
        true
    }

    /// What the lead's answers tell of the file by now, for checkpoints, the history and the next attempt.
    pub(super) fn note(&mut self, held: &mut Held, resource: Arc<Resource>) {
        let lead = self.places.lead_number();
        if self.places.is_own(lead) {
            held.saver.describe(resource.clone());
        }
        self.places.know(lead, resource.clone());
        held.resource = resource;
    }

    /// True if it was the user who named this place, and no server and no metalink.
    pub(super) fn is_from_user(&self, place: usize) -> bool {
        self.places.is_own(place) && self.orders.spec.described.name.is_none()
    }

    /// From now on this place leads.
    pub(super) fn lead(&mut self, place: usize) {
        let known = self.places.lead_to(place);
        let source = self.places.lead().clone();
        let is_own = self.places.is_own(place);
        if let Some(held) = &mut self.held {
            held.desk.unbar(place);
            held.move_to(&source, known, is_own);
            held.ranged &= !self.whole;
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
            named: self.is_from_user(place),
            place: several.then_some(place),
            host: several.then(|| Arc::from(resource.at.host())),
            version: Version::new(&resource, held.tagless),
            resource,
            sockets: self.orders.shared.sockets.clone(),
            limiters: self.limiters.clone(),
            stall: self.orders.shared.patience.stall,
            ranged: held.ranged,
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
            self.places.add_linked(&resource.duplicates);
        }
    }

    /// What a metalink promises of the file's pieces.
    pub(super) fn promised(&self, length: Option<u64>) -> Vec<Announced> {
        let described = &self.orders.spec.described;
        let (Some(pieces), Some(length)) = (&described.pieces, length.or(described.length)) else { return Vec::new() };
        let starts = (0_u64..).map_while(|number| number.checked_mul(pieces.length));
        let piece = |(start, checksum): (u64, &Checksum)| {
            let range = ByteRange::new(start, length.min(start.saturating_add(pieces.length)));
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
    /// A scout is back, or was lost: its place works too, or is of no use, or rests.
    pub(super) async fn found(
        &mut self,
        found: Result<(usize, Result<Arc<Resource>, Fault>), JoinError>,
        task: &mut Task,
        held: &mut Held,
    ) {
        let lost = |why: JoinError| {
            let place = *self.scouting.iter().find(|(_, scout)| **scout == why.id())?.0;
            let detail = "the look at this mirror was lost, which is a bug of haul";
            Some((place, Err(Fault::new(FaultKind::State, task.places.source(place)?, detail))))
        };
        let Some((place, found)) = found.map_or_else(lost, Some) else { return };
        self.scouting.remove(&place);
        let made = found.and_then(|resource| task.job(place, held, resource));
        match made {
            Ok(job) => {
                task.places.know(place, job.resource.clone());
                self.jobs.insert(place, Arc::new(job));
                self.pass_lead(task, held);
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
        // The late word of a place that was dropped says nothing.
        if !task.places.is_usable(place) {
            return true;
        }
        let changed = fault.kind == FaultKind::Changed;
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
            let after = task.places.failed(place, now, task.orders.shared.patience.wait, fault.retry_after);
            task.retries += 1;
            task.tell(Happening::Retried { fault: fault.clone(), after }).await;
        } else {
            task.drop_place(place, fault);
            self.jobs.remove(&place);
            self.leave(place);
            if changed {
                // What it brought before may be of either version.
                held.desk.bar(place);
                held.saver.outdate();
                self.save_now = true;
            }
            task.tell(Happening::Dropped(fault.clone())).await;
        }
        self.pass_lead(task, held);
        true
    }

    /// Where the lead was dropped or rests, one that works leads.
    fn pass_lead(&mut self, task: &mut Task, held: &mut Held) {
        let now = task.orders.shared.clock.now();
        if !task.places.is_ready(task.places.lead_number(), now)
            && let Some((next, job)) = self.jobs.iter().find(|(next, _)| task.places.is_ready(**next, now))
        {
            self.job = job.clone();
            held.move_to(&job.source, task.places.lead_to(*next), task.places.is_own(*next));
        }
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
