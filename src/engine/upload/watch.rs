//! Waits for a store's answer, for as long as something moves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::patiently::in_time;
use super::payload::Sent;
use crate::model::{Fault, FaultKind, Source};

/// How often it is looked whether something moves.
const LOOK: Duration = Duration::from_millis(500);
/// A store may put together thousands of parts before it answers, and needs minutes for it.
const LONGEST_ANSWER: Duration = Duration::from_secs(300);

/// The outcome of a request that sends; a fault if nothing goes out for as long as `patience`, and no answer comes. What
/// our own limits hold back is no stall.
pub(super) async fn while_it_moves<T>(
    request: impl Future<Output = Result<T, Fault>>,
    sent: &Sent,
    place: &Source,
    patience: Duration,
) -> Result<T, Fault> {
    tokio::pin!(request);
    let (mut before, mut moved) = (sent.bytes(), Instant::now());
    loop {
        tokio::select! {
            biased;
            outcome = &mut request => return outcome,
            () = sleep(LOOK.min(patience)) => {}
        }
        if sent.bytes() != before || sent.is_held_back() {
            (before, moved) = (sent.bytes(), Instant::now());
        } else if moved.elapsed() >= patience {
            let detail = format!("no byte went out and no answer came for {} s", patience.as_secs_f64());
            return Err(Fault::new(FaultKind::Stalled, place, detail));
        }
    }
}

/// The outcome of a request that makes an object of its parts.
pub(super) async fn assembled<T>(
    place: &Source,
    patience: Duration,
    request: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    in_time(place, patience.max(LONGEST_ANSWER), request).await
}
