//! How much room a disk has, and how much of it a part file needs.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::name::part_name;
use super::readahead::is_in_memory;
use super::sink::PartFile;
use crate::model::{Fault, FaultKind, size};

/// So many bytes are reserved at once at first; more, where that took less than this.
const RESERVED_AT_ONCE: u64 = 16 << 20;
const NOTHING: Duration = Duration::from_millis(1);

/// Bytes that this user can still write to the file system that `path` is on, or will be on: of a path that does not
/// exist, its nearest folder that does counts. One system call and no more, so it may be asked often. A quota that
/// the file system keeps to itself is not seen here; only a write shows it. Of one that tells nothing, as some in user space do,
/// it is not known (`ErrorKind::Unsupported`).
pub fn room(path: &Path) -> io::Result<u64> {
    let room = rustix::fs::statvfs(nearest(path))?;
    if room.f_blocks == 0 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// The number that the file system gives itself which `path` is on, or will be on: another one in its place has another number.
/// `None` if it can't be told. Some give none, which is 0.
pub(super) fn disk_of(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(nearest(path)).ok().map(|disk| disk.f_fsid)
}

/// The same of one that outlasts the machine's end: what was in memory then is gone, whatever is there now.
pub(super) fn lasting_disk_of(path: &Path) -> Option<u64> {
    let folder = fs::File::open(nearest(path)).ok()?;
    if is_in_memory(&folder) { None } else { disk_of(path) }
}

/// The folder that is there of those that a path is or will be in.
pub(super) fn nearest(path: &Path) -> &Path {
    let standing = path.ancestors().find(|above| above.as_os_str().is_empty() || above.exists());
    standing.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The fault of a file or folder that can't be made. A disk may hold as many files as it can and have room for bytes all the
/// same, which is what the usual tools show.
pub(super) fn unmade(path: &Path, doing: &str, why: &io::Error) -> Fault {
    let fault = Fault::disk(path.display(), doing, why);
    if fault.kind == FaultKind::DiskFull && has_no_inodes(path.parent().unwrap_or(path)) {
        let detail = "the disk can't hold more files, whatever room it has (no inodes are left): delete some, and it goes on by \
                      itself, or run haul again";
        return Fault { detail: detail.to_owned(), ..fault };
    }
    fault
}

/// File systems that make inodes as they need them name no number.
fn has_no_inodes(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_files > 0 && disk.f_favail == 0)
}

impl PartFile {
    /// The number that the file system gives itself on which it is; `None` if it can't be told, or is of no use since that is in
    /// memory and another one after the machine's next start.
    pub fn disk(&self) -> Option<u64> {
        let disk = rustix::fs::fstatvfs(&self.file).ok().map(|disk| disk.f_fsid);
        disk.filter(|_| !is_in_memory(&self.file))
    }

    /// Bytes that the part file of a target still has to be given until it holds so many, `done` of which it has. Space that is
    /// reserved needs no more either; and a file system that compresses has put what it has into less.
    pub fn needs(target: &Path, length: u64, done: u64) -> u64 {
        let part = fs::symlink_metadata(target.with_file_name(part_name(target)));
        length.saturating_sub(part.map_or(0, |meta| done.max(meta.blocks() * 512)))
    }

    /// Fails if a file of this length, of which `done` bytes are written, does not fit into so much free room, where that is
    /// known: a full disk is to be told before any byte comes.
    pub fn check_room(&self, length: u64, done: u64, free: Option<u64>) -> Result<(), Fault> {
        let held = self.file.metadata().map_or(0, |meta| meta.blocks() * 512);
        let wanted = length.saturating_sub(done.max(held));
        match free {
            Some(free) if wanted > free => {
                let (wanted, free) = (size(wanted), size(free));
                let detail = format!(
                    "the disk is full: {wanted} more are needed and {free} are free; make room, and it goes on by itself, or run haul again"
                );
                Err(Fault::new(FaultKind::DiskFull, self.target().display(), detail))
            }
            _ => Ok(()),
        }
    }

    /// Reserves the space for a file of this length, so that writes go into extents that exist. What is written meanwhile
    /// stays as it is. A file system that can't reserve is fine; one that has not enough room is a fault. Nothing is reserved
    /// in memory: that would take as long as to write it all, and fills no extent. Blocking: some file systems take long,
    /// and let nobody write to the file meanwhile; so it is done in steps, which grow where they cost nothing, and while
    /// `go_on` says so.
    pub fn reserve(&self, length: u64, go_on: impl Fn() -> bool) -> Result<(), Fault> {
        if is_in_memory(&self.file) {
            return Ok(());
        }
        let (mut at, mut step) = (0, RESERVED_AT_ONCE);
        while at < length && go_on() {
            let bytes = step.min(length - at);
            let began = Instant::now();
            match rustix::io::retry_on_intr(|| rustix::fs::fallocate(&self.file, FallocateFlags::empty(), at, bytes)) {
                Ok(()) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => return Ok(()),
                Err(why) => return Err(self.fault("reserving space", &why.into())),
            }
            at += bytes;
            if began.elapsed() < NOTHING {
                step *= 4;
            }
        }
        Ok(())
    }
}
