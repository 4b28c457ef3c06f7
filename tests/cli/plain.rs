//! The plain mode, with the test in the engine's place.

use std::path::PathBuf;
use std::sync::Arc;

use haul::api::{Command, EngineSide, Event, Happening, Snapshot, pair};
use haul::cli::{Exit, Plain};
use haul::model::{Categories, Status, TransferId};
use tokio::sync::mpsc;

use super::run::turn;
use super::support::Tape;
use crate::support::builders;

fn show(engine: &EngineSide, latest: &Arc<Snapshot>, happened: u64) {
    engine.snapshots.send_replace(Arc::new(Snapshot { happened, ..(**latest).clone() }));
}

/// Several that move keep their order among themselves.
#[tokio::test(start_paused = true)]
async fn those_that_were_named_move_together() {
    for (order, sent) in [
        ("2,3 up", ["2 Up", "3 Up"]),
        ("2,3 down", ["3 Down", "2 Down"]),
        ("3,2 top", ["3 Top", "2 Top"]),
        ("1,2 bottom", ["1 Bottom", "2 Bottom"]),
    ] {
        let (handle, mut engine) = pair();
        let (lines, typed) = mpsc::channel(4);
        let places = (PathBuf::from("/downloads"), Arc::new(Categories::default()));
        let _session = tokio::spawn(Plain::new(handle, places, true, Tape::default()).run(typed));
        turn().await;
        show(&engine, &builders::snapshot((1..=4).map(|number| builders::row(number, "x"))), 0);
        turn().await;
        lines.send(order.to_owned()).await.unwrap();
        for expected in sent {
            let Some(Command::Move { id, to }) = engine.commands.recv().await else { panic!("{order}: no move") };
            assert_eq!(format!("{} {to:?}", id.bits()), expected, "{order}");
        }
    }
}

/// A limit behind numbers is about these transfers, and one without about everything.
#[tokio::test(start_paused = true)]
async fn a_limit_is_about_those_that_the_line_names() {
    let (handle, mut engine) = pair();
    let (lines, typed) = mpsc::channel(4);
    let out = Tape::default();
    let places = (PathBuf::from("/downloads"), Arc::new(Categories::default()));
    let _session = tokio::spawn(Plain::new(handle, places, true, out.clone()).run(typed));
    turn().await;
    show(&engine, &builders::snapshot([builders::row(1, "x")]), 0);
    turn().await;
    lines.send("2 limit 10K".to_owned()).await.unwrap();
    turn().await;
    assert!(out.text().ends_with("the list has 1 transfer\n"), "{}", out.text());
    lines.send("1 limit 10K".to_owned()).await.unwrap();
    let sent = engine.commands.recv().await;
    assert!(matches!(&sent, Some(Command::LimitEach { ids, rate: Some(_) }) if ids[0].bits() == 1), "{sent:?}");
    lines.send("limit 10K".to_owned()).await.unwrap();
    let sent = engine.commands.recv().await;
    assert!(matches!(sent, Some(Command::Limit(Some(_)))), "{sent:?}");
}

/// Who reads that one has started and says `quit` is asked first, however late the list comes.
#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_the_list_shows_it() {
    let (handle, engine) = pair();
    let (lines, typed) = mpsc::channel(4);
    let out = Tape::default();
    let plain = Plain::new(handle, (PathBuf::from("/downloads"), Arc::new(Categories::default())), true, out.clone());
    let session = tokio::spawn(plain.run(typed));
    turn().await;
    let (waits, runs) =
        (builders::snapshot([]), builders::snapshot([builders::row(1, "a.iso").status(Status::Running)]));
    show(&engine, &waits, 0);
    turn().await;
    // This list was made before the event, and the session sees it after the event.
    show(&engine, &waits, 6);
    let started = Event { number: 7, id: TransferId::from_bits(1), happening: Happening::Started };
    engine.events.send(started).unwrap();
    turn().await;
    assert!(!out.text().contains("start"), "{}", out.text());
    show(&engine, &runs, 7);
    lines.send("quit".to_owned()).await.unwrap();
    turn().await;
    assert!(out.text().contains("a.iso: start: "), "{}", out.text());
    assert!(out.text().ends_with("1 active. All that has come is saved; quit once more to leave.\n"), "{}", out.text());
    lines.send("quit".to_owned()).await.unwrap();
    assert!(matches!(session.await.unwrap(), Ok(Exit::Complete)));
}

/// A list that is asked for right behind a URL, down a pipe, has it.
#[tokio::test(start_paused = true)]
async fn a_line_behind_an_added_url_is_read_once_the_list_has_it() {
    let (handle, mut engine) = pair();
    let (lines, typed) = mpsc::channel(4);
    let out = Tape::default();
    let plain = Plain::new(handle, (PathBuf::from("/downloads"), Arc::new(Categories::default())), true, out.clone());
    let session = tokio::spawn(plain.run(typed));
    show(&engine, &builders::snapshot([]), 0);
    turn().await;
    for line in ["https://example.org/a.iso", "list", "quit"] {
        lines.send(line.to_owned()).await.unwrap();
    }
    let Some(Command::Add(batch)) = engine.commands.recv().await else { panic!("nothing was added") };
    turn().await;
    assert!(!out.text().contains("empty"), "{}", out.text());
    engine.events.send(Event { number: 1, id: batch[0].0, happening: Happening::Added }).unwrap();
    let row = builders::row(batch[0].0.bits(), "a.iso").status(Status::Queued);
    show(&engine, &builders::snapshot([row]), 1);
    assert!(matches!(session.await.unwrap(), Ok(Exit::Complete)));
    assert!(out.text().contains("1: a.iso, "), "{}", out.text());
}

#[tokio::test(start_paused = true)]
async fn undo_says_so_where_nothing_was_removed() {
    let (handle, mut engine) = pair();
    let (lines, typed) = mpsc::channel(4);
    let out = Tape::default();
    let places = (PathBuf::from("/downloads"), Arc::new(Categories::default()));
    let _session = tokio::spawn(Plain::new(handle, places, true, out.clone()).run(typed));
    turn().await;
    show(&engine, &builders::snapshot([builders::row(1, "x")]), 0);
    turn().await;
    lines.send("undo".to_owned()).await.unwrap();
    turn().await;
    assert!(out.text().ends_with("nothing to take back: a removal can be undone for ten seconds\n"), "{}", out.text());
    for line in ["1 remove", "undo"] {
        lines.send(line.to_owned()).await.unwrap();
    }
    assert!(matches!(engine.commands.recv().await, Some(Command::Remove { .. })));
    assert!(matches!(engine.commands.recv().await, Some(Command::Undo)));
}
