//! Files that get another place: on the same disk and on another, whole or not, stopped on the way.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use haul::model::{ByteRange, FaultKind, Source, TransferId, Validator};
use haul::store::{
    Checkpoint, Finished, History, Moving, PartFile, Standing, move_finished, move_partial, part_name, standing,
};
use tempfile::TempDir;

use crate::support::begun::begin;

const ID: TransferId = TransferId::from_bits(7);

/// Two folders; on two disks, where the machine has memory for one.
fn places() -> Vec<(TempDir, TempDir)> {
    let memory = Path::new("/dev/shm");
    let other = || if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    vec![(tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()), (tempfile::tempdir().unwrap(), other().unwrap())]
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn bytes() -> Vec<u8> {
    (0..3_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_finished_file_is_there_and_not_here() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("deep/er/b"));
        fs::write(&old, bytes()).unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).unwrap();
        let before = fs::metadata(&old).unwrap().mtime();
        move_finished(state.path(), ID, &old, &new, || true).unwrap();
        assert!(fs::read(&new).unwrap() == bytes() && names(from.path()).is_empty());
        assert_eq!(names(new.parent().unwrap()), ["b"]);
        let after = fs::metadata(&new).unwrap();
        assert_eq!((after.mtime(), after.mode() & 0o777), (before, 0o600), "nobody else may read it there either");
    }
}

#[test]
fn a_finished_file_is_known_at_its_new_place() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        let meta = fs::metadata(&old).unwrap();
        let source = Source::parse("http://host/a").unwrap();
        let (validator, length) = (Validator { etag: Some("\"1\"".to_owned()), last_modified: None }, meta.len());
        let finished = Finished { target: old.clone(), validator, length, by: None };
        let history = History::of(state.path());
        history.add(&[(&source, &finished, (meta.mtime(), meta.mtime_nsec()))]).unwrap();
        move_finished(state.path(), ID, &old, &new, || true).unwrap();
        let known = history.find(&source, to.path(), Some("b")).unwrap();
        assert_eq!(known, Some(Finished { target: new, ..finished }));
    }
}

#[test]
fn what_stands_there_stays_and_so_does_what_is_here() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        fs::write(&new, b"mine").unwrap();
        assert_eq!(move_finished(state.path(), ID, &old, &new, || true).unwrap_err().kind, FaultKind::Exists);
        assert!(fs::read(&new).unwrap() == b"mine" && fs::read(&old).unwrap() == bytes());
        assert_eq!(names(to.path()), ["b"]);
        assert_eq!(
            move_finished(state.path(), ID, &from.path().join("x"), &to.path().join("y"), || true).unwrap_err().kind,
            FaultKind::Disk
        );
    }
}

#[test]
fn a_copy_that_is_stopped_leaves_everything_as_it_was() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        let left = std::cell::Cell::new(2);
        let go_on = || left.replace(left.get() - 1) > 0;
        if let Err(fault) = move_finished(state.path(), ID, &old, &new, go_on) {
            assert_eq!(fault.kind, FaultKind::State);
            assert!(names(to.path()).is_empty() && fs::read(&old).unwrap() == bytes());
        }
    }
}

#[test]
fn what_somebody_writes_to_while_it_is_copied_stays_where_it_is() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        let is_asked = std::cell::Cell::new(false);
        let edits = || {
            if !is_asked.replace(true) {
                fs::File::options().append(true).open(&old).unwrap().write_all(b"more").unwrap();
            }
            true
        };
        // Where nothing is copied nobody is asked whether to go on.
        if let Err(fault) = move_finished(state.path(), ID, &old, &new, edits) {
            assert!(fault.detail.contains("was changed"), "{fault}");
            assert!(names(to.path()).is_empty() && fs::read(&old).unwrap().ends_with(b"more"));
            assert!(Moving::left(state.path()).is_empty());
        } else {
            assert!(fs::read(&new).unwrap() == bytes(), "its original is gone, and what was written to it");
        }
    }
}

fn ours(url: &str) -> bool {
    url == "http://host/a"
}

/// A transfer with its first MiB on disk.
fn begun(state: &Path, target: &Path) -> TransferId {
    begun_by(state, ID, target)
}

pub(super) fn begun_by(state: &Path, id: TransferId, target: &Path) -> TransferId {
    begin(state, id, target, "http://host/a", (&bytes()[..1 << 20], 3 << 20));
    id
}

pub(super) fn part(target: &Path) -> PathBuf {
    target.with_file_name(part_name(target))
}

#[test]
fn what_is_begun_goes_there_with_its_checkpoint() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("x/b"));
        let id = begun(state.path(), &old);
        move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
        assert!(names(from.path()).is_empty());
        assert_eq!(fs::read(part(&new)).unwrap(), &bytes()[..1 << 20]);
        let checkpoint = Checkpoint::load(state.path(), id).unwrap().unwrap();
        assert_eq!(checkpoint.target, new);
        assert_eq!(checkpoint.ledger.done().ranges(), [ByteRange::new(0, 1 << 20)]);
    }
}

#[test]
fn what_is_begun_stays_where_it_can_not_go() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        let id = begun(state.path(), &old);
        let stays = |kind| {
            let fault = move_partial(state.path(), id, (&old, &new), ours, || true).unwrap_err();
            assert_eq!(fault.kind, kind, "{fault}");
            assert_eq!(fs::read(part(&old)).unwrap(), &bytes()[..1 << 20]);
            assert_eq!(Checkpoint::load(state.path(), id).unwrap().unwrap().target, old);
        };
        fs::write(&new, b"mine").unwrap();
        stays(FaultKind::Exists);
        fs::remove_file(&new).unwrap();
        let (held, _) = PartFile::open(&new).unwrap();
        stays(FaultKind::Busy);
        drop(held);
        let other = begun_by(state.path(), TransferId::from_bits(8), &new);
        stays(FaultKind::Busy);
        assert!(Checkpoint::load(state.path(), other).unwrap().is_some() && part(&new).exists());
        PartFile::delete(&new);
        let (_held, _) = PartFile::open(&old).unwrap();
        stays(FaultKind::Busy);
        assert_eq!(names(&state.path().join("checkpoints")), [format!("{id}.ron"), format!("{other}.ron")]);
    }
}

#[test]
fn what_nobody_knows_in_the_place_of_the_part_file_makes_way() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        let id = begun(state.path(), &old);
        fs::write(part(&new), b"left by a program that was killed").unwrap();
        move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
        assert_eq!(fs::read(part(&new)).unwrap(), &bytes()[..1 << 20]);
        assert!(names(from.path()).is_empty());
    }
}

#[test]
fn what_an_earlier_transfer_has_left_goes_there_too() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        let left = begun(state.path(), &old);
        let others = |_: &str| false;
        move_partial(state.path(), TransferId::from_bits(9), (&old, &new), others, || true).unwrap();
        assert!(part(&old).exists() && names(to.path()).is_empty(), "it is another's");
        move_partial(state.path(), TransferId::from_bits(9), (&old, &new), ours, || true).unwrap();
        assert!(names(from.path()).is_empty());
        let (id, checkpoint) = Checkpoint::find(state.path(), &new).unwrap().unwrap();
        assert_eq!((id, checkpoint.ledger.done().total()), (left, 1 << 20));
        assert_eq!(fs::read(part(&new)).unwrap(), &bytes()[..1 << 20]);
    }
}

/// The one move that is noted, settled as the next start does.
fn settled(state: &Path) -> Option<PathBuf> {
    let [moving] = &Moving::left(state)[..] else { panic!("one note") };
    let place = moving.settle().unwrap();
    moving.give_up();
    assert!(Moving::left(state).is_empty());
    place
}

#[test]
fn a_move_is_known_until_the_queue_knows_it() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        let id = begun(state.path(), &old);
        move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
        Moving::forget(state.path(), id, &old);
        assert_eq!(settled(state.path()), Some(new.clone()));
        move_partial(state.path(), id, (&new, &old), ours, || true).unwrap();
        Moving::forget(state.path(), id, &old);
        assert!(Moving::left(state.path()).is_empty());
        fs::write(&old, bytes()).unwrap();
        move_finished(state.path(), id, &old, &new, || true).unwrap();
        assert_eq!(settled(state.path()), Some(new));
    }
}

#[test]
fn a_copy_that_a_kill_cut_short_is_taken_back_and_can_be_made_again() {
    for is_done in [false, true] {
        let (from, to) = places().remove(1);
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        let id = begun(state.path(), &old);
        let moves = |go_on: &dyn Fn() -> bool| {
            if is_done {
                move_finished(state.path(), id, &part(&old), &new, go_on)
            } else {
                move_partial(state.path(), id, (&old, &new), ours, go_on)
            }
        };
        // What unwinds cleans up no more than what is killed.
        let left = std::cell::Cell::new(1);
        let die = || left.replace(left.get() - 1) > 0 || panic!("killed");
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| moves(&die)));
        if killed.is_ok() {
            // Both are on one disk here, and nothing was copied.
            continue;
        }
        assert_eq!(names(to.path()).len(), 1, "half a copy");
        let origin = if is_done { part(&old) } else { old.clone() };
        assert_eq!(settled(state.path()), Some(origin));
        assert!(names(to.path()).is_empty() && part(&old).exists());
        moves(&|| true).unwrap();
        assert!(names(from.path()).is_empty());
        assert_eq!(names(to.path()).len(), 1);
    }
}

#[test]
fn a_whole_copy_whose_original_cannot_be_seen_gets_its_name() {
    let Some((state, from, to)) = killed_when_the_copy_was_whole() else { return };
    let new = to.path().join("b");
    drop(from);
    assert_eq!(settled(state.path()), Some(new.clone()));
    assert!(fs::read(&new).unwrap() == bytes() && names(to.path()) == ["b"]);
}

#[test]
fn a_whole_copy_whose_original_cannot_be_seen_is_kept_until_it_can_have_its_name() {
    let Some((state, from, to)) = killed_when_the_copy_was_whole() else { return };
    let new = to.path().join("b");
    drop(from);
    fs::write(&new, b"somebody's").unwrap();
    let [moving] = &Moving::left(state.path())[..] else { panic!("one note") };
    moving.settle().unwrap_err();
    assert!(fs::read(&new).unwrap() == b"somebody's" && names(to.path()).len() == 2);
    fs::remove_file(&new).unwrap();
    assert_eq!(settled(state.path()), Some(new.clone()));
    assert!(fs::read(&new).unwrap() == bytes() && names(to.path()) == ["b"]);
}

/// A state folder with the note of a move, and the folders of the original and of its copy, which has no name yet; `None` where
/// both are on one disk, and nothing is copied.
fn killed_when_the_copy_was_whole() -> Option<(TempDir, TempDir, TempDir)> {
    let (from, to) = places().remove(1);
    let state = tempfile::tempdir().unwrap();
    let (old, new) = (from.path().join("a"), to.path().join("b"));
    fs::write(&old, bytes()).unwrap();
    let left = std::cell::Cell::new(1);
    let die = || left.replace(left.get() - 1) > 0 || panic!("killed");
    let moves = || move_finished(state.path(), ID, &old, &new, die);
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(moves)).is_ok() {
        return None;
    }
    // It was killed a little later.
    let copy = to.path().join(&names(to.path())[0]);
    fs::write(&copy, bytes()).unwrap();
    let Standing::File { length, modified: (seconds, nanoseconds) } = standing(&copy) else { panic!() };
    let note = state.path().join(format!("checkpoints/{ID}.moving"));
    let text = fs::read_to_string(&note).unwrap();
    let body = text.split_once('\n').unwrap().1;
    let body = body.replace("copy:None", &format!("copy:Some(({length},{seconds},{nanoseconds}))"));
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, body.as_bytes());
    fs::write(&note, format!("// haul move, version 1, crc64 {sum:016x}\n{body}")).unwrap();
    Some((state, from, to))
}

#[test]
fn a_move_that_never_began_leaves_alone_what_came_there_since() {
    let (from, to) = places().remove(0);
    let state = tempfile::tempdir().unwrap();
    let (old, new) = (from.path().join("a"), to.path().join("b"));
    let id = begun(state.path(), &old);
    fs::write(&old, bytes()).unwrap();
    move_finished(state.path(), id, &old, &new, || true).unwrap();
    // As it was before, and somebody has made a copy of it that looks the same.
    fs::copy(&new, &old).unwrap();
    let at = fs::metadata(&new).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&old).unwrap().set_modified(at).unwrap();
    assert_eq!(settled(state.path()), Some(old.clone()));
    assert!(old.exists() && new.exists());
}

#[test]
fn a_rename_that_a_power_cut_takes_away_is_taken_back_in_the_checkpoint_too() {
    let (from, to) = places().remove(0);
    let state = tempfile::tempdir().unwrap();
    let (old, new) = (from.path().join("a"), to.path().join("b"));
    let id = begun(state.path(), &old);
    move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
    fs::rename(part(&new), part(&old)).unwrap();
    assert_eq!(settled(state.path()), Some(old.clone()));
    assert_eq!(Checkpoint::load(state.path(), id).unwrap().unwrap().target, old);
}

#[test]
fn a_link_in_place_of_a_rename_that_a_kill_leaves_in_both_places_is_finished() {
    let (from, to) = places().remove(0);
    let state = tempfile::tempdir().unwrap();
    let (old, new) = (from.path().join("a"), to.path().join("b"));
    let id = begun(state.path(), &old);
    move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
    fs::hard_link(part(&new), part(&old)).unwrap();
    assert_eq!(settled(state.path()), Some(new.clone()));
    assert!(names(from.path()).is_empty() && part(&new).exists());
    fs::hard_link(part(&new), &new).unwrap();
    PartFile::forget_name(&new);
    assert_eq!(names(to.path()), ["b"]);
    fs::write(part(&new), b"another one").unwrap();
    PartFile::forget_name(&new);
    assert!(part(&new).exists());
}

#[test]
fn of_a_part_file_only_what_has_come_goes_to_another_disk() {
    let (from, to) = places().remove(1);
    let state = tempfile::tempdir().unwrap();
    let (old, new) = (from.path().join("a"), to.path().join("b"));
    let id = begun(state.path(), &old);
    let length = 64 << 20;
    fs::File::options().write(true).open(part(&old)).unwrap().set_len(length).unwrap();
    let before = fs::read(part(&old)).unwrap();
    move_partial(state.path(), id, (&old, &new), ours, || true).unwrap();
    let moved = fs::metadata(part(&new)).unwrap();
    assert!(moved.blocks() * 512 <= 4 << 20, "{} blocks", moved.blocks());
    assert!(before.starts_with(&fs::read(part(&new)).unwrap()));
    let checkpoint = Checkpoint::load(state.path(), id).unwrap().unwrap();
    assert_eq!((checkpoint.target, checkpoint.ledger.done().total()), (new, 1 << 20));
}
