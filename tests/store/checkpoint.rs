//! Checkpoints: what was saved comes back, whatever moment the program died at.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use haul::model::{Announced, ByteRange, FaultKind, RangeSet, TransferId, Validator, Weight};
use haul::store::{Checkpoint, CheckpointLog, Claim, Fragment, Ledger};
use tempfile::TempDir;

pub(super) const ID: TransferId = TransferId::from_bits(0xfeed);
pub(super) const MIB: u64 = 1 << 20;

/// The true bytes of the file that these checkpoints speak of.
pub(super) fn bytes(start: u64, end: u64) -> Vec<u8> {
    (start..end).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// The fragment of these bytes; they lie within one block.
pub(super) fn piece(start: u64, end: u64) -> Fragment {
    Ledger::sum(MIB, start, &bytes(start, end), None).pop().unwrap()
}

/// A checkpoint that claims these pieces.
pub(super) fn checkpoint(pieces: &[Fragment]) -> Checkpoint {
    let mut ledger = Ledger::new(Some(3 * MIB));
    for piece in pieces {
        ledger.record(*piece);
    }
    Checkpoint {
        url: "https://me:secret@host/a?b=\"c\"\n#d".to_owned(),
        target: PathBuf::from("/home/me/50% \"off\"\n日本.iso"),
        length: Some(3 * MIB),
        validator: Validator { etag: Some("\"v1\"".to_owned()), last_modified: Some("Sat, 15 Nov".to_owned()) },
        media: Some("application/zip".to_owned()),
        digests: vec![
            Announced {
                range: None,
                checksum: format!("sha256:{}", "ab".repeat(32)).parse().unwrap(),
                weight: Weight::Firm,
            },
            Announced {
                range: Some(ByteRange::new(5, 9)),
                checksum: format!("md5:{}", "cd".repeat(16)).parse().unwrap(),
                weight: Weight::Hint,
            },
        ],
        coding: Some("gzip".to_owned()),
        ledger,
        unsynced: RangeSet::new(),
        disk: Some(u64::MAX),
    }
}

/// Saves as the engine does.
pub(super) fn save(log: &mut CheckpointLog, claimed: &Checkpoint) {
    log.begin_save();
    let claim = Claim::of(claimed).unwrap();
    let generation = CheckpointLog::write(log.path(), &claim).unwrap();
    log.publish(generation).unwrap();
    CheckpointLog::sync(log.path()).unwrap();
}

pub(super) fn state() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(super) fn load(state: &TempDir) -> Option<Checkpoint> {
    Checkpoint::load(state.path(), ID).unwrap()
}

/// What the checkpoint that is on disk claims, as `(start, end)`.
pub(super) fn claims(state: &TempDir) -> Option<Vec<(u64, u64)>> {
    let done = load(state)?.ledger.done();
    Some(done.ranges().iter().map(|range| (range.start, range.end)).collect())
}

fn file(state: &TempDir) -> PathBuf {
    Checkpoint::path(state.path(), ID)
}

fn append(path: &Path, text: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text).unwrap();
}

#[test]
fn what_was_saved_comes_back() {
    let state = state();
    assert!(load(&state).is_none());
    let saved = checkpoint(&[piece(0, 1000), piece(MIB, MIB + 5)]);
    let mut log = CheckpointLog::new(state.path(), ID);
    assert!(!log.is_saved());
    save(&mut log, &saved);
    assert!(log.is_saved());
    let back = load(&state).unwrap();
    assert_eq!((&back.url, &back.target, back.length), (&saved.url, &saved.target, saved.length));
    assert_eq!((&back.validator, &back.media, &back.coding), (&saved.validator, &saved.media, &saved.coding));
    assert_eq!(back.digests, saved.digests);
    assert_eq!(back.ledger.block(), saved.ledger.block());
    assert!(back.ledger.fragments().eq(saved.ledger.fragments()));
    Checkpoint::remove(state.path(), ID);
    assert!(load(&state).is_none() && fs::read_dir(file(&state).parent().unwrap()).unwrap().next().is_none());
}

#[test]
fn it_is_only_for_its_owners_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let state = state();
    save(&mut CheckpointLog::new(state.path(), ID), &checkpoint(&[]));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file(&state)), mode(file(&state).parent().unwrap())), (0o600, 0o700));
}

#[test]
fn bare_facts_come_back_too() {
    let state = state();
    let bare = Checkpoint {
        url: String::new(),
        target: PathBuf::from("/"),
        length: None,
        validator: Validator::default(),
        media: None,
        digests: Vec::new(),
        coding: None,
        ledger: Ledger::new(None),
        unsynced: RangeSet::new(),
        disk: None,
    };
    save(&mut CheckpointLog::new(state.path(), ID), &bare);
    let back = load(&state).unwrap();
    assert!(
        back.length.is_none()
            && back.validator.is_none()
            && back.media.is_none()
            && back.coding.is_none()
            && back.ledger.is_empty()
    );
}

#[test]
fn writes_are_told_to_the_open_generation() {
    let state = state();
    let mut log = CheckpointLog::new(state.path(), ID);
    log.wrote(&[piece(0, 10)]);
    assert!(claims(&state).is_none(), "nothing is on disk before the first save");
    save(&mut log, &checkpoint(&[piece(0, 10)]));
    log.wrote(&[piece(10, 20), piece(MIB, MIB + 7)]);
    // A sum that is carried on takes the place of the one before.
    let carried = Ledger::sum(MIB, 20, &bytes(20, 50), Some(piece(10, 20)));
    log.wrote(&carried);
    assert_eq!(claims(&state), Some(vec![(0, 50), (MIB, MIB + 7)]));
    assert!(
        load(&state).unwrap().ledger.fragments().all(|held| held.matches(&bytes(held.start, held.start + held.len)))
    );
}

#[test]
fn a_log_goes_on_where_another_process_ended_also_behind_a_torn_line() {
    let state = state();
    save(&mut CheckpointLog::new(state.path(), ID), &checkpoint(&[piece(0, 10)]));
    append(&file(&state), b"(10,10,12");
    let mut log = CheckpointLog::new(state.path(), ID);
    log.reopen();
    assert!(log.is_saved());
    log.wrote(&[piece(20, 30)]);
    assert_eq!(claims(&state), Some(vec![(0, 10), (20, 30)]));
}

#[test]
fn lines_that_make_no_sense_are_passed_over() {
    let state = state();
    let mut log = CheckpointLog::new(state.path(), ID);
    save(&mut log, &checkpoint(&[piece(0, 10)]));
    for line in [
        "\n",
        "(20,10)\n",
        "(20,-10,5)\n",
        "nonsense\n",
        "\0\0\0\0\n",
        "(20,0,5)\n",
        "(18446744073709551615,5,5)\n",
        "(99999999999999999999999,5,5)\n",
        "(3145720,100,5)\n",
        "(1048570,10,5)\n",
        "\u{fffd}\n",
    ] {
        append(&file(&state), line.as_bytes());
    }
    append(&file(&state), b"\xff\xfe(30,3,1)\n");
    log.wrote(&[piece(40, 50)]);
    assert_eq!(claims(&state), Some(vec![(0, 10), (40, 50)]));
}

/// The save is cut after each of its steps; what is loaded then claims nothing that was not synced, and loses nothing
/// that the generation before it claimed.
#[test]
fn a_crash_between_any_two_steps_of_a_save_costs_nothing() {
    let (before, after) = ([piece(0, 10)], [piece(0, 10), piece(10, 20)]);
    let told = piece(2 * MIB, 2 * MIB + 9);
    for died_after in 0..=4 {
        let state = state();
        let mut log = CheckpointLog::new(state.path(), ID);
        save(&mut log, &checkpoint(&before));
        log.wrote(&[piece(10, 20)]);
        log.begin_save();
        if died_after >= 1 {
            let claim = Claim::of(&checkpoint(&after)).unwrap();
            let generation = CheckpointLog::write(log.path(), &claim).unwrap();
            // While the new generation is on its way, writes go on.
            log.wrote(&[told]);
            match died_after {
                // Between the two renames of a publication.
                2 => fs::rename(file(&state), file(&state).with_extension("old")).unwrap(),
                3.. => log.publish(generation).unwrap(),
                _ => {}
            }
        }
        if died_after == 4 {
            CheckpointLog::sync(log.path()).unwrap();
        }
        let expected = if died_after == 0 { vec![(0, 20)] } else { vec![(0, 20), (told.start, told.start + told.len)] };
        assert_eq!(claims(&state), Some(expected), "died after step {died_after}");
        let found = Checkpoint::find(state.path(), &checkpoint(&[]).target).unwrap();
        assert_eq!(found.map(|(id, _)| id), Some(ID), "died after step {died_after}");
        // And the next process saves as if nothing had been.
        let mut next = CheckpointLog::new(state.path(), ID);
        next.reopen();
        save(&mut next, &checkpoint(&[piece(0, 20)]));
        assert_eq!(claims(&state), Some(vec![(0, 20)]));
    }
}

#[test]
fn a_save_that_fails_costs_only_itself() {
    let state = state();
    let mut log = CheckpointLog::new(state.path(), ID);
    save(&mut log, &checkpoint(&[piece(0, 10)]));
    // Somebody deletes the new generation before it is published.
    log.begin_save();
    let (new, handle) = CheckpointLog::write(log.path(), &Claim::of(&checkpoint(&[])).unwrap()).unwrap();
    fs::remove_file(&new).unwrap();
    let fault = log.publish((new, handle)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Disk);
    log.abandon_save();
    log.wrote(&[piece(10, 20)]);
    assert_eq!(claims(&state), Some(vec![(0, 20)]), "the generation before it is still told of writes");
    save(&mut log, &checkpoint(&[piece(0, 30)]));
    assert_eq!(claims(&state), Some(vec![(0, 30)]), "the next save works again");
}

#[test]
fn of_an_abandoned_save_nothing_stays() {
    let state = state();
    let mut log = CheckpointLog::new(state.path(), ID);
    save(&mut log, &checkpoint(&[piece(0, 10)]));
    log.begin_save();
    log.wrote(&[piece(10, 20)]);
    log.abandon_save();
    assert_eq!(claims(&state), Some(vec![(0, 20)]));
    save(&mut log, &checkpoint(&[]));
    assert_eq!(claims(&state), Some(vec![]), "what was told before a save began is the claim's affair");
}

#[test]
fn a_transfer_is_found_by_its_target() {
    let state = state();
    assert!(Checkpoint::find(state.path(), Path::new("/a")).unwrap().is_none());
    save(&mut CheckpointLog::new(state.path(), ID), &checkpoint(&[piece(0, 10)]));
    let other = TransferId::from_bits(7);
    let elsewhere = Checkpoint { target: PathBuf::from("/b"), ..checkpoint(&[]) };
    save(&mut CheckpointLog::new(state.path(), other), &elsewhere);
    fs::write(file(&state).with_file_name("not an id.ron"), "x").unwrap();
    fs::write(file(&state).with_file_name("0000000000000009.ron"), "damaged").unwrap();
    let (id, found) = Checkpoint::find(state.path(), &checkpoint(&[]).target).unwrap().unwrap();
    assert_eq!((id, found.ledger.done().ranges()), (ID, &[ByteRange::new(0, 10)][..]));
    assert!(Checkpoint::find(state.path(), Path::new("/c")).unwrap().is_none());
}
