//! What the user asked for of an upload, beyond what every transfer has.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::Rate;

/// A file that goes to a server. The transfer's source is the place that it goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// The file, absolute.
    pub file: PathBuf,
    /// Bytes of a part; `None` lets haul choose. The store's own limits go before it.
    pub part_size: Option<u64>,
    /// From how many bytes on it goes in parts; `None` is [`Upload::THRESHOLD`].
    pub threshold: Option<u64>,
    /// The object's media type; `None` is what its name says, or what the store takes for its default.
    pub content_type: Option<String>,
    /// The store's word for how the object is kept, such as `STANDARD_IA`.
    pub storage_class: Option<String>,
    /// Leave an object alone that stands at the place already.
    pub keep: bool,
    /// Send nothing if the very file stands at the place already: it is one of many, and an earlier run may have sent it.
    pub unless_equal: bool,
    /// The limit that the store itself shall keep, for each connection (`x-oss-traffic-limit`, `x-tos-traffic-limit`).
    pub traffic_limit: Option<Rate>,
}

impl Upload {
    /// Bytes a second that OSS and TOS take for a limit of their own.
    pub const TRAFFIC: RangeInclusive<u64> = 100 << 10..=100 << 20;
    /// From so many bytes on a file goes in parts.
    pub const THRESHOLD: u64 = 16 << 20;
    /// The file that stands for stdin.
    pub const STDIN: &str = "/dev/stdin";

    /// An upload of this file, as haul does it by itself.
    pub fn of(file: PathBuf) -> Self {
        Self { file, ..Self::default() }
    }
}
