//! Whose turn it is: who may open a connection to which host, and who waits for one, in the order in which they came.

use std::collections::{HashMap, VecDeque};

use super::host::{Host, REMEMBERED};
use crate::model::Moment;

/// The connections to all hosts, and those who wait for one. `W` is how one that waits is called.
#[derive(Debug)]
pub struct Turns<W> {
    hosts: HashMap<String, Host>,
    waiting: VecDeque<Waiting<W>>,
    /// Connections that are open, and how many there may be in all.
    open: usize,
    most: usize,
    last: u64,
}

#[derive(Debug)]
struct Waiting<W> {
    ticket: u64,
    host: String,
    caller: W,
}

impl<W> Turns<W> {
    /// At most so many connections at once, to all hosts together.
    pub fn new(most: usize) -> Self {
        Self { hosts: HashMap::new(), waiting: VecDeque::new(), open: 0, most, last: 0 }
    }

    /// A host bears so many connections, as far as it is remembered.
    pub fn remember(&mut self, host: String, allowed: u16, now: Moment) {
        self.hosts.insert(host, Host::remembered(allowed, now));
    }

    /// True if one that has connections may open one more, which then counts as open. It goes before nobody who waits
    /// for the same host and may have none.
    pub fn try_open(&mut self, host: &str, now: Moment) -> bool {
        !self.is_waited_for(host, now) && self.open(host, now)
    }

    /// True if somebody waits who would get the next connection to this host that is closed.
    pub fn is_waited_for(&self, host: &str, now: Moment) -> bool {
        let full = self.open >= self.most;
        // Where all connections are in use, any that is closed is of use to one whose own host bears another.
        let bears = |host: &str| self.hosts.get(host).is_none_or(|host| host.bears_another(now));
        self.waiting.iter().any(|waiting| waiting.host == host || full && bears(&waiting.host))
    }

    /// Stands in line for a connection to a host. The ticket is for `leave`; `serve` is to be called next.
    pub fn wait(&mut self, host: &str, caller: W) -> u64 {
        self.last += 1;
        self.waiting.push_back(Waiting { ticket: self.last, host: host.to_owned(), caller });
        self.last
    }

    /// One does not wait any more; of no effect if it was called.
    pub fn leave(&mut self, ticket: u64) {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    /// Those whose turn it is, with their hosts: the first in line first, over those alone whose host bears no more. Each
    /// has a connection open from now on. To be called whenever one was closed or a host may have grown.
    pub fn serve(&mut self, now: Moment) -> Vec<(String, W)> {
        let mut called = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            if self.open(&waiting.host, now) {
                called.push((waiting.host, waiting.caller));
            } else {
                self.waiting.push_back(waiting);
            }
        }
        called
    }

    fn open(&mut self, host: &str, now: Moment) -> bool {
        let granted = self.open < self.most && self.hosts.entry(host.to_owned()).or_default().open(now);
        self.open += usize::from(granted);
        granted
    }

    /// A connection was closed.
    pub fn close(&mut self, host: &str) {
        self.open = self.open.saturating_sub(1);
        if let Some(known) = self.hosts.get_mut(host) {
            known.close();
            if known.idle_since() == Some(None) {
                self.hosts.remove(host);
            }
        }
        self.forget();
    }

    /// A queue may name any number of hosts: of those that are not in use, the one that was learnt of first is forgotten.
    fn forget(&mut self) {
        if self.hosts.len() > REMEMBERED {
            let idle = self.hosts.iter().filter_map(|(name, host)| Some((host.idle_since()?, name)));
            if let Some(name) = idle.min().map(|(_, name)| name.clone()) {
                self.hosts.remove(&name);
            }
        }
    }

    /// The host refused a connection, which is closed by now, while it served others: it bears no more than are open.
    /// Some of these may not have been answered yet; if they are refused too, that lowers it further.
    pub fn refuse(&mut self, host: &str, now: Moment) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.refuse(host.open_now(), now);
        }
    }

    /// The host answers one of its connections.
    pub fn serves(&mut self, host: &str, now: Moment) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.serves(now);
        }
    }

    /// One that it answered is about to be closed.
    pub fn serves_no_more(&mut self, host: &str) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.serves_no_more();
        }
    }

    /// The host has let a connection wait, which is closed by now, while it served others.
    pub fn keep_waiting(&mut self, host: &str, now: Moment) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.keep_waiting(host.open_now(), now);
        }
    }

    /// The host refused a connection that still counts as open. True if that was one too many: others are open, as
    /// many as the host was known to bear or one fewer; then it bears those alone. A refusal far below what it bore
    /// before is about something else.
    pub fn refuse_last(&mut self, host: &str, now: Moment) -> bool {
        let Some(host) = self.hosts.get_mut(host) else { return false };
        let others = host.open_now().saturating_sub(1);
        let too_many = others > 0 && host.allowed().is_some_and(|allowed| host.open_now() >= allowed);
        if too_many {
            host.refuse(others, now);
        }
        too_many
    }

    /// How many connections to a host are open.
    pub fn open_now(&self, host: &str) -> u16 {
        self.hosts.get(host).map_or(0, Host::open_now)
    }

    /// How many hosts something is kept of.
    pub fn kept(&self) -> usize {
        self.hosts.len()
    }

    /// How many connections a host bears, as far as it is known.
    pub fn allowed(&self, host: &str) -> Option<u16> {
        self.hosts.get(host)?.allowed()
    }

    /// When a host is tried with one connection more; `None` if it has no limit that is known.
    pub fn grows_at(&self, host: &str) -> Option<Moment> {
        self.hosts.get(host)?.grows_at()
    }

    /// True if there is something that `news` would give.
    pub fn has_news(&self) -> bool {
        self.hosts.values().any(Host::has_news)
    }

    /// What hosts were found to bear since the last time this was asked, and when.
    pub fn news(&mut self) -> Vec<(String, u16, Moment)> {
        let news = self.hosts.iter_mut().filter_map(|(name, host)| {
            let (allowed, at) = host.news()?;
            Some((name.clone(), allowed, at))
        });
        news.collect()
    }
}
