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
    }
    // Between the two renames of a publication.
    let path = Checkpoint::path(state.path(), TransferId::from_bits(3));
    fs::rename(&path, path.with_extension("old")).unwrap();
    let complete: HashSet<_> = targets[..4].iter().cloned().collect();
    Checkpoint::forget_complete(state.path(), &complete);
    let left: Vec<u64> = (1..=5)
        .filter(|number| Checkpoint::load(state.path(), TransferId::from_bits(*number)).unwrap().is_some())
        .collect();
    assert_eq!(left, [4, 5]);
}
