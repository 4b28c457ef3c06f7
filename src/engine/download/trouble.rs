//! What one connection's fault means for the download as a whole, while others work. Pure.

use crate::model::{Fault, FaultKind};
use crate::protocol::{Asked, Request};

/// So often in a row may the host give a further connection, and over it not the part that was asked for. Then this
/// download has no more of them.
pub(super) const MAX_STRAYS: u32 = 3;

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
        // These say nothing of how many connections the host bears.
        Kind::Resolve | Kind::RangeIgnored | Kind::WrongRange => Response::Again,
        _ => Response::Fewer,
    }
}

/// True if the host gave a connection, and not the part that was asked for.
pub(super) fn is_stray(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::RangeIgnored | FaultKind::WrongRange)
}

/// True if there is no such file, or no more.
pub(super) fn is_gone(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Status(404 | 410))
}

/// True if a first connection may have been refused because the host serves others. A 403 is not: it may be about this
/// file alone, and would be asked for again and again.
pub(super) fn is_refusal(fault: &Fault) -> bool {
    use FaultKind as Kind;
    matches!(fault.kind, Kind::Connect | Kind::Cut | Kind::Status(429 | 503))
}

/// The fault of a request, where it may have been refused for nothing but its range: what is on disk is kept by asking for the
/// whole then. A link that was signed may as well have expired.
pub(super) fn as_refused_range(fault: Fault, request: &Request) -> Fault {
    let may_be_range = match fault.kind {
        FaultKind::Status(400) => !request.source.is_passing(),
        FaultKind::Status(405 | 406 | 412 | 413 | 501) => true,
        _ => false,
    };
    let is_range = request.expected.is_some() && request.asked != Asked::Whole;
    if may_be_range && is_range { Fault { kind: FaultKind::RangeIgnored, ..fault } } else { fault }
}
