//! A connection of the test's own, whose buffer can be looked at.

use std::net::{TcpListener, TcpStream};

use haul::protocol::Ends;
use rustix::net::sockopt::socket_recv_buffer_size;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// A connection on loopback.
pub struct Pair {
    near: TcpStream,
    _far: TcpStream,
}

impl Pair {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self { near, _far: listener.accept().unwrap().0 }
    }

    pub fn ends(&self) -> Ends {
        Ends { local: self.near.local_addr().unwrap(), peer: self.near.peer_addr().unwrap(), shared: false }
    }

    /// The size of the buffer here, as the system counts it.
    pub fn buffer(&self) -> u64 {
        socket_recv_buffer_size(&self.near).unwrap() as u64
    }
}

/// True where a program may open its own sockets once more. Some containers forbid it; then no buffer gets smaller.
pub fn sockets_are_found() -> bool {
    let own = pidfd_open(getpid(), PidfdFlags::empty());
    let found = own.is_ok_and(|own| pidfd_getfd(own, 0, PidfdGetfdFlags::empty()).is_ok());
    if !found {
        println!("skipped: this system does not let a program open its own sockets once more");
    }
    found
}
