//! Small requests about an upload, made as often as the verdict allows: what was sent is not sent again because the store
//! has a bad moment.

use super::task::{Halt, Task};
use crate::api::Happening;
use crate::model::{Fault, FaultKind};
use crate::plan::may_pass;

impl Task {
    /// The outcome of a request that sends next to nothing, made as often as the verdict allows.
    pub(super) async fn insist<T, Request>(&self, mut request: impl FnMut() -> Request) -> Result<T, Halt>
    where
        Request: Future<Output = Result<T, Fault>>,
    {
        self.persist(|| self.unless_stopped(self.ask(request()))).await
    }

    /// The outcome of work, done as often as the verdict allows.
    pub(super) async fn persist<T, Work>(&self, mut work: impl FnMut() -> Work) -> Result<T, Halt>
    where
        Work: Future<Output = Result<T, Halt>>,
    {
        let mut failures = 0;
        loop {
            let fault = match work().await {
                Err(Halt::Fault(fault)) => fault,
                outcome => return outcome,
            };
            failures += 1;
            self.again(fault, failures).await?;
        }
    }

    /// Waits for the next attempt after so many failures, if the verdict is that there is one.
    pub(super) async fn again(&self, fault: Fault, failures: u32) -> Result<(), Halt> {
        self.orders.again(fault, failures, |activity| self.show(activity)).await
    }

    /// Tells that parts were freed, if any were.
    pub(super) async fn tell_freed(&self, had_any: bool) {
        if had_any {
            self.tell(Happening::UploadAborted).await;
        }
    }

    /// Frees the parts of an upload that is of no use any more. False where the login lacks the right to, or the store does not
    /// say whether they are gone: that is told, and they stay.
    pub(super) async fn free(&self, upload: &str) -> Result<bool, Halt> {
        match self.insist(|| self.driver.abort(&self.place, upload)).await {
            Ok(had_any) => {
                self.tell_freed(had_any).await;
                Ok(true)
            }
            Err(Halt::Fault(fault)) if is_denied(fault.kind) || fault.kind == FaultKind::Status(404) => {
                self.tell(Happening::UploadLeft(fault)).await;
                Ok(false)
            }
            Err(halt) => Err(halt),
        }
    }
}

/// True if the store does not let this login ask that, or knows no such question.
pub(super) fn is_denied(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Status(403 | 405 | 501))
}

/// True if a call may have been obeyed although it seems to have failed: then what stands at the place tells. What was refused
/// was not, even if an equal object has stood there all along; and a store that is asked too much is not asked that as well.
pub(super) fn may_be_done(kind: FaultKind) -> bool {
    let is_refused = matches!(kind, FaultKind::Status(408 | 425 | 429 | 503));
    let is_done = matches!(kind, FaultKind::Exists | FaultKind::UploadGone | FaultKind::Status(404));
    is_done || (may_pass(kind) && !is_refused)
}
