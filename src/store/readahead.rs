//! Reads that never wait for a disk: for those who must not block.

use std::fs::File;

/// The type of a file system in memory (`TMPFS_MAGIC`, statfs(2)).
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// Fills the buffer from `at` on, if the system has all of it in memory; false if a disk would have to be waited for, the
/// file is shorter, or this system can't tell.
#[cfg(target_os = "linux")]
pub fn read_in_memory(file: &File, buffer: &mut [u8], at: u64) -> bool {
    use std::io::IoSliceMut;
    use std::os::unix::fs::FileExt;

    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let wanted = buffer.len();
    match preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT) {
        // One that is in memory as a whole knows no such question.
        Err(Errno::OPNOTSUPP) => is_in_memory(file) && file.read_exact_at(buffer, at).is_ok(),
        read => read == Ok(wanted),
    }
}

/// True if a file's file system has all of it in memory.
pub(super) fn is_in_memory(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| system.f_type == TMPFS)
}

/// The same where the system can't tell.
#[cfg(not(target_os = "linux"))]
pub fn read_in_memory(_: &File, _: &mut [u8], _: u64) -> bool {
    false
}
