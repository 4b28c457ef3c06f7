//! Which version of the file the connections to one place fetch: what the first answer that says so tells holds for all.

use std::sync::{Arc, Mutex, PoisonError};

use super::worker::Job;
use crate::model::{Fault, FaultKind, Resource, Validator};

/// The validators of one attempt, which grow as answers come.
pub(super) struct Version {
    known: Mutex<Validator>,
    /// True if ETags say nothing of this file.
    tagless: bool,
}

impl Version {
    pub(super) fn new(known: Validator, tagless: bool) -> Self {
        Self { known: Mutex::new(known), tagless }
    }
}

impl Job {
    /// What is known of the file by now.
    pub(super) fn known(&self) -> Arc<Resource> {
        let validator = self.version.known.lock().unwrap_or_else(PoisonError::into_inner);
        if *validator == self.resource.validator {
            return self.resource.clone();
        }
        Arc::new(Resource { validator: validator.clone(), ..Resource::clone(&self.resource) })
    }

    /// Learns from an answer that is about to be used. Fails if another one that came meanwhile is of another version.
    pub(super) fn learn(&self, now: &Resource) -> Result<(), Fault> {
        let mut known = self.version.known.lock().unwrap_or_else(PoisonError::into_inner);
        let etag = now.validator.etag.clone().filter(|_| !self.version.tagless);
        let now = Validator { etag, last_modified: now.validator.last_modified.clone() };
        if !known.agrees_with(&now) {
            let detail =
                "the file on the server has changed: two answers to requests at the same time are of two versions";
            return Err(Fault::new(FaultKind::Changed, &self.source, detail));
        }
        known.fill(&now);
        Ok(())
    }
}
