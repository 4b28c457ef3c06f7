//! Which version of the file the connections to one place fetch: what the first answer that says so tells holds for all.

use std::sync::Arc;
use std::time::Duration;

use super::begin::Held;
use super::task::{Halt, Task};
use super::worker::Job;
use crate::model::{Fault, FaultKind, Lock, Resource, Source, Validator};
use crate::plan::LeaseId;
use crate::protocol::Asked;

/// The validators of one attempt, which grow as answers come.
pub(super) struct Version {
    known: Lock<Validator>,
    /// Where the last answer came from: what redirects lead to may be good for one request, or for minutes.
    at: Lock<Source>,
    /// True if ETags say nothing of this file.
    tagless: bool,
}

impl Version {
    pub(super) fn new(known: &Resource, tagless: bool) -> Self {
        Self { known: Lock::new(known.validator.clone()), at: Lock::new(known.at.clone()), tagless }
    }
}

impl Job {
    /// What is known of the file by now.
    pub(super) fn known(&self) -> Arc<Resource> {
        let validator = self.version.known.lock();
        let at = self.version.at.lock();
        if *validator == self.resource.validator && *at == self.resource.at {
            return self.resource.clone();
        }
        Arc::new(Resource { validator: validator.clone(), at: at.clone(), ..Resource::clone(&self.resource) })
    }

    /// Learns from an answer that is about to be used. Fails if another one that came meanwhile is of another version.
    pub(super) fn learn(&self, now: &Resource) -> Result<(), Fault> {
        let mut known = self.version.known.lock();
        let at = &now.at;
        let etag = now.validator.etag.clone().filter(|_| !self.version.tagless);
        let now = self.resource.read(&Validator { etag, ..now.validator.clone() });
        if !known.agrees_with(&now) {
            let detail =
                "the file on the server has changed: two answers to requests at the same time are of two versions";
            return Err(Fault::new(FaultKind::Changed, &self.source, detail));
        }
        let has_bytes = || self.desk.done_total() > 0 || !self.desk.receiving_now().is_empty();
        if self.place.is_none() && is_first_word(&known, &now) && has_bytes() {
            return Err(unknown_version(&self.source));
        }
        known.fill(&now);
        self.version.at.lock().clone_from(at);
        Ok(())
    }
}

impl Held {
    /// What an answer is to agree with. While its ETag is in doubt, any will do where a date speaks for the file; else none at
    /// all, and the same one with another strength: what comes under them is compared. So is what comes without the date that is
    /// all that is known.
    pub(super) fn expected(&self) -> Arc<Resource> {
        let known = &self.resource;
        match &known.validator.etag {
            Some(_) if self.doubted && (known.validator.last_modified.is_some() || known.fresh.is_some()) => {
                Arc::new(known.without_etag())
            }
            Some(etag) if self.doubted => {
                let other = etag.strip_prefix("W/").map_or_else(|| format!("W/{etag}"), str::to_owned);
                let twins = known.twins.iter().cloned().chain([None, Some(other)]).collect();
                Arc::new(Resource { twins, ..Resource::clone(known) })
            }
            None if self.doubted && !known.validator.is_none() => {
                let twins = known.twins.iter().cloned().chain([None]).collect();
                Arc::new(Resource { twins, ..Resource::clone(known) })
            }
            _ => known.clone(),
        }
    }

    /// An answer's ETag, or the lack of one, speaks against the bytes on disk: they are compared before the next ones come. The
    /// ETags under which they agree are good from then on. If that was not the end of it and a date speaks for the file, its
    /// ETags say nothing: each machine has its own, or each answer.
    pub(super) fn doubt(&mut self, is_first: bool) {
        (self.vouched, self.doubted) = (false, true);
        if !is_first && self.resource.validator.last_modified.is_some() {
            self.tagless = true;
            self.resource = self.expected();
            self.saver.describe(self.resource.clone());
        }
    }

    /// Bytes that came under these validators were compared with those on disk, or are as they come. True if nothing said
    /// before that they are one.
    pub(super) fn admit(&mut self, now: &Validator) -> bool {
        !self.tagless && Arc::make_mut(&mut self.resource).admit(now)
    }

    /// What an answer for all of the file is to say, where parts without a word on their version were taken since others had
    /// agreed with what is on disk. `None` where each part has said it, or nothing is known.
    fn unsaid(&self) -> Option<Arc<Resource>> {
        let known = &self.resource;
        let has_silent = known.twins.contains(&None) && !known.validator.is_none();
        let twins = || known.twins.iter().filter(|twin| twin.is_some()).cloned().collect();
        has_silent.then(|| Arc::new(Resource { twins: twins(), ..Resource::clone(known) }))
    }

    /// Fails if an answer is the first to say of which version it is, and there are bytes already: nobody knows of which
    /// version these are. Bytes of one stream are compared as they come.
    pub(super) fn check_first_word(&self, now: &Validator, source: &Source) -> Result<(), Fault> {
        let matters = self.ranged && !self.tagless && self.desk.done_total() > 0;
        if matters && is_first_word(&self.resource.validator, now) { Err(unknown_version(source)) } else { Ok(()) }
    }
}

impl Task {
    /// Asks once more which version the server has, where parts did not say it: the file may have become another one after some of
    /// them were compared. The answer's bytes are not read. One that does not say it either tells nothing against the file.
    pub(super) async fn ask_version(&self) -> Result<(), Halt> {
        // Of several places each one's parts have to say it.
        let Some(held) = self.held.as_ref().filter(|_| self.places.was_single()) else { return Ok(()) };
        let Some(known) = held.unsaid() else { return Ok(()) };
        // The form to which the server has named it.
        let asked = if held.ranged { Asked::From(0) } else { Asked::Whole };
        match self.open(self.request(asked, Some(known))).await {
            Ok(_) | Err(Halt::Fault(Fault { kind: FaultKind::Retagged, .. })) => Ok(()),
            Err(halt) => Err(halt),
        }
    }

    /// Takes note of what the first answer of an attempt says, which took so long to come; the work at its place.
    pub(super) fn heed_answer(
        &mut self,
        held: &mut Held,
        lease: LeaseId,
        resource: &Resource,
        asking: Duration,
    ) -> Result<Job, Fault> {
        held.desk.lock().plan.answered(asking);
        held.judge_stream(lease, &resource.validator);
        let known = merged(&held.resource, resource);
        let known = Arc::new(if held.tagless { known.without_etag() } else { known });
        let before = std::mem::replace(&mut held.resource, known.clone());
        held.desk.widen(self.connections_for(held));
        if known.length.is_some_and(|length| !held.desk.learn(length)) {
            // It says nothing of the bytes on disk, nor of the file at another place.
            held.resource = before;
            let detail = "the file on the server has changed: it is shorter than what came of it before";
            return Err(Fault::new(FaultKind::Changed, self.places.lead(), detail));
        }
        self.note(held, known.clone());
        // Before the work is described: with them the file has several places.
        self.take_duplicates(held, resource);
        self.job(self.places.lead_number(), held, known)
    }

    /// The fault of bytes that are missing and that somebody holds who is gone. Without it they would be looked for for ever.
    pub(super) fn lost_lease(&self) -> Fault {
        let detail = "some of its bytes are asked for by nobody, which is a bug of haul; what is on disk is kept, and :retry goes on with it";
        Fault::new(FaultKind::State, self.places.lead(), detail)
    }
}

fn is_first_word(known: &Validator, now: &Validator) -> bool {
    known.is_none() && !now.is_none()
}

fn unknown_version(source: &Source) -> Fault {
    let detail = "it may have changed: nothing said before of which version it is";
    Fault::new(FaultKind::Retagged, source, detail)
}

/// What is known of a file after another answer: the first word stays, gaps are filled.
pub(super) fn merged(known: &Resource, now: &Resource) -> Resource {
    let mut validator = known.validator.clone();
    validator.fill(&now.validator);
    let media = known.media.clone().or_else(|| now.media.clone());
    let (twins, fresh) = (known.twins.clone(), known.fresh.clone().or_else(|| now.fresh.clone()));
    Resource { length: known.length.or(now.length), validator, twins, fresh, media, ..now.clone() }
}
