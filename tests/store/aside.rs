//! Partial data of removed transfers: out of the way, back again, gone; whosever checkpoint tells of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use haul::model::TransferId;
use haul::store::{Aside, Checkpoint, PartFile};

use super::relocate::{begun_by, names, part};

const EARLIER: TransferId = TransferId::from_bits(8);
const ID: TransferId = TransferId::from_bits(9);

fn ours(url: &str) -> bool {
    url == "http://host/a"
}

fn set(state: &Path, target: Option<&Path>, is_ours: impl Fn(&str) -> bool) -> Aside {
    Aside::set(state, &[(ID, target.map(Path::to_path_buf))], |_, (_, url)| is_ours(url)).remove(0)
}

/// How many files there are in both folders.
fn files(state: &Path, downloads: &Path) -> usize {
    names(&state.join("checkpoints")).len() + names(downloads).len()
}

#[test]
fn what_an_earlier_transfer_has_left_goes_and_comes_back_with_the_one_that_went_on_with_it() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    begun_by(state.path(), EARLIER, &target);
    let aside = set(state.path(), Some(&target), ours);
    assert!(Checkpoint::find(state.path(), &target).unwrap().is_none() && !part(&target).exists());
    assert!(matches!(Aside::left(state.path())[..], [(ID, _)]), "a kill leaves it to be found");
    aside.put_back();
    let (id, checkpoint) = Checkpoint::find(state.path(), &target).unwrap().unwrap();
    assert_eq!((id, checkpoint.ledger.done().total()), (ID, 1 << 20));
    assert!(part(&target).exists());
    set(state.path(), None, ours);
    Aside::delete(Aside::left(state.path()).into_iter().map(|(_, aside)| aside));
    assert_eq!(files(state.path(), downloads.path()), 0);
}

#[test]
fn what_is_anothers_stays() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    begun_by(state.path(), EARLIER, &target);
    Aside::delete([set(state.path(), Some(&target), |_| false)]);
    let (part, _) = PartFile::open(&target).unwrap();
    Aside::delete([set(state.path(), Some(&target), ours)]);
    assert!(part.is_in_place(), "somebody writes it");
    assert!(Checkpoint::find(state.path(), &target).unwrap().is_some());
}

#[test]
fn bytes_of_which_nothing_is_known_go_at_once() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    fs::write(part(&target), b"the first bytes").unwrap();
    let aside = set(state.path(), Some(&target), ours);
    assert!(names(downloads.path()).is_empty());
    aside.put_back();
    assert!(names(downloads.path()).is_empty());
}

#[test]
fn what_cannot_be_read_is_not_taken_for_nothing() {
    const NEWER: &str = "// haul checkpoint, version 2, and all that follows may be anything\n{}\n";
    for holder in [ID, EARLIER] {
        let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = downloads.path().join("a");
        begun_by(state.path(), holder, &target);
        let path = Checkpoint::path(state.path(), holder);
        fs::write(&path, NEWER).unwrap();
        let aside = set(state.path(), Some(&target), ours);
        assert_eq!(part(&target).exists(), holder == EARLIER, "it may be that one's");
        aside.clone().put_back();
        assert_eq!(fs::read_to_string(&path).unwrap(), NEWER);
        assert!(part(&target).exists());
        Aside::delete([set(state.path(), Some(&target), ours)]);
        assert_eq!(files(state.path(), downloads.path()), if holder == ID { 0 } else { 2 });
    }
}

#[test]
fn what_is_on_a_disk_that_is_away_is_known_until_it_is_back() {
    let (disk, Ok(other)) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm")) else { return };
    if PartFile::begin(&disk.path().join("any")).unwrap().disk().is_none() {
        // Both are in memory here.
        return;
    }
    for (is_deleted, is_killed) in [(false, false), (false, true), (true, false), (true, true)] {
        let (state, disk, places) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let place = places.path().join("mounted");
        let mount = |at: &Path| {
            let _ = fs::remove_file(&place);
            symlink(at, &place).unwrap();
        };
        mount(disk.path());
        let target = place.join("a");
        begun_by(state.path(), ID, &target);
        let aside = set(state.path(), Some(&target), ours);
        let left = || Aside::left(state.path()).into_iter().map(|(_, aside)| aside);
        let finish = |aside: Aside| if is_deleted { Aside::delete([aside]) } else { aside.put_back() };
        mount(other.path());
        finish(if is_killed { left().next().unwrap() } else { aside });
        left().for_each(finish);
        assert_eq!(files(state.path(), disk.path()), 2, "its note stays");
        mount(disk.path());
        left().for_each(finish);
        assert_eq!(files(state.path(), disk.path()), if is_deleted { 0 } else { 2 });
        assert_eq!(part(&target).exists(), !is_deleted);
        assert_eq!(Checkpoint::load(state.path(), ID).unwrap().is_some(), !is_deleted);
    }
}

#[test]
fn what_was_gone_when_it_was_removed_is_not_waited_for() {
    let (state, downloads) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = downloads.path().join("a");
    begun_by(state.path(), ID, &target);
    fs::remove_file(part(&target)).unwrap();
    Aside::delete([set(state.path(), Some(&target), ours)]);
    assert_eq!(files(state.path(), downloads.path()), 0);
}
