//! The name of a transfer: 64 random bits, written as 16 hex digits.

use std::fmt;
use std::str::FromStr;

use super::Spec;

/// One line in the list. Minted by whoever adds the transfer, so that no reply is needed to know it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(u64);

impl TransferId {
    /// A new random id.
    pub fn mint() -> Self {
        Self(fastrand::u64(1..))
    }

    /// New transfers, each with a new id.
    pub fn minted(specs: Vec<Spec>) -> Vec<(Self, Spec)> {
        specs.into_iter().map(|spec| (Self::mint(), spec)).collect()
    }

    /// The id with exactly these bits; for tests and for records read back.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl fmt::Debug for TransferId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for TransferId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(bits) if hex => Ok(Self(bits)),
            _ => Err(format!("{text:?} is not an id of 16 hex digits")),
        }
    }
}
