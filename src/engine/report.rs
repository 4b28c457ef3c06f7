//! What a transfer's task tells the supervisor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::errand::Done;
use super::shortage::Room;
use crate::api::{Happening, Live};
use crate::model::{Algorithm, Fault, Metalink, RangeSet, Spec, TransferId};

/// A message from a task to the supervisor.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: TransferId,
    pub(super) what: What,
}

/// What a task has to say.
#[derive(Debug)]
pub(super) enum What {
    /// Something to pass on to the faces.
    Happened(Happening),
    /// The file of an upload, and its bytes: known before the store is asked.
    Known(PathBuf, u64),
    /// What looks at the disks of transfers found that wait for room.
    Room(Vec<Room>),
    /// An errand with the transfer's file is over.
    Back(Box<Done>),
    /// The same; its thread was lost.
    Lost,
    /// Objects that lie below its URL: each is to be a transfer of its own. So many others can't be.
    Listed(Vec<Spec>, usize),
    /// All bytes have come, so many of them now; what is left is to make them durable. `shared`: on a connection that
    /// others share.
    Fetched { moved: u64, shared: bool },
    /// It only waits, and has no connection that brings anything.
    Resting(Resting),
    /// It has waited, and goes on when this says that it has a slot of the queue again.
    Woke(oneshot::Sender<()>),
    /// The task has ended after so long; it is the last message.
    Ended(Ending, Duration),
}

/// A wait of one that needs no slot of the queue for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resting {
    /// It asks for nothing before this moment.
    pub(super) until: Instant,
    /// Its host does not answer at all.
    pub(super) silent: bool,
    /// All others that have not asked the same host would wait as well.
    pub(super) at_host: bool,
    /// It has its part file open.
    pub(super) has_files: bool,
}

impl Resting {
    /// So long from now, with nothing open.
    pub(super) fn after(wait: Duration) -> Self {
        Self { until: Instant::now() + wait, silent: false, at_host: false, has_files: false }
    }

    /// Until something comes.
    pub(super) fn now() -> Self {
        Self::after(Duration::ZERO)
    }

    /// The same with a part file, if there is one.
    pub(super) fn with_files(self, has_files: bool) -> Self {
        Self { has_files, ..self }
    }
}

/// How a task ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Every byte is at the target.
    Done(Complete),
    /// Its URL led to a metalink; these files are to be fetched in its place. At least one.
    Described(Metalink),
    /// Its URL was a folder, which has been read to its end; this is the first object below it.
    Unfolded(Box<Spec>),
    /// It was told to stop, and has saved what it has.
    Stopped,
    /// It can't go on.
    Failed(Fault),
}

/// A file that is complete.
#[derive(Debug, Default)]
pub(super) struct Complete {
    pub(super) target: PathBuf,
    pub(super) bytes: u64,
    /// Bytes that came or went in this run.
    pub(super) fetched: u64,
    /// It was there before.
    pub(super) unchanged: bool,
    pub(super) checked: Vec<Algorithm>,
    /// The faces have not been told of the first answer.
    pub(super) untold: bool,
}

/// The latest about a running transfer.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The target, once it is known.
    pub(super) target: Option<PathBuf>,
    pub(super) length: Option<u64>,
    pub(super) done: Arc<RangeSet>,
    pub(super) resumable: bool,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) live: Option<Arc<Live>>,
}
