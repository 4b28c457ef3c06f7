//! Moves bytes. Knows no parts, no disk and no screen: a driver opens a range of a source and hands over its bytes.

mod fetch;
mod http;
mod registry;

pub use fetch::{Answer, Asked, Body, BoxFuture, Chunk, Fetch, Request};
pub use http::{
    Accepted, ContentRange, Cookies, Head, Http, HttpOptions, Netrc, announced_digests, check, content_range,
    duplicates, file_name, retry_after,
};
pub use registry::Registry;
