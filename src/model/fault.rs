//! What can go wrong, as one closed list. Each fault reads as a sentence: what happened, to which URL or file, and
//! what the user can do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::harmless;

/// The kind of a fault; `plan::verdict` decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The host's name has no address.
    Resolve,
    /// No connection could be made.
    Connect,
    /// The certificate or the handshake is not acceptable.
    Tls,
    /// The connection ended before its last byte.
    Cut,
    /// No byte came for as long as the settings allow.
    Stalled,
    /// An HTTP status that is no success.
    Status(u16),
    /// A range was asked for and the whole file came: this server gives no parts.
    RangeIgnored,
    /// Another range came than was asked for, or an answer that contradicts itself.
    WrongRange,
    /// The file on the server is another one than the one begun.
    Changed,
    /// Length and date are those of the file begun, and its ETag is another one: a new version, or another machine of
    /// the same site. The bytes tell.
    Retagged,
    /// The answer can't be used: bad framing, bad headers, a web page in place of the file.
    BadAnswer,
    /// A page about the file came in place of the file: a login, an error, a notice.
    WebPage,
    /// The link has expired: its URL gave the file, or was made for it, and is refused now.
    Expired,
    /// Another URL was given for bytes that are on disk, and it leads to a file that does not match them.
    Different,
    /// Redirects that go round in circles, to another scheme, or on for ever.
    Redirect,
    /// The disk is full, or the quota used up.
    DiskFull,
    /// Another error of the disk.
    Disk,
    /// Something stands at the target that is not haul's to continue or to replace.
    Exists,
    /// Another process or transfer writes this target.
    Busy,
    /// The finished bytes do not hash to the checksum that the user gave.
    Checksum,
    /// haul's own state can't be read or written.
    State,
    /// What the user asked for makes no sense.
    Request,
    /// The store does not know the upload that was begun: it was completed, given up or has expired.
    UploadGone,
    /// A part arrived damaged: the store's checksum of it is not that of the bytes that were sent.
    PartDamaged,
    /// No login for the store was found, or the store does not take it.
    Credentials,
    /// The file that is being sent is not the one that was begun: it has changed on this disk.
    SourceChanged,
}

/// Every kind but `Status` with the word that it is stored by.
const WORDS: [(FaultKind, &str); 25] = [
    (FaultKind::Resolve, "resolve"),
    (FaultKind::Connect, "connect"),
    (FaultKind::Tls, "tls"),
    (FaultKind::Cut, "cut"),
    (FaultKind::Stalled, "stalled"),
    (FaultKind::RangeIgnored, "range-ignored"),
    (FaultKind::WrongRange, "wrong-range"),
    (FaultKind::Changed, "changed"),
    (FaultKind::Retagged, "retagged"),
    (FaultKind::BadAnswer, "bad-answer"),
    (FaultKind::WebPage, "web-page"),
    (FaultKind::Expired, "expired"),
    (FaultKind::Different, "different"),
    (FaultKind::Redirect, "redirect"),
    (FaultKind::DiskFull, "disk-full"),
    (FaultKind::Disk, "disk"),
    (FaultKind::Exists, "exists"),
    (FaultKind::Busy, "busy"),
    (FaultKind::Checksum, "checksum"),
    (FaultKind::State, "state"),
    (FaultKind::Request, "request"),
    (FaultKind::UploadGone, "upload-gone"),
    (FaultKind::PartDamaged, "part-damaged"),
    (FaultKind::Credentials, "credentials"),
    (FaultKind::SourceChanged, "source-changed"),
];

/// One word, the same in every version of haul: `cut`, `status-404`.
impl fmt::Display for FaultKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, WORDS.iter().find(|entry| entry.0 == *self)) {
            (Self::Status(status), _) => write!(out, "status-{status}"),
            (_, entry) => out.write_str(entry.map_or("state", |entry| entry.1)),
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Some(status) = word.strip_prefix("status-").and_then(|status| status.parse().ok()) {
            return Ok(Self::Status(status));
        }
        let known = WORDS.iter().find(|entry| entry.1 == word).map(|entry| entry.0);
        known.ok_or_else(|| format!("{word:?} is no kind of fault"))
    }
}

/// The error number of a broken disk, the same on every Unix.
const EIO: i32 = 5;

/// What went wrong, with what, and what can be done. Cheap enough to clone into an event and a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind, for decisions.
    pub kind: FaultKind,
    /// The URL without its secrets, or the file.
    pub subject: String,
    /// What happened, as the end of a sentence that begins with the subject.
    pub detail: String,
    /// How long the server asks to wait (Retry-After, RFC 9110 section 10.2.3).
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault of `kind`; it reads "subject: detail".
    pub fn new(kind: FaultKind, subject: impl fmt::Display, detail: impl Into<String>) -> Self {
        let subject = harmless(&subject.to_string()).into_owned();
        let detail = harmless(&detail.into()).into_owned();
        Self { kind, subject, detail, retry_after: None }
    }

    /// The same fault with the server's word on when to come again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// A fault of the disk: what an operating system error says about `subject`, a file that the user wants.
    pub fn disk(subject: impl fmt::Display, doing: &str, why: &std::io::Error) -> Self {
        Self::of_disk(subject, doing, why, "choose another folder with -d or -o")
    }

    /// The same of one of haul's own files, which are somewhere else.
    pub fn disk_of_state(subject: impl fmt::Display, doing: &str, why: &std::io::Error) -> Self {
        Self::of_disk(subject, doing, why, "choose another folder for haul's own files with --state")
    }

    fn of_disk(subject: impl fmt::Display, doing: &str, why: &std::io::Error, way_out: &str) -> Self {
        use std::io::ErrorKind as Io;
        let detail = match why.kind() {
            Io::StorageFull | Io::QuotaExceeded => {
                let detail = "the disk is full: make room, and it goes on by itself, or run haul again";
                return Self::new(FaultKind::DiskFull, subject, detail);
            }
            Io::ReadOnlyFilesystem => {
                format!("{doing} failed: the disk is read-only; mount it for writing, or {way_out}")
            }
            Io::FileTooLarge => {
                format!("{doing} failed: the file is larger than this disk or the user's limit (ulimit -f) allows")
            }
            Io::PermissionDenied => format!("{doing} is not permitted; {way_out}, or change its mode"),
            _ if why.raw_os_error() == Some(EIO) => {
                format!("{doing} failed: the disk reports an error ({why}); what was saved before it is kept")
            }
            _ => format!("{doing} failed: {why}"),
        };
        Self::new(FaultKind::Disk, subject, detail)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.subject, self.detail)
    }
}

impl std::error::Error for Fault {}
