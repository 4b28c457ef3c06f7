//! What every driver for downloads does: open a range, check the answer, hand over its bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::Ends;
use crate::model::{ByteRange, Fault, Header, Resource, Source, Validator};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A piece of a body, as it came from the network.
pub type Chunk = Bytes;

/// Which bytes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of them, without naming a range; for servers that are odd about ranges.
    Whole,
    /// From this byte to the end.
    From(u64),
    /// These.
    Part(ByteRange),
}

impl Asked {
    /// The first byte that is wanted.
    pub fn start(self) -> u64 {
        match self {
            Self::Whole => 0,
            Self::From(start) => start,
            Self::Part(range) => range.start,
        }
    }
}

/// A request for bytes.
#[derive(Clone, Debug)]
pub struct Request {
    /// From where.
    pub source: Source,
    /// Headers for the source's own origin.
    pub headers: Arc<[Header]>,
    /// Which bytes.
    pub asked: Asked,
    /// What earlier answers said of the file: an answer about another file is a fault.
    pub expected: Option<Arc<Resource>>,
    /// A version that is at hand already: the server may answer that it is unchanged.
    pub unless: Option<Validator>,
    /// True if the user has named the source's host, and no server: then it gets all logins that are for it.
    pub named: bool,
    /// True if little more than this answer is expected: it may come on a connection that others share.
    pub brief: bool,
}

/// An answer that was checked: these are the bytes that were asked for, of the file that was expected.
pub struct Answer {
    /// What it says of the file.
    pub resource: Resource,
    /// The first byte of the body; never beyond the first one asked for, but it may lie before it.
    pub start: u64,
    /// One past the last byte of the body, if the answer tells.
    pub end: Option<u64>,
    /// True if the server says that the version at hand is still the newest; the body is empty.
    pub unchanged: bool,
    /// The connection that it comes on, if that is known.
    pub ends: Option<Ends>,
    /// The bytes.
    pub body: Box<dyn Body>,
}

/// The bytes of an answer, as they come.
pub trait Body: Send {
    /// The next chunk, or `None` at a proper end. An end that comes too early is a fault.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk, Fault>>>;
}

/// A driver for downloads.
pub trait Fetch: Send + Sync {
    /// Asks for bytes and checks the answer before any of it is used.
    fn open(&self, request: Request) -> BoxFuture<'_, Result<Answer, Fault>>;
}
