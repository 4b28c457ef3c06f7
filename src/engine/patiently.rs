//! A request outside of the queue that is made again for as long as that may help.

use std::time::Duration;

use tokio::time::sleep;

use crate::api::Happening;
use crate::model::{Fault, FaultKind, Patience, Source};
use crate::plan::again_after;
use crate::protocol::while_heard;

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
        let fault = match in_time(place, patience.stall, request()).await {
            Ok(answer) => return Ok(answer),
            Err(fault) => fault,
        };
        failures += 1;
        let Some(after) = again_after(&fault, failures, patience, fastrand::f64()) else { return Err(fault) };
        tell(&Happening::Retried { fault, after });
        sleep(after.max(Duration::from_millis(1))).await;
    }
}

/// The outcome of a request about `place`, each step of which is to be answered within so long.
pub(super) async fn in_time<T>(
    place: &Source,
    stall: Duration,
    request: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let late = || Fault::new(FaultKind::Stalled, place, format!("no answer for {} s", stall.as_secs_f64()));
    while_heard(stall, request).await.ok_or_else(late)?
}
