//! The boxes that take more than one line: what is to be downloaded, or what is to be sent.

use std::path::PathBuf;

use tui_input::Input;

use super::Taken;
use crate::ask::Entry;
use crate::model::{Priority, Source, Spec, TransferId, UnixTime, shortened};

/// A line of such a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// URLs, patterns of them, or a curl command.
    Urls,
    /// A file with a list of URLs.
    List,
    /// The folder for the files.
    Folder,
    /// The file's name.
    Name,
    /// How many connections each may have.
    Connections,
    /// How fast each may be.
    Limit,
    /// What the file must hash to.
    Checksum,
    /// Headers for the URLs' own hosts.
    Headers,
    /// Other places of the same file.
    Mirrors,
    /// When they are to start.
    Start,
    /// The file or folder to send.
    File,
    /// Where that goes.
    Place,
    /// How the store is to keep it.
    Class,
}

impl Slot {
    /// The lines of the box for downloads,
    pub const DOWNLOAD: [Self; 10] = [
        Self::Urls,
        Self::Folder,
        Self::Name,
        Self::Start,
        Self::Connections,
        Self::Limit,
        Self::Checksum,
        Self::Headers,
        Self::Mirrors,
        Self::List,
    ];
    /// and of the box for uploads.
    pub const UPLOAD: [Self; 6] = [Self::File, Self::Place, Self::Class, Self::Start, Self::Connections, Self::Limit];

    /// What stands before it.
    pub fn label(self) -> &'static str {
        self.words().0
    }

    /// What stands in it as long as it is empty.
    pub fn absent(self) -> &'static str {
        self.words().1
    }

    /// What can be written there.
    pub fn hint(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Urls => (
                "URLs",
                "paste or type",
                "Several with blanks between them; [01-20], [a-z] and {x,y} stand for several; a \"copy as cURL\" command will do.",
            ),
            Self::List => ("From a list", "none", "A file with a URL on each line, as haul get -i reads it."),
            Self::Folder => ("Folder", "that of its category", "Tab completes it."),
            Self::Name => ("Name", "as the server calls it", "The name of the finished file, for one URL."),
            Self::Connections => ("Connections", "as many as help", "1 to 64 for each file."),
            Self::Limit => ("Limit", "none", "Bytes a second for each file: 500K, 5M or 1.5MiB."),
            Self::Checksum => (
                "Checksum",
                "none",
                "What the finished file must hash to, for one URL: sha256:SUM, md5:SUM, blake3:SUM and others.",
            ),
            Self::Headers => (
                "Headers",
                "none",
                "Name: value, sent to the URLs' own hosts and nowhere else; | stands between several.",
            ),
            Self::Mirrors => ("Mirrors", "none", "Other URLs of the same file, with blanks between them."),
            Self::Start => (
                "Start",
                "in its turn",
                "now (before all others), paused, or a time: 22:00, mon 7:30, 2026-12-01 08:00, in 2h.",
            ),
            Self::File => ("File", "", "A file, or a folder with all files in it. Tab completes it."),
            Self::Place => (
                "Goes to",
                "s3://bucket/name",
                "s3:, oss:, tos: or chunk+http(s):. With / at its end, files go below it with their own names.",
            ),
            Self::Class => ("Class", "the store's own", "The storage class in the store's words, such as STANDARD_IA."),
        }
    }

    /// True for one that holds a path; then, whether only folders will do.
    pub fn path(self) -> Option<bool> {
        match self {
            Self::Folder => Some(true),
            Self::List | Self::File => Some(false),
            _ => None,
        }
    }
}

/// A box that is being filled in.
#[derive(Clone, Debug)]
pub struct Form {
    /// Its lines.
    pub lines: Vec<(Slot, Input)>,
    /// Which of them has the keys.
    pub at: usize,
    /// Headers of pasted curl commands.
    pub taken: Taken,
    /// What an order said that has no line of its own.
    pub priority: Priority,
    /// The same.
    pub category: Option<String>,
    /// Brackets are no patterns.
    pub literal: bool,
    /// What a pattern makes.
    pub preview: Option<String>,
    /// What was wrong.
    pub complaint: Option<String>,
    /// What Tab found.
    pub offers: Vec<String>,
    /// The line that has the keys was changed since it got them, so that Tab completes it.
    pub edited: bool,
    /// The disk is asked for what is needed to go on.
    pub waits: bool,
    /// What stood in the lines when it was opened.
    begun: Vec<String>,
}

impl Form {
    /// An empty box with these lines.
    pub fn new(slots: &[Slot]) -> Self {
        Self {
            lines: slots.iter().map(|slot| (*slot, Input::default())).collect(),
            at: 0,
            taken: Taken::default(),
            priority: Priority::default(),
            category: None,
            literal: false,
            preview: None,
            complaint: None,
            offers: Vec::new(),
            edited: false,
            waits: false,
            begun: vec![String::new(); slots.len()],
        }
    }

    /// What stands in the lines now is haul's and not the user's.
    pub fn opened(&mut self) {
        self.begun = self.lines.iter().map(|line| line.1.value().to_owned()).collect();
    }

    /// True if all lines are as they were when it was opened: nothing is lost with it.
    pub fn is_untouched(&self) -> bool {
        self.lines.iter().zip(&self.begun).all(|(line, begun)| line.1.value().trim() == begun.trim())
    }

    /// The line that has the keys.
    pub fn slot(&self) -> Slot {
        self.lines[self.at.min(self.lines.len() - 1)].0
    }

    /// Its text.
    pub fn input(&mut self) -> &mut Input {
        let last = self.lines.len() - 1;
        &mut self.lines[self.at.min(last)].1
    }

    /// What stands in a line; empty if the box has no such line.
    pub fn value(&self, slot: Slot) -> &str {
        self.lines.iter().find(|line| line.0 == slot).map_or("", |line| line.1.value().trim())
    }

    /// Puts a text into a line.
    pub fn put(&mut self, slot: Slot, text: impl Into<String>) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.0 == slot) {
            line.1 = Input::new(text.into());
        }
    }

    /// Says what is wrong with a line, and gives it the keys.
    pub fn complain(&mut self, slot: Slot, why: impl Into<String>) {
        self.complaint = Some(shortened(&why.into()).into_owned());
        self.waits = false;
        self.at = self.lines.iter().position(|line| line.0 == slot).unwrap_or(self.at);
    }
}

/// What a box asks the disk for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// What a path that is being typed can become.
    Complete {
        /// What was typed.
        text: String,
        /// The folder that it is seen from.
        from: PathBuf,
        /// Offer folders alone.
        only_folders: bool,
    },
    /// What stands in a list.
    Read(PathBuf),
    /// Which files an upload sends.
    Gather(PathBuf, Source),
}

/// What the disk said.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To the text of `Complete`.
    Completed(String, crate::ask::Offers),
    /// To `Read` of this path.
    Listed(PathBuf, Result<(Vec<Entry>, Option<String>), String>),
    /// To `Gather` for this path and place.
    Gathered(PathBuf, Source, Result<crate::ask::Gathered, String>),
}

/// When added transfers begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// In their turn.
    Turn,
    /// At once.
    Now,
    /// When the user says so.
    Paused,
    /// At a time.
    At(UnixTime),
}

/// Some of what is to be added is in the list already.
#[derive(Clone, Debug)]
pub struct Twins {
    /// All that is to be added.
    pub batch: Vec<(TransferId, Spec)>,
    /// Those of it that are in the list, by their place in the batch: which transfer it is, and what that is called.
    pub twins: Vec<(usize, TransferId, String)>,
    /// Those of it that are to start at once.
    pub now: Vec<TransferId>,
    /// The box that it came from, with what was not understood.
    pub rest: Option<Box<Form>>,
}
