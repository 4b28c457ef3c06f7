//! How many connections a download has and where: those that lag are closed, one is given to who waits, and more are opened
//! while they bring more.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::begin::Held;
use super::crew::Crew;
use super::task::Task;
use super::worker::Job;
use crate::plan::MIN_PART;

/// How long places are measured before a connection moves from one to another.
const SETTLING: Duration = Duration::from_secs(1);

impl Crew {
    /// A connection that lags behind its fellows is closed; the plan gives its rest to others. Under a speed limit
    /// nobody lags.
    pub(super) fn replace_laggards(&mut self, task: &Task) {
        if task.is_limited() {
            return;
        }
        for (number, answered) in self.job.desk.laggards() {
            // A host that answers others and not this one lets it wait for its turn: it gives no more at once.
            if !answered {
                self.unanswered.insert(number);
            }
            if let Some(stop) = self.stops.get(&number) {
                stop.cancel();
            }
        }
    }

    /// One who waits for a host has no connection, and would have none for as long as others keep several: of these the
    /// newest to that host is closed, one at a time, and the plan gives its rest to the others.
    pub(super) fn give_way(&self, task: &Task) {
        let leaving = self.stops.values().any(CancellationToken::is_cancelled);
        if self.stops.len() <= 1 || leaving {
            return;
        }
        let hosts = &task.orders.shared.hosts;
        let is_waited_for = |job: &Arc<Job>| hosts.is_waited_for(&job.resource.at.host());
        let newest = self.seats.iter().rev().find(|(_, place)| self.jobs.get(place).is_some_and(is_waited_for));
        if let Some(stop) = newest.and_then(|(number, _)| self.stops.get(number)) {
            stop.cancel();
        }
    }

    /// A connection moves to a place that gives clearly more, once all have been measured for a while and there is enough
    /// left for a move to pay.
    pub(super) fn rebalance(&mut self, task: &Task) {
        let now = task.orders.shared.clock.now();
        let receiving = self.job.desk.receiving_now().len();
        let is_settled = receiving == self.stops.len() && self.scouting.is_empty();
        let pays = self.job.desk.missing_total() >= 4 * MIN_PART * receiving as u64;
        if self.jobs.len() < 2 || task.is_limited() || !is_settled {
            self.move_after = now + SETTLING;
        }
        if self.move_after > now || !pays {
            return;
        }
        if let Some(place) = task.places.overstaffed(now)
            && let Some((number, _)) = self.seats.iter().rev().find(|(_, at)| **at == place)
            && let Some(stop) = self.stops.get(number)
        {
            tracing::info!(number, place, "moves to a place that gives more");
            stop.cancel();
            self.move_after = now + SETTLING;
        }
    }

    /// More connections are opened for as long as they bring more; beside other transfers that the host serves no more than
    /// those begin with, and none where it has refused one.
    pub(super) fn grow(&self, task: &mut Task, held: &Held) {
        let (shared, host, desk) = (&task.orders.shared, self.job.resource.at.host(), &self.job.desk);
        if shared.hosts.allowed(&host).is_some() {
            task.growth.settle();
        }
        let is_shared = usize::from(shared.hosts.open_now(&host)) > self.workers.len();
        let has_its_share = is_shared && !task.growth.is_cautious();
        if task.is_limited() || has_its_share || !self.job.ranged || task.alone || task.strays > 0 {
            return;
        }
        let receiving = u16::try_from(desk.receiving_now().len()).unwrap_or(u16::MAX);
        if task.growth.look(shared.clock.now(), desk.fetched(), receiving, desk.missing_total()) {
            tracing::info!("{} connections from now on", task.growth.connections());
            desk.widen(task.connections_for(held));
        }
    }
}
