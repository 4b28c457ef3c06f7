//! How much room a disk has.

use std::io;
use std::path::Path;

use crate::model::{Fault, FaultKind};

/// Bytes that this user can still write to the file system that `path` is on, or will be on: of a path that does not
/// exist, its nearest folder that does counts. One system call and no more, so it may be asked often. A quota that
/// the file system keeps to itself is not seen here; only a write shows it.
pub fn room(path: &Path) -> io::Result<u64> {
    let standing = path.ancestors().find(|above| above.as_os_str().is_empty() || above.exists());
    let standing = standing.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(standing)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
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
