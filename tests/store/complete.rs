//! What is left of files that are complete: whose checkpoints go, and whose stay.

use std::collections::HashSet;
use std::fs;

use haul::model::TransferId;
use haul::store::Checkpoint;

use super::relocate::{begun_by, part};

#[test]
fn checkpoints_of_complete_files_go_unless_there_is_a_part_file() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let names = ["a", "quo\"te\\", "100%", "has its part", "of another"];
    let targets = names.map(|name| downloads.path().join(name));
    for (number, target) in (1..).zip(&targets) {
        begun_by(state.path(), TransferId::from_bits(number), target);
    }
    for gone in [0, 1, 2, 4] {
        fs::remove_file(part(&targets[gone])).unwrap();
        fs::write(&targets[gone], b"complete").unwrap();
    }
    // Between the two renames of a publication.
    let path = Checkpoint::path(state.path(), TransferId::from_bits(3));
    fs::rename(&path, path.with_extension("old")).unwrap();
    let complete: HashSet<_> = targets[..4].iter().cloned().collect();
    Checkpoint::forget_complete(state.path(), &complete, &HashSet::new());
    let left: Vec<u64> = (1..=5)
        .filter(|number| Checkpoint::load(state.path(), TransferId::from_bits(*number)).unwrap().is_some())
        .collect();
    assert_eq!(left, [4, 5]);
}

#[test]
fn a_disk_that_is_away_and_one_that_is_in_its_place_take_no_checkpoint_with_them() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    let id = begun_by(state.path(), TransferId::from_bits(1), &target);
    let complete = HashSet::from([target.clone()]);
    fs::remove_file(part(&target)).unwrap();
    let forget = |unfinished: &[TransferId]| {
        let unfinished = unfinished.iter().copied().collect();
        Checkpoint::forget_complete(state.path(), &complete, &unfinished);
        Checkpoint::load(state.path(), id).unwrap().is_none()
    };
    assert!(!forget(&[]), "there is no file either");
    fs::write(&target, b"the same on another disk").unwrap();
    assert!(!forget(&[id]), "it is in the list, and is not complete");
    assert!(forget(&[]));
}

#[test]
fn what_is_on_another_disk_is_told_from_what_was_deleted_and_from_what_was_in_memory() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    let id = begun_by(state.path(), TransferId::from_bits(1), &target);
    let held = Checkpoint::load(state.path(), id).unwrap().unwrap();
    assert!(!held.is_elsewhere());
    let another = Checkpoint { disk: Some(held.disk.unwrap_or_default() ^ 1), ..held };
    assert!(another.is_elsewhere());
    let Ok(memory) = tempfile::tempdir_in("/dev/shm") else { return };
    let id = begun_by(state.path(), TransferId::from_bits(2), &memory.path().join("a"));
    assert_eq!(Checkpoint::load(state.path(), id).unwrap().unwrap().disk, None);
}
