//! What one connection's fault means for the download as a whole, while others work. Pure.

use crate::model::{Fault, FaultKind};

/// What to do when a connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// End all connections: the fault concerns the file or the disk.
    Halt,
    /// The host gives no more connections than those that work: have no more.
    Fewer,
    /// Open it again.
    Again,
}

/// The response to a fault of one connection. `fruitful`: it had given bytes. `others`: connections that receive.
pub(super) fn response(fault: &Fault, fruitful: bool, others: u16) -> Response {
    use FaultKind as Kind;
    match fault.kind {
        Kind::Changed
        | Kind::Retagged
        | Kind::Disk
        | Kind::DiskFull
        | Kind::Exists
        | Kind::Busy
        | Kind::Checksum
        | Kind::State => Response::Halt,
        _ if others == 0 => Response::Halt,
        Kind::Cut | Kind::Stalled if fruitful => Response::Again,
        Kind::Resolve => Response::Again,
        _ => Response::Fewer,
    }
}
