//! What the records of a queue amount to, read one after the other: a long queue is never in memory as its text as well.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::record::{Item, Record};
use crate::model::TransferId;

/// What the end of a line says that was never finished.
pub(super) const TORN: &[u8] = b" // torn";

/// The transfers of the records so far, and what there was to say of their lines.
#[derive(Default)]
pub(super) struct Replay {
    items: HashMap<TransferId, Item>,
    next_rank: i64,
    /// Records that were read,
    pub(super) records: usize,
    /// whether one of them is of a transfer that was removed,
    pub(super) has_removed: bool,
    /// lines that could not be, apart from a torn one at the end, which holds nothing,
    pub(super) bad: usize,
    /// those lines themselves, each with its end,
    pub(super) unread: Vec<u8>,
    /// bytes in all,
    pub(super) bytes: u64,
    /// and whether they end without the end of a line; `None` if there were none.
    pub(super) torn: Option<bool>,
}

/// The transfers that these records leave, in the queue's order. Those that have no rank come from `rank` on.
pub fn amounts_to(records: &[Record], rank: i64) -> Vec<Item> {
    let mut replay = Replay { next_rank: rank, ..Replay::default() };
    for record in records {
        replay.take(record);
    }
    replay.items()
}

impl Replay {
    /// Reads lines to their end. Those that can't be read are skipped and told to the log.
    pub(super) fn read(&mut self, mut lines: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            self.bytes += line.len() as u64;
            let whole = line.strip_suffix(b"\n");
            self.torn = Some(whole.is_none());
            let text = whole.unwrap_or(&line);
            let understood = match Record::parse(text) {
                Ok(record) => self.take(&record),
                Err(_) if text.is_empty() || text.ends_with(TORN) => true,
                Err(why) => {
                    tracing::warn!("queue: a bad record: {why}");
                    whole.is_none()
                }
            };
            if !understood {
                self.bad += 1;
                self.unread.extend_from_slice(text);
                self.unread.push(b'\n');
            }
            line.clear();
        }
        Ok(())
    }

    /// One record more; false if it is of a transfer that can't be understood.
    pub(super) fn take(&mut self, record: &Record) -> bool {
        self.records += 1;
        match record {
            Record::Added(stored) => {
                let Some(item) = Item::restore(stored, self.next_rank) else {
                    tracing::warn!("queue: a transfer that can't be understood");
                    return false;
                };
                self.next_rank = self.next_rank.max(item.rank.saturating_add(1));
                self.items.insert(item.id, item);
            }
            Record::Removed(ids) => {
                self.has_removed = true;
                for id in ids.iter().filter_map(|id| id.parse().ok()) {
                    self.items.remove(&id);
                }
            }
            Record::Status(id, ..) | Record::Known(id, ..) | Record::Ranked(id, _) | Record::Relinked(id, _) => {
                if let Some(item) = id.parse().ok().and_then(|id| self.items.get_mut(&id)) {
                    item.apply(record);
                    self.next_rank = self.next_rank.max(item.rank.saturating_add(1));
                }
            }
        }
        true
    }

    /// The transfers, in the queue's order.
    pub(super) fn items(self) -> Vec<Item> {
        let mut ordered: Vec<Item> = self.items.into_values().collect();
        ordered.sort_unstable_by_key(|item| (item.rank, item.id));
        ordered
    }
}
