//! What the server saw and sent.

use std::collections::BTreeMap;

use haul::model::{ByteRange, RangeSet};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, HEAD, CONNECT...
    pub method: String,
    /// The target as sent: a path with its query, or a whole URL if the client takes this server for a proxy.
    pub path: String,
    /// All headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Which connection it came on, counted from 1.
    pub connection: usize,
    /// Which request for this path it is, counted from 1.
    pub number: usize,
    /// How many connections were open when it came, this one included.
    pub connections: usize,
    /// How many answers were on their way when it came.
    pub answering: usize,
}

impl Request {
    /// A header's value; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    /// The range asked for, as `(first, Some(last))`, `(first, None)`; suffix ranges are not told here.
    pub fn range(&self) -> Option<(u64, Option<u64>)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()))
    }
}

/// Which bytes of one file were sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Bytes written to sockets, repetitions included.
    pub total: u64,
    /// Which positions of the file were written at least once.
    pub once: RangeSet,
}

impl Sent {
    /// Bytes that were sent again.
    pub fn twice(&self) -> u64 {
        self.total - self.once.total()
    }

    pub(super) fn add(&mut self, start: u64, end: u64) {
        self.total += end - start;
        self.once.insert(ByteRange::new(start, end));
    }
}

/// Everything that the server saw and sent so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Every request, in order.
    pub requests: Vec<Request>,
    /// Connections that were ever opened.
    pub connections: usize,
    /// Connections that are open.
    pub open: usize,
    /// The most that were open at once.
    pub most: usize,
    /// Answers whose bodies are on their way now.
    pub answering: usize,
    /// The most that were on their way at once.
    pub most_answering: usize,
    /// Bytes written to sockets, heads and all.
    pub wire: u64,
    pub(super) sent: BTreeMap<String, Sent>,
}

impl Seen {
    /// What was sent of one file.
    pub fn sent(&self, path: &str) -> Sent {
        self.sent.get(path).cloned().unwrap_or_default()
    }

    /// Bytes of all files that were sent.
    pub fn total(&self) -> u64 {
        self.sent.values().map(|sent| sent.total).sum()
    }

    /// The requests for one path.
    pub fn of(&self, path: &str) -> Vec<&Request> {
        self.requests.iter().filter(|request| request.path == path).collect()
    }
}
