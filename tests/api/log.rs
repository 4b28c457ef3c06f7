//! A transfer's log: what begins it, what it keeps, what it costs.

use std::time::Duration;

use haul::api::{Happening, Log};
use haul::model::{Fault, FaultKind, Source};

const URL: &str = "https://example.org/a.iso";

fn retried(seconds: u64) -> Happening {
    let fault = Fault::new(FaultKind::Cut, URL, "was cut off");
    Happening::Retried { fault, after: Duration::from_secs(seconds) }
}

fn lines(log: &Log) -> Vec<String> {
    log.iter().map(|line| format!("{} {} {} x{}", line.at, line.word, line.sentence, line.times)).collect()
}

#[test]
fn what_happens_in_the_queue_alone_begins_no_log() {
    let mut log = Log::default();
    for happening in [Happening::Added, Happening::Paused, Happening::Removed] {
        log.add(1, &happening, URL);
        assert!(log.is_empty(), "{happening:?}");
    }
    log.add(2, &Happening::Started, URL);
    log.add(3, &Happening::Paused, URL);
    assert_eq!(lines(&log), ["2 start the server is asked x1", "3 pause it goes on when you resume it x1"]);
    log.clear();
    assert!(log.is_empty());
    assert_eq!(size_of::<Log>(), size_of::<usize>(), "a queue of 100,000 has as many, and nearly all are empty");
}

#[test]
fn the_newest_lines_are_kept() {
    let mut log = Log::default();
    for second in 0..250 {
        log.add(second, &retried(second), URL);
    }
    assert_eq!((log.len(), Log::MOST), (100, 100));
    let times: Vec<u64> = log.iter().map(|line| line.at).collect();
    assert_eq!(times, (150..250).collect::<Vec<_>>());
}

#[test]
fn the_same_line_again_is_counted() {
    let mut log = Log::default();
    log.add(1, &Happening::Started, URL);
    for second in 2..1000 {
        log.add(second, &retried(1), URL);
    }
    log.add(1000, &retried(2), URL);
    let told = ["1 start the server is asked x1", "999 again was cut off; next attempt in 1 s x998"];
    assert_eq!(lines(&log)[..2], told);
    assert_eq!(log.len(), 3);
}

#[test]
fn one_that_was_handed_out_never_changes() {
    let mut log = Log::default();
    log.add(1, &Happening::Started, URL);
    let seen = log.clone();
    log.add(2, &retried(1), URL);
    assert_eq!((seen.len(), log.len()), (1, 2));
}

#[test]
fn a_sentence_that_a_server_made_long_is_shortened_in_its_middle() {
    let mut log = Log::default();
    let far = format!("https://example.org/{}", "ä".repeat(300_000));
    let fault = Fault::new(FaultKind::Status(503), far, "the server says 503");
    log.add(1, &Happening::Retried { fault, after: Duration::from_secs(3) }, URL);
    let sentence = log.iter().next().unwrap().sentence.clone();
    assert_eq!(sentence.chars().count(), 500);
    assert!(sentence.starts_with("https://example.org/ää") && sentence.contains("ä…ä"), "{sentence}");
    assert!(sentence.ends_with("ä: the server says 503; next attempt in 3 s"), "{sentence}");
}

#[test]
fn no_line_tells_a_secret() {
    let source = Source::parse("https://me:hunter2@example.org/a.iso?sig=hunter2&n=1").unwrap();
    let (shown, mut log) = (source.to_string(), Log::default());
    log.add(1, &Happening::Relinked(source.clone()), "https://example.org/old");
    log.add(2, &Happening::Failed(Fault::new(FaultKind::Status(403), &source, "the server says 403")), URL);
    log.add(3, &Happening::Failed(Fault::new(FaultKind::Status(403), &source, "the server says 403")), &shown);
    let told = lines(&log);
    assert!(told.iter().all(|line| !line.contains("hunter2")), "{told:#?}");
    assert!(told[1].contains("https://example.org/a.iso?sig=***&n=1: the server says 403"), "{told:#?}");
    assert_eq!(told[2], "3 fail the server says 403 x1", "what stands beside it already is not named again");
}
