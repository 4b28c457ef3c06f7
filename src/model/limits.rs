//! What a transfer may use, and how long it may wait.

use std::time::Duration;

use super::Rate;

/// What a transfer may use. `None` means what the settings say (connections) or no limit (rate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, at least 1.
    pub connections: Option<u16>,
    /// Bytes a second.
    pub rate: Option<Rate>,
}

/// How long haul waits, and how often it tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Failures in a row without one new byte after which a transfer is given up.
    pub retries: u32,
    /// The wait before the first further attempt; doubles with each failure.
    pub wait: Duration,
    /// How long a connection may take to be set up.
    pub connect: Duration,
    /// How long a connection may stay without a byte.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 5,
            wait: Duration::from_secs(1),
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
        }
    }
}
