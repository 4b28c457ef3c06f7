//! The signals that ask haul to end.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// Within so long the same signal is the same order; nobody who asks again is so quick.
const ECHO: Duration = Duration::from_millis(300);

/// SIGHUP, SIGINT and SIGTERM, from the moment of `listen` on.
///
/// A signal that was ignored when haul started (`nohup haul get`, or SIGINT for a script's background job) stays
/// ignored, as whoever started haul wanted.
pub struct Signals {
    hang_up: Option<Signal>,
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    /// Listens from now on. Needs tokio's runtime.
    pub fn listen() -> io::Result<Self> {
        // Read once, since listening itself changes what is ignored.
        static IGNORED: OnceLock<u64> = OnceLock::new();
        let ignored = *IGNORED.get_or_init(ignored_at_start);
        let open = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            if is_ignored { Ok(None) } else { signal(kind).map(Some) }
        };
        Ok(Self {
            hang_up: open(SignalKind::hangup())?,
            interrupt: open(SignalKind::interrupt())?,
            terminate: open(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal and gives its number.
    pub async fn next(&mut self) -> i32 {
        tokio::select! {
            () = received(&mut self.hang_up) => SignalKind::hangup().as_raw_value(),
            () = received(&mut self.interrupt) => SignalKind::interrupt().as_raw_value(),
            () = received(&mut self.terminate) => SignalKind::terminate().as_raw_value(),
        }
    }
}

/// One order to end may come twice: whoever ends haul's process group, and haul itself, as timeout(1) does, sends both at once.
#[derive(Clone, Copy, Debug)]
pub struct Ordered {
    /// The signal's number.
    pub number: i32,
    /// When it came.
    pub at: Instant,
}

impl Ordered {
    /// True if another signal is no order of its own, but the same one once more.
    pub fn is_meant_by(&self, number: i32, at: Instant) -> bool {
        number == self.number && at.duration_since(self.at) < ECHO
    }
}

impl Signals {
    /// Waits until somebody asks again.
    pub async fn again(&mut self, first: Ordered) {
        while first.is_meant_by(self.next().await, Instant::now()) {}
    }
}

async fn received(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Which signals are ignored, one bit for each. Linux tells in /proc; elsewhere none is taken to be.
fn ignored_at_start() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
