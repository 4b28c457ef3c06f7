//! How one request is answered, as data: right by default, and wrong in as many ways as a test asks for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Framing {
    /// By Content-Length.
    #[default]
    Length,
    /// By chunks.
    Chunked,
    /// By the end of the connection.
    Close,
    /// By chunks, with a Content-Length beside them.
    Both,
}

/// How chunks are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Chunks {
    /// As the RFC says.
    #[default]
    Right,
    /// The last chunk is missing.
    NoLast,
    /// This in place of each chunk's size.
    Says(String),
    /// Sizes in capitals, with extensions behind them.
    Extended,
    /// Header fields behind the last chunk.
    Trailer,
}

/// What happens after some bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Ending {
    /// The connection is closed as if all had been sent (FIN).
    Cut,
    /// The connection is torn down (RST).
    Reset,
    /// Nothing more comes, and the connection stays open.
    Stall,
}

/// How If-Range is treated (RFC 9110, section 13.1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Honour {
    /// As the RFC says: another validator gets the whole file.
    #[default]
    Right,
    /// The range is served whatever If-Range says.
    Ignored,
    /// An ETag gets the whole file even if it is the same; a date gets the range.
    EtagFails,
}

/// What a 206 says of its range.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Wrong {
    /// The truth.
    #[default]
    Nothing,
    /// This Content-Range, while the bytes are those that were asked for; `{first}`, `{last}` and `{total}` stand for
    /// the truth.
    Says(String),
    /// No Content-Range at all.
    Absent,
    /// Bytes and Content-Range begin so many bytes later than was asked for.
    Shifted(u64),
    /// Another total length.
    Total(u64),
    /// `*` in place of the total length.
    UnknownTotal,
    /// So many bytes fewer than asked for, rightly told.
    Shorter(u64),
    /// At most so many bytes, rightly told.
    AtMost(u64),
    /// Bytes and Content-Range begin so many bytes before what was asked for.
    Earlier(u64),
}

/// What is sent as the body.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Body {
    /// The file, or the range of it.
    #[default]
    File,
    /// As many bytes, which lie so many bytes further on in the file.
    Shifted(u64),
    /// As many bytes of the file with this seed: another version.
    Of(u64),
    /// As many zeros.
    Zeros,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Holds an answer until the test lets it go.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Gate {
    /// A gate that is shut.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// How one request is answered. `Answer::new()` is a good server's; every method makes one thing different.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) version: String,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) ranges: bool,
    pub(super) framing: Framing,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) if_range: Honour,
    pub(super) wrong: Wrong,
    pub(super) body: Body,
    pub(super) ending: Option<(u64, Ending)>,
    pub(super) extra: usize,
    pub(super) lengths: Vec<String>,
    pub(super) gate: Option<(u64, Gate)>,
    pub(super) delay: Option<Gate>,
    pub(super) rate: Option<u64>,
    pub(super) raw: Option<Vec<u8>>,
    pub(super) damage: Option<u64>,
    pub(super) relabel: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) interim: String,
    pub(super) without: Vec<String>,
    pub(super) chunks: Chunks,
    pub(super) endless: bool,
    pub(super) silence: Option<Ending>,
    pub(super) until: Option<(u64, usize)>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            version: "HTTP/1.1".to_owned(),
            status: None,
            headers: Vec::new(),
            ranges: true,
            framing: Framing::Length,
            etag: Some("\"v1\"".to_owned()),
            last_modified: None,
            if_range: Honour::Right,
            wrong: Wrong::Nothing,
            body: Body::File,
            ending: None,
            extra: 0,
            lengths: Vec::new(),
            gate: None,
            delay: None,
            rate: None,
            raw: None,
            damage: None,
            relabel: None,
            reason: None,
            interim: String::new(),
            without: Vec::new(),
            chunks: Chunks::Right,
            endless: false,
            silence: None,
            until: None,
        }
    }
}

impl Answer {
    /// What a good server answers: ranges, a length, a strong ETag.
    pub fn new() -> Self {
        Self::default()
    }

    /// A status without a file.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), body: Body::Bytes(b"no file here\n".to_vec()), etag: None, ..Self::default() }
    }

    /// Asks to come again after so many seconds; with status 429 or 503.
    pub fn busy(status: u16, seconds: u64) -> Self {
        Self::status(status).header("Retry-After", &seconds.to_string())
    }

    /// Sends the client elsewhere.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("Location", to)
    }

    /// A page that is not the file, with status 200: a login, an expired link.
    pub fn page() -> Self {
        let page = b"<!DOCTYPE html><html><body>Please log in</body></html>".to_vec();
        let answer = Self { body: Body::Bytes(page), etag: None, ranges: false, ..Self::default() };
        answer.header("Content-Type", "text/html; charset=utf-8")
    }

    /// These bytes and nothing else, head and all; then the connection is closed.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::default() }
    }

    /// Whole files only, whatever is asked for.
    pub fn no_ranges(self) -> Self {
        Self { ranges: false, ..self }
    }

    /// How the body's end is told.
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// The ETag as it is sent, with its quotes.
    pub fn etag(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }

    /// No ETag.
    pub fn no_etag(self) -> Self {
        Self { etag: None, ..self }
    }

    /// A Last-Modified date.
    pub fn last_modified(self, date: &str) -> Self {
        Self { last_modified: Some(date.to_owned()), ..self }
    }

    /// How If-Range is treated.
    pub fn if_range(self, honour: Honour) -> Self {
        Self { if_range: honour, ..self }
    }

    /// What a 206 says of its range.
    pub fn wrong(self, wrong: Wrong) -> Self {
        Self { wrong, ..self }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// One more header whose value need not be text.
    pub fn header_bytes(mut self, name: &str, value: Vec<u8>) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// So many headers more than anyone needs.
    pub fn flood(mut self, count: usize) -> Self {
        self.headers.extend((0..count).map(|number| (format!("X-Flood-{number}"), vec![b'x'; 100])));
        self
    }

    /// Content-Encoding: gzip, uninvited; the bytes are the file's own all the same.
    pub fn gzip(self) -> Self {
        self.header("Content-Encoding", "gzip")
    }

    /// Content-Disposition as it is sent.
    pub fn disposition(self, value: &str) -> Self {
        self.header("Content-Disposition", value)
    }

    /// After so many bytes of the body, the connection ends this way.
    pub fn ending(self, after: u64, ending: Ending) -> Self {
        Self { ending: Some((after, ending)), ..self }
    }

    /// The byte at this place of the file is sent otherwise, if it is sent.
    pub fn damage(self, at: u64) -> Self {
        Self { damage: Some(at), ..self }
    }

    /// So many bytes after the body's proper end.
    pub fn extra(self, count: usize) -> Self {
        Self { extra: count, ..self }
    }

    /// These Content-Lengths in place of the true one.
    pub fn lengths(self, lengths: &[&str]) -> Self {
        Self { lengths: lengths.iter().map(|length| (*length).to_owned()).collect(), ..self }
    }

    /// HTTP/1.0: no keep-alive, the end of the connection is the end of the body.
    pub fn http10(self) -> Self {
        Self { version: "HTTP/1.0".to_owned(), framing: Framing::Close, ..self }
    }

    /// Holds the body after so many bytes until the gate is opened.
    pub fn gate(self, after: u64, gate: &Gate) -> Self {
        Self { gate: Some((after, gate.clone())), ..self }
    }

    /// Holds the whole answer, head and all, until the gate is opened.
    pub fn delay(self, gate: &Gate) -> Self {
        Self { delay: Some(gate.clone()), ..self }
    }

    /// Bytes a second for this answer, in place of the server's.
    pub fn rate(self, rate: u64) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// What is sent as the body.
    pub fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// HTTP/1.1 or what else the first line begins with.
    pub fn version(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    /// The same answer under another status.
    pub fn relabel(self, status: u16) -> Self {
        Self { relabel: Some(status), ..self }
    }

    /// The words behind the status.
    pub fn reason(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    /// This before the answer, such as an interim answer (1xx).
    pub fn interim(self, interim: &str) -> Self {
        Self { interim: interim.to_owned(), ..self }
    }

    /// Not this header, which would be sent otherwise.
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// How chunks are written.
    pub fn chunks(self, chunks: Chunks) -> Self {
        Self { chunks, ..self }
    }

    /// Headers without end, until the client goes away.
    pub fn endless(self) -> Self {
        Self { endless: true, ..self }
    }

    /// No answer at all: the connection ends this way.
    pub fn silence(self, ending: Ending) -> Self {
        Self { silence: Some(ending), ..self }
    }

    /// Holds the body after so many bytes until the server has seen so many requests.
    pub fn until(self, after: u64, requests: usize) -> Self {
        Self { until: Some((after, requests)), ..self }
    }

    /// How long one slice of a body takes at a rate; small slices keep little in flight.
    pub(super) fn slice(rate: u64) -> (u64, Duration) {
        const SLICES: u64 = 100;
        ((rate / SLICES).max(1), Duration::from_secs(1) / SLICES as u32)
    }
}
