//! Work that may block, on a thread that may.

use tokio::task::spawn_blocking;

use crate::model::{Fault, FaultKind};

/// Runs it there, and waits for what comes of it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    spawn_blocking(work).await.unwrap_or_else(|_| Err(lost_thread()))
}

/// The fault of work whose thread is gone.
pub(super) fn lost_thread() -> Fault {
    Fault::new(FaultKind::State, "disk", "a thread was lost; this is a bug of haul")
}
