//! What is asked many times, on the thread that all else waits for: it never waits, and reads nothing twice.

use std::fs;

use haul::model::{FaultKind, Source, TransferId, Validator};
use haul::store::{Finished, History, PartFile};

/// A figure that the system keeps of this thread.
fn figure(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/thread-self/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().parse().unwrap()
}

#[test]
fn a_part_file_that_is_held_is_told_without_a_wait() {
    const TIMES: u64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a");
    let _held = PartFile::open(&target).unwrap();
    let waits = || figure("status", "voluntary_ctxt_switches");
    let before = waits();
    for _ in 0..TIMES {
        assert_eq!(PartFile::open(&target).unwrap_err().kind, FaultKind::Busy);
    }
    assert!(waits() - before < TIMES, "it slept {} times", waits() - before);
}

fn source(number: u32) -> Source {
    Source::parse(&format!("https://host/{number}")).unwrap()
}

#[test]
fn the_history_is_read_once_and_then_only_what_has_come() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = History::of(state.path());
    let finish = |number: u32| {
        let target = folder.path().join(number.to_string());
        fs::write(&target, "12345").unwrap();
        let haul::store::Standing::File { modified, .. } = haul::store::standing(&target) else { panic!() };
        let by = Some(TransferId::from_bits(u64::from(number)));
        let finished = Finished { target, validator: Validator::default(), length: 5, by };
        History::of(state.path()).add(&[(&source(number), &finished, modified)]).unwrap();
        finished
    };
    let find = |number: u32| history.find(&source(number), folder.path(), Some(&number.to_string())).unwrap();
    let mut all: Vec<Finished> = (0..200).map(finish).collect();
    let length = || fs::metadata(state.path().join("history.ron")).unwrap().len();
    let read = || figure("io", "rchar");
    let before = read();
    for number in 0..200 {
        assert_eq!(find(number).as_ref(), all.get(number as usize), "{number}");
        assert_eq!(find(number + 1000), None, "{number}");
    }
    // Each entry that is found is read once more, by itself, and with some of those behind it.
    let most = length() + 200 * 2 * 4096;
    assert!(read() - before < most, "{} of {}", read() - before, length());
    // Another process adds one, and another one makes the file shorter.
    all.push(finish(200));
    assert_eq!(find(200).as_ref(), all.last());
    let text = fs::read_to_string(state.path().join("history.ron")).unwrap();
    fs::write(state.path().join("new"), &text[text.find('\n').unwrap() + 1..]).unwrap();
    fs::rename(state.path().join("new"), state.path().join("history.ron")).unwrap();
    assert_eq!(find(0), None, "its entry is gone");
    assert_eq!(find(199).as_ref(), all.get(199));
    // Somebody writes into it.
    fs::write(state.path().join("history.ron"), format!("{}\n{text}", "(".repeat(4))).unwrap();
    assert_eq!(find(0).as_ref(), all.first());
    fs::remove_file(state.path().join("history.ron")).unwrap();
    assert_eq!(find(0), None);
}
