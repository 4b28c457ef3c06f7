//! What a transfer's task is started with, and what all of them share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::download::{Clerk, Errands};
use super::hosts::Hosts;
use super::limiter::Limiter;
use super::report::{Progress, Report, What};
use super::setup::RoomAt;
use super::upload::Namings;
use crate::model::{Categories, Fault, OnChange, Patience, Spec, TransferId};
use crate::protocol::{Registry, Sockets};

/// What all transfers of an engine share.
pub(super) struct Shared {
    pub(super) state: PathBuf,
    pub(super) registry: Registry,
    pub(super) connections: Option<u16>,
    pub(super) patience: Patience,
    pub(super) on_change: OnChange,
    pub(super) room: RoomAt,
    pub(super) categories: Arc<Categories>,
    /// True if the queue lasts, so that what waits goes on by itself.
    pub(super) lasts: bool,
    /// The limit on everything that comes,
    pub(super) limiter: Arc<Limiter>,
    /// and on everything that goes.
    pub(super) uplink: Arc<Limiter>,
    /// What was learnt of stores' ETags.
    pub(super) namings: Arc<Namings>,
    pub(super) hosts: Arc<Hosts>,
    pub(super) clerk: Arc<Clerk>,
    pub(super) sockets: Arc<Sockets>,
    pub(super) errands: Errands,
    pub(super) clock: Clock,
}

/// What a transfer's task is started with.
pub(super) struct Orders {
    pub(super) id: TransferId,
    pub(super) spec: Spec,
    /// The target, if an earlier run has settled on it.
    pub(super) target: Option<PathBuf>,
    pub(super) shared: Arc<Shared>,
    pub(super) limiter: Arc<Limiter>,
    /// Begin from the first byte, whatever is on disk.
    pub(super) fresh: bool,
    /// Nobody has begun with it before: nothing is on disk under its number.
    pub(super) first: bool,
    /// Those before it were over at once, and so may this one be.
    pub(super) brief: bool,
    pub(super) stop: CancellationToken,
    /// Ends a wait for the next attempt.
    pub(super) nudge: Arc<Notify>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) progress: watch::Sender<Progress>,
}

/// Why an attempt did not end with the file complete.
pub(super) enum Halt {
    /// The engine or the user says so.
    Stopped,
    /// Something went wrong.
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Orders {
    /// Tells the supervisor.
    pub(super) async fn report(&self, what: What) {
        let _ = self.reports.send(Report { id: self.id, what }).await;
    }

    /// The outcome of what is waited for, unless it is told to stop.
    pub(super) async fn unless_stopped<T>(&self, outcome: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::Stopped),
            outcome = outcome => Ok(outcome),
        }
    }

    /// Waits before the next attempt, and shows each second what is left; the user may cut it short.
    pub(super) async fn wait(&self, after: Duration, show: impl Fn(Duration)) -> Result<(), Halt> {
        let until = Instant::now() + after;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Ok(());
            }
            show(rest);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Halt::Stopped),
                () = self.nudge.notified() => return Ok(()),
                () = sleep(rest.min(Duration::from_secs(1))) => {}
            }
        }
    }
}
