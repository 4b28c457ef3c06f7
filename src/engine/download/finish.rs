//! The end of a download: every claim checked, the checksum compared, durable, named.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::super::report::Ending;
use super::desk::Desk;
use super::task::{Halt, Task};
use crate::api::Activity;
use crate::model::{ByteRange, Checksum, Fault, FaultKind};
use crate::store::{Checkpoint, Finished, History, digest};

impl Task {
    /// Finishes a download whose bytes are all on disk. `None` if some turned out to be damaged: they are to be
    /// fetched again.
    pub(super) async fn finish(&mut self) -> Result<Option<Ending>, Halt> {
        self.show(Activity::Checking);
        let Some(held) = &mut self.held else { return Ok(None) };
        if let Some(checking) = held.checking.take() {
            checking.finish().await;
        }
        if self.orders.stop.is_cancelled() {
            return Err(Halt::Stopped);
        }
        if !held.desk.is_complete() {
            return Ok(None);
        }
        held.saver.settle().await;
        let (desk, id) = (held.desk.clone(), held.id);
        let validator = held.resource.validator.clone();
        if let Some(checksum) = self.orders.spec.checksum.clone() {
            self.compare(&desk, checksum, id).await?;
        }
        self.show(Activity::Finishing);
        let bytes = desk.done_total();
        let finished = Finished { target: desk.part.target().to_path_buf(), validator, length: bytes };
        let (overwrite, state) = (self.orders.spec.overwrite, self.orders.shared.state.clone());
        let source = self.orders.spec.source.clone();
        let (target, fetched) = (finished.target.clone(), desk.fetched());
        let published = spawn_blocking(move || {
            desk.part.publish(bytes, overwrite)?;
            History::of(&state).add(&source, &finished);
            Checkpoint::remove(&state, id);
            Ok(())
        });
        published.await.unwrap_or_else(|_| Err(lost_thread()))?;
        Ok(Some(Ending::Done { target, bytes, fetched, took: std::time::Duration::ZERO, unchanged: false }))
    }

    /// Compares the whole file with the user's checksum. Bytes that were proven wrong are of no use to anyone.
    async fn compare(&mut self, desk: &Arc<Desk>, wanted: Checksum, id: crate::model::TransferId) -> Result<(), Halt> {
        let (part, stop) = (desk.clone(), self.orders.stop.clone());
        let algorithm = wanted.algorithm;
        let hashed = spawn_blocking(move || {
            let file = part.part.reader()?;
            let whole = ByteRange::new(0, part.done_total());
            digest(&file, whole, &[algorithm], || !stop.is_cancelled())
                .map_err(|why| Fault::disk(part.part.path().display(), "reading for the checksum", &why))
        });
        let found = hashed.await.unwrap_or_else(|_| Err(lost_thread()));
        if self.orders.stop.is_cancelled() {
            return Err(Halt::Stopped);
        }
        let found = found?;
        if found.contains(&wanted) {
            return Ok(());
        }
        let detail = format!(
            "the {algorithm} checksum is {}, and {} was expected; the data was deleted, since it is not what you asked for",
            found.first().map_or("", |found| &found.hex),
            wanted.hex
        );
        let fault = Fault::new(FaultKind::Checksum, desk.part.target().display(), detail);
        desk.part.discard();
        Checkpoint::remove(&self.orders.shared.state, id);
        self.held = None;
        Err(Halt::Fault(fault))
    }
}

fn lost_thread() -> Fault {
    Fault::new(FaultKind::Disk, "the part file", "a thread that worked on it was lost; this is a bug of haul")
}
