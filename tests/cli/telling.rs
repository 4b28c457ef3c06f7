//! What is told of transfers, in each style.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::api::{Event, Happening, Row};
use haul::cli::Style;
use haul::model::{FaultKind, TransferId};
use tokio::time::sleep;

use super::run::{NARROW, Run, WIDE, answered, completed, fault, follow, retried, show, terminal, turn};
use super::support::{Broken, row, source};

#[tokio::test(start_paused = true)]
async fn plain_lines_at_the_start_now_and_then_and_at_the_end() {
    let run = Run::start(Style::Plain, 1, WIDE);
    run.tell(1, Happening::Added);
    run.tell(1, Happening::Started);
    run.tell(1, answered("a.iso", 250_000, true));
    for step in 0..250 {
        run.show(vec![row(1, "a.iso", 250_000 + step * 1000)]);
        sleep(Duration::from_millis(100)).await;
    }
    run.tell(1, completed("a.iso"));
    let (outcome, out, err) = run.end().await;
    assert_eq!((outcome.complete, outcome.exit().code(), out.as_str()), (1, 0, ""));
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 5, "{err}");
    assert_eq!(lines[0], "start 1  https://example.org/1");
    assert_eq!(lines[1], "note  a.iso  goes on at 250 kB of 1.0 MB");
    assert!(
        lines[2].starts_with("at    a.iso  3") && lines[2].ends_with("100 kB/s  0:07 left  2 connections"),
        "{err}"
    );
    assert!(lines[3].starts_with("at    a.iso  4"), "{err}");
    assert_eq!(lines[4], "done  a.iso  147 MB in 0:12 (12.3 MB/s)");
}

#[tokio::test(start_paused = true)]
async fn a_silent_log_still_shows_that_haul_is_alive() {
    let run = Run::start(Style::Plain, 1, WIDE);
    run.show(vec![row(1, "a.iso", 1000)]);
    sleep(Duration::from_secs(35)).await;
    assert_eq!(run.err.text().lines().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_same_trouble_is_not_told_again_and_again() {
    let run = Run::start(Style::Plain, 1, WIDE);
    for _ in 0..50 {
        run.tell(1, retried(FaultKind::Cut));
    }
    run.tell(1, retried(FaultKind::Stalled));
    turn().await;
    sleep(Duration::from_secs(11)).await;
    run.tell(1, retried(FaultKind::Stalled));
    turn().await;
    let err = run.err.text();
    let told: Vec<&str> = err.lines().filter(|line| line.starts_with("again")).collect();
    assert_eq!(told.len(), 3, "{err}");
    assert_eq!(told[0], "again 1  https://example.org/1: it went wrong; next attempt in 2 s");
}

#[tokio::test(start_paused = true)]
async fn json_lines_are_objects_with_integers() {
    let run = Run::start(Style::Json, 2, WIDE);
    run.tell(1, Happening::Added);
    run.tell(1, Happening::Started);
    run.tell(1, answered("a.iso", 5, false));
    run.tell(1, retried(FaultKind::Status(503)));
    run.tell(1, Happening::Restarted(fault(FaultKind::Changed)));
    run.show(vec![row(1, "a.iso", 500_000)]);
    turn().await;
    run.tell(1, Happening::Repairing(fault(FaultKind::Checksum)));
    run.tell(1, Happening::Repaired { damaged: 3, blocks: 512 });
    run.tell(1, Happening::Doubted(fault(FaultKind::Checksum)));
    run.tell(1, Happening::Unnoted(fault(FaultKind::State)));
    run.tell(1, completed("a.iso"));
    run.tell(2, Happening::Refused(fault(FaultKind::Exists)));
    let (_, out, err) = run.end().await;
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    let known = "added started answered retried restarted progress repairing repaired doubted unnoted completed refused stopped";
    assert_eq!(events, known.split(' ').collect::<Vec<_>>());
    assert!(out.starts_with(r#"{"event":"added","id":"0000000000000001","url":"https://example.org/1"}"#), "{out}");
    assert_eq!(lines[2]["target"], "/downloads/a.iso");
    assert_eq!((&lines[2]["length"], &lines[2]["resumed"]), (&1_000_000.into(), &5.into()));
    assert_eq!((&lines[3]["status"], &lines[3]["after_ms"]), (&503.into(), &1500.into()));
    assert_eq!((&lines[5]["done"], &lines[5]["speed"]), (&500_000.into(), &100_000.into()));
    assert_eq!((&lines[6]["fault"], &lines[8]["fault"]), (&"checksum".into(), &"checksum".into()));
    assert_eq!((&lines[7]["damaged"], &lines[7]["blocks"]), (&3.into(), &512.into()));
    assert_eq!((&lines[10]["bytes"], &lines[10]["took_ms"]), (&147_400_000.into(), &12_000.into()));
    assert_eq!(lines[10]["checked"], serde_json::json!([]));
    assert_eq!((&lines[11]["fault"], &lines[11]["exit"]), (&"exists".into(), &6.into()));
    let end = serde_json::json!({ "event": "stopped", "complete": 1, "failed": 1, "left": 0 });
    assert_eq!(lines[12], end, "it is about no single one");
    assert!(!out.contains("pw"), "no secret: {out}");
    assert_eq!(err, "fail  2  https://example.org/1: it went wrong\n");
}

#[tokio::test(start_paused = true)]
async fn json_progress_comes_at_most_once_a_second_and_only_when_there_is_some() {
    let run = Run::start(Style::Json, 1, WIDE);
    for step in 0..50 {
        run.show(vec![row(1, "a", step)]);
        sleep(Duration::from_millis(100)).await;
    }
    let count = run.out.text().lines().count();
    assert!((4..=6).contains(&count), "{count}");
    for _ in 0..50 {
        run.show(vec![row(1, "a", 49)]);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(run.out.text().lines().count() <= count + 1);
}

#[tokio::test(start_paused = true)]
async fn json_progress_never_falls_behind_what_was_there_before() {
    let run = Run::start(Style::Json, 1, WIDE);
    let second = Duration::from_millis(1001);
    run.tell(1, answered("a", 70, true));
    // The list shows it a moment later.
    for done in [0, 70, 80, 60] {
        run.show(vec![row(1, "a", done)]);
        sleep(second).await;
    }
    run.tell(1, Happening::Restarted(fault(FaultKind::Changed)));
    run.show(vec![row(1, "a", 5)]);
    sleep(second).await;
    let text = run.out.text();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let done: Vec<u64> = lines.filter_map(|line| line["done"].as_u64()).collect();
    assert_eq!(done, [70, 80, 60, 5], "less is told where it became less: {text}");
}

#[tokio::test(start_paused = true)]
async fn live_lines_are_redrawn_at_most_ten_times_a_second_and_not_at_all_when_idle() {
    let run = Run::start(Style::Live, 1, WIDE);
    for step in 0..1000 {
        run.show(vec![row(1, "a", step)]);
        sleep(Duration::from_millis(1)).await;
    }
    let draws = || run.err.text().matches("\x1b[J").count();
    let busy = draws();
    assert!((8..=11).contains(&busy), "{busy}");
    sleep(Duration::from_secs(100)).await;
    assert!(draws() <= busy + 1);
}

#[tokio::test(start_paused = true)]
async fn live_lines_fit_the_terminal_and_leave_only_endings() {
    let run = Run::start(Style::Live, 6, NARROW);
    let wide = "\u{6f22}\u{5b57}".repeat(40);
    let rows = |done| (1..=6).map(|bits| row(bits, &wide, done)).collect::<Vec<Row>>();
    for step in 0..20 {
        run.show(rows(step * 50_000));
        sleep(Duration::from_millis(100)).await;
    }
    let mut screen = terminal(4, 40);
    screen.process(run.err.text().replace('\n', "\r\n").as_bytes());
    let screen = screen.screen().contents();
    assert_eq!(screen.lines().count(), 3, "{screen}");
    assert_eq!(screen.lines().nth(2), Some("and 4 more"), "{screen}");
    for bits in 1..=6 {
        run.tell(bits, completed(&format!("{bits}.iso")));
    }
    let (outcome, _, err) = run.end().await;
    assert_eq!(outcome.complete, 6);
    let mut screen = terminal(20, 100);
    screen.process(err.replace('\n', "\r\n").as_bytes());
    let screen = screen.screen().contents();
    let ends = (1..=6).map(|n| format!("done  {n}.iso  147 MB in 0:12 (12.3 MB/s)"));
    let all = "all   6 complete, 884 MB in 0:02 (442 MB/s)".to_owned();
    assert_eq!(screen.trim_end(), ends.chain([all]).collect::<Vec<_>>().join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_went_away_stops_nothing() {
    for (kind, again) in [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::StorageFull, true)] {
        for style in [Style::Live, Style::Plain, Style::Json, Style::Quiet] {
            let broken = Broken(kind, Arc::new(Mutex::new(0)));
            let (_handle, engine, task) = follow(style, 2, WIDE, broken.clone(), io::sink());
            let id = TransferId::from_bits;
            show(&engine, vec![row(1, "a", 1)]);
            turn().await;
            for (bits, happening) in [(1, Happening::Started), (1, completed("a")), (2, completed("b"))] {
                engine.events.send(Event { number: 0, id: id(bits), happening }).unwrap();
            }
            assert_eq!(task.await.unwrap().exit().code(), 0);
            let tries = *broken.1.lock().unwrap();
            assert!(style != Style::Json || (tries > 1) == again, "{kind:?} was tried {tries} times");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_from_outside_steers_the_terminal() {
    let evil = "a\u{1b}]0;x\u{7}\n\r\u{202e}b\u{9b}2J";
    for style in [Style::Live, Style::Plain, Style::Json, Style::Quiet] {
        let run = Run::start(style, 2, WIDE);
        run.tell(1, Happening::Started);
        run.tell(1, answered(evil, 0, true));
        run.show(vec![row(1, evil, 10)]);
        sleep(Duration::from_secs(11)).await;
        let mut raw = fault(FaultKind::Status(404));
        raw.detail = evil.to_owned();
        run.tell(1, Happening::Retried { fault: raw.clone(), after: Duration::MAX });
        run.tell(1, completed(evil));
        run.tell(2, Happening::Failed(raw));
        let (_, out, err) = run.end().await;
        let ours = ["\x1b[K", "\x1b[J", "\r\x1b[1A"];
        let text = ours.iter().fold(out + &err, |text, code| text.replace(code, ""));
        assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{style:?}: {text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_is_counted_and_not_named_when_haul_stops() {
    let run = Run::start(Style::Plain, 1000, WIDE);
    run.show((1..=1000).map(|bits| row(bits, "x", u64::from(bits == 777) * 10)).collect());
    turn().await;
    let Run { engine, handle: _held, err, task, .. } = run;
    drop(engine);
    assert_eq!(task.await.unwrap().left.len(), 1000);
    let err = err.text();
    assert!(err.starts_with("stop  777  10 B of 1.0 MB kept") && err.ends_with("stop  and 980 more\n"), "{err}");
    assert_eq!(err.lines().count(), 21);
}

#[tokio::test(start_paused = true)]
async fn json_says_that_it_stopped_where_something_is_not_complete_and_only_there() {
    for (happening, told) in [
        (completed("a"), None),
        (Happening::Failed(fault(FaultKind::Status(404))), Some((1, 0))),
        (Happening::Paused, Some((0, 1))),
        (Happening::Joined { left_out: 2 }, Some((0, 0))),
    ] {
        let run = Run::start(Style::Json, 1, WIDE);
        run.tell(1, happening.clone());
        let (_, out, _) = run.end().await;
        let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        let counted = (last["event"] == "stopped").then(|| (last["failed"].as_u64(), last["left"].as_u64()));
        assert_eq!(counted, told.map(|(failed, left)| (Some(failed), Some(left))), "{happening:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn json_names_the_first_file_of_a_folder_by_its_own_url_and_every_file_where_it_is() {
    let run = Run::start(Style::Json, 1, WIDE);
    run.tell(1, Happening::Listed { others: Vec::new(), left_out: 0 });
    run.tell(1, Happening::Became(source("https://me:pw@example.org/dir/a.bin")));
    run.tell(1, Happening::Renamed("/downloads/a.bin".into()));
    run.tell(1, completed("a.bin"));
    let (_, out, _) = run.end().await;
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |at: usize| [&lines[at]["event"], &lines[at]["url"]].map(|value| value.as_str().unwrap().to_owned());
    assert_eq!(told(0), ["listed", "https://example.org/1"]);
    for (at, event) in ["relinked", "renamed", "completed"].into_iter().enumerate() {
        assert_eq!(told(at + 1), [event, "https://example.org/dir/a.bin"]);
    }
    assert_eq!(lines[2]["target"], "/downloads/a.bin");
}

#[tokio::test(start_paused = true)]
async fn json_tells_what_is_left_when_haul_stops() {
    let run = Run::start(Style::Json, 30, WIDE);
    run.tell(1, answered("a", 0, true));
    run.show((1..=30).map(|bits| Row { length: None, ..row(bits, "x", u64::from(bits == 1) * 10) }).collect());
    run.tell(2, completed("b"));
    turn().await;
    let Run { engine, handle: _held, out, task, .. } = run;
    drop(engine);
    task.await.unwrap();
    let text = out.text();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let progress = lines.iter().find(|line| line["event"] == "progress").unwrap();
    assert_eq!(progress["length"], 1_000_000, "the server has told it");
    let left: Vec<_> = lines.iter().filter(|line| line["event"] == "left").collect();
    assert_eq!(left.len(), 29);
    assert_eq!((&left[0]["done"], &left[0]["length"]), (&10.into(), &1_000_000.into()));
    assert_eq!(left[0]["target"], "/downloads/a");
    let end = serde_json::json!({ "event": "stopped", "complete": 1, "failed": 0, "left": 29 });
    assert_eq!(lines.last(), Some(&end));
}
