//! What a face may ask. No reply channel: the caller mints ids, and a refusal is an event.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Header, Priority, Rate, Source, Spec, StartTime, TransferId};

/// How long a removal can be taken back.
pub const UNDO: Duration = Duration::from_secs(10);

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
        /// Headers for it in place of those that it has; with none these stay, unless they are for another origin.
        headers: Vec<Header>,
    },
    /// Take these out of the list. Finished files always stay. For ten seconds `Undo` brings them back, with their data.
    Remove {
        /// Which.
        ids: Vec<TransferId>,
        /// Delete the partial data too.
        data: bool,
    },
    /// Move these in the queue, in which they keep their order among themselves.
    Move {
        /// Which.
        ids: Vec<TransferId>,
        /// Where to.
        to: Position,
    },
    /// Bring back what the last `Remove` took out that is not older than ten seconds.
    Undo,
    /// Set or lift the limit on all downloads together. Where the settings have a timetable, that holds until its next change.
    Limit(Option<Rate>),
    /// Set or lift the limit of each of these alone.
    LimitEach {
        /// Which.
        ids: Vec<TransferId>,
        /// Bytes a second.
        rate: Option<Rate>,
    },
    /// These go before or after others.
    Prioritize {
        /// Which.
        ids: Vec<TransferId>,
        /// From now on.
        priority: Priority,
    },
    /// These are of a category, of which an empty one is none; `None`: of the one that their names and hosts belong to.
    /// What is on disk stays where it is.
    Categorize {
        /// Which.
        ids: Vec<TransferId>,
        /// From now on.
        category: Option<Arc<str>>,
    },
    /// These start at a time and not before, paused and failed ones too; what runs stops until then.
    Schedule {
        /// Which.
        ids: Vec<TransferId>,
        /// When; `None`: in their turn.
        at: Option<StartTime>,
    },
    /// These are next in this order, whatever time they were to start at and whatever the hours of the queue are.
    StartNow(Vec<TransferId>),
    /// Give one another name in its folder: what is on disk of it, and what is still to come.
    Rename {
        /// Which.
        id: TransferId,
        /// A name without a folder.
        name: String,
    },
    /// Move these into another folder: what is on disk of them, and what is still to come.
    MoveTo {
        /// Which.
        ids: Vec<TransferId>,
        /// The folder, absolute.
        folder: PathBuf,
    },
    /// Read these finished files back and compare them with what they should be.
    Verify(Vec<TransferId>),
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the one above it.
    Up,
    /// After the one below it.
    Down,
    /// Before all others.
    Top,
    /// After all others.
    Bottom,
    /// Right before another one,
    Before(TransferId),
    /// or right after it.
    After(TransferId),
}

impl Position {
    /// The order in which several transfers go there one by one, so that they keep their order among themselves. Each comes
    /// with its place in the queue, from 0, which has so many.
    pub fn in_turn<T>(self, mut placed: Vec<(usize, T)>, total: usize) -> Vec<T> {
        placed.sort_by_key(|(place, _)| *place);
        if matches!(self, Self::Down | Self::Top) {
            placed.reverse();
        }
        let several = placed.len() > 1;
        // Those that stand at the end already stay, or the ones behind would jump over them.
        let stays = |(number, (place, _)): &(usize, (usize, T))| match self {
            Self::Up => several && place == number,
            Self::Down => several && place + number + 1 == total,
            _ => false,
        };
        placed.into_iter().enumerate().skip_while(stays).map(|(_, (_, item))| item).collect()
    }
}
