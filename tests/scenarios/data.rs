//! A scenario as it stands in its file: what the servers hold and how they answer, what haul is told to do, and what must
//! come of it.

use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::reply::{Reply, Rule};

/// One scenario: one or more runs of haul against servers that behave as described.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called; no two are called the same.
    pub name: String,
    /// What it proves, in one sentence.
    pub what: String,
    /// The file at `/file.bin`.
    #[serde(default)]
    pub file: File,
    /// More paths, on either server.
    #[serde(default)]
    pub more: Vec<File>,
    /// The most connections that the server keeps open; further ones are torn down at once.
    #[serde(default)]
    pub refuse_beyond: Option<usize>,
    /// The runs, one after the other, over one download folder and one state folder.
    pub runs: Vec<Run>,
    /// Why haul does not do this yet. Such a scenario is run and shown, and does not count.
    #[serde(default)]
    pub pending: Option<String>,
}

/// A path on a server, and how it is answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// The path and query.
    pub at: String,
    /// On the second server in place of the first: another host, as far as origins go.
    pub other: bool,
    /// Bytes of the file.
    pub length: u64,
    /// Which content: another version, another number.
    pub version: u64,
    /// How it is answered where no rule says something else.
    pub reply: Reply,
    /// The first rule that fits a request answers it.
    pub rules: Vec<Rule>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            at: "/file.bin".to_owned(),
            other: false,
            length: 4 << 20,
            version: 1,
            reply: Reply::default(),
            rules: Vec::new(),
        }
    }
}

/// One run of `haul get --json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What happens before it.
    #[serde(default)]
    pub first: Vec<Act>,
    /// How many requests the servers see, both together.
    pub requests: Span,
    /// The most KiB that the servers send, heads and repetitions included.
    pub kib: u64,
    /// What is asked for; `{main}` and `{other}` are the servers' origins, `{host}` is the first one's host and port, `{port}` its port.
    #[serde(default = "the_file")]
    pub url: String,
    /// Further arguments; `{sha256}` is the checksum of the file at `/file.bin`.
    #[serde(default)]
    pub args: Vec<String>,
    /// A signal, and when it is sent.
    #[serde(default)]
    pub stop: Option<(Stop, Moment)>,
    /// What happens while it runs, and when.
    #[serde(default)]
    pub during: Option<(Moment, Act)>,
    /// With what it ends; `None` if a signal ended it.
    #[serde(default = "success")]
    pub exit: Option<i32>,
    /// Files that are there afterwards besides, whatever they hold.
    #[serde(default)]
    pub also: Vec<String>,
    /// What the finished file is called.
    #[serde(default = "the_name")]
    pub name: String,
    /// The path whose file the finished file is, if not the path of `url`; on the second server behind `other:`.
    #[serde(default)]
    pub holds: Option<String>,
    /// What the finished file holds, if not the server's version of now.
    #[serde(default)]
    pub version: Option<u64>,
    /// What the finished file holds, if that is a text.
    #[serde(default)]
    pub text: Option<String>,
    /// True if a part file is left to go on with; otherwise nothing is left, neither data nor checkpoint.
    #[serde(default)]
    pub part: bool,
    /// True if a checkpoint may be left whose part file someone has deleted.
    #[serde(default)]
    pub stale: bool,
    /// Words that are said.
    #[serde(default)]
    pub says: Vec<String>,
    /// Words that are not said.
    #[serde(default)]
    pub silent: Vec<String>,
    /// Events that are told, such as `restarted`.
    #[serde(default)]
    pub events: Vec<String>,
    /// Events that are not told.
    #[serde(default)]
    pub no_events: Vec<String>,
    /// The most connections open at once on one server.
    #[serde(default)]
    pub connections: Option<usize>,
    /// Headers that some request has to bear, with a value that holds these words.
    #[serde(default)]
    pub sends: Vec<(String, String)>,
    /// Headers that no request may bear; on the second server alone, if its name stands before a colon: `other:cookie`.
    #[serde(default)]
    pub never_sends: Vec<String>,
}

fn the_file() -> String {
    "{main}/file.bin".to_owned()
}

fn the_name() -> String {
    "file.bin".to_owned()
}

#[allow(clippy::unnecessary_wraps)]
fn success() -> Option<i32> {
    Some(0)
}

/// A moment of a run.
#[derive(Clone, Debug, Deserialize)]
pub enum Moment {
    /// haul says that so many bytes are on disk.
    Done(u64),
    /// haul says these words, on stdout or on stderr.
    Said(String),
}

/// How a run is ended from outside.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Stop {
    /// SIGKILL.
    Kill,
    /// SIGTERM.
    Term,
    /// SIGINT.
    Int,
    /// SIGHUP.
    Hup,
}

/// What happens between two runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Act {
    /// A path is answered in another way from now on, or has another file.
    Now(Box<File>),
    /// The part file is changed.
    Part(Damage),
    /// All generations of the checkpoint are changed.
    Checkpoint(Damage),
    /// The newest generation of the checkpoint is changed.
    Newest(Damage),
    /// Someone writes a text to a file in the download folder.
    Write(String, String),
    /// Someone makes a folder in the download folder.
    Folder(String),
    /// Someone makes a link in the download folder; it leads to a file outside of it that does not exist.
    Link(String),
    /// The part file becomes a link to a file outside of the download folder.
    PartLink,
    /// The settings file says this.
    Settings(String),
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Damage {
    /// It is gone.
    Delete,
    /// It has this length, cut or with zeros behind it.
    Resize(u64),
    /// These many bytes from this position on are zeros.
    Zero(u64, u64),
    /// All of it is zeros; its length stays.
    ZeroAll,
    /// The byte in its middle is another one.
    Flip,
    /// It holds noise of this length and nothing else.
    Noise(usize),
    /// It says that it was written by a later haul.
    Later,
    /// Its last bytes are missing, so many.
    Shorten(u64),
}

/// From how many to how many, both included: `2`, `1..4`, `3..`, `..5`.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// At least.
    pub from: u64,
    /// At most.
    pub to: u64,
}

impl Span {
    /// True if the number lies within.
    pub fn holds(self, number: u64) -> bool {
        (self.from..=self.to).contains(&number)
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str, none: u64| if text.is_empty() { Some(none) } else { text.parse().ok() };
        match text.split_once("..") {
            None => text.parse().ok().map(|only| Self { from: only, to: only }),
            Some((from, to)) => Some(Self { from: number(from, 0)?, to: number(to, u64::MAX)? }),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not like 2, 1..4, 3.. or ..5")))
    }
}

/// Reads a file of scenarios; panics with file, line and column where it makes no sense.
pub fn read(path: &Path) -> Vec<Scenario> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(&text).unwrap_or_else(|why| panic!("{}:{}: {}", path.display(), why.span, why.code))
}
