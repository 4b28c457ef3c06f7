//! Files that appear whole or not at all, and folders that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

/// How often a folder's lock is tried, and the wait between: another process holds it for the time of a write, and one
/// that was stopped just then holds it for ever.
const TRIES: u32 = 50;
const WAIT: Duration = Duration::from_millis(20);

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Makes a folder for haul's own files, mode 0700, with all that it lies in.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    make_folder(folder, 0o700)
}

/// Makes a folder with all that it lies in, durably: a synced file is of no use in a folder that a power cut takes
/// away. What is there already is left as it is.
pub(super) fn make_folder(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    make_folder(parent, mode)?;
    match DirBuilder::new().mode(mode).create(folder) {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            Err(io::Error::new(why.kind(), format!("{} is there already, and is no folder", folder.display())))
        }
        made => made.and_then(|()| sync_folder(parent)),
    }
}

/// A folder's own lock, so that no file is needed for it; it is given back when it is dropped. `None` where there are no
/// locks.
pub(super) fn lock_folder(folder: &Path) -> io::Result<Option<File>> {
    let file = File::open(folder)?;
    Ok(lock(&file, TRIES)?.then_some(file))
}

/// Locks a file, and tries so often; false where there are no locks (NFS without its daemon for them): there is one engine then,
/// and nothing more to be had.
pub(super) fn lock(file: &File, tries: u32) -> io::Result<bool> {
    for left in (0..tries).rev() {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if left == 0 => break,
            Err(TryLockError::WouldBlock) => sleep(WAIT),
            Err(TryLockError::Error(why)) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(why)) => {
                tracing::debug!("no lock here: {why}");
                return Ok(false);
            }
        }
    }
    Err(io::Error::other("another haul holds it, and does not go on"))
}

/// Opens a file of haul's own that only its owner can read; links are not followed.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// The bytes of a file of haul's own, which has at most so many; `None` if there is none. What is no such file has
/// [`io::ErrorKind::InvalidData`].
pub(super) fn read_own(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let read = fs::symlink_metadata(path).and_then(|meta| {
        // A pipe would be waited for.
        if !meta.is_file() || meta.len() > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is none of haul's files"));
        }
        fs::read(path)
    });
    match read {
        Err(why) if is_of_nothing(path, &why) => Ok(None),
        read => read.map(Some),
    }
}

/// True if a file can't be looked at for there is none: also one that is being replaced or removed just now, and one in a folder
/// that can't be, as below the home of an account without one. A file in the folder's own place is another matter.
pub(super) fn is_of_nothing(path: &Path, why: &io::Error) -> bool {
    let is_below_a_file = |why: &io::Error| why.kind() == io::ErrorKind::NotADirectory;
    let has_no_folder = || fs::symlink_metadata(folder_of(path)).is_err_and(|why| is_below_a_file(&why));
    why.kind() == io::ErrorKind::NotFound || is_below_a_file(why) && has_no_folder()
}

/// Makes the names in a folder durable, where that can be had: some file systems sync no folders, and a folder may
/// be writable and not readable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind as Kind;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(why) if matches!(why.kind(), Kind::InvalidInput | Kind::Unsupported | Kind::PermissionDenied) => {
            tracing::debug!("{}: can't be synced: {why}", folder.display());
            Ok(())
        }
        synced => synced,
    }
}

/// The same where a name that is not durable costs only that a power cut may leave something.
pub(super) fn sync_folder_or_warn(folder: &Path) {
    if let Err(why) = sync_folder(folder) {
        tracing::warn!("{}: the folder can't be synced: {why}", folder.display());
    }
}

/// Gives a file of haul's own new content in one step, durably, by way of a file beside it with this extension.
pub(super) fn replace(path: &Path, extension: &str, text: &[u8]) -> io::Result<()> {
    private_folder(folder_of(path))?;
    let (temporary, _) = write_beside(path, extension, text)?;
    fs::rename(temporary, path)?;
    sync_folder(folder_of(path))
}

/// Writes a new file beside `path`, durably; the caller renames it to `path`.
pub(super) fn write_beside(path: &Path, extension: &str, text: &[u8]) -> io::Result<(std::path::PathBuf, File)> {
    let beside = path.with_extension(extension);
    match fs::remove_file(&beside) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = private_file().append(true).create_new(true).open(&beside)?;
    if let Err(why) = file.write_all(text).and_then(|()| file.sync_all()) {
        // On a full disk nobody else would take it away.
        let _ = fs::remove_file(&beside);
        return Err(why);
    }
    Ok((beside, file))
}

/// Gives a file another name in one step that replaces nothing. File systems that know no such step get a hard link, which
/// never replaces either, and those without links a look before the rename.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        renamed => return renamed.map_err(Into::into),
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Err(why),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}
