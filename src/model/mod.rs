//! The words: plain data that every room speaks. No clock, no task, no socket and no file in here.

mod checksum;
mod fault;
mod id;
mod limits;
mod metalink;
mod moment;
mod object;
mod range;
mod rate;
mod resource;
mod secret;
mod source;
mod spec;
mod status;
mod sums;
mod text;
mod upload;

pub use checksum::{Algorithm, Announced, Checksum, Weight};
pub use fault::{Fault, FaultKind};
pub use id::TransferId;
pub use limits::{HostLimit, Limits, OnChange, Patience};
pub use metalink::{LONGEST_METALINK, Metalink, MetalinkFile, MetalinkSource, Pieces};
pub use moment::Moment;
pub use object::{Addressing, ObjectUrl, Signature, StoreOptions, Vendor, strictly_encoded};
pub use range::{ByteRange, RangeSet};
pub use rate::Rate;
pub use resource::{Ranges, Resource, Validator};
pub use secret::Secret;
pub use source::Source;
pub use spec::{Described, Header, MOST_MIRRORS, Spec, Target};
pub use status::Status;
pub use sums::{Sums, find_sum};
pub use text::{brief_duration, brief_wait, harmless, percent, repaired, size};
pub use upload::Upload;
