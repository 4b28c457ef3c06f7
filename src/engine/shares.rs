//! How the files that the process may have open are shared out.

use crate::plan::FILES_RESTING;

/// Files that are kept free for all else than transfers: the terminal, the queue, the log, names that are resolved;
/// and for each transfer its part file, its checkpoint, the one that is being written and its folder.
const FILES: usize = 16;
const FILES_EACH: usize = 4;
/// One in so many of the files that may be open may be of a transfer that only ends.
const OF_ENDINGS: usize = 8;
/// One in so many may be of a transfer that shares its connection; the others are left to connections.
const OF_SHARING: usize = 4;

/// No more transfers that have files open wait beside those that run: each is a task, and has begun.
const MOST_RESTS: usize = 64;

/// Transfers at once where nobody says how many, and as many while they are brief.
const TRANSFERS: usize = 4;
const TRANSFERS_WHILE_BRIEF: u16 = 16;
/// The same while they share their connections: servers take a hundred requests at once on one (RFC 9113, section 6.5.2).
const TRANSFERS_WHILE_SHARING: usize = 64;

/// What the process's limit of open files leaves room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Transfers at once,
    pub transfers: usize,
    /// and while they are brief: no more than were asked for, and each with a connection.
    pub most: usize,
    /// the same while they share their connections.
    pub most_sharing: usize,
    /// Transfers that only end,
    pub endings: usize,
    /// and of the same files, transfers that only wait.
    pub rests: usize,
    /// Connections in all.
    pub connections: usize,
}

impl Shares {
    /// Of so many files, for so many transfers at once; `None` is for a few, and more while they are brief.
    pub fn of(files: usize, transfers: Option<u16>) -> Self {
        let endings = files / OF_ENDINGS;
        let free = files.saturating_sub(FILES + endings);
        let wanted = usize::from(transfers.unwrap_or(TRANSFERS_WHILE_BRIEF));
        let most = wanted.min(free / (FILES_EACH + 1)).max(1);
        let most_sharing = match transfers {
            Some(_) => most,
            None => TRANSFERS_WHILE_SHARING.min(free / (FILES_EACH * OF_SHARING)).max(most),
        };
        let transfers = if transfers.is_some() { most } else { most.min(TRANSFERS) };
        let connections = free.saturating_sub(FILES_EACH * most_sharing).max(1);
        let rests = (endings / FILES_RESTING).min(MOST_RESTS);
        Self { transfers, most, most_sharing, endings, rests, connections }
    }
}
