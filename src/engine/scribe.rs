//! Keeps the journal beside the supervisor: one write at a time, on a thread that may block. What is noted meanwhile goes
//! with the next one, so that a hundred transfers that end at once cost two fsyncs, and no transfer waits for either.
//! Only the faces do: what they are told is durable.

use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::api::Event;
use crate::model::{Fault, FaultKind};
use crate::store::{Item, Journal, Record};

/// The journal, and what is to be written to it.
pub(super) struct Scribe {
    /// Here while nothing is being written.
    journal: Option<Box<Journal>>,
    durable: bool,
    writing: Option<JoinHandle<Returned>>,
    records: Vec<Record>,
    /// What could not be written, and why: it goes with the next write.
    unwritten: Vec<Record>,
    fault: Option<Arc<Fault>>,
    /// Transfers that are to be added with the next write, and those of the write that runs.
    next: Vec<Item>,
    adding: Vec<Item>,
    /// Events that are to be told after the next write, and after the one that runs.
    later: Vec<Event>,
    soon: Vec<Event>,
}

/// What the writing thread gives back: the journal, what was to be noted if that is not written, and what others have appended.
struct Returned {
    journal: Option<Box<Journal>>,
    unwritten: Vec<Record>,
    result: Result<Vec<Record>, Fault>,
    is_replaced: bool,
}

/// What came of a write.
pub(super) struct Written {
    /// The transfers that were to be added.
    pub(super) items: Vec<Item>,
    /// What may be told now.
    pub(super) events: Vec<Event>,
    /// What other processes have appended, or why nothing was written.
    pub(super) result: Result<Vec<Record>, Fault>,
    /// True if it or the one before it has failed.
    pub(super) is_news: bool,
    /// True if another file stands in the queue's place: it holds what `result` tells, and what was written now.
    pub(super) is_replaced: bool,
}

impl Scribe {
    pub(super) fn new(journal: Option<Box<Journal>>) -> Self {
        Self {
            durable: journal.is_some(),
            journal,
            writing: None,
            records: Vec::new(),
            unwritten: Vec::new(),
            fault: None,
            next: Vec::new(),
            adding: Vec::new(),
            later: Vec::new(),
            soon: Vec::new(),
        }
    }

    /// False if there is no journal: nothing is to be kept.
    pub(super) fn is_durable(&self) -> bool {
        self.durable
    }

    /// Writes these down by and by, in order.
    pub(super) fn note(&mut self, records: impl IntoIterator<Item = Record>) {
        if self.durable {
            self.records.extend(records);
        }
    }

    /// Writes new transfers down; `written` gives them back.
    pub(super) fn add(&mut self, items: Vec<Item>) {
        self.next.extend(items);
    }

    /// Keeps an event until all that was noted before it is written; gives it back if that is so.
    pub(super) fn hold(&mut self, event: Event) -> Option<Event> {
        if self.writing.is_none() && !self.has_more() {
            return Some(event);
        }
        self.later.push(event);
        None
    }

    /// True if there is something that no write has tried yet.
    fn has_more(&self) -> bool {
        !self.records.is_empty() || !self.next.is_empty()
    }

    /// Why the queue on disk does not tell all that happened, if that is so.
    pub(super) fn fault(&self) -> Option<Arc<Fault>> {
        self.fault.clone()
    }

    /// True while a write runs.
    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// True while new transfers are not written yet.
    pub(super) fn is_adding(&self) -> bool {
        self.being_added().next().is_some()
    }

    /// New transfers that are not written yet.
    pub(super) fn being_added(&self) -> impl Iterator<Item = &Item> {
        self.next.iter().chain(&self.adding)
    }

    /// Begins to write if there is something to write. True if a write runs.
    pub(super) fn begin(&mut self) -> bool {
        if self.writing.is_none() && self.has_more() {
            self.write();
        }
        self.writing.is_some()
    }

    /// Begins to write what could not be written before. True if a write runs.
    pub(super) fn retry(&mut self) -> bool {
        if self.writing.is_none() && !self.unwritten.is_empty() {
            self.write();
        }
        self.writing.is_some()
    }

    /// Looks for what other processes have appended, unless a write runs, which looks too.
    pub(super) fn look(&mut self) {
        if !self.retry() && self.writing.is_none() && self.journal.as_ref().is_some_and(|journal| journal.has_news()) {
            self.write();
        }
    }

    fn write(&mut self) {
        let mut records = std::mem::take(&mut self.unwritten);
        records.append(&mut self.records);
        self.adding = std::mem::take(&mut self.next);
        self.soon = std::mem::take(&mut self.later);
        let added: Vec<Record> = self.adding.iter().map(Item::record).collect();
        let mut journal = self.journal.take();
        self.writing = Some(spawn_blocking(move || {
            let result = match &mut journal {
                Some(journal) if records.is_empty() && added.is_empty() => Ok(journal.news()),
                Some(journal) => journal.append(records.iter().chain(&added)),
                None => Err(lost()),
            };
            // What was to be added is refused then, and not tried again.
            let unwritten = if result.is_err() { records } else { Vec::new() };
            let is_replaced = result.is_ok() && journal.as_mut().is_some_and(|journal| journal.take_replaced());
            Returned { journal, unwritten, result, is_replaced }
        }));
    }

    /// What came of the write that runs; pends for ever if none does. May be cancelled.
    pub(super) async fn written(&mut self) -> Written {
        let Some(writing) = &mut self.writing else { return std::future::pending().await };
        let ended = writing.await;
        self.writing = None;
        let items = std::mem::take(&mut self.adding);
        let without = |_| Returned { journal: None, unwritten: Vec::new(), result: Err(lost()), is_replaced: false };
        let Returned { journal, unwritten, result, is_replaced } = ended.unwrap_or_else(without);
        (self.journal, self.unwritten) = (journal, unwritten);
        let was_bad = self.fault.is_some();
        self.fault = result.as_ref().err().filter(|_| !self.unwritten.is_empty()).map(|why| Arc::new(why.clone()));
        let mut events = std::mem::take(&mut self.soon);
        if !self.has_more() {
            events.append(&mut self.later);
        }
        Written { items, events, is_news: was_bad || result.is_err(), is_replaced, result }
    }
}

fn lost() -> Fault {
    Fault::new(FaultKind::State, "the queue", "the thread that wrote it was lost; this is a bug of haul")
}
