//! The queue on disk: what was told comes back in its order, and a bad line costs only itself.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haul::model::{
    ByteRange, Fault, FaultKind, Header, Limits, Priority, RangeSet, Rate, Source, Spec, Status, TransferId, UnixTime,
};
use haul::store::{Item, Journal, Record, Stamp};
use tempfile::TempDir;

fn state() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn broke() -> Fault {
    Fault::new(FaultKind::Status(503), "https://host/a", "it broke")
}

fn file(state: &TempDir) -> PathBuf {
    state.path().join("queue.ron")
}

fn id(number: u64) -> TransferId {
    TransferId::from_bits(number)
}

fn spec(number: u64) -> Spec {
    Spec::new(Source::parse(&format!("http://host/{number}")).unwrap(), PathBuf::from("/home/me"))
}

fn added(number: u64) -> Record {
    Item::added(id(number), spec(number), UnixTime::from_seconds(1_700_000_000))
}

/// The ids in the queue, in order.
fn order(state: &TempDir) -> Vec<u64> {
    Journal::peek(state.path()).unwrap().iter().map(|item| item.id.bits()).collect()
}

fn raw(state: &TempDir, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(file(state)).unwrap().write_all(bytes).unwrap();
}

fn lines(state: &TempDir) -> usize {
    fs::read_to_string(file(state)).unwrap().lines().count()
}

#[test]
fn everything_comes_back() {
    use std::os::unix::ffi::OsStrExt;
    let state = state();
    let (mut journal, items) = Journal::open(state.path()).unwrap();
    assert!(items.is_empty());
    let odd = Path::new(std::ffi::OsStr::from_bytes(b"/home/\xff 100%/\n\"x\"")).to_path_buf();
    let mut asked = spec(1);
    asked.source = Source::parse("https://me:pass@host/a?token=x#y").unwrap();
    asked.target.folder = odd.as_path().into();
    asked.target.name = Some("日本\u{202e}\n.iso".to_owned());
    asked.headers = vec![Header { name: "Cookie".to_owned(), value: "a=\"b\"; c\\d".to_owned() }].into();
    asked.checksum = Some(format!("sha256:{}", "ab".repeat(32)).parse().map(Box::new).unwrap());
    asked.sums = Some("https://me:pass@host/SHA256SUMS?token=x".parse().unwrap());
    asked.digests = false;
    asked.limits = Limits { connections: Some(3), rate: Some(Rate::per_second(9)) };
    (asked.priority, asked.start_at) = (Priority::High, Some(UnixTime::from_seconds(1_795_413_600)));
    (asked.overwrite, asked.sorts, asked.category) = (true, true, Some("video".into()));
    let mut full = Item::new(id(1), asked, -7);
    full.added = Some(UnixTime::from_seconds(1_795_000_000));
    full.target = Some(odd.join("a").into());
    full.length = Some(u64::MAX);
    full.done = [ByteRange::new(0, 5), ByteRange::new(7, 9)].into_iter().collect::<RangeSet>().into();
    (full.status, full.reason) = (Status::Failed, Some(Arc::new(broke())));
    let plain = Item::new(id(2), spec(2), 4);
    journal.append(&[plain.record(), full.record()]).unwrap();
    assert_eq!(Journal::peek(state.path()).unwrap(), [full.clone(), plain.clone()]);
    assert_eq!(Journal::open(state.path()).unwrap().1, [full, plain]);
    assert_eq!(lines(&state), 2);
    assert_eq!(fs::metadata(file(&state)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_an_older_haul_has_written_still_loads() {
    let state = state();
    let line = r#"Added((id:"0000000000000005",url:"http://host/5",folder:"/home/me",status:Paused,rank:Some(3)))"#;
    raw(&state, format!("{line} // 0683aec580d2a941\n").as_bytes());
    let mut five = Item::new(id(5), spec(5), 3);
    five.status = Status::Paused;
    assert_eq!(five.record().line().unwrap(), format!("{line} // 0683aec580d2a941\n"), "and writes it so now");
    let item = Journal::peek(state.path()).unwrap().pop().unwrap();
    assert_eq!((item.id, item.status, item.rank, item.added), (id(5), Status::Paused, 3, None));
    assert_eq!((item.spec.sorts, &item.spec.category), (false, &None));
}

#[test]
fn what_is_added_on_hold_is_paused() {
    let held = Spec { held: true, ..spec(1) };
    let item = Item::new(id(1), held, 0);
    assert_eq!((item.status, item.spec.held), (Status::Paused, false));
}

#[test]
fn later_records_change_earlier_ones() {
    let state = state();
    let (mut journal, _) = Journal::open(state.path()).unwrap();
    let stamps = [
        Stamp::Status(Status::Running, None),
        Stamp::Known(PathBuf::from("/a"), Some(10), [ByteRange::new(0, 4)].into_iter().collect::<RangeSet>().into()),
        Stamp::Status(Status::Paused, Some(broke())),
        Stamp::Rank(17),
    ];
    let changes: Vec<Record> = stamps.iter().map(|stamp| stamp.record(id(1))).collect();
    journal.append(&[added(1)]).unwrap();
    journal.append(&changes).unwrap();
    // About one that is not there.
    journal.append(&[Stamp::Rank(1).record(id(99)), Record::Removed(vec!["nonsense".to_owned()])]).unwrap();
    let item = Journal::peek(state.path()).unwrap().pop().unwrap();
    assert_eq!((item.status, item.reason, item.rank), (Status::Paused, Some(Arc::new(broke())), 17));
    assert_eq!((item.target, item.length, item.done.total()), (Some(Path::new("/a").into()), Some(10), 4));
    let running = Stamp::Status(Status::Running, None).record(id(1));
    journal.append(&[running]).unwrap();
    assert_eq!(Journal::peek(state.path()).unwrap()[0].status, Status::Queued, "what ran goes on by itself");
    journal.append(&[Record::Removed(vec![id(1).to_string()]), added(2)]).unwrap();
    assert_eq!(order(&state), [2]);
}

#[test]
fn ranks_order_the_queue_and_what_has_none_comes_last() {
    let state = state();
    let mut journal = Journal::open(state.path()).unwrap().0;
    let ranked = |number: u64, rank| Item::new(id(number), spec(number), rank).record();
    journal.append(&[ranked(1, 50), added(2), ranked(3, 10), added(4)]).unwrap();
    assert_eq!(order(&state), [3, 1, 2, 4]);
    journal.append(&[Stamp::Rank(51).record(id(1)), Stamp::Rank(50).record(id(2))]).unwrap();
    assert_eq!(order(&state), [3, 2, 1, 4]);
    journal.append(&[Stamp::Rank(900).record(id(3)), added(5)]).unwrap();
    assert_eq!(order(&state), [2, 1, 4, 3, 5], "behind one that was moved to the end");
    journal.append(&[ranked(6, i64::MAX), added(7), added(8)]).unwrap();
    assert_eq!(order(&state).len(), 8, "ranks that are used up are shared");
}

/// The line with its checksum, as haul itself would write it.
fn sealed(record: &str) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, record.as_bytes());
    format!("{record} // {sum:016x}\n")
}

#[test]
fn bad_lines_cost_only_themselves() {
    let state = state();
    let mut journal = Journal::open(state.path()).unwrap().0;
    journal.append(&[added(1)]).unwrap();
    let nested = format!("Added({}\n", "(".repeat(100_000));
    for bad in [
        "rubbish\n",
        "\n\n",
        "Added()\n",
        "Added((id:\"1\",url:\"http://host/\"))\n",
        "Added((id:\"0000000000000077\",url:\"gopher://host/\",folder:\"/\"))\n",
        "Added((id:\"0000000000000077\",url:\"http://host/\",folder:\"/\",checksum:Some(\"sha256:zz\")))\n",
        "Status(\"0000000000000001\",Exploded,None)\n",
        "Ranked(\"0000000000000001\",99999999999999999999999)\n",
        "Unheard(1)\n",
        &nested,
    ] {
        raw(&state, bad.as_bytes());
        raw(&state, sealed(bad.trim_end()).as_bytes());
    }
    raw(&state, b"Added((id:\"0000000000000076\",url:\"http://host/\",folder:\"/\"))\n");
    raw(&state, b"\0\0\0\0\0\0\n\xff\xfe\x80\n");
    journal.append(&[added(2)]).unwrap();
    assert_eq!(order(&state), [1, 2]);
    assert_eq!(Journal::open(state.path()).unwrap().1.len(), 2);
}

#[test]
fn a_torn_last_line_is_dropped_and_the_next_record_is_not_glued_to_it() {
    let whole = {
        let state = state();
        Journal::open(state.path()).unwrap().0.append(&[added(1), added(2)]).unwrap();
        fs::read(file(&state)).unwrap()
    };
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in 0..whole.len() {
        // Bytes that the disk never got come back as zeros.
        let fillers = [&b""[..], &[0; 50]];
        for filler in fillers.into_iter().skip(cut % 2) {
            let state = state();
            raw(&state, &whole[..cut]);
            raw(&state, filler);
            let has_first = cut > first || (cut == first && filler.is_empty());
            let mut expected: Vec<u64> = has_first.then_some(1).into_iter().collect();
            // Only the end of its line is missing: it was written whole.
            expected.extend((cut == whole.len() - 1 && filler.is_empty()).then_some(2));
            assert_eq!(order(&state), expected, "cut at {cut}");
            let mut journal = Journal::open_to_append(state.path()).unwrap();
            journal.append(&[added(3)]).unwrap();
            expected.push(3);
            assert_eq!(order(&state), expected, "cut at {cut}, {} zeros", filler.len());
            assert_eq!(Journal::inspect(state.path()).unwrap().1, None, "cut at {cut}: this is no damage");
        }
    }
}

#[test]
fn a_damaged_record_is_never_taken_for_another() {
    let state = state();
    let mut journal = Journal::open(state.path()).unwrap().0;
    journal.append(&[added(1), added(2), Record::Removed(vec![id(2).to_string()]), added(3)]).unwrap();
    let text = fs::read_to_string(file(&state)).unwrap();
    for (whole, damaged, left) in [
        ("Removed([\"0000000000000002", "Removed([\"0000000000000001", vec![1, 2, 3]),
        ("http://host/1", "http://hosu/1", vec![3]),
        ("id:\"0000000000000003", "id:\"0000000000000004", vec![1]),
        // The head of a record that makes one by itself.
        ("folder:\"/home/me\",added", "folder:\"/home/me\"))\n", vec![3]),
        (") // ", ")    ", vec![3]),
    ] {
        assert!(text.contains(whole), "{text}");
        fs::write(file(&state), text.replacen(whole, damaged, 1)).unwrap();
        assert_eq!(order(&state), left, "{damaged}");
    }
}

#[test]
fn two_that_append_see_each_other() {
    let state = state();
    let (mut engine, _) = Journal::open(state.path()).unwrap();
    let mut other = Journal::open_to_append(state.path()).unwrap();
    engine.append(&[added(1)]).unwrap();
    assert!(engine.news().is_empty(), "one's own records are no news");
    other.append(&[added(2), added(3)]).unwrap();
    assert_eq!(engine.news(), [added(2), added(3)]);
    assert!(engine.news().is_empty());
    other.append(&[added(4)]).unwrap();
    assert_eq!(engine.append(&[added(5)]).unwrap(), [added(4)]);
    assert!(engine.append(&[]).unwrap().is_empty() && engine.news().is_empty());
    assert_eq!(order(&state), [1, 2, 3, 4, 5]);
}

#[test]
fn several_threads_append_and_no_record_is_lost() {
    let state = state();
    Journal::open(state.path()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let state = state.path();
            scope.spawn(move || {
                let mut journal = Journal::open_to_append(state).unwrap();
                for number in 0..25 {
                    journal.append(&[added(writer * 100 + number)]).unwrap();
                }
            });
        }
    });
    let mut all = order(&state);
    all.sort_unstable();
    let expected: Vec<u64> = (0..4).flat_map(|writer| (0..25).map(move |number| writer * 100 + number)).collect();
    assert_eq!(all, expected);
}

/// A queue in which far more is stale than not.
fn stale(state: &TempDir) {
    let mut journal = Journal::open(state.path()).unwrap().0;
    journal.append(&[added(1), added(2)]).unwrap();
    let moves: Vec<Record> = (0..1500).map(|rank| Stamp::Rank(rank).record(id(1))).collect();
    journal.append(&moves).unwrap();
}

#[test]
fn what_is_stale_is_dropped_at_the_next_start() {
    let state = state();
    stale(&state);
    let before = Journal::peek(state.path()).unwrap();
    let (mut journal, items) = Journal::open(state.path()).unwrap();
    assert_eq!((&items, lines(&state)), (&before, 2));
    assert!(journal.news().is_empty());
    journal.append(&[added(3), added(4), Record::Removed(vec![id(4).to_string()])]).unwrap();
    assert_eq!(Journal::open(state.path()).unwrap().1.len(), 3);
    assert!(!fs::read_to_string(file(&state)).unwrap().contains("http://host/4"), "its URL may hold a password");
    assert_eq!(fs::metadata(file(&state)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&state).unwrap().count(), 1, "no other file is left");
}

#[test]
fn a_queue_that_cannot_be_made_shorter_is_used_as_it_is() {
    let state = state();
    stale(&state);
    raw(&state, b"Added((torn");
    let before = (lines(&state), fs::read(file(&state)).unwrap());
    // In the place of the file that the shorter queue would be written to.
    fs::create_dir(state.path().join("queue.new")).unwrap();
    let (mut journal, items) = Journal::open(state.path()).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((lines(&state), fs::read(file(&state)).unwrap()), before, "reading changes nothing");
    assert!(journal.append(&[added(3)]).unwrap().is_empty());
    assert_eq!(order(&state), [2, 1, 3]);
}

#[test]
fn who_has_it_open_while_it_is_compacted_goes_on_in_the_new_file() {
    let state = state();
    stale(&state);
    let mut waiting = Journal::open_to_append(state.path()).unwrap();
    let mut reading = Journal::open_to_append(state.path()).unwrap();
    reading.append(&[]).unwrap();
    let mut engine = Journal::open(state.path()).unwrap().0;
    assert_eq!(lines(&state), 2);
    engine.append(&[added(3)]).unwrap();
    waiting.append(&[added(4)]).unwrap();
    assert_eq!(engine.news(), [added(4)]);
    assert!(reading.news().contains(&added(4)), "a reader looks into the new file");
    let mut all = order(&state);
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4]);
}

#[test]
fn a_hundred_thousand_are_loaded() {
    let state = state();
    let records: Vec<Record> = (1..=100_000).map(added).collect();
    Journal::open(state.path()).unwrap().0.append(&records).unwrap();
    let (_, items) = Journal::open(state.path()).unwrap();
    assert_eq!(items.len(), 100_000);
    assert!(items.iter().zip(1..).all(|(item, number)| item.id.bits() == number));
}

#[test]
fn a_state_folder_that_is_none_is_a_sentence() {
    let state = state();
    fs::create_dir(file(&state)).unwrap();
    for fault in [Journal::open(state.path()).unwrap_err(), Journal::peek(state.path()).unwrap_err()] {
        assert_eq!(fault.kind, FaultKind::State);
        assert!(fault.to_string().contains("queue.ron"), "{fault}");
    }
}

#[test]
fn who_only_appends_reads_nothing_and_closes_a_torn_line_all_the_same() {
    let state = state();
    Journal::open_to_append(state.path()).unwrap().append(&[added(1), added(2)]).unwrap();
    let mut second = Journal::open_to_append(state.path()).unwrap();
    assert!(second.append(&[added(3)]).unwrap().is_empty(), "what was there before is no news");
    raw(&state, b"Removed([\"torn");
    let mut third = Journal::open_to_append(state.path()).unwrap();
    let mut fourth = Journal::open_to_append(state.path()).unwrap();
    third.append(&[added(4)]).unwrap();
    assert_eq!(fourth.append(&[added(5)]).unwrap(), [added(4)]);
    assert_eq!(order(&state), [1, 2, 3, 4, 5]);
}

#[test]
fn some_urls_are_looked_up_as_in_the_whole_queue() {
    let state = state();
    let mut journal = Journal::open_to_append(state.path()).unwrap();
    let records: Vec<Record> = (0..50).map(added).collect();
    journal.append(&records).unwrap();
    journal.append(&[Record::Removed(vec![id(7).to_string(), id(8).to_string()])]).unwrap();
    journal
        .append(&[Stamp::Status(Status::Paused, None).record(id(9)), Stamp::Status(Status::Done, None).record(id(4))])
        .unwrap();
    raw(&state, b"\xff\xfe torn");
    let whole = Journal::peek(state.path()).unwrap();
    for wanted in [vec![1], vec![4, 9], vec![7], vec![3, 8, 49, 100], (0..20).collect()] {
        let sources: Vec<Source> = wanted.iter().map(|number| spec(*number).source).collect();
        let found = Journal::peek_at(state.path(), &sources.iter().collect::<Vec<_>>()).unwrap();
        let is_wanted = |item: &&Item| sources.contains(&item.spec.source);
        let found: Vec<_> = found.iter().filter(is_wanted).map(|item| (item.id, item.status)).collect();
        let expected: Vec<_> = whole.iter().filter(is_wanted).map(|item| (item.id, item.status)).collect();
        assert_eq!(found, expected, "{wanted:?}");
    }
    assert!(Journal::peek_at(&state.path().join("none"), &[]).unwrap().is_empty());
}

#[test]
fn a_queue_that_is_damaged_is_kept_beside_the_one_that_is_used() {
    let state = state();
    let (mut journal, _) = Journal::open(state.path()).unwrap();
    journal.append(&[added(1)]).unwrap();
    raw(&state, b"Added((torn");
    drop(journal);
    let aside = state.path().join("queue.damaged");
    // Nothing is lost with a last line that was never finished.
    assert_eq!(Journal::open(state.path()).unwrap().1.len(), 1);
    assert!(!aside.exists());
    raw(&state, b" a line of another haul)\n");
    let before = fs::read(file(&state)).unwrap();
    let looked = Journal::inspect(state.path()).unwrap().1.unwrap();
    assert_eq!((looked.lines, looked.path), (1, file(&state)));
    let (mut journal, items) = Journal::open(state.path()).unwrap();
    assert_eq!(items.len(), 1);
    let said = format!("1 line of the queue could not be read; it is kept in {}", aside.display());
    assert_eq!(journal.damage().map(ToString::to_string), Some(said));
    assert_eq!(fs::read(&aside).unwrap(), before);
    assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o600);
    journal.append(&[added(2)]).unwrap();
    assert_eq!(order(&state), [1, 2]);
}
