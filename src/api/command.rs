//! What a face may ask. No reply channel: the caller mints ids, and a refusal is an event.

use crate::model::{Rate, Source, Spec, TransferId};

/// An order to the engine.
#[derive(Clone, Debug)]
pub enum Command {
    /// Put transfers at the end of the queue; they start when there is room.
    Add(Vec<(TransferId, Spec)>),
    /// Stop these and keep what they have.
    Pause(Vec<TransferId>),
    /// Let these go on when there is room.
    Resume(Vec<TransferId>),
    /// Pause everything that is queued or running.
    PauseAll,
    /// Resume everything that is paused.
    ResumeAll,
    /// Try these failed ones again, with fresh patience; one that waits to try again does so now.
    Retry(Vec<TransferId>),
    /// The bytes come from another URL from now on; what is on disk is compared with it, and goes on if it matches. A
    /// paused transfer stays paused.
    Relink {
        /// Which.
        id: TransferId,
        /// The new URL.
        source: Source,
    },
    /// Take these out of the list. Finished files always stay.
    Remove {
        /// Which.
        ids: Vec<TransferId>,
        /// Delete the partial data too.
        data: bool,
    },
    /// Move one in the queue.
    Move {
        /// Which.
        id: TransferId,
        /// Where to.
        to: Place,
    },
    /// Set or lift the limit on everything together.
    Limit(Option<Rate>),
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the one above it.
    Up,
    /// After the one below it.
    Down,
    /// Before all others.
    Top,
    /// After all others.
    Bottom,
}
