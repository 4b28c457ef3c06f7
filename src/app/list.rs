//! What `haul list` shows of the queue.

use std::path::Path;

use crate::cli::ListItem;
use crate::config::SystemClock;
use crate::model::{Categories, Guess, Priority, Rate, Status, UnixTime, WallClock, harmless, start_text};
use crate::store::{Checkpoint, Item};

/// A queued transfer for the list; what a crash left on disk counts.
pub(super) fn list_item(state: &Path, categories: &Categories, item: &Item) -> ListItem {
    let checkpoint = match item.status {
        Status::Done => None,
        _ => Checkpoint::load(state, item.id).ok().flatten(),
    };
    let done = checkpoint.map_or_else(|| item.done.total(), |checkpoint| checkpoint.ledger.done().total());
    let clock = SystemClock::here();
    let start = item.spec.start_at.filter(|at| item.status == Status::Queued && *at > clock.now());
    let Guess { name, folder, target } = categories.guess(&item.spec, item.target.as_deref());
    ListItem {
        id: item.id,
        category: categories.name_of(&item.spec, &name).map(|name| name.as_ref().to_owned()),
        added: item.added.map(UnixTime::seconds),
        name,
        url: item.spec.source.to_string(),
        target: target.unwrap_or_else(|| folder.to_path_buf()),
        why: item.reason.as_ref().map(|fault| harmless(&fault.to_string()).into_owned()),
        status: item.status,
        limit: item.spec.limits.rate.map(Rate::bytes),
        priority: Some(item.spec.priority).filter(|set| *set != Priority::Normal).map(|set| set.to_string()),
        start_at: start.map(UnixTime::seconds),
        starts: start.map(|at| start_text(at, &clock)),
        length: item.length,
        done,
    }
}
