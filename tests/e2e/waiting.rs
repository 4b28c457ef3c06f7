//! Links that expire, disks that are full and servers that are busy, with the real program: what is on disk is kept, and goes on.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use super::{MIB, PATH, REFUSED, file, holds_only};
use crate::support::server::{Answer, Ending, File, Framing, Gate, Running, Server};
use crate::support::{Exit, Output, Sandbox, Terminal, eventually, is_part_of};

pub(super) const DISK: i32 = 5;
const SIGNED: &str = "/file.bin?X-Amz-Expires=60&X-Amz-Signature=secret1";

const NEW: &str = "/new/file.bin?X-Amz-Signature=secret2";

/// What S3 says once a signed URL has expired.
fn gone() -> Answer {
    let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    Answer::raw(format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A file whose URL gives a MiB over one connection and has expired then; and the same file at another URL.
fn expiring() -> Running {
    let old = File::new(11, 4 * MIB).script(1..=1, Answer::new().ending(MIB, Ending::Cut)).script(2.., gone());
    let new = file(Answer::new().etag("\"another\""));
    Server::new().file(SIGNED, old).file(NEW, new).start()
}

fn get(sandbox: &Sandbox, url: &str, more: &[&str]) -> Output {
    sandbox.get(&[&["-x", "1", "--retry-wait", "0.1", url], more].concat())
}

#[test]
fn a_new_url_for_the_same_target_goes_on_where_an_expired_link_stopped() {
    for more in [&["-o", "file.bin"][..], &[]] {
        let (server, sandbox) = (expiring(), Sandbox::new());
        let end = get(&sandbox, &server.url(SIGNED), more).code(REFUSED);
        assert!(end.stderr.contains("the link has expired"), "{end:#?}");
        assert!(
            end.stderr.contains("1.0 MB are kept; give it a new one with :url NEWURL, or run haul get NEWURL -o /"),
            "{end:#?}"
        );
        assert!(!end.stderr.contains("secret1"), "{end:#?}");
        let names = sandbox.names();
        assert!(names.len() == 1 && is_part_of(&names[0], "file.bin"), "{names:?}");
        get(&sandbox, &server.url(NEW), more).ok();
        holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
        // Without a name of the user's the first answer is what tells the name; then what is missing is asked for.
        let ranges: Vec<_> = server.seen().of(NEW).iter().filter_map(|request| request.range()).collect();
        assert_eq!(ranges.last(), Some(&(MIB, None)), "{ranges:?}");
        assert_eq!(ranges.contains(&(0, None)), more.is_empty(), "{ranges:?}");
    }
}

#[test]
fn a_url_of_another_file_leaves_what_is_on_disk_alone() {
    let (server, sandbox) = (expiring(), Sandbox::new());
    server.put("/other/file.bin", File::new(12, 4 * MIB));
    get(&sandbox, &server.url(SIGNED), &["-o", "file.bin"]).code(REFUSED);
    let end = get(&sandbox, &server.url("/other/file.bin"), &["-o", "file.bin"]).code(8);
    assert!(end.stderr.contains("another file"), "{end:#?}");
    get(&sandbox, &server.url(NEW), &["-o", "file.bin"]).ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    assert!(server.seen().sent(NEW).total < 3 * MIB + 256 * 1024);
}

#[test]
fn u_on_the_screen_gives_a_new_url() {
    let (server, sandbox) = (expiring(), Sandbox::new());
    sandbox
        .settings(&format!("(folder: {:?}, retry_wait: 0.1, connections: 1)", sandbox.downloads().to_str().unwrap()));
    let mut terminal = Terminal::start(&sandbox, &[&server.url(SIGNED)], (120, 34));
    terminal.wait_for_text("link expired: press u");
    assert!(!terminal.text().contains("secret1"));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    // It survives a restart, and the list says so.
    let list = sandbox.run(&["list"]).ok();
    assert!(list.stdout.contains("link expired"), "{list:#?}");
    let json: serde_json::Value = serde_json::from_str(&sandbox.run(&["list", "--json"]).ok().stdout).unwrap();
    assert_eq!(json[0]["status"], "link_expired");
    assert!(json[0]["why"].as_str().unwrap().contains(":url NEWURL"));
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    terminal.wait_for_text("link expired: press u");
    terminal.keys("u");
    terminal.wait_for_text("New URL");
    terminal.paste(&server.url(NEW));
    terminal.keys("\r");
    eventually("the file", || sandbox.names() == ["file.bin"]);
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    terminal.wait_for_line(&["file.bin", "100 %"]);
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    assert!(server.seen().sent(NEW).total < 3 * MIB + 256 * 1024);
}

/// A small file system in memory; gone with its drop.
pub(super) struct Disk(PathBuf);

impl Disk {
    /// One of so many bytes at a folder; `None`, with a message, where mounting is not permitted.
    pub(super) fn mount(at: &Path, bytes: u64) -> Option<Self> {
        if mount(at, &format!("size={bytes}")) {
            return Some(Self(at.to_path_buf()));
        }
        eprintln!("skipped: no file system can be mounted here");
        None
    }

    /// Gives it another size.
    pub(super) fn resize(&self, bytes: u64) {
        assert!(mount(&self.0, &format!("remount,size={bytes}")));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(at: &Path, options: &str) -> bool {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "haul-test"]).arg(at);
    command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn a_disk_of_half_the_files_size_pauses_it_and_it_ends_right_when_there_is_room() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let Some(disk) = Disk::mount(&sandbox.downloads(), 2 * MIB) else { return };
    let end = sandbox.get(&[&server.url(PATH)]).code(DISK);
    assert!(end.stderr.contains("the disk is full") && end.stderr.contains("make room"), "{end:#?}");
    assert!(sandbox.names().is_empty(), "nothing came, and no queue waits for it");
    disk.resize(16 * MIB);
    sandbox.get(&[&server.url(PATH)]).ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
}

#[test]
fn the_screen_waits_for_room_and_goes_on_by_itself() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let Some(disk) = Disk::mount(&sandbox.downloads(), 2 * MIB) else { return };
    let mut terminal = Terminal::start(&sandbox, &[&server.url(PATH)], (120, 34));
    terminal.wait_for_text("disk full, 2.1 MB short");
    assert!(is_part_of(&sandbox.names()[0], "file.bin"));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    let list = sandbox.run(&["list"]).ok();
    assert!(list.stdout.contains("disk full"), "{list:#?}");
    // Nothing but a full disk is left: a run without a screen says so and ends.
    let end = sandbox.run(&["run"]).code(DISK);
    assert!(end.stderr.contains("the disk is full"), "{end:#?}");
    let mut terminal = Terminal::start(&sandbox, &[], (120, 34));
    terminal.wait_for_text("disk full");
    let before = server.seen().of(PATH).len();
    assert!(before <= 4, "{before} requests: a full disk is looked at before the server is asked");
    disk.resize(16 * MIB);
    eventually("the file", || sandbox.names() == ["file.bin"]);
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    terminal.wait_for_line(&["file.bin", "100 %"]);
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}

#[test]
fn a_disk_that_fills_in_the_middle_keeps_what_has_come() {
    // No length is told, so nothing can be reserved; and a server with ranges, so that a second run can go on.
    let answer = Answer::new().framing(Framing::Chunked).wrong(crate::support::server::Wrong::UnknownTotal);
    let server = Server::new().file(PATH, file(answer)).start();
    let sandbox = Sandbox::new();
    let Some(disk) = Disk::mount(&sandbox.downloads(), 2 * MIB) else { return };
    let end = sandbox.get(&[&server.url(PATH)]).code(DISK);
    assert!(end.stderr.contains("the disk is full"), "{end:#?}");
    let part = sandbox.downloads().join(&sandbox.names()[0]);
    assert!(is_part_of(&sandbox.names()[0], "file.bin") && part.metadata().unwrap().len() > MIB);
    disk.resize(16 * MIB);
    let before = server.seen().sent(PATH).total;
    sandbox.get(&[&server.url(PATH)]).ok();
    holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    let again = server.seen().sent(PATH).total - before;
    assert!(again < 3 * MIB, "{again} bytes were sent again");
}

/// A server with a file that it gives in five minutes.
fn busy() -> Running {
    Server::new().file("/busy.bin", File::new(12, MIB).script(1..=1, Answer::busy(503, 300))).start()
}

#[test]
fn those_that_wait_for_their_servers_hold_no_other_up() {
    let (servers, sandbox) = ([busy(), busy()], Sandbox::new());
    let good = Server::new().file(PATH, file(Answer::new())).start();
    let urls = servers.each_ref().map(|server| server.url("/busy.bin"));
    let process = sandbox.start(&["get", "-j", "2", &urls[0], &urls[1], &good.url(PATH)]);
    eventually("the file of the server that has time", || sandbox.names().contains(&"file.bin".to_owned()));
    assert_eq!(sandbox.sha256("file.bin"), file(Answer::new()).sha256());
    assert!(!process.is_over());
    process.signal(Signal::INT);
    process.finish();
    assert_eq!(sandbox.names(), ["file.bin"]);
}

#[test]
fn one_that_waits_is_shown_to_wait_for_its_server_and_then_for_its_turn() {
    let (server, gate, sandbox) = (busy(), Gate::new(), Sandbox::new());
    let other = Server::new().file(PATH, file(Answer::new().gate(MIB, &gate))).start();
    sandbox.settings(&format!("(folder: {:?}, transfers: 1, connections: 1)", sandbox.downloads().to_str().unwrap()));
    let mut terminal = Terminal::start(&sandbox, &[&server.url("/busy.bin"), &other.url(PATH)], (160, 34));
    terminal.wait_for_line(&["busy.bin", "Retry-After"]);
    eventually("the beginning of the other", || sandbox.names().iter().any(|name| is_part_of(name, "file.bin")));
    terminal.wait_for_line(&["busy.bin", "Retry-After"]);
    // Now, as soon as the other is done.
    terminal.keys("r");
    terminal.wait_for_line(&["busy.bin", "waits for its turn"]);
    assert_eq!(server.seen().of("/busy.bin").len(), 1);
    gate.open();
    eventually("both files", || sandbox.names() == ["busy.bin", "file.bin"]);
    assert_eq!(sandbox.sha256("busy.bin"), File::new(12, MIB).sha256());
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
}
