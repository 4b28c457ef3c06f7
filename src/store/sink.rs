//! The part file: positioned writes beside the target, and one atomic step that gives it the target's name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{Advice, OFlags, fadvise};
use rustix::io::Errno;

use super::atomic::{folder_of, lock, make_folder, rename_to_free, sync_folder};
use super::commit::Settled;
use super::ends::Ends;
use super::ledger::Fragment;
use super::name::part_name;
use super::room::unmade;
use super::standing::{Standing, exists, look, standing};
use crate::model::{ByteRange, Fault, FaultKind};

/// How often the lock of one that is to be deleted or moved is tried, some milliseconds apart.
const TRIES: u32 = 5;
/// So many bytes are read at once to be summed.
const STEP: u64 = 1 << 20;

/// An open part file, locked against every other process and transfer. Shared by the workers of one transfer: all
/// its methods take `&self`, and each worker writes its own ranges.
#[derive(Debug)]
pub struct PartFile {
    pub(super) file: File,
    path: PathBuf,
    target: PathBuf,
    /// Which file it is: its device and its inode, once somebody has looked.
    identity: OnceLock<(u64, u64)>,
    ends: Ends,
    /// False where there are no locks, so that others may write it too.
    is_locked: bool,
    /// About so many bytes were in it that were emptied out.
    pub(super) emptied: u64,
}

impl PartFile {
    /// Opens or makes the part file of a target, with the folders that it lies in. The flag tells whether it was
    /// there before. Never waits for one that somebody else has.
    pub fn open(target: &Path) -> Result<(Self, bool), Fault> {
        Self::open_trying(target, 1)
    }

    /// The same, for work that is not done again by itself: a program that haul starts, such as a hook, has all of haul's locks
    /// too until it runs by itself, and one that was given back at that moment seems to be held. So it is waited for a little.
    /// Blocking.
    pub(super) fn open_patiently(target: &Path) -> Result<Self, Fault> {
        Self::open_trying(target, TRIES).map(|(part, _)| part)
    }

    fn open_trying(target: &Path, tries: u32) -> Result<(Self, bool), Fault> {
        let folder = folder_of(target);
        make_folder(folder, 0o777).map_err(|why| unmade(folder, "making the folder", &why))?;
        let path = folder.join(part_name(target));
        let existed = match look(&path)? {
            Standing::Nothing => false,
            Standing::File { .. } => true,
            Standing::Other => {
                let detail = "is a folder, a link, a pipe or a device where haul's part file belongs; move it away";
                return Err(Fault::new(FaultKind::Disk, path.display(), detail));
            }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(&path).map_err(|why| unmade(&path, "opening the part file", &why))?;
        let part = Self::lock(file, path, target, tries)?;
        if !existed {
            // What it may take the place of in the end: nobody is to read there meanwhile who might not read that.
            part.be_as_private_as(target);
        }
        // Another process may have finished and renamed the file between our open and our lock.
        if part.place()? { Ok((part, existed)) } else { Err(busy(target)) }
    }

    /// Makes the part file of a target at which nothing stands, with all of its bytes. `None` if something stands there or
    /// is on its way there, and if there is no such folder.
    pub fn whole(target: &Path, bytes: &[u8]) -> Result<Option<Self>, Fault> {
        if standing(target) != Standing::Nothing {
            return Ok(None);
        }
        let path = target.with_file_name(part_name(target));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(why) if matches!(why.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
                return Ok(None);
            }
            Err(why) => return Err(unmade(&path, "opening the part file", &why)),
        };
        let Ok(part) = Self::lock(file, path, target, 1) else { return Ok(None) };
        part.write_at(bytes, 0).inspect_err(|_| part.discard())?;
        Ok(Some(part))
    }

    fn lock(file: File, path: PathBuf, target: &Path, tries: u32) -> Result<Self, Fault> {
        let is_locked = lock(&file, tries).map_err(|_| busy(target))?;
        let (target, identity, ends) = (target.to_path_buf(), OnceLock::new(), Ends::default());
        Ok(Self { file, path, target, identity, ends, is_locked, emptied: 0 })
    }

    /// False where there are no locks (some network file systems): others may write it too. Then its bytes are to be compared
    /// before they are believed; and the final rename still can't replace anything.
    pub fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// False if somebody has deleted or moved the part file, or put another one in its place; or if nobody can tell.
    pub fn is_in_place(&self) -> bool {
        self.place().unwrap_or(false)
    }

    /// The fault of a part file that is not in its place any more, or of a disk that can't tell.
    pub fn check_place(&self) -> Result<(), Fault> {
        if self.place()? { Ok(()) } else { Err(self.gone()) }
    }

    fn place(&self) -> Result<bool, Fault> {
        let broken = |why| self.fault("looking at it", &why);
        let there = match fs::symlink_metadata(&self.path) {
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(false);
            }
            other => other.map_err(broken)?,
        };
        let own = match self.identity.get() {
            Some(own) => *own,
            None => self.identify(&self.file.metadata().map_err(broken)?),
        };
        Ok(there.is_file() && own == (there.dev(), there.ino()))
    }

    /// True if the file has no name left: nobody can bring it back. One whose disk was taken away has.
    pub fn is_deleted(&self) -> bool {
        // Some file systems count no names.
        self.file.metadata().is_ok_and(|meta| meta.nlink() == 0) && !self.is_in_place()
    }

    /// Keeps which file it is, of what was looked up about it.
    fn identify(&self, meta: &fs::Metadata) -> (u64, u64) {
        *self.identity.get_or_init(|| (meta.dev(), meta.ino()))
    }

    /// The fault of a part file that is not in its place any more.
    pub fn gone(&self) -> Fault {
        let detail = if self.is_deleted() {
            "was deleted or replaced while haul wrote it, so that its bytes are lost; run haul again"
        } else {
            "is not in its place any more: its disk is gone, or somebody has moved it or its folder; put it back and run haul \
             again, which goes on with it"
        };
        Fault::new(FaultKind::Disk, self.path.display(), detail)
    }

    /// False if the file, of which every byte up to `length` was written, is shorter or has holes, or lacks what was once its
    /// end: then somebody may have cut it meanwhile. (A file system that compresses has holes too, so it is no proof.)
    pub fn is_whole(&self, length: u64) -> bool {
        let full = |meta: fs::Metadata| meta.len() >= length && meta.blocks().saturating_mul(512) >= length;
        self.file.metadata().is_ok_and(full) && self.ends.are_whole(&self.file)
    }

    /// Where the finished file goes.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the bytes are until then.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of `bytes` at `position`.
    pub fn write_at(&self, bytes: &[u8], position: u64) -> Result<(), Fault> {
        self.write_both_at([bytes, &[]], position)
    }

    /// Writes two pieces, the second one right behind the first, at `position` in one go.
    pub fn write_both_at(&self, pieces: [&[u8]; 2], position: u64) -> Result<(), Fault> {
        let before = self.ends.highest();
        self.put(pieces, position).map_err(|why| self.fault("writing", &why))?;
        self.ends.wrote(&self.file, position, pieces, before);
        Ok(())
    }

    fn put(&self, [mut head, tail]: [&[u8]; 2], mut position: u64) -> io::Result<()> {
        while !head.is_empty() && !tail.is_empty() {
            let written = match rustix::io::pwritev(&self.file, &[IoSlice::new(head), IoSlice::new(tail)], position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(Errno::INTR) => continue,
                Err(why) => return Err(why.into()),
            };
            position += written as u64;
            if written >= head.len() {
                return self.file.write_all_at(&tail[written - head.len()..], position);
            }
            head = &head[written..];
        }
        self.file.write_all_at(if head.is_empty() { tail } else { head }, position)
    }

    /// Reads exactly the range; false if the file is shorter.
    pub fn read_at(&self, range: ByteRange, buffer: &mut Vec<u8>) -> Result<bool, Fault> {
        buffer.resize(range.len() as usize, 0);
        match self.file.read_exact_at(buffer, range.start) {
            Ok(()) => Ok(true),
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(why) => Err(self.fault("reading", &why)),
        }
    }

    /// True if the disk still gives these bytes, and not only the system, which keeps some of them in memory.
    pub fn is_readable(&self, range: ByteRange) -> bool {
        self.begin_sync(Some(range));
        self.read_at(range, &mut Vec::new()).is_ok()
    }

    /// Makes the part file's own name durable; needed once, before the first claim.
    pub fn sync_name(&self) -> Result<(), Fault> {
        let folder = folder_of(&self.path);
        sync_folder(folder).map_err(|why| self.fault("syncing the folder", &why))
    }

    /// True if the file holds this fragment's bytes. Never more than a MiB of them is in memory.
    pub fn holds(&self, fragment: Fragment, buffer: &mut Vec<u8>) -> Result<bool, Fault> {
        let before = self.ends.highest();
        let mut sum = Fragment { len: 0, crc: 0, ..fragment };
        while sum.len < fragment.len {
            let (at, step) = (sum.range().end, STEP.min(fragment.len - sum.len));
            if !self.read_at(ByteRange::new(at, at + step), buffer)? {
                return Ok(false);
            }
            sum = sum.carried_on(buffer);
        }
        if sum != fragment {
            return Ok(false);
        }
        // What an earlier run wrote can be cut too, from here on.
        let last = sum.range().end - buffer.len() as u64;
        self.ends.wrote(&self.file, last, [buffer, &[]], before);
        Ok(true)
    }

    /// Has the system begin to write these bytes back, or all; what fails here fails again when they are made durable.
    /// Linux does so for bytes that are said not to be needed soon (`posix_fadvise`), and keeps those that are not on disk
    /// yet. May wait where the disk is behind.
    pub fn begin_sync(&self, range: Option<ByteRange>) {
        let (start, bytes) = range.map_or((0, 0), |range| (range.start, range.len()));
        let _ = fadvise(&self.file, start, NonZeroU64::new(bytes), Advice::DontNeed);
    }

    /// Makes the bytes durable. After a failure nothing is known of any byte that was not durable before.
    pub fn sync(&self) -> Result<(), Fault> {
        // In time, while they are still in memory; what is found is told at the end.
        self.ends.are_whole(&self.file);
        self.file.sync_data().map_err(|why| self.fault("syncing", &why))
    }

    /// A second handle on the same bytes, from the first byte on; for checksums.
    pub fn reader(&self) -> Result<File, Fault> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(&self.path);
        let file = opened.map_err(|why| self.fault("reading", &why))?;
        self.check_place()?;
        Ok(file)
    }

    /// Cuts what the file has beyond its final length; then it is to be made durable.
    pub(super) fn settle(&self, length: u64) -> Result<Settled, Fault> {
        let look = || self.file.metadata().map_err(|why| self.fault("reading the length", &why));
        let mut meta = look()?;
        self.identify(&meta);
        if meta.len() < length {
            let detail = "was cut by somebody while haul wrote it; run haul again, which fetches what is missing";
            return Err(Fault::new(FaultKind::Disk, self.path.display(), detail));
        }
        if meta.len() > length {
            self.file.set_len(length).map_err(|why| self.fault("setting the length", &why))?;
            meta = look()?;
        }
        Ok(Settled { device: meta.dev(), modified: (meta.mtime(), meta.mtime_nsec()) })
    }

    /// Makes bytes and length durable. After a failure nothing is known of any byte that was not durable before.
    pub(super) fn sync_all(&self) -> Result<(), Fault> {
        self.file.sync_all().map_err(|why| self.fault("syncing", &why))
    }

    /// Gives a complete file the target's name, in one step that replaces nothing unless `overwrite` says so. The bytes
    /// are durable by then; the name is, once the folder is synced.
    pub fn publish(&self, overwrite: bool) -> Result<(), Fault> {
        self.publish_at(&self.target, overwrite)
    }

    /// The same with another name in its folder.
    pub fn publish_at(&self, target: &Path, overwrite: bool) -> Result<(), Fault> {
        self.check_place()?;
        if overwrite && standing(target) != Standing::Other {
            self.be_as_private_as(target);
            fs::rename(&self.path, target).map_err(|why| self.fault("giving it its name", &why))?;
        } else {
            self.rename_to_free_name(target)?;
        }
        Ok(())
    }

    /// What takes a file's place may be read and written by nobody who might not read or write that one. Where there are no
    /// modes, none are lost.
    fn be_as_private_as(&self, target: &Path) {
        if let (Ok(old), Ok(new)) = (fs::symlink_metadata(target), self.file.metadata())
            && new.mode() & !old.mode() & 0o777 != 0
        {
            let _ = self.file.set_permissions(fs::Permissions::from_mode(new.mode() & old.mode() & 0o777));
        }
    }

    fn rename_to_free_name(&self, target: &Path) -> Result<(), Fault> {
        rename_to_free(&self.path, target).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => exists(target),
            _ => self.fault("giving it its name", &why),
        })
    }

    /// Deletes the part file, unless it is somebody else's by now.
    pub fn discard(&self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Empties the part file: its bytes are of no use.
    pub fn clear(&self) -> Result<(), Fault> {
        self.file.set_len(0).map_err(|why| self.fault("emptying the part file", &why))?;
        self.ends.clear();
        Ok(())
    }

    pub(super) fn fault(&self, doing: &str, why: &io::Error) -> Fault {
        Fault::disk(self.path.display(), doing, why)
    }
}

fn busy(target: &Path) -> Fault {
    let detail = "another haul, or another transfer of this one, is writing this file; this one stops";
    Fault::new(FaultKind::Busy, target.display(), detail)
}
