//! Signals: everything is saved, the exit code says which one it was, and the next run goes on.

use std::time::Duration;

use rustix::process::Signal;

use super::{MIB, PATH, holds_no_finished_file, holds_only};
use crate::support::server::{Answer, File, Running, Server};
use crate::support::{Exit, Sandbox, Strace, Terminal, eventually, strace_works};

/// How long haul may take to save what it has.
const SOON: Duration = Duration::from_secs(5);

fn slow() -> (Running, String) {
    let file = File::new(5, 8 * MIB).answer(Answer::new());
    let sum = file.sha256();
    (Server::new().file(PATH, file).rate(1_000_000).send_buffer(8 * 1024).start(), sum)
}

#[test]
fn a_get_that_is_asked_to_end_saves_all_and_goes_on_later() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let (server, sum) = slow();
        let sandbox = Sandbox::new();
        let url = server.url(PATH);
        let process = sandbox.start(&["get", "-x", "4", &url]);
        server.wait("half of it", |seen| seen.total() > 4 * MIB);
        process.signal(signal);
        process.finish_within(SOON).code(code);
        holds_no_finished_file(&sandbox);
        server.set_rate(None);
        sandbox.get(&["-x", "4", &url]).ok();
        holds_only(&sandbox, "file.bin", &sum);
        let twice = server.seen().sent(PATH).twice();
        assert!(twice < MIB / 2, "{twice} bytes sent twice after a clean stop");
    }
}

#[test]
fn a_get_whose_output_is_gone_goes_on() {
    let (server, sum) = slow();
    server.set_rate(None);
    let sandbox = Sandbox::new();
    let mut command = std::process::Command::new("sh");
    let script = format!("{} get --json {} 2>/dev/full | true", env!("CARGO_BIN_EXE_haul"), server.url(PATH));
    command.args(["-c", &script]).current_dir(sandbox.downloads());
    command.env_clear().envs(sandbox.variables().iter().cloned());
    crate::support::Process::spawn(command, "").finish();
    holds_only(&sandbox, "file.bin", &sum);
}

#[test]
fn the_screen_restores_the_terminal_however_it_ends() {
    for (end, exit) in [("q", Exit::Code(0)), ("\x03", Exit::Code(0)), ("TERM", Exit::Code(143))] {
        let sandbox = Sandbox::new();
        let mut terminal = Terminal::start(&sandbox, &[], (80, 24));
        terminal.wait_for("the screen", |screen| screen.alternate_screen() && screen.contents().contains("haul"));
        match end {
            "TERM" => terminal.signal(Signal::TERM),
            keys => terminal.keys(keys),
        }
        assert_eq!(terminal.finish_within(SOON), exit, "after {end:?}");
        terminal.is_restored();
    }
}

#[test]
fn a_terminal_that_is_shut_ends_the_program_and_loses_nothing() {
    let (server, sum) = slow();
    let sandbox = Sandbox::new();
    // What lies in the kernel's buffers of a connection when the program ends was sent in vain: two have little.
    let mut terminal = Terminal::start(&sandbox, &["-x", "2", &server.url(PATH)], (80, 24));
    server.wait("some of it", |seen| seen.total() > 2 * MIB);
    terminal.hang_up();
    terminal.finish_within(SOON);
    holds_no_finished_file(&sandbox);
    server.set_rate(None);
    sandbox.run(&["run"]).ok();
    holds_only(&sandbox, "file.bin", &sum);
    let twice = server.seen().sent(PATH).twice();
    assert!(twice < MIB, "{twice} bytes sent twice after the terminal was shut");
}

#[test]
fn a_get_on_a_terminal_shows_its_progress_and_leaves_the_terminal_alone() {
    let (server, sum) = slow();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["get", &server.url(PATH)], (80, 24));
    terminal.wait_for_line(&["file.bin", "%"]);
    server.set_rate(None);
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
    holds_only(&sandbox, "file.bin", &sum);
}

/// A disk that never answers: each write waits for an hour.
fn dead_disk() -> Strace {
    Strace::delay("pwrite64,pwritev", 3600)
}

/// Starts haul on a dead disk, has it asked to leave, and waits until it has.
fn leaves_a_dead_disk(arguments: &[&str], ask: impl Fn(&crate::support::Process, &mut std::process::ChildStdin)) {
    let (server, _) = slow();
    server.set_rate(None);
    let sandbox = Sandbox::new();
    let url = server.url(PATH);
    let arguments: Vec<&str> = arguments.iter().copied().chain([&*url]).collect();
    let (haul, mut lines) = dead_disk().start_open(&sandbox, &arguments, "");
    let entered = || std::fs::read_dir(sandbox.downloads()).unwrap().count() > 0;
    eventually("a part file", entered);
    // As much as comes however soon the first write hangs.
    server.wait("what is to be written", |seen| seen.total() > MIB / 16);
    ask(&haul, &mut lines);
    // strace itself would wait for the end of the delay.
    eventually("the end of haul", || haul.child_is_over());
    haul.signal(Signal::KILL);
    haul.finish();
}

#[test]
fn a_disk_that_never_answers_keeps_nobody_from_leaving() {
    if !strace_works() {
        return;
    }
    leaves_a_dead_disk(&["get"], |haul, _| haul.signal_child(Signal::TERM));
    leaves_a_dead_disk(&["--plain"], |haul, _| haul.signal_child(Signal::INT));
    leaves_a_dead_disk(&["--plain"], |_, lines| std::io::Write::write_all(lines, b"quit\nquit\n").unwrap());
}

#[test]
fn a_screen_that_nobody_takes_hears_signals_all_the_same() {
    let (_server, _) = slow();
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (200, 50));
    terminal.wait_for("the screen", |screen| screen.alternate_screen() && screen.contents().contains("haul"));
    terminal.stall();
    // Whole frames, until the terminal takes no more.
    for size in (0..).take_while(|_| !terminal.holds_up()) {
        terminal.resize(200 - size % 2, 50);
    }
    terminal.signal(Signal::TERM);
    terminal.signal(Signal::INT);
    let exit = terminal.finish_within(SOON);
    assert!(matches!(exit, Exit::Code(143 | 130)), "{exit:?}");
}
