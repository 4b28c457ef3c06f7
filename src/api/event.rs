//! What happened, in the past tense.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Algorithm, ByteRange, Checksum, Fault, Source, TransferId};

/// Something that happened to a transfer.
#[derive(Clone, Debug)]
pub struct Event {
    /// How many have happened with this one. A snapshot of as many shows what it is about.
    pub number: u64,
    /// To which.
    pub id: TransferId,
    /// What.
    pub happening: Happening,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// It is in the queue, durably.
    Added,
    /// It was not taken into the list, and why.
    Refused(Fault),
    /// Its task runs.
    Started,
    /// The server answered: the target is known, and so is the length where the server tells.
    Answered {
        /// Where the finished file will be.
        target: PathBuf,
        /// Bytes of the whole file.
        length: Option<u64>,
        /// Bytes that were on disk already.
        resumed: u64,
        /// False if a stop would lose what has come (no ranges, or no length).
        resumable: bool,
        /// True for an upload of what can be read only once.
        stream: bool,
    },
    /// Something went wrong and will be tried again.
    Retried {
        /// What went wrong.
        fault: Fault,
        /// How long until the next attempt.
        after: Duration,
    },
    /// It begins again from its first byte, and why.
    Restarted(Fault),
    /// One of several places of its file is not asked any more, and why.
    Dropped(Fault),
    /// Its bytes are not what they should be, and why: some or all of them are fetched once more and compared.
    Repairing(Fault),
    /// Bytes that had come once are there again: those that a second fetch has brought otherwise, or that were found damaged on
    /// disk.
    Repaired {
        /// Blocks of the file that came otherwise, and were replaced.
        damaged: u64,
        /// Blocks of the file.
        blocks: u64,
    },
    /// Something speaks against the finished file, but what proves more speaks for it.
    Doubted(Fault),
    /// What is noted between runs is of no use: what is complete can't be noted for the next time, or can't be known from the last
    /// one, each told once in a run of whichever transfer it is; or the part file is gone that bytes are noted of.
    Unnoted(Fault),
    /// Its bytes come from this URL from now on.
    Relinked(Source),
    /// Its URL led to several files: it fetches this one from now on, the first of them.
    Became(Source),
    /// Its URL led to a metalink: it goes on with the first file that this describes, over so many places; the others are
    /// transfers of their own.
    Described {
        /// Where its file can be had from.
        places: usize,
        /// The transfers that are added for further files.
        others: Vec<(TransferId, Source)>,
        /// Files that can't be fetched, since haul may ask none of their places.
        left_out: usize,
    },
    /// Its URL is a folder: these further objects lie below it, and are transfers of their own.
    Listed {
        /// The transfers that are added.
        others: Vec<(TransferId, Source)>,
        /// Objects that can't be fetched, since no URL can hold their names.
        left_out: usize,
    },
    /// All that its URL leads to is in the list already: it leaves the list, and those bring it.
    Joined {
        /// Files of it that can't be fetched.
        left_out: usize,
    },
    /// Its link has expired; what is on disk waits for a new one.
    Expired(Fault),
    /// Its disk has no room for the rest; it goes on by itself when there is room.
    DiskFull(Fault),
    /// The store has begun an upload in parts.
    UploadCreated,
    /// The store has a part; or, of a download, all that one request asked for has come. A file that comes or goes in one
    /// request has no parts.
    PartDone {
        /// Its number, from 1: its place in the file if it was sent, and its place among those that ended if it was fetched.
        number: u32,
        /// Its bytes.
        range: ByteRange,
    },
    /// The store has not taken a part, and it is sent again; or what was to come has come in part, and the rest is asked for
    /// again.
    PartFailed {
        /// Its number, from 1.
        number: u32,
        /// Why.
        fault: Fault,
        /// How long its connection rests before, if it was to be sent.
        after: Option<Duration>,
    },
    /// A part was on its way when the transfer was stopped.
    PartAborted {
        /// Its number, from 1.
        number: u32,
    },
    /// The store has freed the parts of an upload that was given up.
    UploadAborted,
    /// The store does not free the parts of an upload that was given up, and why.
    UploadLeft(Fault),
    /// All of it has come, and the part file has been given the file's own name.
    Renamed(PathBuf),
    /// The user stopped it.
    Paused,
    /// Every byte is at the target, checked and synced.
    Completed {
        /// The finished file.
        target: PathBuf,
        /// Its bytes.
        bytes: u64,
        /// Bytes that came over the network in this run.
        fetched: u64,
        /// How long this run took.
        took: Duration,
        /// True if an earlier run had finished it and the server says that it is unchanged.
        unchanged: bool,
        /// The algorithms in which it is what the user, a list or the server said; empty if nobody said anything.
        checked: Vec<Algorithm>,
    },
    /// It was given up.
    Failed(Fault),
    /// An order was not carried out, and why; nothing has changed.
    Denied(Fault),
    /// Its file, or what there is of it, is at this path now, or will be.
    Moved(PathBuf),
    /// Its finished file was read back.
    Verified {
        /// What it hashes to.
        checksum: Checksum,
        /// True if that is what was asked for; false if nobody has said what it should be.
        compared: bool,
    },
    /// Its finished file is not any more what it should be.
    Damaged(Fault),
    /// It is out of the list.
    Removed,
    /// It is in the list again, as it was.
    Restored,
}
