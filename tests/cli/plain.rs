//! The plain mode, with the test in the engine's place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use haul::api::{Command, EngineSide, Event, Happening, Signalled, Snapshot, pair};
use haul::cli::{Exit, Plain};
use haul::model::{Categories, Source, Spec, Status, TransferId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::run::turn;
use super::support::Tape;
use crate::support::builders::{self, RowBuilder};

/// A plain session that runs, with the test at its keyboard and in the engine's place.
struct Session {
    engine: EngineSide,
    lines: mpsc::Sender<String>,
    out: Tape,
    signals: watch::Sender<Option<i32>>,
    task: JoinHandle<Exit>,
}

impl Session {
    /// One that has seen a list of these.
    async fn with(rows: impl IntoIterator<Item = RowBuilder>) -> Self {
        Self::adding(Vec::new(), rows).await
    }

    /// The same, which is to add something first.
    async fn adding(batch: Vec<(TransferId, Spec)>, rows: impl IntoIterator<Item = RowBuilder>) -> Self {
        let (handle, engine) = pair();
        let (lines, typed) = mpsc::channel(4);
        let (out, places) = (Tape::default(), (PathBuf::from("/downloads"), Arc::new(Categories::default())));
        let (signals, signalled) = Signalled::pair();
        let task = tokio::spawn(Plain::new(handle, places, true, out.clone()).run(batch, typed, signalled));
        let session = Self { engine, lines, out, signals, task };
        turn().await;
        session.show(&builders::snapshot(rows), 0).await;
        session
    }

    /// It sees this list, which was made when so much had happened.
    async fn show(&self, latest: &Arc<Snapshot>, happened: u64) {
        self.engine.snapshots.send_replace(Arc::new(Snapshot { happened, ..(**latest).clone() }));
        turn().await;
    }

    fn tell(&self, number: u64, id: TransferId, happening: Happening) {
        self.engine.events.send(Event { number, id, happening }).unwrap();
    }

    async fn type_line(&self, line: &str) {
        self.lines.send(line.to_owned()).await.unwrap();
        turn().await;
    }

    async fn sent(&mut self) -> Command {
        self.engine.commands.recv().await.expect("a session that runs")
    }
}

/// Several that move keep their order among themselves.
#[tokio::test(start_paused = true)]
async fn those_that_were_named_move_together() {
    for (order, expected) in [
        ("2,3 up", "[2, 3] Up"),
        ("2,3 down", "[2, 3] Down"),
        ("3,2 top", "[3, 2] Top"),
        ("1,2 bottom", "[1, 2] Bottom"),
    ] {
        let mut session = Session::with((1..=4).map(|number| builders::row(number, "x"))).await;
        session.type_line(order).await;
        let Command::Move { ids, to } = session.sent().await else { panic!("{order}: no move") };
        let ids: Vec<u64> = ids.iter().map(|id| id.bits()).collect();
        assert_eq!(format!("{ids:?} {to:?}"), expected, "{order}: in one command, and the engine keeps their order");
    }
}

/// A limit behind numbers is about these transfers, and one without about everything.
#[tokio::test(start_paused = true)]
async fn a_limit_is_about_those_that_the_line_names() {
    let mut session = Session::with([builders::row(1, "x")]).await;
    session.type_line("2 limit 10K").await;
    assert!(session.out.text().ends_with("the list has 1 transfer\n"), "{}", session.out.text());
    session.type_line("1 limit 10K").await;
    let sent = session.sent().await;
    assert!(matches!(&sent, Command::LimitEach { ids, rate: Some(_) } if ids[0].bits() == 1), "{sent:?}");
    assert!(session.out.text().ends_with("its own limit: 10 KiB/s\n"), "{}", session.out.text());
    session.type_line("limit 10K").await;
    let sent = session.sent().await;
    assert!(matches!(sent, Command::Limit(Some(_))), "{sent:?}");
    assert!(session.out.text().ends_with("all downloads together: 10 KiB/s\n"), "{}", session.out.text());
}

/// The code says which signal it was, also while a line waits for an engine that hangs.
#[tokio::test(start_paused = true)]
async fn a_signal_ends_it() {
    let session = Session::with([]).await;
    session.signals.send_replace(Some(15));
    assert_eq!(session.task.await.unwrap(), Exit::Terminated);
}

/// The same words name the same transfers on the screen.
#[tokio::test(start_paused = true)]
async fn mark_names_what_the_screen_marks() {
    let paused = |number, name| builders::row(number, name).status(Status::Paused);
    let session = Session::with([
        paused(1, "one.bin"),
        paused(2, "queued-two.bin"),
        builders::row(3, "c").upload().status(Status::Done),
    ])
    .await;
    for (words, count) in [
        ("queued", 2),
        ("paused", 2),
        ("none", 0),
        ("all", 3),
        ("uploads", 1),
        ("!two paused", 1),
        ("example.org two", 1),
    ] {
        session.type_line(&format!("mark {words}")).await;
        let told = format!("{count} named; orders are about these now\n");
        assert!(session.out.text().ends_with(&told), "{words}: {}", session.out.text());
    }
}

/// The help has every word that is of use here, and no other.
#[tokio::test(start_paused = true)]
async fn the_help_is_of_what_can_be_ordered() {
    let session = Session::with([builders::row(1, "a")]).await;
    session.type_line("help").await;
    let help = session.out.text();
    for (word, line) in [
        ("open", "1 open"),
        ("folder", "1 folder"),
        ("mark", "mark all"),
        ("filter", "filter x"),
        ("sort", "sort name"),
        ("view", "view done"),
        ("set", "set limit 5M"),
        ("write", "write x"),
        ("!", "!true"),
        ("log", "1 log"),
    ] {
        let before = session.out.text().len();
        session.type_line(line).await;
        let is_for_screen = session.out.text()[before..].contains("that order is for the screen");
        assert_eq!(help.contains(&format!("\n{word}")), !is_for_screen, "{word}: {help}");
    }
}

/// Who reads that one has started and says `quit` is asked first, however late the list comes.
#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_the_list_shows_it() {
    let (waits, runs) =
        (builders::snapshot([]), builders::snapshot([builders::row(1, "a.iso").status(Status::Running)]));
    let session = Session::with([]).await;
    // This list was made before the event, and the session sees it after the event.
    session.show(&waits, 6).await;
    session.tell(7, TransferId::from_bits(1), Happening::Started);
    turn().await;
    assert!(!session.out.text().contains("start"), "{}", session.out.text());
    session.engine.snapshots.send_replace(Arc::new(Snapshot { happened: 7, ..(*runs).clone() }));
    session.type_line("quit").await;
    let told = session.out.text();
    assert!(told.contains("a.iso: start: "), "{told}");
    assert!(told.ends_with("1 active. All that has come is saved; quit once more to leave.\n"), "{told}");
    session.type_line("quit").await;
    assert!(matches!(session.task.await.unwrap(), Exit::Complete));
}

/// A list that is asked for right behind a URL, down a pipe, has it.
#[tokio::test(start_paused = true)]
async fn a_line_behind_an_added_url_is_read_once_the_list_has_it() {
    let mut session = Session::with([]).await;
    for line in ["https://example.org/a.iso", "list", "quit"] {
        session.lines.send(line.to_owned()).await.unwrap();
    }
    let Command::Add(batch) = session.sent().await else { panic!("nothing was added") };
    turn().await;
    assert!(!session.out.text().contains("empty"), "{}", session.out.text());
    session.tell(1, batch[0].0, Happening::Added);
    let row = builders::row(batch[0].0.bits(), "a.iso").status(Status::Queued);
    session.show(&builders::snapshot([row]), 1).await;
    assert!(matches!(session.task.await.unwrap(), Exit::Complete));
    assert!(session.out.text().contains("1: a.iso, "), "{}", session.out.text());
}

/// As are those of the command line.
#[tokio::test(start_paused = true)]
async fn a_line_is_read_once_the_list_has_what_the_command_line_adds() {
    let source = Source::parse("https://example.org/a.iso").unwrap();
    let batch = vec![(TransferId::from_bits(1), Spec::new(source, "/downloads".into()))];
    let mut session = Session::adding(batch, []).await;
    session.type_line("1 pause").await;
    assert!(matches!(session.sent().await, Command::Add(_)));
    assert!(session.engine.commands.try_recv().is_err(), "{}", session.out.text());
    session.tell(1, TransferId::from_bits(1), Happening::Added);
    session.show(&builders::snapshot([builders::row(1, "a.iso")]), 1).await;
    assert!(matches!(session.sent().await, Command::Pause(_)));
}

#[tokio::test(start_paused = true)]
async fn no_limit_can_be_set_too() {
    let mut session = Session::with([builders::row(1, "x")]).await;
    session.type_line("set limit none").await;
    assert!(matches!(session.sent().await, Command::Limit(None)));
}

#[tokio::test(start_paused = true)]
async fn undo_says_so_where_nothing_was_removed() {
    let mut session = Session::with([builders::row(1, "x")]).await;
    session.type_line("undo").await;
    let told = session.out.text();
    assert!(told.ends_with("nothing to take back: a removal can be undone for ten seconds\n"), "{told}");
    for line in ["1 remove", "undo"] {
        session.type_line(line).await;
    }
    assert!(matches!(session.sent().await, Command::Remove { .. }));
    assert!(matches!(session.sent().await, Command::Undo));
}

/// Who can't see the list takes the answer for true.
#[tokio::test(start_paused = true)]
async fn an_order_that_would_change_nothing_is_told_so_and_is_not_given() {
    let done = builders::row(1, "x").status(Status::Done);
    let failed = builders::row(2, "y").status(Status::Failed);
    let mut session = Session::with([done, failed]).await;
    for order in ["pause", "resume", "retry", "limit 1M", "priority high", "start", "at 22:00"] {
        session.type_line(&format!("1 {order}")).await;
        let told = session.out.text();
        let last = told.lines().last().unwrap().to_owned();
        assert!(last.starts_with("nothing to ") && last.ends_with(": it is done"), "{order}: {last}");
    }
    for order in ["1,2 pause", "2 resume"] {
        session.type_line(order).await;
        assert!(session.out.text().lines().last().unwrap().starts_with("nothing to "), "{order}");
    }
    session.type_line("1 log").await;
    assert!(session.out.text().ends_with("nothing has happened to it since haul was started\n"));
    session.type_line("2 retry").await;
    assert!(matches!(session.sent().await, Command::Retry(_)), "and nothing before it");
    // The list does not show yet what this one has changed.
    session.type_line("2 pause").await;
    assert!(matches!(session.sent().await, Command::Pause(_)));
}

#[tokio::test(start_paused = true)]
async fn a_pattern_of_urls_and_a_curl_command_of_several_lines_are_added() {
    let mut session = Session::with([]).await;
    session.type_line("http://h[1-2].example/x http://h1.example/x").await;
    let Command::Add(batch) = session.sent().await else { panic!("nothing is added") };
    let urls: Vec<String> = batch.iter().map(|(_, spec)| spec.source.to_string()).collect();
    assert_eq!(urls, ["http://h1.example/x", "http://h2.example/x"]);
    assert!(session.out.text().contains("2 URLs added, 1 repeated"), "{}", session.out.text());
    for (id, _) in &batch {
        session.tell(1, *id, Happening::Added);
    }
    turn().await;
    for line in ["curl 'https://e.org/a' \\", "  -H 'X-Key: s3cret' \\", "  -o /tmp/.b --output-dir /tmp"] {
        session.type_line(line).await;
    }
    let Command::Add(batch) = session.sent().await else { panic!("nothing is added") };
    let (_, spec) = &batch[0];
    assert_eq!((batch.len(), spec.source.to_string().as_str()), (1, "https://e.org/a"));
    assert_eq!((spec.target.name.as_deref(), &*spec.target.folder), (None, Path::new("/downloads")));
    assert_eq!(spec.described.name.as_deref(), Some("b"), "nobody has chosen it");
    assert_eq!((spec.headers[0].name.as_str(), spec.headers[0].value.as_str()), ("X-Key", "s3cret"));
    assert!(!session.out.text().contains("s3cret"), "{}", session.out.text());
}

#[tokio::test(start_paused = true)]
async fn the_question_before_leaving_can_be_switched_off() {
    let session = Session::with([builders::row(1, "x").status(Status::Running)]).await;
    for (line, told) in [
        ("", "nothing is named yet: a number of the list before an order says which\n"),
        ("set confirm_quit maybe", "write true or false\n"),
        ("set confirm_quit false", "confirm_quit is false, until haul ends\n"),
    ] {
        session.type_line(line).await;
        assert!(session.out.text().ends_with(told), "{line}: {}", session.out.text());
    }
    session.type_line("quit").await;
    assert!(matches!(session.task.await.unwrap(), Exit::Complete));
}
