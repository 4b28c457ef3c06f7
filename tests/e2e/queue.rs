//! The queue on disk: added, shown, worked off, and never written to one target twice.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::Signal;
use serde_json::Value;

use super::{MIB, NETWORK, PATH, TAKEN, file, holds_only, serve};
use crate::support::server::{Answer, File, Gate, Server};
use crate::support::{Sandbox, Strace, Terminal, eventually, strace_works};

#[track_caller]
fn list(sandbox: &Sandbox) -> Vec<Value> {
    let output = sandbox.run(&["list", "--json"]).ok();
    serde_json::from_str(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:#?}"))
}

#[test]
fn what_is_added_is_listed_and_worked_off() {
    let server = Server::new().file("/a.bin", File::new(1, 2 * MIB)).file("/b.bin", File::new(2, 3 * MIB)).start();
    let sandbox = Sandbox::new();
    assert_eq!(list(&sandbox), Vec::<Value>::new());
    sandbox.run(&["add", &server.url("/a.bin"), &server.url("/b.bin")]).ok();
    assert_eq!(server.seen().requests.len(), 0, "adding fetches nothing");
    let rows = list(&sandbox);
    assert_eq!(rows.iter().map(|row| row["status"].as_str().unwrap()).collect::<Vec<_>>(), ["queued", "queued"]);
    assert_eq!(rows[0]["url"], server.url("/a.bin"));
    sandbox.run(&["run"]).ok();
    assert_eq!(sandbox.names(), ["a.bin", "b.bin"]);
    assert_eq!(sandbox.sha256("a.bin"), File::new(1, 2 * MIB).sha256());
    assert_eq!(sandbox.sha256("b.bin"), File::new(2, 3 * MIB).sha256());
    assert!(list(&sandbox).iter().all(|row| row["status"] == "done"), "{:?}", list(&sandbox));
    server.forget();
    sandbox.run(&["run"]).ok();
    assert_eq!(server.seen().requests.len(), 0, "what is done is not started again");
}

#[test]
fn the_list_tells_what_another_haul_works_on() {
    let gate = Gate::new();
    let held = File::new(1, 4 * MIB).answer(Answer::new().gate(2 * MIB, &gate));
    let server = Server::new().file("/a.bin", held).file("/b.bin", File::new(2, MIB)).start();
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url("/a.bin"), &server.url("/b.bin")]).ok();
    let run = sandbox.start(&["run", "-q", "-j", "1", "-x", "1"]);
    let statuses = || list(&sandbox).iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    eventually("one to run", || statuses() == ["running", "queued"]);
    let told = sandbox.run(&["list"]).ok();
    assert!(told.stdout.contains("  running  "), "{told:#?}");
    assert_eq!(list(&sandbox)[0]["length"], 4 * MIB);
    run.signal(Signal::KILL);
    run.finish();
    assert_eq!(statuses(), ["queued", "queued"], "nobody works on it any more");
    gate.open();
    sandbox.run(&["run", "-q"]).ok();
    assert_eq!(statuses(), ["done", "done"]);
}

#[test]
fn a_run_that_fails_says_so_and_the_rest_is_done() {
    let server = Server::new().file("/a.bin", File::new(1, MIB)).start();
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url("/none"), &server.url("/a.bin")]).ok();
    sandbox.run(&["run"]).refused(&["404"]);
    assert_eq!(sandbox.names(), ["a.bin"]);
    let status: Vec<Value> = list(&sandbox).iter().map(|row| row["status"].clone()).collect();
    assert_eq!(status, ["failed", "done"]);
}

#[test]
fn the_options_of_add_are_kept() {
    let server = serve(Answer::new());
    let sandbox = Sandbox::new();
    let sum = file(Answer::new()).sha256();
    let checksum = format!("sha256:{sum}");
    sandbox.run(&["add", "-o", "mine.iso", "-H", "X-Mine: 1", "--checksum", &checksum, &server.url(PATH)]).ok();
    sandbox.run(&["run"]).ok();
    holds_only(&sandbox, "mine.iso", &sum);
    assert!(server.seen().requests.iter().all(|request| request.header("x-mine") == Some("1")));
}

#[test]
fn secrets_are_not_shown_and_lie_in_files_that_only_their_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let url = "http://me:hunter2@127.0.0.1:9/a?token=hunter2";
    let added = sandbox.run(&["add", "-H", "Authorization: hunter2", url]).ok();
    let listed = sandbox.run(&["list"]).ok();
    for said in [added.stdout, added.stderr, listed.stdout, sandbox.run(&["list", "--json"]).ok().stdout] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    for entry in fs::read_dir(sandbox.path("state")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", entry.path().display());
    }
}

#[test]
fn two_processes_never_write_one_target() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1000, &gate));
    let (sandbox, url) = (Sandbox::new(), server.url(PATH));
    let first = sandbox.start(&["get", "-o", "one.iso", &url]);
    server.wait("the first one's bytes", |seen| seen.total() >= 1000);
    // The same state folder, and another one: either way the second finds the first.
    let other = sandbox.path("other-state");
    sandbox.get(&["-o", "one.iso", &url]).refused(&[]);
    sandbox.run(&["--state", other.to_str().unwrap(), "get", "-o", "one.iso", &url]).refused(&["one.iso"]).code(TAKEN);
    gate.open();
    first.finish().ok();
    holds_only(&sandbox, "one.iso", &file(Answer::new()).sha256());
}

#[test]
fn two_urls_never_write_one_target() {
    let server = Server::new().file("/a", File::new(1, MIB)).file("/b", File::new(2, MIB)).start();
    let sandbox = Sandbox::new();
    sandbox.run(&["add", "-o", "one.iso", &server.url("/a")]).ok();
    sandbox.run(&["add", "-o", "one.iso", &server.url("/b")]);
    sandbox.run(&["run"]);
    let sum = sandbox.sha256("one.iso");
    assert!([1, 2].map(|seed| File::new(seed, MIB).sha256()).contains(&sum), "two files were mixed");
}

#[test]
fn a_run_tells_of_what_fails_at_once() {
    let sandbox = Sandbox::new();
    // Port 1 of loopback: nobody listens there, so each fails before a screen could have looked.
    for name in ["a", "b", "c"] {
        sandbox.run(&["add", &format!("http://127.0.0.1:1/{name}")]).ok();
    }
    sandbox.run(&["run", "--retries", "0"]).code(NETWORK);
}

#[test]
fn what_is_added_while_a_run_works_is_worked_off_and_told_too() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1000, &gate));
    server.put("/late.bin", File::new(2, MIB));
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url(PATH)]).ok();
    let run = sandbox.start(&["run", "--json"]);
    server.wait("the first one's bytes", |seen| seen.total() >= 1000);
    sandbox.run(&["add", &server.url("/none.bin"), &server.url("/late.bin")]).ok();
    server.wait("what was added", |seen| !seen.of("/late.bin").is_empty());
    gate.open();
    let output = run.finish().refused(&["none.bin", "404"]);
    let ends = |word: &str| output.json().iter().filter(|line| line["event"] == word).count();
    assert_eq!((ends("completed"), ends("failed"), output.code), (2, 1, Some(super::REFUSED)), "{output:#?}");
    assert_eq!(sandbox.names(), ["file.bin", "late.bin"]);
}

#[test]
fn urls_for_the_screen_that_another_haul_takes_are_said_to_be_with_what_is_not_heeded() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1000, &gate));
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url(PATH)]).ok();
    let run = sandbox.start(&["run"]);
    server.wait("the first one's bytes", |seen| seen.total() >= 1000);
    let output = sandbox.run(&["-k", "-j", "2", "--paused", "http://127.0.0.1:9/one"]).ok();
    assert!(output.stdout.contains("http://127.0.0.1:9/one"), "{output:#?}");
    let said = output.stderr.as_str();
    assert!(said.contains("another haul (process ") && said.contains("the URL was put into it"), "{said}");
    assert!(said.trim_end().ends_with("no screen opens; not heeded, since that haul has its own: -j, -k"), "{said}");
    gate.open();
    run.finish().ok();
}

#[test]
fn what_was_given_up_is_asked_for_again_by_another_add() {
    let server = Server::new().start();
    let sandbox = Sandbox::new();
    let url = server.url("/late.bin");
    let first = sandbox.run(&["add", &url]).ok();
    sandbox.run(&["run"]).refused(&["404"]);
    let idle = sandbox.run(&["run", "-q"]).ok();
    assert!(idle.stderr.starts_with("haul: 1 transfer was given up earlier, and this run left it"), "{idle:#?}");
    server.put("/late.bin", File::new(1, MIB));
    let again = sandbox.run(&["add", &url]).ok();
    assert_eq!((again.stdout, again.stderr.as_str()), (first.stdout, ""), "it is the same transfer");
    let run = sandbox.run(&["run", "-q"]).ok();
    assert_eq!(run.stderr, "");
    assert_eq!(sandbox.sha256("late.bin"), File::new(1, MIB).sha256());
    assert_eq!(list(&sandbox)[0]["status"], "done");
}

#[test]
fn what_is_queued_already_is_left_as_it_is_and_told_where_more_was_asked_for() {
    let sandbox = Sandbox::new();
    let (one, two) = ("http://127.0.0.1:9/one", "http://127.0.0.1:9/two");
    sandbox.run(&["add", "--paused", one]).ok();
    sandbox.run(&["add", two]).ok();
    let again = sandbox.run(&["add", one, two]).ok();
    assert_eq!(again.stderr, format!("haul: {one} is in the queue already (paused); left as it is\n"));
    let other = sandbox.run(&["add", "--limit", "1M", two]).ok();
    assert_eq!(other.stderr, format!("haul: {two} is in the queue already, with other options; left as it is\n"));
    let status: Vec<Value> = list(&sandbox).iter().map(|row| row["status"].clone()).collect();
    assert_eq!(status, ["paused", "queued"]);
}

#[test]
fn one_url_is_queued_once_in_one_add_and_in_several_at_once() {
    let sandbox = Sandbox::new();
    let url = "http://127.0.0.1:9/one";
    let twice = sandbox.run(&["add", url, url]).ok();
    let lines: Vec<&str> = twice.stdout.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, lines[1]));
    let other = "http://127.0.0.1:9/other";
    let adds: Vec<_> = (0..8).map(|_| sandbox.start(&["add", other])).collect();
    for add in adds {
        add.finish().ok();
    }
    assert_eq!(list(&sandbox).len(), 2);
}

/// A file may not grow beyond half a KiB here, which is as if the disk were full.
#[test]
fn an_add_that_finds_no_room_leaves_no_half_record() {
    let sandbox = Sandbox::new();
    sandbox.run(&["add", "http://127.0.0.1:9/first"]).ok();
    let queue = sandbox.path("state/queue.ron");
    let before = fs::read(&queue).unwrap();
    let long = format!("http://127.0.0.1:9/{}", "a".repeat(600));
    sandbox.run_within("ulimit -f 1", &["add", "http://127.0.0.1:9/second", &long]).refused(&["queue.ron"]);
    assert_eq!(fs::read(&queue).unwrap(), before);
    sandbox.run(&["add", "http://127.0.0.1:9/third"]).ok();
    assert_eq!(list(&sandbox).len(), 2);
}

#[test]
fn what_is_lost_of_a_queue_is_told_by_every_face() {
    let server = Server::new().file("/a.bin", File::new(1, MIB)).start();
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url("/a.bin")]).ok();
    let queue = sandbox.path("state/queue.ron");
    let mut text = fs::read_to_string(&queue).unwrap();
    text.push_str("garbage\nAdded((id\u{1b}\nmore\n");
    fs::write(&queue, text).unwrap();
    let listed = sandbox.run(&["list"]).ok();
    let words = "haul: 3 lines of the queue could not be read; they are kept in ";
    assert!(listed.stdout.contains("a.bin"), "{listed:#?}");
    assert!(listed.stderr.contains(words) && listed.stderr.contains("queue.ron"), "{listed:#?}");
    let mut terminal = Terminal::start(&sandbox, &[], (120, 30));
    terminal.wait_for_text("3 lines of the queue could not be read; they are kept in");
    terminal.leave();
    terminal.finish();
    let worked = sandbox.run(&["run"]).ok();
    assert!(worked.stderr.contains(words) && worked.stderr.contains("queue.damaged"), "{worked:#?}");
    let left = fs::read_to_string(&queue).unwrap();
    fs::write(&queue, left.replace("garbage\nAdded((id\u{1b}\nmore\n", "")).unwrap();
    let worked = sandbox.run(&["run"]).ok();
    assert!(listed.stderr.contains("deleted from queue.ron") && !worked.stderr.contains(words), "{worked:#?}");
}

/// Network file systems without their daemon for locks say ENOLCK, and a signal may end any wait.
#[test]
fn a_queue_on_a_file_system_without_locks_is_used_as_any_other() {
    if !strace_works() {
        return;
    }
    for (error, when) in [("ENOLCK", "1+"), ("EOPNOTSUPP", "1+"), ("EINTR", "1")] {
        let (sandbox, server) = (Sandbox::new(), serve(Answer::new()));
        let strace = || Strace::refuse("flock", error, when).on(&[&sandbox.path("state/queue.ron")]);
        strace().start(&sandbox, &["add", &server.url(PATH)]).finish().ok();
        strace().start(&sandbox, &["run", "-q"]).finish().ok();
        holds_only(&sandbox, "file.bin", &file(Answer::new()).sha256());
    }
}

/// A pipe would be waited for, for ever; and a link would be replaced by the first queue that is made shorter.
#[test]
fn a_queue_that_is_no_file_is_a_sentence_for_all_alike() {
    let server = serve(Answer::new());
    for pipe in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.run(&["add", &server.url(PATH)]).ok();
        let (queue, elsewhere) = (sandbox.path("state/queue.ron"), sandbox.path("state/elsewhere"));
        fs::rename(&queue, &elsewhere).unwrap();
        if pipe {
            mkfifoat(CWD, &queue, Mode::RUSR | Mode::WUSR).unwrap();
        } else {
            symlink(&elsewhere, &queue).unwrap();
        }
        let url = server.url("/other");
        for order in [&["add", &url][..], &["list"], &["run"]] {
            sandbox.run(order).refused(&["queue.ron", "a file of its own"]);
        }
    }
}

#[test]
fn a_queue_that_somebody_deletes_is_written_anew() {
    let gate = Gate::new();
    let held = File::new(1, 4 * MIB).answer(Answer::new().gate(2 * MIB, &gate));
    let server = Server::new().file("/a.bin", held).start();
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url("/a.bin")]).ok();
    sandbox.run(&["add", "--paused", &server.url("/b.bin")]).ok();
    let run = sandbox.start(&["run", "-q", "-x", "1"]);
    server.wait("the gate", |seen| seen.sent("/a.bin").total == 2 * MIB);
    fs::remove_file(sandbox.path("state/queue.ron")).unwrap();
    gate.open();
    run.finish();
    let rows = list(&sandbox);
    assert_eq!(rows.iter().map(|row| row["status"].as_str().unwrap()).collect::<Vec<_>>(), ["done", "paused"]);
}

#[test]
fn two_never_run_one_queue_where_there_are_no_locks() {
    if !strace_works() {
        return;
    }
    let gate = Gate::new();
    let server = serve(Answer::new().gate(2 * MIB, &gate));
    let sandbox = Sandbox::new();
    sandbox.run(&["add", &server.url(PATH)]).ok();
    let run = || Strace::refuse("flock", "ENOLCK", "1+").start(&sandbox, &["run", "-x", "1"]);
    let first = run();
    server.wait("the gate", |seen| seen.sent(PATH).total == 2 * MIB);
    run().finish().code(TAKEN);
    gate.open();
    let words = "no locks where the queue is";
    let told = first.finish().ok();
    assert!(told.stderr.contains(words), "of another machine's haul nothing is known: {told:#?}");
    assert!(run().finish().ok().stderr.contains(words));
    assert!(!sandbox.run(&["run"]).ok().stderr.contains(words));
}
