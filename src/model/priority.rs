//! Which transfers go before others.

use std::fmt;
use std::str::FromStr;

/// Whose turn comes first. What runs already is not stopped for one of a higher priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// After all others.
    Low,
    /// In the queue's order.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// One step higher, if there is one.
    pub fn raised(self) -> Self {
        if self == Self::Low { Self::Normal } else { Self::High }
    }

    /// One step lower, if there is one.
    pub fn lowered(self) -> Self {
        if self == Self::High { Self::Normal } else { Self::Low }
    }
}

/// As people and the journal write it.
impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        })
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|priority| priority.to_string() == word.to_ascii_lowercase());
        known.ok_or_else(|| "write low, normal or high".to_owned())
    }
}
