//! Whether a request that takes several steps gets anywhere: redirects, logins, the same in a milder form.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

tokio::task_local! {
    static LAST: Cell<Instant>;
}

/// An answer has come to one step of the request that this task makes.
pub fn heard() {
    let _ = LAST.try_with(|last| last.set(Instant::now()));
}

/// The outcome of a request; `None` once no answer has come to any of its steps for so long.
pub async fn while_heard<T>(patience: Duration, request: impl Future<Output = T>) -> Option<T> {
    let waiting = async {
        let mut request = pin!(request);
        loop {
            let last = LAST.with(Cell::get);
            match timeout_at(last + patience, request.as_mut()).await {
                Ok(outcome) => return Some(outcome),
                Err(_) if LAST.with(Cell::get) > last => {}
                Err(_) => return None,
            }
        }
    };
    LAST.scope(Cell::new(Instant::now()), waiting).await
}
