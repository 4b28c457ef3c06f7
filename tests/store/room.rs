//! How much room a disk has, and how much of it a part file needs.

use std::io::ErrorKind;
use std::path::Path;

use haul::model::FaultKind;
use haul::store::{PartFile, room};

#[test]
fn room_is_that_of_the_disk_that_a_path_is_or_will_be_on() {
    let folder = tempfile::tempdir().unwrap();
    // Others write to the same disk meanwhile, so that it can't be compared to the byte.
    for path in [folder.path().to_path_buf(), folder.path().join("not/yet/there.iso")] {
        assert!(room(&path).unwrap() > 1 << 20, "{}", path.display());
    }
    assert!(room(Path::new("")).is_ok() && room(Path::new("a name alone")).is_ok());
    assert_eq!(room(Path::new("/proc/no/such/file")).unwrap_err().kind(), ErrorKind::Unsupported, "it tells nothing");
}

#[test]
fn a_file_larger_than_the_disk_is_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (part, _) = PartFile::open(&folder.path().join("a")).unwrap();
    let fault = part.check_room(1 << 50, 0, Some(1 << 30)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::DiskFull);
    let told = fault.to_string();
    assert!(told.contains("the disk is full") && told.contains("1.1 PB") && told.contains("make room"), "{told}");
    assert_eq!(part.path().metadata().unwrap().len(), 0);
    part.check_room(u64::MAX, 0, Some(1 << 62)).unwrap_err();
    part.check_room(0, 0, Some(0)).unwrap();
    part.check_room(1 << 50, 0, None).unwrap();
    // What takes less room than it has bytes, as where it is compressed.
    part.check_room(1 << 50, (1 << 50) - 5, Some(5)).unwrap();
}
