//! A paste that the terminal did not mark is one all the same, and typing is none.

use std::time::Duration;

use haul::config::{Chord, Key};
use haul::model::Status;
use haul::tui::{Burst, Message, Mode};

use super::stage;
use crate::support::builders::row;
use crate::support::server::{File, Server};
use crate::support::{Exit, Sandbox, Terminal};

fn keys(text: &str) -> Vec<Chord> {
    text.chars().map(|c| if c == '\r' { Key::Enter } else { Key::Char(c) }.into()).collect()
}

/// What becomes of keys that come at once: single keys as they are, and a paste in brackets.
fn passed(text: &str) -> String {
    let mut burst = Burst::default();
    let mut passed: Vec<Message> = Vec::new();
    for chord in keys(text) {
        passed.extend(burst.take(Message::Key(chord)));
    }
    passed.extend(burst.end());
    assert!(burst.patience().is_none());
    let word = |message: &Message| match message {
        Message::Key(Chord { key: Key::Char(c), .. }) => c.to_string(),
        Message::Key(_) => "\r".to_owned(),
        Message::Burst(keys) => format!("[{}]", keys.len()),
        other => panic!("{other:?}"),
    };
    passed.iter().map(word).collect()
}

#[test]
fn what_begins_as_a_url_or_a_command_and_comes_at_once_is_a_paste() {
    let (url, command) = ("http://e.org/a\rhttp://e.org/b\r", "curl -H 'a: b' http://e.org/a");
    assert_eq!(passed(url), format!("[{}]", url.len()));
    assert_eq!(passed(command), format!("[{}]", command.len()));
    assert_eq!(passed("s3://bucket/key"), "[15]");
    // Keys before it are keys.
    assert_eq!(passed(":add https://e.org/"), ":add [14]");
    assert_eq!(passed("jhhttps://e.org/"), "jh[14]");
    for typed in ["ddpp", "http", "ccccc", "curly", "jjjhhhsss", "s3:/x", "h\r"] {
        assert_eq!(passed(typed), typed);
    }
}

#[test]
fn a_key_is_held_back_for_no_longer_than_a_hand_needs() {
    let mut burst = Burst::default();
    assert!(burst.take(Message::Key(Key::Char('h').into())).is_empty());
    assert!(burst.patience().is_some_and(|span| span <= Duration::from_millis(5)));
    assert!(matches!(burst.end()[..], [Message::Key(_)]));
    // Whatever is no key of a text ends it, and comes after it.
    burst.take(Message::Key(Key::Char('h').into()));
    let passed = burst.take(Message::Resized { columns: 80, rows: 24 });
    assert!(matches!(passed[..], [Message::Key(_), Message::Resized { .. }]), "{passed:?}");
}

#[test]
fn a_burst_adds_where_keys_are_orders_and_is_typed_where_they_are_text() {
    let mut stage = stage::with([row(1, "a").status(Status::Running)]);
    stage.send(Message::Burst(keys("http://e.org/p\rhttp://e.org/q\r")));
    let added: Vec<String> = stage.added().into_iter().map(|(_, url)| url).collect();
    assert_eq!(added, ["http://e.org/p", "http://e.org/q"]);
    assert_eq!(stage.commands().len(), 1, "nothing was paused: {:?}", stage.commands());
    let mut stage = stage::empty();
    stage.press(":").types("add ").send(Message::Burst(keys("http://e.org/p\r")));
    assert_eq!(stage.added().len(), 1, "the line was sent by its end");
    assert!(matches!(stage.state.mode, Mode::Browse));
}

#[test]
fn a_terminal_that_marks_no_paste_adds_what_is_pasted() {
    let server = Server::new().file("/a", File::new(1, 100)).file("/b", File::new(2, 100)).start();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (100, 30));
    terminal.wait_for_text("Paste a URL");
    terminal.keys(&format!("{}\r{}\r", server.url("/a"), server.url("/b")));
    terminal.wait_for_text("4 Done 2");
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}
