//! Moves bytes. Knows no plan, no disk and no screen: a driver opens a range of a source and hands over its bytes, or takes
//! the bytes of a file to a store.

mod fetch;
mod heard;
mod http;
mod list;
mod object;
mod put;
mod registry;
mod sockets;

pub use fetch::{Answer, Asked, Body, BoxFuture, Chunk, Fetch, Request};
pub use heard::{heard, while_heard};
pub use http::{
    Accepted, ContentRange, Cookies, Head, Http, HttpOptions, Netrc, Use, announced_digests, check, content_range,
    duplicates, file_name, in_turn, retry_after,
};
pub use list::{Folder, List};
pub use object::{Chunks, Login, Pair, Signing, Stores, Surroundings};
pub use put::{Bounds, Outgoing, Payload, Place, Put, StoredObject, StoredPart, bare_etag};
pub use registry::Registry;
pub use sockets::{Ends, Sockets};
