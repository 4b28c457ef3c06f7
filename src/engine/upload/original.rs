//! The file that is sent: opened once, and looked at again before anything is made of what was sent of it.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl};

use super::super::blocking::blocking;
use crate::model::{Fault, FaultKind, Upload};

/// The file that is sent.
#[derive(Debug)]
pub(super) struct Original {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Its bytes,
    pub(super) length: u64,
    /// and when it was last written, in nanoseconds since 1970: as it was when it was opened.
    pub(super) modified: i64,
    /// Which file it is: the disk, and the number on it.
    identity: (u64, u64),
    /// True if it has no name any more: it holds a piece of a stream, and nobody else can change it.
    nameless: bool,
}

impl Original {
    /// Opens it, on a thread that may block.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Fault> {
        blocking(move || Self::open_now(path)).await
    }

    fn open_now(path: PathBuf) -> Result<Self, Fault> {
        let broken = |why: &io::Error| unread(&path, "reading the file", why);
        // A pipe would be waited for.
        let met = std::fs::metadata(&path).map_err(|why| broken(&why))?;
        if !met.is_file() {
            let detail = if met.is_dir() { "it is a folder" } else { "it is no file that can be read in parts" };
            return Err(Fault::new(FaultKind::Disk, path.display(), detail));
        }
        // stdin was opened by whoever had the right to, and is not opened by its name again.
        let file = opened(&path).map_err(|why| broken(&why))?;
        let met = file.metadata().map_err(|why| broken(&why))?;
        Ok(Self::of(file, path, &met, false))
    }

    /// A piece of a stream, in a file without a name.
    pub(super) fn nameless(file: File, path: PathBuf) -> Result<Self, Fault> {
        let met = file.metadata().map_err(|why| Fault::disk(path.display(), "keeping a piece of the stream", &why))?;
        Ok(Self::of(file, path, &met, true))
    }

    fn of(file: File, path: PathBuf, met: &Metadata, nameless: bool) -> Self {
        let (length, modified, identity) = (met.size(), written(met), (met.dev(), met.ino()));
        Self { file, path, length, modified, identity, nameless }
    }

    /// Fails if the file is not what it was when it was opened, or another one stands in its place. One that nobody finds there
    /// may come back, as a disk that is mounted again: what was sent of it is still good. Costs microseconds.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let open = self.file.metadata().map_err(|why| Fault::disk(self.path.display(), "reading the file", &why))?;
        let is_same = |met: &Metadata| {
            (met.size(), written(met), (met.dev(), met.ino())) == (self.length, self.modified, self.identity)
        };
        let there = if self.nameless { Ok(None) } else { std::fs::metadata(&self.path).map(Some) };
        let there = there.map_err(|why| unread(&self.path, "looking at the file", &why))?;
        let stands = there.as_ref().is_none_or(is_same);
        if is_same(&open) && stands { Ok(()) } else { Err(changed(&self.path)) }
    }
}

/// True if it is a pipe or a device, which gives its bytes once; or what is left of a file that was handed over half read.
pub(super) async fn is_stream(path: PathBuf) -> bool {
    blocking(move || Ok(gives_once(&path))).await.unwrap_or(false)
}

fn gives_once(path: &Path) -> bool {
    if path == Path::new(Upload::STDIN) {
        return !opened(path).is_ok_and(|stdin| is_whole_file(&stdin));
    }
    let Ok(met) = std::fs::metadata(path) else { return false };
    // What the system makes up when it is read, such as in /proc, claims to be an empty file.
    let gives_more = || File::open(path).and_then(|mut file| file.read(&mut [0])).is_ok_and(|count| count > 0);
    if met.is_file() { met.len() == 0 && gives_more() } else { !met.is_dir() }
}

/// True if it is a file that stands at its beginning.
fn is_whole_file(mut file: &File) -> bool {
    file.metadata().is_ok_and(|met| met.is_file()) && file.stream_position().is_ok_and(|position| position == 0)
}

/// Opens a stream. stdin is taken as it stands: by its name it would begin anew, and a socket has none.
pub(super) fn opened(path: &Path) -> io::Result<File> {
    if path != Path::new(Upload::STDIN) {
        return File::open(path);
    }
    let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    // What is closed when a program begins, Rust opens in both ways as a device that is empty.
    let is_both_ways = fcntl_getfl(&stdin)?.contains(OFlags::RDWR);
    let is_null = stdin.metadata()?.rdev() == std::fs::metadata("/dev/null")?.rdev();
    if is_both_ways && is_null { Err(io::Error::other("stdin is closed")) } else { Ok(stdin) }
}

/// The fault of what can't be read: another folder, as for a download, is no way out.
pub(super) fn unread(path: &Path, doing: &str, why: &io::Error) -> Fault {
    if why.kind() == io::ErrorKind::PermissionDenied {
        return Fault::new(FaultKind::Disk, path.display(), format!("{doing} is not permitted; change its mode"));
    }
    Fault::disk(path.display(), doing, why)
}

/// The fault of a file that has changed while it was sent.
pub(super) fn changed(path: &Path) -> Fault {
    let detail = "the file has changed since its upload was begun, so that what was sent of it is of no use";
    Fault::new(FaultKind::SourceChanged, path.display(), detail)
}

fn written(met: &Metadata) -> i64 {
    met.mtime().saturating_mul(1_000_000_000).saturating_add(met.mtime_nsec())
}
