//! Bytes a second, and how people write them.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is said of a text that is none.
const HOW: &str = "is not a rate: write 500K, 5M or 1.5MiB (bytes a second)";

/// Bytes a second.
/// An `Option` of it takes no more room: one more than the bytes is kept, which is never 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(NonZeroU64);

impl Default for Rate {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Rate {
    /// Nothing moves.
    pub const ZERO: Self = Self::per_second(0);

    /// So many bytes a second.
    pub const fn per_second(bytes: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(bytes))
    }

    /// Bytes a second.
    pub const fn bytes(self) -> u64 {
        self.0.get() - 1
    }

    /// The same as a limit that somebody has set, in the steps in which it was written: `500 KiB/s` is what `500K` says, and
    /// `500 kB/s` what `500KB` says.
    pub fn limit_text(self) -> String {
        let bytes = self.bytes();
        let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.into_iter().find(|(unit, _)| bytes >= *unit) {
            Some((unit, name)) if bytes.is_multiple_of(unit) => format!("{} {name}/s", bytes / unit),
            // Such as 1.5M, but no 62.5 KiB of 64 kB.
            Some((unit, name)) if unit > 1024 && (bytes * 10).is_multiple_of(unit) => {
                format!("{}.{} {name}/s", bytes / unit, bytes * 10 / unit % 10)
            }
            _ => self.to_string(),
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Rate").field(&self.bytes()).finish()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/s", super::size(self.bytes()))
    }
}

/// Reads `500K`, `5M`, `1.5MiB`, `2MB/s` or a plain number of bytes. As in curl, wget and aria2, a unit counts in
/// steps of 1024; only one that is spelled `KB`, `MB` and so on counts in steps of 1000.
impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} {HOW}");
        let trimmed = text.trim().trim_end_matches("/s");
        let split = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (digits, unit) = trimmed.split_at(split);
        let number: f64 = digits.parse().map_err(|_| wrong())?;
        let unit = unit.trim().to_ascii_uppercase();
        let power = match unit.chars().next() {
            None | Some('B') => 0,
            Some('K') => 1,
            Some('M') => 2,
            Some('G') => 3,
            Some('T') => 4,
            Some(_) => return Err(wrong()),
        };
        let step: f64 = match unit.get(1..).unwrap_or("") {
            "" | "IB" => 1024.0,
            "B" => 1000.0,
            _ => return Err(wrong()),
        };
        let bytes = number * step.powi(power);
        if !(1.0..=1e18).contains(&bytes) {
            return Err(wrong());
        }
        Ok(Self::per_second(bytes.round() as u64))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.bytes().to_string())
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        RateLimit::deserialize(from)?.0.ok_or_else(|| D::Error::custom(format!("\"0\" {HOW}")))
    }
}

/// A limit as somebody sets it: so many bytes a second, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit(pub Option<Rate>);

impl RateLimit {
    /// Reads a setting, which may also be `None`.
    pub fn setting<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rate>, D::Error> {
        Ok(Option::<Self>::deserialize(from)?.and_then(|limit| limit.0))
    }
}

/// Reads a rate; or `none` or `off` or, as curl, wget and aria2 have it, `0` for no limit.
impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if ["none", "off", "0"].iter().any(|none| text.trim().eq_ignore_ascii_case(none)) {
            return Ok(Self(None));
        }
        text.parse().map(|rate| Self(Some(rate))).map_err(|why: String| format!("{why}, or none"))
    }
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

/// Takes a limit as a text or, as on the command line, as a plain number of bytes.
struct Written;

impl Visitor<'_> for Written {
    type Value = RateLimit;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("bytes a second, such as \"500K\", \"5M\" or \"1.5MiB\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RateLimit, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<RateLimit, E> {
        self.visit_str(&bytes.to_string())
    }
}
