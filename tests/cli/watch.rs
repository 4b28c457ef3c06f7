//! Following transfers to their ends.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use haul::api::{Direction, Event, Happening, Row, pair};
use haul::cli::{Style, Wanted, Watcher};
use haul::model::{FaultKind, Spec, Status, TransferId, Upload};
use tokio::time::{Instant, sleep};

use super::run::{Run, WIDE, completed, fault, turn, wanted};
use super::support::{Tape, row, source};

#[tokio::test(start_paused = true)]
async fn every_ending_is_counted() {
    let run = Run::start(Style::Plain, 5, WIDE);
    run.tell(1, completed("a"));
    run.tell(2, Happening::Failed(fault(FaultKind::Status(404))));
    run.tell(3, Happening::Refused(fault(FaultKind::Exists)));
    run.tell(99, completed("not watched"));
    run.tell(4, Happening::Removed);
    turn().await;
    assert!(!run.task.is_finished());
    run.tell(5, Happening::Paused);
    let (outcome, _, err) = run.end().await;
    assert_eq!((outcome.complete, outcome.failed.len(), outcome.left.len()), (1, 2, 2));
    assert_eq!(outcome.exit().code(), 1);
    assert!(err.contains("fail  2  https://example.org/1: it went wrong\n"), "{err}");
    assert!(!err.contains("not watched"));
}

#[tokio::test(start_paused = true)]
async fn what_stays_at_a_store_is_told_although_it_is_in_no_list_any_more() {
    let run = Run::start(Style::Json, 1, WIDE);
    let fault = haul::model::Fault::new(FaultKind::Status(403), "s3://bucket/big", "AccessDenied");
    run.tell(99, Happening::UploadLeft(fault));
    run.tell(1, completed("a"));
    let (outcome, out, _) = run.end().await;
    assert_eq!((outcome.complete, outcome.exit().code()), (1, 0));
    assert!(out.contains(r#""event":"upload_left""#) && out.contains(r#""url":"s3://bucket/big""#), "{out}");
}

#[tokio::test(start_paused = true)]
async fn equal_reasons_give_their_own_code() {
    let run = Run::start(Style::Quiet, 3, WIDE);
    run.tell(1, completed("a"));
    run.tell(2, Happening::Failed(fault(FaultKind::Status(404))));
    run.tell(3, Happening::Failed(fault(FaultKind::Status(410))));
    let (outcome, out, err) = run.end().await;
    assert_eq!(outcome.exit().code(), 3);
    assert_eq!((out.as_str(), err.lines().count()), ("", 2), "quiet tells only what went wrong: {err}");
}

#[tokio::test(start_paused = true)]
async fn full_disks_are_waited_for_as_long_as_others_run() {
    let full = || Happening::DiskFull(fault(FaultKind::DiskFull));
    let run = Run::start(Style::Json, 3, WIDE);
    run.tell(1, full());
    run.tell(2, full());
    turn().await;
    run.tell(2, Happening::Started);
    run.tell(2, completed("b"));
    turn().await;
    assert!(!run.task.is_finished(), "the third runs, and may make room");
    run.tell(3, Happening::Expired(fault(FaultKind::Expired)));
    let (outcome, out, _) = run.end().await;
    assert_eq!((outcome.complete, outcome.failed.len(), outcome.exit().code()), (1, 2, 1));
    let words: Vec<bool> = ["disk_full", "link_expired", "\"failed\""].map(|word| out.contains(word)).to_vec();
    assert_eq!(words, [true; 3], "{out}");
    let alone = Run::start(Style::Quiet, 1, WIDE);
    alone.tell(1, full());
    let (outcome, _, err) = alone.end().await;
    assert_eq!((outcome.exit().code(), err.lines().count()), (5, 1), "{err}");
}

#[tokio::test(start_paused = true)]
async fn nothing_wanted_is_complete_at_once() {
    let (outcome, out, err) = Run::start(Style::Live, 0, WIDE).end().await;
    assert_eq!((outcome.exit().code(), out.as_str(), err.as_str()), (0, "", ""));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_before_watching_is_heard() {
    let (handle, engine) = pair();
    let watcher = Watcher::new(&handle, Style::Quiet, io::sink(), io::sink());
    engine.events.send(Event { number: 0, id: TransferId::from_bits(1), happening: completed("a") }).unwrap();
    assert_eq!(watcher.watch(&wanted(1)).await.complete, 1);
}

#[tokio::test(start_paused = true)]
async fn the_file_that_is_sent_is_named_from_the_beginning() {
    let id = TransferId::from_bits(1);
    let spec = Spec::of_upload(source("s3://bucket/key"), Upload::of(PathBuf::from("/home/photo.jpg")));
    let file = Row { direction: Direction::Upload, target: Path::new("/home/photo.jpg").into(), ..row(1, "key", 10) };
    for wanted in [Wanted::of(id, &spec), Wanted::shown(&file)] {
        let (handle, engine) = pair();
        let (out, err) = (Tape::default(), Tape::default());
        let watcher = Watcher::new(&handle, Style::Json, out.clone(), err.clone());
        let happening = Happening::Failed(fault(FaultKind::Status(403)));
        engine.events.send(Event { number: 0, id, happening }).unwrap();
        watcher.watch(&[wanted]).await;
        assert!(out.text().contains(r#""target":"/home/photo.jpg""#), "{}", out.text());
        assert!(err.text().starts_with("fail  photo.jpg"), "{}", err.text());
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_lags_reads_the_snapshot() {
    let run = Run::start(Style::Plain, 4, WIDE);
    // The channel holds 1024 events, so the endings are lost among these.
    run.tell(1, completed("a"));
    run.tell(2, Happening::Failed(fault(FaultKind::Status(404))));
    run.tell(3, Happening::Refused(fault(FaultKind::Exists)));
    for _ in 0..3000 {
        run.tell(4, Happening::Added);
    }
    let done =
        Row { status: Status::Done, live: None, target: Path::new("/downloads/a").into(), ..row(1, "a", 1_000_000) };
    let why = Some(Arc::new(fault(FaultKind::Status(404))));
    let failed = Row { status: Status::Failed, live: None, fault: why, ..row(2, "b", 0) };
    run.show(vec![done, failed, row(4, "d", 10)]);
    sleep(Duration::from_secs(2)).await;
    assert!(!run.task.is_finished(), "the fourth still runs");
    run.tell(4, completed("d"));
    let (outcome, _, err) = run.end().await;
    assert_eq!((outcome.complete, outcome.failed.len(), outcome.left.len()), (2, 1, 1), "{err}");
    assert!(err.contains("done  a  1.0 MB"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn events_lost_while_the_snapshot_is_awaited_are_made_up_for_too() {
    let run = Run::start(Style::Quiet, 2, WIDE);
    let flood = || (0..2000).for_each(|_| run.tell(2, Happening::Added));
    run.show(vec![row(1, "a", 0), row(2, "b", 0)]);
    flood();
    sleep(Duration::from_millis(999)).await;
    run.tell(1, completed("a"));
    flood();
    sleep(Duration::from_millis(500)).await;
    run.show(vec![Row { status: Status::Done, ..row(1, "a", 0) }, row(2, "b", 0)]);
    run.tell(2, completed("b"));
    assert_eq!(run.end().await.0.complete, 2);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_ends_ends_the_watching() {
    let run = Run::start(Style::Plain, 3, WIDE);
    let lost = Row { length: None, resumable: false, ..row(3, "c", 400_000) };
    run.show(vec![row(1, "a", 1_000_000), row(2, "b", 430_000), lost]);
    turn().await;
    run.tell(1, completed("a"));
    let Run { engine, handle: _held, err, task, .. } = run;
    drop(engine);
    let outcome = task.await.unwrap();
    assert_eq!((outcome.complete, outcome.left.len(), outcome.exit().code()), (1, 2, 1));
    let err = err.text();
    assert!(err.contains("stop  2  430 kB of 1.0 MB kept: the next run goes on from there\n"), "{err}");
    assert!(err.contains("stop  3  not complete\n"), "{err}");
    assert!(err.lines().last().unwrap().starts_with("all   1 complete, 147 MB"), "{err}");
    assert!(err.ends_with("; 2 not complete\n"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_are_followed_quickly() {
    let run = Run::start(Style::Plain, 10_000, WIDE);
    let begun = std::time::Instant::now();
    let since = Instant::now();
    for bits in 1..=10_000 {
        run.tell(bits, completed("x"));
        if bits % 500 == 0 {
            turn().await;
        }
    }
    let (outcome, _, err) = run.end().await;
    assert_eq!((outcome.complete, err.lines().count()), (10_000, 10_001), "one line for each, and one for all");
    assert!(since.elapsed() < Duration::from_secs(1) && begun.elapsed() < Duration::from_secs(20));
}
