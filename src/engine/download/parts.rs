//! What the requests of a download brought, one part each, until somebody tells of it.

use std::collections::VecDeque;

use super::desk::Desk;
use super::task::Task;
use crate::api::Happening;
use crate::model::{ByteRange, Fault};

/// As many wait to be told of; older ones are left out. They are told of several times a second.
const MOST: usize = 1024;

/// How a part ended.
#[derive(Debug)]
pub(super) enum PartEnd {
    /// All that was asked for has come, or another connection brings the rest.
    Came,
    /// It was told to stop.
    Stopped,
    /// What has come is kept.
    Broke(Fault),
}

/// The parts that have ended and were not told of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    ended: VecDeque<Happening>,
    count: u32,
}

impl Parts {
    fn add(&mut self, range: ByteRange, end: PartEnd) {
        self.count = self.count.saturating_add(1);
        let number = self.count;
        if self.ended.len() >= MOST {
            self.ended.pop_front();
        }
        self.ended.push_back(match end {
            PartEnd::Came => Happening::PartDone { number, range },
            PartEnd::Stopped => Happening::PartAborted { number },
            PartEnd::Broke(fault) => Happening::PartFailed { number, fault, after: None },
        });
    }
}

impl Desk {
    /// A request has ended that brought these bytes. All of the file in one is no part of it.
    pub(super) fn part_ended(&self, range: ByteRange, end: PartEnd) {
        let mut state = self.lock();
        let is_all = range.start == 0 && state.plan.length().is_none_or(|length| range.end >= length);
        let came_to_nothing = range.is_empty() && matches!(end, PartEnd::Came);
        if !is_all && !came_to_nothing {
            state.parts.add(range, end);
        }
    }
}

impl Task {
    /// Tells of the parts that have ended since the last time.
    pub(super) async fn tell_parts(&self, desk: &Desk) {
        let ended = std::mem::take(&mut desk.lock().parts.ended);
        for part in ended {
            self.tell(part).await;
        }
    }
}
