//! What haul has finished: so that the same download is known to be complete, and not fetched again.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{folder_of, lock_folder, private_file, private_folder, replace, sync_folder};
use super::index::Index;
use super::path_text;
use super::standing::{Standing, standing};
use crate::model::{Fault, FaultKind, Lock, Source, TransferId, Validator};

/// Past this size the history is cut to its newer half when the next entry is written.
const MAX_SIZE: u64 = 16 << 20;

/// Threads of this process wait here and not for the folder's lock, which is tried in steps.
static TURN: Lock<()> = Lock::new(());

/// A finished download, with what tells whether the file and the server are still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The finished file.
    pub target: PathBuf,
    /// What the server's version was.
    pub validator: Validator,
    /// Its bytes.
    pub length: u64,
    /// The transfer whose checkpoint it had.
    pub by: Option<TransferId>,
}

/// A line of the file. The URL is kept only as a hash: it may hold secrets, and nobody needs to read it here.
#[derive(Serialize, Deserialize)]
struct Entry {
    url: String,
    target: String,
    length: u64,
    modified: (i64, i64),
    etag: Option<String>,
    last_modified: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

/// `history.ron` in a state folder: RON records, one a line, appended.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    /// Where its lines are, for whoever looks into it again.
    index: Lock<Index>,
}

impl History {
    /// The history of a state folder.
    pub fn of(state: &Path) -> Self {
        Self { path: state.join("history.ron"), index: Lock::default() }
    }

    /// Adds downloads that are about to get their names, durably: whatever moment the program dies at, a file under its
    /// name is known to be complete. Until it has that name its entry fits nothing. Each comes with when its part file was
    /// last written.
    ///
    /// # Errors
    /// A sentence, if that can't be written: then nobody knows of these files the next time, and nothing else is lost.
    pub fn add(&self, downloads: &[(&Source, &Finished, (i64, i64))]) -> Result<(), Fault> {
        if downloads.is_empty() {
            return Ok(());
        }
        self.try_add(downloads).map_err(|why| {
            tracing::warn!("{}: {why}", self.path.display());
            let detail =
                format!("it can't be noted what is complete, so that it would be fetched again next time: {why}");
            Fault::new(FaultKind::State, self.path.display(), detail)
        })
    }

    fn try_add(&self, downloads: &[(&Source, &Finished, (i64, i64))]) -> io::Result<()> {
        let mut lines = String::new();
        for (source, finished, modified) in downloads {
            let entry = Entry {
                url: hash(source),
                target: path_text::encode(&finished.target),
                length: finished.length,
                modified: *modified,
                etag: finished.validator.etag.clone(),
                last_modified: finished.validator.last_modified.clone(),
                by: finished.by.map(|id| id.to_string()),
            };
            lines.push_str(&ron::to_string(&entry).map_err(io::Error::other)?);
            lines.push('\n');
        }
        self.append(lines)
    }

    /// Adds whole lines, durably.
    fn append(&self, mut lines: String) -> io::Result<()> {
        let folder = folder_of(&self.path);
        private_folder(folder)?;
        // Of two that are written at once neither may shorten the file under the other. Who gets no lock writes all the
        // same, since a whole line is added at once.
        let _turn = TURN.lock();
        let _lock = lock_folder(folder);
        self.shorten();
        let mut file = private_file().read(true).append(true).create(true).open(&self.path)?;
        // What a crash has torn is closed, so that this entry has a line of its own.
        let mut last = [b'\n'];
        let length = file.metadata()?.len();
        if length > 0 && file.read_exact_at(&mut last, length - 1).is_ok() && last != *b"\n" {
            lines.insert(0, '\n');
        }
        file.write_all(lines.as_bytes())?;
        file.sync_data()?;
        // Not only by the one who made it: the name that another one saw there may not be durable yet.
        sync_folder(folder)
    }

    /// Notes that a finished file has another place now, if it is known: then it is known there. What can't be read or written
    /// costs only that it is fetched again.
    pub(super) fn moved(&self, from: &Path, to: &Path) {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let place = format!("target:{}", ron::to_string(&path_text::encode(from)).unwrap_or_default());
        let known = |line: &&str| line.contains(&place);
        let mut entries = text.lines().rev().filter(known).filter_map(|line| ron::from_str::<Entry>(line).ok());
        let is_it = |entry: &Entry| standing(to) == Standing::File { length: entry.length, modified: entry.modified };
        let Some(entry) = entries.next().filter(is_it) else { return };
        let entry = Entry { target: path_text::encode(to), ..entry };
        if let Err(why) = ron::to_string(&entry).map_err(io::Error::other).and_then(|line| self.append(line + "\n")) {
            tracing::warn!("{}: {why}", self.path.display());
        }
    }

    /// The newest finished download of this URL into this folder (and, if a name is given, to that name) whose file
    /// is still there as haul left it.
    ///
    /// # Errors
    /// A sentence, if it is not found and the history can't be read, or not all of it: it may be there all the same.
    pub fn find(&self, source: &Source, folder: &Path, name: Option<&str>) -> Result<Option<Finished>, Fault> {
        let unread = |why: io::Error| self.unread(&why.to_string());
        let url = hash(source);
        let (lines, mut damaged) = {
            let mut index = self.index.lock();
            index.renew(&self.path).map_err(unread)?;
            (index.lines(&url), index.damaged())
        };
        // A file that is looked at on a slow disk keeps nobody else waiting.
        for line in lines {
            let line = line.map_err(unread)?;
            match fitting(&line, &url, folder, name) {
                Some(finished) => return Ok(Some(finished)),
                None if is_damaged(&line, &url) => damaged += 1,
                None => {}
            }
        }
        match damaged {
            0 => Ok(None),
            1 => Err(self.unread("1 line is damaged, which can be deleted")),
            lines => Err(self.unread(&format!("{lines} lines are damaged, which can be deleted"))),
        }
    }

    fn unread(&self, why: &str) -> Fault {
        tracing::warn!("{}: {why}", self.path.display());
        let detail = format!("what was complete before may not be known, and is fetched again then: {why}");
        Fault::new(FaultKind::State, self.path.display(), detail)
    }

    fn shorten(&self) {
        if fs::metadata(&self.path).is_ok_and(|meta| meta.len() > MAX_SIZE)
            && let Ok(text) = fs::read(&self.path)
        {
            let half = text.len() / 2;
            let from = text[half..].iter().position(|byte| *byte == b'\n').map_or(0, |at| half + at + 1);
            let _ = replace(&self.path, "new", &text[from..]);
        }
    }
}

/// What a line tells of, if it fits and the file is as it was left.
fn fitting(line: &str, url: &str, folder: &Path, name: Option<&str>) -> Option<Finished> {
    let entry: Entry = ron::from_str(line).ok()?;
    let target = path_text::decode(&entry.target);
    let place = match name {
        Some(name) => target == folder.join(name),
        None => target.parent() == Some(folder),
    };
    let untouched = Standing::File { length: entry.length, modified: entry.modified };
    let known = Finished {
        target,
        validator: Validator { etag: entry.etag, last_modified: entry.last_modified },
        length: entry.length,
        by: entry.by.as_deref().and_then(|id| id.parse().ok()),
    };
    (entry.url == url && place && standing(&known.target) == untouched).then_some(known)
}

/// True for a line of this URL that can't be read. One that has no end was torn by a crash, and never needed: that file did not
/// get its name.
fn is_damaged(line: &str, url: &str) -> bool {
    line.contains(url) && line.ends_with(')') && ron::from_str::<Entry>(line).is_err()
}

fn hash(source: &Source) -> String {
    blake3::hash(source.url().as_str().as_bytes()).to_hex()[..32].to_owned()
}
