//! A request outside of the queue that is made again for as long as that may help.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::api::Happening;
use crate::model::{Fault, FaultKind, Patience, Source};
use crate::plan::{Verdict, verdict};

/// The outcome of a request about `place`. What may pass is waited for as with any transfer, and told of; what will not get
/// better by itself is the fault that it is.
pub async fn patiently<T, Request: Future<Output = Result<T, Fault>>>(
    place: &Source,
    patience: &Patience,
    mut request: impl FnMut() -> Request,
    mut tell: impl FnMut(&Happening),
) -> Result<T, Fault> {
    let mut failures = 0;
    loop {
        let late =
            |_| Fault::new(FaultKind::Stalled, place, format!("no answer for {} s", patience.stall.as_secs_f64()));
        let fault = match timeout(patience.stall, request()).await.map_err(late).flatten() {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        failures += 1;
        let Verdict::Again { after } = verdict(&fault, failures, false, patience, fastrand::f64()) else {
            return Err(fault);
        };
        tell(&Happening::Retried { fault, after });
        sleep(after.max(Duration::from_millis(1))).await;
    }
}
