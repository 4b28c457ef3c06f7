//! What a real terminal does to the screen: clicks, long pastes, a storm of sizes, Ctrl-Z, and bytes that mean nothing.

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};
use vt100::{MouseProtocolMode, Screen};

use super::MIB;
use super::journey::row;
use crate::support::server::{Answer, File, Gate, Running, Server};
use crate::support::{Exit, Sandbox, Terminal};

/// A server whose files, as many as run at a time, begin and then stand still until the gate is opened.
fn held(gate: &Gate) -> Running {
    let file = || File::new(3, 6 * MIB).answer(Answer::new().gate(200_000, gate));
    ["/x.iso", "/0.iso", "/1.iso", "/2.iso"]
        .into_iter()
        .fold(Server::new(), |server, path| server.file(path, file()))
        .start()
}

/// Where a text stands first: column and line, from 1, as terminals count.
fn place(screen: &Screen, text: &str) -> Option<(usize, usize)> {
    screen.rows(0, u16::MAX).enumerate().find_map(|(line, row)| {
        let byte = row.find(text)?;
        Some((row[..byte].chars().count() + 1, line + 1))
    })
}

/// Presses a button of the mouse on a text, and lets it go.
#[track_caller]
fn click(terminal: &Terminal, button: u8, text: &str) {
    let screen = terminal.wait_for(&format!("{text} to click on"), |screen| place(screen, text).is_some());
    let (column, line) = place(&screen, text).unwrap();
    terminal.keys(&format!("\x1b[<{button};{column};{line}M\x1b[<{button};{column};{line}m"));
}

/// True if the details are those of a transfer: the line above them has its name.
fn is_selected(screen: &Screen, name: &str) -> bool {
    screen.rows(0, u16::MAX).any(|line| line.contains("──") && line.contains(name))
}

#[test]
fn the_mouse_selects_marks_sorts_turns_pages_and_presses_keys() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let urls = ["0", "1", "2"].map(|name| server.url(&format!("/{name}.iso")));
    let mut terminal = Terminal::start(&sandbox, &urls.each_ref().map(String::as_str), (120, 34));
    terminal.wait_for("the mouse to be taken", |screen| screen.mouse_protocol_mode() != MouseProtocolMode::None);
    terminal.wait_for("the list to be there", |screen| place(screen, "2.iso").is_some());
    click(&terminal, 0, "2.iso");
    terminal.wait_for("the third to be selected", |screen| is_selected(screen, "2.iso"));
    click(&terminal, 2, "1.iso");
    terminal.wait_for_text("1 marked");
    click(&terminal, 0, "Name");
    terminal.wait_for_text("Name▴");
    click(&terminal, 0, "Map");
    terminal.wait_for_text("a cell is");
    click(&terminal, 0, "? help");
    terminal.wait_for_text("The selected transfer");
    terminal.keys("\x1b");
    terminal.wait_for("the help to close", |screen| !screen.contents().contains("The selected transfer"));
    // The wheel, above the list: whatever was selected, four notches lead to the last row.
    let (column, line) = place(&terminal.screen(), "Name▴").unwrap();
    terminal.keys(&format!("\x1b[<65;{column};{}M", line + 1).repeat(4));
    terminal.wait_for("the last row to be selected", |screen| is_selected(screen, "2.iso"));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn a_paste_of_a_thousand_lines_arrives_whole() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (100, 30));
    let urls: Vec<String> = (0..1000).map(|number| server.url(&format!("/{number}.iso"))).collect();
    terminal.paste(&urls.join("\r"));
    terminal.wait_for_text("All 1000");
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    let listed = sandbox.run(&["list", "--json"]).stdout;
    for url in [&urls[0], &urls[499], &urls[999]] {
        assert!(listed.contains(&format!("{url}\"")), "{url}");
    }
}

#[test]
fn a_storm_of_sizes_and_keys_leaves_a_whole_screen() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[&server.url("/x.iso")], (120, 34));
    terminal.wait_for("the row", |screen| row(screen, "x.iso").is_some());
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..200 {
        terminal.resize(random.u16(10..=300), random.u16(3..=100));
        terminal.keys(["j", "k", "\r", "\t", "s\x1b[B\r", "?", "\x1b[6~", "\x1b[<0;5;5M"][random.usize(0..8)]);
    }
    // The boxes that the keys have left open are closed, and the details give the screen back.
    for _ in 0..3 {
        terminal.keys("\x1b");
        let drawn = terminal.raw().len();
        terminal.resize(100, 30);
        terminal.wait_for("a frame", |_| true);
        terminal.resize(101, 30);
        terminal.wait_for("the footer in the last line", |screen| place(screen, "help").is_some_and(|at| at.1 == 30));
        assert!(terminal.raw().len() > drawn);
    }
    let whole = |screen: &Screen| {
        place(screen, "haul").is_some_and(|at| at.1 == 1)
            && row(screen, "x.iso").is_some()
            && place(screen, "q quit").is_some()
    };
    terminal.wait_for("a whole screen", whole);
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_fg_takes_it_again() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut command = CommandBuilder::new("sh");
    command.args(["-i"]);
    let terminal = Terminal::spawn(&sandbox, command, (100, 30));
    terminal.keys(&format!("PS1='ready> '; '{}' '{}'\r", env!("CARGO_BIN_EXE_haul"), server.url("/x.iso")));
    terminal.wait_for("the screen", |screen| screen.alternate_screen() && row(screen, "x.iso").is_some());
    terminal.keys("\x1a");
    terminal.wait_for("the shell", asks);
    terminal.is_restored();
    terminal.keys("fg\r");
    terminal.wait_for("the screen again", |screen| screen.alternate_screen() && row(screen, "x.iso").is_some());
    leave_both(terminal);
}

/// True if the shell asks for a command. The command line holds the prompt's text too, so what counts is how the screen ends.
fn asks(screen: &Screen) -> bool {
    !screen.alternate_screen() && screen.contents().trim_end().ends_with("ready>")
}

/// Ends haul, and the shell that it was started from.
fn leave_both(mut terminal: Terminal) {
    terminal.keys("\x03");
    terminal.wait_for("the shell again", asks);
    terminal.keys("exit\r");
    terminal.finish();
    terminal.is_restored();
}

#[test]
fn a_stop_from_outside_gives_the_shell_its_terminal_too() {
    let gate = Gate::new();
    let server = held(&gate);
    let sandbox = Sandbox::new();
    let mut command = CommandBuilder::new("sh");
    command.args(["-i"]);
    let terminal = Terminal::spawn(&sandbox, command, (100, 30));
    let haul = format!("'{}' '{}'", env!("CARGO_BIN_EXE_haul"), server.url("/x.iso"));
    terminal.keys(&format!("PS1='ready> '; sh -c 'echo $$ > pid; exec \"$@\"' sh {haul}\r"));
    terminal.wait_for("the screen", |screen| screen.alternate_screen() && row(screen, "x.iso").is_some());
    let id = std::fs::read_to_string(sandbox.downloads().join("pid")).unwrap();
    let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    for _ in 0..2 {
        kill_process(id, Signal::TSTP).unwrap();
        terminal.wait_for("the shell", asks);
        terminal.is_restored();
        terminal.keys("fg\r");
        terminal.wait_for("the screen again", |screen| screen.alternate_screen() && row(screen, "x.iso").is_some());
    }
    leave_both(terminal);
}

#[test]
fn a_terminal_that_another_program_left_non_blocking_may_be_slow() {
    let sandbox = Sandbox::new();
    let mut command = CommandBuilder::new("sh");
    // dd sets the flag on the open file that all of them share.
    let script = "dd if=/dev/null oflag=nonblock 2>/dev/null && exec \"$0\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_haul")]);
    let mut terminal = Terminal::spawn(&sandbox, command, (200, 50));
    terminal.wait_for("the screen", |screen| screen.alternate_screen() && screen.contents().contains("haul"));
    terminal.stall();
    // Whole frames, until the terminal takes no more.
    for size in (0..).take_while(|_| !terminal.holds_up()) {
        terminal.resize(200 - size % 2, 50);
    }
    terminal.go_on();
    terminal.resize(100, 30);
    terminal.wait_for("a whole screen", |screen| place(screen, "q quit").is_some_and(|at| at.1 == 30));
    terminal.keys("q");
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn bytes_that_mean_nothing_do_nothing() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &[], (80, 24));
    terminal.wait_for("the screen", Screen::alternate_screen);
    for noise in ["\x1b[999;999;999Z", "\u{0}\u{7f}\u{85}", "\x1b[<0;999;999M", "\x1b[<77;1;1M", "\x1bOZ"] {
        terminal.keys(noise);
    }
    terminal.paste("\x1b[31mno URL\x1b]0;title\x07");
    terminal.wait_for_text("nothing to add");
    terminal.keys("q");
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
fn a_terminal_without_a_screen_gets_none_and_is_told_of_the_plain_mode() {
    let mut sandbox = Sandbox::new();
    sandbox.set("TERM", "dumb");
    let mut terminal = Terminal::start(&sandbox, &[], (120, 30));
    terminal.wait_for_text("haul --plain works there");
    assert!(matches!(terminal.finish(), Exit::Code(1)));
    assert!(!terminal.raw().contains(&0x1b), "{}", terminal.text());
    let mut plain = Terminal::start(&sandbox, &["--plain"], (120, 30));
    plain.keys("quit\r");
    assert!(matches!(plain.finish(), Exit::Code(0)));
}
