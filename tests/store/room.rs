//! How much room a disk has.

use std::path::Path;

use haul::store::room;

#[test]
fn room_is_that_of_the_disk_that_a_path_is_or_will_be_on() {
    let folder = tempfile::tempdir().unwrap();
    // Others write to the same disk meanwhile, so that it can't be compared to the byte.
    for path in [folder.path().to_path_buf(), folder.path().join("not/yet/there.iso")] {
        assert!(room(&path).unwrap() > 1 << 20, "{}", path.display());
    }
    assert!(room(Path::new("")).is_ok() && room(Path::new("a name alone")).is_ok());
    assert_eq!(room(Path::new("/proc/no/such/file")).unwrap(), 0, "nothing can be written there");
}
