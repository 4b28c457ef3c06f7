//! What `haul list` shows of the queue.

use std::path::Path;

use crate::cli::ListItem;
use crate::config::SystemClock;
use crate::model::{Categories, Guess, Priority, Rate, Spec, Status, UnixTime, WallClock, harmless, start_text};
use crate::store::{Checkpoint, Holder, Item, UploadCheckpoint, UploadLock, part_name};

/// A queued transfer for the list; what a crash left on disk counts.
pub(super) fn list_item(state: &Path, holder: Option<&Holder>, categories: &Categories, item: &Item) -> ListItem {
    let checkpoint = match item.status {
        Status::Done => None,
        _ => Checkpoint::load(state, item.id).ok().flatten(),
    };
    let target = checkpoint.as_ref().map(|checkpoint| &*checkpoint.target).or(item.target.as_deref());
    let runs = item.status == Status::Queued && holder.is_some_and(|holder| runs(holder, state, &item.spec, target));
    let status = if runs { Status::Running } else { item.status };
    let length = checkpoint.as_ref().and_then(|checkpoint| checkpoint.length);
    let done = checkpoint.as_ref().map_or_else(|| item.done.total(), |checkpoint| checkpoint.ledger.done().total());
    let clock = SystemClock::here();
    let start = item.spec.start_at.filter(|at| status == Status::Queued && *at > clock.now());
    let Guess { name, folder, target } = categories.guess(&item.spec, target);
    ListItem {
        id: item.id,
        category: categories.name_of(&item.spec, &name).map(|name| name.as_ref().to_owned()),
        added: item.added.map(UnixTime::seconds),
        name,
        url: item.spec.source.to_string(),
        target: target.unwrap_or_else(|| folder.to_path_buf()),
        why: item.reason.as_ref().map(|fault| harmless(&fault.to_string()).into_owned()),
        status,
        limit: item.spec.limits.rate.map(Rate::bytes),
        priority: Some(item.spec.priority).filter(|set| *set != Priority::Normal).map(|set| set.to_string()),
        start_at: start.map(UnixTime::seconds),
        starts: start.map(|at| start_text(at, &clock)),
        length: item.length.or(length),
        done,
    }
}

/// True if that process works on a transfer: it has the part file, or the upload, for itself.
fn runs(holder: &Holder, state: &Path, spec: &Spec, target: Option<&Path>) -> bool {
    match &spec.upload {
        Some(upload) => {
            let checkpoint = UploadCheckpoint::path(state, spec.source.url().as_str(), &upload.file);
            holder.holds(&UploadLock::path(&checkpoint))
        }
        None => target.is_some_and(|target| holder.holds(&target.with_file_name(part_name(target)))),
    }
}
