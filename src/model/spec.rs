//! What the user asked for.

use std::fmt;
use std::path::{Path, PathBuf, is_separator};
use std::sync::{Arc, LazyLock};

use super::{Checksum, Limits, MetalinkFile, Pieces, Priority, Source, Sums, UnixTime, Upload};

/// Headers that haul sets itself: another value would break the framing, fetch other bytes than were asked for, or, as browsers
/// ask for what they have in their cache already, none at all.
const OWN_HEADERS: [&str; 12] = [
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "accept-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "expect",
];

/// Bytes that the file systems of this world take in one name.
const MAX_NAME: usize = 255;

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

    /// Reads `Name: value` as people may give it: not one that haul sets itself.
    pub fn given(text: &str) -> Result<Self, String> {
        let header = Self::parse(text)?;
        if header.is_own() {
            return Err(format!("the header {} is set by haul itself", header.name));
        }
        Ok(header)
    }

    /// True for one that haul sets itself, and that nobody may give.
    pub fn is_own(&self) -> bool {
        OWN_HEADERS.contains(&self.name.to_ascii_lowercase().as_str())
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ***", self.name)
    }
}

/// Puts headers in the place of those that are called the same. What is given twice among them is sent twice.
pub fn lay_over(headers: &mut Vec<Header>, others: Vec<Header>) {
    headers.retain(|header| !others.iter().any(|other| other.name.eq_ignore_ascii_case(&header.name)));
    headers.extend(others);
}

/// Where the file goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The folder, absolute. A long queue has it once.
    pub folder: Arc<Path>,
    /// The file's name as the user gave it; `None` lets haul derive one from the server's answer or the URL.
    pub name: Option<String>,
}

impl Target {
    /// The file that a person named, perhaps with folders before it, seen from a folder.
    pub fn named(folder: &Path, output: &Path) -> Result<Self, String> {
        let wrong = |why: &str| format!("{}: {why}", output.display());
        let text = output.to_str().ok_or_else(|| wrong("a name must be UTF-8"))?;
        if text == "-" {
            return Err(wrong("haul writes files only, as parts arrive out of order; ./- is a file of that name"));
        }
        match text.rsplit(is_separator).next().unwrap_or("") {
            "" => Err(wrong("this names no file; the folder alone is given by -d DIR")),
            "." | ".." => Err(wrong("this is a folder, which is given by -d DIR")),
            name if name.len() > MAX_NAME => Err(wrong("a file's name has at most 255 bytes")),
            name if name.chars().any(char::is_control) => Err(wrong("a name must not hold control characters")),
            name => {
                let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
                let folder = parent.map_or_else(|| folder.to_path_buf(), |parent| folder.join(parent));
                Ok(Self { folder: folder.into(), name: Some(name.to_owned()) })
            }
        }
    }
}

/// What a metalink says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// What it is called. It comes from outside and is not yet safe.
    pub name: Option<String>,
    /// Bytes of the file.
    pub length: Option<u64>,
    /// What its pieces hash to.
    pub pieces: Option<Pieces>,
}

impl Described {
    /// Nothing is kept once, however many transfers it is known of.
    pub fn shared(self) -> Arc<Self> {
        static NOTHING: LazyLock<Arc<Described>> = LazyLock::new(Arc::default);
        if self == Self::default() { NOTHING.clone() } else { Arc::new(self) }
    }
}

/// As many mirrors are taken that a metalink or a server tells of,
pub const MOST_MIRRORS: usize = 32;
/// and a metalink's pieces, unless there are more of them: they are kept with the queue, and the whole file's checksum does as well.
const MOST_PIECES: usize = 4096;

/// One transfer as the user asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Where the bytes come from; the place that they go to, if it is an upload.
    pub source: Source,
    /// Other places that the same file can be had from, the preferred first.
    pub mirrors: Box<[Source]>,
    /// What is known of the file before any server has said a word.
    pub described: Arc<Described>,
    /// Where they go.
    pub target: Target,
    /// Headers sent to the source's own origin and nowhere else.
    pub headers: Arc<[Header]>,
    /// What the whole file must hash to. In a box: few have one, and a queue may be long.
    pub checksum: Option<Box<Checksum>>,
    /// Where a list of checksums is that tells it, if the user knows none.
    pub sums: Option<Sums>,
    /// Compare the file with what the server announces of it.
    pub digests: bool,
    /// What it may use.
    pub limits: Limits,
    /// Whose turn it is before others of the queue.
    pub priority: Priority,
    /// It starts at this time and not before.
    pub start_at: Option<UnixTime>,
    /// It is paused as soon as it is added, and never starts by itself.
    pub held: bool,
    /// The user has named no folder: it goes to that of its category, if that has one.
    pub sorts: bool,
    /// The category that the user gave it, of which an empty one is none; `None` for that of its name and host.
    pub category: Option<Arc<str>>,
    /// Replace a file that stands at the target, at the end and atomically.
    pub overwrite: bool,
    /// The file that is sent to the source, if it is an upload; then the target is that file.
    pub upload: Option<Arc<Upload>>,
}

impl Spec {
    /// A plain download of `source` into `folder`.
    pub fn new(source: Source, folder: PathBuf) -> Self {
        let target = Target { folder: folder.into(), name: None };
        Self {
            source,
            mirrors: Box::default(),
            described: Described::default().shared(),
            target,
            headers: Arc::default(),
            checksum: None,
            sums: None,
            digests: true,
            limits: Limits::default(),
            priority: Priority::default(),
            start_at: None,
            held: false,
            sorts: false,
            category: None,
            overwrite: false,
            upload: None,
        }
    }

    /// A plain upload of a file to `place`.
    pub fn of_upload(place: Source, upload: Upload) -> Self {
        let folder = upload.file.parent().map(Path::to_path_buf).unwrap_or_default();
        let name = upload.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let target = Target { folder: folder.as_path().into(), name };
        Self { target, upload: Some(Arc::new(upload)), ..Self::new(place, folder) }
    }

    /// The download of a metalink's file into `folder`; `None` if it has no place that haul can ask.
    pub fn of_metalink(file: &MetalinkFile, folder: PathBuf) -> Option<Self> {
        let mut places = file.sources.iter().map(|place| place.source.clone()).take(1 + MOST_MIRRORS);
        let mut spec = Self::new(places.next()?, folder);
        spec.mirrors = places.collect();
        spec.describe(file);
        Some(spec)
    }

    /// The download of a metalink's file, where this one's URL led to the metalink. Of several files each has the name that
    /// the metalink gives it. `None` if it has no place that haul can ask.
    pub fn of_its_metalink(&self, file: &MetalinkFile, several: bool) -> Option<Self> {
        let found = Self::of_metalink(file, self.target.folder.to_path_buf())?;
        let mut spec = self.clone();
        spec.relink(found.source);
        spec.mirrors = found.mirrors;
        if several {
            (spec.target.name, spec.checksum, spec.sums) = (None, None, None);
        }
        spec.describe(file);
        // What a metalink leads to is no metalink again.
        let name = || spec.source.last_segment().unwrap_or_else(|| spec.source.host());
        // A name has folders only where the metalink says so.
        let last = |name: String| name.rsplit('/').next().map(str::to_owned).unwrap_or_default();
        let named = spec.described.name.clone().unwrap_or_else(|| last(name()));
        Arc::make_mut(&mut spec.described).name = Some(named);
        Some(spec)
    }

    /// Takes over what a metalink says of the file. What the user said goes before it.
    pub fn describe(&mut self, file: &MetalinkFile) {
        let name = Some(file.name.clone()).filter(|name| !name.is_empty());
        let pieces = file.pieces.clone().filter(|pieces| pieces.checksums.len() <= MOST_PIECES);
        self.described = Described { name, length: file.length, pieces }.shared();
        if self.checksum.is_none() && self.sums.is_none() {
            self.checksum = file.checksums.iter().max_by_key(|sum| sum.algorithm.bytes()).cloned().map(Box::new);
        }
    }

    /// All places that the bytes can come from, the primary one first.
    pub fn places(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(&self.mirrors)
    }

    /// True if the bytes can come from this URL.
    pub fn is_from(&self, url: &str) -> bool {
        self.places().any(|place| place.url().as_str() == url)
    }

    /// The bytes come from another URL from now on. Headers were given for the origin of the one before, and stay with it.
    pub fn relink(&mut self, source: Source) {
        if !source.shares_origin(&self.source) {
            self.headers = Arc::default();
        }
        self.source = source;
    }
}
