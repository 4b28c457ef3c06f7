//! The user's hooks, run by the real program.

use std::sync::Arc;
use std::time::{Duration, Instant};

use haul::api::{Event, Happening, Snapshot, pair};
use haul::config::{Hook, Hooks};
use haul::model::{Fault, FaultKind, Status, TransferId, Vendor};
use haul::shell::HookRunner;
use rustix::process::Signal;

use super::{CHECKSUM, MIB, PATH, REFUSED, TAKEN, file};
use crate::support::builders::{RowBuilder, row};
use crate::support::server::{Answer, File, Server};
use crate::support::store::Refusing;
use crate::support::{Exit, Sandbox, Store, Terminal, eventually};

/// A hook that writes a line of what it is told to a file beside the downloads.
const TELL: &str =
    r#"Shell("echo \"$HAUL_EVENT $HAUL_NAME $HAUL_BYTES $HAUL_COMPLETE/$HAUL_FAILED $HAUL_FAULT\" >> ../told")"#;

fn told(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path("told")).unwrap_or_default();
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn tells(sandbox: &Sandbox) {
    sandbox
        .settings(&format!("(hooks: (started: [{TELL}], completed: [{TELL}], failed: [{TELL}], all_done: [{TELL}]))"));
}

#[test]
fn each_thing_that_happens_runs_its_hook_before_get_ends() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    tells(&sandbox);
    let output = sandbox.get(&[&server.url(PATH)]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let told = told(&sandbox);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("started file.bin"), "{told:?}");
    assert_eq!(told[1], format!("completed file.bin {} /", 4 * MIB));
    assert_eq!(told[2], "all_done   1/0");
}

#[test]
fn each_part_of_a_download_and_its_rename_are_steps_that_hooks_and_json_tell_in_their_order() {
    let server = Server::new().file(PATH, file(Answer::new().rate(2_000_000))).start();
    let sandbox = Sandbox::new();
    let tell = r#"Shell("echo $HAUL_EVENT $HAUL_PART $HAUL_PART_START $HAUL_PART_END >> ../told")"#;
    sandbox.settings(&format!("(hooks: (steps: [{tell}], completed: [{tell}]))"));
    let output = sandbox.get(&["--json", "-x", "4", &server.url(PATH)]).ok();
    let lines = output.json();
    let at = |event: &str| lines.iter().position(|line| line["event"] == event);
    let parts: Vec<_> = lines.iter().filter(|line| line["event"] == "part_done").collect();
    let bytes: u64 = parts.iter().map(|part| part["end"].as_u64().unwrap() - part["start"].as_u64().unwrap()).sum();
    assert_eq!(bytes, 4 * MIB, "each byte came in one part: {parts:?}");
    assert!(at("answered") < at("part_done") && at("part_done") < at("renamed"), "{lines:?}");
    assert!(at("renamed") < at("completed"), "{lines:?}");
    let told = told(&sandbox);
    assert_eq!(told.iter().filter(|line| line.starts_with("part_done ")).count(), parts.len(), "{told:?}");
    let first = &parts[0];
    let line = format!("part_done {} {} {}", first["part"], first["start"], first["end"]);
    assert!(told.contains(&line), "{line}: {told:?}");
    assert_eq!(told[told.len() - 2..], ["renamed", "completed"], "{told:?}");
}

#[test]
fn a_file_that_comes_in_one_request_has_no_parts() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let lines = sandbox.get(&["--json", "-x", "1", &server.url(PATH)]).ok().json();
    assert!(lines.iter().all(|line| line["event"] != "part_done"), "{lines:?}");
}

/// Whoever has all switch the machine off does not want that because of a pause.
#[tokio::test]
async fn a_pause_is_no_end_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let hooks = Hooks { all_done: vec![Hook::Shell(format!("echo >> {}", told.display()))], ..Hooks::default() };
    let (handle, engine) = pair();
    let runner = HookRunner::start(&handle, &hooks);
    let event = |number, happening| Event { number, id: TransferId::from_bits(number), happening };
    let rows = [row(1, "x").status(Status::Failed), row(2, "x").status(Status::Paused)];
    engine.events.send(event(1, Happening::Failed(Fault::new(FaultKind::Cut, "x", "y")))).unwrap();
    engine.events.send(event(2, Happening::Paused)).unwrap();
    let rows = rows.into_iter().map(RowBuilder::build).collect();
    engine.snapshots.send_replace(Arc::new(Snapshot { rows, happened: 2, ..Snapshot::default() }));
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    runner.finish(false, || {}, std::future::pending()).await;
    assert!(!told.exists());
}

/// What is refused is in no list that could be waited for.
#[tokio::test]
async fn what_is_refused_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let hook = |line: &str| vec![Hook::Shell(format!("echo \"{line}\" >> {}", told.display()))];
    let hooks = Hooks {
        failed: hook("$HAUL_EVENT:$HAUL_URL:$HAUL_PATH:$HAUL_FAULT"),
        all_done: hook("$HAUL_COMPLETE/$HAUL_FAILED"),
        ..Hooks::default()
    };
    let (handle, engine) = pair();
    let runner = HookRunner::start(&handle, &hooks);
    let fault = Fault::new(FaultKind::Busy, "http://h/x", "is in the list already");
    engine
        .events
        .send(Event { number: 1, id: TransferId::from_bits(1), happening: Happening::Refused(fault) })
        .unwrap();
    runner.finish(true, || {}, std::future::pending()).await;
    let told = std::fs::read_to_string(told).unwrap();
    assert_eq!(told, "failed:http://h/x::http://h/x: is in the list already\n0/1\n");
}

#[test]
fn the_hooks_of_a_file_that_has_no_name_yet_are_not_told_the_folder_in_its_place() {
    let server = Server::new().start();
    let sandbox = Sandbox::new();
    sandbox.settings(r#"(hooks: (failed: [Shell("echo \"path:$HAUL_PATH:$HAUL_FOLDER\" >> ../told")]))"#);
    sandbox.get(&["-q", &server.url("/none.bin")]).code(REFUSED);
    let told = told(&sandbox);
    assert!(told[0].starts_with("path::/") && told[0].ends_with("/downloads"), "{told:?}");
}

/// What stands at a download's place before haul has put its file there is the user's own.
#[test]
fn a_hook_that_cleans_up_after_a_failure_is_not_told_of_the_file_that_stood_there() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let clean = r#"Shell("echo \"$HAUL_EVENT:$HAUL_PATH\" >> ../told; rm -f \"$HAUL_PATH\"")"#;
    sandbox.settings(&format!("(hooks: (started: [{clean}], failed: [{clean}], steps: [{clean}]))"));
    let mine = sandbox.downloads().join("mine");
    std::fs::write(&mine, "mine").unwrap();
    sandbox.get(&["-q", "-o", "mine", &server.url(PATH)]).code(TAKEN);
    sandbox.get(&["-q", "--overwrite", "-o", "mine", &server.url("/none.bin")]).code(REFUSED);
    let wrong = format!("md5:{:032}", 0);
    sandbox.get(&["-q", "--overwrite", "--checksum", &wrong, "-o", "mine", &server.url(PATH)]).code(CHECKSUM);
    let told = told(&sandbox);
    assert_eq!(told.iter().filter(|line| *line == "failed:").count(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.ends_with(':')), "{told:?}");
    assert_eq!(std::fs::read_to_string(mine).unwrap(), "mine");
}

/// README's hook for finished files takes no file away that was sent.
#[test]
fn the_file_of_an_upload_is_told_as_its_source_and_stdin_not_at_all() {
    let (store, mut sandbox) = (Store::start(Vendor::S3), Sandbox::new());
    for (name, value) in store.variables() {
        sandbox.set(&name, value);
    }
    let tell = r#"Shell("echo \"$HAUL_EVENT:$HAUL_PATH:$HAUL_SOURCE:$HAUL_FOLDER\" >> ../told; mv \"$HAUL_PATH\" ..")"#;
    sandbox.settings(&format!("(hooks: (started: [{tell}], completed: [{tell}]))"));
    let mine = sandbox.downloads().join("mine");
    std::fs::write(&mine, "mine").unwrap();
    sandbox.run(&["put", "-q", "mine", &store.url("key")]).ok();
    let (file, folder) = (mine.display(), sandbox.downloads());
    let folder = folder.display();
    assert_eq!(told(&sandbox), [format!("started::{file}:{folder}"), format!("completed::{file}:{folder}")]);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    sandbox.run_within("true", &["put", "-q", "-", &store.url("stream")]).ok();
    assert_eq!(told(&sandbox)[2..], ["started:::", "completed:::"]);
}

/// A program that is left behind ends in its middle as soon as it says something.
#[test]
fn hooks_that_still_run_are_waited_for_when_haul_is_left() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let wait = "echo begun >> ../told; until [ -e ../go ]; do sleep 0.05; done; echo noise; echo whole >> ../told";
    sandbox.settings(&format!("(hooks: (completed: [Shell(\"{wait}\")]))"));
    let mut terminal = Terminal::start(&sandbox, &[&server.url(PATH)], (100, 30));
    eventually("the hook", || !told(&sandbox).is_empty());
    terminal.keys("q");
    terminal.wait_for_text("waiting for hooks that still run; Ctrl-C ends them");
    std::fs::write(sandbox.path("go"), "").unwrap();
    assert_eq!(terminal.finish(), Exit::Code(0));
    assert_eq!(told(&sandbox), ["begun", "whole"]);
}

#[test]
fn a_key_ends_the_hooks_that_the_screen_waits_for() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    sandbox.settings(r#"(hooks: (completed: [Shell("echo begun >> ../told; sleep 1000")]))"#);
    let mut terminal = Terminal::start(&sandbox, &[&server.url(PATH)], (100, 30));
    eventually("the hook", || !told(&sandbox).is_empty());
    terminal.keys("q");
    terminal.wait_for_text("waiting for hooks that still run; Ctrl-C ends them");
    terminal.keys("\x03");
    terminal.wait_for_text("hooks that still ran were ended");
    assert_eq!(terminal.finish(), Exit::Code(0));
}

/// The list may show the end of all before each end was told.
#[tokio::test]
async fn all_is_done_once_however_far_the_list_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let line = format!("echo $HAUL_COMPLETE/$HAUL_FAILED >> {}", told.display());
    let hooks = Hooks { all_done: vec![Hook::Shell(line)], ..Hooks::default() };
    let (handle, engine) = pair();
    let runner = HookRunner::start(&handle, &hooks);
    let done = |id| row(id, "x").status(Status::Done).build();
    let snapshot = Snapshot { rows: [done(1), done(2)].into_iter().collect(), happened: 2, ..Snapshot::default() };
    engine.snapshots.send_replace(Arc::new(snapshot));
    for number in 1..=2 {
        let completed = Happening::Completed {
            target: "/x".into(),
            bytes: 1,
            fetched: 1,
            took: Duration::ZERO,
            unchanged: false,
            checked: Vec::new(),
        };
        let event = Event { number, id: TransferId::from_bits(number), happening: completed };
        engine.events.send(event).unwrap();
        // The hooks are told of this one before there is another.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    runner.finish(true, || {}, std::future::pending()).await;
    assert_eq!(std::fs::read_to_string(told).unwrap(), "2/0\n");
}

#[test]
fn what_fails_is_told_with_its_fault_and_without_secrets() {
    let server = Server::new().start();
    let sandbox = Sandbox::new();
    tells(&sandbox);
    let output = sandbox.get(&[&server.url("/none.bin?token=s3cret")]);
    assert_eq!(output.code, Some(REFUSED), "{output:?}");
    let told = told(&sandbox);
    let failed = told.iter().find(|line| line.starts_with("failed none.bin")).unwrap_or_else(|| panic!("{told:?}"));
    assert!(failed.contains("404"), "{failed}");
    assert!(told.iter().all(|line| !line.contains("s3cret")), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("all_done   0/1"), "{told:?}");
}

#[test]
fn row_23_what_stays_at_the_store_is_a_step_that_hooks_hear_of() {
    let (store, mut sandbox) = (Store::start(Vendor::S3), Sandbox::new());
    for (name, value) in store.variables() {
        sandbox.set(&name, value);
    }
    let refusing = |call| Refusing { call, times: usize::MAX, status: 403, code: "AccessDenied" };
    store.faults(|faults| faults.refusing = vec![refusing("UploadPart"), refusing("AbortMultipartUpload")]);
    sandbox.settings(r#"(hooks: (steps: [Shell("echo $HAUL_EVENT $HAUL_FAULT >> ../told")]))"#);
    std::fs::write(sandbox.downloads().join("long"), vec![7; 6 * MIB as usize]).unwrap();
    let words = ["put", "-q", "--threshold", "5M", "--part-size", "5M", "pipe", &store.url("key")];
    sandbox.run_within("mkfifo pipe && (cat long >pipe 2>&1 &)", &words).code(REFUSED);
    let told = told(&sandbox);
    let left = told.iter().find(|line| line.starts_with("upload_left")).unwrap_or_else(|| panic!("{told:?}"));
    assert!(left.contains("AccessDenied") && left.contains("REQUEST-0001"), "{left}");
}

#[test]
fn a_hook_that_hangs_or_fails_holds_up_nothing_and_is_told_in_the_log() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    let hooks = format!(
        "started: [Run([\"sleep\", \"1000\"])], completed: [Shell(\"TOKEN=s3cret echo no s3cret >&2; exit 4\"), Run([\"none-such\"]), {TELL}]"
    );
    sandbox.settings(&format!("(hooks: ({hooks}, timeout: 0.5))"));
    let started = Instant::now();
    let log = sandbox.path("log").to_string_lossy().into_owned();
    let output = sandbox.get(&["--log", &log, &server.url(PATH)]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    assert_eq!(told(&sandbox).len(), 1);
    let log = std::fs::read_to_string(log).unwrap();
    for said in [
        "sleep was ended",
        "hook 1 of completed: echo ended with code 4: no",
        "none-such can't be started: there is no such program",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert!(!log.contains("TOKEN"), "a line for the shell may hold a password: {log}");
}

#[test]
fn a_signal_ends_the_hooks_that_are_waited_for() {
    let server = Server::new().file(PATH, file(Answer::new())).start();
    let sandbox = Sandbox::new();
    sandbox.settings(r#"(hooks: (completed: [Shell("echo $$ > ../told; sleep 1000"), Shell("echo 2 >> ../told")], all_done: [Shell("echo 3 >> ../told")]))"#);
    let get = sandbox.start(&["get", "-q", &server.url(PATH)]);
    eventually("the hook", || !told(&sandbox).is_empty());
    get.signal(Signal::TERM);
    get.finish().code(143);
    let told = told(&sandbox);
    assert_eq!(told.len(), 1, "nothing else is begun: {told:?}");
    // Its end is known to whoever inherits it a moment later.
    let hook = std::path::Path::new("/proc").join(&told[0]).join("cmdline");
    eventually("the end of the hook", || !std::fs::read_to_string(&hook).is_ok_and(|line| line.contains("sleep")));
}

#[test]
fn the_screen_runs_hooks_too_and_tells_that_all_is_done_once() {
    let files = Server::new().file("/a.bin", File::new(1, MIB)).file("/b.bin", File::new(2, MIB));
    let server = files.start();
    let sandbox = Sandbox::new();
    tells(&sandbox);
    let urls = [server.url("/a.bin"), server.url("/b.bin")];
    let mut terminal = Terminal::start(&sandbox, &[&urls[0], &urls[1]], (100, 30));
    eventually("the end of all to be told", || told(&sandbox).iter().any(|line| line.starts_with("all_done")));
    terminal.leave();
    assert_eq!(terminal.finish(), Exit::Code(0));
    let told = told(&sandbox);
    assert_eq!(told.iter().filter(|line| line.starts_with("completed")).count(), 2, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("all_done   2/0"), "{told:?}");
}
