//! When connections are opened again that were lost or refused.

use std::time::Duration;

use super::crew::Crew;
use super::task::Task;
use crate::api::{Connection, ConnectionState};
use crate::model::{Fault, FaultKind, Rate};
use crate::plan::{Blame, MUCH, backoff, blame, reopening};

/// One connection of several rests no longer than this.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

impl Crew {
    /// The fault that ends the work: where the last connection gave much and the next was refused for good, what became of the last
    /// one, so that all is asked about as after any other. What the source itself says of its link needs no second word.
    pub(super) fn in_place_of(&mut self, fault: Fault, fruitful: bool) -> Fault {
        let is_direct = self.job.known().at == self.job.source;
        let is_clear = match fault.kind {
            FaultKind::Changed | FaultKind::Retagged => true,
            FaultKind::Status(401 | 403 | 404 | 410) => is_direct,
            _ => fruitful,
        };
        let lost = self.lost.take().filter(|_| blame(fault.kind) == Blame::Lasting && !is_clear);
        lost.unwrap_or(fault)
    }

    /// One connection less for a while, which grows with each failure of a new connection: the others go on, and are opened
    /// again as before.
    pub(super) async fn rest(&mut self, task: &mut Task, fault: &Fault) {
        self.troubles += 1;
        let own = backoff(self.troubles, task.orders.shared.patience.wait, fastrand::f64());
        let after = heeding(fault, own);
        self.resting.push(task.orders.shared.clock.now() + after);
        task.tell_retried(fault, after).await;
    }

    /// The next connection is opened after a while, which grows with each failure of a new connection and, more
    /// slowly, with each that gave few bytes.
    pub(super) async fn pause_opening(&mut self, task: &mut Task, bytes: u64, fault: &Fault) {
        let (wait, jitter) = (task.orders.shared.patience.wait, fastrand::f64());
        self.troubles = if bytes > 0 { 0 } else { self.troubles + 1 };
        self.meagre = if bytes < MUCH { self.meagre + 1 } else { 0 };
        let again = || reopening(bytes, self.meagre, wait, jitter);
        let own = if bytes > 0 { again() } else { backoff(self.troubles, wait, jitter) };
        let after = heeding(fault, own);
        self.open_after = task.orders.shared.clock.now() + after;
        task.tell_retried(fault, after).await;
    }

    /// The connection that is to be opened once its wait is over, for the screen.
    pub(super) fn waiting(&self, task: &Task) -> Option<Connection> {
        let after = self.resting.iter().min().map_or(self.open_after, |until| self.open_after.max(*until));
        let rest = after.since(task.orders.shared.clock.now());
        let range = self.job.desk.first_free().filter(|_| !rest.is_zero())?;
        let (number, position) = (self.last_number + 1, range.start);
        let (speed, state, fault) = (Rate::ZERO, ConnectionState::Waiting(rest), task.fault.clone());
        Some(Connection { fault, ..Connection::new(number, range, position, speed, state) })
    }
}

/// The wait that is our own, or the longer one that the host asks for, within reason.
fn heeding(fault: &Fault, own: Duration) -> Duration {
    fault.retry_after.map_or(own, |asked| asked.min(LONGEST_ASKED).max(own))
}
