//! The queue's file while several append to it.

use std::path::PathBuf;

use haul::model::{Source, Spec, TransferId, UnixTime};
use haul::store::{Item, Journal, Stamp};

#[test]
fn who_holds_the_queue_is_told_whether_somebody_was_faster() {
    let state = tempfile::tempdir().unwrap();
    let record = |number: u64| {
        let source = Source::parse(&format!("http://host/{number}")).unwrap();
        Item::added(TransferId::from_bits(number), Spec::new(source, PathBuf::from("/a")), UnixTime::from_seconds(1))
    };
    for number in [1, 2] {
        let mut alone = Journal::open_to_append(state.path()).unwrap();
        let lines = alone.lines([record(number)]).unwrap();
        assert!(alone.hold().unwrap(), "nobody was");
        alone.append_lines(&lines).unwrap();
    }
    let mut slow = Journal::open_to_append(state.path()).unwrap();
    let rank = Stamp::Rank(7).record(TransferId::from_bits(1));
    Journal::open_to_append(state.path()).unwrap().append([rank]).unwrap();
    assert!(slow.hold().unwrap(), "nothing was added");
    drop(slow);
    let mut slow = Journal::open_to_append(state.path()).unwrap();
    Journal::open_to_append(state.path()).unwrap().append([record(3)]).unwrap();
    assert!(!slow.hold().unwrap());
    slow.append([record(4)]).unwrap();
    // Another file in its place has what was appended too.
    let mut slow = Journal::open_to_append(state.path()).unwrap();
    let path = state.path().join("queue.ron");
    std::fs::copy(&path, state.path().join("other")).unwrap();
    std::fs::rename(state.path().join("other"), &path).unwrap();
    assert!(!slow.hold().unwrap());
    drop(slow);
    assert_eq!(Journal::peek(state.path()).unwrap().len(), 4);
}
