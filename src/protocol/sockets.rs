//! How much of what a server sends the system may take in before haul reads it.
//!
//! A limit is kept by reading no faster. But the system reads on, into a buffer that it lets grow to megabytes for each
//! connection: the line is as busy as without a limit until all buffers are full, and a kill loses what they hold. So a
//! connection that is read under a limit has a small buffer, where its way is short enough for it. The clients that make
//! the connections do not give their sockets away; on Linux a socket of one's own is found by the addresses of its ends.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::model::Lock;

/// No more connections than this are remembered; it is a matter of memory alone.
const MOST_KNOWN: usize = 4096;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    /// Its address here.
    pub local: SocketAddr,
    /// Whose address answers on it: the server's, or a proxy's.
    pub peer: SocketAddr,
    /// True if other answers come on it too (HTTP/2).
    pub shared: bool,
}

/// The connections that were given small buffers.
#[derive(Debug, Default)]
pub struct Sockets {
    small: Lock<HashSet<Ends>>,
    /// The largest buffer that can be asked for. One that was ever asked for grows no more by itself.
    most: OnceLock<u64>,
}

impl Sockets {
    /// Lets the system take in so many bytes that nobody has read yet, or as many as it thinks right. False if that can't
    /// be: the connection was given a small buffer before, and is to make room for a new one. One that is shared is left as
    /// it is.
    pub fn hold(&self, ends: Ends, unread: Option<u64>) -> bool {
        if ends.shared {
            return true;
        }
        let mut small = self.small.lock();
        match unread {
            None if small.is_empty() => true,
            Some(bytes) if bytes <= *self.most.get_or_init(largest) => {
                if small.len() >= MOST_KNOWN {
                    small.clear();
                }
                if set(ends, bytes) {
                    small.insert(ends);
                }
                true
            }
            _ => !small.remove(&ends),
        }
    }
}

#[cfg(target_os = "linux")]
fn largest() -> u64 {
    let read = std::fs::read_to_string("/proc/sys/net/core/rmem_max");
    read.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn largest() -> u64 {
    0
}

/// Sets the size of a connection's buffer; false where its socket is not found. The system takes twice as much, for what
/// it needs itself (socket(7)).
#[cfg(target_os = "linux")]
fn set(ends: Ends, bytes: u64) -> bool {
    let size = usize::try_from(bytes).unwrap_or(usize::MAX);
    find(ends).is_some_and(|socket| rustix::net::sockopt::set_socket_recv_buffer_size(socket, size).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn set(_: Ends, _: u64) -> bool {
    false
}

/// Another descriptor of the process's own socket with these ends. Only sockets are opened once more, and closed at once: to
/// close a second descriptor of a file could cost a lock.
#[cfg(target_os = "linux")]
fn find(ends: Ends) -> Option<std::os::fd::OwnedFd> {
    use rustix::net::{SocketAddrAny, getpeername, getsockname};
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let own = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let is_socket = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path())
            .is_ok_and(|target| target.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
    };
    let entries = std::fs::read_dir("/proc/self/fd").ok()?.filter_map(Result::ok).filter(is_socket);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut sockets = numbers.filter_map(|number| pidfd_getfd(&own, number, PidfdGetfdFlags::empty()).ok());
    let is = |found: Option<SocketAddrAny>, end| found.and_then(|found| SocketAddr::try_from(found).ok()) == Some(end);
    sockets.find(|socket| is(getsockname(socket).ok(), ends.local) && is(getpeername(socket).ok().flatten(), ends.peer))
}
