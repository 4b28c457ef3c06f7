//! What a stream leaves at the store when it ends early. No run goes on with it, so that it is freed: at its end, or by the next
//! run if this one is killed.

use std::time::Duration;

use tokio::time::sleep;

use super::super::blocking::blocking;
use super::task::{Halt, Task};
use crate::api::Happening;
use crate::model::Fault;
use crate::plan::may_pass;
use crate::store::UploadCheckpoint;

/// So often it is tried to free a stream's parts when haul is to end,
const ATTEMPTS: u32 = 3;
/// with so long between the attempts.
const MOMENT: Duration = Duration::from_millis(200);

impl Task {
    /// Begins the upload of a stream, and writes down that it was begun. Whoever ends haul meanwhile waits a moment for its id,
    /// so that it can be freed.
    pub(super) async fn begin_stream(&mut self) -> Result<String, Halt> {
        let upload = self.persist(|| self.created()).await?;
        if let Err(fault) = self.note(&upload).await {
            self.let_go(&upload).await;
            return Err(fault.into());
        }
        Ok(upload)
    }

    /// Frees what a run before this one has left that was killed. What can't be freed is told, and no reason not to begin.
    pub(super) async fn free_the_one_before(&mut self) -> Result<(), Halt> {
        let Some(kept) = self.kept().await? else { return Ok(()) };
        match self.free(&kept.upload).await {
            Ok(true) => self.forget().await,
            Ok(false) => {}
            Err(Halt::Fault(fault)) => self.tell(Happening::UploadLeft(fault)).await,
            Err(Halt::Stopped) => return Err(Halt::Stopped),
        }
        Ok(())
    }

    /// Frees what was sent of a stream that ends here. What can't be freed is told, and stays written down for the next run.
    pub(super) async fn give_back_stream(&mut self, upload: &str, is_stopped: bool) {
        let freed = if is_stopped { Err(Halt::Stopped) } else { self.free(upload).await };
        let is_free = match freed {
            Ok(is_free) => is_free,
            Err(Halt::Stopped) => self.let_go(upload).await,
            Err(Halt::Fault(fault)) => {
                self.tell(Happening::UploadLeft(fault)).await;
                false
            }
        };
        if is_free {
            self.forget().await;
        }
    }

    /// Frees an upload when haul is to end, which does not take long; false if it can't be freed, which is told.
    async fn let_go(&self, upload: &str) -> bool {
        let mut attempts = 1;
        loop {
            match self.ask(self.driver.abort(&self.place, upload)).await {
                Ok(had_any) => {
                    self.tell_freed(had_any).await;
                    return true;
                }
                Err(fault) if may_pass(fault.kind) && attempts < ATTEMPTS => sleep(MOMENT).await,
                Err(fault) => {
                    self.tell(Happening::UploadLeft(fault)).await;
                    return false;
                }
            }
            attempts += 1;
        }
    }

    /// Writes down what was begun. No run goes on with it: where this one is killed, whichever comes next frees it.
    async fn note(&self, upload: &str) -> Result<(), Fault> {
        let wanted = &self.place.upload;
        let checkpoint = UploadCheckpoint {
            url: self.place.source.url().to_string(),
            file: wanted.file.clone(),
            // Nobody knows; and no part of it is ever compared.
            length: 0,
            modified: 0,
            upload: upload.to_owned(),
            part_size: 1,
            asked: None,
            parts: Vec::new(),
        };
        let path = self.checkpoint.clone();
        blocking(move || {
            checkpoint.save(&path)?;
            UploadCheckpoint::leaves(&path);
            Ok(())
        })
        .await
    }
}
