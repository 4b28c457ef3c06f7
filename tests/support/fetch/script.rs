//! What the fake server has, and what it does with each request.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use haul::model::{Announced, Fault, FaultKind, Source, Validator, Weight};
use haul::protocol::{Asked, Ends};
use tokio::time::Instant;

use crate::support::server::content;

/// What is done with one request.
#[derive(Clone, Debug, Default)]
pub struct Act {
    pub(super) delay: Duration,
    pub(super) rate: Option<u64>,
    pub(super) cut: Option<u64>,
    pub(super) stall: Option<u64>,
    pub(super) pause: Option<(u64, Duration)>,
    pub(super) fault: Option<Fault>,
    pub(super) whole: bool,
    pub(super) most: Option<u64>,
    pub(super) early: Option<u64>,
    pub(super) surplus: u64,
    pub(super) silent: bool,
    pub(super) etag: Option<String>,
    pub(super) untagged: bool,
    pub(super) panics: bool,
}

impl Act {
    pub fn serve() -> Self {
        Self::default()
    }

    /// The answer is a fault.
    pub fn fault(kind: FaultKind) -> Self {
        Self { fault: Some(Fault::new(kind, "fake", "scripted")), ..Self::default() }
    }

    pub fn status(status: u16) -> Self {
        Self::fault(FaultKind::Status(status))
    }

    /// No answer ever comes.
    pub fn silence() -> Self {
        Self { silent: true, ..Self::default() }
    }

    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.fault = self.fault.map(|fault| fault.with_retry_after(Some(wait)));
        self
    }

    /// The answer takes so long to come.
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Bytes a second on this connection.
    pub fn rate(self, rate: u64) -> Self {
        Self { rate: Some(rate), ..self }
    }

    /// The connection is lost after so many bytes.
    pub fn cut(self, after: u64) -> Self {
        Self { cut: Some(after), ..self }
    }

    /// Nothing more comes after so many bytes.
    pub fn stall(self, after: u64) -> Self {
        Self { stall: Some(after), ..self }
    }

    /// After so many bytes nothing comes for so long, and then the rest.
    pub fn pause(self, after: u64, span: Duration) -> Self {
        Self { pause: Some((after, span)), ..self }
    }

    /// The whole file is sent, whatever was asked.
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The driver panics: a bug.
    pub fn bug() -> Self {
        Self { panics: true, ..Self::default() }
    }

    /// The answer's ETag, in place of the file's.
    pub fn etag(self, etag: &str) -> Self {
        Self { etag: Some(etag.to_owned()), ..self }
    }

    /// The answer has no ETag.
    pub fn untagged(self) -> Self {
        Self { untagged: true, ..self }
    }

    /// The answer is for so many bytes at most, and says so.
    pub fn at_most(self, most: u64) -> Self {
        Self { most: Some(most), ..self }
    }

    /// The answer begins with this byte, if that is before what was asked for.
    pub fn early(self, early: u64) -> Self {
        Self { early: Some(early), ..self }
    }

    /// The body goes on for so many bytes beyond what its head says.
    pub fn surplus(self, surplus: u64) -> Self {
        Self { surplus, ..self }
    }
}

/// A request, as the script sees it.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Which request for this file it is, from 1.
    pub number: usize,
    pub asked: Asked,
    pub at: Instant,
    /// Connections to the file that are open already.
    pub open: usize,
}

type Script = Arc<dyn Fn(&Ask) -> Act + Send + Sync>;

/// A file on the fake server.
#[derive(Clone)]
pub struct FakeFile {
    pub(super) bytes: Bytes,
    pub(super) validator: Validator,
    pub(super) name: Option<String>,
    pub(super) media: Option<String>,
    pub(super) leads_to: Option<Source>,
    pub(super) ranges: bool,
    pub(super) tells_length: bool,
    pub(super) rate: u64,
    pub(super) limit: Option<(usize, Over)>,
    pub(super) script: Script,
    pub(super) digests: Vec<Announced>,
    /// True if each answer announces the SHA-256 of its own bytes.
    pub(super) part_digests: bool,
    pub(super) damages: Vec<Damage>,
    /// The connection that its answers say that they come on.
    pub(super) ends: Option<Ends>,
}

/// A byte that comes otherwise than it is, the first time and some times more, or only later.
#[derive(Clone)]
pub(super) struct Damage {
    pub(super) at: u64,
    pub(super) on: Range<u32>,
    pub(super) passed: Arc<AtomicU32>,
}

impl Damage {
    /// True if it happens this time.
    pub(super) fn happens(&self) -> bool {
        self.on.contains(&self.passed.fetch_add(1, Ordering::Relaxed))
    }
}

/// What happens to a connection too many.
#[derive(Clone, Copy, Debug)]
pub enum Over {
    Refused(u16),
    Waits,
}

impl FakeFile {
    /// A file that behaves, with a strong ETag, at 4 MiB/s a connection.
    pub fn new(seed: u64, length: u64) -> Self {
        let validator = Validator { etag: Some(format!("\"v{seed}\"")), last_modified: None };
        let bytes = content(seed, 0, length).into();
        let script = Arc::new(|_: &Ask| Act::serve());
        Self {
            bytes,
            validator,
            name: None,
            media: None,
            leads_to: None,
            ranges: true,
            tells_length: true,
            rate: 4 << 20,
            limit: None,
            script,
            digests: Vec::new(),
            part_digests: false,
            damages: Vec::new(),
            ends: None,
        }
    }

    /// A small file of these bytes.
    pub fn of(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), ..Self::new(0, 0) }
    }

    /// Every answer announces this checksum of the whole file.
    pub fn announces(mut self, checksum: &str, weight: Weight) -> Self {
        self.digests.push(Announced { range: None, checksum: checksum.parse().unwrap(), weight });
        self
    }

    /// Every answer announces the SHA-256 of its own bytes, as they should be.
    pub fn announces_parts(self) -> Self {
        Self { part_digests: true, ..self }
    }

    /// The byte at this place comes otherwise each of these times, counted from 0.
    pub fn damaged(mut self, at: u64, on: Range<u32>) -> Self {
        self.damages.push(Damage { at, on, passed: Arc::default() });
        self
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn tells_length(&self) -> bool {
        self.tells_length
    }

    pub fn etag(mut self, etag: Option<&str>) -> Self {
        self.validator.etag = etag.map(str::to_owned);
        self
    }

    pub fn dated(mut self, date: &str) -> Self {
        self.validator.last_modified = Some(date.to_owned());
        self
    }

    pub fn is_dated(&self) -> bool {
        self.validator.last_modified.is_some()
    }

    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    pub fn on(self, ends: Ends) -> Self {
        Self { ends: Some(ends), ..self }
    }

    pub fn typed(self, media: &str) -> Self {
        Self { media: Some(media.to_owned()), ..self }
    }

    /// Its answers come, after a redirect, from this path.
    pub fn leads_to(self, path: &str) -> Self {
        Self { leads_to: Some(Source::parse(&format!("http://fake{path}")).unwrap()), ..self }
    }

    pub fn no_ranges(self) -> Self {
        Self { ranges: false, ..self }
    }

    pub fn no_length(self) -> Self {
        Self { tells_length: false, ..self }
    }

    /// Bytes a second on each connection.
    pub fn rate(self, rate: u64) -> Self {
        Self { rate, ..self }
    }

    /// So many connections at once, over all files of the server that have the same limit.
    pub fn at_once(self, most: usize, over: Over) -> Self {
        Self { limit: Some((most, over)), ..self }
    }

    pub fn script(self, script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), ..self }
    }
}
