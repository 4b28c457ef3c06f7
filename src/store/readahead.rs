//! Reads that never wait for a disk: for those who must not block.

use std::fs::File;

/// Fills the buffer from `at` on, if the system has all of it in memory; false if a disk would have to be waited for, the
/// file is shorter, or this system can't tell.
#[cfg(target_os = "linux")]
pub fn read_in_memory(file: &File, buffer: &mut [u8], at: u64) -> bool {
    use std::io::IoSliceMut;

    use rustix::io::{ReadWriteFlags, preadv2};

    let wanted = buffer.len();
    preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT) == Ok(wanted)
}

/// The same where the system can't tell.
#[cfg(not(target_os = "linux"))]
pub fn read_in_memory(_: &File, _: &mut [u8], _: u64) -> bool {
    false
}
