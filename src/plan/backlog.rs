//! Transfers that are not started, since enough others wait for the same host: for its next connection, for the time that it
//! has named, or for an answer. They would only wait too, and those of other hosts behind them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::queue::SortKey;
use crate::model::TransferId;

/// So many wait for a host: as many as it may serve at once where it gives each a connection. The others stay behind.
const ENOUGH: usize = 8;

/// One that has not begun, with its place in the queue.
pub(super) type Standing = (SortKey, TransferId);

/// Who waits for which host, and who stays behind these.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    waiting: HashMap<Arc<str>, usize>,
    behind: HashMap<Arc<str>, BTreeSet<Standing>>,
}

impl Backlog {
    /// True if there are enough who wait for this host.
    pub(super) fn is_enough(&self, host: &str) -> bool {
        self.waiting.get(host).is_some_and(|count| *count >= ENOUGH)
    }

    /// True if there are enough nowhere.
    pub(super) fn is_clear(&self) -> bool {
        self.waiting.values().all(|count| *count < ENOUGH)
    }

    /// One more waits for a host.
    pub(super) fn arrive(&mut self, host: Arc<str>) {
        *self.waiting.entry(host).or_default() += 1;
    }

    /// One does not wait for a host any more; gives those who may come in its place: all, where it was the last one, since
    /// nobody is left who would call them later.
    pub(super) fn depart(&mut self, host: &Arc<str>) -> BTreeSet<Standing> {
        let count = self.waiting.get_mut(host).map_or(0, |count| {
            *count = count.saturating_sub(1);
            *count
        });
        if count == 0 {
            self.waiting.remove(host);
            return self.behind.remove(host).unwrap_or_default();
        }
        let Some(behind) = self.behind.get_mut(host) else { return BTreeSet::new() };
        let called = std::iter::from_fn(|| behind.pop_first()).take(ENOUGH.saturating_sub(count)).collect();
        if behind.is_empty() {
            self.behind.remove(host);
        }
        called
    }

    /// One stays behind those who wait for a host.
    pub(super) fn keep(&mut self, host: Arc<str>, one: Standing) {
        self.behind.entry(host).or_default().insert(one);
    }

    /// One does not stay behind any more.
    pub(super) fn take_out(&mut self, one: Standing) {
        let host = self.behind.iter_mut().find_map(|(host, behind)| behind.remove(&one).then(|| host.clone()));
        if let Some(host) = host.filter(|host| self.behind.get(host).is_some_and(BTreeSet::is_empty)) {
            self.behind.remove(&host);
        }
    }

    /// How many stay behind.
    pub(super) fn len(&self) -> usize {
        self.behind.values().map(BTreeSet::len).sum()
    }
}
