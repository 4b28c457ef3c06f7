//! Disks that are full, broken, read-only or changed by somebody else, and processes that may have little.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use haul::store::part_name;
use rustix::process::Signal;

use super::{MIB, PATH, holds_only};
use crate::support::power::{image_of, restore};
use crate::support::server::{Answer, File, Gate, Running, Server};
use crate::support::{Output, Process, Sandbox, Strace, eventually, is_part_of, names, strace_works};

const LENGTH: u64 = 3 * MIB + 99;

fn file() -> File {
    File::new(41, LENGTH)
}

fn serve() -> Running {
    Server::new().file(PATH, file()).start()
}

/// The part file of the target that all these tests have.
fn part(sandbox: &Sandbox) -> PathBuf {
    let target = sandbox.downloads().join("file.bin");
    target.with_file_name(part_name(&target))
}

/// One connection: what two have in the kernel's buffers when they share the rest is sent twice.
fn arguments(server: &Running) -> [String; 6] {
    ["get", "-q", "-x", "1", "--retry-wait=0.1", &server.url(PATH)].map(String::from)
}

fn get(sandbox: &Sandbox, server: &Running) -> Output {
    let arguments = arguments(server);
    sandbox.run(&arguments.each_ref().map(String::as_str))
}

fn get_under(strace: &Strace, sandbox: &Sandbox, server: &Running) -> Output {
    let arguments = arguments(server);
    strace.start(sandbox, &arguments.each_ref().map(String::as_str)).finish()
}

/// Runs a shell's script in the sandbox; `haul` is the program.
fn shell(sandbox: &Sandbox, script: &str) -> Output {
    let mut command = Command::new("sh");
    let script = script.replace("haul ", &format!("{} ", env!("CARGO_BIN_EXE_haul")));
    command.args(["-c", &script]).current_dir(sandbox.downloads());
    command.env_clear().envs(sandbox.variables().iter().cloned());
    Process::spawn(command, "").finish()
}

#[test]
fn an_error_in_the_middle_of_writing_is_a_sentence_and_what_is_on_disk_is_used_again() {
    if !strace_works() {
        return;
    }
    for (call, error, when, words) in [
        ("pwrite64,pwritev", "EIO", "3+", "reports an error"),
        ("pwrite64,pwritev", "EROFS", "3+", "read-only"),
        ("pwrite64,pwritev", "EFBIG", "3+", "larger than"),
        // A full disk may have room again soon.
        ("pwrite64,pwritev", "ENOSPC", "3..3", "disk is full"),
        ("pwrite64,pwritev", "EDQUOT", "3..3", "disk is full"),
        ("fdatasync", "EIO", "1+", "reports an error"),
        ("fallocate", "EIO", "1+", "reports an error"),
        ("fallocate", "ENOSPC", "1..1", "disk is full"),
        ("renameat2", "EIO", "1+", "reports an error"),
        ("renameat2", "EROFS", "1+", "read-only"),
    ] {
        let (sandbox, server) = (Sandbox::new(), serve());
        let output = get_under(&Strace::refuse(call, error, when).on(&[&part(&sandbox)]), &sandbox, &server);
        let first = server.seen().sent(PATH).total;
        if output.code == Some(0) {
            // A small file may be complete before it is known that its space can't be reserved.
            let passes = when.contains("..") || ["fdatasync", "fallocate"].contains(&call);
            assert!(passes, "{call} {error} was not noticed");
        } else {
            output.refused(&[words, "file.bin"]);
            let names = sandbox.names();
            assert!(names.iter().all(|name| is_part_of(name, "file.bin")), "{call} {error}: {names:?}");
        }
        server.forget();
        get(&sandbox, &server).ok();
        holds_only(&sandbox, "file.bin", &file().sha256());
        if call == "renameat2" {
            assert_eq!(server.seen().sent(PATH).total, 0, "{call} {error}: all of it was on disk");
        }
        let again = server.seen().sent(PATH).total;
        assert!(again <= LENGTH && first <= LENGTH, "{call} {error}: {first} and {again} bytes");
    }
}

/// A disk that stumbles once says nothing of what is there.
#[test]
fn what_can_not_be_looked_at_is_not_taken_for_nothing() {
    if !strace_works() {
        return;
    }
    let checkpoints = |sandbox: &Sandbox| sandbox.path("state/checkpoints");
    for (call, path) in
        [("statx", &part as &dyn Fn(&Sandbox) -> PathBuf), ("openat", &checkpoints), ("getdents64", &checkpoints)]
    {
        for when in ["1", "2"] {
            let (sandbox, server) = (Sandbox::new(), serve());
            get_under(&Strace::refuse("renameat2", "EIO", "1+").on(&[&part(&sandbox)]), &sandbox, &server);
            assert_eq!(server.seen().sent(PATH).total, LENGTH);
            server.forget();
            get_under(&Strace::refuse(call, "EIO", when).on(&[&path(&sandbox)]), &sandbox, &server);
            if sandbox.names() != ["file.bin"] {
                get(&sandbox, &server).ok();
            }
            holds_only(&sandbox, "file.bin", &file().sha256());
            assert_eq!(server.seen().sent(PATH).total, 0, "{call}: all of it was on disk");
        }
    }
}

#[test]
fn a_name_that_a_power_cut_may_take_back_is_no_success() {
    if !strace_works() {
        return;
    }
    let (sandbox, server) = (Sandbox::new(), serve());
    get_under(&Strace::refuse("renameat2", "EIO", "1+").on(&[&part(&sandbox)]), &sandbox, &server);
    let strace = Strace::refuse("fsync", "EIO", "1+").on(&[&sandbox.downloads()]);
    get_under(&strace, &sandbox, &server).refused(&["syncing the folder"]);
    holds_only(&sandbox, "file.bin", &file().sha256());
    server.forget();
    get(&sandbox, &server).ok();
    assert_eq!(server.seen().sent(PATH).total, 0, "the next run finds it");
}

#[test]
fn no_byte_waits_until_the_space_is_reserved() {
    if !strace_works() {
        return;
    }
    let gate = Gate::new();
    let server = Server::new().file(PATH, file().answer(Answer::new().gate(2 * MIB, &gate))).start();
    let sandbox = Sandbox::new();
    let arguments = arguments(&server);
    let arguments = arguments.each_ref().map(String::as_str);
    let haul = Strace::delay("fallocate", 3600).start(&sandbox, &arguments);
    eventually("bytes on disk", || fs::metadata(part(&sandbox)).is_ok_and(|meta| meta.len() > 0));
    haul.signal_child(Signal::KILL);
    // strace itself would wait for the end of the delay.
    haul.signal(Signal::KILL);
    haul.finish();
    gate.open();
    get(&sandbox, &server).ok();
    holds_only(&sandbox, "file.bin", &file().sha256());
}

#[test]
fn what_is_written_is_on_its_way_to_the_disk_long_before_the_last_byte() {
    if !strace_works() {
        return;
    }
    let (gate, file) = (Gate::new(), File::new(42, 24 * MIB));
    let sha = file.sha256();
    let server = Server::new().file(PATH, file.answer(Answer::new().gate(20 * MIB, &gate))).start();
    let sandbox = Sandbox::new();
    // The rest comes only after the system was told to begin, which is where this one is killed.
    let killed = get_under(&Strace::kill("fadvise64", 1).on(&[&part(&sandbox)]), &sandbox, &server);
    assert_ne!(killed.code, Some(0));
    gate.open();
    get(&sandbox, &server).ok();
    holds_only(&sandbox, "file.bin", &sha);
}

#[test]
fn what_a_file_system_cannot_do_is_done_without() {
    if !strace_works() {
        return;
    }
    for (call, error) in [
        ("fallocate", "EOPNOTSUPP"),
        ("fallocate", "ENOSYS"),
        ("renameat2", "EINVAL"),
        ("flock", "ENOLCK"),
        ("flock", "EOPNOTSUPP"),
    ] {
        let (sandbox, server) = (Sandbox::new(), serve());
        get_under(&Strace::refuse(call, error, "1+"), &sandbox, &server).ok();
        holds_only(&sandbox, "file.bin", &file().sha256());
    }
    // Neither renameat2 nor links: FAT on an old kernel.
    for folders_cannot in ["EINVAL", "EOPNOTSUPP"] {
        let (sandbox, server) = (Sandbox::new(), serve());
        let folders = [&*sandbox.downloads(), &sandbox.path("state/checkpoints")];
        get_under(&Strace::refuse("fsync", folders_cannot, "1+").on(&folders), &sandbox, &server).ok();
        holds_only(&sandbox, "file.bin", &file().sha256());
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_a_sentence() {
    if !strace_works() {
        return;
    }
    for (error, words) in [("EROFS", "read-only"), ("EACCES", "not permitted"), ("EDQUOT", "disk is full")] {
        let (sandbox, server) = (Sandbox::new(), serve());
        let strace = Strace::refuse("openat", error, "1..1").on(&[&part(&sandbox)]);
        let output = get_under(&strace, &sandbox, &server);
        if output.code != Some(0) {
            output.refused(&[words]);
            assert_eq!(sandbox.names(), [""; 0]);
        }
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_a_sentence_and_no_death() {
    let (sandbox, server) = (Sandbox::new(), serve());
    let url = server.url(PATH);
    shell(&sandbox, &format!("ulimit -f 1000; exec haul get -q {url}")).refused(&["larger than", "ulimit"]);
    get(&sandbox, &server).ok();
    holds_only(&sandbox, "file.bin", &file().sha256());
}

#[test]
fn few_files_and_little_memory_are_enough() {
    let paths: Vec<String> = (0..4).map(|number| format!("/{number}.bin")).collect();
    let mut server = Server::new();
    for (seed, path) in (50..).zip(&paths) {
        server = server.file(path, File::new(seed, 17 * MIB));
    }
    let server = server.start();
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    for limit in ["ulimit -n 64", "ulimit -v 1048576"] {
        let sandbox = Sandbox::new();
        sandbox.settings("(transfers: 4)");
        shell(&sandbox, &format!("{limit}; exec haul get -q -x 16 --retries 2 {}", urls.join(" "))).ok();
        for (seed, path) in (50..).zip(&paths) {
            assert_eq!(sandbox.sha256(&path[1..]), File::new(seed, 17 * MIB).sha256(), "{limit}");
        }
    }
}

#[test]
fn many_transfers_at_once_take_no_more_files_than_there_are() {
    let paths: Vec<String> = (0..150).map(|number| format!("/{number}.bin")).collect();
    let server = paths.iter().fold(Server::new(), |server, path| server.file(path, File::new(1, MIB / 4))).start();
    let sandbox = Sandbox::new();
    shell(&sandbox, &format!("ulimit -n 64; exec haul get -q -j 64 --retries 2 '{}'", server.url("/[0-149].bin"))).ok();
    assert_eq!(sandbox.names().len(), 150);
}

#[test]
fn a_state_folder_that_cannot_be_had_costs_only_what_it_is_for() {
    let server = serve();
    let mut sandbox = Sandbox::new();
    sandbox.set("HAUL_STATE", "/proc/none/state");
    get(&sandbox, &server).ok();
    holds_only(&sandbox, "file.bin", &file().sha256());
    sandbox.run(&["add", &server.url(PATH)]).refused(&["queue", "/proc/none"]);
    sandbox.run(&["run"]).refused(&["/proc/none"]);
    // Nothing but a place for its state: no home and no folders of the desktop.
    let sandbox = Sandbox::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
    command.args(arguments(&server)).current_dir(sandbox.downloads());
    command.env_clear().env("HOME", "/proc/none").env("HAUL_STATE", "state");
    Process::spawn(command, "").finish().ok();
    assert_eq!(sandbox.sha256("file.bin"), file().sha256());
}

#[test]
fn modes_follow_the_umask_and_state_is_its_owners_alone() {
    let (mut sandbox, server) = (Sandbox::new(), serve());
    sandbox.set("HAUL_STATE", sandbox.path("state/new"));
    let url = server.url(PATH);
    shell(&sandbox, &format!("umask 027; haul add -d new {url}; exec haul run -q")).ok();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&sandbox.downloads().join("new")), 0o750);
    assert_eq!(mode(&sandbox.downloads().join("new/file.bin")), 0o640);
    let state = sandbox.path("state/new");
    for (path, bytes) in image_of(std::slice::from_ref(&state)) {
        assert_eq!(mode(&path), if bytes.is_some() { 0o600 } else { 0o700 }, "{}", path.display());
    }
    assert_eq!(mode(&state), 0o700);
}

#[test]
fn a_link_at_the_part_files_name_is_not_followed() {
    let (sandbox, server) = (Sandbox::new(), serve());
    let theirs = sandbox.path("theirs");
    fs::write(&theirs, "theirs").unwrap();
    symlink(&theirs, part(&sandbox)).unwrap();
    get(&sandbox, &server).refused(&["part"]);
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
}

#[test]
fn a_file_that_is_not_there_leaves_nothing_anywhere() {
    let (mut sandbox, server) = (Sandbox::new(), serve());
    sandbox.set("HAUL_STATE", sandbox.path("state/new"));
    sandbox.get(&["-q", "-d", "new/folder", &server.url("/none")]).refused(&["404"]);
    let places = [sandbox.downloads(), sandbox.path("state"), sandbox.path("home"), sandbox.path("run")];
    assert!(image_of(&places).is_empty(), "{:?}", image_of(&places).keys());
}

/// A download that is held half-way, with the part file there.
fn held(sandbox: &Sandbox, server: &Running, gate: &Gate) -> Process {
    server.change(PATH, |file| file.answer = Answer::new().gate(1_200_000, gate));
    let arguments = arguments(server);
    let process = sandbox.start(&arguments.each_ref().map(String::as_str));
    server.wait("the gates", |seen| seen.sent(PATH).total == 1_200_000);
    eventually("bytes on disk", || fs::metadata(part(sandbox)).is_ok_and(|part| part.len() > 0));
    process
}

#[test]
fn a_part_file_that_is_deleted_or_replaced_meanwhile_is_no_success() {
    for replaced in [false, true] {
        let (sandbox, server, gate) = (Sandbox::new(), serve(), Gate::new());
        let process = held(&sandbox, &server, &gate);
        fs::remove_file(part(&sandbox)).unwrap();
        if replaced {
            fs::write(part(&sandbox), vec![7; LENGTH as usize]).unwrap();
        }
        gate.open();
        process.finish().refused(&["deleted or replaced", "run haul again"]);
        assert!(!sandbox.names().contains(&"file.bin".to_owned()));
        server.change(PATH, |file| file.answer = Answer::new());
        get(&sandbox, &server).ok();
        holds_only(&sandbox, "file.bin", &file().sha256());
        assert_eq!(names(&sandbox.path("state/checkpoints")), [""; 0], "a checkpoint of nothing was left");
    }
}

#[test]
fn a_part_file_that_is_cut_meanwhile_is_fetched_again_where_it_was_cut() {
    let (sandbox, server, gate) = (Sandbox::new(), serve(), Gate::new());
    let process = held(&sandbox, &server, &gate);
    // As soon as all that has come is written.
    let log = sandbox.path("state/checkpoints");
    let told = || {
        fs::read_dir(&log).is_ok_and(|files| {
            files.flatten().any(|file| fs::read_to_string(file.path()).is_ok_and(|text| text.lines().count() > 3))
        })
    };
    eventually("writes", told);
    fs::File::options().write(true).open(part(&sandbox)).unwrap().set_len(1000).unwrap();
    gate.open();
    let output = process.finish();
    server.change(PATH, |file| file.answer = Answer::new());
    if output.code != Some(0) {
        get(&sandbox, &server).ok();
    }
    holds_only(&sandbox, "file.bin", &file().sha256());
}

#[test]
fn damaged_state_costs_at_most_what_it_told() {
    let (sandbox, server, gate) = (Sandbox::new(), serve(), Gate::new());
    sandbox.run(&["add", &server.url(PATH)]).ok();
    server.change(PATH, |file| file.answer = Answer::new().gate(1_000_000, &gate));
    let process = sandbox.start(&["run", "-q", "-x", "2"]);
    server.wait("the gates", |seen| seen.sent(PATH).total == 2_000_000);
    process.signal(Signal::TERM);
    process.finish().code(143);
    server.change(PATH, |file| file.answer = Answer::new());
    let places = [sandbox.downloads(), sandbox.path("state")];
    let image = image_of(&places);
    let inside: Vec<PathBuf> = image
        .iter()
        .filter(|(path, bytes)| bytes.is_some() && path.starts_with(&places[1]))
        .map(|(path, _)| path.clone())
        .collect();
    assert!(inside.len() >= 3, "{inside:?}");
    for path in inside {
        let bytes = image[&path].clone().unwrap();
        let half = bytes[..bytes.len() / 2].to_vec();
        for damaged in [Vec::new(), half, vec![0; bytes.len()], b"\xff(rubbish\n\n\0".to_vec()] {
            let mut image = image.clone();
            image.insert(path.clone(), Some(damaged));
            restore(&places, &image);
            sandbox.run(&["list", "--json"]).ok();
            sandbox.run(&["run", "-q"]).ok();
            // A queue that is gone knows of nothing; the same URL goes on with what is on disk.
            if sandbox.names() != ["file.bin"] {
                get(&sandbox, &server).ok();
            }
            holds_only(&sandbox, "file.bin", &file().sha256());
        }
    }
}

#[test]
fn a_queue_of_another_machine_fails_where_its_folders_are_missing_and_nowhere_else() {
    let (sandbox, server) = (Sandbox::new(), serve());
    sandbox.run(&["add", "-d", "/proc/none/of/this/machine", &server.url(PATH)]).ok();
    sandbox.run(&["add", &server.url(PATH)]).ok();
    sandbox.run(&["run", "-q"]).refused(&["/proc/none", "folder"]);
    holds_only(&sandbox, "file.bin", &file().sha256());
}
