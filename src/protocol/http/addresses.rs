//! The addresses of hosts: looked up once for connections that are opened together, and used side by side, so that the
//! connections of one download spread over all servers that stand behind a name.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::{Name, Resolve, Resolving};
use tokio::task::spawn_blocking;

use crate::model::Lock;

/// An answer of the system's resolver holds for so long; it does not tell for how long it may be kept.
const KEPT: Duration = Duration::from_secs(10);
/// A server that had trouble is taken for one that has for so long, unless it answers.
const ILL: Duration = Duration::from_secs(30);
/// More names or addresses than this are not remembered at a time.
const MOST: usize = 1024;

/// How often an address was given out: first, how often without an answer on it since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Connections to it that have not been answered, or not yet.
    pub unanswered: u32,
    /// Connections to it in all.
    pub given: u32,
}

/// The order in which a connection should try a host's addresses: the least used first, and behind all those that
/// answer one that does not. The family that the system prefers stays the first one (RFC 6724), and within a family those
/// that are alike stay in the system's order.
pub fn in_turn(addresses: &[IpAddr], used: impl Fn(&IpAddr) -> Use) -> Vec<IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let mut ordered = addresses.to_vec();
    ordered.sort_by_key(|address| (address.is_ipv6() != first_is_v6, used(address)));
    ordered
}

/// The addresses of hosts. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Arc<Lock<Known>>);

#[derive(Debug, Default)]
struct Known {
    names: HashMap<String, (Instant, Vec<IpAddr>)>,
    /// Of the addresses of names that have several.
    used: HashMap<IpAddr, Use>,
    /// Those whose servers had trouble, and when.
    ill: HashMap<IpAddr, Instant>,
}

impl Addresses {
    /// A connection to this address was answered.
    pub(super) fn answered(&self, address: IpAddr) {
        let mut known = self.0.lock();
        known.ill.remove(&address);
        if let Some(used) = known.used.get_mut(&address) {
            used.unanswered = used.unanswered.saturating_sub(1);
        }
    }

    /// The server at this address has trouble. True if its host has others that have none: new connections go to these first
    /// from now on. Where others have it too the host itself is busy, and no address is better.
    pub(super) fn put_last(&self, address: IpAddr) -> bool {
        let mut known = self.0.lock();
        known.ill.retain(|_, since| since.elapsed() < ILL);
        known.ill.insert(address, Instant::now());
        let is_other = |other: &IpAddr| {
            *other != address && other.is_ipv6() == address.is_ipv6() && !known.ill.contains_key(other)
        };
        let mut hosts = known.names.values().map(|(_, addresses)| addresses);
        let has_others = hosts.any(|all| all.contains(&address) && all.iter().any(is_other));
        if has_others {
            let used = known.used.entry(address).or_default();
            used.unanswered = used.unanswered.max(1);
        }
        has_others
    }
}

impl Known {
    fn fresh(&self, name: &str) -> Option<Vec<IpAddr>> {
        let (at, addresses) = self.names.get(name)?;
        (at.elapsed() < KEPT).then(|| addresses.clone())
    }

    fn keep(&mut self, name: String, addresses: Vec<IpAddr>) {
        if self.names.len() >= MOST || self.used.len() >= MOST {
            self.names.clear();
            self.used.clear();
            self.ill.clear();
        }
        self.names.insert(name, (Instant::now(), addresses));
    }

    /// The order for the next connection, whose first address counts as given out.
    fn take(&mut self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        if addresses.len() < 2 {
            return addresses.to_vec();
        }
        let ordered = in_turn(addresses, |address| self.used.get(address).copied().unwrap_or_default());
        if let Some(first) = ordered.first() {
            let used = self.used.entry(*first).or_default();
            (used.unanswered, used.given) = (used.unanswered.saturating_add(1), used.given.saturating_add(1));
        }
        ordered
    }
}

/// What the system's resolver says, which may take long. It may name an address several times.
fn ask(name: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for address in (name, 0).to_socket_addrs()?.map(|address| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let known = self.clone();
        Box::pin(async move {
            let fresh = known.0.lock().fresh(name.as_str());
            let addresses = if let Some(addresses) = fresh {
                addresses
            } else {
                let asked = name.as_str().to_owned();
                let addresses = spawn_blocking(move || ask(&asked)).await??;
                known.0.lock().keep(name.as_str().to_owned(), addresses.clone());
                addresses
            };
            let ordered = known.0.lock().take(&addresses);
            Ok(Box::new(ordered.into_iter().map(|address| SocketAddr::new(address, 0))) as _)
        })
    }
}
