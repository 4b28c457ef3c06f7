//! What the faces are told: what happened, and how everything is.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::report::Report;
use super::supervisor::Supervisor;
use crate::api::{Event, Happening};
use crate::model::TransferId;
use crate::store::Moving;

impl Supervisor {
    /// Tells the faces, once what was noted before is durable; the transfer's log has it at once.
    pub(super) fn tell(&mut self, id: TransferId, happening: Happening) {
        tracing::info!(%id, ?happening);
        self.roster.log(id, self.hours.now().seconds(), &happening);
        let event = self.event(id, happening);
        if let Some(event) = self.scribe.hold(event) {
            self.send(event);
        }
    }

    /// An event with its number; the next snapshot shows what it is about.
    pub(super) fn event(&mut self, id: TransferId, happening: Happening) -> Event {
        (self.dirty, self.happened) = (true, self.happened + 1);
        Event { number: self.happened, id, happening }
    }

    /// Nobody may be listening. What has moved is told once the queue on disk knows its place.
    pub(super) fn send(&self, event: Event) {
        if let Happening::Moved(to) = &event.happening
            && self.scribe.fault().is_none()
        {
            Moving::forget(&self.shared.state, event.id, to);
        }
        let _ = self.side.events.send(event);
    }

    /// Waits for what is still done beside the transfers, and passes on what that tells.
    pub(super) async fn hear_last(&mut self, inbox: &mut mpsc::Receiver<Report>) {
        let tasks = self.tasks.clone();
        loop {
            tokio::select! {
                biased;
                Some(report) = inbox.recv() => self.report(report),
                () = tasks.wait() => break,
            }
        }
        while let Ok(report) = inbox.try_recv() {
            self.report(report);
        }
    }

    /// Takes over how far those have come that run.
    pub(super) fn take_figures(&mut self) {
        for id in self.roster.running() {
            let before = (!self.line.is_clear()).then(|| self.roster.done(id));
            self.dirty |= self.roster.take_progress(id);
            if before.is_some_and(|before| self.roster.done(id) > before) {
                self.hears(id);
            }
        }
        self.dirty |= self.queue.running() > 0 && self.unseen.is_moving(self.shared.clock.now());
    }

    /// Shows the faces the latest, if there is anything new.
    pub(super) fn publish(&mut self) {
        if std::mem::take(&mut self.dirty) {
            let mut snapshot = self.roster.snapshot();
            (snapshot.happened, snapshot.unsaved) = (self.happened, self.scribe.fault());
            snapshot.totals.limit = self.shared.limiter.rate();
            // Where nothing runs nothing moves.
            if self.queue.running() > 0 {
                self.unseen.add_to(&mut snapshot.totals, self.shared.clock.now());
            }
            (snapshot.totals.shut, snapshot.totals.undoable) = (self.hours.shut, self.removals.undoable());
            self.side.snapshots.send_replace(Arc::new(snapshot));
        }
    }
}
