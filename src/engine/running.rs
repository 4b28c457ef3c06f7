//! A transfer that runs, as the supervisor holds it, and what becomes of it then.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limiter::Limiter;
use super::report::{Progress, Resting};
use crate::model::{Fault, Header, Moment, Source, Target};

/// What becomes of a transfer when its task has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is paused.
    Pause,
    /// It waits for its turn again.
    Queue,
    /// It is removed; the flag tells whether its partial data goes too.
    Remove(bool),
}

/// A wait for the next attempt.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// No attempt before this moment.
    pub(super) until: Instant,
    /// What went wrong.
    pub(super) fault: Arc<Fault>,
}

/// A running task, as the supervisor holds it.
#[derive(Debug)]
pub(super) struct Running {
    /// When it began.
    pub(super) since: Moment,
    pub(super) stop: CancellationToken,
    pub(super) nudge: Arc<Notify>,
    pub(super) limiter: Arc<Limiter>,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) then: Option<Then>,
    /// What was to become of it before it was to be removed.
    pub(super) before: Option<Then>,
    /// The URL that takes the present one's place when it has stopped.
    pub(super) relink: Option<(Source, Vec<Header>)>,
    /// Where its file is to go when it has stopped.
    pub(super) retarget: Option<Target>,
    /// What it waits for while it rests.
    pub(super) rests: Option<Resting>,
    /// True for a folder of which a page was left out: it is read again from its beginning.
    pub(super) lacks: bool,
    /// Tells one that has rested that it has a slot again.
    pub(super) turn: Option<oneshot::Sender<()>>,
}

impl Running {
    /// True if it is about to stop, and stays in the list.
    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.then, Some(Then::Pause | Then::Queue))
    }
}
