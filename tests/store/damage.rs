//! Checkpoints and queues that were damaged, or written by somebody else: never a panic, never a false claim.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use haul::model::{FaultKind, Source, Spec, TransferId, UnixTime};
use haul::store::{Checkpoint, CheckpointLog, Claim, History, Item, Journal, Stamp, UploadCheckpoint};
use proptest::prelude::*;
use tempfile::TempDir;

use super::checkpoint::{ID, MIB, bytes, checkpoint, claims, piece, save, state};

/// A state folder with two generations: the older claims 0..10, the newer 0..1000, and one line more.
fn two_generations() -> (TempDir, PathBuf) {
    let state = state();
    let mut log = CheckpointLog::new(state.path(), ID);
    save(&mut log, &checkpoint(&[piece(0, 10)]));
    save(&mut log, &checkpoint(&[piece(0, 1000), piece(MIB, MIB + 10)]));
    log.wrote(&[piece(5000, 6000)]);
    let path = Checkpoint::path(state.path(), ID);
    (state, path)
}

/// What is left of a checkpoint's claims once they are compared with the true bytes; `None` if none was loaded.
fn vouched(state: &TempDir) -> Option<Vec<(u64, u64)>> {
    let loaded = Checkpoint::load(state.path(), ID).unwrap_or_else(|fault| panic!("refused: {fault}"))?;
    let true_ones = loaded.ledger.fragments().filter(|held| held.matches(&bytes(held.start, held.start + held.len)));
    Some(true_ones.map(|held| (held.start, held.start + held.len)).collect())
}

/// Every claim that any generation could rightly make.
const TRUE_CLAIMS: [(u64, u64); 4] = [(0, 10), (0, 1000), (MIB, MIB + 10), (5000, 6000)];

#[test]
fn every_bit_of_it_may_flip() {
    let (_first, path) = two_generations();
    let (whole, old) = (fs::read(&path).unwrap(), fs::read(path.with_extension("old")).unwrap());
    let state = state();
    let path = Checkpoint::path(state.path(), ID);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Every bit of the seal, and one of each few of the rest.
    for at in (0..640).chain((640..whole.len() * 8).step_by(5)) {
        let mut damaged = whole.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        fs::write(&path, &damaged).unwrap();
        fs::write(path.with_extension("old"), &old).unwrap();
        let left = vouched(&state).unwrap_or_else(|| panic!("bit {at}: the older generation was lost too"));
        assert!(left.iter().all(|claim| TRUE_CLAIMS.contains(claim)), "bit {at}: {left:?}");
        assert!(!left.is_empty(), "bit {at}: a line that is damaged can push out one claim, not all");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_became_of_it(cut in 0..500_usize, zeros in 0..600_usize, noise in proptest::collection::vec(any::<u8>(), 0..80)) {
        let (state, path) = two_generations();
        let mut damaged = fs::read(&path).unwrap();
        damaged.truncate(cut);
        damaged.resize(cut + zeros, 0);
        damaged.extend(noise);
        fs::write(&path, &damaged).unwrap();
        let left = vouched(&state).unwrap();
        prop_assert!(left.iter().all(|claim| TRUE_CLAIMS.contains(claim)), "{:?}", left);
    }
}

#[test]
fn a_damaged_one_is_set_aside_and_not_deleted() {
    let (state, path) = two_generations();
    fs::write(&path, "rubbish").unwrap();
    assert_eq!(claims(&state), Some(vec![(0, 10)]));
    assert_eq!(fs::read(path.with_extension("damaged")).unwrap(), b"rubbish");
    assert!(!path.exists());
    fs::write(path.with_extension("old"), "").unwrap();
    assert_eq!(claims(&state), None);
}

#[test]
fn one_of_a_newer_haul_is_refused_and_kept() {
    let (state, path) = two_generations();
    let newer = "// haul checkpoint, version 2, and all that follows may be anything\n{}\n";
    fs::write(&path, newer).unwrap();
    let fault = Checkpoint::load(state.path(), ID).unwrap_err();
    assert_eq!(fault.kind, FaultKind::State);
    assert!(fault.to_string().contains("newer haul (version 2)"), "{fault}");
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn what_is_no_file_is_set_aside() {
    let (state, path) = two_generations();
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    assert_eq!(claims(&state), Some(vec![(0, 10)]));
    fs::create_dir(&path).unwrap();
    assert_eq!(claims(&state), Some(vec![(0, 10)]));
}

#[test]
fn where_no_folder_can_be_there_is_nothing_of_haul() {
    // Of an account without a home.
    let state = Path::new("/dev/null/.local/state/haul");
    assert!(Checkpoint::load(state, ID).unwrap().is_none() && Checkpoint::find(state, state).unwrap().is_none());
    let source = Source::parse("http://host/a").unwrap();
    assert_eq!(History::of(state).find(&source, state, None), Ok(None));
    assert_eq!(UploadCheckpoint::load(&UploadCheckpoint::path(state, "s3://bucket/key", state)), Ok(None));
}

#[test]
fn an_uploads_record_that_cannot_be_read_just_now_is_a_fault_and_none_that_is_damaged() {
    let state = state();
    // As good as any other error of the system that is not of the record.
    symlink("uploads", state.path().join("uploads")).unwrap();
    let fault = UploadCheckpoint::load(&state.path().join("uploads/a.ron")).unwrap_err();
    assert!(fault.kind == FaultKind::State && fault.to_string().contains("can't be read"), "{fault}");
}

#[test]
fn a_folder_that_cannot_be_read_is_a_fault_and_no_empty_answer() {
    let state = state();
    fs::write(state.path().join("checkpoints"), "a file where the folder should be").unwrap();
    let fault = Checkpoint::load(state.path(), ID).unwrap_err();
    assert_eq!(fault.kind, FaultKind::State);
    let fault = Checkpoint::find(state.path(), Path::new("/a")).unwrap_err();
    assert!(fault.kind == FaultKind::State && fault.subject.ends_with("/checkpoints"), "{fault}");
    let nowhere = state.path().join("checkpoints/state");
    assert!(Checkpoint::find(&nowhere, Path::new("/a")).unwrap().is_none(), "in a folder that can't be there is none");
    let mut log = CheckpointLog::new(state.path(), ID);
    log.begin_save();
    let claim = Claim::of(&checkpoint(&[])).unwrap();
    assert!(CheckpointLog::write(log.path(), &claim).is_err());
}

/// Sealed rightly by somebody else: such numbers must not harm.
#[test]
fn hostile_numbers_are_harmless() {
    for (length, block, done) in [
        ("None", "0", "[(0,10,5)]"),
        ("None", "1", "[(0,1,5),(1,1,5)]"),
        ("Some(10485760)", "3", "[(1048575,3,5)]"),
        ("Some(0)", "1048576", "[(0,1,5)]"),
        ("Some(18446744073709551615)", "18446744073709551615", "[(0,18446744073709551614,5)]"),
        ("None", "1048576", "[(18446744073709551615,18446744073709551615,5)]"),
        ("None", "1048576", "[(0,1048577,5),(5,0,5)]"),
        ("Some(100)", "1048576", "[(0,50,1),(25,50,2),(0,100,3),(10,10,4)]"),
    ] {
        let state = state();
        let path = Checkpoint::path(state.path(), ID);
        let body = format!(
            "(url:\"u\",target:\"t\",length:{length},etag:None,last_modified:None,media:None,block:{block},done:{done})"
        );
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, sealed(&body)).unwrap();
        let loaded = Checkpoint::load(state.path(), ID).unwrap().expect("its seal is right");
        let block = loaded.ledger.block();
        let mut last = 0;
        for held in loaded.ledger.fragments() {
            let end = held.start.checked_add(held.len).unwrap();
            assert!(held.start >= last && held.start / block == (end - 1) / block, "{held:?} of {body}");
            assert!(loaded.length.is_none_or(|length| end <= length), "{held:?} of {body}");
            last = end;
        }
    }
}

/// A checkpoint file around this body, as haul itself would seal it.
fn sealed(body: &str) -> String {
    let crc = |text: &str| crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, text.as_bytes());
    let head = format!("1, {} bytes", body.len());
    format!("// haul checkpoint, version {head}, crc64 {:016x}\n{body}\n", crc(&format!("{head}\n{body}")))
}

/// A part file that is not what the checkpoint says: the claims do not match its bytes.
#[test]
fn claims_are_only_claims() {
    let (state, _) = two_generations();
    let loaded = Checkpoint::load(state.path(), ID).unwrap().unwrap();
    for held in loaded.ledger.fragments() {
        assert!(!held.matches(&vec![0; held.len as usize]), "zeros pass for {held:?}");
        assert!(!held.matches(&bytes(held.start + 1, held.start + held.len + 1)), "shifted bytes pass for {held:?}");
        assert!(!held.matches(&bytes(held.start, held.start + held.len - 1)), "fewer bytes pass for {held:?}");
        assert!(held.matches(&bytes(held.start, held.start + held.len)));
    }
}

/// A line that is whole and tells of a transfer that nobody can fetch is lost too.
#[test]
fn a_transfer_of_the_queue_that_can_not_be_understood_is_counted() {
    let state = tempfile::tempdir().unwrap();
    let items = [1, 2].map(|number| {
        let source = Source::parse(&format!("https://e.org/{number}")).unwrap();
        Item::added(TransferId::from_bits(number), Spec::new(source, "/d".into()), UnixTime::from_seconds(5))
    });
    Journal::open_to_append(state.path()).unwrap().append(items).unwrap();
    let path = state.path().join("queue.ron");
    let text = fs::read_to_string(&path).unwrap().replace("https://e.org/2", "nothing");
    fs::write(&path, text).unwrap();
    let (items, damage) = Journal::inspect(state.path()).unwrap();
    assert_eq!((items.len(), damage.map(|damage| damage.lines)), (1, Some(1)));
}

/// What this haul can't read another one may, and a person too.
#[test]
fn lines_that_can_not_be_read_outlive_a_queue_that_is_made_shorter() {
    let state = state();
    let path = state.path().join("queue.ron");
    let unread = ["Added((of a newer haul)) // 0123456789abcdef", "\u{fffd}\u{1} damage"];
    let spec = Spec::new(Source::parse("http://host/a").unwrap(), PathBuf::from("/a"));
    let (mut journal, _) = Journal::open(state.path()).unwrap();
    journal.append([Item::added(ID, spec, UnixTime::from_seconds(1))]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\n{text}{}\n", unread[0], unread[1])).unwrap();
    journal.append((0..1500).map(|rank| Stamp::Rank(rank).record(ID))).unwrap();
    for _ in 0..2 {
        let (journal, items) = Journal::open(state.path()).unwrap();
        assert_eq!((items.len(), journal.damage().map(|damage| damage.lines)), (1, Some(2)));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3, "what is stale is gone");
        assert!(text.ends_with(&format!("{}\n{}\n", unread[0], unread[1])), "{text}");
    }
    assert_eq!(
        Journal::inspect(state.path()).unwrap().1.unwrap().lines,
        2,
        "they are told until somebody deletes them"
    );
    journal.append([Stamp::Rank(7).record(ID)]).unwrap();
    assert_eq!(Journal::peek(state.path()).unwrap()[0].rank, 7);
}
