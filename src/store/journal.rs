//! The queue on disk: `queue.ron`, RON records appended, one a line.
//!
//! A batch is one append and one fsync. Several processes may append (`haul add` beside a running haul): each takes
//! the file's lock for that moment, and first reads what others have appended. A torn last line is dropped, a bad
//! line costs that one record. Compacted at startup when more than half of it is stale.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::atomic::{folder_of, lock, private_file, private_folder, replace, sync_folder, write_beside};
use super::damage::Damage;
use super::record::{Item, Record};
use super::replay::{Replay, TORN};
use crate::model::{Fault, FaultKind, Source};

/// A journal shorter than this is not compacted for its length: there is nothing to win.
const SMALL: usize = 1000;
/// One that is shorter than this is compacted to forget what was removed: logins and signed URLs may be among it.
const FORGETFUL: usize = 10_000;
/// How often its lock is tried: somebody may be making a long one shorter, or was stopped while he had it. More often by one who
/// has nothing else to do.
const TRIES: u32 = 500;
const PATIENT_TRIES: u32 = 6000;
/// For so many URLs a queue is searched line by line; for more it is faster to read it as a whole.
const FEW: usize = 8;

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    read: u64,
    /// True if what was read ends without the end of a line: a torn write.
    torn: bool,
    damage: Option<Damage>,
    /// True once another file was found in its place, or none.
    is_replaced: bool,
}

impl Journal {
    /// Opens the queue of a state folder, makes it if there is none, and gives what is in it, in the queue's order.
    pub fn open(state: &Path) -> Result<(Self, Vec<Item>), Fault> {
        let mut journal = Self::unread(state)?;
        let loaded = journal.lock(PATIENT_TRIES).and_then(|()| journal.load());
        let _ = journal.file.unlock();
        let items = loaded.map_err(|why| unusable(&journal.path, "used", &why))?;
        Ok((journal, items))
    }

    /// Opens the queue of a state folder, of which nothing is read yet, and makes it if there is none.
    fn unread(state: &Path) -> Result<Self, Fault> {
        let path = state.join("queue.ron");
        let file =
            private_folder(state).and_then(|()| open_file(&path)).map_err(|why| unusable(&path, "used", &why))?;
        Ok(Self { path, file, read: 0, torn: false, damage: None, is_replaced: false })
    }

    /// What of the queue could not be read when it was opened.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// True if a state folder has a queue, be it an empty one.
    pub fn is_there(state: &Path) -> bool {
        state.join("queue.ron").exists()
    }

    /// Opens for appending alone, without reading what is in it.
    pub fn open_to_append(state: &Path) -> Result<Self, Fault> {
        let mut journal = Self::unread(state)?;
        let met = journal.file.metadata().map_err(|why| unusable(&journal.path, "used", &why))?;
        // From its last byte on: that one tells whether a torn line is to be closed.
        journal.read = met.len().saturating_sub(1);
        Ok(journal)
    }

    /// Reads a queue without changing anything; an empty one if there is none.
    pub fn peek(state: &Path) -> Result<Vec<Item>, Fault> {
        Ok(Self::inspect(state)?.0)
    }

    /// The same, with what of it could not be read.
    pub fn inspect(state: &Path) -> Result<(Vec<Item>, Option<Damage>), Fault> {
        let path = state.join("queue.ron");
        let replay = replayed(&path, |replay, file| replay.read(BufReader::new(file)))?;
        let damage = Damage::of(replay.bad, path);
        Ok((replay.items(), damage))
    }

    /// What the bytes of a queue's file amount to, in the queue's order. Damage costs the records that it touched.
    pub fn read(bytes: &[u8]) -> Vec<Item> {
        let mut replay = Replay::default();
        // Memory gives no errors.
        let _ = replay.read(bytes);
        replay.items()
    }

    /// The transfers of these URLs alone, as `peek` would give them. Of a long queue only the lines that speak of them
    /// are parsed.
    pub fn peek_at(state: &Path, sources: &[&Source]) -> Result<Vec<Item>, Fault> {
        if sources.len() > FEW {
            return Self::peek(state);
        }
        let replay = replayed(&state.join("queue.ron"), |replay, mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            for record in records_of(&String::from_utf8_lossy(&bytes), sources) {
                replay.take(&record);
            }
            Ok(())
        })?;
        Ok(replay.items())
    }

    /// Lets nobody else append before the next append of this one is over. False if somebody may have added a transfer since
    /// it was opened to append.
    pub fn hold(&mut self) -> Result<bool, Fault> {
        self.try_hold().map_err(|why| Fault::disk_of_state(self.path.display(), "locking the queue", &why))
    }

    fn try_hold(&mut self) -> io::Result<bool> {
        let before = self.read;
        self.lock(PATIENT_TRIES)?;
        // Where it has got shorter, who knows.
        let is_same = self.read >= before;
        Ok(is_same && !self.read_on()?.iter().any(|record| matches!(record, Record::Added(_))))
    }

    /// Appends records durably: one write, one fsync. Records that others have appended meanwhile are returned.
    pub fn append(&mut self, batch: impl IntoIterator<Item: Borrow<Record>>) -> Result<Vec<Record>, Fault> {
        let lines = self.lines(batch)?;
        self.append_lines(&lines)
    }

    /// The lines of these records, for `append_lines`.
    pub fn lines(&self, batch: impl IntoIterator<Item: Borrow<Record>>) -> Result<String, Fault> {
        let unwritable = |why: ron::Error| Fault::new(FaultKind::State, self.path.display(), why.to_string());
        batch.into_iter().map(|record| record.borrow().line()).collect::<Result<String, _>>().map_err(unwritable)
    }

    /// The same as `append`, of records whose lines are made already.
    pub fn append_lines(&mut self, lines: &str) -> Result<Vec<Record>, Fault> {
        let path = self.path.clone();
        let broken = |why: io::Error| unwritten(&path, &why);
        self.lock(TRIES).map_err(broken)?;
        let others = self.read_and_write(lines.as_bytes());
        let _ = self.file.unlock();
        others.map_err(broken)
    }

    /// A batch is written as a whole or not at all, and what others have appended is never passed over.
    fn read_and_write(&mut self, text: &[u8]) -> io::Result<Vec<Record>> {
        let (before, torn) = (self.read, self.torn);
        let others = self.read_on()?;
        if let Err(why) = self.write(text) {
            let _ = self.file.set_len(self.read);
            (self.read, self.torn) = (before, torn);
            return Err(why);
        }
        Ok(others)
    }

    /// True if others have appended since the last look; costs two `stat`s.
    pub fn has_news(&self) -> bool {
        let grown = self.file.metadata().is_ok_and(|meta| meta.len() > self.read);
        grown || !self.is_current()
    }

    /// True if somebody has put another file in this one's place since the last time that this was asked, or has deleted it: what
    /// it held is not in the one that is there now, unless `append` or `news` gave it back.
    pub fn take_replaced(&mut self) -> bool {
        std::mem::take(&mut self.is_replaced)
    }

    /// What others have appended since the last look.
    pub fn news(&mut self) -> Vec<Record> {
        if !self.has_news() || self.lock(TRIES).is_err() {
            return Vec::new();
        }
        let news = self.read_on().unwrap_or_default();
        let _ = self.file.unlock();
        news
    }

    fn lock(&mut self, tries: u32) -> io::Result<()> {
        loop {
            lock(&self.file, tries)?;
            // A compaction may have put another file in this one's place while we waited.
            if self.is_current() {
                return Ok(());
            }
            (self.file, self.read, self.torn, self.is_replaced) = (open_file(&self.path)?, 0, false, true);
        }
    }

    /// False if another file has been put in this one's place.
    fn is_current(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|meta| self.file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (meta.dev(), meta.ino())))
    }

    fn load(&mut self) -> io::Result<Vec<Item>> {
        let mut replay = Replay::default();
        self.file.seek(SeekFrom::Start(self.read))?;
        replay.read(BufReader::new(&self.file))?;
        self.read += replay.bytes;
        self.torn = replay.torn.unwrap_or(self.torn);
        let (records, has_removed) = (replay.records, replay.has_removed);
        if replay.bad > 0 {
            let kept = self.keep_damaged().unwrap_or_else(|why| {
                tracing::warn!("{}: its damaged lines are not kept: {why}", self.path.display());
                self.path.clone()
            });
            self.damage = Damage::of(replay.bad, kept);
        }
        let unread = std::mem::take(&mut replay.unread);
        let items = replay.items();
        let is_long = records > SMALL && records > items.len() * 2;
        if is_long || (has_removed && records < FORGETFUL) {
            // A full disk, for one, is no reason not to start.
            if let Err(why) = self.compact(&items, &unread) {
                tracing::warn!("{}: not made shorter: {why}", self.path.display());
            }
        }
        Ok(items)
    }

    /// A queue of which not every line can be read is kept beside the one that is used from now on, as it was found.
    fn keep_damaged(&self) -> io::Result<PathBuf> {
        let aside = self.path.with_extension("damaged");
        replace(&aside, "new", &fs::read(&self.path)?)?;
        Ok(aside)
    }

    /// Reads from where the last reading ended.
    fn read_on(&mut self) -> io::Result<Vec<Record>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_to_end(&mut bytes)?;
        self.read += bytes.len() as u64;
        self.torn = bytes.last().map_or(self.torn, |last| *last != b'\n');
        Ok(records(&bytes))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.torn {
            self.close_line()?;
        }
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.read += bytes.len() as u64;
        Ok(())
    }

    /// The next record begins on a line of its own. A last line without an end is closed if it is one; else it is what a
    /// power cut or a kill has left of a write, and says so from now on: it holds nothing, and is no damage. (Taken away, it
    /// would leave those who have read it in the middle of what comes in its place.)
    fn close_line(&mut self) -> io::Result<()> {
        let start = self.start_of_last_line()?;
        let mut line = vec![0; (self.read - start) as usize];
        self.file.read_exact_at(&mut line, start)?;
        let torn = if Record::parse(&line).is_ok() { &b""[..] } else { TORN };
        self.file.write_all(&[torn, b"\n"].concat())?;
        self.read += torn.len() as u64 + 1;
        self.torn = false;
        Ok(())
    }

    /// Where the line begins whose end is the end of what was read.
    fn start_of_last_line(&self) -> io::Result<u64> {
        let (mut start, mut piece) = (self.read, [0; 4096]);
        while start > 0 {
            let from = start.saturating_sub(piece.len() as u64);
            let bytes = &mut piece[..(start - from) as usize];
            self.file.read_exact_at(bytes, from)?;
            if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
                return Ok(from + at as u64 + 1);
            }
            start = from;
        }
        Ok(0)
    }

    /// Lines that could not be read are taken along: another haul may read them, and they are told for as long as they are
    /// there.
    fn compact(&mut self, items: &[Item], unread: &[u8]) -> io::Result<()> {
        let text = items.iter().map(|item| item.record().line());
        let mut text = text.collect::<Result<String, _>>().map_err(io::Error::other)?.into_bytes();
        text.extend_from_slice(unread);
        let (temporary, _) = write_beside(&self.path, "new", &text)?;
        let file = open_file(&temporary)?;
        // Held before the name is taken, so that nobody appends between the rename and our own lock.
        lock(&file, TRIES)?;
        fs::rename(&temporary, &self.path)?;
        sync_folder(folder_of(&self.path))?;
        (self.file, self.read, self.torn) = (file, text.len() as u64, false);
        Ok(())
    }
}

/// What a queue's file holds, read in some way; nothing if there is none.
fn replayed(path: &Path, read: impl FnOnce(&mut Replay, File) -> io::Result<()>) -> Result<Replay, Fault> {
    let mut replay = Replay::default();
    match open_to_read(path).and_then(|file| read(&mut replay, file)) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(unusable(path, "read", &why)),
        _ => Ok(replay),
    }
}

fn unusable(path: &Path, how: &str, why: &io::Error) -> Fault {
    Fault::new(FaultKind::State, path.display(), format!("the queue can't be {how}: {why}"))
}

/// The fault of a queue that can't be written. Nobody waits for room on its disk.
fn unwritten(path: &Path, why: &io::Error) -> Fault {
    match Fault::disk_of_state(path.display(), "writing the queue", why) {
        fault if fault.kind == FaultKind::DiskFull => {
            let detail = "the disk is full, so the queue can't be written; make room and try again";
            Fault::new(FaultKind::DiskFull, path.display(), detail)
        }
        fault => fault,
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = own(private_file().read(true).append(true).create(true).open(path))?;
    if is_new {
        sync_folder(folder_of(path))?;
    }
    Ok(file)
}

fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // A pipe that nobody writes to would be waited for.
    options.read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    own(options.open(path))
}

/// A queue is a file and nothing else: a pipe has no end, and a link would be replaced by a queue that is made shorter.
fn own(opened: io::Result<File>) -> io::Result<File> {
    let other = || io::Error::other("it is a link, a pipe or a device, and must be a file of its own; move it away");
    match opened {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Err(why) if why.raw_os_error() != Some(Errno::LOOP.raw_os_error()) => Err(why),
        _ => Err(other()),
    }
}

/// The records in these lines; those that can't be read are skipped and told to the log.
fn records(bytes: &[u8]) -> Vec<Record> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.ends_with(TORN));
    let parsed = lines.map(Record::parse);
    let good = parsed.filter_map(|record| record.map_err(|why| tracing::warn!("queue: a bad record: {why}")).ok());
    good.collect()
}

/// The records of the transfers that were added with one of these URLs.
fn records_of(text: &str, sources: &[&Source]) -> Vec<Record> {
    let mut lines: BTreeSet<(usize, &str)> = BTreeSet::new();
    for source in sources {
        let Ok(url) = ron::to_string(source.url().as_str()) else { continue };
        let added = lines_with(text, &format!("url:{url}"));
        for record in added.iter().filter_map(|(_, line)| Record::parse(line.as_bytes()).ok()) {
            if let Record::Added(stored) = record {
                lines.extend(lines_with(text, stored.id()));
            }
        }
    }
    lines.into_iter().filter_map(|(_, line)| Record::parse(line.as_bytes()).ok()).collect()
}

/// The lines that hold these words, with their places.
fn lines_with<'text>(text: &'text str, words: &str) -> Vec<(usize, &'text str)> {
    let line = |(at, _): (usize, &str)| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        (start, &text[start..end])
    };
    text.match_indices(words).map(line).collect()
}
