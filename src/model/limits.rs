//! What a transfer may use, and how long it may wait.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, FaultKind, Rate};

/// What a transfer may use. `None` means what the settings say (connections) or no limit (rate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, at least 1.
    pub connections: Option<u16>,
    /// Bytes a second.
    pub rate: Option<Rate>,
}

/// Connections, or transfers, at once.
const MOST_AT_ONCE: RangeInclusive<u16> = 1..=64;

impl Limits {
    /// Reads a number of connections, or of transfers, at once.
    pub fn count(text: &str) -> Result<u16, String> {
        let count = text.parse().ok().filter(|count| MOST_AT_ONCE.contains(count));
        count.ok_or_else(|| "write a number from 1 to 64".to_owned())
    }

    /// True for a number of connections, or of transfers, that can be asked for.
    pub fn allow(count: u16) -> bool {
        MOST_AT_ONCE.contains(&count)
    }
}

/// How many connections at once a host was found to bear, as it is remembered from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLimit {
    /// The host, and its port where that is not the usual one: what `Source::host` gives.
    pub host: String,
    /// Connections at once, at least 1.
    pub allowed: u16,
    /// When that was found, in seconds since 1970.
    pub at: u64,
}

/// What to do when the file on the server turns out to be another one than the one begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnChange {
    /// Begin again from its first byte, once.
    #[default]
    Restart,
    /// Stop, keep what is on disk, and begin again when the user says `retry`.
    Ask,
    /// Stop and keep what is on disk.
    Fail,
}

impl OnChange {
    /// The fault of a changed file, with what the user can do where haul does not begin again by itself.
    pub fn explain(self, fault: Fault) -> Fault {
        let way = match self {
            Self::Restart => return fault,
            Self::Ask => "what is on disk is kept; :retry begins again, and so does haul with --on-change restart",
            Self::Fail => "what is on disk is kept; run haul with --on-change restart to begin again",
        };
        Fault { kind: FaultKind::Changed, detail: format!("{}; {way}", fault.detail), ..fault }
    }
}

impl FromStr for OnChange {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.to_ascii_lowercase().as_str() {
            "restart" => Ok(Self::Restart),
            "ask" => Ok(Self::Ask),
            "fail" => Ok(Self::Fail),
            _ => Err("write restart, ask or fail".to_owned()),
        }
    }
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
