//! Writes down what was sent of an upload, for a run that comes after this one.

use std::path::PathBuf;

use tokio::task::{JoinHandle, spawn_blocking};

use super::super::blocking::blocking;
use super::desk::Desk;
use crate::model::Fault;
use crate::store::UploadCheckpoint;

/// Saves the checkpoint now and then, never two at once.
pub(super) struct Saver {
    path: PathBuf,
    checkpoint: UploadCheckpoint,
    saved: usize,
    running: Option<JoinHandle<()>>,
}

impl Saver {
    pub(super) fn new(path: PathBuf, checkpoint: UploadCheckpoint) -> Self {
        Self { path, checkpoint, saved: 0, running: None }
    }

    /// Saves for the first time; a state folder that can't be written ends the attempt.
    pub(super) async fn first(&mut self, desk: &Desk) -> Result<(), Fault> {
        self.checkpoint.parts = desk.sent_parts();
        let (path, checkpoint) = (self.path.clone(), self.checkpoint.clone());
        blocking(move || checkpoint.save(&path)).await
    }

    /// Begins to save if parts were taken since the last time, and no save runs.
    pub(super) fn start(&mut self, desk: &Desk) {
        let is_free = self.running.as_ref().is_none_or(JoinHandle::is_finished);
        if !is_free || desk.count() == self.saved {
            return;
        }
        self.saved = desk.count();
        self.checkpoint.parts = desk.sent_parts();
        let (path, checkpoint) = (self.path.clone(), self.checkpoint.clone());
        self.running = Some(spawn_blocking(move || {
            // The store knows the parts: a save that fails costs a comparison.
            if let Err(why) = checkpoint.save(&path) {
                tracing::warn!("{why}");
            }
        }));
    }

    /// Saves what has changed and waits for it.
    pub(super) async fn last(&mut self, desk: &Desk) {
        self.settle().await;
        self.start(desk);
        self.settle().await;
    }

    /// Waits for a save that runs.
    pub(super) async fn settle(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.await;
        }
    }
}
