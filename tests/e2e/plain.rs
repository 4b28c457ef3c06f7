//! The plain mode in a real terminal: lines out, orders in; and what the screen shows outside of itself.

use std::time::Duration;

use rustix::process::Signal;

use super::MIB;
use crate::support::server::{Answer, File, Gate, Server};
use crate::support::{Exit, Sandbox, Terminal, eventually};

#[test]
fn a_download_is_added_paused_resumed_renamed_and_removed_by_lines() {
    let gate = Gate::new();
    let held = File::new(1, 4 * MIB).answer(Answer::new().gate(200_000, &gate));
    let server = Server::new().file("/a.iso", held).start();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["--plain"], (120, 50));
    terminal.wait_for_text("haul in plain mode.");
    terminal.keys("pause\r");
    terminal.wait_for_text("say which: a number");
    terminal.keys(&format!("{}\r", server.url("/a.iso")));
    server.wait("the first bytes", |seen| seen.sent("/a.iso").total >= 200_000);
    terminal.wait_for_text("a.iso: start: the server is asked");
    terminal.keys("9 pause\r");
    terminal.wait_for_text("the list has 1 transfer");
    terminal.keys("1 pause\r");
    terminal.wait_for_text("a.iso: pause: it goes on when you resume it");
    terminal.keys("list\r");
    terminal.wait_for_text("1: a.iso, paused,");
    terminal.keys("rename b.iso\r");
    terminal.wait_for_text("move: to");
    gate.open();
    terminal.keys("resume\r");
    terminal.wait_for_line(&["b.iso: done: 4.2 MB in"]);
    eventually("the file", || sandbox.names() == ["b.iso"]);
    terminal.keys("limt 5M\r");
    terminal.wait_for_text("did you mean limit?");
    terminal.keys(":limit 5M\r1 remove\r");
    terminal.wait_for_text("gone: it is not in the queue any more");
    terminal.keys("undo\r");
    terminal.wait_for_text("back: it is in the list again");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!raw.contains('\x1b'), "lines and nothing else: {raw:?}");
    terminal.keys("quit\r");
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn files_of_a_pasted_command_that_have_one_name_are_both_there() {
    let server = Server::new().file("/a", File::new(1, MIB)).file("/b", File::new(2, MIB)).start();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["--plain"], (120, 50));
    terminal.wait_for_text("haul in plain mode.");
    terminal.keys(&format!("curl -o a/data {} -o b/data {}\r", server.url("/a"), server.url("/b")));
    eventually("both files", || sandbox.names() == ["data", "data (1)"]);
    terminal.keys("quit\r");
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn plain_mode_asks_before_it_leaves_and_ends_with_its_input() {
    let gate = Gate::new();
    let held = File::new(1, 4 * MIB).answer(Answer::new().gate(200_000, &gate));
    let server = Server::new().file("/a.iso", held).start();
    for (keys, asks) in [("quit\rquit\r", true), ("\x04", false)] {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::start(&sandbox, &["--plain", &server.url("/a.iso")], (100, 30));
        terminal.wait_for_text("a.iso: start");
        terminal.keys(keys);
        assert_eq!(terminal.finish_within(Duration::from_secs(20)), Exit::Code(0));
        assert_eq!(terminal.text().contains("quit once more to leave"), asks, "{}", terminal.text());
    }
}

#[test]
fn a_line_without_an_end_is_no_order_and_fills_no_memory() {
    let sandbox = Sandbox::new();
    let lines = format!("{}\nhelp\n", "x".repeat(1 << 20));
    let output = sandbox.start_with_input(&["--plain"], &lines).finish().ok();
    assert!(output.stdout.contains("there is no \"line-too-long\"") && output.stdout.contains("help"), "{output:#?}");
}

#[test]
fn the_title_and_the_progress_tell_how_far_it_is_and_go_in_the_end() {
    let gate = Gate::new();
    let held = File::new(1, 4 * MIB).answer(Answer::new().gate(200_000, &gate));
    let server = Server::new().file("/a.iso", held).start();
    for by_signal in [false, true] {
        let mut sandbox = Sandbox::new();
        sandbox.set("WT_SESSION", "1");
        let mut terminal = Terminal::start(&sandbox, &[&server.url("/a.iso")], (100, 30));
        let wrote = |terminal: &Terminal, text: &str| String::from_utf8_lossy(&terminal.raw()).contains(text);
        eventually("the title", || wrote(&terminal, "% of 1 - haul\x1b\\"));
        eventually("the progress", || wrote(&terminal, "\x1b]9;4;1;"));
        if by_signal {
            terminal.signal(Signal::TERM);
        } else {
            terminal.leave();
        }
        terminal.finish();
        terminal.is_restored();
        let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
        assert!(raw.rfind("\x1b]9;4;0").unwrap() > raw.rfind("\x1b]9;4;1;").unwrap(), "the progress stays: {raw:?}");
        assert!(raw.contains("\x1b[22;0t") && raw.contains("\x1b[23;0t"), "the title is not given back: {raw:?}");
    }
}

#[test]
fn a_title_that_is_not_wanted_is_left_alone() {
    let server = Server::new().file("/a.iso", File::new(1, MIB)).start();
    let sandbox = Sandbox::new();
    sandbox.settings("(notify: Osc777, title: false)");
    let mut terminal = Terminal::start(&sandbox, &[], (100, 30));
    terminal.wait_for_text("press a");
    terminal.paste(&server.url("/a.iso"));
    terminal.wait_for_line(&["a.iso", "100 %"]);
    terminal.leave();
    terminal.finish();
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(!raw.contains("\x1b]9;4") && !raw.contains("\x1b[22;0t"), "{raw:?}");
}

#[test]
fn a_line_that_is_no_utf8_is_a_mistake_and_not_the_end() {
    let output = Sandbox::new().run_within("printf 'caf\\351\\nlist\\n' > in && exec < in", &["--plain"]).ok();
    assert!(output.stdout.contains("The list is empty."), "{output:#?}");
}
