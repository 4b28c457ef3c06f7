//! On which connections servers are asked: which version of HTTP they speak, and what to do where one is dead.

use std::collections::HashMap;
use std::time::Instant;

use reqwest::Version;
use url::Origin;

use super::client::{IDLE, Lane};
use crate::model::Lock;

/// Servers that something is known of; all of it is forgotten where there are more.
const MOST: usize = 1024;

/// What is known of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    /// Nothing but HTTP/2.
    OnlyTwo,
    /// HTTP/2 as well.
    Two,
    /// Only HTTP/1.1, or its HTTP/2 does not work, or that is being found out by one request.
    One,
}

/// What was found out about servers.
#[derive(Debug, Default)]
pub(super) struct Lanes(Lock<HashMap<Origin, Found>>);

/// A request that waits for its answer. If it is dropped before it `is_over`, it was given up.
pub(super) struct Waiting<'a> {
    pub(super) lanes: &'a Lanes,
    pub(super) origin: &'a Origin,
    pub(super) lane: Lane,
    pub(super) is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.lanes.given_up(self.origin, self.lane);
        }
    }
}

/// What was found out about one.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    speaks: Option<Speaks>,
    has_answered: bool,
    /// Until then a connection that was kept may be one to a server of it that has trouble, beside others that have none.
    shuns_until: Option<Instant>,
    /// True if it has answered If-Range with the whole, and the same without it with the right part.
    misreads_if_range: bool,
    /// True if it has given a proper answer in a head with lines that are none.
    garbles: bool,
}

impl Lanes {
    /// The lane for a request; a `brief` one may share its connection. The first of these finds out whether that is
    /// possible, and all others go their own way meanwhile: a server may count connections. One that `forgives` can bear lines
    /// in its answer's head that are none.
    pub(super) fn choose(&self, origin: &Origin, brief: bool, forgives: bool) -> Lane {
        let mut all = self.0.lock();
        let found = all.get(origin).copied().unwrap_or_default();
        match found.speaks {
            _ if forgives && found.garbles => Lane::Forgiving,
            speaks
                if found.shuns_until.is_some_and(|until| Instant::now() < until) && speaks != Some(Speaks::OnlyTwo) =>
            {
                Lane::Fresh
            }
            Some(Speaks::OnlyTwo) => Lane::Http2,
            Some(Speaks::Two) if brief => Lane::Shared,
            None if brief => {
                entry(&mut all, origin).speaks = Some(Speaks::One);
                Lane::Shared
            }
            _ => Lane::Own,
        }
    }

    /// An answer came on a lane, in this version of HTTP. On the lane for HTTP/2 it came only since the other was refused.
    pub(super) fn answered(&self, origin: &Origin, lane: Lane, version: Version) {
        let speaks = match lane {
            Lane::Own | Lane::Fresh | Lane::Forgiving => None,
            Lane::Shared if version == Version::HTTP_2 => Some(Speaks::Two),
            Lane::Http2 if version == Version::HTTP_2 => Some(Speaks::OnlyTwo),
            Lane::Shared | Lane::Http2 => Some(Speaks::One),
        };
        let mut all = self.0.lock();
        let found = entry(&mut all, origin);
        (found.speaks, found.has_answered) = (speaks.or(found.speaks), true);
        found.garbles |= lane == Lane::Forgiving;
    }

    /// If-Range is of no use with this server: what comes without it says of which version it is.
    pub(super) fn misreads_if_range(&self, origin: &Origin) {
        entry(&mut self.0.lock(), origin).misreads_if_range = true;
    }

    /// True if If-Range is of use, as far as is known.
    pub(super) fn takes_if_range(&self, origin: &Origin) -> bool {
        self.0.lock().get(origin).is_none_or(|found| !found.misreads_if_range)
    }

    /// No connection that was kept is used before it would be closed. That is over in its time, whatever the server says
    /// meanwhile: none is kept by then that was open before.
    pub(super) fn shun(&self, origin: &Origin) {
        let now = Instant::now();
        let mut all = self.0.lock();
        let until = &mut entry(&mut all, origin).shuns_until;
        *until = until.filter(|until| now < *until).or(Some(now + IDLE));
    }

    /// A new connection is no better than one that was kept.
    pub(super) fn shun_no_more(&self, origin: &Origin) {
        if let Some(found) = self.0.lock().get_mut(origin) {
            found.shuns_until = None;
        }
    }

    /// A request on a lane was given up before its answer came. A shared connection that has gone silent would be offered to all
    /// that follow: the next one finds out once more whether sharing is possible, and the others go their own way meanwhile.
    fn given_up(&self, origin: &Origin, lane: Lane) {
        if let Some(found) = self.0.lock().get_mut(origin).filter(|_| lane == Lane::Shared)
            && found.speaks == Some(Speaks::Two)
        {
            found.speaks = None;
        }
    }

    /// Where a request is to be made once more, at once: one that no answer came to although its connection was made. An
    /// older connection may have been closed just then (RFC 9112, section 9.3.1), and HTTP/2 may not work.
    pub(super) fn otherwise(&self, origin: &Origin, lane: Lane) -> Option<Lane> {
        let mut all = self.0.lock();
        let found = all.get_mut(origin)?;
        match lane {
            Lane::Shared => {
                found.speaks = Some(Speaks::One);
                Some(Lane::Own)
            }
            Lane::Own if found.has_answered => Some(Lane::Fresh),
            Lane::Own | Lane::Fresh | Lane::Forgiving | Lane::Http2 => None,
        }
    }
}

/// What is known of a server, to be changed.
fn entry<'a>(all: &'a mut HashMap<Origin, Found>, origin: &Origin) -> &'a mut Found {
    if all.len() >= MOST && !all.contains_key(origin) {
        all.clear();
    }
    all.entry(origin.clone()).or_default()
}
