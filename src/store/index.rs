//! Where the history's lines are, by the URLs that they tell of: the file is read once, and then only what has come to it. A
//! line takes some thirty bytes of memory here.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::atomic::is_of_nothing;

/// What each line begins with, and what stands there before the hash of its URL.
const BEGINNING: &[u8] = b"(url:\"";
const BEFORE_HASH: &[u8] = b"url:\"";
/// So many digits of it are looked at.
const DIGITS: usize = 16;
/// So many bytes are read at once of the file,
const STEP: usize = 256 << 10;
/// and of a single line.
const LINE: usize = 512;
/// So many of the last bytes tell whether the file has only grown.
const LAST: usize = 64;

/// Which file it is, its length, and when it was last written.
type Version = (u64, u64, u64, (i64, i64));

fn version(meta: &Metadata) -> Version {
    (meta.dev(), meta.ino(), meta.len(), (meta.mtime(), meta.mtime_nsec()))
}

/// What was read of a file.
#[derive(Debug, Default)]
pub(super) struct Index {
    file: Option<Arc<File>>,
    version: Option<Version>,
    /// Beginnings of hashes, with where a line begins that tells of such a one.
    places: BTreeSet<(u64, u64)>,
    damaged: usize,
    /// Where the first line begins that has no end yet, and the bytes before it.
    read: u64,
    last: Vec<u8>,
}

impl Index {
    /// Reads what is new since the last time; all of it, if it is not the same file any more.
    pub(super) fn renew(&mut self, path: &Path) -> io::Result<()> {
        let now = match fs::metadata(path) {
            Err(why) if is_of_nothing(path, &why) => {
                *self = Self::default();
                return Ok(());
            }
            found => version(&found?),
        };
        if self.version == Some(now) {
            return Ok(());
        }
        if !self.has_only_grown(now) {
            *self = Self { file: Some(Arc::new(File::open(path)?)), ..Self::default() };
        }
        self.read_on()?;
        // As it was before it was read: what has come meanwhile is looked for again.
        self.version = Some(now);
        Ok(())
    }

    fn has_only_grown(&self, (device, inode, length, _): Version) -> bool {
        let (Some(before), Some(file)) = (self.version, &self.file) else { return false };
        let (mut last, start) = (vec![0; self.last.len()], self.read - self.last.len() as u64);
        (before.0, before.1) == (device, inode)
            && before.2 < length
            && file.read_exact_at(&mut last, start).is_ok()
            && last == self.last
    }

    fn read_on(&mut self) -> io::Result<()> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        let mut bytes = Vec::new();
        loop {
            let held = bytes.len();
            bytes.resize(held + STEP, 0);
            let count = file.read_at(&mut bytes[held..], self.read + held as u64)?;
            bytes.truncate(held + count);
            if count == 0 {
                // What has no end is being written, or was torn by a crash and never needed.
                return Ok(());
            }
            let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { continue };
            for line in bytes[..end].split(|byte| *byte == b'\n') {
                self.take(line);
                self.read += line.len() as u64 + 1;
            }
            self.last = bytes[end.saturating_sub(LAST)..=end].to_vec();
            bytes.drain(..=end);
        }
    }

    /// A line that begins where the reading is.
    fn take(&mut self, line: &[u8]) {
        if !line.starts_with(BEGINNING) {
            self.damaged += usize::from(!is_left_by_a_crash(line));
            return;
        }
        // One whose end was lost holds the next one too.
        let hashes = line.windows(BEFORE_HASH.len()).enumerate().filter(|(_, word)| *word == BEFORE_HASH);
        for key in hashes.filter_map(|(at, _)| key(&line[at + BEFORE_HASH.len()..])) {
            self.places.insert((key, self.read));
        }
    }

    /// How many lines tell of nobody knows which URL.
    pub(super) fn damaged(&self) -> usize {
        self.damaged
    }

    /// The lines that may tell of the URL with this hash, the newest first; each is read when it is asked for.
    pub(super) fn lines(&self, hash: &str) -> impl Iterator<Item = io::Result<String>> + use<> {
        let places = |key| self.places.range((key, 0)..=(key, u64::MAX)).rev().map(|(_, at)| *at).collect();
        let places: Vec<u64> = key(hash.as_bytes()).map(places).unwrap_or_default();
        let file = self.file.clone();
        places.into_iter().filter_map(move |at| Some(line_at(file.as_deref()?, at)))
    }
}

/// The beginning of a hash, as a number.
fn key(hash: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(hash.get(..DIGITS)?).ok()?, 16).ok()
}

/// True for what a crash leaves of a line, torn or as zeros: it was never needed, for that file did not get its name.
fn is_left_by_a_crash(line: &[u8]) -> bool {
    BEGINNING.starts_with(line) || line.iter().all(|byte| *byte == 0)
}

fn line_at(file: &File, start: u64) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        let held = line.len();
        line.resize(held + LINE, 0);
        let count = file.read_at(&mut line[held..], start + held as u64)?;
        let end = line[held..held + count].iter().position(|byte| *byte == b'\n');
        if count == 0 || end.is_some() {
            line.truncate(held + end.unwrap_or(0));
            // Damage costs the lines that it hit: what is no text any more is no entry.
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        line.truncate(held + count);
    }
}
