//! What a host bears: how many connections it gives before it refuses.

use std::time::Duration;

use crate::model::Moment;

/// How long a host must not refuse before one connection more is tried.
const CALM: Duration = Duration::from_secs(30);

/// The connections to one host, over all transfers.
#[derive(Clone, Debug, Default)]
pub struct Host {
    open: u16,
    learnt: Option<Learnt>,
}

#[derive(Clone, Copy, Debug)]
struct Learnt {
    allowed: u16,
    at: Moment,
}

impl Host {
    /// True if another connection may be opened; it then counts as open. The first is always granted.
    pub fn open(&mut self, now: Moment) -> bool {
        self.grow(now);
        let granted = self.learnt.is_none_or(|learnt| self.open < learnt.allowed);
        self.open += u16::from(granted);
        granted
    }

    /// A connection was closed.
    pub fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// The host refused one connection while others of ours were served: it bears no more than those.
    pub fn refuse(&mut self, served: u16, now: Moment) {
        let known = self.learnt.map_or(u16::MAX, |learnt| learnt.allowed);
        self.learnt = Some(Learnt { allowed: served.max(1).min(known), at: now });
    }

    /// How many connections the host bears, as far as it is known.
    pub fn allowed(&self) -> Option<u16> {
        self.learnt.map(|learnt| learnt.allowed)
    }

    /// How many are open.
    pub fn open_now(&self) -> u16 {
        self.open
    }

    fn grow(&mut self, now: Moment) {
        if let Some(learnt) = &mut self.learnt
            && now.since(learnt.at) >= CALM
        {
            *learnt = Learnt { allowed: learnt.allowed.saturating_add(1), at: now };
        }
    }
}
