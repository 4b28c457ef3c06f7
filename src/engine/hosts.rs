//! The connections to each host, over all transfers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::clock::Clock;
use crate::model::{Lock, Moment};
use crate::plan::{CALM, Refusals, Turns};

/// Who may open a connection to which host. The lock is never held while a permit is given away: one that nobody takes
/// gives itself back, and that needs the lock.
#[derive(Debug)]
pub(super) struct Hosts {
    turns: Lock<Turns<oneshot::Sender<Permit>>>,
    refusals: Lock<Refusals>,
    clock: Clock,
}

/// The right to one connection; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    hosts: Arc<Hosts>,
    host: String,
    since: Moment,
    is_answered: AtomicBool,
}

impl Permit {
    /// How long it has been held.
    pub(super) fn age(&self) -> Duration {
        self.hosts.clock.now().since(self.since)
    }

    /// The host answers this connection.
    pub(super) fn answered(&self) {
        if !self.is_answered.swap(true, Ordering::Relaxed) {
            self.hosts.turns.lock().serves(&self.host, self.hosts.clock.now());
        }
    }

    /// The host refused this connection. True if it was one too many beside others that it serves: then the host is
    /// known to bear those alone, and the next one is to be waited for.
    pub(super) fn refused(&self) -> bool {
        self.hosts.turns.lock().refuse_last(&self.host, self.hosts.clock.now())
    }
}

/// One who stands in the line; leaves it when dropped.
struct Ticket<'hosts> {
    hosts: &'hosts Hosts,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.hosts.turns.lock().leave(self.number);
    }
}

impl Hosts {
    /// These hosts are known, with the connections that they bear; at most so many connections at once, to all hosts.
    pub(super) fn new(clock: Clock, most: usize, known: Vec<(String, u16)>) -> Arc<Self> {
        let mut turns = Turns::new(most);
        for (host, allowed) in known {
            turns.remember(host, allowed, clock.now());
        }
        Arc::new(Self { turns: Lock::new(turns), refusals: Lock::default(), clock })
    }

    fn permit(self: &Arc<Self>, host: String) -> Permit {
        Permit { hosts: self.clone(), host, since: self.clock.now(), is_answered: AtomicBool::new(false) }
    }

    /// A permit for one that has connections, if the host bears another one and nobody waits for it.
    pub(super) fn try_open(self: &Arc<Self>, host: &str) -> Option<Permit> {
        let granted = self.turns.lock().try_open(host, self.clock.now());
        granted.then(|| self.permit(host.to_owned()))
    }

    /// True if somebody waits who would get the next connection to this host that is closed.
    pub(super) fn is_waited_for(&self, host: &str) -> bool {
        self.turns.lock().is_waited_for(host, self.clock.now())
    }

    /// A permit as soon as the host bears another connection, and all have theirs who have waited longer.
    pub(super) async fn open(self: &Arc<Self>, host: &str) -> Permit {
        loop {
            // Dropped after the place is left: a permit that comes in between is given back by the receiver's drop.
            let (caller, mut called) = oneshot::channel();
            let _stands = Ticket { hosts: self, number: self.serve(|turns| turns.wait(host, caller)) };
            loop {
                tokio::select! {
                    biased;
                    permit = &mut called => match permit {
                        Ok(permit) => return permit,
                        // Never called and not in line any more: from the end again, rather than never.
                        Err(_) => break,
                    },
                    // Nobody closes anything when a host has been calm for long enough.
                    () = sleep(self.until_growth(host)) => self.serve(|_| ()),
                }
            }
        }
    }

    /// Does something that may make it somebody's turn, and calls those, before anybody else can take what is free. One
    /// who has gone meanwhile gives the permit back, which serves the next.
    fn serve<T>(self: &Arc<Self>, first: impl FnOnce(&mut Turns<oneshot::Sender<Permit>>) -> T) -> T {
        let mut turns = self.turns.lock();
        let done = first(&mut turns);
        let called = turns.serve(self.clock.now());
        drop(turns);
        for (host, caller) in called {
            drop(caller.send(self.permit(host)));
        }
        done
    }

    fn until_growth(&self, host: &str) -> Duration {
        let due = self.turns.lock().grows_at(host).map(|due| due.since(self.clock.now()));
        due.filter(|rest| !rest.is_zero()).unwrap_or(CALM)
    }

    /// The host refused a connection, which is closed by now, while it served others: it bears no more than are open.
    pub(super) fn refuse(&self, host: &str) {
        self.turns.lock().refuse(host, self.clock.now());
    }

    /// The host has let a connection wait, which is closed by now, while it served others: no more are asked for, for now.
    pub(super) fn keep_waiting(&self, host: &str) {
        self.turns.lock().keep_waiting(host, self.clock.now());
    }

    /// How many connections the host bears, as far as it is known.
    pub(super) fn allowed(&self, host: &str) -> Option<u16> {
        self.turns.lock().allowed(host)
    }

    /// How many connections to a host are open, of all transfers.
    pub(super) fn open_now(&self, host: &str) -> u16 {
        self.turns.lock().open_now(host)
    }

    /// The host has told a transfer that asked for the first time to come again: after so long, if it said that.
    pub(super) fn told_to_wait(&self, host: &str, after: Option<Duration>) {
        self.refusals.lock().refuse(host, after, self.clock.now());
    }

    /// The host did not answer a transfer at all that asked for the first time.
    pub(super) fn missed(&self, host: &str) {
        self.refusals.lock().miss(host, self.clock.now());
    }

    /// True if it did not answer at all the last time.
    pub(super) fn is_missing(&self, host: &str) -> bool {
        self.refusals.lock().is_missing(host)
    }

    /// The host gives what is asked for.
    pub(super) fn served(&self, host: &str) {
        self.refusals.lock().serve(host);
    }

    /// How long one that has not asked yet is to wait, since several others were told to; `None` if it is to ask.
    pub(super) fn asks_to_wait(&self, host: &str) -> Option<Duration> {
        let now = self.clock.now();
        Some(self.refusals.lock().wait_until(host, now)?.since(now))
    }

    /// True until it gives somebody what is asked for.
    pub(super) fn still_asks_to_wait(&self, host: &str) -> bool {
        self.refusals.lock().is_refusing(host)
    }

    /// True if something was learnt that has not been written down.
    pub(super) fn has_news(&self) -> bool {
        self.turns.lock().has_news()
    }

    /// What was learnt and is to be written down: the host, the connections that it bears, how long ago that was found.
    pub(super) fn news(&self) -> Vec<(String, u16, Duration)> {
        let now = self.clock.now();
        let news = self.turns.lock().news();
        news.into_iter().map(|(host, allowed, at)| (host, allowed, now.since(at))).collect()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.hosts.serve(|turns| {
            if *self.is_answered.get_mut() {
                turns.serves_no_more(&self.host);
            }
            turns.close(&self.host);
        });
    }
}
