//! The tools themselves on trial, with programs that every system has.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use super::nginx::Nginx;
use super::power::Recording;
use super::pty::{Exit, Terminal};
use super::sandbox::{Process, Sandbox, is_part_of};
use super::strace::calls;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn shell_in_terminal(sandbox: &Sandbox, script: &str) -> Terminal {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", script]);
    Terminal::spawn(sandbox, command, (40, 10))
}

#[test]
fn a_process_is_read_and_waited_for() {
    let output = Process::spawn(shell("cat; echo oh >&2; exit 3"), "{\"a\": 1}\n{}\n").finish().code(3);
    assert_eq!((output.json().len(), output.stderr.as_str()), (2, "oh\n"));
    let process = Process::spawn(shell("exec sleep 1000"), "");
    process.signal(Signal::KILL);
    assert_eq!(process.finish().code, None);
}

#[test]
fn a_terminal_shows_types_pastes_and_tells_what_is_left_on() {
    let sandbox = Sandbox::new();
    let script = "stty -echo; printf '\\033[?1049h\\033[?2004h\\033[?25lready'; read line; printf ' got:%s' \"$line\"; \
                  read size; stty size; read end; printf '\\033[?25h\\033[?2004l\\033[?1049lbye'; exit 7";
    let mut terminal = shell_in_terminal(&sandbox, script);
    terminal.wait_for_text("ready");
    assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
    terminal.paste("hello");
    terminal.keys("\r");
    terminal.wait_for_line(&["got:", "hello"]);
    terminal.resize(50, 12);
    terminal.keys("\r");
    terminal.wait_for_text("12 50");
    terminal.keys("\r");
    assert_eq!(terminal.finish(), Exit::Code(7));
    assert!(terminal.text().contains("bye"));
    terminal.is_restored();
}

#[test]
#[should_panic(expected = "still on the alternate screen")]
fn a_terminal_that_is_not_restored_is_found_out() {
    let mut terminal = shell_in_terminal(&Sandbox::new(), "printf '\\033[?1049h'");
    assert_eq!(terminal.finish(), Exit::Code(0));
    terminal.is_restored();
}

#[test]
#[should_panic(expected = "the program ended before: something")]
fn waiting_for_a_program_that_ended_is_not_for_ever() {
    let terminal = shell_in_terminal(&Sandbox::new(), "echo over");
    terminal.wait_for_text("something");
}

#[test]
fn a_terminal_can_be_shut_and_its_program_killed() {
    let mut terminal = shell_in_terminal(&Sandbox::new(), "echo here; exec sleep 1000");
    terminal.wait_for_text("here");
    terminal.hang_up();
    assert_eq!(terminal.finish(), Exit::Signal);
    let mut terminal = shell_in_terminal(&Sandbox::new(), "trap '' TERM; echo here; exec cat");
    terminal.wait_for_text("here");
    terminal.signal(Signal::KILL);
    assert_eq!(terminal.finish_within(Duration::from_secs(20)), Exit::Signal);
}

#[test]
fn nginx_serves_over_both_with_a_certificate_that_curl_believes() {
    let Some(nginx) = Nginx::start("") else { return };
    let sum = nginx.file("a.bin", 4, 3_000_000);
    let sandbox = Sandbox::new();
    let authority = nginx.authority();
    for (url, name) in [(nginx.http("a.bin"), "http"), (nginx.https("a.bin"), "https")] {
        let target = sandbox.downloads().join(name);
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*", "--cacert"]).arg(&authority).arg("-o").arg(&target).arg(url);
        Process::spawn(curl, "").finish().ok();
        assert_eq!(sandbox.sha256(name), sum);
    }
    let mut doubter = Command::new("curl");
    doubter.args(["-sS", "--noproxy", "*", "-o", "/dev/null"]).arg(nginx.https("a.bin"));
    Process::spawn(doubter, "").finish().refused(&["certificate"]);
    assert!(nginx.log().contains("200 3000000"), "{}", nginx.log());
}

#[test]
fn part_files_are_told_by_their_names() {
    assert!(is_part_of("a.iso.0123456789abcdef.part", "a.iso"));
    for name in ["a.iso", "a.iso.part", "a.iso.0123456789abcdeF.part", "a.iso.0123456789abcdef0.part", "b.0.part"] {
        assert!(!is_part_of(name, "a.iso"), "{name}");
    }
}

/// A thread's file gets the number of one that another thread was just closing: the end of a close is told late.
#[test]
fn a_recording_knows_a_file_whose_number_another_was_closing() {
    let hex = |text: &str| {
        text.bytes().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()).map(char::from).collect::<String>()
    };
    let (part, history, folder) = (hex("/r/part"), hex("/r/history"), hex("/r"));
    let log = format!(
        "1 openat(AT_FDCWD, \"{part}\", O_RDWR|O_CREAT, 0666) = 7\n\
         1 close(7 <unfinished ...>\n\
         2 openat(AT_FDCWD, \"{history}\", O_RDWR|O_CREAT|O_APPEND, 0600) = 7\n\
         1 <... close resumed>) = 0\n\
         2 write(7, \"{}\", 2) = 2\n\
         2 fdatasync(7) = 0\n\
         2 openat(AT_FDCWD, \"{folder}\", O_RDONLY|O_CLOEXEC) = 8\n\
         2 fsync(8) = 0\n",
        hex("hi")
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), log).unwrap();
    let recording = Recording::of(Path::new("/r"), &calls(file.path()));
    let image = recording.image(usize::MAX, 0.0, &mut fastrand::Rng::with_seed(1));
    assert_eq!(image.get(Path::new("/r/history")), Some(&Some(b"hi".to_vec())), "{image:?}");
}
