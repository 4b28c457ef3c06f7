//! Transfers whose hosts do not answer at all, in their waits between attempts. Others may run in their slots while the line
//! is alive: then it is these hosts that are dead. Where nothing is heard from anybody, others would fare no better, and all of
//! the queue would fail in the time that a few take; so only a few leave their slots then, to find that out.

use std::collections::HashMap;

use crate::model::{Fault, FaultKind, Moment, TransferId};

/// So many leave their slots although nothing was heard from anybody: those that run in these tell whether the line is alive.
const SCOUTED: usize = 2;

/// True if a host did not answer at all: there is no connection to it, or its name has no address. `retry_after` is the word of
/// somebody.
pub fn is_silent(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Connect | FaultKind::Resolve) && fault.retry_after.is_none()
}

/// What is heard over the line, and who hears nothing.
#[derive(Debug, Default)]
pub struct Line {
    heard_at: Option<Moment>,
    silent: HashMap<TransferId, Silent>,
}

/// One whose host does not answer.
#[derive(Clone, Copy, Debug)]
struct Silent {
    since: Moment,
    slot: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// It does not wait for long.
    Runs,
    /// It waits, and keeps its slot.
    Keeps,
    /// It waits, and another one has its slot.
    Left,
}

impl Line {
    /// This one has heard from its host.
    pub fn answer(&mut self, id: TransferId, now: Moment) {
        self.silent.remove(&id);
        self.heard_at = Some(now);
    }

    /// This one has heard nothing from its host.
    pub fn fail(&mut self, id: TransferId, now: Moment) {
        self.silent.entry(id).or_insert(Silent { since: now, slot: Slot::Runs });
    }

    /// This one waits for long, since its host does not answer. True if another may have its slot meanwhile.
    pub fn try_leave(&mut self, id: TransferId, now: Moment) -> bool {
        self.fail(id, now);
        let scouted = self.silent.values().filter(|silent| silent.slot == Slot::Left).count();
        let Some(silent) = self.silent.get_mut(&id) else { return false };
        let leaves = scouted < SCOUTED || self.heard_at > Some(silent.since);
        silent.slot = if leaves { Slot::Left } else { Slot::Keeps };
        leaves
    }

    /// Those that wait and have kept their slots, and may leave them now. Each is told once.
    pub fn leaving(&mut self) -> Vec<TransferId> {
        let heard_at = self.heard_at;
        let may_leave = |silent: &Silent| silent.slot == Slot::Keeps && heard_at > Some(silent.since);
        let leaving = self.silent.iter_mut().filter(|(_, silent)| may_leave(silent));
        leaving.map(|(id, silent)| (silent.slot = Slot::Left, *id).1).collect()
    }

    /// This one's wait is over.
    pub fn wake(&mut self, id: TransferId) {
        if let Some(silent) = self.silent.get_mut(&id) {
            silent.slot = Slot::Runs;
        }
    }

    /// This one does not run any more.
    pub fn forget(&mut self, id: TransferId) {
        self.silent.remove(&id);
    }

    /// True while all hear something.
    pub fn is_clear(&self) -> bool {
        self.silent.is_empty()
    }
}
