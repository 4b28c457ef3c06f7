//! Every happening in words.

use std::time::Duration;

use haul::api::{Happening, Level};
use haul::model::{Fault, FaultKind, Source};

const URL: &str = "https://example.org/a.iso";

fn fault() -> Fault {
    Fault::new(FaultKind::Status(503), URL, "the server says 503")
}

fn answered(length: Option<u64>, resumed: u64, resumable: bool) -> Happening {
    Happening::Answered { target: "/d/a.iso".into(), length, resumed, resumable, stream: false }
}

fn streamed(length: Option<u64>) -> Happening {
    Happening::Answered { target: "-".into(), length, resumed: 0, resumable: false, stream: true }
}

fn completed(fetched: u64, took: Duration, unchanged: bool) -> Happening {
    Happening::Completed { target: "/d/a.iso".into(), bytes: 5_000_000, fetched, took, unchanged, checked: Vec::new() }
}

fn all() -> Vec<(Happening, &'static str)> {
    let short = Duration::from_millis(1500);
    let source = Source::parse("https://me:pw@example.org/b.iso?sig=s3cret").unwrap();
    vec![
        (Happening::Added, "add: it waits for its turn"),
        (Happening::Started, "start: the server is asked"),
        (answered(Some(5_000_000), 0, true), "note: the file has 5.0 MB"),
        (answered(None, 0, true), "note: its length is not known beforehand"),
        (answered(Some(5_000_000), 2_000_000, true), "note: goes on at 2.0 MB of 5.0 MB"),
        (
            answered(None, 0, false),
            "note: its length is not known beforehand; the server gave no part: after a stop all of it may be sent again",
        ),
        (
            streamed(None),
            "note: its length is not known beforehand; a stream gives its bytes once, so that nothing is kept if it fails or \
             is stopped",
        ),
        (
            streamed(Some(5)),
            "note: it has 5 B; a stream gives its bytes once, so that nothing is kept if it fails or is stopped",
        ),
        (Happening::Retried { fault: fault(), after: short }, "again: the server says 503; next attempt in 2 s"),
        (
            Happening::Retried { fault: fault(), after: Duration::ZERO },
            "again: the server says 503; next attempt at once",
        ),
        (
            Happening::Retried { fault: fault(), after: Duration::from_secs(80) },
            "again: the server says 503; next attempt in 1:20",
        ),
        (
            Happening::UploadLeft(fault()),
            "part: what was sent before can't be freed, and stays at the store: the server says 503",
        ),
        (Happening::Restarted(fault()), "anew: from the first byte, since the server says 503"),
        (Happening::Repairing(fault()), "check: the server says 503; it is fetched once more and compared"),
        (Happening::Repaired { damaged: 3, blocks: 512 }, "note: 3 of 512 blocks were damaged and were fetched again"),
        (Happening::Doubted(fault()), "note: the server says 503"),
        (Happening::Unnoted(fault()), "note: the server says 503"),
        (Happening::Relinked(source.clone()), "link: from https://example.org/b.iso?sig=*** from now on"),
        (Happening::Became(source), "link: from https://example.org/b.iso?sig=*** from now on"),
        (Happening::Expired(fault()), "fail: the server says 503"),
        (Happening::DiskFull(fault()), "wait: the server says 503"),
        (Happening::Paused, "pause: it goes on when you resume it"),
        (completed(5_000_000, Duration::from_secs(5), false), "done: 5.0 MB in 0:05 (1.0 MB/s)"),
        (completed(1_000_000, Duration::from_secs(5), false), "done: 5.0 MB in 0:05 (1.0 MB transferred, 200 kB/s)"),
        (completed(0, Duration::ZERO, true), "done: 5.0 MB, complete since an earlier run and unchanged"),
        (Happening::Failed(fault()), "fail: the server says 503"),
        (Happening::Refused(fault()), "fail: the server says 503"),
        (Happening::Removed, "gone: it is not in the queue any more"),
        (Happening::Joined { left_out: 0 }, "link: what it leads to is in the list already"),
    ]
}

#[test]
fn every_happening_has_a_word_and_a_sentence_without_secrets() {
    for (happening, said) in all() {
        assert_eq!(format!("{}: {}", happening.word(), happening.sentence_about(URL)), said);
        assert!(happening.word().len() <= 5);
    }
}

#[test]
fn a_fault_names_its_url_where_that_is_not_known() {
    let named = Happening::Failed(fault());
    assert_eq!(named.sentence(), "https://example.org/a.iso: the server says 503");
    assert_eq!(named.sentence_about("https://example.org/b.iso"), named.sentence());
}

#[test]
fn what_failed_and_what_needs_patience_is_told_apart() {
    assert_eq!(Happening::Failed(fault()).level(), Level::Error);
    assert_eq!(Happening::DiskFull(fault()).level(), Level::Warning);
    assert_eq!(answered(None, 0, false).level(), Level::Warning);
    assert_eq!(answered(None, 0, true).level(), Level::Info);
    assert_eq!(completed(0, Duration::ZERO, true).level(), Level::Success);
}
