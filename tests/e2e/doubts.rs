//! Disks that say once that bytes were lost, and that all is well from then on.

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

use haul::store::{PartFile, part_name};
use rustix::process::Signal;

use super::{MIB, PATH, holds_only};
use crate::support::server::{Answer, File, Gate, Server};
use crate::support::{Sandbox, Strace, eventually, names, sha256_of, strace_works};

#[test]
fn bytes_that_a_save_could_not_make_durable_are_no_success_although_the_last_one_came_meanwhile() {
    if !strace_works() {
        return;
    }
    for (error, words) in [("EIO", "syncing failed: the disk reports an error"), ("ENOSPC", "disk is full")] {
        let (sandbox, gate, file) = (Sandbox::new(), Gate::new(), File::new(43, 3 * MIB));
        let sha = file.sha256();
        let server = Server::new().file(PATH, file.answer(Answer::new().gate(2 * MIB, &gate))).start();
        let target = sandbox.downloads().join("file.bin");
        let (part, log) = (target.with_file_name(part_name(&target)), sandbox.path("calls"));
        let strace = Strace::refuse_late("fdatasync", error, 3).on(&[&part]).log(&log);
        let url = server.url(PATH);
        let haul = strace.start(&sandbox, &["get", "-q", "-x", "1", "--retries=0", &url]);
        eventually("a save", || fs::read_to_string(&log).is_ok_and(|calls| calls.contains("fdatasync")));
        gate.open();
        haul.finish().refused(&[words]);
        sandbox.get(&["-q", &url]).ok();
        holds_only(&sandbox, "file.bin", &sha);
    }
}

/// What a program is told that has no locks.
fn without_locks() -> Strace {
    Strace::refuse("flock", "ENOLCK", "1+")
}

#[test]
fn two_that_fetch_other_files_to_one_target_never_mix_them_where_there_are_no_locks() {
    if !strace_works() {
        return;
    }
    let (gate, slow, fast) = (Gate::new(), File::new(44, 3 * MIB), File::new(45, 3 * MIB));
    let sha = fast.sha256();
    let server =
        Server::new().file("/slow", slow.answer(Answer::new().gate(2 * MIB, &gate))).file("/fast", fast).start();
    let mut sandbox = Sandbox::new();
    let get = |sandbox: &Sandbox, path: &str| {
        without_locks().start(sandbox, &["get", "-q", "-x", "1", "-o", "file.bin", &server.url(path)])
    };
    let first = get(&sandbox, "/slow");
    let target = sandbox.downloads().join("file.bin");
    let part = target.with_file_name(part_name(&target));
    eventually("bytes on disk", || fs::metadata(&part).is_ok_and(|part| part.len() > 0));
    sandbox.set("HAUL_STATE", sandbox.path("state/of another user"));
    get(&sandbox, "/fast").finish().ok();
    gate.open();
    first.finish().refused(&["deleted or replaced"]);
    holds_only(&sandbox, "file.bin", &sha);
}

#[test]
fn what_others_have_written_to_a_part_file_is_fetched_again_where_there_are_no_locks() {
    if !strace_works() {
        return;
    }
    let (sandbox, gate, file) = (Sandbox::new(), Gate::new(), File::new(46, 3 * MIB));
    let sha = file.sha256();
    let server = Server::new().file(PATH, file.answer(Answer::new().gate(2 * MIB, &gate))).start();
    let target = sandbox.downloads().join("file.bin");
    let part = target.with_file_name(part_name(&target));
    let haul = without_locks().start(&sandbox, &["get", "-q", "-x", "1", &server.url(PATH)]);
    // By the lines behind the checkpoint's seal its first MiB is on disk.
    let checkpoints = sandbox.path("state/checkpoints");
    let tells = |text: String| text.lines().skip(2).any(|line| line.starts_with("(0,1048576,"));
    eventually("the first MiB", || {
        fs::read_dir(&checkpoints).is_ok_and(|files| {
            files.flatten().any(|file| {
                let text = fs::read_to_string(file.path()).unwrap_or_default();
                text.contains("done:[(0,1048576,") || tells(text)
            })
        })
    });
    fs::File::options().write(true).open(&part).unwrap().write_all_at(b"another file's", 1000).unwrap();
    gate.open();
    haul.finish().ok();
    holds_only(&sandbox, "file.bin", &sha);
}

#[test]
fn what_is_on_a_disk_that_is_not_mounted_is_not_fetched_anew_onto_another_one() {
    let (disk, other) = (tempfile::tempdir().unwrap(), Path::new("/dev/shm"));
    let Ok(other) = tempfile::tempdir_in(other) else { return };
    let id = |folder: &Path| PartFile::begin(&folder.join("any")).unwrap().disk();
    if id(disk.path()).is_none() || id(disk.path()) == id(other.path()) {
        return;
    }
    PartFile::delete(&other.path().join("any"));
    let (sandbox, gate, file) = (Sandbox::new(), Gate::new(), File::new(47, 20 * MIB));
    let sha = file.sha256();
    let server = Server::new().file(PATH, file.answer(Answer::new().gate(2 * MIB, &gate))).start();
    let place = sandbox.downloads().join("mounted");
    let mount = |at: &Path| {
        let _ = fs::remove_file(&place);
        symlink(at, &place).unwrap();
    };
    mount(disk.path());
    let (url, target) = (server.url(PATH), place.join("file.bin"));
    let arguments = ["get", "-q", "-x", "1", "-d", place.to_str().unwrap(), &url];
    let begun = sandbox.start(&arguments);
    server.wait("the gate", |seen| seen.sent(PATH).total == 2 * MIB);
    begun.signal(Signal::TERM);
    begun.finish().code(143);
    gate.open();
    mount(other.path());
    sandbox.run(&arguments).refused(&["another disk", "--overwrite"]);
    assert_eq!(names(other.path()), [""; 0]);
    mount(disk.path());
    server.forget();
    sandbox.run(&arguments).ok();
    assert_eq!(sha256_of(&target), sha);
    assert!(server.seen().sent(PATH).total < 20 * MIB, "it goes on");
}

#[test]
fn a_folder_whose_disk_hangs_keeps_no_other_transfer_from_going_on() {
    if !strace_works() {
        return;
    }
    let server = Server::new().file(PATH, File::new(48, 3 * MIB)).file("/dead", File::new(49, MIB)).start();
    let sandbox = Sandbox::new();
    let dead = sandbox.downloads().join("dead");
    sandbox.run(&["add", "-o", "dead/file.bin", &server.url("/dead")]).ok();
    sandbox.run(&["add", &server.url(PATH)]).ok();
    let part = dead.join(part_name(&dead.join("file.bin")));
    let hangs = Strace::delay("statx", 3600).on(&[&dead, &part, &dead.join("file.bin")]);
    let haul = hangs.start(&sandbox, &["run", "-q", "-j", "2"]);
    eventually("the other one", || sandbox.names().contains(&"file.bin".to_owned()));
    haul.signal_child(Signal::KILL);
    // strace itself would wait for the end of the delay.
    haul.signal(Signal::KILL);
    haul.finish();
}

#[test]
fn nor_does_the_folder_of_a_category_that_the_server_s_name_leads_to() {
    if !strace_works() {
        return;
    }
    let named = Answer::new().disposition("attachment; filename=movie.mkv");
    let files = Server::new().file("/dl", File::new(49, 3 * MIB).answer(named)).file(PATH, File::new(48, 3 * MIB));
    let (gate, sandbox) = (Gate::new(), Sandbox::new());
    let server = files.file("/slow", File::new(50, 3 * MIB).answer(Answer::new().gate(MIB, &gate))).start();
    let dead = sandbox.path("dead");
    fs::create_dir(&dead).unwrap();
    sandbox.settings(&format!("(categories: {{\"video\": (folder: {dead:?})}})"));
    for path in ["/dl", "/slow"] {
        sandbox.run(&["add", &server.url(path)]).ok();
    }
    let target = dead.join("movie.mkv");
    let log = sandbox.path("calls");
    let hangs = Strace::delay("statx", 3600).on(&[&dead, &dead.join(part_name(&target)), &target]).log(&log);
    let haul = hangs.start(&sandbox, &["run", "-q", "-j", "2"]);
    eventually("a look", || fs::read_to_string(&log).is_ok_and(|calls| calls.contains("movie.mkv")));
    gate.open();
    eventually("the other one", || sandbox.path("home/Downloads/slow").exists());
    haul.signal_child(Signal::KILL);
    haul.signal(Signal::KILL);
    haul.finish();
}
