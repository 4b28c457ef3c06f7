//! A person's way through the screen, in a real terminal.

use std::time::Duration;

use vt100::{Color, Screen};

use super::MIB;
use crate::support::server::{Answer, File, Gate, Running, Seen, Server};
use crate::support::{Exit, Sandbox, Terminal, eventually, is_part_of};

const NAMES: [&str; 3] = ["alpha.iso", "beta.tar.gz", "gamma.bin"];
const LENGTH: u64 = 6 * MIB;

fn path(name: &str) -> String {
    format!("/{name}")
}

/// Three files whose bodies all stop after 200 KB until the gate is opened, so that the screen stands still.
fn held(gate: &Gate) -> Running {
    let files = NAMES.iter().zip(1..);
    let server = files.fold(Server::new(), |server, (name, seed)| {
        server.file(&path(name), File::new(seed, LENGTH).answer(Answer::new().gate(200_000, gate)))
    });
    server.start()
}

/// The line of the list that shows a transfer.
pub(super) fn row(screen: &Screen, name: &str) -> Option<String> {
    screen.rows(0, u16::MAX).into_iter().find(|line| line.contains(name))
}

pub(super) fn percent(screen: &Screen, name: &str) -> Option<u64> {
    let row = row(screen, name)?;
    let before = row[..row.find('%')?].trim_end().to_owned();
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn requests(seen: &Seen, name: &str) -> usize {
    seen.of(&path(name)).len()
}

#[test]
fn three_urls_are_pasted_paused_resumed_left_and_finished() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    // Terminals send a return for each line's end within a paste.
    terminal.paste(&NAMES.map(|name| server.url(&path(name))).join("\r"));
    for name in NAMES {
        terminal.wait_for_text(name);
        server.wait("the first bytes of each", |seen| seen.sent(&path(name)).total >= 200_000);
        terminal.wait_for(&format!("{name} to fill"), |screen| percent(screen, name).is_some_and(|done| done > 0));
    }
    terminal.keys("g ");
    terminal.wait_for("the first to be paused", |screen| {
        row(screen, NAMES[0]).is_some_and(|row| row.contains("paused") || row.contains('‖'))
    });
    let asked = requests(&server.seen(), NAMES[0]);
    terminal.keys(" ");
    server.wait("the first to go on", |seen| requests(seen, NAMES[0]) > asked);
    terminal.wait_for("it to be shown as going on", |screen| {
        row(screen, NAMES[0]).is_some_and(|row| !row.contains("paused") && !row.contains('‖'))
    });
    terminal.leave();
    assert_eq!(terminal.finish_within(Duration::from_secs(10)), Exit::Code(0));
    terminal.is_restored();
    let names = sandbox.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().zip(NAMES).all(|(name, target)| is_part_of(name, target)), "{names:?}");

    gate.open();
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    eventually("all three files", || sandbox.names() == NAMES);
    for (name, seed) in NAMES.iter().zip(1..) {
        assert_eq!(sandbox.sha256(name), File::new(seed, LENGTH).sha256(), "{name}");
        terminal.wait_for(&format!("{name} to be shown as complete"), |screen| percent(screen, name) == Some(100));
    }
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
    let seen = server.seen();
    let twice: u64 = NAMES.iter().map(|name| seen.sent(&path(name)).twice()).sum();
    // What is on its way when a connection is closed is lost, and here that is up to 200 kB of each.
    assert!(twice * 10 < 3 * LENGTH, "{twice} bytes were sent twice");
}

#[test]
fn what_was_paused_stays_paused_after_a_restart() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[&server.url("/alpha.iso"), &server.url("/gamma.bin")], (120, 34));
    server.wait("both to begin", |seen| ["/alpha.iso", "/gamma.bin"].iter().all(|path| seen.sent(path).total > 0));
    let paused = |screen: &Screen, name: &str| row(screen, name).is_some_and(|row| row.contains("paused"));
    // A key that comes before there is a row has nothing to pause.
    terminal.wait_for("both to be shown", |screen| {
        ["alpha.iso", "gamma.bin"].iter().all(|name| row(screen, name).is_some())
    });
    terminal.keys("g ");
    terminal.wait_for("alpha to be paused", |screen| paused(screen, "alpha.iso"));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    server.forget();
    gate.open();
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    terminal.wait_for("gamma to be complete", |screen| percent(screen, "gamma.bin") == Some(100));
    terminal.wait_for("alpha to be paused still", |screen| paused(screen, "alpha.iso"));
    assert_eq!(requests(&server.seen(), "alpha.iso"), 0);
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn keys_add_filter_help_remove() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (80, 24));
    terminal.wait_for("the screen", Screen::alternate_screen);
    terminal.keys("a");
    terminal.keys(&server.url("/beta.tar.gz"));
    terminal.keys("\r");
    terminal.wait_for_text("beta.tar.gz");
    terminal.keys("?");
    terminal.wait_for_text("The selected transfer");
    terminal.keys("\x1b");
    // A key that follows at once would be read as alt and that key.
    terminal.wait_for("the help to close", |screen| !screen.contents().contains("The selected transfer"));
    terminal.resize(120, 40);
    terminal.wait_for("a wider screen", |screen| screen.rows(0, 120).any(|line| line.trim_end().chars().count() > 100));
    server.wait("the first bytes", |seen| seen.total() > 0);
    terminal.keys("D");
    terminal.wait_for_text("Remove");
    terminal.keys("y");
    terminal.wait_for("the row to go", |screen| row(screen, "beta.tar.gz").is_none());
    eventually("its data to go", || sandbox.names().is_empty());
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn the_log_tells_what_was_tried_again_and_why_and_esc_closes_it() {
    let gate = Gate::new();
    let file = File::new(1, LENGTH).answer(Answer::new().gate(200_000, &gate)).script(1..=1, Answer::status(503));
    let server = Server::new().file("/alpha.iso?sig=hunter2", file).start();
    let sandbox = Sandbox::new();
    let signed = server.url("/alpha.iso?sig=hunter2").replace("://", "://me:hunter2@");
    let mut terminal = Terminal::start(&sandbox, &[&signed], (80, 24));
    terminal.wait_for_line(&["▸", "alpha.iso"]);
    terminal.keys("L");
    terminal.wait_for_text(" again ");
    terminal.wait_for_line(&[" again  ", "(HTTP 503)"]);
    terminal.wait_for_line(&[" note   the file has 6.3 MB"]);
    terminal.keys(" ");
    terminal.wait_for_line(&[" pause  it goes on"]);
    // Lower than this there is no room for it below the list.
    terminal.resize(40, 10);
    let narrow = |screen: &Screen| row(screen, "Speed").is_some_and(|heading| !heading.contains("Size"));
    terminal.wait_for("the list alone", narrow);
    terminal.keys("L");
    let screen = terminal.wait_for_text(" Log ");
    assert!(!screen.contents().contains("hunter2"));
    terminal.keys("\x1b");
    terminal.wait_for("the list again", narrow);
    terminal.resize(80, 24);
    terminal.wait_for_text("Target");
    gate.open();
    terminal.keys(" L");
    terminal.wait_for_line(&[" done   6.3 MB"]);
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn no_color_means_no_color() {
    let mut sandbox = Sandbox::new();
    sandbox.set("NO_COLOR", "1");
    let terminal = Terminal::start(&sandbox, &[], (80, 24));
    let screen = terminal.wait_for("the screen", |screen| screen.contents().contains("haul"));
    for (line, column) in (0..24).flat_map(|line| (0..80).map(move |column| (line, column))) {
        let cell = screen.cell(line, column).unwrap();
        assert_eq!((cell.fgcolor(), cell.bgcolor()), (Color::Default, Color::Default), "at {line}, {column}");
    }
}

#[test]
fn the_demo_needs_no_network() {
    let mut sandbox = Sandbox::new();
    // Nor does it do what the user wants of downloads that are none.
    let hook = r#"Shell("echo $HAUL_EVENT >> ../hooked")"#;
    sandbox.settings(&format!("(limit: \"1K\", cookies: \"/none\", hooks: (started: [{hook}], steps: [{hook}]))"));
    sandbox.set("http_proxy", "http://127.0.0.1:9");
    let mut terminal = Terminal::start(&sandbox, &["demo"], (120, 34));
    terminal.wait_for("four transfers that fill", |screen| {
        let rows = screen.rows(0, 120).filter(|line| line.contains(" %"));
        rows.count() >= 4 && percent(screen, "field-handbook").is_some_and(|done| done > 0)
    });
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
    assert_eq!(sandbox.names(), [""; 0], "the demo leaves nothing behind");
    assert!(!sandbox.path("hooked").exists());
}
