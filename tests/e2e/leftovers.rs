//! State that can't be written: what is said of it, and what is left behind.

use std::fs;

use rustix::process::Signal;

use super::{PATH, file, serve};
use crate::support::server::{Answer, Body, File, Gate, Server};
use crate::support::{Process, Sandbox, Strace, eventually, names, strace_works};

#[test]
fn what_cannot_be_noted_is_not_said_to_be_kept() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(1 << 20, &gate));
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("state/checkpoints"), "").unwrap();
    let get = sandbox.start(&["get", "-x", "1", &server.url(PATH)]);
    server.wait("a MiB", |seen| seen.total() >= 1 << 20);
    eventually("the note", || get.stderr().contains("again file.bin"));
    get.signal(Signal::TERM);
    let output = get.finish().code(143);
    assert_eq!(output.stderr.matches("can't be noted, so that a stop would lose it").count(), 1, "{output:#?}");
    assert!(output.stderr.contains("stop  file.bin  not complete"), "{output:#?}");
    assert!(!output.stderr.contains("kept"), "{output:#?}");
}

#[test]
fn a_checkpoint_for_which_there_is_no_room_leaves_nothing() {
    if !strace_works() {
        return;
    }
    let server = Server::new().file(PATH, file(Answer::new().rate(4 << 20))).start();
    let sandbox = Sandbox::new();
    let added = sandbox.run(&["add", &server.url(PATH)]).ok().stdout;
    let id = added.split_whitespace().next().unwrap();
    let new = sandbox.path(format!("state/checkpoints/{id}.new"));
    let run = Strace::refuse("write", "ENOSPC", "1+").on(&[&new]).start(&sandbox, &["run"]);
    run.finish().ok();
    assert_eq!(names(&sandbox.path("state/checkpoints")), [""; 0]);
}

/// A file may not grow beyond half a KiB here, which is as if the disk of the state were full.
#[test]
fn a_queue_that_cannot_be_written_is_told_and_is_no_success() {
    let server = Server::new().file("/small", File::new(1, 100)).start();
    let sandbox = Sandbox::new();
    let other = format!("http://127.0.0.1:9/{}", "a".repeat(600));
    sandbox.run(&["add", "--paused", &other]).ok();
    sandbox.run(&["add", &server.url("/small")]).ok();
    let output = sandbox.run_within("ulimit -f 1", &["run", "-q"]).refused(&["queue.ron", "the next one does that"]);
    assert_eq!((output.code, output.stderr.lines().count()), (Some(9), 1), "{output:#?}");
    assert_eq!(sandbox.sha256("small"), File::new(1, 100).sha256());
    // The history tells what the queue does not.
    sandbox.run(&["run"]).ok();
    assert_eq!(sandbox.names(), ["small"]);
}

#[test]
fn a_settings_file_that_is_named_and_is_not_there_is_told() {
    let mut sandbox = Sandbox::new();
    let missing = sandbox.path("typo.ron");
    let listed = sandbox.run(&["list", "--config", missing.to_str().unwrap()]).ok();
    assert!(listed.stderr.contains("typo.ron") && listed.stderr.contains("does not exist"), "{}", listed.stderr);
    sandbox.set("HAUL_CONFIG", &missing);
    assert_eq!(sandbox.run(&["list"]).ok().stderr, "", "the environment may name one that is not written yet");
}

#[test]
fn a_log_that_finds_no_room_writes_nothing_elsewhere() {
    let server = Server::new().file("/small", File::new(1, 100)).start();
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["get", "-q", "--log", "/dev/full", &server.url("/small")]).ok();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
}

#[test]
fn what_could_not_be_shown_is_told_and_no_success() {
    let sandbox = Sandbox::new();
    let commands: [&[&str]; 6] =
        [&["list"], &["list", "--json"], &["completions", "bash"], &["--version"], &["help"], &["get", "--help"]];
    for words in commands {
        let full = sandbox.run_within("exec > /dev/full", words).code(5);
        assert!(full.stderr.starts_with("haul: the output can't be written: "), "{words:?}: {}", full.stderr);
        assert_eq!(sandbox.run_within("exec 3>&1 > /dev/null", words).ok().stderr, "");
    }
    let added = sandbox.run_within("exec > /dev/full", &["add", "http://127.0.0.1:9/a"]).code(5);
    assert!(added.stderr.contains("the output can't be written: "), "{}", added.stderr);
    let server = Server::new().file("/small", File::new(1, 100)).start();
    let got = sandbox.run_within("exec > /dev/full", &["get", "--json", &server.url("/small")]).ok();
    assert!(got.stderr.contains("not all of the output could be written: No space"), "{}", got.stderr);
    // A reader that has gone has read what it wanted.
    let mut command = std::process::Command::new("bash");
    let script = "set -o pipefail; for words in 'completions bash' list help; do \"$0\" $words | true || exit; done";
    command.args(["-c", script, env!("CARGO_BIN_EXE_haul")]).current_dir(sandbox.downloads());
    command.env_clear().envs(sandbox.variables().iter().cloned());
    assert_eq!(Process::spawn(command, "").finish().ok().stderr, "");
}

#[test]
fn one_url_under_two_names_of_metalinks_is_two_files() {
    let server = Server::new().file("/small", File::new(1, 100)).start();
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        let text = format!("<metalink><file name='{name}'><url>{}</url></file></metalink>", server.url("/small"));
        fs::write(sandbox.path(name), text).unwrap();
    }
    let (one, two) = (sandbox.path("one"), sandbox.path("two"));
    sandbox.get(&["-q", "-M", one.to_str().unwrap(), "-M", two.to_str().unwrap()]).ok();
    assert_eq!(sandbox.names(), ["one", "two"]);
}

#[test]
fn an_add_to_a_full_disk_says_that_nothing_goes_on_by_itself() {
    if !strace_works() {
        return;
    }
    let sandbox = Sandbox::new();
    let queue = sandbox.path("state/queue.ron");
    let add = Strace::refuse("write", "ENOSPC", "1+").on(&[&queue]).start(&sandbox, &["add", "http://127.0.0.1:9/a"]);
    let output = add.finish().refused(&["the disk is full, so the queue can't be written; make room and try again"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(5), ""), "{output:#?}");
}

/// A metalink of two files, of which one can be had over ftp alone.
fn half_a_metalink(url: &str) -> String {
    let file = |name: &str, url: &str| format!("<file name=\"{name}\"><url>{url}</url></file>");
    format!("<metalink>{}{}</metalink>", file("one.bin", url), file("two.bin", "ftp://127.0.0.1/two.bin"))
}

#[test]
fn a_file_of_a_metalink_that_can_not_be_had_is_told_and_is_no_success() {
    let server = Server::new().file("/one", File::new(1, 1000)).start();
    let sandbox = Sandbox::new();
    let text = half_a_metalink(&server.url("/one"));
    fs::write(sandbox.downloads().join("half.meta4"), &text).unwrap();
    let said = "half.meta4: one of its files is left out: it can't be had over http or https";
    let output = sandbox.get(&["-q", "-M", "half.meta4"]).code(1);
    assert_eq!(output.stderr, format!("haul: {said}\n"));
    assert_eq!(sandbox.sha256("one.bin"), File::new(1, 1000).sha256());
    assert!(sandbox.run(&["add", "-M", "half.meta4"]).code(1).stderr.contains(said));
    let answer = Answer::new().body(Body::Bytes(text.clone().into_bytes()));
    let answer = answer.header("Content-Type", "application/metalink4+xml");
    server.put("/half", File::new(1, text.len() as u64).answer(answer));
    let output = sandbox.get(&["--json", "-d", "other", &server.url("/half")]).code(1);
    assert!(output.stderr.contains("one file is left out"), "{output:#?}");
    let lines = output.json();
    let told = lines.iter().find(|line| line["event"] == "metalink").unwrap();
    assert_eq!((&told["others"], &told["left_out"]), (&0.into(), &1.into()));
    assert_eq!(lines.iter().filter(|line| line["event"] == "completed").count(), 1, "{output:#?}");
}

#[test]
fn a_metalink_that_leads_nowhere_is_asked_for_once() {
    let text = "<metalink><file name='a'><url>ftp://127.0.0.1/a</url></file></metalink>";
    let answer = Answer::new().body(Body::Bytes(text.as_bytes().to_vec()));
    let answer = answer.header("Content-Type", "application/metalink4+xml");
    let server = Server::new().file("/none", File::new(1, text.len() as u64).answer(answer)).start();
    let sandbox = Sandbox::new();
    let output = sandbox.get(&[&server.url("/none")]).code(8);
    assert!(output.stderr.contains("describes no file that can be had over http or https"), "{output:#?}");
    assert_eq!(server.seen().of("/none").len(), 1);
}

#[test]
fn what_another_state_folder_knows_of_is_not_emptied_without_a_word() {
    let gate = Gate::new();
    let server = serve(Answer::new().gate(2 << 20, &gate));
    let mut sandbox = Sandbox::new();
    let arguments = ["get", "-x", "1", &server.url(PATH)];
    let get = sandbox.start(&arguments);
    server.wait("two MiB", |seen| seen.total() >= 2 << 20);
    get.signal(Signal::TERM);
    get.finish().code(143);
    gate.open();
    sandbox.set("HAUL_STATE", sandbox.path("state/another"));
    let output = sandbox.run(&arguments).ok();
    assert!(output.stderr.contains("of which nothing is noted in"), "{output:#?}");
}
