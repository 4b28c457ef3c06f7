//! Reads that never wait for a disk.

use std::path::Path;

use haul::store::read_in_memory;

/// Where a system has its files in memory, if it does.
const MEMORY: &str = "/dev/shm";

#[test]
fn a_file_of_a_file_system_in_memory_is_read_at_once() {
    if !Path::new(MEMORY).is_dir() {
        eprintln!("skipped: there is no {MEMORY}");
        return;
    }
    let folder = tempfile::tempdir_in(MEMORY).unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"0123456789").unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let mut buffer = [0; 4];
    assert!(read_in_memory(&file, &mut buffer, 3));
    assert_eq!(&buffer, b"3456");
    // One that ends before is left to those who can say so.
    assert!(!read_in_memory(&file, &mut buffer, 8));
}
