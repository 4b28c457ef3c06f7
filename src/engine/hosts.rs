//! The connections to each host, over all transfers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::clock::Clock;
use crate::model::Moment;
use crate::plan::Host;

/// Who may open a connection to which host.
#[derive(Debug)]
pub(super) struct Hosts {
    known: Mutex<HashMap<String, Host>>,
    closed: Notify,
    clock: Clock,
    /// Connections that are open, and how many the process can have.
    open: AtomicUsize,
    most: usize,
}

/// The right to one connection; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    hosts: Arc<Hosts>,
    host: String,
    since: Moment,
}

impl Permit {
    /// How long it has been held.
    pub(super) fn age(&self) -> Duration {
        self.hosts.clock.now().since(self.since)
    }
}

impl Hosts {
    /// No host is known yet; at most so many connections at once, to all of them.
    pub(super) fn new(clock: Clock, most: usize) -> Arc<Self> {
        Arc::new(Self { known: Mutex::default(), closed: Notify::new(), clock, open: AtomicUsize::new(0), most })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit, if the host bears another connection.
    pub(super) fn try_open(self: &Arc<Self>, host: &str) -> Option<Permit> {
        let now = self.clock.now();
        let mut known = self.lock();
        let room = self.open.load(Ordering::Relaxed) < self.most;
        let granted = room && known.entry(host.to_owned()).or_default().open(now);
        if granted {
            self.open.fetch_add(1, Ordering::Relaxed);
        }
        granted.then(|| Permit { hosts: self.clone(), host: host.to_owned(), since: now })
    }

    /// A permit as soon as the host bears another connection.
    pub(super) async fn open(self: &Arc<Self>, host: &str) -> Permit {
        loop {
            let closed = self.closed.notified();
            if let Some(permit) = self.try_open(host) {
                return permit;
            }
            closed.await;
        }
    }

    /// The host refused a connection, which is closed by now, while it served others: it bears no more than are open.
    /// Some of these may not have been answered yet; if they are refused too, that lowers it further.
    pub(super) fn refuse(&self, host: &str) {
        let now = self.clock.now();
        if let Some(host) = self.lock().get_mut(host) {
            host.refuse(host.open_now(), now);
        }
    }

    /// How many connections the host bears, as far as it is known.
    pub(super) fn allowed(&self, host: &str) -> Option<u16> {
        self.lock().get(host)?.allowed()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(host) = self.hosts.lock().get_mut(&self.host) {
            host.close();
        }
        self.hosts.open.fetch_sub(1, Ordering::Relaxed);
        self.hosts.closed.notify_waiters();
    }
}
