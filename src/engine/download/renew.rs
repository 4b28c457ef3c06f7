//! Links that have expired, and other URLs for bytes that are on disk.

use std::sync::Arc;

use super::begin::Held;
use super::task::Task;
use crate::model::{Fault, FaultKind, ObjectUrl, Resource, Source, size};
use crate::plan::is_expired;

impl Held {
    /// The bytes on disk are those of another URL. Each site has validators of its own: length and bytes tell whether it is
    /// the same file, and until then its checkpoint stays that URL's.
    pub(super) fn belong_to(&mut self, url: String) {
        self.foreign = true;
        self.resource = Arc::new(self.resource.without_validators());
        self.saver.belong(url);
    }

    /// The bytes on disk are of this URL's file; its checkpoint says so, if the URL is known at the next start (`is_own`).
    pub(super) fn claim_for(&mut self, source: &Source, is_own: bool) {
        if std::mem::take(&mut self.foreign) && is_own {
            self.saver.belong(source.url().to_string());
            self.saver.describe(self.resource.clone());
        }
    }
}

impl Task {
    /// The fault as it concerns this transfer: a refusal may mean that its link has expired, and an answer that does not
    /// match bytes of another URL, that the new URL leads to another file. Neither costs what is on disk.
    pub(super) fn judged(&self, fault: Fault, failures: u32) -> Fault {
        let done = self.held.as_ref().map_or(0, |held| held.desk.done_total());
        if self.held.as_ref().is_some_and(|held| held.foreign) && is_mismatch(fault.kind, failures) {
            return self.different(&fault, done);
        }
        // A URL of a store is signed anew for each request, and never expires.
        let signs = ObjectUrl::of(self.places.lead()).is_some();
        if !signs && is_expired(fault.kind, self.places.lead().is_passing(), done > 0, failures) {
            return self.expired(&fault, done);
        }
        fault
    }

    fn expired(&self, fault: &Fault, done: u64) -> Fault {
        let seen = match fault.kind {
            FaultKind::Status(status) => format!("HTTP {status}"),
            // What came, without the advice that this fault gives in other words.
            FaultKind::WebPage => fault.detail.split(';').next().unwrap_or_default().to_owned(),
            _ => "the server says so".to_owned(),
        };
        let kept = if done > 0 { format!("{} are kept; ", size(done)) } else { String::new() };
        let target = self.shown_target();
        let may_be_new = if fault.kind == FaultKind::WebPage {
            "; if that is the file now, -o with another name takes it"
        } else {
            ""
        };
        let detail = format!(
            "the link has expired ({seen}); {kept}give it a new one with :url NEWURL, or run haul get NEWURL -o \
             {target}{may_be_new}"
        );
        Fault::new(FaultKind::Expired, self.places.lead(), detail)
    }

    fn different(&self, fault: &Fault, done: u64) -> Fault {
        let why = match fault.kind {
            FaultKind::RangeIgnored | FaultKind::WrongRange => {
                "gives no parts, so what is on disk can't be compared with it".to_owned()
            }
            _ => format!("leads to another file than the one that {} are on disk of", size(done)),
        };
        let detail = format!(
            "this URL {why}; nothing was lost: give it another one with :url NEWURL, or choose another name with -o"
        );
        Fault::new(FaultKind::Different, self.places.lead(), detail)
    }

    /// Where redirects led does not serve any more: the way is asked again from its beginning.
    pub(super) fn ask_the_source(&mut self) {
        let source = self.places.lead();
        if let Some(held) = self.held.as_mut().filter(|held| held.resource.at != *source) {
            held.resource = Arc::new(Resource { at: source.clone(), ..Resource::clone(&held.resource) });
        }
    }

    /// True if the user or an earlier run has settled on the target.
    pub(super) fn is_named(&self) -> bool {
        self.orders.target.is_some() || self.orders.spec.target.name.is_some()
    }

    /// Leaves what is on disk as it is, for whom it belongs to.
    pub(super) async fn let_go(&mut self) {
        if let Some(mut held) = self.held.take() {
            held.saver.settle().await;
            held.let_rest().await;
            self.fetched_before += held.desk.fetched();
            self.orders.known = Arc::default();
        }
        self.shuns = true;
    }

    /// The target as a shell reads it.
    fn shown_target(&self) -> String {
        let spec = &self.orders.spec.target;
        let named = || Some(spec.folder.join(spec.name.as_ref()?));
        let held = self.held.as_ref().map(|held| held.desk.part.target().to_path_buf());
        let Some(target) = held.or_else(|| self.orders.target.clone()).or_else(named) else { return "FILE".to_owned() };
        let text = target.to_string_lossy().into_owned();
        let plain = |c: char| c.is_alphanumeric() || "/._-+=,@%:".contains(c);
        if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
    }
}

/// True if an answer to a comparison says that the bytes are not of the same file, or that they can't be compared.
fn is_mismatch(kind: FaultKind, failures: u32) -> bool {
    match kind {
        FaultKind::Changed | FaultKind::Retagged => true,
        // One more attempt than it takes for a milder way, which would begin from the first byte.
        FaultKind::RangeIgnored => failures > 1,
        FaultKind::WrongRange => failures > 2,
        _ => false,
    }
}
