//! A transfer's row for the faces.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use super::report::Progress;
use super::roster::Entry;
use crate::api::{Direction, Row};
use crate::model::{Categories, Guess, Spec, Status, harmless};
use crate::store::Item;

/// What the journal knows of a transfer. Of most of a long queue that is nothing, which is kept once.
pub(super) fn known(item: &Item) -> Arc<Progress> {
    static NOTHING: LazyLock<Arc<Progress>> =
        LazyLock::new(|| Arc::new(Progress { resumable: true, ..Progress::default() }));
    if item.target.is_none() && item.length.is_none() && item.done.is_empty() {
        return NOTHING.clone();
    }
    let (target, length, done) = (item.target.as_deref().map(Into::into), item.length, item.done.clone());
    Arc::new(Progress { target, length, done, resumable: true, ..Progress::default() })
}

/// What makes two transfers the same: the URL, and where it goes. A metalink may give one URL several names.
pub fn place(spec: &Spec) -> u64 {
    let mut hasher = DefaultHasher::new();
    // The name that the URL has anyway is none. Most have no other, and nothing is made for them.
    let called = spec.described.name.as_ref().filter(|name| spec.source.last_segment().as_ref() != Some(*name));
    (spec.source.url().as_str(), &spec.target.folder, &spec.target.name, called).hash(&mut hasher);
    hasher.finish()
}

/// The row of a transfer as it is now.
pub(super) fn row(entry: &Entry, categories: &Categories) -> Row {
    let spec = &entry.spec;
    let latest = &entry.latest;
    let Guess { name, folder, target } = categories.guess(spec, latest.target.as_deref());
    let live = (entry.status == Status::Running).then(|| latest.live.clone().unwrap_or_default());
    Row {
        id: entry.id,
        name: Arc::from(harmless(&name).as_ref()),
        direction: if spec.upload.is_some() { Direction::Upload } else { Direction::Download },
        source: spec.source.clone(),
        spec: spec.clone(),
        is_named: target.is_some(),
        target: target.map_or(folder, Arc::from),
        category: categories.name_of(spec, &name),
        added: entry.added,
        status: entry.status,
        length: latest.length,
        done: latest.done.clone(),
        resumable: latest.resumable,
        fault: entry.fault.clone(),
        short: entry.lack.as_ref().filter(|_| entry.status == Status::DiskFull).and_then(|lack| lack.short),
        start: entry.start.clone(),
        errand: entry.busy.as_ref().map(|busy| busy.errand),
        log: entry.log.clone(),
        live,
    }
}
