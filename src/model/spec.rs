//! What the user asked for.

use std::fmt;
use std::path::PathBuf;

use super::{Checksum, Limits, Source, Sums};

/// A request header that the user gave. Its value may be a secret, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The header's name.
    pub name: String,
    /// The header's value.
    pub value: String,
}

impl Header {
    /// Reads `Name: value`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a header is written 'Name: value'".to_owned();
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) || value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ***", self.name)
    }
}

/// Where the file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// The file's name as the user gave it; `None` lets haul derive one from the server's answer or the URL.
    pub name: Option<String>,
}

/// One transfer as the user asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Where the bytes come from.
    pub source: Source,
    /// Where they go.
    pub target: Target,
    /// Headers sent to the source's own origin and nowhere else.
    pub headers: Vec<Header>,
    /// What the whole file must hash to.
    pub checksum: Option<Checksum>,
    /// Where a list of checksums is that tells it, if the user knows none.
    pub sums: Option<Sums>,
    /// Compare the file with what the server announces of it.
    pub digests: bool,
    /// What it may use.
    pub limits: Limits,
    /// Replace a file that stands at the target, at the end and atomically.
    pub overwrite: bool,
}

impl Spec {
    /// A plain download of `source` into `folder`.
    pub fn new(source: Source, folder: PathBuf) -> Self {
        let target = Target { folder, name: None };
        Self {
            source,
            target,
            headers: Vec::new(),
            checksum: None,
            sums: None,
            digests: true,
            limits: Limits::default(),
            overwrite: false,
        }
    }

    /// The bytes come from another URL from now on. Headers were given for the origin of the one before, and stay with it.
    pub fn relink(&mut self, source: Source) {
        if source.url().origin() != self.source.url().origin() {
            self.headers.clear();
        }
        self.source = source;
    }
}
