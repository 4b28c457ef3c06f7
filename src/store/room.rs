//! How much room a disk has.

use std::io;
use std::path::Path;

/// Bytes that this user can still write to the file system that `path` is on, or will be on: of a path that does not
/// exist, its nearest folder that does counts. One system call and no more, so it may be asked often. A quota that
/// the file system keeps to itself is not seen here; only a write shows it.
pub fn room(path: &Path) -> io::Result<u64> {
    let standing = path.ancestors().find(|above| above.as_os_str().is_empty() || above.exists());
    let standing = standing.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(standing)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}
