//! What a host bears: how many connections it gives before it refuses, and what of that is remembered.

use std::collections::HashSet;
use std::time::Duration;

use crate::model::{HostLimit, Moment};

/// How long a host must not refuse before one connection more is tried.
pub const CALM: Duration = Duration::from_secs(30);

/// So many refusals in a row are no accident.
const CERTAIN: u16 = 3;

/// So many hosts are remembered at most, and so many that are not in use are known at once.
pub(super) const REMEMBERED: usize = 256;
/// No longer than this; in seconds.
const FORGOTTEN: u64 = 7 * 24 * 3600;
/// For each such span a remembered limit grows by one connection; in seconds.
const GROWTH: u64 = 3600;
/// A host's name and port are not longer than this (RFC 1035, and five digits).
const LONGEST_NAME: usize = 253 + 6;

/// The connections to one host, over all transfers.
#[derive(Clone, Debug, Default)]
pub struct Host {
    open: u16,
    /// Of those that are open, the ones that were answered.
    served: u16,
    learnt: Option<Learnt>,
    /// What has been written down of it.
    noted: Option<Learnt>,
    /// The most connections that it served at once, and when that was.
    most_served: Option<(u16, Moment)>,
    /// Requests that were refused since it last served one.
    refused: u16,
}

#[derive(Clone, Copy, Debug)]
struct Learnt {
    allowed: u16,
    at: Moment,
    /// True if the host has said so; one that only let a connection wait may have been busy, or the line was.
    firm: bool,
}

impl Host {
    /// A host that bears so many connections, as far as it is remembered.
    pub fn remembered(allowed: u16, now: Moment) -> Self {
        let learnt = Some(Learnt { allowed: allowed.max(1), at: now, firm: true });
        Self { learnt, noted: learnt, ..Self::default() }
    }

    /// True if another connection may be opened; it then counts as open. The first is always granted.
    pub fn open(&mut self, now: Moment) -> bool {
        // A limit that is not reached is not put to the test: it stays what it was.
        if self.is_full() {
            self.grow(now);
        }
        let granted = !self.is_full();
        self.open += u16::from(granted);
        granted
    }

    /// True if `open` would grant another connection.
    pub fn bears_another(&self, now: Moment) -> bool {
        !self.is_full()
            || self.grows_at().is_some_and(|at| at <= now && self.open <= self.allowed().unwrap_or(u16::MAX))
    }

    fn is_full(&self) -> bool {
        self.open >= self.allowed().unwrap_or(u16::MAX)
    }

    /// A connection was closed.
    pub fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// The host answers a connection that is open.
    pub fn serves(&mut self, now: Moment) {
        self.served += 1;
        self.refused = 0;
        if self.served_of_late(now).is_none_or(|most| most <= self.served) {
            self.most_served = Some((self.served, now));
        }
    }

    /// One that it answered is about to be closed.
    pub fn serves_no_more(&mut self) {
        self.served = self.served.saturating_sub(1);
    }

    fn served_of_late(&self, now: Moment) -> Option<u16> {
        self.most_served.filter(|(_, at)| now.since(*at) < CALM).map(|(most, _)| most)
    }

    /// The host refused one connection while others of ours were served: it bears no more than those. One that served more
    /// only just now is busy, and refuses whatever comes, until it has done so several times in a row.
    pub fn refuse(&mut self, served: u16, now: Moment) {
        self.refused += 1;
        if self.refused >= CERTAIN || self.served_of_late(now).is_none_or(|most| most <= served) {
            self.lower(served, now, true);
        }
    }

    /// The host has let a connection wait while others of ours were served: for now it is asked for no more than those,
    /// but that is no reason to ask for fewer in a week.
    pub fn keep_waiting(&mut self, served: u16, now: Moment) {
        self.lower(served, now, false);
    }

    fn lower(&mut self, served: u16, now: Moment, firm: bool) {
        let known = self.learnt.map_or(u16::MAX, |learnt| learnt.allowed);
        self.learnt = Some(Learnt { allowed: served.max(1).min(known), at: now, firm });
    }

    /// How many connections the host bears, as far as it is known.
    pub fn allowed(&self) -> Option<u16> {
        self.learnt.map(|learnt| learnt.allowed)
    }

    /// When one connection more is tried, if no refusal comes before; `None` if no limit is known.
    pub fn grows_at(&self) -> Option<Moment> {
        self.learnt.map(|learnt| learnt.at + CALM)
    }

    /// How many are open.
    pub fn open_now(&self) -> u16 {
        self.open
    }

    /// Since when it has been known what it bears, if nothing is open to it. `Some(None)`: nothing is known of it.
    pub fn idle_since(&self) -> Option<Option<Moment>> {
        (self.open == 0).then(|| self.learnt.map(|learnt| learnt.at))
    }

    /// True if what it bears has changed since that was written down, or was found again long after.
    pub fn has_news(&self) -> bool {
        self.learnt.is_some_and(|now| {
            let again = |noted: Learnt| now.at.since(noted.at) >= Duration::from_secs(GROWTH);
            now.firm && self.noted.is_none_or(|noted| noted.allowed != now.allowed || again(noted))
        })
    }

    /// What has changed since it was written down, which it is from now on: the connections, and when that was found.
    pub fn news(&mut self) -> Option<(u16, Moment)> {
        let news = self.learnt.filter(|_| self.has_news())?;
        self.noted = Some(news);
        Some((news.allowed, news.at))
    }

    fn grow(&mut self, now: Moment) {
        if let Some(learnt) = &mut self.learnt
            && now.since(learnt.at) >= CALM
        {
            *learnt = Learnt { allowed: learnt.allowed.saturating_add(1), at: now, firm: learnt.firm };
        }
    }
}

/// How many connections a remembered host may have now: one more for each full hour, and any number after a week.
/// `now` is in seconds since 1970; what was found later than that (the clock was set back) was found now.
pub fn recalled(limit: &HostLimit, now: u64) -> Option<u16> {
    let age = now.saturating_sub(limit.at);
    let grown = u16::try_from(age / GROWTH).unwrap_or(u16::MAX);
    (age <= FORGOTTEN).then(|| limit.allowed.max(1).saturating_add(grown))
}

/// What is remembered once `news` is added to what was `known`: one limit for each host, of which the news are the
/// later word, the newest first, not too many and none too old. `now` is in seconds since 1970.
pub fn remembered(known: Vec<HostLimit>, news: Vec<HostLimit>, now: u64) -> Vec<HostLimit> {
    let mut seen = HashSet::new();
    let all = news.into_iter().chain(known).map(|limit| HostLimit { at: limit.at.min(now), ..limit });
    let mut kept: Vec<HostLimit> = all
        .filter(|limit| is_host(&limit.host) && recalled(limit, now).is_some())
        .filter(|limit| seen.insert(limit.host.clone()))
        .collect();
    kept.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.host.cmp(&other.host)));
    kept.truncate(REMEMBERED);
    kept
}

/// True for what `Source::host` may give: never a path, a login or a whole URL.
fn is_host(name: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '@' | '?' | '#' | '\\');
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(odd)
}
