//! Moves bytes. Knows no parts, no disk and no screen: a driver opens a range of a source and hands over its bytes.

mod fetch;
mod http;
mod registry;

pub use fetch::{Answer, Asked, Body, BoxFuture, Chunk, Fetch, Request};
pub use http::{ContentRange, Http, HttpOptions, announced_digests, content_range, file_name, retry_after};
pub use registry::Registry;
