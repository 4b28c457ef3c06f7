//! The beginning of a download, or of another attempt: what is on disk, the first answer, the target, the crew.

use std::future::Future;
use std::sync::Arc;

use super::super::blocking::blocking;
use super::super::hosts::Permit;
use super::super::report::Ending;
use super::crew::Crew;
use super::desk::{Desk, Width};
use super::found::{Found, Left, Search, is_large, is_same};
use super::room::Reserving;
use super::save::{Checking, Saver};
use super::small::Gathered;
use super::task::{Halt, Task};
use crate::api::{Activity, Happening};
use crate::model::{Fault, FaultKind, RangeSet, Ranges, Resource, TransferId};
use crate::plan::{LeaseId, MIN_PART, Opener, Plan};
use crate::protocol::{Answer, Asked, Request};
use crate::store::{CheckpointLog, Finished, Ledger, PartFile};

/// A download that has been begun.
pub(super) struct Held {
    /// Whose checkpoint it is: this transfer's, or one that an earlier transfer left.
    pub(super) id: TransferId,
    pub(super) desk: Arc<Desk>,
    pub(super) resource: Arc<Resource>,
    pub(super) saver: Saver,
    /// The check of an old checkpoint's claims, while it runs.
    pub(super) checking: Option<Checking>,
    /// The reservation of its space, while it runs.
    pub(super) reserving: Reserving,
    /// True if parts can be asked for, so that a stop loses nothing.
    pub(super) ranged: bool,
    /// True once an answer of this run has been told to the faces.
    pub(super) answered: bool,
    /// True if what is on disk is known to be of the server's version: this run fetched it, a strong validator says
    /// so, or bytes were compared.
    pub(super) vouched: bool,
    /// True while bytes on disk are those of another URL, and not known to be of this one's file.
    pub(super) foreign: bool,
    /// True while an answer's ETag, or the lack of one, is in doubt: bytes that come under it are compared first.
    pub(super) doubted: bool,
    /// True once the server's ETags were found to say nothing of this file.
    pub(super) tagless: bool,
}

impl Task {
    /// One attempt at fetching what is missing. An ending if there was nothing to do; `None` once every byte is on
    /// disk.
    pub(super) async fn begin(&mut self) -> Result<Option<Ending>, Halt> {
        self.show(Activity::Connecting);
        if let Some(held) = &self.held {
            held.desk.forget_what_is_in_doubt();
        }
        if self.held.is_none()
            && let Some(ending) = self.look().await?
        {
            return Ok(Some(ending));
        }
        loop {
            self.compare_overlap().await?;
            let lease = match &self.held {
                Some(held) if held.desk.is_complete() => return Ok(None),
                Some(held) => {
                    held.prepare_order();
                    Some(held.desk.lease(1, Opener::Idle, false).ok_or_else(|| self.lost_lease())?)
                }
                None => None,
            };
            let result = self.first_answer(lease).await;
            if result.is_err() {
                self.leave();
            }
            let (answer, permit) = result?;
            self.growth.answered(permit.age());
            match lease {
                Some(lease) => return self.work_off(lease, answer, permit).await,
                None if self.is_metalink(&answer.resource) => {
                    return Ok(Some(Ending::Described(self.read_metalink(answer).await?)));
                }
                None => match self.gather(answer, permit).await? {
                    Gathered::Ended(ending) => return Ok(Some(ending)),
                    Gathered::Rest(answer, permit) => match self.settle(&answer.resource).await? {
                        Settled::New(_) if self.is_squeezed(&answer) || self.is_well_again() => self.leave(),
                        Settled::New(lease) => {
                            let permit = self.permit(permit, &answer.resource).await?;
                            return self.work_off(lease, *answer, permit).await;
                        }
                        Settled::Ended(ending) => return Ok(Some(ending)),
                        // What an earlier run left is asked for again, from where it ends.
                        Settled::Resumed => {}
                    },
                },
            }
        }
    }

    /// Looks at the disk before the first request.
    async fn look(&mut self) -> Result<Option<Ending>, Halt> {
        let search = self.search();
        let folder = search.folder(None);
        let found = self.orders.shared.errands.run(&folder, move || search.before()).await;
        self.tell_unnoted().await;
        match found? {
            Found::Nothing | Found::New(..) => Ok(None),
            Found::Part(left) => {
                self.take_up(*left).await?;
                Ok(None)
            }
            Found::Finished(finished) => self.still_the_same(finished).await,
        }
    }

    /// False if there can't be a checkpoint of this transfer.
    pub(super) fn may_have_checkpoint(&self) -> bool {
        !self.orders.first || self.failed_before()
    }

    pub(super) fn search(&self) -> Search {
        Search {
            known: self.may_have_checkpoint(),
            id: self.orders.id,
            spec: self.orders.spec.clone(),
            target: self.orders.target.clone(),
            state: self.orders.shared.state.clone(),
            clerk: self.orders.shared.clerk.clone(),
            categories: self.orders.shared.categories.clone(),
            fresh: self.fresh,
            shuns: self.shuns,
        }
    }

    /// Goes on with what an earlier run left. Its claims are compared with the disk while the first bytes come.
    async fn take_up(&mut self, left: Left) -> Result<(), Halt> {
        let Left { id, checkpoint, part } = left;
        // The place that it came from describes it best.
        let place = self.places.find(&checkpoint.url);
        place.filter(|place| self.places.is_usable(*place)).map(|place| self.places.lead_to(place));
        let done: RangeSet = checkpoint.ledger.done();
        let resource = Resource {
            length: checkpoint.length,
            ranges: Ranges::Served,
            validator: checkpoint.validator,
            twins: Vec::new(),
            fresh: None,
            name: None,
            at: self.places.lead().clone(),
            media: checkpoint.media,
            coding: checkpoint.coding,
            digests: checkpoint.digests,
            duplicates: Vec::new(),
        };
        // A run that ends by itself syncs all that it has.
        if !checkpoint.unsynced.is_empty() {
            self.growth.be_cautious();
        }
        let plan = Plan::new(checkpoint.length, done);
        let mut log = CheckpointLog::new(&self.orders.shared.state, id);
        log.reopen();
        let mut held = self.hold(id, part, plan, checkpoint.ledger, log, resource);
        let desk = held.desk.clone();
        desk.lock().durability.take_up(checkpoint.unsynced);
        let checking = Checking::start(desk, self.orders.stop.child_token());
        // Another URL's file may bear the same ETag (nginx makes it of date and length).
        let same_url = place == Some(self.places.lead_number());
        let is_strong = held.resource.validator.strong_etag().is_some();
        // Some that pack on the way leave the ETag of what they pack.
        let vouched = same_url && is_strong && held.resource.coding.is_none();
        if !same_url {
            held.belong_to(checkpoint.url);
        }
        self.held = Some(Held { checking: Some(checking), vouched, ..held });
        self.reserve(checkpoint.length.unwrap_or(0)).await
    }

    fn hold(
        &self,
        id: TransferId,
        part: PartFile,
        plan: Plan,
        ledger: Ledger,
        log: CheckpointLog,
        resource: Resource,
    ) -> Held {
        let ranged = resource.gives_parts() && !self.whole;
        let desk = Arc::new(Desk::new(part, plan, ledger, log, self.orders.shared.clock));
        desk.vouch(&self.promised(resource.length));
        desk.vouch(&resource.digests);
        let resource = Arc::new(resource);
        let url = self.places.lead().url().to_string();
        let saver = Saver::new(desk.clone(), url, resource.clone());
        let held = Held {
            id,
            desk,
            resource,
            saver,
            checking: None,
            reserving: Reserving::default(),
            ranged,
            answered: false,
            vouched: true,
            foreign: false,
            doubted: false,
            tagless: false,
        };
        held.desk.widen(self.connections_for(&held));
        held
    }

    /// A file that haul has finished before: complete if the server still has the same. Otherwise a name that the
    /// user chose is taken, and a name of haul's own makes room.
    async fn still_the_same(&mut self, finished: Finished) -> Result<Option<Ending>, Halt> {
        if finished.by == Some(self.orders.id) {
            // This transfer finished it, and died before it could say so.
            return self.as_before(finished).await.map(Some);
        }
        let asked = Asked::From(0);
        let request = Request { unless: Some(finished.validator.clone()), ..self.request(asked, None) };
        let (answer, _permit) = self.open(request).await?;
        if answer.unchanged || is_same(&finished, &answer.resource) {
            return self.as_before(finished).await.map(Some);
        }
        // Whatever the server has now: what was asked for is there.
        if self.wanted.is_some() {
            match self.as_before(finished.clone()).await {
                Err(Halt::Fault(_)) => {}
                ended => return ended.map(Some),
            }
        }
        if self.orders.spec.target.name.is_some() {
            let detail =
                "haul finished this file before, and the server has another version now; --overwrite replaces it";
            return Err(Fault::new(FaultKind::Exists, finished.target.display(), detail).into());
        }
        Ok(None)
    }

    /// Asks for a lease's bytes or, when nothing is known yet, for the file from its first byte.
    async fn first_answer(&mut self, lease: Option<LeaseId>) -> Result<(Answer, Permit), Halt> {
        if let Some(lease) = lease
            && let Some(found) = self.try_part(lease).await?
        {
            return Ok(found);
        }
        let (asked, expected) = match (&self.held, lease) {
            (Some(held), Some(lease)) => {
                let range = held.desk.missing(lease);
                let to_the_end = held.desk.is_to_the_end(lease);
                let ranged = if to_the_end { Asked::From(range.start) } else { Asked::Part(range) };
                (if held.ranged { ranged } else { Asked::Whole }, Some(held.expected()))
            }
            _ => (if self.whole || self.is_last_resort() { Asked::Whole } else { Asked::From(0) }, None),
        };
        let request = self.request(asked, expected);
        let (answer, permit) = self.open(request).await?;
        let ignored = self.held.as_ref().is_some_and(|held| held.ranged) && answer.resource.ranges == Ranges::Ignored;
        if ignored {
            let detail = "the server has given parts before, and now sends the whole file only";
            return Err(Fault::new(FaultKind::RangeIgnored, self.places.lead(), detail).into());
        }
        self.check_promise(&answer.resource)?;
        if let Some(before) = &self.before {
            before.check_stand_in(&answer.resource)?;
        }
        if let Some(held) = self.held.as_ref().filter(|_| self.places.was_single()) {
            held.check_first_word(&answer.resource.validator, self.places.lead())?;
        }
        Ok((answer, permit))
    }

    pub(super) fn request(&self, asked: Asked, expected: Option<Arc<Resource>>) -> Request {
        let (source, named) = (self.places.lead().clone(), self.is_from_user(self.places.lead_number()));
        let headers = self.headers(&source, self.held.as_ref());
        // What has failed so is asked for in the plainest way.
        let brief = self.orders.brief && self.held.is_none() && !self.failed_before();
        Request { source, headers, asked, expected, unless: None, named, brief }
    }

    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        self.orders.unless_stopped(work).await
    }

    /// Settles on a target, opens its part file and makes the plan.
    async fn settle(&mut self, resource: &Resource) -> Result<Settled, Halt> {
        let (search, described) = (self.search(), resource.clone());
        let folder = search.folder(Some(resource));
        // All that is noted is looked through for a large one, which takes longer than to hand it over.
        let look = move || search.after(&described);
        let found =
            if is_large(resource) { blocking(look).await } else { self.orders.shared.errands.run(&folder, look).await };
        self.tell_unnoted().await;
        match found? {
            Found::Finished(finished) => self.as_before(finished).await.map(Settled::Ended),
            Found::Part(left) => {
                self.take_up(*left).await?;
                Ok(Settled::Resumed)
            }
            Found::New(part, lost) => {
                self.tell_emptied(&part).await;
                self.tell_gone(&part, lost).await;
                let log = CheckpointLog::new(&self.orders.shared.state, self.orders.id);
                let plan = Plan::new(resource.length, RangeSet::new());
                let ledger = Ledger::new(resource.length);
                let mut held = self.hold(self.orders.id, part, plan, ledger, log, resource.clone());
                if resource.length.is_none_or(|length| length >= MIN_PART) {
                    held.saver.start();
                }
                // A file of no bytes has no lease, and no answer is worked off.
                if resource.length == Some(0) {
                    self.tell_answered(&mut held).await;
                }
                let desk = held.desk.clone();
                self.held = Some(held);
                self.fresh = false;
                self.reserve(resource.length.filter(|length| *length >= MIN_PART).unwrap_or(0)).await?;
                let lease = desk.lease(1, Opener::Idle, false);
                // A file of no bytes is complete as it is.
                Ok(lease.map_or(Settled::Resumed, Settled::New))
            }
            Found::Nothing => Ok(Settled::Resumed),
        }
    }

    /// How many connections a download may have: one, where its server gives no parts or tells no length.
    pub(super) fn connections_for(&self, held: &Held) -> Width {
        let takes_more = held.ranged && held.resource.length.is_some();
        let (now, soon) = if takes_more { (self.connections(), self.growth.expected()) } else { (1, 1) };
        Width { now, soon }
    }

    /// Lets the crew fetch what is missing.
    async fn work_off(&mut self, lease: LeaseId, answer: Answer, permit: Permit) -> Result<Option<Ending>, Halt> {
        let Some(mut held) = self.held.take() else { return Ok(None) };
        let lead = self.places.lead_number();
        let result = match self.heed_answer(&mut held, lease, &answer.resource, permit.age()) {
            Ok(job) => {
                self.tell_answered(&mut held).await;
                let mut crew = Crew::new(lead, Arc::new(job));
                let number = crew.next_number();
                crew.hire(self, (number, lead), lease, Some(answer), permit);
                crew.run(self, &mut held).await
            }
            Err(fault) => {
                held.desk.leave(1);
                Err(fault.into())
            }
        };
        self.held = Some(held);
        result.map(|()| None)
    }

    async fn tell_answered(&mut self, held: &mut Held) {
        if !std::mem::replace(&mut held.answered, true) {
            let target = held.desk.part.target().to_path_buf();
            self.orders.target = Some(target.clone());
            let (length, resumed) = (held.resource.length, held.desk.done_total());
            self.tell(Happening::Answered {
                target,
                length,
                resumed,
                resumable: held.ranged || length == Some(0),
                stream: false,
            })
            .await;
        }
    }
}

/// How settling on a target went.
enum Settled {
    /// A new download; its first lease.
    New(LeaseId),
    /// An earlier run's data is taken up.
    Resumed,
    /// There is nothing to do.
    Ended(Ending),
}
