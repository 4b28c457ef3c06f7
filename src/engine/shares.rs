//! How the files that the process may have open are shared out.

/// Files that are kept free for all else than transfers: the terminal, the queue, the log, names that are resolved;
/// and for each transfer its part file, its checkpoint, the one that is being written and its folder.
const FILES: usize = 16;
const FILES_EACH: usize = 4;
/// One in so many of the files that may be open may be of a transfer that only ends.
const OF_ENDINGS: usize = 8;

/// What the process's limit of open files leaves room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Transfers at once: no more than were asked for, and each with a connection.
    pub transfers: usize,
    /// Transfers that only end.
    pub endings: usize,
    /// Connections in all.
    pub connections: usize,
}

impl Shares {
    /// Of so many files, for so many transfers at once.
    pub fn of(files: usize, transfers: u16) -> Self {
        let endings = files / OF_ENDINGS;
        let free = files.saturating_sub(FILES + endings);
        let transfers = usize::from(transfers).min(free / (FILES_EACH + 1)).max(1);
        Self { transfers, endings, connections: free.saturating_sub(FILES_EACH * transfers).max(1) }
    }
}
