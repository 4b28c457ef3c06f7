//! Files that get another place: on the same disk and on another, whole or not, stopped on the way.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use haul::model::{ByteRange, FaultKind, RangeSet, TransferId, Validator};
use haul::store::{Checkpoint, CheckpointLog, Claim, Ledger, PartFile, move_finished, move_partial, part_name};
use tempfile::TempDir;

/// Two folders; on two disks, where the machine has memory for one.
fn places() -> Vec<(TempDir, TempDir)> {
    let memory = Path::new("/dev/shm");
    let other = || if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    vec![(tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()), (tempfile::tempdir().unwrap(), other().unwrap())]
}

fn names(folder: &Path) -> Vec<String> {
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
        let (old, new) = (from.path().join("a"), to.path().join("deep/er/b"));
        fs::write(&old, bytes()).unwrap();
        let before = fs::metadata(&old).unwrap().mtime();
        move_finished(&old, &new, || true).unwrap();
        assert!(fs::read(&new).unwrap() == bytes() && names(from.path()).is_empty());
        assert_eq!(names(new.parent().unwrap()), ["b"]);
        assert_eq!(fs::metadata(&new).unwrap().mtime(), before);
    }
}

#[test]
fn what_stands_there_stays_and_so_does_what_is_here() {
    for (from, to) in places() {
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        fs::write(&new, b"mine").unwrap();
        assert_eq!(move_finished(&old, &new, || true).unwrap_err().kind, FaultKind::Exists);
        assert!(fs::read(&new).unwrap() == b"mine" && fs::read(&old).unwrap() == bytes());
        assert_eq!(names(to.path()), ["b"]);
        assert_eq!(
            move_finished(&from.path().join("x"), &to.path().join("y"), || true).unwrap_err().kind,
            FaultKind::Disk
        );
    }
}

#[test]
fn a_copy_that_is_stopped_leaves_everything_as_it_was() {
    for (from, to) in places() {
        let (old, new) = (from.path().join("a"), to.path().join("b"));
        fs::write(&old, bytes()).unwrap();
        let left = std::cell::Cell::new(2);
        let go_on = || left.replace(left.get() - 1) > 0;
        if let Err(fault) = move_finished(&old, &new, go_on) {
            assert_eq!(fault.kind, FaultKind::State);
            assert!(names(to.path()).is_empty() && fs::read(&old).unwrap() == bytes());
        }
    }
}

/// A transfer with its first MiB on disk.
fn begun(state: &Path, target: &Path) -> TransferId {
    let id = TransferId::from_bits(7);
    let (part, _) = PartFile::open(target).unwrap();
    let mut ledger = Ledger::new(Some(3 << 20));
    let first = &bytes()[..1 << 20];
    part.write_at(first, 0).unwrap();
    for fragment in Ledger::sum(ledger.block(), 0, first, None) {
        ledger.record(fragment);
    }
    let checkpoint = Checkpoint {
        url: "http://host/a".to_owned(),
        target: target.to_path_buf(),
        length: Some(3 << 20),
        validator: Validator::default(),
        media: None,
        digests: Vec::new(),
        coding: None,
        ledger,
        unsynced: RangeSet::new(),
    };
    let mut log = CheckpointLog::new(state, id);
    let written = CheckpointLog::write(log.path(), &Claim::of(&checkpoint).unwrap()).unwrap();
    log.publish(written).unwrap();
    id
}

fn part(target: &Path) -> PathBuf {
    target.with_file_name(part_name(target))
}

#[test]
fn what_is_begun_goes_there_with_its_checkpoint() {
    for (from, to) in places() {
        let state = tempfile::tempdir().unwrap();
        let (old, new) = (from.path().join("a"), to.path().join("x/b"));
        let id = begun(state.path(), &old);
        move_partial(state.path(), id, &old, &new, || true).unwrap();
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
            let fault = move_partial(state.path(), id, &old, &new, || true).unwrap_err();
            assert_eq!(fault.kind, kind, "{fault}");
            assert_eq!(fs::read(part(&old)).unwrap(), &bytes()[..1 << 20]);
            assert_eq!(Checkpoint::load(state.path(), id).unwrap().unwrap().target, old);
        };
        fs::write(&new, b"mine").unwrap();
        stays(FaultKind::Exists);
        fs::rename(&new, part(&new)).unwrap();
        stays(FaultKind::Busy);
        fs::remove_file(part(&new)).unwrap();
        let (_held, _) = PartFile::open(&old).unwrap();
        stays(FaultKind::Busy);
    }
}
