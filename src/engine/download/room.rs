//! Room on the disk for all of a file: looked at before its bytes come, reserved beside them; and what was there before.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::super::blocking::lost_thread;
use super::begin::Held;
use super::desk::Desk;
use super::task::{Halt, Task};
use crate::api::Happening;
use crate::model::{Fault, FaultKind, size};
use crate::store::PartFile;

/// A kill before the first checkpoint leaves less than this in a part file, as a rule.
const WORTH_A_WORD: u64 = 1 << 20;

impl Task {
    /// Makes sure that the disk has room for a file of this length, and begins to reserve it.
    pub(super) async fn reserve(&mut self, length: u64) -> Result<(), Halt> {
        let Some(held) = self.held.as_mut().filter(|_| length > 0) else { return Ok(()) };
        let (room, desk) = (self.orders.shared.room.clone(), held.desk.clone());
        let done = desk.done_total();
        let folder = desk.part.target().parent().unwrap_or(Path::new("")).to_path_buf();
        let look = move || desk.part.check_room(length, done, room(desk.part.path()).ok());
        self.orders.shared.errands.run(&folder, look).await?;
        held.reserving = Reserving::start(held.desk.clone(), length);
        Ok(())
    }

    /// Says that a part file was emptied of which nothing is noted here, if it held what is worth a word: another state folder may
    /// know its bytes.
    pub(super) async fn tell_emptied(&self, part: &PartFile) {
        if part.emptied() >= WORTH_A_WORD && !self.fresh {
            let detail = format!(
                "{} were in its part file of which nothing is noted in {}, as of a haul with another state folder; they are fetched \
                 anew",
                size(part.emptied()),
                self.orders.shared.state.display()
            );
            self.tell(Happening::Unnoted(Fault::new(FaultKind::State, part.path().display(), detail))).await;
        }
    }

    /// Says that so many bytes of a file had come, and the part file that they were in is not there any more.
    pub(super) async fn tell_gone(&self, part: &PartFile, lost: u64) {
        if lost > 0 {
            let detail =
                format!("{} had come, and the part file that held them is gone; they are fetched anew", size(lost));
            self.tell(Happening::Unnoted(Fault::new(FaultKind::Disk, part.target().display(), detail))).await;
        }
    }
}

impl Held {
    /// Ends what threads do with the part file, which must be free before anyone else can take it.
    pub(super) async fn let_rest(&mut self) {
        if let Some(checking) = self.checking.take() {
            checking.give_up().await;
        }
        self.reserving.give_up().await;
    }
}

/// The reservation of a file's space, on a thread that may block: on some file systems it takes as long as writing does, and
/// the first request need not wait for it.
#[derive(Default)]
pub(super) struct Reserving {
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

impl Reserving {
    fn start(desk: Arc<Desk>, length: u64) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = spawn_blocking(move || desk.part.reserve(length, || !stopped.is_cancelled()));
        Self { stop, thread: Some(thread) }
    }

    /// What came of it; pends for ever if none runs. May be cancelled.
    pub(super) async fn ended(&mut self) -> Result<(), Fault> {
        let Some(thread) = &mut self.thread else { return pending().await };
        let result = thread.await;
        self.thread = None;
        result.unwrap_or_else(|_| Err(lost_thread()))
    }

    /// Ends it early, whatever comes of it: it would make a finished file longer again.
    pub(super) async fn give_up(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.await;
        }
    }
}
