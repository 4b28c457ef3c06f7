//! Work that may block, on a thread that may.

use std::time::Instant;

use tokio::task::spawn_blocking;

use crate::model::{Fault, FaultKind, Lock};
use crate::plan::Pace;

/// Runs it there, and waits for what comes of it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(lost_thread()))
}

/// How the disk keeps up with short work, over all transfers.
#[derive(Debug, Default)]
pub(super) struct Errands(Lock<Pace>);

impl Errands {
    /// Runs work that takes microseconds where nothing is wrong, such as a look at a name: here, and on a thread that may
    /// block while the disk is slow. To hand it over costs more than the work, and small files have little else.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let timed = move || {
            let start = Instant::now();
            let done = work();
            Ok((done, start.elapsed()))
        };
        let is_slow = self.0.lock().is_slow();
        let (done, took) = if is_slow { blocking(timed).await? } else { timed()? };
        self.0.lock().took(took);
        done
    }
}

/// The fault of work whose thread is gone.
pub(super) fn lost_thread() -> Fault {
    Fault::new(FaultKind::State, "disk", "a thread was lost; this is a bug of haul")
}
